"""Processors and processor sets as the scheduler sees them.

Every processor belongs to at most one processor set; every thread to exactly one, whose processors
alone run it (Mach 3.0's processor allocation).  A set has one run queue of 32 priorities, 0 best.
"""

from collections import deque
from typing import Protocol

from ..machine.processor import ProcessorState
from .thread import BASE_PRIORITY_USER, Thread, Waitable

PRIORITIES = 32
WORST_PRIORITY = PRIORITIES - 1
QUANTUM_NS = 100_000_000
"""A thread's share before an equal gets its turn: Mach 3.0's min_quantum, hz/10 ticks = 100 ms."""


class Hardware(Protocol):
    """What the dispatcher needs of a simulated processor (``kernel.machine.processor.Processor``)."""

    executed: int
    error: int

    @property
    def vector(self) -> int: ...

    def run(self, state: ProcessorState, budget: int) -> int: ...


class RunQueue(Waitable):
    """Runnable threads by priority; within a priority first come, first served."""

    __slots__ = ("_bits", "_queues", "count")

    def __init__(self) -> None:
        self._queues: list[deque[Thread]] = [deque() for _ in range(PRIORITIES)]
        self._bits = 0  # bit p set: the queue of priority p is not empty
        self.count = 0

    def append(self, thread: Thread) -> None:
        """To the end of its priority's queue."""
        self._queues[thread.sched_priority].append(thread)
        self._bits |= 1 << thread.sched_priority
        self.count += 1

    def appendleft(self, thread: Thread) -> None:
        """To the front: the thread was preempted before its share was used up."""
        self._queues[thread.sched_priority].appendleft(thread)
        self._bits |= 1 << thread.sched_priority
        self.count += 1

    def remove(self, thread: Thread) -> None:
        queue = self._queues[thread.sched_priority]
        queue.remove(thread)
        if not queue:
            self._bits &= ~(1 << thread.sched_priority)
        self.count -= 1

    def best_priority(self) -> int:
        """The best priority in the queue; WORST_PRIORITY + 1 when it is empty."""
        return (self._bits & -self._bits).bit_length() - 1 if self._bits else PRIORITIES

    def pop_best(self) -> Thread | None:
        """Take out the first thread of the best priority; None when there is none."""
        bits = self._bits
        if not bits:
            return None
        queue = self._queues[(bits & -bits).bit_length() - 1]
        thread = queue.popleft()
        if not queue:
            self._bits = bits & (bits - 1)
        self.count -= 1
        return thread

    def threads(self) -> list[Thread]:
        """All of them, best first."""
        return [thread for queue in self._queues for thread in queue]


class ProcessorSet:
    """Processors, the threads assigned to them, and their run queue."""

    __slots__ = (
        "fixed_priority_enabled",
        "is_default",
        "max_priority",
        "number",
        "processors",
        "quantum",
        "run_queue",
        "threads",
    )

    def __init__(self, number: int) -> None:
        self.number = number
        self.is_default = number == 0
        self.processors: list[Processor] = []
        self.threads: dict[int, Thread] = {}  # by number, in order of assignment
        self.run_queue = RunQueue()
        self.max_priority = BASE_PRIORITY_USER
        self.fixed_priority_enabled = number == 0
        self.quantum = QUANTUM_NS


class Processor:
    """One processor of a node: what it runs, and how far its clock is."""

    __slots__ = (
        "clock_ns",
        "hardware",
        "number",
        "preempt",
        "processor_set",
        "shut_down",
        "slice_end",
        "thread",
    )

    def __init__(self, number: int, hardware: Hardware) -> None:
        self.number = number
        self.hardware = hardware
        self.clock_ns = 0
        self.thread: Thread | None = None  # None: idle
        self.preempt = False  # choose again before running user instructions
        self.slice_end = 0  # end of this processor's turn among the busy processors of its node
        self.processor_set: ProcessorSet | None = None
        self.shut_down = False

    def __repr__(self) -> str:
        return f"<processor {self.number}: {self.thread}>"
