"""A node's event queue: strict order, cancelling, housekeeping."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.machine.clock import Clock
from kernel.machine.events import DOOR, NEVER, EventQueue


def queue(owner: int = 5) -> tuple[Clock, EventQueue]:
    clock = Clock()
    return clock, EventQueue(clock, owner)


def test_an_empty_queue_never_does_anything():
    _, events = queue()
    assert events.next_time() == events.progress_time() == NEVER
    events.run_due(NEVER)


def test_events_happen_by_time_then_source_then_the_sources_number():
    _, events = queue(owner=5)
    done: list[str] = []
    events.post(10, 7, 1, done.append, "7/1")
    events.schedule(10, done.append, "own/1")
    events.post(10, 3, 9, done.append, "3/9")
    events.post(10, 3, 8, done.append, "3/8")
    events.post(10, DOOR, 1, done.append, "door")
    events.schedule(10, done.append, "own/2")
    events.schedule(9, done.append, "early")
    events.run_due(11)
    assert done == ["early", "door", "3/8", "3/9", "own/1", "own/2", "7/1"]


def test_the_clock_is_at_the_event_unless_it_is_later_already():
    clock, events = queue()
    seen: list[int] = []
    events.schedule(10, lambda: seen.append(clock.now))
    events.schedule(20, lambda: seen.append(clock.now))
    events.run_due(15)
    clock.now = 33
    events.run_due(25)
    assert seen == [10, 33]


def test_run_due_stops_strictly_before_and_does_what_becomes_due():
    clock, events = queue()
    done: list[int] = []

    def again() -> None:
        done.append(clock.now)
        events.schedule(clock.now + 10, again)

    events.schedule(10, again)
    events.run_due(40)
    assert done == [10, 20, 30]
    assert events.next_time() == 40


def test_a_time_already_past_means_now():
    clock, events = queue()
    clock.now = 100
    assert events.schedule(50, list).time == 100
    assert events.next_time() == 100


def test_what_is_scheduled_by_a_slower_processor_comes_after_what_has_happened():
    clock, events = queue()
    events.schedule(100, list)
    events.run_due(101)
    clock.now = 60  # the dispatcher loads the clock of a processor that is behind
    assert events.schedule(70, list).time == 100


def test_a_cancelled_event_does_not_happen():
    _, events = queue()
    done: list[int] = []
    first = events.schedule(10, done.append, 1)
    events.schedule(20, done.append, 2)
    assert first.pending
    first.cancel()
    first.cancel()
    assert not first.pending
    assert (events.next_time(), events.progress) == (20, 1)
    events.run_due(30)
    assert done == [2]


def test_cancelling_what_has_happened_changes_nothing():
    _, events = queue()
    first = events.schedule(10, list)
    events.run_due(11)
    events.schedule(20, list)
    first.cancel()
    assert (first.pending, events.progress, events.next_time()) == (False, 1, 20)


def test_an_event_may_cancel_another():
    _, events = queue()
    done: list[int] = []
    events.schedule(10, list)
    second = events.schedule(11, done.append, 2)
    events.post(10, 7, 1, second.cancel)
    third = events.schedule(10, done.append, 3)
    events.post(10, 3, 1, third.cancel)
    events.run_due(12)
    assert done == []


def test_housekeeping_is_no_progress():
    _, events = queue()
    done: list[int] = []
    house = events.schedule(10, done.append, 10, housekeeping=True)
    events.schedule(20, done.append, 20)
    assert (events.next_time(), events.progress_time(), events.progress) == (10, 20, 1)
    events.run_due(21)
    assert done == [10, 20]
    house = events.schedule(30, done.append, 30, housekeeping=True)
    assert (events.next_time(), events.progress_time()) == (30, NEVER)
    house.cancel()
    assert events.next_time() == NEVER


def test_many_cancelled_timers_do_not_pile_up():
    _, events = queue()
    events.schedule(1, list)
    for at in range(10_000):
        events.schedule(1_000_000 + at, list).cancel()
    assert len(events._events) < 200
    assert events.next_time() == 1


@pytest.mark.parametrize("at", [0, 10])
def test_nothing_is_posted_into_the_past(at):
    _, events = queue()
    events.schedule(10, list)
    events.run_due(11)
    with pytest.raises(AssertionError, match=f"node 5 at 10 ns, posted at {at} ns"):
        events.post(at, 1, 1, list)


def test_a_node_does_not_post_to_itself():
    _, events = queue()
    with pytest.raises(AssertionError, match="must schedule"):
        events.post(10, 5, 1, list)


_step = st.one_of(
    st.tuples(st.just("schedule"), st.integers(0, 50), st.booleans()),
    st.tuples(st.just("post"), st.integers(1, 50), st.integers(-1, 3)),
    st.tuples(st.just("cancel"), st.integers(0, 30), st.none()),
    st.tuples(st.just("run"), st.integers(0, 30), st.none()),
)


@given(st.lists(_step, max_size=60))
def test_it_behaves_as_a_sorted_list(steps):
    """Against a model: a list that is sorted anew each time."""
    clock, events = queue(owner=9)
    done: list[int] = []
    model: list[tuple[int, int, int, int, bool]] = []  # time, source, sequence, name, housekeeping
    expected: list[int] = []
    mine = []
    own = others = 0
    for name, (kind, number, extra) in enumerate(steps):
        if kind == "schedule":
            own += 1
            event = events.schedule(clock.now + number, done.append, name, housekeeping=bool(extra))
            mine.append((name, event))
            model.append((clock.now + number, 9, own, name, bool(extra)))
        elif kind == "post":
            others += 1
            assert extra is not None
            events.post(clock.now + number, int(extra), others, done.append, name)
            model.append((clock.now + number, int(extra), others, name, False))
        elif kind == "cancel" and mine:
            cancelled, event = mine[number % len(mine)]
            event.cancel()
            model = [entry for entry in model if entry[3] != cancelled]
        elif kind == "run":
            until = clock.now + number
            events.run_due(until)
            model.sort()
            expected += [entry[3] for entry in model if entry[0] < until]
            model = [entry for entry in model if entry[0] >= until]
        assert done == expected
        assert events.next_time() == min((entry[0] for entry in model), default=NEVER)
        progress = [entry[0] for entry in model if not entry[4]]
        assert events.progress_time() == min(progress, default=NEVER)
        assert events.progress == len(progress)
