"""Mutex and condition for the threads of one native task, after C threads.

Both are first come, first served.  ``unlock`` gives the mutex to the thread that has waited longest, so
nobody overtakes; ``signal`` wakes the thread that has waited longest.  No wake-up is lost: a thread that
was terminated after it was chosen passes on what it was given.  A waiting thread that ``thread_abort``
interrupts goes to the end of the mutex's queue; a condition's wait returns early then, as it may.

``unlock``, ``signal`` and ``broadcast`` never wait, so a thread that unwinds can do them; used as
``async with``, a mutex is released however the block ends.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from ..kern.native import ThreadTerminated
from ..kern.thread import TaskThread
from ..sched.thread import WaitResult
from ..sched.wait import WaitQueue
from .task import NativeTask

INSTRUCTIONS = 10
"""What locking or unlocking costs when nobody waits (estimated: a call, an exchange, a test, a return).
Waiting, and waking one who waits, cost a trap each: C threads do both by messages."""


class Mutex:
    """Mutual exclusion among the threads of a task."""

    __slots__ = ("_door", "_instructions_ns", "_owner", "_queue")

    def __init__(self, task: NativeTask, name: str = "a mutex") -> None:
        self._door = task.door
        self._instructions_ns = INSTRUCTIONS * task.door.costs.instruction
        self._owner: TaskThread | None = None
        self._queue = WaitQueue(name)

    @property
    def locked(self) -> bool:
        """Whether some thread has it."""
        return self._owner is not None

    async def lock(self) -> None:
        """Wait until nobody has it, and take it.  RuntimeError: the caller has it already."""
        door = self._door
        if door.scheduler.native_user_ns:
            await door.give_way()
        thread = door.living()
        door.clock.now += self._instructions_ns
        if self._owner is None:
            self._owner = thread
        elif self._owner is thread:
            raise RuntimeError(f"{thread.name} locks {self._queue.name}, which it has")
        else:
            door.clock.now += door.trap_ns
            while self._owner is not thread:
                await door.scheduler.wait(self._queue)
                if thread.aborted:
                    break
        with self._released_when_terminated(thread):
            await door.leave(thread)

    @contextmanager
    def _released_when_terminated(self, thread: TaskThread) -> Iterator[None]:
        try:
            yield
        except ThreadTerminated:
            if self._owner is thread:
                self._give_on()
            raise

    def try_lock(self) -> bool:
        """Take it if nobody has it; whether that was so."""
        thread = self._door.living()
        self._door.clock.now += self._instructions_ns
        if self._owner is not None:
            return False
        self._owner = thread
        return True

    def unlock(self) -> None:
        """Let the next one have it.  RuntimeError: the caller does not have it (unless it is being
        terminated: then it may have lost it in a condition's wait)."""
        thread = self._door.current()
        if self._owner is not thread:
            if thread.aborted:
                return
            raise RuntimeError(f"{thread.name} unlocks {self._queue.name}, which it does not have")
        self._door.clock.now += self._instructions_ns
        self._give_on()

    def _give_on(self) -> None:
        queue = self._queue.threads
        if not queue:
            self._owner = None
            return
        door = self._door
        door.clock.now += door.trap_ns
        thread = queue.popleft()
        assert isinstance(thread, TaskThread)
        self._owner = thread
        door.scheduler.wake(thread)

    async def __aenter__(self) -> None:
        await self.lock()

    async def __aexit__(self, *exception: object) -> None:
        self.unlock()


class Condition:
    """Threads that wait, with a mutex, until another one says that something has changed."""

    __slots__ = ("_door", "_queue", "mutex")

    def __init__(self, task: NativeTask, mutex: Mutex, name: str = "a condition") -> None:
        self._door = task.door
        self.mutex = mutex
        self._queue = WaitQueue(name)

    async def wait(self, timeout_ns: int | None = None) -> bool:
        """Unlock the mutex, wait for a signal, lock the mutex again; False when the time was over first.
        It may return early: look again whether what is waited for is true."""
        door = self._door
        thread = door.living()
        self.mutex.unlock()
        door.clock.now += door.trap_ns
        deadline = door.clock.now + timeout_ns if timeout_ns is not None else None
        result = await door.scheduler.wait(self._queue, deadline=deadline)
        if thread.aborted:
            if result is WaitResult.AWAKENED:
                self.signal()
            raise ThreadTerminated
        await self.mutex.lock()
        return result is not WaitResult.TIMED_OUT

    def signal(self) -> None:
        """Wake the thread that has waited longest, if there is one."""
        door = self._door
        if self._queue.threads:
            door.clock.now += door.trap_ns
            door.scheduler.wake_one(self._queue)

    def broadcast(self) -> None:
        """Wake all threads that wait, the first one first."""
        for _ in range(len(self._queue.threads)):
            self.signal()


__all__ = ["INSTRUCTIONS", "Condition", "Mutex"]
