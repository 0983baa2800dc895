"""The engine: however time is cut into slices, and whoever runs where, the same things happen."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel.machine.clock import Clock
from kernel.machine.engine import Engine, Horizon, Reason, run_events
from kernel.machine.events import NEVER, EventQueue
from kernel.machine.trace import combine_digests

from .processes import run_in_processes
from .toy import LOOKAHEAD_NS, ToyNode, ToyProgram

FOUR = [ToyProgram(number, 7 + number, 40, number * 1000, 777 * (number % 2)) for number in range(4)]


def programs(most: int = 5) -> st.SearchStrategy[list[ToyProgram]]:
    """Clusters of toys of which at least the first has something to do."""
    one = st.tuples(
        st.integers(0, 2**32 - 1),
        st.integers(0, 40),
        st.sampled_from([NEVER, 0, 1, 999, 1000, 1001, 20_000]),
        st.sampled_from([0, 0, 300, 1000, 1777, 50_000]),
    )
    return st.lists(one, min_size=1, max_size=most).map(
        lambda toys: [ToyProgram(number, *toy) for number, toy in enumerate(toys)]
    )


def build(cluster: list[ToyProgram], order: list[int] | None = None) -> tuple[Engine, list[ToyNode]]:
    engine = Engine(LOOKAHEAD_NS)
    toys = [ToyNode(program, len(cluster), engine.send) for program in cluster]
    for number in order or range(len(toys)):
        engine.add(toys[number])
    return engine, toys


def digest(toys: list[ToyNode]) -> str:
    return combine_digests({toy.number: toy.trace.digest() for toy in toys})


def run_whole(cluster: list[ToyProgram]) -> str:
    engine, toys = build(cluster)
    assert engine.run() is Reason.IDLE
    return digest(toys)


def run_in_time_order(cluster: list[ToyProgram]) -> str:
    """The reference, without lookahead: every slice is one nanosecond."""
    engine, toys = build(cluster)
    assert engine.run(slice_ns=1) is Reason.IDLE
    return digest(toys)


def run_in_cuts(cluster: list[ToyProgram], cuts: list[tuple[int, int]], order: list[int]) -> str:
    """Again and again for a while, with slices of another length each time."""
    engine, toys = build(cluster, order)
    until = turn = 0
    while True:
        while_ns, slice_ns = cuts[turn % len(cuts)]
        turn += 1
        until = max(until, engine.now) + while_ns
        if engine.run(until, slice_ns=slice_ns) is Reason.IDLE:
            return digest(toys)


@given(
    programs(),
    st.lists(st.tuples(st.integers(1, 30_000), st.integers(1, 3_000)), min_size=1, max_size=8),
    st.randoms(use_true_random=False),
)
@settings(max_examples=150, deadline=None)
def test_the_trace_does_not_depend_on_slices(cluster, cuts, random):
    whole = run_whole(cluster)
    order = list(range(len(cluster)))
    random.shuffle(order)
    assert run_in_cuts(cluster, cuts, order) == whole
    assert run_in_time_order(cluster) == whole


@given(programs(3), st.lists(st.booleans(), max_size=30))
@settings(max_examples=60, deadline=None)
def test_the_trace_does_not_depend_on_stops(cluster, stops):
    engine, toys = build(cluster)
    turn = 0

    def stop() -> bool:
        nonlocal turn
        turn += 1
        return stops[turn % len(stops)]

    stops.append(False)
    while (reason := engine.run(stop=stop)) is Reason.STOPPED:
        pass
    assert reason is Reason.IDLE
    assert digest(toys) == run_whole(cluster)


@given(programs(4))
@settings(max_examples=12, deadline=None)
def test_the_trace_is_the_same_with_each_node_in_its_own_process(cluster):
    assert run_in_processes(cluster) == run_whole(cluster)


@pytest.mark.parametrize("hash_seed", ["1", "2"])
def test_the_trace_does_not_depend_on_the_hash_seed(hash_seed):
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(root)}
    code = "from tests.machine.test_engine import FOUR, run_whole; print(run_whole(FOUR))"
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == run_whole(FOUR)


# ---------------------------------------------------------------------- case by case


class Node:
    """An actor that does what its events say, and notes its slices."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.clock = Clock()
        self.events = EventQueue(self.clock, number)
        self.slices: list[tuple[int, int]] = []
        self.received: list[tuple[int, int, bytes]] = []

    def next_time(self) -> int:
        return self.events.next_time()

    def progress_time(self) -> int:
        return self.events.progress_time()

    def advance(self, horizon: Horizon) -> None:
        start = horizon.now
        run_events(self.events, horizon)
        self.slices.append((start, horizon.time))

    def receive(self, source: int, packet: bytes) -> None:
        self.received.append((self.clock.now, source, packet))


def nodes(count: int) -> tuple[Engine, list[Node]]:
    engine = Engine(lookahead_ns=100)
    made = [Node(number) for number in range(count)]
    for node in made:
        engine.add(node)
    return engine, made


def nothing() -> None:
    pass


def schedule(engine: Engine, node: Node, at_ns: int, action=nothing, *args: object, **options: bool) -> None:
    node.events.schedule(at_ns, action, *args, **options)
    engine.restamp(node.number)


def test_a_lone_node_is_not_interrupted():
    engine, (node,) = nodes(1)
    for at in range(0, 10_000, 10):
        schedule(engine, node, at)
    assert engine.run() is Reason.IDLE
    assert node.slices == [(0, NEVER)]
    assert engine.now == 9_991


