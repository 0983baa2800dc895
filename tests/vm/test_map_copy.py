"""Memory in transit: vm_read, vm_write, vm_copy, and out-of-line data of messages."""

import pytest

from kernel.interface.returns import KernReturn, MachError
from kernel.machine.memory import PAGE_SIZE
from kernel.machine.mmu import KERNEL_BASE
from kernel.vm import user
from kernel.vm.check import check
from kernel.vm.map import VmMap
from kernel.vm.map_copy import copy_from_bytes, map_copy_overwrite, map_copyin, map_copyout

from .toy import READ, ToyProcessor, code_of, toy_system

K = PAGE_SIZE


@pytest.fixture
def at(space: VmMap, cpu: ToyProcessor) -> int:
    """Four pages that say which they are."""
    at = space.allocate(0x100000, 4 * K, False)
    for page in range(4):
        cpu.write(space, at + page * K, b"%d" % page * K)
    return at


class TestCopyin:
    def test_no_byte_moves(self, space: VmMap, at: int) -> None:
        pages = space.system.census().pages
        copy = map_copyin(space, at, 4 * K)
        assert space.system.census().pages == pages
        assert copy.read() == b"".join(b"%d" % page * K for page in range(4))

    def test_any_alignment(self, space: VmMap, at: int) -> None:
        copy = map_copyin(space, at + K - 2, K + 4)
        assert (copy.offset, copy.size) == (K - 2, K + 4)
        assert copy.read() == b"00" + b"1" * K + b"22"

    def test_it_is_a_snapshot(self, space: VmMap, at: int, cpu: ToyProcessor) -> None:
        copy = map_copyin(space, at, K)
        cpu.write(space, at, b"changed")
        assert copy.read()[:7] == b"0000000"

    def test_memory_that_was_never_touched_reads_as_zeroes(self, space: VmMap) -> None:
        at = space.allocate(0, 2 * K, True)
        copy = map_copyin(space, at, 2 * K)
        assert copy.read() == bytes(2 * K)
        assert space.system.census().pages == 0

    def test_nothing(self, space: VmMap) -> None:
        copy = map_copyin(space, 0x12345, 0)
        assert copy.read() == b"" and map_copyout(space, copy) == 0

    def test_with_the_source_destroyed_the_pages_move(self, space: VmMap, at: int, cpu: ToyProcessor) -> None:
        frames = [space.pmap.extract(at + page * K) for page in range(4)]
        copy = map_copyin(space, at, 4 * K, source_destroy=True)
        assert space.lookup(at) is None
        other = space.system.create_map()
        to = map_copyout(other, copy)
        cpu.write(other, to, b"mine")
        assert [other.pmap.extract(to) for _ in range(1)] == frames[:1], "not even the first is copied"

    @pytest.mark.parametrize(
        ("offset", "size", "code"),
        [
            (4 * K, 1, KernReturn.INVALID_ADDRESS),
            (3 * K, K + 1, KernReturn.INVALID_ADDRESS),
            (-1, 2, KernReturn.INVALID_ADDRESS),
            (0, 0xFFFFFFFF, KernReturn.INVALID_ADDRESS),  # wraps around
            (K, 1, KernReturn.PROTECTION_FAILURE),
            (0, 8 * K, KernReturn.PROTECTION_FAILURE),  # whichever comes first
        ],
    )
    def test_errors(self, space: VmMap, at: int, offset: int, size: int, code: int) -> None:
        space.protect(at + K, K, False, 0)
        before = space.system.census()
        with pytest.raises(MachError) as error:
            map_copyin(space, at + offset, size, True)
        assert code_of(error.value) == code
        assert space.system.census() == before

    def test_at_the_end_of_the_address_space(self, space: VmMap) -> None:
        space.allocate(KERNEL_BASE - K, K, False)
        assert map_copyin(space, KERNEL_BASE - 1, 1).size == 1
        with pytest.raises(MachError):
            map_copyin(space, KERNEL_BASE - 1, 2)

    def test_sending_from_a_buffer_again_and_again_does_not_cut_it_up(
        self, space: VmMap, at: int, cpu: ToyProcessor
    ) -> None:
        for message in range(10):
            copy = map_copyin(space, at + K, K)
            copy.discard()
            cpu.write(space, at + K, b"%d" % message)
        assert len(space.entries) == 1
        assert space.system.statistics.cow_faults == 0


class TestCopyout:
    def test_the_copy_is_at_a_fresh_address(self, space: VmMap, at: int, cpu: ToyProcessor) -> None:
        copy = map_copyin(space, at + 10, 2 * K)
        to = map_copyout(space, copy)
        assert to % K == 10
        assert cpu.read(space, to, 2 * K) == b"0" * (K - 10) + b"1" * K + b"2" * 10
        cpu.write(space, to, b"x")
        assert cpu.read(space, at + 10, 1) == b"0"
        region = user.vm_region(space, to)
        assert (region.protection, region.max_protection, region.inheritance) == (3, 7, 1)

    def test_no_space_leaves_the_copy(self, space: VmMap, at: int) -> None:
        copy = map_copyin(space, at, K)
        space.deallocate_range(at, 4 * K)
        space.allocate(0, KERNEL_BASE - K, True)
        with pytest.raises(MachError) as error:
            map_copyout(space, copy)
        assert code_of(error.value) == KernReturn.NO_SPACE
        assert copy.read() == b"0" * K


