"""A node with everything below the kern room and no processors: tests play the programs.

A test makes a call for a thread and gets its result, or BLOCKED while the thread waits; ``node.run``
lets threads whose wait is over go on in the kernel, and ``result`` tells what a blocked call came to.
"""

import struct
from dataclasses import dataclass

from kernel.interface.returns import MachError
from kernel.interface.wire import MAKE_SEND, MAKE_SEND_ONCE, PORT_SEND, PORT_SEND_ONCE
from kernel.ipc import entry, mach_port
from kernel.ipc.check import check
from kernel.ipc.client import IpcThread
from kernel.ipc.layout import RCV_MSG, RIGHT_RECEIVE, SEND_MSG
from kernel.ipc.mach_msg import mach_msg_trap
from kernel.ipc.space import ENTRIES_MAX, IpcSpace
from kernel.ipc.system import IpcSystem
from kernel.machine.clock import Clock
from kernel.machine.costs import load_costs
from kernel.machine.events import EventQueue
from kernel.machine.memory import PhysicalMemory
from kernel.machine.processor_state import EAX, ProcessorState
from kernel.machine.trace import Trace
from kernel.sched.scheduler import Scheduler
from kernel.sched.thread import KernelCoroutine, Outcome, Thread, ThreadState
from kernel.vm.access import copyin, copyout
from kernel.vm.map import VmMap
from kernel.vm.system import VmSystem

BLOCKED = None
BUFFER = 0x10000
BUFFER_SIZE = 0x2000
MILLISECOND = 1_000_000


class Node:
    """Clock, scheduler, memory and IPC of one node."""

    def __init__(self, frames: int = 256) -> None:
        self.clock = Clock()
        costs = load_costs("i486_33")
        self.trace = Trace(self.clock, 0)
        self.events = EventQueue(self.clock, 0)
        self.scheduler = Scheduler(self.clock, costs, self.trace, self.events)
        self.vm = VmSystem(
            PhysicalMemory(frames * 4096), self.clock, costs, self.trace, scheduler=self.scheduler
        )
        self.ipc = IpcSystem(self.clock, costs, self.trace, self.scheduler)
        self.runnable: list[Thread] = []

    def task(self, limit: int = ENTRIES_MAX) -> "Program":
        """A task with one thread."""
        return Program(self, self.ipc.create_space(limit), self.vm.create_map())

    def check(self) -> None:
        check(self.ipc)

    def enter(self, thread: Thread) -> None:
        """The thread is in the kernel."""
        self.scheduler.current = thread
        if thread.state is ThreadState.RUNNABLE:
            assert thread.processor_set is not None
            thread.processor_set.run_queue.remove(thread)
        thread.state = ThreadState.RUNNING

    def drive(self, thread: Thread, outcome: Outcome) -> int | None:
        """What the dispatcher does with a trap's outcome."""
        if outcome is None:
            assert thread.state is not ThreadState.RUNNING
            return BLOCKED
        if isinstance(outcome, int):
            assert type(outcome) is int, f"{outcome!r} is no plain number"
            return outcome
        thread.coroutine = outcome
        try:
            outcome.send(None)  # type: ignore[arg-type]
        except StopIteration as stop:
            thread.coroutine = None
            assert isinstance(stop.value, int)
            return int(stop.value)
        assert thread.state is not ThreadState.RUNNING
        return BLOCKED

    def run(self) -> None:
        """Let every runnable thread that is in a coroutine go on, until none is."""
        queue = self.scheduler.default_set.run_queue
        parked = []
        while (thread := queue.pop_best()) is not None:
            if thread.coroutine is None:
                parked.append(thread)
                continue
            self.scheduler.current = thread
            thread.state = ThreadState.RUNNING
            result = self.drive(thread, thread.coroutine)
            if result is not BLOCKED:
                if thread.user_state is not None:
                    thread.user_state.q[EAX] = result
                thread.state = ThreadState.WAITING
        for thread in parked:
            queue.append(thread)

    def let_pass(self, duration_ns: int) -> None:
        """Time goes by."""
        until = self.clock.now + duration_ns
        while self.events.next_time() <= until:
            time = self.events.next_time()
            self.clock.now = max(self.clock.now, time)
            self.scheduler.current = None
            self.events.run_due(time + 1)
        self.clock.now = until
        self.run()


