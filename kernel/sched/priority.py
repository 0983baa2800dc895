"""Priorities: 32 levels, 0 best; what usage does to them, and what programs may set.

A timeshared thread's priority is its base, worsened by the processor time it used of late.  Usage
decays by whole seconds when it is looked at, so an idle node has nothing to do.  A fixed-priority
thread keeps its base.  A depressed thread has the worst priority until it runs again, or until somebody
or a timer ends it.
"""

from typing import TYPE_CHECKING

from ..interface.constants import POLICY_TIMESHARE
from .processor import WORST_PRIORITY
from .thread import Thread

if TYPE_CHECKING:
    from .scheduler import Scheduler

DECAY_NUMERATOR, DECAY_DENOMINATOR = 5, 8
"""Usage left after each second (Mach 3.0 ages sched_usage by 5/8 a second)."""
USAGE_PER_LEVEL_NS = 1 << 27
"""Recent usage that costs one level of priority: at 134 ms a level a thread that computes all the time
settles 1 s / (1 - 5/8) / 134 ms = 20 levels below its base (estimated after Mach's PRI_SHIFT)."""
SECOND_NS = 1_000_000_000

_FORGOTTEN = 64  # seconds after which nothing is left of any usage


def compute_priority(thread: Thread, now_ns: int) -> None:
    """Age the thread's usage and derive ``sched_priority``.  Not while it is in a run queue."""
    if thread.policy != POLICY_TIMESHARE or thread.depressed_priority >= 0:
        return
    age_usage(thread, now_ns)
    thread.sched_priority = min(
        WORST_PRIORITY, thread.base_priority + thread.sched_usage // USAGE_PER_LEVEL_NS
    )


def age_usage(thread: Thread, now_ns: int) -> None:
    """Bring ``sched_usage`` up to date: what was used since the last look, and the decay."""
    used = thread.user_time + thread.system_time
    thread.sched_usage += used - thread.usage_mark
    thread.usage_mark = used
    second = now_ns // SECOND_NS
    elapsed = second - thread.sched_stamp
    if elapsed > 0:
        thread.sched_stamp = second
        usage = thread.sched_usage if elapsed < _FORGOTTEN else 0
        for _ in range(min(elapsed, _FORGOTTEN)):
            usage = usage * DECAY_NUMERATOR // DECAY_DENOMINATOR
        thread.sched_usage = usage


def renew_quantum(thread: Thread) -> None:
    """Give the thread a whole quantum from now on."""
    home = thread.processor_set
    thread.quantum_end = thread.cpu_time + (thread.quantum or (home.quantum if home is not None else 0))


def _apply_base(thread: Thread, now_ns: int) -> None:
    thread.sched_priority = thread.base_priority
    compute_priority(thread, now_ns)


def set_priority(scheduler: "Scheduler", thread: Thread, priority: int) -> None:
    """A new base priority, effective at once (at the end of a depression, if there is one)."""
    thread.base_priority = priority
    if thread.depressed_priority >= 0:
        thread.depressed_priority = priority
        return
    scheduler.requeue(thread, lambda: _apply_base(thread, scheduler.clock.now))


def set_policy(scheduler: "Scheduler", thread: Thread, policy: int, quantum_ns: int) -> None:
    """Timeshare (with the set's quantum: 0), or fixed priority with a quantum of its own."""

    def change() -> None:
        thread.policy = policy
        thread.quantum = quantum_ns
        if quantum_ns:
            thread.quantum_end = min(thread.quantum_end, thread.cpu_time + quantum_ns)
        if thread.depressed_priority < 0:
            _apply_base(thread, scheduler.clock.now)

    scheduler.requeue(thread, change)


def depress(scheduler: "Scheduler", thread: Thread, until_ns: int) -> None:
    """Worst priority until then, or until ``undepress``.  The thread is the current one."""
    assert thread is scheduler.current
    cancel_depression(thread)
    thread.depressed_priority = thread.base_priority
    thread.sched_priority = WORST_PRIORITY
    thread.depress_timer = scheduler.events.schedule(until_ns, _depression_over, scheduler, thread)


def _depression_over(scheduler: "Scheduler", thread: Thread) -> None:
    thread.depress_timer = None
    scheduler.clock.now += scheduler.costs.interrupt
    undepress(scheduler, thread)


def undepress(scheduler: "Scheduler", thread: Thread) -> bool:
    """End a depression; whether there was one."""
    if not cancel_depression(thread):
        return False
    scheduler.requeue(thread, lambda: _apply_base(thread, scheduler.clock.now))
    return True


def end_depression(thread: Thread, now_ns: int) -> None:
    """A depressed thread got a processor, for others had no need of it."""
    cancel_depression(thread)
    _apply_base(thread, now_ns)


def cancel_depression(thread: Thread) -> bool:
    """Forget a depression without looking at the consequences; whether there was one."""
    if thread.depressed_priority < 0:
        return False
    if thread.depress_timer is not None:
        thread.depress_timer.cancel()
        thread.depress_timer = None
    thread.depressed_priority = -1
    return True
