"""What a page fault does: zero fill, the two kinds of copy-on-write, and its errors."""

import pytest

from kernel.interface.returns import KernReturn
from kernel.machine.memory import PAGE_SIZE
from kernel.vm import user
from kernel.vm.check import check
from kernel.vm.fault import fault
from kernel.vm.map import VmMap
from kernel.vm.map_copy import map_copyin
from kernel.vm.object import CopyStrategy, VmObject
from kernel.vm.object_copy import copy_strategically
from kernel.vm.system import VmSystem

from .toy import EXECUTE, READ, WRITE, ToyProcessor, toy_system


def test_memory_is_zero_when_first_touched(space: VmMap, cpu: ToyProcessor) -> None:
    at = space.allocate(0, 2 * PAGE_SIZE, True)
    assert space.system.census().pages == 0
    assert cpu.read(space, at, PAGE_SIZE) == bytes(PAGE_SIZE)
    assert space.system.census().pages == 1
    assert space.system.statistics.zero_fill == 1


def test_a_recycled_frame_is_zero_again(space: VmMap, cpu: ToyProcessor) -> None:
    at = space.allocate(0, PAGE_SIZE, True)
    cpu.write(space, at, b"secret")
    frame = space.pmap.extract(at)
    space.deallocate_range(at, PAGE_SIZE)
    at = space.allocate(0, PAGE_SIZE, True)
    assert cpu.read(space, at, 6) == bytes(6)
    assert space.pmap.extract(at) == frame


@pytest.mark.parametrize(
    ("protection", "access", "result"),
    [
        (0, READ, KernReturn.PROTECTION_FAILURE),
        (0, EXECUTE, KernReturn.PROTECTION_FAILURE),
        (1, READ, 0),
        (1, EXECUTE, 0),  # the i386 cannot allow to read and not to execute
        (1, WRITE, KernReturn.PROTECTION_FAILURE),
        (4, READ, 0),
        (2, READ, 0),
        (3, WRITE, 0),
        (5, WRITE, KernReturn.PROTECTION_FAILURE),
    ],
)
def test_what_a_protection_allows(space: VmMap, protection: int, access: int, result: int) -> None:
    at = space.allocate(0, PAGE_SIZE, True)
    space.protect(at, PAGE_SIZE, False, protection)
    assert fault(space, at + 17, access) == result


def test_an_address_that_is_not_allocated(space: VmMap) -> None:
    for address in (0, 0x1000, 0xBFFFFFFF, 0xC0000000, 0xFFFFFFFF):
        assert fault(space, address, READ) == KernReturn.INVALID_ADDRESS


def test_both_sides_of_a_fork_see_what_was_there(space: VmMap, cpu: ToyProcessor) -> None:
    at = space.allocate(0, 3 * PAGE_SIZE, True)
    cpu.write(space, at, b"before")
    child = space.fork()
    check(space.system)
    cpu.write(space, at, b"parent")
    assert cpu.read(child, at, 6) == b"before"
    cpu.write(child, at, b"child ")
    assert cpu.read(space, at, 6) == b"parent"
    assert space.system.statistics.cow_faults == 1  # the last one who sees a page just takes it


def test_only_what_is_written_is_copied(space: VmMap, cpu: ToyProcessor) -> None:
    at = space.allocate(0, 8 * PAGE_SIZE, True)
    cpu.write(space, at, bytes(8 * PAGE_SIZE))
    child = space.fork()
    assert space.system.census().pages == 8
    cpu.read(child, at, 8 * PAGE_SIZE)
    assert space.system.census().pages == 8
    cpu.write(child, at + 2 * PAGE_SIZE, b"x")
    assert space.system.census().pages == 9


def test_when_the_child_is_gone_the_parent_writes_without_copying(space: VmMap, cpu: ToyProcessor) -> None:
    at = space.allocate(0, 4 * PAGE_SIZE, True)
    cpu.write(space, at, bytes(4 * PAGE_SIZE))
    space.fork().deallocate()
    cpu.write(space, at, bytes(4 * PAGE_SIZE))
    assert space.system.statistics.cow_faults == 0
    assert space.system.census().pages == 4


def test_memory_inherited_shared_stays_the_same_memory(space: VmMap, cpu: ToyProcessor) -> None:
    at = space.allocate(0, PAGE_SIZE, True)
    space.inherit(at, PAGE_SIZE, 0)
    child = space.fork()
    grandchild = child.fork()
    cpu.write(grandchild, at, b"hello")
    assert cpu.read(space, at, 5) == cpu.read(child, at, 5) == b"hello"
    space.deallocate_range(at, PAGE_SIZE)
    assert cpu.read(child, at, 5) == b"hello"