class Program:
    """A task as its program sees it: a thread, a name space, a buffer for messages."""

    def __init__(self, node: Node, space: IpcSpace, address_map: VmMap) -> None:
        self.node = node
        self.space = space
        self.map = address_map
        self.map.allocate(BUFFER, BUFFER_SIZE, False)
        copyout(self.map, BUFFER, bytes(BUFFER_SIZE))
        self.thread = self.another_thread()

    def another_thread(self) -> IpcThread:
        scheduler = self.node.scheduler
        number = scheduler.new_thread_number()
        thread = IpcThread(number, f"thread {number}", self.space, self.map)
        thread.user_state = ProcessorState(self.map.pmap)
        scheduler.adopt(thread)
        return thread

    # ---- mach_msg

    def call(
        self,
        option: int,
        *,
        send_size: int = 0,
        receive_size: int = BUFFER_SIZE,
        name: int = 0,
        timeout: int = 0,
        notify: int = 0,
        address: int = BUFFER,
        thread: IpcThread | None = None,
    ) -> int | None:
        """The trap, in a thread."""
        caller = thread or self.thread
        node = self.node
        node.enter(caller)
        outcome = mach_msg_trap(caller, address, option, send_size, receive_size, name, timeout, notify)
        result = node.drive(caller, outcome)
        if result is not BLOCKED:
            caller.state = ThreadState.WAITING
        node.run()
        return result

    def send(self, header: "Header", body: bytes = b"", *, option: int = SEND_MSG, **rest: int) -> int | None:
        size = 24 + len(body)
        copyout(self.map, BUFFER, header.pack(size) + body)
        return self.call(option, send_size=size, **rest)

    def receive(
        self, name: int, *, option: int = RCV_MSG, thread: IpcThread | None = None, **rest: int
    ) -> int | None:
        return self.call(option, name=name, thread=thread, **rest)

    def poll(self, name: int) -> "Header | None":
        """Receive a message if there is one."""
        result = self.receive(name, option=RCV_MSG | 0x100)
        return self.header() if result == 0 else None

    def header(self) -> "Header":
        """The header in the buffer."""
        return Header(*struct.unpack("<6I", copyin(self.map, BUFFER, 24)))

    def body(self, size: int | None = None) -> bytes:
        """The body in the buffer."""
        length = self.header().size - 24 if size is None else size
        return copyin(self.map, BUFFER + 24, length)

    def result(self, thread: IpcThread | None = None) -> int:
        """What a call that blocked has returned by now."""
        caller = thread or self.thread
        assert caller.state is not ThreadState.WAITING or caller.wait_on is None, "still blocked"
        assert caller.user_state is not None
        return int(caller.user_state.q[EAX] & 0xFFFFFFFF)

    def is_blocked(self, thread: IpcThread | None = None) -> bool:
        return (thread or self.thread).wait_on is not None

    # ---- names

    def port(self) -> int:
        return mach_port.mach_port_allocate(self.space, RIGHT_RECEIVE)

    def give_send(self, name: int, to: "Program") -> int:
        """Make a send right to an own port for another task; its name there."""
        return entry.copyout(to.space, entry.copyin(self.space, name, MAKE_SEND), PORT_SEND)

    def give_send_once(self, name: int, to: "Program") -> int:
        """Make a send-once right to an own port for another task; its name there."""
        return entry.copyout(to.space, entry.copyin(self.space, name, MAKE_SEND_ONCE), PORT_SEND_ONCE)

    def request(self, name: int, which: int, notify: int, sync: int = 0) -> object:
        """Request a notification to an own port; the right that was registered before."""
        once = entry.copyin(self.space, notify, MAKE_SEND_ONCE)
        return mach_port.mach_port_request_notification(self.space, name, which, sync, once)

    def notification(self, name: int) -> tuple[int, int] | None:
        """The next message at a port: its id and the word of its item (0 when it has none)."""
        header = self.poll(name)
        if header is None:
            return None
        body = self.body()
        return header.id, struct.unpack("<2I", body)[1] if body else 0

    def type(self, name: int) -> int:
        return mach_port.mach_port_type(self.space, name)

    def refs(self, name: int, which: int) -> int:
        return mach_port.mach_port_get_refs(self.space, name, which)


@dataclass
class Header:
    """A message header as a program writes and reads it."""

    bits: int
    size: int = 0
    remote: int = 0
    local: int = 0
    seqno: int = 0
    id: int = 0

    def pack(self, size: int) -> bytes:
        return struct.pack("<6I", self.bits, size, self.remote, self.local, self.seqno, self.id)


def error_of(call: "object", *arguments: object) -> int:
    """The code with which a call fails."""
    try:
        call(*arguments)  # type: ignore[operator]
    except MachError as error:
        return error.code
    return 0


__all__ = ["BLOCKED", "BUFFER", "Header", "KernelCoroutine", "Node", "Program", "error_of"]
