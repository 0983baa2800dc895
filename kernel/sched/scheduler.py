"""The scheduler of a node: who waits, who is runnable, who gets a processor.

All moves of a thread between running, runnable, waiting and held happen here.  There is no clock tick:
usage is charged when a thread leaves its processor and decays by whole seconds when it is looked at, a
quantum limits a slice only while somebody else could run, and an idle node has nothing scheduled.

A wake-up that hands the processor over (``handoff``) is remembered until the current thread leaves the
kernel: if it waits by then, the other thread takes this very processor without a scheduling decision,
else it becomes runnable like any other (Mach 3.0's hand-off scheduling).
"""

from collections.abc import Callable, Generator

from ..machine.clock import Clock
from ..machine.costs import Costs
from ..machine.engine import Horizon
from ..machine.events import EventQueue
from ..machine.trace import Trace
from .priority import SECOND_NS, cancel_depression, compute_priority, end_depression, renew_quantum
from .processor import Processor, ProcessorSet
from .thread import AT_BOUNDARY, KernelCoroutine, Thread, ThreadState, Waitable, WaitResult
from .wait import WaitQueue


class _Sleep:
    """Awaitable: give up the processor; the result says how the wait ended."""

    __slots__ = ("_thread",)

    def __init__(self, thread: Thread) -> None:
        self._thread = thread

    def __await__(self) -> Generator[None, WaitResult, WaitResult]:
        yield
        return self._thread.wait_result


class _Pause:
    """Awaitable: be driven again by the dispatcher, when it is this thread's turn."""

    __slots__ = ()

    def __await__(self) -> Generator[str, None, None]:
        yield AT_BOUNDARY


PAUSE = _Pause()


