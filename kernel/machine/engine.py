"""The conservative engine: lets the nodes of a cluster run ahead of each other, but never too far.

An *actor* is a node, or a shared medium such as an Ethernet.  Actors share nothing: one affects another
only by sending it a packet of bytes through :meth:`Engine.send`.

The promise.  What an actor begins at time t reaches nobody else before t + lookahead.  (For a node, the
lookahead is its smallest trap-and-send cost plus the wire's latency.)  So the actor with the earliest
next time may do everything that begins strictly before

    (the earliest next time of all the others) + lookahead

without hearing from anybody: that is its *horizon*.  When it sends a packet that arrives at t, its own
horizon falls to t + lookahead, because the receiver may answer.  The horizon is found from one heap of
the actors' next times, in which outdated entries are left until they come up: O(log N) for a slice,
and an actor with nothing to do is not in the heap at all.

Order.  What an actor does depends only on its own past and on the packets it was sent, whose order in
its queue is (time, source, the source's own sequence number).  So the outcome is the same however
slices are cut, and in whichever process each actor runs.

Housekeeping happens at time h only if the actor itself has something else to do later, or any other actor
has later than h.  Otherwise the machine is idle (finished, or stuck).  An actor with nothing but
housekeeping left is therefore given one instant at a time, when all others are past it.

After Chandy and Misra's conservative simulation, with one shared heap instead of null messages.
"""

from collections.abc import Callable
from enum import Enum
from heapq import heappop, heappush
from typing import Protocol

from .events import NEVER, EventQueue

_INDEX_BITS = 12
_INDEX_MASK = (1 << _INDEX_BITS) - 1
_GONE = -1  # the stamp of an actor with no entry in the heap
_NEVER_STAMP = NEVER << 1


class Horizon:
    """How far an actor may go, while it goes.

    ``time``: it does everything that *begins* strictly before this, and nothing else; what it began
    may end later.  Sending lowers it, so it is read again after each action.
    ``housekeeping``: when nothing but housekeeping is left, that is done only before this time.
    ``now``: when what it does at this moment began; the actor keeps it up to date (an actor that
    computes may set it to its clock; the engine knows that nothing begins at ``time`` or later).
    """

    __slots__ = ("housekeeping", "now", "time")

    def __init__(self) -> None:
        self.time = 0
        self.housekeeping = 0
        self.now = 0


class Actor(Protocol):
    """A node or a shared medium."""

    @property
    def number(self) -> int:
        """Its number as a source and destination, not negative, different from all others'."""

    @property
    def events(self) -> EventQueue:
        """Where packets for it are posted."""

    def next_time(self) -> int:
        """When it does something next; NEVER when only a packet can make it."""

    def progress_time(self) -> int:
        """When it does something next that is not housekeeping."""

    def advance(self, horizon: Horizon) -> None:
        """Do everything that begins strictly before ``horizon.time``."""

    def receive(self, source: int, packet: bytes) -> None:
        """A packet has arrived; called as an event of its own queue."""


class Reason(Enum):
    """Why :meth:`Engine.run` returned."""

    IDLE = "nothing but housekeeping is left"
    UNTIL = "everything before the given time is done"
    STOPPED = "it was asked to stop"


