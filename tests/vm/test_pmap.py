"""Page tables: what the processors see, and when they must look again."""

import pytest

from kernel.machine.memory import PAGE_SIZE
from kernel.machine.mmu import KERNEL_BASE, PTE_NO_EXECUTE, PTE_PRESENT, PTE_WRITE
from kernel.vm.map import VmMap
from kernel.vm.pmap import Pmap
from kernel.vm.protection import VM_PROT_NONE, VM_PROT_READ
from kernel.vm.system import VmSystem

from .toy import EXECUTE, READ, WRITE, ToyProcessor, toy_system


@pytest.fixture
def pmap(system: VmSystem) -> Pmap:
    return system.create_map().pmap


def frame_of(system: VmSystem) -> int:
    frame = system.memory.allocate()
    assert frame is not None
    return frame


@pytest.fixture
def system() -> VmSystem:
    """Not checked afterwards: these tests enter frames that belong to no page."""
    return toy_system()


def test_enter_and_extract(system: VmSystem, pmap: Pmap) -> None:
    frame = frame_of(system)
    assert pmap.extract(0x5000) is None
    assert pmap.enter(0x5000, frame, READ)
    assert pmap.extract(0x5123) == frame
    assert pmap.extract(0x6000) is None
    assert pmap.resident == 1


def test_giving_rights_needs_no_flush(system: VmSystem, pmap: Pmap) -> None:
    frame = frame_of(system)
    generation = pmap.generation
    pmap.enter(0x5000, frame, READ)
    pmap.enter(0x5000, frame, WRITE)
    pmap.enter(0x5000, frame, WRITE | EXECUTE)
    assert pmap.generation == generation


def test_taking_rights_away_does(system: VmSystem, pmap: Pmap) -> None:
    frame, other = frame_of(system), frame_of(system)
    seen = {pmap.generation}
    pmap.enter(0x5000, frame, WRITE)
    for take in (
        lambda: pmap.protect(0x5000, 0x6000, VM_PROT_READ),
        lambda: pmap.enter(0x5000, other, READ),
        lambda: pmap.remove(0x5000, 0x6000),
    ):
        take()
        assert pmap.generation not in seen
        seen.add(pmap.generation)
    pmap.remove(0x5000, 0x6000)
    pmap.protect(0, KERNEL_BASE, VM_PROT_READ)
    assert pmap.generation == max(seen), "nothing was taken away"


def test_write_protecting_in_bulk(system: VmSystem, pmap: Pmap) -> None:
    """Across the borders of page tables, and only within the range."""
    pages = range(0x3FE000, 0x802000, PAGE_SIZE)
    frame = frame_of(system)
    for address in pages:
        pmap.enter(address, frame, WRITE)
    pmap.protect(0x3FF000, 0x801000, VM_PROT_READ)
    writable = [address for address in pages if pmap.entry(address) & PTE_WRITE]
    assert writable == [0x3FE000, 0x801000]
    assert all(pmap.entry(address) & PTE_PRESENT for address in pages)


def test_page_protect_finds_every_mapping(system: VmSystem) -> None:
    pmaps = [system.create_map().pmap for _ in range(3)]
    frame = frame_of(system)
    for number, pmap in enumerate(pmaps):
        pmap.enter(0x1000 * (number + 1), frame, WRITE)
        pmap.enter(0x100000, frame, WRITE)
    system.maps.page_protect(frame, VM_PROT_READ)
    assert not any(pmap.entry(0x100000) & PTE_WRITE for pmap in pmaps)
    system.maps.page_protect(frame, VM_PROT_NONE)
    assert all(pmap.resident == 0 for pmap in pmaps)
    assert frame not in system.maps.mappings


def test_referenced_and_modified(space: VmMap, cpu: ToyProcessor) -> None:
    maps = space.system.maps
    at = space.allocate(0, PAGE_SIZE, True)
    cpu.read(space, at, 1)
    frame = space.pmap.extract(at)
    assert frame is not None
    assert maps.is_referenced(frame) and not maps.is_modified(frame)
    cpu.write(space, at, b"x")
    assert maps.is_modified(frame)
    maps.clear_modified(frame)
    maps.clear_referenced(frame)
    assert not maps.is_modified(frame) and not maps.is_referenced(frame)
    cpu.write(space, at, b"y")
    assert maps.is_modified(frame), "the processor must not go on with what it had cached"


def test_history_survives_the_mapping(space: VmMap, cpu: ToyProcessor) -> None:
    maps = space.system.maps
    at = space.allocate(0, PAGE_SIZE, True)
    cpu.write(space, at, b"x")
    frame = space.pmap.extract(at)
    assert frame is not None
    space.pmap.remove(at, at + PAGE_SIZE)
    assert maps.is_modified(frame) and maps.is_referenced(frame)
    space.deallocate_range(at, PAGE_SIZE)
    assert not maps.is_modified(frame), "a free frame has no history"


