"""What the engine itself costs: wall time for an event and for a slice.

Neither may grow with the number of nodes, so both are measured with as many nodes as asked for.  The
floor is one push to and one pop from a heap of as many integers, measured in the same run.
"""

from collections.abc import Callable
from dataclasses import dataclass
from heapq import heappop, heappush
from time import perf_counter_ns

from kernel.machine.clock import Clock
from kernel.machine.engine import Engine, Horizon, run_events
from kernel.machine.events import EventQueue

_LOOKAHEAD_NS = 1_000


@dataclass(frozen=True, slots=True)
class EngineCosts:
    """Wall nanoseconds."""

    event_ns: float  # an event scheduled and happening, its slice not counted
    slice_ns: float  # an actor chosen, advanced, and put back, one event in it
    floor_ns: float  # a push and a pop of a heap with one entry a node


class _Ticker:
    """Does nothing, every ``period_ns``, ``left`` times."""

    def __init__(self, number: int, period_ns: int, count: int) -> None:
        self.number = number
        self.clock = Clock()
        self.events = EventQueue(self.clock, number)
        self._period_ns = period_ns
        self._left = count
        # Not all at the same instant: each slice then has to find another actor.
        self.events.schedule(1 + number, self._tick)

    def _tick(self) -> None:
        self._left -= 1
        if self._left:
            self.events.schedule(self.clock.now + self._period_ns, self._tick)

    def next_time(self) -> int:
        return self.events.next_time()

    def progress_time(self) -> int:
        return self.events.progress_time()

    def advance(self, horizon: Horizon) -> None:
        run_events(self.events, horizon)

    def receive(self, source: int, packet: bytes) -> None:
        raise AssertionError("nobody sends")


def engine_costs(nodes: int, events: int = 100_000, rounds: int = 3) -> EngineCosts:
    """What an event and a slice cost with ``nodes`` nodes all at work; the best of ``rounds``."""
    count = max(1, events // nodes)

    def measured(period_ns: int) -> tuple[float, float]:
        """Wall time and slices, each for one event, with events this far apart on each node."""
        engine = Engine(_LOOKAHEAD_NS)
        for number in range(nodes):
            engine.add(_Ticker(number, period_ns, count))
        wall = _timed(engine.run)
        return wall / (count * nodes), engine.slices / (count * nodes)

    # A slice with one event in it, and slices with many: two equations.
    wall_a, slices_a = min(measured(10 * _LOOKAHEAD_NS) for _ in range(rounds))
    wall_b, slices_b = min(measured(max(1, _LOOKAHEAD_NS // 50)) for _ in range(rounds))
    alone_ns = (wall_a - wall_b) / (slices_a - slices_b)  # a slice without its events
    event_ns = wall_b - slices_b * alone_ns
    return EngineCosts(event_ns, alone_ns + event_ns, min(_floor(nodes, events) for _ in range(rounds)))


def _floor(nodes: int, times: int) -> float:
    heap = list(range(nodes))

    def push_and_pop() -> None:
        for number in range(nodes, nodes + times):
            heappush(heap, number)
            heappop(heap)

    return _timed(push_and_pop) / times


def _timed(work: Callable[[], object]) -> int:
    start = perf_counter_ns()
    work()
    return perf_counter_ns() - start
