"""What a native program sees of its own task: ports by name, messages, calls, memory, threads.

One object of this class stands for the task and is shared by its threads; whoever calls is the calling
thread, as in C.  Names and errors are Mach's: ``mach_msg`` and ``call`` raise MachError with the number
that a C program would be returned.  Every method that is ``async`` is a call: it may wait, the thread
stops at its end while it is suspended, and it raises ThreadTerminated once the thread was terminated.
Plain methods never wait.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import NoReturn, TypeVar, cast, overload

from ..interface.body import CarriedMemory
from ..interface.constants import (
    MACH_MSG_TYPE_MAKE_SEND_ONCE,
    MACH_RCV_INTERRUPT,
    MACH_RCV_MSG,
    MACH_SEND_INTERRUPT,
    MACH_SEND_MSG,
)
from ..interface.declare import Routine
from ..interface.notify import mach_notify_send_once
from ..interface.returns import KernReturn, MachError, MigReturn, MsgReturn
from ..interface.values import Right
from ..interface.wire import Port as PortShape
from ..ipc import mach_port
from ..ipc.client import NO_LIMIT
from ..ipc.named import mach_msg
from ..ipc.named_message import NamedMessage, Region, Unsent
from ..kern.native import ThreadTerminated, create_native_thread
from ..kern.task import Task
from ..kern.thread import TaskThread
from ..sched.thread import WaitResult
from ..sched.wait import WaitQueue
from ..vm import user as vm_user
from . import memory
from .destroy import destroy_message
from .door import Door
from .rights import check_message, outgoing
from .thread import NativeThread, ThreadExit, run_thread

PortName = int
T = TypeVar("T")

_RPC = MACH_SEND_MSG | MACH_RCV_MSG


class NativeTask:
    """A task whose program is Python.  It is a ``Caller`` of the stubs."""

    __slots__ = (
        "_nobody",
        "_reply_ports",
        "bootstrap_port",
        "by_value",
        "door",
        "mach_host_self",
        "mach_task_self",
        "name",
        "ports",
    )

    def __init__(self, door: Door, ports: Mapping[str, PortName]) -> None:
        """Programs do not make these: they are given one."""
        self.door = door  # for the modules of this package
        self.name = door.task.name
        self._reply_ports: dict[TaskThread, PortName] = {}
        self._nobody = WaitQueue("time to pass")
        task, ipc, space = door.task, door.ipc, door.space
        assert task.port is not None and door.kernel.host.port is not None
        # Names of the ports that every task has (the C library's mach_init)
        self.mach_task_self: PortName = ipc.copyout_send(space, task.self_port or task.port)
        self.mach_host_self: PortName = ipc.copyout_send(space, door.kernel.host.port)
        bootstrap = task.bootstrap_port
        self.bootstrap_port: PortName = ipc.copyout_send(space, bootstrap) if bootstrap is not None else 0
        self.ports = ports  # what its creator gave it besides, by the creator's names
        self.by_value = ByValue(self)  # the same task, as a Caller whose results have memory as bytes

    def __repr__(self) -> str:
        return f"<native task {self.name}>"

    # ---- messages

    async def mach_msg(
        self,
        option: int,
        message: NamedMessage | None = None,
        receive: PortName = 0,
        *,
        size: int = NO_LIMIT,
        timeout_ns: int = 0,
        notify: PortName = 0,
        by_value: bool = False,
    ) -> NamedMessage | None:
        """Send ``message``, receive from the port or port set ``receive``, or both, as the MACH_ bits in
        ``option`` say; the message received.  ``size`` is the longest one that is welcome, header
        included; ``by_value``: memory in it shall arrive as bytes.  The time-out counts if its bits are
        set.  An interrupted call is restarted unless MACH_SEND_INTERRUPT, MACH_RCV_INTERRUPT are set.

        MachError(SEND_*, RCV_*); ``Unsent``, ``TooLarge``, ``Damaged`` say more.
        """
        for number in (option, receive, size, timeout_ns, notify):
            if not isinstance(number, int):
                raise TypeError(f"an argument of mach_msg is no number: {number!r}")
        if option & MACH_SEND_MSG:
            check_message(message)
        return await self.exchange(option, message, receive, size, timeout_ns, notify, by_value)

    async def exchange(
        self,
        option: int,
        message: NamedMessage | None,
        receive: PortName,
        size: int = NO_LIMIT,
        timeout_ns: int = 0,
        notify: PortName = 0,
        by_value: bool = False,
    ) -> NamedMessage | None:
        """``mach_msg``, for the modules of this package, which make well-formed messages."""
        door = self.door
        scheduler = door.scheduler
        while True:
            if scheduler.native_user_ns:
                await door.give_way()
            thread = door.enter()
            try:
                received = await mach_msg(
                    thread, option, message, receive, size, timeout_ns, notify, by_value
                )
            except MachError as error:
                await door.leave(thread)
                if error.code == MsgReturn.SEND_INTERRUPTED and not option & MACH_SEND_INTERRUPT:
                    assert isinstance(error, Unsent)
                    message = error.message
                    continue
                if error.code == MsgReturn.RCV_INTERRUPTED and not option & MACH_RCV_INTERRUPT:
                    option &= ~MACH_SEND_MSG
                    continue
                raise
            if scheduler.must_pause(thread):
                await door.leave(thread)
            return received

    async def send(self, message: NamedMessage) -> None:
        """Send, waiting for room as long as it takes."""
        await self.mach_msg(MACH_SEND_MSG, message)

    async def receive(self, name: PortName, *, by_value: bool = False) -> NamedMessage:
        """The next message from a port or port set, however long it takes."""
        received = await self.mach_msg(MACH_RCV_MSG, None, name, by_value=by_value)
        assert received is not None
        return received

    def destroy(self, message: NamedMessage) -> None:
        """Give up what a message that was received has in it: the reply right, the rights and the memory
        in its body (``mach_msg_destroy``)."""
        destroy_message(self.door, message)

    async def mach_reply_port(self) -> PortName:
        """A new port."""
        thread = self.door.enter()
        name = mach_port.mach_reply_port(thread.space)
        await self.door.leave(thread)
        return name

    async def mach_thread_self(self) -> PortName:
        """A send right to the calling thread, with one more user reference."""
        thread = self.door.enter()
        port = thread.self_port or thread.port
        assert port is not None
        name = self.door.ipc.copyout_send(thread.space, port)
        await self.door.leave(thread)
        return name

    # ---- calls

    async def call(
        self, routine: Routine, port: PortName | Right, *ins: object, reply_port: PortName = 0
    ) -> tuple[object, ...]:
        """Call a declared routine: send the request, wait for the reply, return its outs.  See
        ``interface.caller.Caller``.  Memory among the outs is in this task's map."""
        return await self._call(routine, port, ins, reply_port, False)

    async def _call(
        self,
        routine: Routine,
        port: PortName | Right,
        ins: tuple[object, ...],
        reply_port: PortName,
        by_value: bool,
    ) -> tuple[object, ...]:
        body, carried = routine.request.encode(ins)
        if carried:
            body, carried = outgoing(routine.port_ins, body, carried)
        if isinstance(port, Right):
            remote, remote_type = cast(PortName, port.port), port.disposition
        else:
            remote, remote_type = port, cast(PortShape, routine.parameters[0].shape).sends
        if routine.is_one_way:
            local_type = MACH_MSG_TYPE_MAKE_SEND_ONCE if reply_port else 0
            request = NamedMessage(remote, remote_type, reply_port, local_type, routine.id, body, carried)
            await self.exchange(MACH_SEND_MSG, request, 0)
            return ()
        local = reply_port or self._reply_ports.get(self.door.current()) or self._new_reply_port()
        request = NamedMessage(
            remote, remote_type, local, MACH_MSG_TYPE_MAKE_SEND_ONCE, routine.id, body, carried
        )
        reply = await self.exchange(_RPC, request, local, by_value=by_value)
        assert reply is not None
        if reply.id != routine.reply_id:
            self.destroy(reply)
            died = reply.id == mach_notify_send_once.id
            raise MachError(MigReturn.SERVER_DIED if died else MigReturn.REPLY_MISMATCH)
        try:
            code, outs = routine.decode_reply(reply.body, reply.carried)
        except MachError:
            self.destroy(reply)
            raise
        if code:
            self.destroy(reply)
            raise MachError(code)
        return outs

    def _new_reply_port(self) -> PortName:
        """The calling thread's own reply port, which it keeps (the C library's ``mig_get_reply_port``)."""
        thread = self.door.enter()
        name = self._reply_ports[thread] = mach_port.mach_reply_port(thread.space)
        return name

    # ---- memory

    @overload
    async def read(self, where: int, size: int) -> bytes: ...
    @overload
    async def read(self, where: CarriedMemory) -> bytes: ...
    async def read(self, where: int | CarriedMemory, size: int = 0) -> bytes:
        """``size`` bytes at an address, or the memory that a message brought, which is given up.  Faults
        pages in and waits for them.  MachError(INVALID_ADDRESS, PROTECTION_FAILURE, MEMORY_ERROR ...)."""
        door = self.door
        if door.scheduler.native_user_ns:
            await door.give_way()
        thread = door.current()
        if isinstance(where, int):
            data = await memory.read(door, thread, where, size)
        elif isinstance(where.memory, bytes):
            return where.memory
        else:
            assert isinstance(where.memory, Region)
            address = where.memory.address
            data = await memory.read(door, thread, address, where.size) if where.size else b""
            door.enter()
            if where.size:
                vm_user.vm_deallocate(thread.map, address, where.size)
        await door.leave(thread)
        return data

    async def write(self, address: int, data: bytes | bytearray | memoryview) -> None:
        """Store ``data`` at an address.  Errors as for ``read``; what comes before the page that is at
        fault may have been written."""
        if self.door.scheduler.native_user_ns:
            await self.door.give_way()
        thread = self.door.current()
        await memory.write(self.door, thread, address, data)
        await self.door.leave(thread)

    # ---- threads and time

    async def fork(
        self, function: Callable[..., Awaitable[T]], *arguments: object, name: str = ""
    ) -> NativeThread[T]:
        """A new thread of this task that runs ``function(*arguments)``, from now on."""
        door = self.door
        caller = door.enter()
        made: NativeThread[T] = NativeThread(door)
        thread = create_native_thread(
            door.kernel, door.task, run_thread(made, self, function(*arguments)), name
        )
        made.thread = thread
        door.kernel.resume_thread(thread)
        await door.leave(caller)
        return made

    def exit(self, result: object = None) -> NoReturn:
        """End the calling thread (``cthread_exit``); ``result`` is for whoever joins it."""
        raise ThreadExit(result)

    def thread_ended(self, thread: TaskThread) -> None:
        """For ``run_thread``: give up what the task keeps for a thread."""
        name = self._reply_ports.pop(thread, 0)
        if name and thread.space.active and name in thread.space.entries:
            mach_port.mach_port_destroy(thread.space, name)

    async def start_program(
        self, task: PortName, main: "Main", *, name: str = "", ports: Mapping[str, PortName] | None = None
    ) -> None:
        """Give a task that has no threads yet a native program: what loading an executable and starting
        its first thread is to a C program.  ``ports`` are names in *that* task, for its ``ports``.
        MachError(INVALID_ARGUMENT): not a task of this node."""
        door = self.door
        caller = door.enter()
        entry = door.space.entries.get(task)
        port = entry.port if entry is not None else None
        target = door.kernel.convert(port, "task_t") if port is not None else None
        if not isinstance(target, Task):
            raise MachError(KernReturn.INVALID_ARGUMENT)
        if name:
            target.name = name
        start_main(Door(door.kernel, target), main, ports or {})
        await door.leave(caller)

    async def sleep(self, duration_ns: int) -> None:
        """Let virtual time pass (``thread_switch`` with SWITCH_OPTION_WAIT).  MachError(ABORTED): ended
        early by ``thread_abort``."""
        door = self.door
        if door.scheduler.native_user_ns:
            await door.give_way()
        thread = door.enter()
        result = await door.scheduler.wait(self._nobody, deadline=door.clock.now + duration_ns)
        await door.leave(thread)
        if result is WaitResult.INTERRUPTED:
            raise MachError(KernReturn.ABORTED)

    async def swtch(self) -> bool:
        """Let others run; whether anybody else could."""
        door = self.door
        if door.scheduler.native_user_ns:
            await door.give_way()
        thread = door.enter()
        home = thread.processor_set
        busy = home is not None and home.run_queue.count > 0
        if busy:
            door.scheduler.yield_processor(thread)
            await door.scheduler.pause(thread)
        await door.leave(thread)
        return busy

    @property
    def now_ns(self) -> int:
        """Virtual time of the processor, as ``rdtsc`` tells it."""
        return self.door.clock.now

    # ---- what the program's own work costs

    def charge(self, cost: str, count: int = 1) -> None:
        """The program does ``count`` times what the node's cost table calls ``cost``."""
        self._spend(count * cast(int, getattr(self.door.costs, cost)))

    def charge_copy(self, nbytes: int) -> None:
        """The program copies memory."""
        self._spend(self.door.costs.copy(nbytes))

    def _spend(self, duration_ns: int) -> None:
        """Time of the program's own: user time, which the dispatcher will count as the kernel's."""
        thread = self.door.current()
        self.door.clock.now += duration_ns
        self.door.scheduler.native_user_ns += duration_ns
        thread.user_time += duration_ns
        thread.system_time -= duration_ns


