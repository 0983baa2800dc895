"""Threads run, wait, are woken, handed a processor, preempted, suspended, on one and more processors."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.interface.constants import POLICY_FIXEDPRI, POLICY_TIMESHARE
from kernel.machine.engine import Reason
from kernel.sched.dispatch import WINDOW_NS
from kernel.sched.priority import compute_priority, depress, set_policy
from kernel.sched.processor import QUANTUM_NS, WORST_PRIORITY
from kernel.sched.thread import Outcome, Thread, ThreadState, WaitResult
from kernel.sched.wait import WaitQueue

from .toy_node import Step, ToyNode, assert_idle, say


def test_a_thread_computes_for_exactly_its_instructions() -> None:
    toy = ToyNode()
    thread = toy.thread("a", 1000)
    assert toy.run() is Reason.IDLE
    assert thread.state is ThreadState.HALTED
    assert thread.user_time == 1001 * toy.costs.instruction  # the trap that ends it counts too
    assert toy.log == ["a done"]


def test_equal_threads_share_by_quantum() -> None:
    toy = ToyNode()
    quantum = QUANTUM_NS // toy.costs.instruction
    toy.thread("a", quantum * 2 + 10)
    toy.thread("b", 10)
    toy.run()
    assert toy.log == ["b done", "a done"]  # b gets its turn after a's first quantum


def test_a_better_priority_runs_first_and_preempts() -> None:
    toy = ToyNode()
    queue = WaitQueue("signal")

    def sleep(node: ToyNode, thread: Thread) -> Outcome:
        return wait_on(node, queue)

    def wake(node: ToyNode, thread: Thread) -> Outcome:
        node.scheduler.wake_one(queue)
        return 0

    toy.thread("high", sleep, say("high ran"), priority=5)
    toy.thread("low", 100, wake, say("low went on"), priority=20)
    toy.run()
    assert toy.log == ["high ran", "high done", "low went on", "low done"]


async def wait_on(toy: ToyNode, queue: WaitQueue, deadline: int | None = None) -> int:
    return int(await toy.scheduler.wait(queue, deadline=deadline))


def test_a_wait_times_out_at_its_deadline() -> None:
    toy = ToyNode()
    queue = WaitQueue("nothing")

    def sleep(node: ToyNode, thread: Thread) -> Outcome:
        return wait_on(node, queue, node.clock.now + 5_000_000)

    thread = toy.thread("a", sleep)
    toy.run()
    assert thread.wait_result is WaitResult.TIMED_OUT
    assert toy.clock.now >= 5_000_000
    assert len(queue) == 0


def test_a_wakeup_before_the_deadline_cancels_it() -> None:
    toy = ToyNode()
    queue = WaitQueue("signal")

    def sleep(node: ToyNode, thread: Thread) -> Outcome:
        return wait_on(node, queue, node.clock.now + 10_000_000_000)

    def wake(node: ToyNode, thread: Thread) -> Outcome:
        node.scheduler.wake_one(queue)
        return 0

    sleeper = toy.thread("a", sleep)
    toy.thread("b", 100, wake)
    assert toy.run() is Reason.IDLE
    assert sleeper.wait_result is WaitResult.AWAKENED
    assert toy.clock.now < 10_000_000_000  # nothing is left in the event queue
    assert toy.events.progress == 0


def test_a_handoff_costs_no_scheduling_decision() -> None:
    """Client and server alternate; each hand-off charges handoff, not schedule and context_switch."""
    toy = ToyNode()
    server_queue, client_queue = WaitQueue("request"), WaitQueue("reply")

    def rpc(give: WaitQueue, take: WaitQueue) -> Step:
        def handler(node: ToyNode, thread: Thread) -> Outcome:
            if give.threads:
                node.scheduler.handoff(give.threads.popleft())
            return wait_on(node, take)

        return handler

    toy.thread("server", rpc(client_queue, server_queue), *[rpc(client_queue, server_queue)] * 10)
    toy.thread("client", *[rpc(server_queue, client_queue)] * 10)
    toy.run(until_ns=10_000_000)
    start = toy.clock.now
    assert len(server_queue) == 1  # the server waits for an eleventh request
    per_rpc = 2 * (toy.costs.trap + toy.costs.handoff + toy.costs.instruction)
    assert start < 12 * per_rpc + 4 * (toy.costs.schedule + toy.costs.context_switch) + 10 * per_rpc


def test_a_suspended_thread_stops_before_its_next_instruction_and_goes_on_when_released() -> None:
    toy = ToyNode()
    thread = toy.thread("a", 10, say("one"), 10, say("two"), priority=20)

    def hold(node: ToyNode, by: Thread) -> Outcome:
        node.scheduler.hold(thread)
        return 0

    toy.thread("b", hold, say("b"), priority=5)
    toy.run()
    assert toy.log == ["b", "b done"]
    assert thread.state is ThreadState.SUSPENDED
    toy.scheduler.release(thread)
    toy.run()
    assert toy.log == ["b", "b done", "one", "two", "a done"]


def test_a_thread_that_suspends_itself() -> None:
    toy = ToyNode()

    def hold(node: ToyNode, thread: Thread) -> Outcome:
        node.scheduler.hold(thread)
        return 7

    thread = toy.thread("a", hold, say("after"))
    toy.run()
    assert thread.state is ThreadState.SUSPENDED and toy.log == []
    toy.scheduler.release(thread)
    toy.run()
    assert toy.log == ["after", "a done"]


def test_a_suspended_waiter_is_held_when_its_wait_ends() -> None:
    toy = ToyNode()
    queue = WaitQueue("signal")
    waiter = toy.thread("a", lambda node, thread: wait_on(node, queue), say("a"))
    toy.run()
    toy.scheduler.hold(waiter)
    toy.scheduler.wake_one(queue)
    toy.run()  # it finishes in the kernel, and stops there
    assert waiter.state is ThreadState.SUSPENDED and toy.log == []
    toy.scheduler.release(waiter)
    toy.run()
    assert toy.log == ["a", "a done"]


def test_a_terminated_waiter_unwinds_and_ends_at_the_boundary() -> None:
    toy = ToyNode()
    queue = WaitQueue("signal")
    unwound = []

    async def careful(node: ToyNode) -> int:
        unwound.append(await node.scheduler.wait(queue))
        unwound.append(await node.scheduler.wait(queue))  # a second wait does not even begin
        return 0

    thread = toy.thread("a", lambda node, thread: careful(node), say("never"))
    toy.run()
    thread.aborted = thread.attention = True
    toy.scheduler.wake(thread, WaitResult.INTERRUPTED)
    toy.run()
    assert unwound == [WaitResult.INTERRUPTED, WaitResult.INTERRUPTED]
    assert toy.log == ["a killed"]
    assert len(queue) == 0


def test_kernel_threads_are_coroutines_for_life() -> None:
    toy = ToyNode()
    queue = WaitQueue("work")

    async def worker() -> int:
        for _ in range(3):
            await toy.scheduler.wait(queue)
            toy.log.append("worked")
        return 0

    toy.scheduler.spawn("worker", worker())

    def wake(node: ToyNode, thread: Thread) -> Outcome:
        node.scheduler.wake_one(queue)
        return 0

    toy.thread("a", 10, wake, 10, wake, 10, wake)
    toy.run()
    assert toy.log.count("worked") == 3
    assert "worker finished" in toy.log
    assert_idle(toy)


def test_usage_lowers_priority_and_decays() -> None:
    toy = ToyNode()
    thread = toy.thread("a", 2_000_000_000 // toy.costs.instruction)
    toy.run()
    assert thread.sched_usage > 0
    other = toy.thread("b", 10)
    other.sched_usage, other.sched_stamp = 1_000_000_000, 0
    compute_priority(other, toy.clock.now)
    assert 12 < other.sched_priority <= WORST_PRIORITY
    toy.clock.now += 200_000_000_000
    compute_priority(other, toy.clock.now)
    assert other.sched_priority == 12


def test_fixed_priority_ignores_usage() -> None:
    toy = ToyNode()
    thread = toy.thread("a", 1)
    set_policy(toy.scheduler, thread, POLICY_FIXEDPRI, 20_000_000)
    thread.sched_usage = 5_000_000_000
    compute_priority(thread, toy.clock.now)
    assert thread.sched_priority == 12
    set_policy(toy.scheduler, thread, POLICY_TIMESHARE, 0)
    assert thread.sched_priority > 12


def test_depression_ends_by_itself() -> None:
    toy = ToyNode()

    def give_up(node: ToyNode, thread: Thread) -> Outcome:
        depress(node.scheduler, thread, node.clock.now + 1_000_000)
        node.log.append(thread.sched_priority)
        return 0

    def look(node: ToyNode, thread: Thread) -> Outcome:
        node.log.append(thread.sched_priority)
        return 0

    toy.thread("a", give_up, 1_500_000 // toy.costs.instruction, look)
    toy.run()
    assert toy.log[:2] == [WORST_PRIORITY, 12]


def test_two_processors_compute_at_once() -> None:
    toy = ToyNode(2)
    work = 1_000_000
    toy.thread("a", work)
    toy.thread("b", work)
    toy.run()
    alone = work * toy.costs.instruction
    assert toy.clock.now < alone * 1.2  # side by side, not one after the other


def test_a_woken_thread_starts_on_an_idle_processor_no_earlier_than_its_wakeup() -> None:
    toy = ToyNode(2)
    queue = WaitQueue("signal")
    toy.thread("sleeper", lambda node, thread: wait_on(node, queue), say("awake"))
    woken_at = []

    def wake(node: ToyNode, thread: Thread) -> Outcome:
        woken_at.append(node.clock.now)
        node.scheduler.wake_one(queue)
        return 0

    toy.thread("waker", 50_000, wake, 50_000)
    toy.run()
    assert toy.log[0] == "awake"
    assert toy.scheduler.processors[0].clock_ns >= woken_at[0]


@given(
    scripts=st.lists(
        st.lists(
            st.one_of(st.integers(1, 40_000), st.sampled_from(["wake", "wait", "yield", "say"])), max_size=8
        ),
        min_size=1,
        max_size=5,
    ),
    processors=st.sampled_from([1, 2, 3]),
    slices=st.lists(st.integers(1_000, 3_000_000), min_size=1, max_size=5),
)
def test_a_run_does_not_depend_on_how_it_is_cut(
    scripts: list[list[int | str]], processors: int, slices: list[int]
) -> None:
    def play(cut: bool) -> tuple[list[object], int, list[int]]:
        toy = ToyNode(processors)
        queue = WaitQueue("signal")

        def wait(node: ToyNode, thread: Thread) -> Outcome:
            return wait_on(node, queue, node.clock.now + 700_000)

        def wake(node: ToyNode, thread: Thread) -> Outcome:
            node.scheduler.wake_one(queue)
            return 0

        def give_way(node: ToyNode, thread: Thread) -> Outcome:
            node.scheduler.yield_processor(thread)
            return 0

        def note(node: ToyNode, thread: Thread) -> Outcome:
            node.log.append((node.clock.now, thread.name))
            return 0

        steps: dict[str, Step] = {"wait": wait, "wake": wake, "yield": give_way, "say": note}
        for index, script in enumerate(scripts):
            toy.thread(f"t{index}", *(step if isinstance(step, int) else steps[step] for step in script))
        if cut:
            time = 0
            grain = WINDOW_NS if processors > 1 else 1
            for _ in range(100):
                for length in slices:
                    time += length // grain * grain + grain
                    toy.run(until_ns=time)
        assert toy.run() is Reason.IDLE
        assert_idle(toy)
        return toy.log, toy.clock.now, [processor.clock_ns for processor in toy.scheduler.processors]

    assert play(cut=False) == play(cut=True)


def test_an_unknown_await_is_an_internal_error() -> None:
    toy = ToyNode()

    class Nothing:
        def __await__(self):  # type: ignore[no-untyped-def]
            yield

    async def broken() -> int:
        await Nothing()
        return 0

    toy.thread("a", lambda node, thread: broken())
    with pytest.raises(AssertionError, match="no wait"):
        toy.run()