def test_a_copy_of_shared_memory_is_a_snapshot(space: VmMap, cpu: ToyProcessor) -> None:
    at = space.allocate(0, 2 * PAGE_SIZE, True)
    cpu.write(space, at, b"old")
    space.inherit(at, 2 * PAGE_SIZE, 0)
    child = space.fork()
    cpu.write(child, at, b"old")  # now writable in the child's tables
    copy = map_copyin(space, at, 2 * PAGE_SIZE)
    cpu.write(child, at, b"new")
    assert cpu.read(space, at, 3) == b"new"
    assert copy.read()[:3] == b"old"


def test_sharers_follow_when_one_of_them_makes_the_copy(space: VmMap, cpu: ToyProcessor) -> None:
    """They all see the page that a copy was taken of, until one writes."""
    at = space.allocate(0, PAGE_SIZE, True)
    space.inherit(at, PAGE_SIZE, 0)
    cpu.write(space, at, b"old")
    child = space.fork()
    copy = map_copyin(space, at, PAGE_SIZE)
    assert cpu.read(space, at, 3) == cpu.read(child, at, 3) == b"old"
    cpu.write(child, at, b"new")
    assert cpu.read(space, at, 3) == b"new"
    assert copy.read()[:3] == b"old"


class TestAsymmetric:
    """A permanent object goes on changing; its copies keep what it was."""

    @pytest.fixture
    def file(self, system: VmSystem, space: VmMap) -> VmObject:
        file = VmObject(system, 4 * PAGE_SIZE)
        file.set_strategy(CopyStrategy.DELAY)
        space.enter(0x10000, 4 * PAGE_SIZE, anywhere=False, vm_object=file)
        return file

    def copy_at(self, space: VmMap, file: VmObject, address: int) -> None:
        made = copy_strategically(file, 0, 4 * PAGE_SIZE)
        assert not made.source_needs_copy
        space.enter(
            address, 4 * PAGE_SIZE, anywhere=False, vm_object=made.object, offset=made.offset, needs_copy=True
        )

    def test_old_contents_are_pushed_before_a_write(
        self, file: VmObject, space: VmMap, cpu: ToyProcessor
    ) -> None:
        cpu.write(space, 0x10000, b"first")
        self.copy_at(space, file, 0x20000)
        assert cpu.read(space, 0x20000, 5) == b"first"
        cpu.write(space, 0x10000, b"later")
        assert cpu.read(space, 0x20000, 5) == b"first"
        assert file.copy is not None and list(file.copy.pages) == [0]

    def test_an_unused_copy_object_serves_again(
        self, file: VmObject, space: VmMap, cpu: ToyProcessor
    ) -> None:
        self.copy_at(space, file, 0x20000)
        copy = file.copy
        self.copy_at(space, file, 0x30000)
        assert file.copy is copy
        cpu.write(space, 0x20000, b"mine")
        assert cpu.read(space, 0x30000, 4) == bytes(4)
        cpu.write(space, 0x10000, b"file")
        assert cpu.read(space, 0x30000, 4) == bytes(4)

    def test_a_reused_copy_object_that_must_see_more(
        self, file: VmObject, space: VmMap, cpu: ToyProcessor
    ) -> None:
        cpu.write(space, 0x10000, b"old" + bytes(2 * PAGE_SIZE))
        first = copy_strategically(file, 0, PAGE_SIZE)
        second = copy_strategically(file, 0, 2 * PAGE_SIZE)
        assert first.object is second.object
        cpu.write(space, 0x10000 + PAGE_SIZE, b"new")
        page = second.object.visible_page(PAGE_SIZE)
        assert page is not None and space.system.memory.frame(page.frame)[:3] == bytes(3)
        first.object.deallocate()
        second.object.deallocate()

    def test_a_copy_object_that_is_merged_upward_still_gets_the_old_contents(
        self, file: VmObject, space: VmMap, cpu: ToyProcessor
    ) -> None:
        cpu.write(space, 0x10000, b"0" * 4 * PAGE_SIZE)
        self.copy_at(space, file, 0x20000)
        cpu.write(space, 0x20000, b"mine")  # its own object now shadows the copy object, and replaces it
        assert file.copy is space.lookup(0x20000).object  # type: ignore[union-attr]
        cpu.write(space, 0x10000 + PAGE_SIZE, b"file")
        assert cpu.read(space, 0x20000 + PAGE_SIZE, 4) == b"0000"

    def test_a_copy_object_is_not_bypassed(self, file: VmObject, space: VmMap, cpu: ToyProcessor) -> None:
        """Else what is pushed into it would not be seen from above."""
        cpu.write(space, 0x10000, b"0" * 4 * PAGE_SIZE)
        self.copy_at(space, file, 0x20000)
        self.copy_at(space, file, 0x30000)
        cpu.write(space, 0x20000, b"mine")  # one page of its own, as many as the copy object has (none)
        cpu.write(space, 0x20000, b"mine")
        cpu.write(space, 0x10000 + PAGE_SIZE, b"file")
        assert cpu.read(space, 0x20000 + PAGE_SIZE, 4) == b"0000"
        assert cpu.read(space, 0x30000 + PAGE_SIZE, 4) == b"0000"

    def test_generations_of_copies(self, file: VmObject, space: VmMap, cpu: ToyProcessor) -> None:
        for generation in range(5):
            cpu.write(space, 0x10000 + PAGE_SIZE, b"%d" % generation)
            self.copy_at(space, file, 0x20000 + generation * 0x10000)
            check(space.system)
        cpu.write(space, 0x10000 + PAGE_SIZE, b"x")
        for generation in range(5):
            assert cpu.read(space, 0x20000 + generation * 0x10000 + PAGE_SIZE, 1) == b"%d" % generation