def test_the_fourth_gigabyte_is_the_machines() -> None:
    system = toy_system()
    directory = frame_of(system) * PAGE_SIZE
    system.maps.kernel_directory = directory
    pmap = system.create_map().pmap
    words = system.memory.view.cast("Q")
    assert words[pmap.root // 8 + 3] == directory | PTE_PRESENT
    assert pmap.index(KERNEL_BASE) == -1


def test_tables_come_and_go(system: VmSystem) -> None:
    before = system.census().frames
    pmap = system.create_map().pmap
    frame = frame_of(system)
    assert len(pmap.frames()) == 1
    pmap.enter(0x200000, frame, WRITE)
    assert len(pmap.frames()) == 3
    pmap.remove(0x200000, 0x400000)  # all that the page table maps
    assert len(pmap.frames()) == 2
    pmap.enter(0xBFFFF000, frame, WRITE)
    pmap.destroy()
    system.memory.free(frame)
    assert system.census().frames == before


def test_a_root_frame_used_again_is_not_taken_for_the_old_one(system: VmSystem) -> None:
    """A processor tells address spaces apart by root and generation."""
    first = system.create_map()
    first.allocate(0x10000, PAGE_SIZE, False)
    old = first.pmap.root, first.pmap.generation
    first.deallocate()
    second = system.create_map()
    assert second.pmap.root == old[0]
    assert second.pmap.generation != old[1]


class TestCode:
    """Which frames hold code, and when translated code must be forgotten."""

    def test_readable_memory_can_be_executed_and_that_is_noticed(
        self, space: VmMap, cpu: ToyProcessor
    ) -> None:
        memory = space.system.memory
        at = space.allocate(0, PAGE_SIZE, True)
        cpu.write(space, at, b"code")
        frame = space.pmap.extract(at)
        assert frame is not None
        assert space.pmap.entry(at) & PTE_NO_EXECUTE and not memory.executed[frame]
        assert cpu.fetch(space, at)[:4] == b"code"
        assert memory.executed[frame]
        assert not space.pmap.entry(at) & PTE_NO_EXECUTE

    def test_data_costs_no_translations(self, space: VmMap, cpu: ToyProcessor) -> None:
        memory = space.system.memory
        at = space.allocate(0, 4 * PAGE_SIZE, True)
        cpu.write(space, at, bytes(4 * PAGE_SIZE))
        space.fork().deallocate()
        space.deallocate_range(at, 4 * PAGE_SIZE)
        assert memory.code_generation == 0

    def test_a_recycled_frame_that_held_code(self, space: VmMap, cpu: ToyProcessor) -> None:
        at = space.allocate(0, PAGE_SIZE, True)
        cpu.write(space, at, b"one")
        cpu.fetch(space, at)
        space.deallocate_range(at, PAGE_SIZE)
        space.allocate(at, PAGE_SIZE, False)
        assert cpu.fetch(space, at)[:3] == bytes(3)

    def test_another_task_runs_the_same_code_without_a_fetch_fault(
        self, space: VmMap, cpu: ToyProcessor
    ) -> None:
        at = space.allocate(0, PAGE_SIZE, True)
        cpu.write(space, at, b"code")
        cpu.fetch(space, at)
        child = space.fork()
        faults = cpu.faults
        cpu.fetch(child, at)
        assert cpu.faults == faults + 1  # only the one that brings the page in

    def test_two_processors_one_stores_what_the_other_executes(self) -> None:
        system = toy_system(processors=2)
        space = system.create_map()
        first, second = ToyProcessor(system), ToyProcessor(system)
        at = space.allocate(0, PAGE_SIZE, True)
        for generation in range(4):
            first.write(space, at, b"%d" % generation)
            assert not system.memory.executed[space.pmap.extract(at) or 0]
            assert second.fetch(space, at)[:1] == b"%d" % generation
            assert not space.pmap.entry(at) & PTE_WRITE, "never writable and executable at once"

    def test_two_processors_through_two_mappings(self) -> None:
        system = toy_system(processors=2)
        space = system.create_map()
        first, second = ToyProcessor(system), ToyProcessor(system)
        at = space.allocate(0, PAGE_SIZE, True)
        space.inherit(at, PAGE_SIZE, 0)
        child = space.fork()
        for generation in range(4):
            first.write(child, at, b"%d" % generation)
            assert second.fetch(space, at)[:1] == b"%d" % generation