Main = Callable[[NativeTask], Awaitable[object]]
"""A native program: it runs in the first thread, and when it returns its task ends."""


def start_main(door: Door, main: Main, ports: Mapping[str, PortName]) -> TaskThread:
    """Start a program in a task."""
    task = NativeTask(door, ports)
    thread = create_native_thread(door.kernel, door.task, _run_main(task, main), ends_task=True)
    door.kernel.resume_thread(thread)
    return thread


async def _run_main(task: NativeTask, main: Main) -> object:
    thread = task.door.current()
    try:
        return await main(task)
    except ThreadExit as end:
        return end.result
    finally:
        task.thread_ended(thread)


class ByValue:
    """A native task as a Caller: memory among the results of calls comes as bytes, unmapped."""

    __slots__ = ("_task",)

    def __init__(self, task: NativeTask) -> None:
        self._task = task

    async def call(
        self, routine: Routine, port: PortName | Right, *ins: object, reply_port: PortName = 0
    ) -> tuple[object, ...]:
        """See ``NativeTask.call``."""
        return await self._task._call(routine, port, ins, reply_port, True)

    async def read(self, memory: CarriedMemory) -> bytes:
        """The bytes of such a result."""
        return await self._task.read(memory)


__all__ = ["Main", "NativeTask", "PortName", "ThreadTerminated", "start_main"]
