"""Threads of native tasks: what ``NativeTask.fork`` returns, and how such a thread ends."""

from collections.abc import Awaitable
from typing import TYPE_CHECKING, Generic, TypeVar, cast

from ..interface.returns import KernReturn, MachError
from ..kern.native import ThreadTerminated
from ..kern.thread import TaskThread
from ..sched.wait import WaitQueue
from .door import Door

if TYPE_CHECKING:
    from .task import NativeTask

T = TypeVar("T")


class ThreadExit(GeneratorExit):
    """Unwinds a thread that ends itself."""

    def __init__(self, result: object) -> None:
        super().__init__(result)
        self.result = result


class NativeThread(Generic[T]):
    """A thread of one's own task."""

    __slots__ = ("_door", "_has_result", "_joiners", "_result", "done", "thread")

    def __init__(self, door: Door) -> None:
        self._door = door
        self._joiners = WaitQueue("the end of a thread")
        self._has_result = False
        self._result: T | None = None
        self.done = False  # it has ended
        self.thread: TaskThread | None = None  # for the modules of this package

    async def join(self) -> T:
        """Wait for its end; what its function returned.  MachError(ABORTED): it was terminated, or an
        error escaped from it."""
        door = self._door
        caller = door.enter()
        while not self.done:
            await door.scheduler.wait(self._joiners)
            await door.leave(caller)
        if not self._has_result:
            raise MachError(KernReturn.ABORTED)
        return cast(T, self._result)

    async def port(self) -> int:
        """A name for the thread's port, with one more user reference; 0 if it has ended."""
        door = self._door
        caller = door.enter()
        port = self.thread.port if self.thread is not None else None
        name = door.ipc.copyout_send(door.space, port) if port is not None and port.active else 0
        await door.leave(caller)
        return name

    def give(self, result: T) -> None:
        """For ``run_thread``: what the function returned."""
        self._has_result, self._result = True, result

    def finish(self) -> None:
        """For ``run_thread``: let those go on that join it."""
        self.done = True
        self._door.scheduler.wake_all(self._joiners)


async def run_thread(made: NativeThread[T], task: "NativeTask", work: Awaitable[T]) -> None:
    """The program of a forked thread."""
    thread = made.thread
    assert thread is not None
    try:
        made.give(await work)
    except ThreadExit as end:
        made.give(end.result)  # type: ignore[arg-type]
    finally:
        task.thread_ended(thread)
        made.finish()


__all__ = ["NativeThread", "ThreadExit", "ThreadTerminated", "run_thread"]
