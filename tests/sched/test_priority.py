"""What priorities, policies and assignments do to threads that are queued, depressed or handed over to."""

from kernel.interface.constants import POLICY_FIXEDPRI
from kernel.sched.assignment import assign
from kernel.sched.priority import depress, set_policy
from kernel.sched.processor import WORST_PRIORITY, ProcessorSet
from kernel.sched.thread import Outcome, Thread, ThreadState, WaitResult
from kernel.sched.wait import WaitQueue

from .toy_node import ToyNode, say

SECOND_NS = 1_000_000_000


def give_way(node: ToyNode, thread: Thread) -> Outcome:
    """Depressed for longer than any test lasts."""
    depress(node.scheduler, thread, node.clock.now + 1000 * SECOND_NS)
    node.scheduler.yield_processor(thread)
    return 0


def look(node: ToyNode, thread: Thread) -> Outcome:
    node.log.append((thread.name, thread.sched_priority))
    return 0


def test_a_depressed_thread_runs_after_all_others_and_is_itself_again() -> None:
    toy = ToyNode()
    toy.thread("polite", give_way, look)
    toy.thread("worse", look, priority=WORST_PRIORITY - 1)
    toy.run()
    assert toy.log == [("worse", WORST_PRIORITY - 1), "worse done", ("polite", 12), "polite done"]


def test_depression_ends_at_once_when_nobody_else_wants_the_processor() -> None:
    toy = ToyNode()
    thread = toy.thread("polite", give_way, look)
    toy.run()
    assert toy.log == [("polite", 12), "polite done"]
    assert thread.depress_timer is None


def test_a_shorter_quantum_holds_from_the_first_turn_on() -> None:
    toy = ToyNode()
    long = SECOND_NS // toy.costs.instruction
    first = toy.thread("first", long)
    toy.thread("second", say("second runs"), priority=12)
    set_policy(toy.scheduler, first, POLICY_FIXEDPRI, 10_000_000)
    toy.run(until_ns=15_000_000)
    assert toy.log[:1] == ["second runs"]


def test_assigning_the_thread_handed_over_to_takes_the_processor_from_it() -> None:
    toy = ToyNode()
    scheduler = toy.scheduler
    queue = WaitQueue("a hand-off")
    elsewhere = ProcessorSet(1)
    scheduler.processor_sets.append(elsewhere)

    def wait(node: ToyNode, thread: Thread) -> Outcome:
        queue.append(thread)
        scheduler.block(thread, queue, lambda thread, result: None)
        return None

    waiter = toy.thread("waiter", wait, say("waiter runs"))

    def hand_over_and_assign(node: ToyNode, thread: Thread) -> Outcome:
        scheduler.handoff(queue.threads.popleft())
        assign(scheduler, waiter, elsewhere)
        queue.append(thread)
        scheduler.block(thread, queue, None)
        return None

    toy.thread("giver", hand_over_and_assign)
    toy.run()
    assert toy.log == []
    assert waiter.state is ThreadState.RUNNABLE
    assert elsewhere.run_queue.threads() == [waiter]


def test_a_terminated_thread_gets_to_its_boundary_although_it_is_suspended() -> None:
    toy = ToyNode()
    queue = WaitQueue("something that cannot be broken off")

    def wait(node: ToyNode, thread: Thread) -> Outcome:
        queue.append(thread)
        node.scheduler.block(thread, queue, lambda thread, result: None, interruptible=False)
        return None

    thread = toy.thread("a", wait, say("not reached"))
    toy.run()
    toy.scheduler.hold(thread)
    thread.aborted = thread.attention = True
    toy.scheduler.wake(queue.threads.popleft(), WaitResult.AWAKENED)
    toy.run()
    assert toy.log == ["a killed"]