class Scheduler:
    """One per node.  ``current`` is the thread in the kernel now, on ``processor``."""

    __slots__ = (
        "_next_thread_number",
        "clock",
        "costs",
        "current",
        "default_set",
        "events",
        "handoff_thread",
        "horizon",
        "native_user_ns",
        "processor",
        "processor_sets",
        "processors",
        "trace",
        "turn_end",
    )

    def __init__(self, clock: Clock, costs: Costs, trace: Trace, events: EventQueue) -> None:
        self.clock = clock
        self.costs = costs
        self.trace = trace
        self.events = events
        self.current: Thread | None = None
        self.processor: Processor | None = None
        self.processors: list[Processor] = []
        self.default_set = ProcessorSet(0)
        self.processor_sets: list[ProcessorSet] = [self.default_set]
        self.handoff_thread: Thread | None = None
        self.horizon = Horizon()  # how far the node may go, told by the dispatcher
        self.native_user_ns = 0  # what the current native thread computed since it was in the kernel
        self.turn_end = 0  # virtual time at which the current native thread's turn is over
        self._next_thread_number = 1

    # ---- threads come and go

    def new_thread_number(self) -> int:
        number = self._next_thread_number
        self._next_thread_number = number + 1
        return number

    def spawn(self, name: str, coroutine: KernelCoroutine) -> Thread:
        """A thread of the kernel itself, runnable at once; its whole life is the coroutine."""
        thread = Thread(self.new_thread_number(), name)
        thread.base_priority = thread.sched_priority = 0
        thread.coroutine = coroutine
        self.adopt(thread)
        self.make_runnable(thread)
        return thread

    def adopt(self, thread: Thread, processor_set: ProcessorSet | None = None) -> None:
        """Take a new thread in; it waits for nothing and runs when made runnable."""
        home = processor_set or self.default_set
        thread.processor_set = home
        home.threads[thread.number] = thread
        thread.sched_stamp = self.clock.now // SECOND_NS
        renew_quantum(thread)

    def retire(self, thread: Thread) -> None:
        """The thread never runs again.  It must not be waiting."""
        if thread.state is ThreadState.RUNNABLE and thread.processor is None:
            self._unqueue(thread)
        thread.state = ThreadState.HALTED
        cancel_depression(thread)
        if thread.processor_set is not None:
            del thread.processor_set.threads[thread.number]
            thread.processor_set = None

    # ---- waiting

    async def wait(
        self, queue: WaitQueue, *, interruptible: bool = True, deadline: int | None = None
    ) -> WaitResult:
        """The current thread waits on ``queue``; ``deadline`` is virtual time in ns."""
        thread = self.current
        assert thread is not None
        if interruptible and thread.aborted:
            return WaitResult.INTERRUPTED
        queue.append(thread)
        self.block(thread, queue, None, interruptible=interruptible, deadline=deadline)
        return await _Sleep(thread)

    def block(
        self,
        thread: Thread,
        waitable: Waitable | None,
        continuation: Callable[[Thread, WaitResult], None] | None,
        *,
        interruptible: bool = True,
        deadline: int | None = None,
    ) -> None:
        """Put the current thread to wait; the caller has entered it in ``waitable``."""
        assert thread is self.current, f"{thread} is not the current thread"
        thread.state = ThreadState.WAITING
        thread.wait_on = waitable
        thread.continuation = continuation
        thread.interruptible = interruptible
        if deadline is not None:
            thread.timer = self.events.schedule(deadline, self._timed_out, thread)

    def _timed_out(self, thread: Thread) -> None:
        thread.timer = None
        self.clock.now += self.costs.interrupt
        self.wake(thread, WaitResult.TIMED_OUT)

    def _end_wait(self, thread: Thread, result: WaitResult) -> None:
        assert thread.state is ThreadState.WAITING, f"{thread} does not wait"
        if thread.wait_on is not None:
            if result is not WaitResult.AWAKENED:
                thread.wait_on.remove(thread)
            thread.wait_on = None
        if thread.timer is not None:
            thread.timer.cancel()
            thread.timer = None
        thread.wait_result = result
        continuation = thread.continuation
        if continuation is not None:
            thread.continuation = None
            continuation(thread, result)

    def wake(self, thread: Thread, result: WaitResult = WaitResult.AWAKENED) -> None:
        """End a wait.  Whoever awakens a thread has taken it out of its queue; on any other result
        (timed out, interrupted) it is taken out here."""
        self._end_wait(thread, result)
        self.make_runnable(thread)

    def wake_one(self, queue: WaitQueue) -> Thread | None:
        if not queue.threads:
            return None
        thread = queue.threads.popleft()
        self.wake(thread)
        return thread

    def wake_all(self, queue: WaitQueue) -> int:
        count = len(queue.threads)
        for _ in range(count):
            self.wake(queue.threads.popleft())
        return count

    def handoff(self, thread: Thread, result: WaitResult = WaitResult.AWAKENED) -> None:
        """As ``wake``, but the thread gets this processor next if the current thread gives it up."""
        continuation = thread.continuation
        if continuation is not None and thread.timer is None and result is WaitResult.AWAKENED:
            assert thread.state is ThreadState.WAITING, f"{thread} does not wait"
            thread.wait_on = thread.continuation = None
            thread.wait_result = result
            continuation(thread, result)
        else:
            self._end_wait(thread, result)
        processor = self.processor
        if (
            self.handoff_thread is None
            and thread.suspend_count == 0
            and processor is not None
            and thread.processor_set is processor.processor_set
        ):
            thread.state = ThreadState.RUNNABLE
            self.handoff_thread = thread
        else:
            self.make_runnable(thread)

    def settle_handoff(self) -> None:
        """The current thread did not give its processor up: the other queues like anybody."""
        thread = self.handoff_thread
        if thread is not None:
            self.handoff_thread = None
            self.make_runnable(thread)

    # ---- running

    def make_runnable(self, thread: Thread) -> None:
        """To an idle processor if there is one, else to the run queue (Mach's ``thread_setrun``)."""
        if (
            thread.suspend_count
            and thread.coroutine is None
            and thread.user_state is not None
            and not thread.aborted  # one that was terminated must get to its boundary
        ):
            thread.state = ThreadState.SUSPENDED
            return
        clock = self.clock
        thread.state = ThreadState.RUNNABLE
        clock.now += self.costs.schedule
        home = thread.processor_set
        assert home is not None
        compute_priority(thread, self.clock.now)
        processor = self._idle_processor(thread, home)
        if processor is not None:
            processor.thread = thread
            processor.clock_ns = max(processor.clock_ns, clock.now) + self.costs.context_switch
            self._start(processor, thread)
            return
        home.run_queue.append(thread)
        self._preempt_for(thread, home)

    def _idle_processor(self, thread: Thread, home: ProcessorSet) -> Processor | None:
        last = thread.last_processor
        if last is not None and last.thread is None and last.processor_set is home:
            return last
        for processor in home.processors:
            if processor.thread is None:
                return processor
        return None

    def _preempt_for(self, thread: Thread, home: ProcessorSet) -> None:
        """If a processor runs something worse than the newcomer, let it choose again."""
        worst: Processor | None = None
        worst_priority = thread.sched_priority
        for processor in home.processors:
            running = processor.thread
            if running is not None and running.sched_priority > worst_priority:
                worst, worst_priority = processor, running.sched_priority
        if worst is not None:
            worst.preempt = True

    def _start(self, processor: Processor, thread: Thread) -> None:
        thread.state = ThreadState.RUNNING
        thread.processor = processor
        thread.last_processor = processor
        if thread.depressed_priority >= 0:
            end_depression(thread, self.clock.now)
        if thread.quantum_end <= thread.user_time + thread.system_time:
            renew_quantum(thread)
        if thread.attention:
            processor.preempt = True

    def choose(self, processor: Processor) -> None:
        """Give the processor its next thread: the one handed over to, or the best runnable, or none."""
        thread = self.handoff_thread
        if thread is not None:
            self.handoff_thread = None
            self.clock.now += self.costs.handoff + self.costs.context_switch
        else:
            home = processor.processor_set
            thread = home.run_queue.pop_best() if home is not None else None
            if thread is None:
                processor.thread = None
                return
            self.clock.now += self.costs.schedule + self.costs.context_switch
        processor.thread = thread
        self._start(processor, thread)

    def leave(self, processor: Processor) -> None:
        """The processor's thread no longer runs on it; account for it."""
        thread = processor.thread
        if thread is not None:
            thread.processor = None
            processor.thread = None

    def preempt(self, processor: Processor, *, to_front: bool) -> None:
        """The thread on the processor goes back to the run queue and another is chosen."""
        thread = processor.thread
        assert thread is not None
        if thread.restartable:
            thread.attention = True
        self.leave(processor)
        home = thread.processor_set
        assert home is not None
        if home is not processor.processor_set:
            self.make_runnable(thread)  # it may find an idle processor where it belongs
            if processor.thread is None:
                self.choose(processor)
            return
        thread.state = ThreadState.RUNNABLE
        compute_priority(thread, self.clock.now)
        self.clock.now += self.costs.schedule
        if to_front:
            home.run_queue.appendleft(thread)
        else:
            thread.quantum_end = 0
            home.run_queue.append(thread)
        self.choose(processor)

    def yield_processor(self, thread: Thread) -> None:
        """The current thread goes to the end of the run queue; it leaves its processor on its way out."""
        home = thread.processor_set
        assert home is not None and thread is self.current
        thread.quantum_end = 0
        compute_priority(thread, self.clock.now)
        thread.state = ThreadState.RUNNABLE
        self.clock.now += self.costs.schedule
        home.run_queue.append(thread)

    def favour(self, thread: Thread) -> bool:
        """Let a runnable thread have this processor next, if it may run here (``thread_switch``)."""
        if (
            self.handoff_thread is not None
            or thread.state is not ThreadState.RUNNABLE
            or thread.processor is not None
            or self.processor is None
            or thread.processor_set is not self.processor.processor_set
        ):
            return False
        self._unqueue(thread)
        self.handoff_thread = thread
        return True

    def _unqueue(self, thread: Thread) -> None:
        if thread is self.handoff_thread:
            self.handoff_thread = None
            return
        assert thread.processor_set is not None
        thread.processor_set.run_queue.remove(thread)

    def requeue(self, thread: Thread, change: Callable[[], None]) -> None:
        """Change what the run queue depends on (priority, set): out, change, in again."""
        queued = thread.state is ThreadState.RUNNABLE and thread.processor is None
        if queued:
            self._unqueue(thread)  # a hand-off to it is off: it may not belong here any more
        change()
        if queued:
            self.make_runnable(thread)
        elif thread.processor is not None:
            thread.processor.preempt = True

    # ---- native threads between two calls

    def must_pause(self, thread: Thread) -> bool:
        """Whether the current native thread, about to run on as its program, must let the dispatcher look
        at something first: a due event, a better thread, the end of its turn, or its own suspension."""
        if self.handoff_thread is not None:
            self.settle_handoff()
        now = self.clock.now
        processor = self.processor
        assert processor is not None
        return (
            thread.attention
            or processor.preempt
            or now >= self.turn_end
            or now >= self.events.soonest
            or now >= self.horizon.time
        )

    async def pause(self, thread: Thread) -> None:
        """Let the dispatcher look at what ``must_pause`` found, and wait while the thread is suspended.
        Whoever calls this must look at ``thread.aborted`` afterwards."""
        while not thread.aborted:
            if thread.suspend_count:
                thread.state = ThreadState.SUSPENDED
            else:
                thread.attention = False
            await PAUSE
            if not thread.suspend_count:
                return

    # ---- suspension

    def hold(self, thread: Thread) -> None:
        """Add to the suspend count; the thread stops before its next user instruction."""
        thread.suspend_count += 1
        if thread.suspend_count == 1:
            thread.attention = True
            if thread.processor is not None:
                thread.processor.preempt = True
            elif (
                thread.state is ThreadState.RUNNABLE
                and thread.coroutine is None
                and thread.user_state is not None
            ):
                self._unqueue(thread)
                thread.state = ThreadState.SUSPENDED

    def release(self, thread: Thread) -> None:
        """Take one from the suspend count; at zero the thread goes on."""
        assert thread.suspend_count > 0
        thread.suspend_count -= 1
        if thread.suspend_count == 0 and thread.state is ThreadState.SUSPENDED:
            self.make_runnable(thread)
