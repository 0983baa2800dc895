"""One node's Mach kernel: its tasks and threads, and how they begin and end.

Everything a call needs hangs here; nothing is global.  The rooms below (machine, sched, vm, ipc) do
not know this class; what they need of it they declare, and it is given to them when the node is
assembled.

A thread ends in three steps, whoever asks for it: it is marked (``aborted``), any wait that can be
broken is broken, and at its next user boundary, or at once if it is not in the kernel, it is taken
apart.  So kernel code never vanishes in the middle of what it holds.
"""

from collections import deque
from collections.abc import Callable
from typing import cast

from ..interface.returns import KernReturn, MachError
from ..interface.wire import PORT_SEND
from ..ipc.message import Message
from ..ipc.port import Port
from ..ipc.space import IpcSpace
from ..ipc.system import HeldRights, IpcSystem
from ..machine.clock import Clock
from ..machine.costs import Costs
from ..machine.processor import EIP, ProcessorState
from ..machine.trace import Trace
from ..sched.processor import Processor
from ..sched.scheduler import Scheduler
from ..sched.thread import KEEP_REGISTERS, Outcome, Thread, ThreadState, WaitResult
from ..vm.system import VmSystem
from .device import DeviceMaster
from .exception import NAMES, ExceptionRaiser
from .host import Host, HostProcessor, HostProcessorSet
from .kinds import (
    IKOT_DEVICE,
    IKOT_EXCEPTION_REPLY,
    IKOT_HOST,
    IKOT_HOST_PRIV,
    IKOT_PROCESSOR,
    IKOT_PSET,
    IKOT_PSET_NAME,
    IKOT_TASK,
    IKOT_THREAD,
)
from .memory import MemoryObjects
from .options import KernelOptions
from .pending_reply import PendingReply
from .serve import KernelServer
from .tables import served_tables
from .task import Task
from .thread import TaskThread
from .trap import TrapEntry
from .trap_table import TrapTable