class TestFromBytes:
    def test_bytes_become_pages(self, space: VmMap, cpu: ToyProcessor) -> None:
        data = bytes(range(256)) * 20
        to = map_copyout(space, copy_from_bytes(space.system, data))
        assert cpu.read(space, to, len(data)) == data
        assert cpu.read(space, to + len(data), -len(data) % K) == bytes(-len(data) % K)

    def test_without_frames(self) -> None:
        system = toy_system(frames=8)
        before = system.census()
        with pytest.raises(MachError) as error:
            copy_from_bytes(system, bytes(8 * K))
        assert code_of(error.value) == KernReturn.RESOURCE_SHORTAGE
        assert system.census() == before


class TestOverwrite:
    def test_whole_pages_are_substituted(self, space: VmMap, at: int, cpu: ToyProcessor) -> None:
        pages = space.system.census().pages
        space.protect(at + 2 * K, 2 * K, False, 7)
        user.vm_copy(space, at, 2 * K, at + 2 * K)
        assert space.system.census().pages == pages - 2, "the old pages are gone, none is new"
        assert cpu.read(space, at + 2 * K, 2 * K) == b"0" * K + b"1" * K
        assert user.vm_region(space, at + 2 * K).protection == 7, "protection stays"
        cpu.write(space, at, b"x")
        assert cpu.read(space, at + 2 * K, 1) == b"0"

    def test_parts_of_pages_are_written(self, space: VmMap, at: int, cpu: ToyProcessor) -> None:
        user.vm_write(space, at + K - 3, b"abcdef")
        assert cpu.read(space, at + K - 4, 8) == b"0abcdef1"

    def test_overlapping(self, space: VmMap, at: int, cpu: ToyProcessor) -> None:
        user.vm_copy(space, at, 3 * K, at + K)
        assert cpu.read(space, at, 4 * K) == b"0" * 2 * K + b"1" * K + b"2" * K
        user.vm_copy(space, at + 1, 2 * K, at)
        check(space.system)

    def test_shared_memory_is_written_for_all(self, space: VmMap, at: int, cpu: ToyProcessor) -> None:
        space.inherit(at, 4 * K, 0)
        child = space.fork()
        user.vm_write(space, at, b"z" * 4 * K)
        assert cpu.read(child, at, 4 * K) == b"z" * 4 * K

    def test_what_is_overwritten_may_itself_be_a_copy(self, space: VmMap, at: int, cpu: ToyProcessor) -> None:
        child = space.fork()
        user.vm_write(child, at, b"c" * 4 * K)
        assert cpu.read(space, at, 1) == b"0"
        user.vm_write(space, at + 1, b"p" * 4)
        assert cpu.read(child, at, 5) == b"ccccc" and cpu.read(space, at, 6) == b"0pppp0"

    @pytest.mark.parametrize(
        ("offset", "size", "code"),
        [
            (4 * K, 1, KernReturn.INVALID_ADDRESS),
            (3 * K, K + 1, KernReturn.INVALID_ADDRESS),
            (0, 2 * K, KernReturn.PROTECTION_FAILURE),
        ],
    )
    def test_errors_leave_everything_as_it_was(
        self, space: VmMap, at: int, cpu: ToyProcessor, offset: int, size: int, code: int
    ) -> None:
        space.protect(at + K, K, False, READ)
        copy = copy_from_bytes(space.system, bytes(size))
        with pytest.raises(MachError) as error:
            map_copy_overwrite(space, at + offset, copy)
        assert code_of(error.value) == code
        assert copy.read() == bytes(size)
        assert cpu.read(space, at, 4 * K) == b"".join(b"%d" % page * K for page in range(4))

    def test_all_or_nothing_when_frames_run_out(self) -> None:
        system = toy_system(frames=16)
        cpu = ToyProcessor(system)
        space = system.create_map()
        at = space.allocate(0, 6 * K, True)
        cpu.write(space, at, b"p" * 6 * K)
        child = space.fork()
        data = b"c" * (5 * K + 2)
        with pytest.raises(MachError) as error:
            user.vm_write(child, at + 1, data[: 3 * K])
            user.vm_write(child, at + 1, data)
        assert code_of(error.value) == KernReturn.RESOURCE_SHORTAGE
        assert cpu.read(child, at, 1) == b"p" and cpu.read(space, at, 6 * K) == b"p" * 6 * K
        check(system)


def test_a_copy_that_was_consumed_can_be_discarded(space: VmMap, at: int) -> None:
    """So whoever destroys a message need not know whether its memory was taken."""
    copy = map_copyin(space, at, K)
    map_copyout(space, copy)
    copy.discard()
    check(space.system)


def test_the_pages_of_a_copy(space: VmMap, at: int) -> None:
    """The form for devices and the network: frames, and None for zeroes."""
    space.allocate(at + 4 * K, K, False)
    copy = map_copyin(space, at + 3 * K + 5, K)
    frames = [None if page is None else page.frame for page in copy.pages()]
    assert frames == [space.pmap.extract(at + 3 * K), None]
