"""A node's own event queue: what will happen on it, and when.

Invariants.  Events happen strictly in the order (time, source, the source's own sequence number),
never in the order in which a global counter saw them: so the order is the same however the nodes of a
cluster were interleaved, and in whichever process each of them runs.  Events that a node schedules for
itself have the node as their source; events from elsewhere bring the number and the sequence number of
who caused them.

*Housekeeping* events (statistics, usage decay, watching a peer) are no progress: a machine with nothing
but housekeeping left is finished, or stuck.  They are kept apart, so that both questions, "when does
anything happen" and "when does anything happen that matters", are answered at once.

After SimPy's event loop, without its global counter.
"""

from collections.abc import Callable
from heapq import heapify, heappop, heappush

from .clock import Clock

NEVER = 1 << 62
"""A time later than any other: nothing will happen."""

DOOR = -1
"""The source number of what comes in from outside; at equal times it is first."""

_MANY = 64  # cancelled events that may lie about before the heap is cleaned


class Event:
    """Something that will happen; ``cancel`` keeps it from happening.

    ``action`` is None once it has happened or was cancelled.
    """

    __slots__ = ("action", "args", "housekeeping", "queue", "time")

    def __init__(
        self,
        queue: "EventQueue",
        time: int,
        action: Callable[..., object],
        args: tuple[object, ...],
        housekeeping: bool,
    ) -> None:
        self.queue = queue
        self.time = time
        self.action: Callable[..., object] | None = action
        self.args = args
        self.housekeeping = housekeeping

    @property
    def pending(self) -> bool:
        return self.action is not None

    def cancel(self) -> None:
        """Keep it from happening; nothing if it already has, or was cancelled."""
        if self.action is not None:
            self.action = None
            self.args = ()
            self.queue.cancelled(self.housekeeping)

    def __repr__(self) -> str:
        name = getattr(self.action, "__qualname__", "over")
        return f"<event at {self.time} ns: {name}>"


_Entry = tuple[int, int, int, Event]
"""(time, source, sequence, event): compared in that order; the first three are never all equal."""


class EventQueue:
    """The events of one node, number ``owner``.

    ``progress`` is the number of pending events that are not housekeeping; ``time`` is the time of the
    event that happened last, -1 before the first.
    """

    __slots__ = (
        "_clock",
        "_dead",
        "_events",
        "_housekeeping",
        "_sequence",
        "owner",
        "progress",
        "soonest",
        "time",
    )

    def __init__(self, clock: Clock, owner: int) -> None:
        self._clock = clock
        self.owner = owner
        self._events: list[_Entry] = []
        self._housekeeping: list[_Entry] = []
        self._sequence = 0
        self._dead = 0  # cancelled events still in _events
        self.progress = 0
        self.soonest = NEVER  # nothing happens before this; ``next_time`` makes it exact
        self.time = -1

    def schedule(
        self, at_ns: int, action: Callable[..., object], *args: object, housekeeping: bool = False
    ) -> Event:
        """Have ``action(*args)`` happen at ``at_ns``; a time already past means now."""
        if at_ns < self._clock.now:
            at_ns = self._clock.now
        if at_ns < self.time:  # the clock of one processor may be behind what the node has done
            at_ns = self.time
        assert at_ns < NEVER, f"event of node {self.owner} at {at_ns} ns"
        if at_ns < self.soonest:
            self.soonest = at_ns
        event = Event(self, at_ns, action, args, housekeeping)
        self._sequence = sequence = self._sequence + 1
        if housekeeping:
            heappush(self._housekeeping, (at_ns, self.owner, sequence, event))
        else:
            heappush(self._events, (at_ns, self.owner, sequence, event))
            self.progress += 1
        return event

    def post(
        self, at_ns: int, source: int, source_seq: int, action: Callable[..., object], *args: object
    ) -> None:
        """Have ``action(*args)`` happen at ``at_ns`` because ``source`` caused it, as the
        ``source_seq``-th thing that it caused."""
        assert source != self.owner, f"node {source} posts to itself; it must schedule"
        assert self.time < at_ns < NEVER, f"node {self.owner} at {self.time} ns, posted at {at_ns} ns"
        if at_ns < self.soonest:
            self.soonest = at_ns
        heappush(self._events, (at_ns, source, source_seq, Event(self, at_ns, action, args, False)))
        self.progress += 1

    def cancelled(self, housekeeping: bool) -> None:
        """An event of this queue was cancelled; only :meth:`Event.cancel` calls this."""
        if housekeeping:
            return
        self.progress -= 1
        self._dead += 1
        if self._dead > _MANY and self._dead > self.progress:
            self._events = [entry for entry in self._events if entry[3].action is not None]
            heapify(self._events)
            self._dead = 0

    def progress_time(self) -> int:
        """When the earliest event that is not housekeeping happens; NEVER if there is none."""
        events = self._events
        while events:
            first = events[0]
            if first[3].action is not None:
                return first[0]
            heappop(events)
            self._dead -= 1
        return NEVER

    def next_time(self) -> int:
        """When the earliest event happens; NEVER if there is none."""
        time = self.progress_time()
        if self._housekeeping:
            other = self._housekeeping_time()
            if other < time:
                time = other
        self.soonest = time
        return time

    def _housekeeping_time(self) -> int:
        waiting = self._housekeeping
        while waiting:
            first = waiting[0]
            if first[3].action is not None:
                return first[0]
            heappop(waiting)
        return NEVER

    def run_first(self) -> None:
        """Let the earliest event happen; ``next_time`` has just said that there is one.

        The clock is at least at the event's time then; it is later when the processor was in the
        kernel when the event became due.
        """
        events = self._events
        if self._housekeeping and (not events or self._housekeeping[0] < events[0]):
            events = self._housekeeping
        else:
            self.progress -= 1
        time, _source, _sequence, event = heappop(events)
        assert time >= self.time, f"node {self.owner} at {self.time} ns has an event at {time} ns"
        self.time = time
        if self._clock.now < time:
            self._clock.now = time
        action = event.action
        assert action is not None, "a cancelled event is the first"
        event.action = None
        action(*event.args)

    def run_due(self, until: int) -> None:
        """Let everything happen that is due strictly before ``until``, housekeeping and new events
        included."""
        while self.next_time() < until:
            self.run_first()
