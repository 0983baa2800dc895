"""A disk: 512-byte sectors behind one arm, at the speed of a drive of 1990.

Requests are done one after the other in the order in which they were given (drives had no queues of
their own; sorting is the driver's business).  A request takes the controller's overhead, the seek,
the wait until the sector comes round (where the platter stands follows from virtual time), and the
transfer at the speed of rotation.  Data moves when the transfer ends, straight between the store and
the memory that the request names, and then ``done`` is called as an event of the node.

Faults, injected through the door: bad sectors, and the *doom counter*, which lets the power fail after
so many writes; the last of these is torn, and nothing works after it (after System/161).
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from math import isqrt

from .clock import Clock
from .door import Door
from .events import EventQueue
from .store import Store

SECTOR_SIZE = 512


class DiskStatus(IntEnum):
    """How a request ended."""

    OK = 0
    OUT_OF_RANGE = 1  # it reaches beyond the last sector; nothing was transferred
    BAD_SECTOR = 2  # one of its sectors cannot be used; those before it were transferred
    NO_POWER = 3  # the power has failed; if it was a write, a first part of it may be on the disk


Done = Callable[[DiskStatus], None]


@dataclass(frozen=True, slots=True)
class DiskTiming:
    """Geometry and speed.

    The default is an estimate, a middling 5.25-inch SCSI drive of 1990 as data sheets gave it: 3,600
    revolutions a minute, average seek 16 ms, 1.6 MB/s from the surface, 200 MB on 1,000 cylinders.
    """

    sectors_per_track: int = 54
    tracks_per_cylinder: int = 8
    full_stroke_cylinders: int = 1000  # what full_seek_ns is for, whatever the disk's size
    rotation_ns: int = 16_666_667  # 3,600 a minute
    track_seek_ns: int = 4_000_000  # to the next cylinder, settling included
    full_seek_ns: int = 25_000_000
    overhead_ns: int = 1_000_000  # the controller: command decoded, status returned

    def seek_ns(self, distance: int) -> int:
        """The time to move the arm by so many cylinders: it grows with the square root, as an arm
        does that speeds up half of the way."""
        if distance == 0:
            return 0
        root, full = isqrt(distance * 1_000_000), isqrt(self.full_stroke_cylinders * 1_000_000)
        return self.track_seek_ns + (self.full_seek_ns - self.track_seek_ns) * (root - 1000) // (full - 1000)


@dataclass(slots=True)
class _Request:
    write: bool
    sector: int
    count: int  # sectors
    memory: Sequence[memoryview]
    done: Done


class Disk:
    """One drive of a node."""

    def __init__(
        self, clock: Clock, events: EventQueue, store: Store, timing: DiskTiming | None = None
    ) -> None:
        if store.size % SECTOR_SIZE:
            raise ValueError(
                f"a disk of {store.size} bytes is not a whole number of {SECTOR_SIZE}-byte sectors"
            )
        self.sectors = store.size // SECTOR_SIZE
        self.timing = timing or DiskTiming()
        self.reads = 0  # requests done well, for statistics
        self.writes = 0
        self.busy_ns = 0
        self._clock = clock
        self._events = events
        self._store = store
        self._queue: deque[_Request] = deque()  # the first is being done
        self._cylinder = 0
        self._bad: set[int] = set()
        self._writes_left = -1  # until the power fails; -1: it does not
        self._powered = True

    # ------------------------------------------------------------------ requests

    def read(self, sector: int, into: Sequence[memoryview], done: Done) -> None:
        """Read consecutive sectors from ``sector`` on into pieces of memory, each of whole sectors.

        Memory from which instructions may have been executed must not be named here (the processors
        would not notice the change): read into fresh frames.
        """
        self._submit(_Request(False, sector, _sectors(into), into, done))

    def write(self, sector: int, data: Sequence[memoryview | bytes], done: Done) -> None:
        """Write consecutive sectors from ``sector`` on; the memory must not change until done."""
        views = [memoryview(piece) for piece in data]
        self._submit(_Request(True, sector, _sectors(views), views, done))

    def _submit(self, request: _Request) -> None:
        self._queue.append(request)
        if len(self._queue) == 1:
            self._start()

    def _start(self) -> None:
        """Begin the first request of the queue."""
        request, now = self._queue[0], self._clock.now
        if not self._powered or request.sector < 0 or request.sector + request.count > self.sectors:
            end = now + self.timing.overhead_ns
        else:
            end = self._end_of(request, now)
        self.busy_ns += end - now
        self._events.schedule(end, self._finish)

    def _end_of(self, request: _Request, now: int) -> int:
        """When the transfer ends; the arm is moved."""
        timing = self.timing
        per_track = timing.sectors_per_track
        per_cylinder = per_track * timing.tracks_per_cylinder
        first = request.sector // per_cylinder
        last = (request.sector + request.count - 1) // per_cylinder
        ready = now + timing.overhead_ns + timing.seek_ns(abs(first - self._cylinder))
        self._cylinder = last
        # Tracks are laid out askew so that the arm's step to the next one costs no revolution.
        comes_at = request.sector % per_track * timing.rotation_ns // per_track
        wait = (comes_at - ready) % timing.rotation_ns
        transfer = request.count * timing.rotation_ns // per_track
        return ready + wait + transfer + (last - first) * timing.track_seek_ns

    def _finish(self) -> None:
        """The first request's time is over: move its data, tell, and begin the next."""
        request = self._queue[0]
        status = self._transfer(request)
        if status is DiskStatus.OK:
            if request.write:
                self.writes += 1
            else:
                self.reads += 1
        self._queue.popleft()
        if self._queue:
            self._start()
        request.done(status)

    def _transfer(self, request: _Request) -> DiskStatus:
        if not self._powered:
            return DiskStatus.NO_POWER
        if request.sector < 0 or request.sector + request.count > self.sectors:
            return DiskStatus.OUT_OF_RANGE
        count, status = request.count, DiskStatus.OK
        if self._bad:
            for sector in range(request.sector, request.sector + request.count):
                if sector in self._bad:
                    count, status = sector - request.sector, DiskStatus.BAD_SECTOR
                    break
        if request.write and self._writes_left > 0:
            self._writes_left -= 1
            if self._writes_left == 0:
                self._powered = False
                count, status = min(count, request.count // 2), DiskStatus.NO_POWER
        self._move(request, count * SECTOR_SIZE)
        return status

    def _move(self, request: _Request, size: int) -> None:
        """Move the first ``size`` bytes of a request between the store and memory."""
        offset = request.sector * SECTOR_SIZE
        for piece in request.memory:
            part = piece[:size]
            if not part:
                return
            if request.write:
                self._store.write(offset, part)
            else:
                self._store.read(offset, part)
            offset += len(part)
            size -= len(part)

    # ------------------------------------------------------------------ faults

    def connect(self, door: Door, node: int, name: str) -> None:
        """Let faults in through the door, as texts for the device ``name``."""
        door.attach(node, name, lambda text: self.fault(*parse_fault(text)), parse_fault)

    def fault(self, kind: str, number: int) -> None:
        """Have something go wrong (or right again); see :func:`parse_fault`."""
        match kind:
            case "bad":
                self._bad.add(number)
            case "good":
                self._bad.discard(number)
            case "doom":
                self._writes_left = number
            case "power":
                self._powered = True
                self._writes_left = -1
            case _:
                raise AssertionError(kind)


def parse_fault(text: bytes) -> tuple[str, int]:
    """``bad SECTOR``, ``good SECTOR``, ``doom WRITES`` (the power fails during the last of so many
    writes from now on) or ``power`` (it is back, and the doom counter off); else ValueError."""
    match text.split():
        case [b"bad" | b"good" as kind, number] if number.isdigit():
            return kind.decode(), int(number)
        case [b"doom", number] if number.isdigit() and int(number) > 0:
            return "doom", int(number)
        case [b"power"]:
            return "power", 0
    wrong = text.decode(errors="backslashreplace")
    raise ValueError(f"'{wrong}': a disk fault is bad N, good N, doom N (N > 0) or power")


def _sectors(memory: Sequence[memoryview]) -> int:
    """How many sectors the pieces make up."""
    total = 0
    for piece in memory:
        assert piece.itemsize == 1 and len(piece) % SECTOR_SIZE == 0, "a disk transfers whole sectors"
        total += len(piece)
    assert total, "an empty transfer"
    return total // SECTOR_SIZE
