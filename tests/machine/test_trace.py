"""Traces and seeded randomness: the same on every host, whoever asks first."""

import pytest

from kernel.machine.clock import Clock
from kernel.machine.seeds import Seeds
from kernel.machine.trace import Trace, combine_digests


def trace(node: int = 0) -> tuple[Clock, Trace]:
    clock = Clock()
    return clock, Trace(clock, node)


def test_nobody_listens_at_first():
    _, quiet = trace()
    assert not quiet.on
    assert quiet.digest() == ""


def test_listeners_hear_events_until_they_leave():
    clock, loud = trace(3)
    heard: list[tuple[object, ...]] = []

    def listener(*event: object) -> None:
        heard.append(event)

    loud.listen(listener)
    clock.now = 7
    loud.emit("fault", 1, b"x")
    loud.unlisten(listener)
    assert not loud.on
    loud.emit("fault", 2)
    assert heard == [(7, 3, "fault", (1, b"x"))]


def test_the_hash_goes_on_when_listeners_leave():
    _, loud = trace()
    loud.start_hash()
    loud.listen(print)
    loud.unlisten(print)
    assert loud.on


@pytest.mark.parametrize(
    "other",
    [
        [(1, "a", (1,)), (2, "a", (3,))],  # a field
        [(1, "a", (1,)), (3, "a", (2,))],  # a time
        [(1, "a", (1,)), (2, "b", (2,))],  # a kind
        [(1, "a", ("1",)), (2, "a", (2,))],  # a type
        [(2, "a", (2,)), (1, "a", (1,))],  # the order
        [(1, "a", (1,))],
    ],
)
def test_the_hash_tells_any_difference(other):
    def digest(events: list[tuple[int, str, tuple[object, ...]]]) -> str:
        clock, hashed = trace()
        hashed.start_hash()
        for clock.now, kind, values in events:
            hashed.emit(kind, *values)
        return hashed.digest()

    first = [(1, "a", (1,)), (2, "a", (2,))]
    assert digest(first) == digest(list(first))
    assert digest(first) != digest(other)


def test_the_clusters_hash_is_by_node_number():
    assert combine_digests({0: "aa", 1: "bb"}) == combine_digests({1: "bb", 0: "aa"})
    assert combine_digests({0: "aa", 1: "bb"}) != combine_digests({0: "bb", 1: "aa"})
    assert combine_digests({0: "aa"}) != combine_digests({0: "aa", 1: ""})


def test_luck_depends_on_component_node_and_seed_only():
    first, second = Seeds(1), Seeds(1)
    wire, other = first.stream("ethernet", 2), first.stream("disk", 2)
    other_again, wire_again = second.stream("disk", 2), second.stream("ethernet", 2)
    assert wire.random() == wire_again.random()
    assert other.random() == other_again.random()
    draws = {
        Seeds(1).stream("ethernet", 2).random(),
        Seeds(2).stream("ethernet", 2).random(),
        Seeds(1).stream("ethernet", 3).random(),
        Seeds(1).stream("fddi", 2).random(),
    }
    assert len(draws) == 4


def test_luck_is_the_same_on_every_host():
    assert Seeds(42).stream("ethernet", 1).getrandbits(32) == 914_833_419


def test_no_two_share_a_stream():
    seeds = Seeds(1)
    seeds.stream("ethernet", 2)
    with pytest.raises(AssertionError, match="ethernet on node 2"):
        seeds.stream("ethernet", 2)
