"""The terminal line: bytes in, bytes out, all eight bits of them."""

import pytest

from kernel.machine.clock import Clock
from kernel.machine.door import Door
from kernel.machine.engine import Engine, Horizon, run_events
from kernel.machine.events import NEVER, EventQueue
from kernel.machine.terminal import TerminalLine


class Rig:
    """A line of a node, and what came out of both ends when."""

    number = 0

    def __init__(self, byte_ns: int = 0) -> None:
        self.clock = Clock()
        self.events = EventQueue(self.clock, 0)
        self.shown: list[tuple[int, bytes]] = []
        self.heard: list[bytes] = []
        self.transmitted: list[int] = []
        self.changes = 0
        self.line = TerminalLine(
            self.clock,
            self.events,
            lambda data: self.shown.append((self.clock.now, data)),
            byte_ns=byte_ns,
        )
        self.next_time = self.events.next_time
        self.progress_time = self.events.progress_time

    def attach(self) -> None:
        self.line.attach(self.heard.append, lambda: self.transmitted.append(self.clock.now), self.change)

    def change(self) -> None:
        self.changes += 1

    def advance(self, horizon: Horizon) -> None:
        run_events(self.events, horizon)

    def receive(self, source: int, packet: bytes) -> None: ...

    def text(self) -> bytes:
        return b"".join(data for _, data in self.shown)


ALL = bytes(range(256))


def test_output_is_shown_at_once_when_the_line_has_no_rate():
    rig = Rig()
    rig.attach()
    rig.clock.now = 5
    rig.line.write(ALL)
    assert rig.shown == [(5, ALL)]
    assert rig.line.busy
    rig.events.run_due(6)
    assert rig.transmitted == [5]
    assert not rig.line.busy


def test_writing_nothing_is_nothing():
    rig = Rig()
    rig.attach()
    rig.line.write(b"")
    assert rig.events.next_time() == NEVER


def test_output_takes_its_time_on_a_line_with_a_rate():
    rig = Rig(byte_ns=100)
    rig.attach()
    rig.line.write(ALL)
    rig.line.write(b"end")
    assert rig.shown == []
    rig.events.run_due(NEVER)
    assert rig.text() == ALL + b"end"
    assert rig.transmitted == [25_900]
    for at, data in rig.shown:
        assert len(data) <= 16
        assert at <= 25_900


def test_what_is_written_while_it_sends_goes_out_after():
    rig = Rig(byte_ns=100)
    rig.attach()
    rig.line.write(b"one ")
    rig.events.schedule(150, rig.line.write, b"two")
    rig.events.run_due(NEVER)
    assert rig.shown == [(400, b"one "), (700, b"two")]
    assert rig.transmitted == [700]


def test_output_can_be_forgotten():
    rig = Rig(byte_ns=100)
    rig.attach()
    rig.line.write(b"x" * 40)
    rig.events.run_due(2_000)
    assert rig.line.discard() == 24
    assert not rig.line.busy
    rig.line.write(b"y")
    rig.events.run_due(NEVER)
    assert rig.text() == b"x" * 16 + b"y"


def test_input_from_before_the_driver_is_not_lost():
    rig = Rig()
    rig.line.input(b"early")
    rig.attach()
    rig.line.input(ALL)
    assert rig.heard == [b"early", ALL]


def test_the_window_and_the_carrier_change():
    rig = Rig()
    rig.attach()
    rig.line.resize(24, 80)
    rig.line.set_carrier(True)
    assert rig.changes == 0
    rig.line.resize(50, 132)
    assert (rig.line.rows, rig.line.columns, rig.changes) == (50, 132, 1)
    rig.line.set_carrier(False)
    assert (rig.line.carrier, rig.changes) == (False, 2)


def test_output_without_a_carrier_is_lost_but_ends():
    rig = Rig(byte_ns=10)
    rig.attach()
    rig.line.write(b"gone")
    rig.line.set_carrier(False)
    rig.events.run_due(NEVER)
    assert (rig.shown, rig.transmitted) == ([], [40])


def test_everything_comes_in_through_the_door():
    rig = Rig()
    rig.attach()
    engine = Engine(1)
    engine.add(rig)
    door = Door(engine)
    rig.line.connect(door, 0, "console")
    door.enter(0, "console", ALL)
    door.enter(0, "console.window", b"30 100")
    door.enter(0, "console.carrier", b"off")
    engine.run()
    assert rig.heard == [ALL]
    assert (rig.line.rows, rig.line.columns, rig.line.carrier) == (30, 100, False)


@pytest.mark.parametrize(("device", "payload"), [("window", b"wide"), ("window", b"1"), ("carrier", b"no")])
def test_what_is_no_window_or_carrier_is_refused(device, payload):
    engine, rig = Engine(1), Rig()
    engine.add(rig)
    door = Door(engine)
    rig.line.connect(door, 0, "console")
    with pytest.raises(ValueError, match=f"a {device} is"):
        door.enter(0, f"console.{device}", payload)