def test_the_horizon_is_the_second_earliest_time_and_the_lookahead():
    engine, (first, second, third) = nodes(3)
    schedule(engine, first, 10)
    schedule(engine, second, 40)
    schedule(engine, third, 50)
    engine.run()
    assert first.slices == [(10, 140)]
    assert second.slices == [(40, 150)]
    assert third.slices == [(50, NEVER)]


def test_sending_lowers_the_senders_own_horizon():
    engine, (first, second) = nodes(2)
    schedule(engine, first, 0, lambda: engine.send(0, 1, 130, b"ping"))
    engine.run()
    assert first.slices == [(0, 230)]
    assert second.received == [(130, 0, b"ping")]


def test_packets_that_arrive_together_are_ordered_by_source_and_number():
    engine, made = nodes(4)

    def send(source: int) -> None:
        engine.send(source, 0, 500, b"first")
        engine.send(source, 0, 500, b"second")

    for node, at in zip(made[1:], (30, 20, 10), strict=True):
        schedule(engine, node, at, send, node.number)
    engine.run()
    assert made[0].received == [(500, source, text) for source in (1, 2, 3) for text in (b"first", b"second")]


def test_idle_nodes_are_never_looked_at():
    engine, made = nodes(128)
    for node in made[1:]:
        node.next_time = lambda: pytest.fail("an idle node was asked")  # type: ignore[method-assign]
    schedule(engine, made[0], 5)
    assert engine.run() is Reason.IDLE
    assert engine.slices == 1


def test_a_send_that_comes_too_soon_breaks_the_promise():
    engine, (first, _) = nodes(2)
    schedule(engine, first, 10, lambda: engine.send(0, 1, 109, b""))
    with pytest.raises(AssertionError, match=r"node 0 breaks the promise.*at 10 ns.*at 109 ns") as failure:
        engine.run()
    assert failure.value.__notes__ == ["on node 0, in what it began at 10 ns"]


def test_only_the_running_node_sends():
    engine, (first, _) = nodes(2)
    with pytest.raises(AssertionError, match="out of turn"):
        engine.send(0, 1, 1000, b"")
    schedule(engine, first, 10, lambda: engine.send(1, 0, 1000, b""))
    with pytest.raises(AssertionError, match="node 1 sends out of turn"):
        engine.run()


def test_an_actor_that_does_not_advance_is_found_out():
    engine, (lazy, _) = nodes(2)
    schedule(engine, lazy, 10)
    lazy.advance = lambda horizon: None  # type: ignore[method-assign]
    with pytest.raises(AssertionError, match="node 0 left undone what begins at 10 ns"):
        engine.run()


def test_until_does_everything_before_and_nothing_at_that_time():
    engine, (first, second) = nodes(2)
    done: list[int] = []
    for at in (5, 99, 100):
        schedule(engine, first, at, done.append, at)
    assert engine.run(100) is Reason.UNTIL
    assert (done, engine.now) == ([5, 99], 100)
    assert engine.run(101) is Reason.IDLE
    assert done == [5, 99, 100]
    assert second.slices == []


def test_stopping_from_within_lets_the_action_end_and_nothing_more():
    engine, (first, second) = nodes(2)
    done: list[int] = []
    schedule(engine, first, 10, lambda: (engine.stop(), done.append(10)))
    schedule(engine, first, 10, done.append, 10)
    schedule(engine, first, 11, done.append, 11)
    schedule(engine, second, 11, done.append, 12)
    assert engine.run() is Reason.STOPPED
    assert (done, engine.now) == ([10, 10], 11)
    assert engine.run() is Reason.IDLE
    assert done == [10, 10, 11, 12]


def test_housekeeping_alone_does_not_keep_the_machine_going():
    engine, (first, second) = nodes(2)
    done: list[tuple[int, int]] = []

    def keep_house(node: Node) -> None:
        done.append((node.number, node.clock.now))
        node.events.schedule(node.clock.now + 10, keep_house, node, housekeeping=True)

    schedule(engine, first, 25)
    schedule(engine, first, 5, keep_house, first, housekeeping=True)
    schedule(engine, second, 5, keep_house, second, housekeeping=True)
    assert engine.run() is Reason.IDLE
    # The last progress is at 25, and on both nodes nothing that matters comes after it.
    assert sorted(done) == [(0, 5), (0, 15), (1, 5), (1, 15)]
    assert engine.now == 26
    assert engine.next_time() == 25


def test_housekeeping_goes_on_when_the_machine_is_paced():
    engine, (node,) = nodes(1)
    done: list[int] = []
    schedule(engine, node, 40, done.append, 40, housekeeping=True)
    schedule(engine, node, 60, done.append, 60, housekeeping=True)
    assert engine.run(50) is Reason.IDLE
    assert done == []
    assert engine.run(50, housekeeping=True) is Reason.IDLE
    assert (done, engine.now) == ([40], 50)


def test_work_that_housekeeping_starts_is_done():
    engine, (first, second) = nodes(2)
    done: list[int] = []
    schedule(engine, second, 1000)
    schedule(engine, first, 10, lambda: first.events.schedule(2000, done.append, 2000), housekeeping=True)
    assert engine.run() is Reason.IDLE
    assert done == [2000]


def test_a_number_is_taken_once():
    engine, _ = nodes(2)
    with pytest.raises(ValueError, match="number 1"):
        engine.add(Node(1))
    with pytest.raises(ValueError, match="lookahead"):
        Engine(0)
