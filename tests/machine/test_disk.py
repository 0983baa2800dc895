"""The disk: data arrives whole, at the time that the mechanics need, or with the error that was asked for."""

import mmap
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel.machine.clock import Clock
from kernel.machine.disk import SECTOR_SIZE, Disk, DiskStatus, DiskTiming, parse_fault
from kernel.machine.door import Door
from kernel.machine.engine import Engine
from kernel.machine.events import NEVER, EventQueue
from kernel.machine.memory import PAGE_SIZE, PhysicalMemory
from kernel.machine.store import FileStore, MemoryStore, Store

MS = 1_000_000
STATM = Path("/proc/self/statm")
ROUND = DiskTiming(  # figures that can be followed in the head
    sectors_per_track=10,
    tracks_per_cylinder=2,
    full_stroke_cylinders=100,
    rotation_ns=10 * MS,
    track_seek_ns=2 * MS,
    full_seek_ns=20 * MS,
    overhead_ns=0,
)


class Rig:
    """A disk, and a list of how and when its requests ended."""

    def __init__(self, sectors: int = 2000, timing: DiskTiming = ROUND, store: Store | None = None) -> None:
        self.clock = Clock()
        self.events = EventQueue(self.clock, 0)
        self.disk = Disk(self.clock, self.events, store or MemoryStore(sectors * SECTOR_SIZE), timing)
        self.ended: list[tuple[int, DiskStatus]] = []

    def done(self, status: DiskStatus) -> None:
        self.ended.append((self.clock.now, status))

    def write(self, sector: int, data: bytes) -> DiskStatus:
        self.disk.write(sector, [data], self.done)
        self.events.run_due(NEVER)
        return self.ended[-1][1]

    def read(self, sector: int, count: int) -> bytes:
        into = bytearray(count * SECTOR_SIZE)
        self.disk.read(sector, [memoryview(into)], self.done)
        self.events.run_due(NEVER)
        return bytes(into)


def pattern(count: int, first: int = 1) -> bytes:
    return b"".join(bytes([(first + number) % 256]) * SECTOR_SIZE for number in range(count))


def test_what_was_written_is_read():
    rig = Rig()
    assert rig.write(7, pattern(3)) is DiskStatus.OK
    assert rig.read(6, 5) == bytes(SECTOR_SIZE) + pattern(3) + bytes(SECTOR_SIZE)
    assert (rig.disk.reads, rig.disk.writes) == (1, 1)


def test_a_page_goes_straight_into_its_frame():
    rig = Rig()
    memory = PhysicalMemory(8 * PAGE_SIZE)
    frames = [memory.allocate(), memory.allocate()]
    rig.write(16, pattern(16))
    rig.disk.read(16, [memory.frame(frame) for frame in frames if frame], rig.done)
    rig.events.run_due(NEVER)
    assert b"".join(bytes(memory.frame(frame)) for frame in frames if frame) == pattern(16)


def test_nothing_moves_before_the_transfer_ends():
    rig = Rig()
    into = bytearray(b"old " * 128)
    rig.disk.read(0, [memoryview(into)], rig.done)
    assert rig.ended == []
    assert into.startswith(b"old")
    rig.events.run_due(NEVER)
    assert into == bytes(SECTOR_SIZE)


@pytest.mark.parametrize(
    ("start", "sector", "count", "end"),
    [
        (0, 0, 1, 1 * MS),  # the sector is there at once
        (0, 5, 1, 6 * MS),  # half a revolution away
        (1, 0, 1, 11 * MS),  # just missed: nearly a whole revolution
        (0, 0, 10, 10 * MS),  # a track takes a revolution
        (0, 10, 1, 1 * MS),  # the next track of the cylinder
        (0, 20, 1, 11 * MS),  # the next cylinder: seek 2, then wait for sector 0 to come round
        (0, 22, 1, 3 * MS),  # seek 2, and sector 2 is there
        (0, 15, 10, 17 * MS),  # over the end of a cylinder: one step of the arm
        (123 * MS, 3, 2, 125 * MS),  # where the platter stands follows from virtual time
    ],
)
def test_a_request_takes_seek_rotation_and_transfer(start, sector, count, end):
    rig = Rig()
    rig.clock.now = start
    rig.read(sector, count)
    assert rig.ended == [(end, DiskStatus.OK)]


def test_the_arm_stays_where_the_last_transfer_ended():
    rig = Rig()
    rig.read(15, 10)  # ends on cylinder 1 at 17 ms
    rig.read(27, 1)  # which needs no seek
    assert rig.ended[-1] == (18 * MS, DiskStatus.OK)