def test_chains_stay_short_over_generations(space: VmMap, cpu: ToyProcessor) -> None:
    """A shell that forks again and again: parents write, children exit."""
    at = space.allocate(0, 4 * PAGE_SIZE, True)
    cpu.write(space, at, bytes(4 * PAGE_SIZE))
    for generation in range(20):
        child = space.fork()
        cpu.write(space, at + generation % 4 * PAGE_SIZE, b"%d" % generation)
        child.deallocate()
        check(space.system)
    assert space.system.census().objects == 1
    assert space.system.census().pages == 4


def test_a_chain_of_children_each_outliving_its_parent(space: VmMap, cpu: ToyProcessor) -> None:
    at = space.allocate(0, 4 * PAGE_SIZE, True)
    cpu.write(space, at, bytes(4 * PAGE_SIZE))
    parent = space
    for generation in range(20):
        child = parent.fork()
        cpu.write(child, at, b"%d" % generation)
        if parent is not space:
            parent.deallocate()
        parent = child
        check(space.system)
    assert space.system.census().objects <= 3


def test_an_object_that_shadows_everything_forgets_what_is_below(space: VmMap, cpu: ToyProcessor) -> None:
    at = space.allocate(0, 4 * PAGE_SIZE, True)
    cpu.write(space, at, bytes(4 * PAGE_SIZE))
    child = space.fork()
    cpu.write(space, at, b"p" * 4 * PAGE_SIZE)
    assert space.entries[0].object is not None and space.entries[0].object.shadow is None
    cpu.write(child, at, b"c")  # so the child is alone with the original, and need not copy
    assert space.system.statistics.cow_faults == 4


def test_without_frames_a_fault_fails_and_changes_nothing() -> None:
    system = toy_system(frames=10)
    before = system.census()
    space = system.create_map()
    at = space.allocate(0, 64 * PAGE_SIZE, True)
    codes = [fault(space, at + page * PAGE_SIZE, WRITE) for page in range(64)]
    good = codes.count(0)
    assert codes == [0] * good + [KernReturn.RESOURCE_SHORTAGE] * (64 - good)
    assert 0 < good < 10
    check(system)
    space.deallocate_range(at, PAGE_SIZE)
    assert fault(space, at + 60 * PAGE_SIZE, WRITE) == 0
    space.deallocate()
    assert system.census() == before


def test_faults_are_charged_and_traced(space: VmMap) -> None:
    system = space.system
    events: list[tuple[object, ...]] = []
    system.trace.listen(lambda time, node, kind, what: events.append((kind, *what)))
    at = space.allocate(0, PAGE_SIZE, True)
    before = system.clock.now
    fault(space, at, WRITE)
    costs = system.costs
    least = costs.fault + costs.map_lookup + costs.page_allocate + costs.zero_page + costs.pmap_enter
    assert system.clock.now - before >= least
    assert [event[0] for event in events] == ["map_enter", "fault"]


def test_statistics(space: VmMap, cpu: ToyProcessor) -> None:
    at = space.allocate(0, 3 * PAGE_SIZE, True)
    cpu.write(space, at, bytes(3 * PAGE_SIZE))
    user.vm_wire(space, at, PAGE_SIZE, READ)
    names = ("pagesize", "free", "active", "inactive", "wire", "zero_fill")
    counts = dict(zip(names, user.vm_statistics(space), strict=False))
    assert counts["pagesize"] == PAGE_SIZE
    assert counts["free"] == space.system.memory.free_count
    assert (counts["active"], counts["wire"], counts["zero_fill"]) == (2, 1, 3)
