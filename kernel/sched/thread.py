"""Threads as the scheduler sees them, and the ways in which one can wait.

A thread runs user instructions (``user_state`` is its processor state), or kernel code.  Kernel code
is plain function calls as long as it need not wait; when it must, it is a coroutine, kept in
``coroutine``, or a *continuation*: a record of what remains to be done, which whoever ends the wait
completes on the thread's behalf (Mach 3.0's continuations).  Native tasks' threads and the kernel's
own threads have no user state: their whole life is one coroutine.

Invariant: a thread is in exactly one place: running on a processor, in a run queue, waiting, or held.
A suspended thread still runs on inside the kernel until it is about to run user instructions again, so
it never sits on anything that others wait for.
"""

from collections.abc import Callable, Coroutine
from enum import IntEnum
from typing import TYPE_CHECKING

from ..interface.constants import POLICY_TIMESHARE

if TYPE_CHECKING:
    from ..machine.events import Event
    from ..machine.processor import ProcessorState
    from .processor import Processor, ProcessorSet


BASE_PRIORITY_USER = 12
"""What a user task's threads start with (Mach 3.0's BASEPRI_USER)."""


class ThreadState(IntEnum):
    RUNNING = 0  # on a processor
    RUNNABLE = 1  # in a run queue, or about to be handed a processor
    WAITING = 2  # for an event
    HALTED = 3  # terminated; never runs again
    SUSPENDED = 4  # would be runnable in user mode, but is held by a suspend count


class WaitResult(IntEnum):
    """How a wait ended (Mach's THREAD_AWAKENED and so on)."""

    AWAKENED = 0
    TIMED_OUT = 1
    INTERRUPTED = 2


KernelCoroutine = Coroutine[None, WaitResult, int]
"""Kernel code that waits; its result goes to the user's result register (or is KEEP_REGISTERS)."""

Outcome = int | KernelCoroutine | None
"""What a trap handler returns: the number for the result register (or KEEP_REGISTERS), a coroutine to
go on with, or None when the thread now waits by a continuation (it must have been put to wait)."""

KEEP_REGISTERS = -1
"""As a trap's result: the thread's registers are already as they must be."""


AT_BOUNDARY = "at the boundary"
"""What a native thread's coroutine yields where a program would be between two instructions: the thread
need not wait, but others may have something to do first."""


class Waitable:
    """Anything a thread can wait on; ``remove`` takes a thread out of it again."""

    __slots__ = ()

    def remove(self, thread: "Thread") -> None:
        raise NotImplementedError


class Thread:
    """A schedulable thread."""

    __slots__ = (
        "aborted",
        "attention",
        "base_priority",
        "continuation",
        "coroutine",
        "depress_timer",
        "depressed_priority",
        "interruptible",
        "last_processor",
        "max_priority",
        "name",
        "number",
        "policy",
        "processor",
        "processor_set",
        "quantum",
        "quantum_end",
        "restartable",
        "sched_priority",
        "sched_stamp",
        "sched_usage",
        "state",
        "suspend_count",
        "system_time",
        "timer",
        "usage_mark",
        "user_state",
        "user_time",
        "vm_privileged",
        "wait_on",
        "wait_result",
    )

    def __init__(self, number: int, name: str) -> None:
        self.number = number  # unique on its node, in order of creation
        self.name = name
        self.state = ThreadState.WAITING
        self.user_state: ProcessorState | None = None
        self.coroutine: KernelCoroutine | None = None
        self.continuation: Callable[[Thread, WaitResult], None] | None = None
        # While waiting
        self.wait_on: Waitable | None = None
        self.wait_result = WaitResult.AWAKENED
        self.interruptible = True
        self.timer: Event | None = None
        self.restartable = False  # wants attention whenever it was preempted in user mode
        self.suspend_count = 0
        self.aborted = False  # terminating: interruptible waits end before they begin
        self.vm_privileged = False  # of the reserved class: page-out needs it, so it may take any frame
        self.attention = False  # something to do at the user boundary: suspended, terminated, aborted
        # Scheduling (set up by the scheduler when the thread is given to it)
        self.policy: int = POLICY_TIMESHARE
        self.base_priority = BASE_PRIORITY_USER
        self.max_priority = BASE_PRIORITY_USER
        self.sched_priority = BASE_PRIORITY_USER
        self.depressed_priority = -1  # the priority to go back to, or -1
        self.depress_timer: Event | None = None
        self.sched_usage = 0
        self.sched_stamp = 0
        self.usage_mark = 0  # cpu_time when sched_usage was brought up to date
        self.quantum = 0  # ns; 0 for the processor set's own
        self.quantum_end = 0  # cpu_time at which its quantum is used up
        self.processor: Processor | None = None  # the one it runs on now
        self.user_time = 0  # ns
        self.system_time = 0  # ns
        self.processor_set: ProcessorSet | None = None
        self.last_processor: Processor | None = None

    @property
    def cpu_time(self) -> int:
        """Processor time used in all, ns."""
        return self.user_time + self.system_time

    def __repr__(self) -> str:
        return f"<thread {self.number} {self.name} {self.state.name.lower()}>"
