"""Pace: virtual time is never ahead of the wall, and no test waits for either."""

import pytest

from kernel.machine.clock import Clock
from kernel.machine.engine import Engine, Horizon, Reason, run_events
from kernel.machine.events import EventQueue
from kernel.machine.pace import Pace

MS = 1_000_000


class Wall:
    """A wall clock that moves when somebody waits, and a little whenever it is read."""

    def __init__(self, reading_ns: int = 0) -> None:
        self.now = 7_000 * MS
        self.waits: list[int] = []
        self._reading_ns = reading_ns

    def read(self) -> int:
        self.now += self._reading_ns
        return self.now

    def wait(self, timeout_ns: int) -> None:
        self.waits.append(timeout_ns)
        self.now += timeout_ns


class Node:
    number = 0

    def __init__(self, engine: Engine) -> None:
        self.clock = Clock()
        self.events = EventQueue(self.clock, 0)
        self.next_time = self.events.next_time
        self.progress_time = self.events.progress_time
        engine.add(self)

    def advance(self, horizon: Horizon) -> None:
        run_events(self.events, horizon)

    def receive(self, source: int, packet: bytes) -> None: ...


def machine(*times_ns: int) -> tuple[Engine, Node, Wall, list[tuple[int, int]]]:
    """A node with something to do at some times, and a list of (virtual, wall) times when it did."""
    engine, wall = Engine(1_000), Wall()
    node = Node(engine)
    done: list[tuple[int, int]] = []
    for at in times_ns:
        node.events.schedule(at, lambda: done.append((node.clock.now, wall.now - 7_000 * MS)))
    engine.restamp(0)
    return engine, node, wall, done


@pytest.mark.parametrize(("rate", "scale"), [(1.0, 1), (0.5, 2), (0.25, 4)])
def test_things_happen_when_the_wall_says_so(rate, scale):
    engine, _, wall, done = machine(0, 50 * MS, 3_000 * MS)
    pace = Pace(engine, rate, wall.read, wall.wait)
    assert pace.run() is Reason.IDLE
    assert [virtual for virtual, _ in done] == [0, 50 * MS, 3_000 * MS]
    for virtual, at in done:
        assert virtual * scale <= at <= virtual * scale + 2 * MS
    assert len(wall.waits) < 8


def test_a_machine_behind_the_wall_catches_up_without_waiting():
    engine, _, wall, done = machine(*range(0, 100 * MS, MS))
    pace = Pace(engine, 1.0, wall.read, wall.wait)
    wall.now += 500 * MS
    assert pace.run(90 * MS) is Reason.UNTIL
    assert (wall.waits, len(done)) == ([], 90)


def test_it_does_not_run_beyond_until():
    engine, _, wall, done = machine(50 * MS, 100 * MS)
    pace = Pace(engine, 1.0, wall.read, wall.wait)
    assert pace.run(70 * MS) is Reason.UNTIL
    assert (engine.now, len(done)) == (70 * MS, 1)


def test_inputs_are_asked_for_when_virtual_time_has_come_as_far_as_it_may():
    engine, node, wall, done = machine(0, 1_000 * MS)
    pace = Pace(engine, 1.0, wall.read, wall.wait)
    asked: list[int] = []

    def poll() -> bool:
        asked.append(engine.now)
        if len(asked) == 3:
            node.events.schedule(engine.now, lambda: done.append((engine.now, -1)))
            engine.restamp(0)
            return True
        return False

    assert pace.run(poll=poll) is Reason.IDLE
    assert len(done) == 3
    assert asked == sorted(asked)


def test_long_silence_is_skipped_in_few_steps():
    engine, node, wall, done = machine()
    node.events.schedule(3_600_000 * MS, lambda: done.append((0, 0)), housekeeping=True)
    engine.restamp(0)
    pace = Pace(engine, 1.0, wall.read, wall.wait)
    wall.now += 3_700_000 * MS
    polls: list[int] = []
    node.events.schedule(3_650_000 * MS, lambda: done.append((1, 1)))
    engine.restamp(0)
    assert pace.run(poll=lambda: bool(polls.append(engine.now))) is Reason.IDLE
    assert len(done) == 2
    assert len(polls) < 10_000


def test_stopping():
    engine, _, wall, _ = machine(0, 50 * MS)
    pace = Pace(engine, 1.0, wall.read, wall.wait)
    assert pace.run(stop=lambda: engine.slices >= 1) is Reason.STOPPED


def test_after_a_pause_time_goes_on_from_where_it_was():
    engine, _, wall, done = machine(0, 50 * MS)
    pace = Pace(engine, 1.0, wall.read, wall.wait)
    pace.run(10 * MS)
    wall.now += 60_000 * MS
    pace.restart(2.0)
    assert pace.allowed_ns() == 10 * MS
    pace.run()
    assert done[-1][1] - done[0][1] == pytest.approx(60_030 * MS, abs=3 * MS)


def test_a_pace_must_be_positive():
    engine, _, wall, _ = machine()
    with pytest.raises(ValueError, match="pace of 0"):
        Pace(engine, 0, wall.read, wall.wait)
