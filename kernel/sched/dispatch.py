"""The dispatcher: runs the processors of a node through user instructions, traps and interrupts.

``advance`` does everything of the node that lies strictly before a horizon.  At every step whatever is
earliest goes first: a due event, taken as an interrupt, or the busy processor whose clock is furthest
behind.  Where several processors compute, each goes no further than the end of the present window of
virtual time, the same for all: that is how finely their memory accesses interleave.  So a run does not
depend on how it is cut by horizons, as long as the horizons of a node with several processors are
multiples of WINDOW_NS.

Kernel entries are serial: one begins no earlier than the previous one of the node ended.
"""

from typing import Protocol

from ..interface.returns import MachError
from ..machine.clock import Clock
from ..machine.engine import Horizon
from ..machine.events import NEVER, EventQueue
from ..machine.processor import EAX, Exit
from .priority import compute_priority
from .processor import Processor
from .scheduler import Scheduler
from .thread import KernelCoroutine, Outcome, Thread, ThreadState

WINDOW_NS = 20_000
"""Longest turn of a processor while others of its node compute too: how finely the memory accesses of
a shared-memory multiprocessor interleave (a choice of the simulation)."""
MAX_BUDGET = 4_000_000
"""Instructions in one go at most: bounds how long (tens of ms) the simulator does not look up."""


class Kernel(Protocol):
    """What the dispatcher calls in the kern room."""

    def trap(self, thread: Thread, reason: int, processor: Processor) -> Outcome:
        """Deal with the exit of a thread from user mode."""

    def boundary(self, thread: Thread) -> Outcome:
        """``thread.attention`` is set and the thread is about to run user instructions: deal with it.
        KEEP_REGISTERS to go on, None if the thread no longer runs."""

    def finished(self, thread: Thread) -> None:
        """The coroutine that was the whole life of a thread without user state ended."""


