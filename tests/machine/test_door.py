"""The input door: what enters is logged, and the log gives the same run again."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel.machine.door import Door, Input, ReplayDoor, input_from_line, input_to_line, load_log, save_log
from kernel.machine.engine import Engine, Reason
from kernel.machine.trace import combine_digests

from .toy import LOOKAHEAD_NS, ToyNode, ToyProgram

TOYS = 3


def machine(seed: int = 5) -> tuple[Engine, list[ToyNode]]:
    engine = Engine(LOOKAHEAD_NS)
    toys = [
        ToyNode(ToyProgram(number, seed + number, 60, 100 * number, 700), TOYS, engine.send)
        for number in range(TOYS)
    ]
    for toy in toys:
        engine.add(toy)
    return engine, toys


def connect(door: Door, toys: list[ToyNode]) -> None:
    for toy in toys:
        door.attach(toy.number, "console", lambda text, toy=toy: toy._act(b"input" + text))


def digest(toys: list[ToyNode]) -> str:
    return combine_digests({toy.number: toy.trace.digest() for toy in toys})


def test_an_input_happens_at_its_time_and_is_logged():
    engine, toys = machine()
    door = Door(engine)
    got: list[tuple[int, bytes]] = []
    door.attach(1, "console", lambda text: got.append((toys[1].events.time, text)))
    engine.run(3_000)
    entered = door.enter(1, "console", b"ls\n")
    assert entered == Input(3_000, 1, "console", b"ls\n")
    assert door.log == [entered]
    assert got == []
    engine.run(3_001)
    assert got == [(3_000, b"ls\n")]


def test_an_input_wakes_a_machine_that_was_idle():
    engine, toys = machine()
    door = Door(engine)
    connect(door, toys)
    assert engine.run() is Reason.IDLE
    before = digest(toys)
    door.enter(0, "console", b"x")
    assert engine.run() is Reason.IDLE
    assert digest(toys) != before


def test_inputs_of_the_same_time_happen_in_the_order_in_which_they_entered():
    engine, _ = machine()
    door = Door(engine)
    got: list[bytes] = []
    door.attach(0, "console", got.append)
    door.attach(0, "disk", got.append)
    for device, text in (("console", b"1"), ("disk", b"2"), ("console", b"3")):
        door.enter(0, device, text)
    engine.run(1)
    assert got == [b"1", b"2", b"3"]


def test_an_unknown_device_is_refused_with_the_names_of_those_there_are():
    engine, toys = machine()
    door = Door(engine)
    connect(door, toys)
    with pytest.raises(ValueError, match="node 0 has no device 'disk'; it has 'console'"):
        door.enter(0, "disk", b"")
    with pytest.raises(ValueError, match="node 9 has no device 'disk'; it has none"):
        door.enter(9, "disk", b"")
    assert door.log == []


def test_what_a_device_cannot_use_does_not_enter():
    engine, _ = machine()
    door = Door(engine)
    door.attach(0, "number", print, int)
    with pytest.raises(ValueError, match="invalid literal"):
        door.enter(0, "number", b"one")
    assert door.log == []
    door.enter(0, "number", b"1")


def test_the_recorder_has_it_before_it_happens():
    engine, toys = machine()
    recorded: list[Input] = []
    door = Door(engine, recorded.append)
    connect(door, toys)
    door.enter(0, "console", b"x")
    assert recorded == door.log


@given(
    st.lists(
        st.tuples(st.integers(0, 6_000), st.booleans(), st.integers(0, TOYS - 1), st.binary(max_size=3)),
        max_size=12,
    )
)
@settings(max_examples=80, deadline=None)
def test_a_replay_is_the_same_run(session):
    engine, toys = machine()
    door = Door(engine)
    connect(door, toys)
    for while_ns, paced, node, text in session:
        # Stopped at a time, or in the middle of things by a number of slices.
        if paced:
            engine.run(engine.now + while_ns, housekeeping=True)
        else:
            left = while_ns // 500
            until = engine.slices + left
            engine.run(stop=lambda until=until: engine.slices >= until, slice_ns=300)
        door.enter(node, "console", text)
    engine.run()
    live = digest(toys)

    engine, toys = machine()
    replay = ReplayDoor(engine, door.log)
    connect(replay, toys)
    replay.start()
    engine.run()
    assert digest(toys) == live
    assert replay.log == door.log


def test_a_replay_lets_nothing_else_in_until_it_is_over():
    engine, toys = machine()
    replay = ReplayDoor(engine, [Input(5_000, 0, "console", b"x")])
    connect(replay, toys)
    replay.start()
    engine.run(4_000)
    with pytest.raises(ValueError, match="a log is replayed until 5000 ns"):
        replay.enter(0, "console", b"y")
    engine.run(6_000)
    replay.enter(0, "console", b"y")
    assert [entered.payload for entered in replay.log] == [b"x", b"y"]


@given(st.integers(0, 1 << 61), st.integers(0, 127), st.text(max_size=8), st.binary(max_size=20))
def test_a_line_of_a_log_is_read_as_it_was_written(time_ns, node, device, payload):
    entered = Input(time_ns, node, device, payload)
    line = input_to_line(entered)
    assert line.isascii()
    assert "\n" not in line
    assert input_from_line(line) == entered


def test_a_log_is_a_file_that_people_can_read(tmp_path):
    log = [Input(5, 0, "console", b"ls\n"), Input(5, 1, "console", b"\xff")]
    save_log(tmp_path / "log", log)
    assert (tmp_path / "log").read_text().splitlines() == [
        '{"time_ns": 5, "node": 0, "device": "console", "text": "ls\\n"}',
        '{"time_ns": 5, "node": 1, "device": "console", "base64": "/w=="}',
    ]
    assert load_log(tmp_path / "log") == log


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("[]", "not a JSON object"),
        ("{", "line 2"),
        ('{"time_ns": 5, "node": 0}', "are needed"),
        ('{"time_ns": 5, "node": 0, "device": "console"}', "either 'text' or 'base64'"),
        ('{"time_ns": 5, "node": 0, "device": "console", "base64": "?"}', "line 2"),
        ('{"time_ns": 3, "node": 0, "device": "console", "text": ""}', "earlier"),
    ],
)
def test_a_bad_line_of_a_log_is_named(tmp_path, line, message):
    path = tmp_path / "log"
    path.write_text('{"time_ns": 4, "node": 0, "device": "console", "text": ""}\n' + line + "\n")
    with pytest.raises(ValueError, match=message) as failure:
        load_log(path)
    assert f"{path}, line 2: " in str(failure.value)