def test_seeks_grow_with_the_distance_but_less_and_less():
    timing = DiskTiming()
    assert timing.seek_ns(0) == 0
    assert timing.seek_ns(1) == timing.track_seek_ns
    assert timing.seek_ns(1000) == timing.full_seek_ns
    assert timing.seek_ns(1000 // 3) == pytest.approx(16 * MS, rel=0.03)  # an average seek
    times = [timing.seek_ns(distance) for distance in range(1001)]
    assert times == sorted(times)
    assert times[200] - times[100] > times[1000] - times[900]


def test_the_default_drive_is_one_of_1990():
    timing = DiskTiming()
    track = timing.sectors_per_track * SECTOR_SIZE
    assert track * 1_000_000_000 / timing.rotation_ns == pytest.approx(1.66e6, rel=0.01)
    capacity = track * timing.tracks_per_cylinder * timing.full_stroke_cylinders
    assert capacity == pytest.approx(221e6, rel=0.01)


def test_requests_are_done_in_order_one_after_the_other():
    rig = Rig()
    into = [bytearray(SECTOR_SIZE) for _ in range(3)]
    order: list[int] = []
    for number, sector in enumerate((5, 0, 5)):
        rig.disk.read(sector, [memoryview(into[number])], lambda status, n=number: order.append(n))
    rig.disk.read(3, [memoryview(into[0])], rig.done)
    rig.events.run_due(NEVER)
    assert order == [0, 1, 2]
    assert rig.ended == [(24 * MS, DiskStatus.OK)]  # 6, 11, 16, and round again to 3
    assert rig.disk.busy_ns == 24 * MS


def test_a_completion_may_ask_for_more():
    rig = Rig()
    into = bytearray(SECTOR_SIZE)
    rig.disk.read(0, [memoryview(into)], lambda _: rig.disk.read(1, [memoryview(into)], rig.done))
    rig.events.run_due(NEVER)
    assert rig.ended == [(2 * MS, DiskStatus.OK)]


@pytest.mark.parametrize(("sector", "count"), [(2000, 1), (1999, 2), (-1, 1), (1 << 40, 1)])
def test_out_of_range(sector, count):
    rig = Rig()
    into = bytearray(b"x" * count * SECTOR_SIZE)
    rig.disk.read(sector, [memoryview(into)], rig.done)
    rig.events.run_due(NEVER)
    assert rig.ended[-1][1] is DiskStatus.OUT_OF_RANGE
    assert set(into) == {ord("x")}
    assert rig.write(sector, pattern(count)) is DiskStatus.OUT_OF_RANGE
    assert rig.write(1999, pattern(1)) is DiskStatus.OK


def test_a_bad_sector_ends_the_transfer_there_until_it_is_good_again():
    rig = Rig()
    rig.write(0, pattern(4))
    rig.disk.fault("bad", 2)
    assert rig.read(0, 4) == pattern(2) + bytes(2 * SECTOR_SIZE)
    assert rig.ended[-1][1] is DiskStatus.BAD_SECTOR
    assert rig.write(0, pattern(4, 9)) is DiskStatus.BAD_SECTOR
    assert rig.write(3, pattern(1, 9)) is DiskStatus.OK
    rig.disk.fault("good", 2)
    assert rig.read(0, 4) == pattern(2, 9) + pattern(1, 3) + pattern(1, 9)


def test_the_power_fails_after_so_many_writes_and_the_last_is_torn():
    rig = Rig()
    rig.disk.fault("doom", 2)
    assert rig.write(0, pattern(4)) is DiskStatus.OK
    assert rig.read(0, 4) == pattern(4)
    assert rig.write(0, pattern(4, 9)) is DiskStatus.NO_POWER
    assert rig.write(8, pattern(1)) is DiskStatus.NO_POWER
    rig.read(0, 1)
    assert rig.ended[-1][1] is DiskStatus.NO_POWER
    rig.disk.fault("power", 0)
    assert rig.read(0, 4) == pattern(2, 9) + pattern(2, 3)
    assert rig.write(0, pattern(4)) is DiskStatus.OK


def test_faults_come_in_through_the_door():
    rig = Rig()
    engine = Engine(1)

    class Node:
        number, events = 0, rig.events
        next_time, progress_time = rig.events.next_time, rig.events.progress_time

        def advance(self, horizon: object) -> None:
            rig.events.run_due(NEVER)

        def receive(self, source: int, packet: bytes) -> None: ...

    engine.add(Node())
    door = Door(engine)
    rig.disk.connect(door, 0, "disk")
    door.enter(0, "disk", b"bad 3")
    engine.run()
    rig.read(3, 1)
    assert rig.ended[-1][1] is DiskStatus.BAD_SECTOR
    with pytest.raises(ValueError, match="'explode': a disk fault is bad N"):
        door.enter(0, "disk", b"explode")


@pytest.mark.parametrize("text", [b"", b"bad", b"bad x", b"bad -1", b"doom 0", b"power 1", b"\xff"])
def test_a_bad_fault_is_refused(text):
    with pytest.raises(ValueError, match="a disk fault is"):
        parse_fault(text)


@given(
    st.lists(
        st.tuples(st.booleans(), st.integers(0, 60), st.lists(st.integers(1, 4), min_size=1, max_size=3)),
        max_size=20,
    )
)
@settings(max_examples=60, deadline=None)
def test_it_behaves_as_an_array(requests):
    """Random requests, several waiting at once, in several pieces of memory each."""
    rig = Rig(sectors=80)
    model = bytearray(80 * SECTOR_SIZE)
    expected: list[tuple[list[bytearray], bytes]] = []
    for number, (write, sector, sizes) in enumerate(requests):
        total = sum(sizes) * SECTOR_SIZE
        start = sector * SECTOR_SIZE
        if write:
            pieces = [pattern(size, number) for size in sizes]
            model[start : start + total] = b"".join(pieces)
            rig.disk.write(sector, pieces, rig.done)
        else:
            buffers = [bytearray(size * SECTOR_SIZE) for size in sizes]
            expected.append((buffers, bytes(model[start : start + total])))
            rig.disk.read(sector, [memoryview(buffer) for buffer in buffers], rig.done)
    rig.events.run_due(NEVER)
    assert [status for _, status in rig.ended] == [DiskStatus.OK] * len(requests)
    for buffers, data in expected:
        assert b"".join(buffers) == data


# ---------------------------------------------------------------------- where the bytes are kept


def test_a_file_persists_and_is_sparse(tmp_path):
    path = tmp_path / "disk"
    store = FileStore(path, 1 << 30)
    rig = Rig(store=store)
    rig.write(100_000, pattern(2))
    store.close()
    assert path.stat().st_size == 1 << 30
    assert path.stat().st_blocks * 512 < 1 << 20
    again = FileStore(path)
    assert Rig(store=again).read(100_000, 2) == pattern(2)
    again.close()


def test_a_file_is_used_by_one_machine_at_a_time(tmp_path):
    store = FileStore(tmp_path / "disk", 1 << 20)
    with pytest.raises(ValueError, match="disk is in use by another machine"):
        FileStore(tmp_path / "disk")
    store.close()
    FileStore(tmp_path / "disk").close()


@pytest.mark.parametrize(
    ("size", "make", "message"),
    [
        (None, None, "there is no disk .*, and no size"),
        (1 << 20, b"xx", "has 2 bytes, not 1048576"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(tmp_path, size, make, message):
    path = tmp_path / "disk"
    if make is not None:
        path.write_bytes(make)
    with pytest.raises(ValueError, match=message):
        FileStore(path, size)


def test_a_folder_is_no_disk(tmp_path):
    with pytest.raises(ValueError, match="cannot be opened: Is a directory"):
        FileStore(tmp_path, 1 << 20)


def test_a_disk_in_memory_starts_as_an_image_and_never_changes_it(tmp_path):
    image = tmp_path / "image"
    image.write_bytes(pattern(3))
    rig = Rig(store=MemoryStore(5 * SECTOR_SIZE, image))
    assert rig.read(0, 5) == pattern(3) + bytes(2 * SECTOR_SIZE)
    rig.write(0, pattern(1, 9))
    assert image.read_bytes() == pattern(3)
    with pytest.raises(ValueError, match="more than the disk's 512"):
        MemoryStore(SECTOR_SIZE, image)


def test_a_disk_has_whole_sectors():
    with pytest.raises(ValueError, match="1000 bytes"):
        Rig(store=MemoryStore(1000))
    with pytest.raises(AssertionError, match="whole sectors"):
        Rig().disk.write(0, [b"x"], print)


@pytest.mark.skipif(not STATM.exists(), reason="only Linux says how much memory is resident")
def test_an_untouched_disk_takes_no_memory():
    store = MemoryStore(4 << 30)
    store.write((4 << 30) - 512, memoryview(bytes(512)))
    resident = int(STATM.read_text().split()[1]) * mmap.PAGESIZE
    assert resident < 1 << 30
