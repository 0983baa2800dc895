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
from ..interface.declare import Routine
from ..interface.returns import KernReturn, MachError
from ..interface.values import Right
from ..ipc.named_message import Region
from ..kern.native import create_native_thread
from ..kern.task import Task
from ..kern.thread import TaskThread
from ..sched.thread import WaitResult
from ..sched.wait import WaitQueue
from ..vm import user as vm_user
from . import memory
from .calls import MachCalls, PortName
from .door import Door
from .thread import NativeThread, ThreadExit, run_thread

T = TypeVar("T")


class NativeTask(MachCalls):
    """A task whose program is Python.  It is a ``Caller`` of the stubs."""

    __slots__ = (
        "_nobody",
        "bootstrap_port",
        "by_value",
        "mach_host_self",
        "mach_task_self",
        "name",
        "ports",
    )

    def __init__(self, door: Door, ports: Mapping[str, PortName]) -> None:
        """Programs do not make these: they are given one."""
        super().__init__(door)
        self.name = door.task.name
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


__all__ = ["ByValue", "Main", "NativeTask", "PortName", "start_main"]