class Dispatcher:
    """The loop of one node's processors."""

    __slots__ = (
        "_clock",
        "_events",
        "_instruction_ns",
        "_kernel",
        "_kernel_free_at",
        "scheduler",
    )

    def __init__(
        self, clock: Clock, events: EventQueue, scheduler: Scheduler, kernel: Kernel, instruction_ns: int
    ) -> None:
        self._clock = clock
        self._events = events
        self._kernel = kernel
        self._instruction_ns = instruction_ns
        self._kernel_free_at = 0
        self.scheduler = scheduler

    def next_time(self) -> int:
        """Virtual time of the earliest thing this node has to do; NEVER if there is none."""
        earliest = self._events.next_time()
        for processor in self.scheduler.processors:
            if processor.thread is not None and processor.clock_ns < earliest:
                earliest = processor.clock_ns
        return earliest

    def progress_time(self) -> int:
        """As ``next_time``, housekeeping left out."""
        earliest = self._events.progress_time()
        for processor in self.scheduler.processors:
            if processor.thread is not None and processor.clock_ns < earliest:
                earliest = processor.clock_ns
        return earliest

    def advance(self, horizon: Horizon) -> None:
        """Do everything strictly before ``horizon.time`` (read again at each step)."""
        events = self._events
        while True:
            processor = self._earliest()
            event_time = events.next_time()
            if processor is None or event_time <= processor.clock_ns:
                if event_time >= horizon.time:
                    return
                if processor is None and not events.progress and event_time >= horizon.housekeeping:
                    return
                horizon.now = event_time
                self._interrupt(event_time)
            else:
                if processor.clock_ns >= horizon.time:
                    return
                self._run(processor, horizon)

    def _earliest(self) -> Processor | None:
        """The busy processor furthest behind; ``slice_end`` says how far it may go before the others."""
        earliest: Processor | None = None
        busy = 0
        for processor in self.scheduler.processors:
            if processor.thread is not None:
                busy += 1
                if earliest is None or processor.clock_ns < earliest.clock_ns:
                    earliest = processor
        if earliest is not None:
            clock_ns = earliest.clock_ns
            earliest.slice_end = clock_ns - clock_ns % WINDOW_NS + WINDOW_NS if busy > 1 else NEVER
        return earliest

    def _interrupt(self, time: int) -> None:
        """Run the event due at ``time`` on an idle processor, or else on the one furthest behind."""
        clock, scheduler = self._clock, self.scheduler
        processors = scheduler.processors
        processor = processors[0]
        if len(processors) > 1:
            processor = min(
                processors, key=lambda each: (each.thread is not None, each.clock_ns, each.number)
            )
        busy_until = processor.clock_ns if processor.thread is not None else 0
        clock.now = max(time, busy_until, self._kernel_free_at)
        scheduler.current = None
        scheduler.processor = processor
        interrupted = processor.thread
        self._events.run_first()
        scheduler.settle_handoff()
        scheduler.processor = None
        self._kernel_free_at = clock.now
        if interrupted is not None:
            processor.clock_ns = max(processor.clock_ns, clock.now)

    def _run(self, processor: Processor, horizon: Horizon) -> None:
        """Run one processor until the window, the horizon or the next event ends its turn."""
        clock, events, scheduler, kernel = self._clock, self._events, self.scheduler, self._kernel
        instruction_ns = self._instruction_ns
        hardware = processor.hardware
        run = hardware.run
        running = ThreadState.RUNNING
        many = len(scheduler.processors) > 1
        while True:
            thread = processor.thread
            now = processor.clock_ns
            if thread is None or now >= processor.slice_end or now >= horizon.time:
                return
            limit = events.next_time()
            if now >= limit:
                return
            horizon.now = now
            coroutine = thread.coroutine
            if coroutine is None:
                if processor.preempt or thread.attention:
                    if not self._before_user(processor, thread):
                        continue
                    now = processor.clock_ns
                if horizon.time < limit:
                    limit = horizon.time
                if processor.slice_end < limit:
                    limit = processor.slice_end
                home = thread.processor_set
                if home is not None and home.run_queue.count and now + thread.quantum_left < limit:
                    limit = now + thread.quantum_left
                budget = (limit - now + instruction_ns - 1) // instruction_ns
                if budget > MAX_BUDGET:
                    budget = MAX_BUDGET
                elif budget <= 0:
                    budget = 1
                state = thread.user_state
                assert state is not None
                reason = run(state, budget)
                spent = hardware.executed * instruction_ns
                now += spent
                processor.clock_ns = now
                thread.user_time += spent
                thread.sched_usage += spent
                thread.quantum_left -= spent
                if reason == Exit.BUDGET:
                    if thread.quantum_left <= 0:
                        self._quantum_over(processor, thread)
                    continue
                entry = clock.now = now if now > self._kernel_free_at else self._kernel_free_at
                scheduler.current = thread
                scheduler.processor = processor
                outcome = kernel.trap(thread, reason, processor)
                if outcome.__class__ is int:
                    if outcome >= 0:
                        state.q[EAX] = outcome
                elif outcome is not None:
                    self._drive(thread, outcome)  # type: ignore[arg-type]
            else:
                entry = clock.now = now if now > self._kernel_free_at else self._kernel_free_at
                scheduler.current = thread
                scheduler.processor = processor
                self._drive(thread, coroutine)
            # Leaving the kernel.
            if thread.state is not running:
                if processor.thread is thread:
                    scheduler.leave(processor)
                    scheduler.choose(processor)
            elif scheduler.handoff_thread is not None:
                scheduler.settle_handoff()
            end = clock.now
            spent = end - entry
            thread.system_time += spent
            thread.sched_usage += spent
            thread.quantum_left -= spent
            scheduler.current = None
            scheduler.processor = None
            self._kernel_free_at = processor.clock_ns = end
            if many:
                return

    def _drive(self, thread: Thread, coroutine: KernelCoroutine) -> None:
        """Go on with kernel code of a thread until it ends or waits."""
        thread.coroutine = coroutine
        try:
            coroutine.send(None)  # type: ignore[arg-type]
        except StopIteration as stop:
            result = stop.value
        except MachError as error:
            result = error.code & 0xFFFFFFFF
        else:
            assert thread.state is not ThreadState.RUNNING, f"{thread} awaited something that is no wait"
            return
        thread.coroutine = None
        state = thread.user_state
        if state is None:
            self._kernel.finished(thread)
        elif result >= 0:
            state.q[EAX] = result

    def _before_user(self, processor: Processor, thread: Thread) -> bool:
        """Preemption, suspension, termination, before user instructions; whether ``thread`` goes on."""
        clock, scheduler = self._clock, self.scheduler
        clock.now = max(processor.clock_ns, self._kernel_free_at)
        scheduler.current = thread
        scheduler.processor = processor
        if thread.attention:
            outcome = self._kernel.boundary(thread)
            if outcome is not None and outcome.__class__ is not int:
                self._drive(thread, outcome)  # type: ignore[arg-type]
        if thread.state is not ThreadState.RUNNING:
            if processor.thread is thread:
                scheduler.leave(processor)
                scheduler.choose(processor)
        elif thread.suspend_count and thread.coroutine is None:
            scheduler.leave(processor)
            thread.state = ThreadState.SUSPENDED
            scheduler.choose(processor)
        elif processor.preempt:
            home = thread.processor_set
            compute_priority(thread, clock.now)
            if home is not processor.processor_set or (
                home is not None
                and (
                    home.run_queue.best_priority() < thread.sched_priority
                    or (thread.bound_to is not None and thread.bound_to is not processor)
                )
            ):
                scheduler.preempt(processor, to_front=thread.quantum_left > 0)
        processor.preempt = False
        if scheduler.handoff_thread is not None:
            scheduler.settle_handoff()
        scheduler.current = None
        scheduler.processor = None
        self._kernel_free_at = processor.clock_ns = clock.now
        return processor.thread is thread and thread.coroutine is None

    def _quantum_over(self, processor: Processor, thread: Thread) -> None:
        """An equal or better thread gets its turn; a thread alone just gets another quantum."""
        clock, scheduler = self._clock, self.scheduler
        clock.now = max(processor.clock_ns, self._kernel_free_at)
        compute_priority(thread, clock.now)
        home = thread.processor_set
        if home is not None and home.run_queue.best_priority() <= thread.sched_priority:
            clock.now += scheduler.costs.interrupt
            scheduler.preempt(processor, to_front=False)
        else:
            thread.quantum_left = thread.quantum or (home.quantum if home is not None else 0)
        self._kernel_free_at = processor.clock_ns = clock.now