class MachKernel:
    """The kernel of one node."""

    __slots__ = (
        "_next_task_number",
        "clock",
        "console_log",
        "converters",
        "costs",
        "devices",
        "exceptions",
        "first_task",
        "halt",
        "host",
        "ipc",
        "memory_objects",
        "new_state",
        "options",
        "pending_replies",
        "scheduler",
        "server",
        "tasks",
        "threads",
        "trace",
        "trap",
        "trap_entry",
        "vm",
    )

    def __init__(
        self,
        clock: Clock,
        costs: Costs,
        trace: Trace,
        scheduler: Scheduler,
        vm: VmSystem,
        ipc: IpcSystem,
        host: Host,
        new_state: Callable[[], ProcessorState],
        halt: Callable[[str, int], None],
        console_log: Callable[[str], None],
        options: KernelOptions,
    ) -> None:
        self.clock = clock
        self.costs = costs
        self.trace = trace
        self.scheduler = scheduler
        self.vm = vm
        self.ipc = ipc
        self.host = host
        self.new_state = new_state  # a user processor state with nothing in its registers
        self.halt = halt  # stops the machine after the current kernel entry
        self.console_log = console_log  # what the kernel itself says to the operator
        self.options = options
        self.memory_objects: MemoryObjects | None = None  # how external pagers are reached
        self.converters: dict[str, Callable[[Port], object | None]] = {}  # for port types of other rooms
        self.pending_replies: dict[PendingReply, None] = {}
        self.tasks: dict[int, Task] = {}
        self.threads: dict[int, TaskThread] = {}
        self._next_task_number = 1
        self.first_task: Task | None = None
        self.exceptions = ExceptionRaiser(ipc, scheduler, trace, self)
        self.trap_entry = TrapEntry(clock, costs, trace, TrapTable(self), self.exceptions)
        # What the dispatcher calls: every thread with user state is a task's.
        self.trap = cast(Callable[[Thread, int, Processor], Outcome], self.trap_entry.trap)
        self.server = KernelServer(self, served_tables())
        self.devices = DeviceMaster(self)
        ipc.kernel_server = self.server.serve
        ipc.add_holder(self.held_rights)
        host.port = ipc.allocate_kernel_port(IKOT_HOST, host)
        host.priv_port = ipc.allocate_kernel_port(IKOT_HOST_PRIV, host)
        host.device_port = ipc.allocate_kernel_port(IKOT_DEVICE, self.devices)
        for processor in scheduler.processors:
            entry = HostProcessor(processor)
            entry.port = ipc.allocate_kernel_port(IKOT_PROCESSOR, entry)
            host.processors.append(entry)
        self.add_processor_set(HostProcessorSet(scheduler.default_set))

    def add_processor_set(self, entry: HostProcessorSet) -> HostProcessorSet:
        """Give a processor set its two ports and list it."""
        entry.port = self.ipc.allocate_kernel_port(IKOT_PSET, entry)
        entry.name_port = self.ipc.allocate_kernel_port(IKOT_PSET_NAME, entry)
        self.host.processor_sets.append(entry)
        return entry

    # ---- what the dispatcher calls

    def boundary(self, thread: Thread) -> Outcome:
        """A thread wants attention before its next user instruction."""
        thread.attention = thread.suspend_count > 0
        if thread.aborted:
            self.finish_thread(thread)  # type: ignore[arg-type]
            return None
        if thread.restartable:
            self._restart_sequence(thread)  # type: ignore[arg-type]
        return KEEP_REGISTERS

    def _restart_sequence(self, thread: TaskThread) -> None:
        """A thread that was preempted within a restartable sequence goes back to its start."""
        state = thread.user_state
        assert state is not None
        at = state.q[EIP]
        for start, end in thread.task.restartable_sequences.items():
            if start < at < end:
                state.q[EIP] = start

    def finished(self, thread: Thread) -> None:
        """The coroutine of a kernel thread or of a native thread ended."""
        if isinstance(thread, TaskThread):
            self.finish_thread(thread)
        else:
            self.scheduler.retire(thread)

    def special_message(self, port: Port, message: Message) -> bool:
        """Messages to kernel ports that are no calls: answers of exception servers."""
        if port.kind == IKOT_EXCEPTION_REPLY and isinstance(port.kobject, TaskThread):
            self.exceptions.answered(port.kobject, message)
            return True
        return False

    # ---- ports and objects

    def convert(self, port: Port, kind: str) -> object | None:
        """The kernel object of a type such as ``task_t`` behind a port; None if it is not one."""
        target = port.kobject
        if target is None or not port.active:
            return None
        ikot = port.kind
        match kind:
            case "task_t" | "vm_task_t" | "ipc_space_t":
                return target if ikot == IKOT_TASK and isinstance(target, Task) and target.active else None
            case "thread_t":
                good = ikot == IKOT_THREAD and isinstance(target, TaskThread) and target.active
                return target if good else None
            case "host_t":
                return target if ikot in (IKOT_HOST, IKOT_HOST_PRIV) else None
            case "host_priv_t":
                return target if ikot == IKOT_HOST_PRIV else None
            case "processor_t":
                return target if ikot == IKOT_PROCESSOR else None
            case "processor_set_t":
                return target if ikot == IKOT_PSET else None
            case "processor_set_name_t":
                return target if ikot in (IKOT_PSET, IKOT_PSET_NAME) else None
            case "device_t":
                return target if ikot == IKOT_DEVICE else None
            case "mach_port_t":  # the call itself looks at what it is
                return target
        converter = self.converters.get(kind)
        return converter(port) if converter is not None else None

    def as_send_right(self, port: object) -> Port | None:
        """A send right from a request, for a structure that keeps it; dead ones count as none."""
        return port if isinstance(port, Port) and port.active else None

    def thread_named(self, space: IpcSpace, name: int) -> TaskThread | None:
        """The local thread that a name in a space stands for."""
        entry = space.entries.get(name)
        if entry is None or entry.port is None or entry.port.kind != IKOT_THREAD:
            return None
        target = entry.port.kobject
        return target if isinstance(target, TaskThread) and target.active else None

    # ---- tasks

    def create_task(self, parent: Task | None, inherit_memory: bool, name: str = "") -> Task:
        """A task without threads; MachError(RESOURCE_SHORTAGE) when memory runs out."""
        self.clock.now += self.costs.task_create
        if parent is not None and inherit_memory:
            address_map = parent.map.fork()
        else:
            address_map = self.vm.create_map()
        number = self._next_task_number
        self._next_task_number = number + 1
        home = parent.processor_set if parent is not None else self.scheduler.default_set
        task = Task(number, name or f"task{number}", address_map, self.ipc.create_space(), home)
        task.port = self.ipc.allocate_kernel_port(IKOT_TASK, task)
        if parent is not None:
            task.priority = parent.priority
            task.emulation = dict(parent.emulation)
            task.restartable_sequences = dict(parent.restartable_sequences)
            task.exception_port = self._inherited(parent.exception_port)
            task.bootstrap_port = self._inherited(parent.bootstrap_port)
            task.registered = [self._inherited(port) for port in parent.registered]
        self.tasks[number] = task
        if self.trace.on:
            self.trace.emit("task_create", parent.number if parent is not None else 0, number)
        return task

    def _inherited(self, port: Port | None) -> Port | None:
        """A child's own right beside one that its parent's structure holds."""
        return self.as_send_right(self.ipc.copy_send(port))

    def held_rights(self) -> HeldRights:
        """Every right that task, thread and host structures hold, for the checker."""
        structures: list[Port | None] = list(self.host.special_ports.values())
        for task in self.tasks.values():
            structures += (task.self_port, task.exception_port, task.bootstrap_port, *task.registered)
        held: list[tuple[Port | None, int]] = []
        for thread in self.threads.values():
            structures += (thread.self_port, thread.exception_port)
            if thread.message is not None and thread.wait_on is None:  # received, not yet looked at
                held += thread.message.rights()
        held += [(port, PORT_SEND) for port in structures if port is not None and port.active]
        return held + [pending.held() for pending in self.pending_replies]

    def suspend_task(self, task: Task) -> None:
        """Add to a task's suspend count: none of its threads runs while it is above zero."""
        task.suspend_count += 1
        if task.suspend_count == 1:
            for thread in list(task.threads):
                self.scheduler.hold(thread)

    def resume_task(self, task: Task) -> None:
        """Take back one suspension; MachError(FAILURE) if there is none."""
        if task.suspend_count == 0:
            raise MachError(KernReturn.FAILURE)
        task.suspend_count -= 1
        if task.suspend_count == 0:
            for thread in list(task.threads):
                self.scheduler.release(thread)

    def terminate_task(self, task: Task) -> None:
        """End a task and all its threads."""
        if not task.active:
            return
        task.active = False
        if self.trace.on:
            self.trace.emit("task_terminate", task.number)
        ipc = self.ipc
        assert task.port is not None
        ipc.destroy_kernel_port(task.port)
        no_threads = not task.threads
        for thread in list(task.threads):
            self.terminate_thread(thread)
        for port in (task.self_port, task.exception_port, task.bootstrap_port, *task.registered):
            ipc.release_send(port)
        task.self_port = task.exception_port = task.bootstrap_port = None
        task.registered = [None] * len(task.registered)
        ipc.destroy_space(task.space)
        del self.tasks[task.number]
        if no_threads:  # else the last thread to end does it
            task.map.deallocate()

    # ---- threads

    def create_thread(self, task: Task, *, native: bool = False) -> TaskThread:
        """A thread of the task, held by one suspend count (``thread_create``)."""
        if not task.active:
            raise MachError(KernReturn.FAILURE)
        self.clock.now += self.costs.thread_create
        thread = TaskThread(self.scheduler.new_thread_number(), task)
        if not native:
            state = thread.user_state = self.new_state()
            state.translation = task.map.pmap
        home = task.processor_set
        thread.max_priority = home.max_priority
        thread.base_priority = thread.sched_priority = max(task.priority, home.max_priority)
        self.scheduler.adopt(thread, home)
        thread.port = self.ipc.allocate_kernel_port(IKOT_THREAD, thread)
        thread.restartable = bool(task.restartable_sequences)
        thread.user_suspend_count = 1
        thread.suspend_count = 1 + (1 if task.suspend_count else 0)
        thread.attention = True
        thread.state = ThreadState.SUSPENDED
        task.threads.append(thread)
        self.threads[thread.number] = thread
        if self.trace.on:
            self.trace.emit("thread_create", task.number, thread.number)
        return thread

    def resume_thread(self, thread: TaskThread) -> None:
        """Take back one user suspension; MachError(FAILURE) if there is none."""
        if thread.user_suspend_count == 0:
            raise MachError(KernReturn.FAILURE)
        thread.user_suspend_count -= 1
        if thread.user_suspend_count == 0:
            self.scheduler.release(thread)

    def suspend_thread(self, thread: TaskThread) -> None:
        thread.user_suspend_count += 1
        if thread.user_suspend_count == 1:
            self.scheduler.hold(thread)

    def abort_thread(self, thread: TaskThread) -> None:
        """Break a thread out of the wait it is in, if that can be broken (``thread_abort``)."""
        if thread.state is ThreadState.WAITING and thread.interruptible:
            if thread.exception_reply is not None:
                self.ipc.destroy_kernel_port(thread.exception_reply)  # an answer comes too late now
            self.scheduler.wake(thread, WaitResult.INTERRUPTED)

    def terminate_thread(self, thread: TaskThread) -> None:
        """End a thread, at once or at its next user boundary."""
        if not thread.active:
            return
        thread.active = False
        thread.aborted = True
        thread.attention = True
        assert thread.port is not None
        self.ipc.destroy_kernel_port(thread.port)
        self.abort_thread(thread)
        if thread.state is ThreadState.RUNNING:
            if thread.processor is not None:
                thread.processor.preempt = True
        elif thread.coroutine is not None:
            if thread.state is ThreadState.SUSPENDED:  # a native thread: it has to unwind
                self.scheduler.make_runnable(thread)
        elif thread.state is not ThreadState.WAITING:
            self.finish_thread(thread)

    def finish_thread(self, thread: TaskThread) -> None:
        """Take apart a thread that executes nothing any more."""
        if thread.state is ThreadState.HALTED:
            return
        if thread.active:
            thread.active = False
            assert thread.port is not None
            self.ipc.destroy_kernel_port(thread.port)
        if self.trace.on:
            self.trace.emit("thread_terminate", thread.task.number, thread.number)
        self.scheduler.retire(thread)
        del self.threads[thread.number]
        task = thread.task
        task.threads.remove(thread)
        task.terminated_user_time += thread.user_time
        task.terminated_system_time += thread.system_time
        self.ipc.release_send(thread.exception_port)
        self.ipc.release_send(thread.self_port)
        thread.exception_port = thread.self_port = None
        if thread.exception_reply is not None:
            self.ipc.destroy_kernel_port(thread.exception_reply)
            thread.exception_reply = None
        if not task.active and not task.threads:
            task.map.deallocate()

    def unhandled_exception(self, thread: TaskThread, exception: int, code: int, subcode: int) -> None:
        """Nobody took an exception: the task ends."""
        task = thread.task
        state = thread.user_state
        where = f" at {state.q[EIP]:#010x}" if state is not None else ""
        self.console_log(
            f"{task.name}: thread {thread.number}{where}: exception {NAMES.get(exception, exception)}, "
            f"code {code:#x}, subcode {subcode & 0xFFFFFFFF:#x}; task terminated"
        )
        self.terminate_task(task)

    def recent_entries(self) -> deque[tuple[int, int, int, int]]:
        """The last kernel entries: (time in ns, thread, vector, EAX or fault address)."""
        return self.trap_entry.recent
