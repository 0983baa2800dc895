"""Wait queues: where threads park until somebody wakes them, first come, first served.

The queue itself only holds threads; parking and waking go through the scheduler, which alone moves a
thread between running, runnable and waiting (after trio's parking lot, and Mach's ``assert_wait``).
"""

from collections import deque

from .thread import Thread, Waitable


class WaitQueue(Waitable):
    """Threads that wait for the same thing, in order of arrival."""

    __slots__ = ("name", "threads")

    def __init__(self, name: str) -> None:
        self.name = name  # what they wait for, for the wait graph and for people
        self.threads: deque[Thread] = deque()

    def __len__(self) -> int:
        return len(self.threads)

    def append(self, thread: Thread) -> None:
        self.threads.append(thread)

    def remove(self, thread: Thread) -> None:
        self.threads.remove(thread)

    def __repr__(self) -> str:
        return f"<wait for {self.name}: {len(self.threads)} threads>"
