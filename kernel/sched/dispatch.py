"""The dispatcher: runs the processors of a node through user instructions, traps and interrupts.

``advance`` does everything of the node that lies strictly before a horizon.  At every step whatever is
earliest goes first: a due event, taken as an interrupt, or the busy processor whose clock is furthest
behind.  Where several processors compute, each goes no further than the end of the present window of
virtual time, the same for all: that is how finely their memory accesses interleave.  So a run does not
depend on how it is cut by horizons, as long as the horizons of a node with several processors are
multiples of WINDOW_NS.

Kernel entries are serial: one begins no earlier than the previous one of the node ended.
"""

from typing import Final, Protocol

from ..interface.returns import MachError
from ..machine.clock import Clock
from ..machine.engine import Horizon
from ..machine.events import NEVER, EventQueue
from ..machine.processor import EAX, Exit
from .priority import compute_priority, renew_quantum
from .processor import Processor, RunQueue
from .scheduler import Scheduler
from .thread import AT_BOUNDARY, KernelCoroutine, Outcome, Thread, ThreadState

WINDOW_NS = 20_000
"""Longest turn of a processor while others of its node compute too: how finely the memory accesses of
a shared-memory multiprocessor interleave (a choice of the simulation)."""
MAX_BUDGET = 4_000_000
"""Instructions in one go at most: bounds how long (tens of ms) the simulator does not look up."""


BUDGET = Exit.BUDGET
_NO_QUEUE: Final = RunQueue()  # of a processor without a set: always empty


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
        "_many",
        "_trap",
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
        self._trap = kernel.trap
        self._many = len(scheduler.processors) > 1
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
        self.scheduler.horizon = horizon
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
        self._kernel_free_at = clock.now
        if interrupted is not None:
            processor.clock_ns = max(processor.clock_ns, clock.now)

    def _run(self, processor: Processor, horizon: Horizon) -> None:
        """Run one processor until the window, the horizon or the next event ends its turn."""
        clock, events, scheduler, trap = self._clock, self._events, self.scheduler, self._trap
        instruction_ns = self._instruction_ns
        hardware = processor.hardware
        run = hardware.run
        running = ThreadState.RUNNING
        many = self._many
        home = processor.processor_set
        queue = home.run_queue if home is not None else _NO_QUEUE
        scheduler.processor = processor
        while True:
            thread = processor.thread
            now = processor.clock_ns
            limit = processor.slice_end if processor.slice_end < horizon.time else horizon.time
            if events.soonest < limit:
                limit = events.soonest
            if thread is None or now >= limit:
                return
            horizon.now = now
            coroutine = thread.coroutine
            if coroutine is None:
                if processor.preempt:
                    self._before_user(processor, thread)
                    continue
                if queue.count:
                    left = thread.quantum_end - thread.user_time - thread.system_time
                    if now + left < limit:
                        limit = now + left
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
                thread.user_time += spent
                if reason == BUDGET:
                    processor.clock_ns = now
                    if thread.user_time + thread.system_time >= thread.quantum_end:
                        self._quantum_over(processor, thread)
                    continue
                if many and now < self._kernel_free_at:
                    now = self._kernel_free_at
                clock.now = now
                scheduler.current = thread
                outcome = trap(thread, reason, processor)
                if outcome.__class__ is int:
                    if outcome >= 0:
                        state.q[EAX] = outcome
                elif isinstance(outcome, int):  # an enumeration's number
                    state.q[EAX] = int(outcome)
                elif outcome is not None:
                    self._drive(thread, outcome)
            else:
                if thread.user_state is None:
                    left = thread.quantum_end - thread.user_time - thread.system_time
                    if processor.preempt or left <= 0:
                        self._between_calls(processor, thread)
                        continue
                    turn_end = now + left
                    scheduler.turn_end = turn_end if turn_end < processor.slice_end else processor.slice_end
                    scheduler.native_user_ns = 0
                if many and now < self._kernel_free_at:
                    now = self._kernel_free_at
                clock.now = now
                scheduler.current = thread
                self._drive(thread, coroutine)
            # Leaving the kernel.
            if thread.state is not running:
                if processor.thread is thread:
                    thread.processor = processor.thread = None
                    scheduler.choose(processor)
            elif scheduler.handoff_thread is not None:
                scheduler.settle_handoff()
            end = clock.now
            thread.system_time += end - now
            processor.clock_ns = end
            if many:
                if thread.user_state is None:
                    end -= scheduler.native_user_ns  # what it did last was no kernel work
                self._kernel_free_at = end
                return

    def _drive(self, thread: Thread, coroutine: KernelCoroutine) -> None:
        """Go on with kernel code of a thread until it ends or waits."""
        thread.coroutine = coroutine
        try:
            yielded: object = coroutine.send(None)  # type: ignore[arg-type]
            if thread.state is ThreadState.RUNNING and yielded is not AT_BOUNDARY:
                coroutine.throw(AssertionError(f"{thread.name} awaited something that is no wait"))
        except StopIteration as stop:
            result = stop.value
        except MachError as error:
            result = error.code & 0xFFFFFFFF
        else:
            return
        thread.coroutine = None
        state = thread.user_state
        if state is None:
            self._kernel.finished(thread)
        elif result >= 0:
            state.q[EAX] = result

    def _before_user(self, processor: Processor, thread: Thread) -> None:
        """The processor is to choose again before user instructions: preemption, or the thread was
        suspended, terminated or aborted."""
        clock, scheduler = self._clock, self.scheduler
        now = clock.now = max(processor.clock_ns, self._kernel_free_at)
        scheduler.current = thread
        processor.preempt = False
        if thread.attention:
            outcome = self._kernel.boundary(thread)
            if outcome is not None and not isinstance(outcome, int):
                self._drive(thread, outcome)
        if thread.state is not ThreadState.RUNNING:
            if processor.thread is thread:
                scheduler.leave(processor)
                scheduler.choose(processor)
        elif thread.suspend_count and thread.coroutine is None:
            scheduler.leave(processor)
            thread.state = ThreadState.SUSPENDED
            scheduler.choose(processor)
        else:
            self._reconsider(processor, thread)
        if scheduler.handoff_thread is not None:
            scheduler.settle_handoff()
        thread.system_time += clock.now - now
        self._kernel_free_at = processor.clock_ns = clock.now

    def _reconsider(self, processor: Processor, thread: Thread) -> None:
        """Let a better thread have the processor, or the thread go where it belongs."""
        home = thread.processor_set
        if home is not None:
            compute_priority(thread, self._clock.now)
            misplaced = home is not processor.processor_set
            if misplaced or home.run_queue.best_priority() < thread.sched_priority:
                self.scheduler.preempt(processor, to_front=thread.quantum_end > thread.cpu_time)

    def _between_calls(self, processor: Processor, thread: Thread) -> None:
        """Preemption of a thread that is all coroutine."""
        if processor.preempt:
            processor.preempt = False
            now = self._clock.now = max(processor.clock_ns, self._kernel_free_at)
            self._reconsider(processor, thread)
            thread.system_time += self._clock.now - now
            self._kernel_free_at = processor.clock_ns = self._clock.now
        else:
            self._quantum_over(processor, thread)

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
            renew_quantum(thread)
        self._kernel_free_at = processor.clock_ns = clock.now