class Engine:
    """Runs actors under one virtual clock.

    ``now`` is a time at which nothing has happened yet anywhere, and everything before it either has
    or is nobody's business: what comes from outside enters at that time.
    """

    __slots__ = (
        "_actors", "_alive", "_begun", "_heap", "_horizon", "_index", "_is_alive", "_running",
        "_sequences", "_stamps", "_stop", "lookahead_ns", "now", "slices",
    )  # fmt: skip

    def __init__(self, lookahead_ns: int) -> None:
        if lookahead_ns <= 0:
            raise ValueError(f"a lookahead of {lookahead_ns} ns lets nobody run; it must be positive")
        self.lookahead_ns = lookahead_ns
        self.now = 0
        self.slices = 0  # how many were run
        self._actors: list[Actor] = []
        self._index: dict[int, int] = {}  # an actor's number to its place in the lists
        self._sequences: list[int] = []  # packets that each has sent
        self._begun: list[int] = []  # when the last thing that each did began
        # An entry is next time, housekeeping-only bit, index, packed into one integer; an actor's
        # stamp is the entry that counts, without the index.
        self._heap: list[int] = []
        self._stamps: list[int] = []
        self._is_alive: list[bool] = []  # which have anything but housekeeping to do
        self._alive = 0  # and how many these are
        self._horizon = Horizon()
        self._running = _GONE  # index of the actor that is being advanced
        self._stop = False

    def add(self, actor: Actor) -> None:
        """Take an actor in; its number must be new."""
        if actor.number in self._index or actor.number < 0:
            raise ValueError(f"actor number {actor.number} is negative or taken")
        index = len(self._actors)
        assert index <= _INDEX_MASK, "too many actors for a heap entry"
        self._index[actor.number] = index
        self._actors.append(actor)
        self._sequences.append(0)
        self._begun.append(-1)
        self._stamps.append(_GONE)
        self._is_alive.append(False)
        self._restamp(index)

    def actor(self, number: int) -> Actor:
        """The actor with a number; KeyError if there is none."""
        return self._actors[self._index[number]]

    def send(self, source: int, destination: int, arrival_ns: int, packet: bytes) -> None:
        """Have a packet arrive at ``destination``; ``source`` must be the actor that is running."""
        running = self._running
        horizon = self._horizon
        assert running >= 0 and self._actors[running].number == source, f"node {source} sends out of turn"
        to = self._index[destination]
        assert to != running, f"node {source} sends to itself"
        assert arrival_ns >= horizon.now + self.lookahead_ns, (
            f"node {source} breaks the promise: what it began at {horizon.now} ns reaches node "
            f"{destination} at {arrival_ns} ns, less than {self.lookahead_ns} ns later"
        )
        assert arrival_ns > self._begun[to], (
            f"a packet of node {source} arrives at {arrival_ns} ns in the past of node {destination}, "
            f"which is at {self._begun[to]} ns"
        )
        self._sequences[running] = sequence = self._sequences[running] + 1
        receiver = self._actors[to]
        receiver.events.post(arrival_ns, source, sequence, receiver.receive, source, packet)
        if horizon.time > arrival_ns + self.lookahead_ns:
            horizon.time = arrival_ns + self.lookahead_ns
        # The receiver may have had nothing to do before, or only later.
        if not self._is_alive[to]:
            self._restamp(to)
        elif self._stamps[to] >> 1 > arrival_ns:
            self._stamps[to] = stamp = arrival_ns << 1
            heappush(self._heap, stamp << _INDEX_BITS | to)

    def stop(self) -> None:
        """Make :meth:`run` return as soon as what is being done now is done."""
        self._stop = True
        horizon = self._horizon
        if horizon.time > horizon.now + 1:
            horizon.time = horizon.now + 1

    def next_time(self) -> int:
        """When anything happens next; NEVER if nothing does."""
        return self._first_stamp() >> 1

    def restamp(self, number: int) -> None:
        """An actor's queue was changed from outside: look again when it does something next."""
        assert self._running < 0, "only between slices"
        self._restamp(self._index[number])

    def _restamp(self, index: int) -> None:
        actor = self._actors[index]
        time = actor.next_time()
        alive = actor.events.progress > 0 or (time < NEVER and actor.progress_time() < NEVER)
        if alive is not self._is_alive[index]:
            self._is_alive[index] = alive
            self._alive += 1 if alive else -1
        if time >= NEVER:
            self._stamps[index] = _GONE
            return
        stamp = time << 1 if alive else time << 1 | 1
        if stamp != self._stamps[index]:
            self._stamps[index] = stamp
            heappush(self._heap, stamp << _INDEX_BITS | index)

    def _first_stamp(self) -> int:
        """The stamp of the earliest entry that is not outdated, which is left in the heap."""
        heap, stamps = self._heap, self._stamps
        while heap:
            entry = heap[0]
            if stamps[entry & _INDEX_MASK] == entry >> _INDEX_BITS:
                return entry >> _INDEX_BITS
            heappop(heap)
        return _NEVER_STAMP

    def run(
        self,
        until_ns: int | None = None,
        stop: Callable[[], bool] | None = None,
        *,
        slice_ns: int = NEVER,
        housekeeping: bool = False,
    ) -> Reason:
        """Let time pass until everything before ``until_ns`` is done, ``stop`` (asked before each
        slice) is true, or nothing but housekeeping is left.

        No slice is longer than ``slice_ns``.  With ``housekeeping``, time passes up to ``until_ns``
        even when nothing but housekeeping is left, as it does for a machine that is paced.
        """
        until = NEVER if until_ns is None else until_ns
        assert slice_ns > 0
        assert not housekeeping or until < NEVER, "housekeeping alone never ends"
        assert self._running < 0, "the engine is running already"
        heap, stamps, horizon = self._heap, self._stamps, self._horizon
        self._stop = False
        while True:
            if self._stop or (stop is not None and stop()):
                self._stop = False
                return Reason.STOPPED
            stamp = self._first_stamp()
            time = stamp >> 1
            idle = not self._alive and (time >= NEVER or self.now <= time + 1)
            if idle and not housekeeping:
                return Reason.IDLE
            if time >= until:
                if self.now < until:
                    self.now = until
                return Reason.IDLE if idle else Reason.UNTIL
            index = heappop(heap) & _INDEX_MASK
            stamps[index] = _GONE
            if stamp & 1:  # nothing but housekeeping: one instant
                limit = horizon.housekeeping = time + 1
            else:
                horizon.housekeeping = 0
                limit = (self._first_stamp() >> 1) + self.lookahead_ns
                if limit > until:
                    limit = until
                if limit - time > slice_ns:
                    limit = time + slice_ns
            horizon.now = time
            horizon.time = limit
            self._running = index
            try:
                self._actors[index].advance(horizon)
            except BaseException as error:
                node = self._actors[index].number
                error.add_note(f"on node {node}, in what it began at {horizon.now} ns")
                raise
            self._end_slice(index)

    def _end_slice(self, index: int) -> None:
        """Note how far an actor has come, and when it goes on."""
        horizon = self._horizon
        self._running = _GONE
        self.slices += 1
        begun = horizon.now if horizon.now < horizon.time else horizon.time - 1
        self._begun[index] = begun
        if begun >= self.now:
            self.now = begun + 1
        self._restamp(index)
        stamp = self._stamps[index]
        assert stamp < 0 or stamp >> 1 >= (horizon.housekeeping if stamp & 1 else horizon.time), (
            f"node {self._actors[index].number} left undone what begins at {stamp >> 1} ns, "
            f"before {horizon.time} ns"
        )


def run_events(events: EventQueue, horizon: Horizon) -> None:
    """:meth:`Actor.advance` for an actor that does nothing but what its events make it do."""
    while True:
        time = events.next_time()
        if time >= horizon.time or (not events.progress and time >= horizon.housekeeping):
            return
        horizon.now = time
        events.run_first()
