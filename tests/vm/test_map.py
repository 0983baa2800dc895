"""Address maps: finding space, clipping and joining entries, protection, inheritance, regions."""

import pytest

from kernel.interface.returns import KernReturn, MachError
from kernel.machine.memory import PAGE_SIZE
from kernel.machine.mmu import KERNEL_BASE
from kernel.vm import entry_list, user
from kernel.vm.map import VmMap

from .toy import READ, WRITE, ToyProcessor, code_of

K = PAGE_SIZE
TOP = KERNEL_BASE


def layout(space: VmMap) -> list[tuple[int, int]]:
    return [(entry.start, entry.end) for entry in space.entries]


class TestAllocating:
    def test_anywhere_is_the_first_fit_above_page_zero(self, space: VmMap) -> None:
        assert user.vm_allocate(space, 0x700000, K, True) == K
        assert user.vm_allocate(space, 0, 3 * K, True) == 2 * K
        user.vm_deallocate(space, 2 * K, 2 * K)
        assert user.vm_allocate(space, 0, 3 * K, True) == 5 * K
        assert user.vm_allocate(space, 0, 2 * K, True) == 2 * K

    def test_page_zero_when_asked_for(self, space: VmMap) -> None:
        assert user.vm_allocate(space, 0, K, False) == 0
        assert user.vm_allocate(space, 0, K, True) == K

    def test_addresses_round_down_and_sizes_up(self, space: VmMap) -> None:
        assert user.vm_allocate(space, 0x10FFF, 1, False) == 0x10000
        assert layout(space) == [(0x10000, 0x11000)]

    def test_nothing_is_at_zero(self, space: VmMap) -> None:
        assert user.vm_allocate(space, 0x5000, 0, False) == 0
        assert layout(space) == []

    @pytest.mark.parametrize(
        ("address", "size", "anywhere", "code"),
        [
            (0x10000, K, False, KernReturn.NO_SPACE),  # taken
            (0xF000, 2 * K, False, KernReturn.NO_SPACE),  # its second half is
            (TOP, K, False, KernReturn.INVALID_ADDRESS),
            (TOP - K, 2 * K, False, KernReturn.INVALID_ADDRESS),
            (0xFFFFF000, 2 * K, False, KernReturn.INVALID_ADDRESS),  # wraps around
            (0x20000, 0xFFFFFFFF, False, KernReturn.INVALID_ADDRESS),
            (0, 0xFFFFFFFF, True, KernReturn.NO_SPACE),
            (0, TOP, True, KernReturn.NO_SPACE),
        ],
    )
    def test_errors(self, space: VmMap, address: int, size: int, anywhere: bool, code: int) -> None:
        user.vm_allocate(space, 0x10000, K, False)
        with pytest.raises(MachError) as error:
            user.vm_allocate(space, address, size, anywhere)
        assert code_of(error.value) == code

    def test_all_there_is(self, space: VmMap) -> None:
        assert user.vm_allocate(space, 0, TOP - K, True) == K
        with pytest.raises(MachError) as error:
            user.vm_allocate(space, 0, K, True)
        assert code_of(error.value) == KernReturn.NO_SPACE

    def test_a_mask_aligns(self, space: VmMap) -> None:
        user.vm_allocate(space, 0, K, True)
        assert user.vm_map(space, 0, K, 0xFFFF, True, None, 0, False) == 0x10000
        with pytest.raises(MachError) as error:
            user.vm_map(space, 0x21000, K, 0xFFFF, False, None, 0, False)
        assert code_of(error.value) == KernReturn.NO_SPACE

    def test_a_growing_heap_is_one_entry_and_one_object(self, space: VmMap, cpu: ToyProcessor) -> None:
        for page in range(10):
            user.vm_allocate(space, 0x100000 + page * K, K, False)
            cpu.write(space, 0x100000 + page * K, b"x")
        assert len(space.entries) == 1
        assert space.system.census().objects == 1

    def test_memory_that_comes_back_is_zero(self, space: VmMap, cpu: ToyProcessor) -> None:
        """Also when the object of the memory before it grows over it again."""
        at = user.vm_allocate(space, 0, 4 * K, True)
        cpu.write(space, at, b"x" * 4 * K)
        child = space.fork()  # so that pages cannot be given up while the child sees them
        user.vm_deallocate(space, at + 2 * K, 2 * K)
        child.deallocate()
        cpu.write(space, at, b"x" * 2 * K)
        assert space.system.census().pages == 4
        user.vm_allocate(space, at + 2 * K, 2 * K, False)
        assert len(space.entries) == 1
        assert cpu.read(space, at + K, 3 * K) == b"x" * K + bytes(2 * K)

    def test_the_number_of_entries_is_limited(self, space: VmMap, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(entry_list, "MAX_ENTRIES", 8)
        with pytest.raises(MachError) as error:
            for page in range(10):
                user.vm_allocate(space, page * 2 * K, K, False)
        assert code_of(error.value) == KernReturn.RESOURCE_SHORTAGE
        assert len(space.entries) <= 8


class TestDeallocating:
    def test_holes_are_ignored(self, space: VmMap) -> None:
        user.vm_allocate(space, 0x10000, K, False)
        user.vm_allocate(space, 0x30000, K, False)
        user.vm_deallocate(space, 0, 0x40000)
        user.vm_deallocate(space, 0, 0x40000)
        assert layout(space) == [] and space.size == 0

    def test_the_middle(self, space: VmMap, cpu: ToyProcessor) -> None:
        user.vm_allocate(space, 0x10000, 4 * K, False)
        cpu.write(space, 0x10000, b"x" * 4 * K)
        user.vm_deallocate(space, 0x11001, K)  # touches two pages
        assert layout(space) == [(0x10000, 0x11000), (0x13000, 0x14000)]
        assert space.system.census().pages == 2, "what nobody can see is given back at once"

    def test_a_range_that_wraps_is_empty(self, space: VmMap) -> None:
        user.vm_allocate(space, 0x10000, K, False)
        user.vm_deallocate(space, 0x10000, 0xFFFFFFFF)
        user.vm_deallocate(space, 0x10000, 0)
        user.vm_protect(space, 0x10000, 0xFFFFFFFF, False, 0)
        user.vm_inherit(space, 0x10000, 0xFFFFFFFF, 2)
        assert space.entries[0].protection == 3
        assert space.entries[0].inheritance == 1

    def test_a_range_is_cut_to_the_map(self, space: VmMap) -> None:
        user.vm_allocate(space, TOP - K, K, False)
        user.vm_deallocate(space, TOP - K, 0x10000000)
        assert layout(space) == []


class TestProtecting:
    def test_entries_split_and_join(self, space: VmMap) -> None:
        user.vm_allocate(space, 0x10000, 4 * K, False)
        user.vm_protect(space, 0x11000, K, False, READ)
        assert layout(space) == [(0x10000, 0x11000), (0x11000, 0x12000), (0x12000, 0x14000)]
        user.vm_protect(space, 0x11000, K, False, WRITE)
        assert layout(space) == [(0x10000, 0x14000)]

    def test_it_takes_effect_at_once(self, space: VmMap, cpu: ToyProcessor) -> None:
        at = user.vm_allocate(space, 0, K, True)
        cpu.write(space, at, b"x")
        user.vm_protect(space, at, K, False, READ)
        with pytest.raises(MachError) as error:
            cpu.write(space, at, b"y")
        assert code_of(error.value) == KernReturn.PROTECTION_FAILURE
        user.vm_protect(space, at, K, False, WRITE)
        cpu.write(space, at, b"y")

    def test_the_maximum_only_shrinks(self, space: VmMap) -> None:
        at = user.vm_allocate(space, 0, 2 * K, True)
        user.vm_protect(space, at, K, True, READ)
        assert space.entries[0].protection == READ
        for protection in (WRITE, 7):
            with pytest.raises(MachError) as error:
                user.vm_protect(space, at, 2 * K, False, protection)
            assert code_of(error.value) == KernReturn.PROTECTION_FAILURE
        assert space.entries[1].protection == WRITE, "a failure changes nothing"

    @pytest.mark.parametrize("protection", [8, 16, -1])
    def test_no_such_protection(self, space: VmMap, protection: int) -> None:
        with pytest.raises(MachError) as error:
            user.vm_protect(space, 0, K, False, protection)
        assert code_of(error.value) == KernReturn.INVALID_ARGUMENT


class TestInheriting:
    def test_share_copy_and_none(self, space: VmMap, cpu: ToyProcessor) -> None:
        user.vm_allocate(space, 0x10000, 3 * K, False)
        for page, inheritance in enumerate((0, 1, 2)):
            user.vm_inherit(space, 0x10000 + page * K, K, inheritance)
        cpu.write(space, 0x10000, b"x" * 3 * K)
        child = space.fork()
        cpu.write(space, 0x10000, b"y" * 3 * K)
        assert cpu.read(child, 0x10000, 2 * K) == b"y" * K + b"x" * K
        assert child.lookup(0x12000) is None
        assert [entry.inheritance for entry in child.entries] == [0, 1]

    def test_no_such_inheritance(self, space: VmMap) -> None:
        for inheritance in (3, -1, 0xFFFFFFFF):
            with pytest.raises(MachError) as error:
                user.vm_inherit(space, 0, K, inheritance)
            assert code_of(error.value) == KernReturn.INVALID_ARGUMENT

    def test_shared_memory_goes_when_its_last_sharer_goes(self, space: VmMap, cpu: ToyProcessor) -> None:
        """Page by page, though others still share the rest."""
        user.vm_allocate(space, 0x10000, 4 * K, False)
        user.vm_inherit(space, 0x10000, 4 * K, 0)
        cpu.write(space, 0x10000, bytes(4 * K))
        child = space.fork()
        user.vm_deallocate(space, 0x10000, 2 * K)
        user.vm_deallocate(child, 0x11000, 2 * K)
        assert space.system.census().pages == 3
        child.deallocate()
        assert space.system.census().pages == 2


class TestRegions:
    def test_a_region_is_found_from_within_or_below(self, space: VmMap) -> None:
        user.vm_allocate(space, 0x10000, 2 * K, False)
        for address in (0, 0xFFFF, 0x10000, 0x11FFF):
            region = user.vm_region(space, address)
            assert (region.address, region.size) == (0x10000, 2 * K)
            assert (region.protection, region.max_protection, region.inheritance) == (3, 7, 1)
            assert not region.is_shared

    def test_beyond_the_last(self, space: VmMap) -> None:
        user.vm_allocate(space, 0x10000, K, False)
        with pytest.raises(MachError) as error:
            user.vm_region(space, 0x11000)
        assert code_of(error.value) == KernReturn.NO_SPACE

    def test_shared_memory_says_so(self, space: VmMap) -> None:
        user.vm_allocate(space, 0x10000, K, False)
        user.vm_inherit(space, 0x10000, K, 0)
        child = space.fork()
        assert user.vm_region(space, 0).is_shared and user.vm_region(child, 0).is_shared


class TestVmMap:
    @pytest.mark.parametrize(
        ("size", "protection", "maximum", "inheritance"),
        [(K, 8, 7, 1), (K, 3, 15, 1), (K, 3, 7, 3), (K, 3, 7, -1), (0, 3, 7, 1)],
    )
    def test_errors(self, space: VmMap, size: int, protection: int, maximum: int, inheritance: int) -> None:
        with pytest.raises(MachError) as error:
            user.vm_map(space, 0, size, 0, True, None, 0, False, protection, maximum, inheritance)
        assert code_of(error.value) == KernReturn.INVALID_ARGUMENT

    def test_attributes(self, space: VmMap, cpu: ToyProcessor) -> None:
        at = user.vm_map(space, 0x10000, K, 0, True, None, 0x123, True, 1, 1, 2)
        region = user.vm_region(space, at)
        assert (at, region.protection, region.max_protection, region.inheritance) == (0x10000, 1, 1, 2)
        assert cpu.read(space, at, 4) == bytes(4)


class TestMachineAttribute:
    def test_caches_are_on_and_can_be_flushed(self, space: VmMap) -> None:
        at = user.vm_allocate(space, 0, K, True)
        assert user.vm_machine_attribute(space, at, K, 1, 2) == 1  # MATTR_CACHE, GET -> ON
        for flush in (6, 7, 8):
            assert user.vm_machine_attribute(space, at, K, 1, flush) == flush

    @pytest.mark.parametrize(
        ("address", "attribute", "value", "code"),
        [
            (0x10000, 1, 0, KernReturn.INVALID_ADDRESS),  # caches cannot be switched off
            (0x10000, 2, 2, KernReturn.INVALID_ADDRESS),  # there is nowhere to migrate
            (TOP, 1, 2, KernReturn.INVALID_ARGUMENT),
        ],
    )
    def test_errors(self, space: VmMap, address: int, attribute: int, value: int, code: int) -> None:
        with pytest.raises(MachError) as error:
            user.vm_machine_attribute(space, address, K, attribute, value)
        assert code_of(error.value) == code
