"""Random operations on several address spaces, compared after every step with a flat model.

The model knows nothing of objects, entries or page tables: each map is a dictionary of pages, and a
page's contents are a ``Cell``, which several maps may share.  Every operation must give the result, or
the error, that the model predicts; after every step the whole virtual memory is checked for
consistency (``kernel.vm.check``); in the end everything is destroyed and no frame may be missing.

With few frames, an operation may instead say RESOURCE_SHORTAGE; then nothing may have changed.
"""

from dataclasses import replace

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from kernel.interface.returns import KernReturn, MachError
from kernel.machine.memory import PAGE_SIZE
from kernel.vm import user
from kernel.vm.access import copyin, copyout
from kernel.vm.check import check
from kernel.vm.map import VmMap
from kernel.vm.map_copy import copy_from_bytes, map_copyin, map_copyout
from kernel.vm.object import CopyStrategy, VmObject
from kernel.vm.object_copy import copy_strategically

from .flat_model import Cell, Held, Model, Page, by_page
from .toy import ToyProcessor, toy_system

BASE = 0x1FA000  # the pages lie around the border of two page tables
PAGES = 14
FILE_PAGES = 5
MAX_MAPS = 5

READ, WRITE = 1, 2
SHARE, COPY, NONE = 0, 1, 2


which = st.integers(0, 100)
page_numbers = st.integers(0, PAGES - 1)
page_counts = st.integers(1, 5)
addresses = st.builds(
    lambda page, offset: BASE + page * PAGE_SIZE + offset,
    page_numbers,
    st.sampled_from([0, 0, 0, 1, 100, 4000, 4095]),
)
sizes = st.sampled_from([1, 4, 96, 4096, 4096, 5000, 8192, 12288, 12300, 16384])
protections = st.sampled_from([0, 1, 3, 3, 3, 5, 7])
fills = st.integers(1, 255)


class RandomOperations(RuleBasedStateMachine):
    """Plenty of frames, one processor."""

    frames, processors = 2048, 1
    scarce = False

    @initialize()
    def boot(self) -> None:
        self.system = toy_system(self.frames, self.processors)
        self.start = self.system.census()
        self.cpus = [ToyProcessor(self.system) for _ in range(self.processors)]
        self.maps: list[VmMap] = [self.system.create_map()]
        self.models: list[Model] = [Model()]
        self.held: list[Held] = []
        self.file: VmObject | None = None
        self.cells: list[Cell] = []

    # ---- helpers

    def pick(self, number: int) -> tuple[VmMap, Model]:
        number %= len(self.maps)
        return self.maps[number], self.models[number]

    def attempt(self, expected: KernReturn | None, call):  # type: ignore[no-untyped-def]
        """Do ``call``, which must fail as expected; None if it failed, else its result in a tuple."""
        try:
            result = call()
        except MachError as error:
            if self.scarce and error.code == KernReturn.RESOURCE_SHORTAGE:
                return None
            assert expected is not None and error.code == expected, f"{error}, expected {expected!r}"
            return None
        assert expected is None, f"succeeded, expected {expected!r}"
        return (result,)

    # ---- address spaces

    @precondition(lambda self: len(self.maps) < MAX_MAPS)
    @rule(which=which)
    def fork(self, which: int) -> None:
        parent, model = self.pick(which)
        done = self.attempt(None, parent.fork)
        if done is None:
            return
        child = Model()
        for number, page in model.pages.items():
            if page.inheritance == SHARE:
                child.pages[number] = replace(page, wired=0)
            elif page.inheritance == COPY:
                child.pages[number] = replace(page, cell=page.cell.copy(), wired=0)
        self.maps.append(done[0])
        self.models.append(child)

    @precondition(lambda self: len(self.maps) > 1)
    @rule(which=which)
    def destroy(self, which: int) -> None:
        which %= len(self.maps)
        self.maps.pop(which).deallocate()
        self.models.pop(which)

    @rule(which=which, page=page_numbers, count=page_counts)
    def allocate(self, which: int, page: int, count: int) -> None:
        vm_map, model = self.pick(which)
        address = BASE + page * PAGE_SIZE
        numbers = range(address // PAGE_SIZE, address // PAGE_SIZE + count)
        taken = any(number in model.pages for number in numbers)
        done = self.attempt(
            KernReturn.NO_SPACE if taken else None,
            lambda: user.vm_allocate(vm_map, address + 5, count * PAGE_SIZE - 5, False),
        )
        if done:
            assert done[0] == address
            model.pages.update({number: Page(Cell()) for number in numbers})

    @rule(which=which, count=page_counts)
    def allocate_anywhere(self, which: int, count: int) -> None:
        vm_map, model = self.pick(which)
        done = self.attempt(None, lambda: user.vm_allocate(vm_map, 0, count * PAGE_SIZE, True))
        if done:
            first = done[0] // PAGE_SIZE
            # First fit, and never the page at 0.
            expected = 1
            while any(expected + n in model.pages for n in range(count)):
                expected += 1
            assert first == expected
            model.pages.update({first + n: Page(Cell()) for n in range(count)})

    @rule(which=which, address=addresses, size=sizes)
    def deallocate(self, which: int, address: int, size: int) -> None:
        vm_map, model = self.pick(which)
        user.vm_deallocate(vm_map, address, size)
        for number in range(address // PAGE_SIZE, -(-(address + size) // PAGE_SIZE)):
            model.pages.pop(number, None)

    @rule(
        which=which,
        address=addresses,
        size=sizes,
        set_maximum=st.sampled_from([0, 0, 1]),
        protection=protections,
    )
    def protect(self, which: int, address: int, size: int, set_maximum: int, protection: int) -> None:
        vm_map, model = self.pick(which)
        numbers = range(address // PAGE_SIZE, -(-(address + size) // PAGE_SIZE))
        there = [number for number in numbers if number in model.pages]
        refused = any(protection & ~model.pages[number].maximum for number in there)
        done = self.attempt(
            KernReturn.PROTECTION_FAILURE if refused else None,
            lambda: user.vm_protect(vm_map, address, size, bool(set_maximum), protection),
        )
        if done:
            for number in there:
                page = model.pages[number]
                if set_maximum:
                    page = replace(page, maximum=protection, protection=page.protection & protection)
                else:
                    page = replace(page, protection=protection)
                model.pages[number] = page

    @rule(which=which, address=addresses, size=sizes, inheritance=st.sampled_from([SHARE, SHARE, COPY, NONE]))
    def inherit(self, which: int, address: int, size: int, inheritance: int) -> None:
        vm_map, model = self.pick(which)
        user.vm_inherit(vm_map, address, size, inheritance)
        for number in range(address // PAGE_SIZE, -(-(address + size) // PAGE_SIZE)):
            if number in model.pages:
                model.pages[number] = replace(model.pages[number], inheritance=inheritance)

    @rule(which=which, address=addresses)
    def region(self, which: int, address: int) -> None:
        vm_map, model = self.pick(which)
        above = sorted(number for number in model.pages if number >= address // PAGE_SIZE)
        done = self.attempt(None if above else KernReturn.NO_SPACE, lambda: user.vm_region(vm_map, address))
        if done:
            region = done[0]
            assert region.address <= max(address, above[0] * PAGE_SIZE) < region.address + region.size
            for number in range(region.address // PAGE_SIZE, (region.address + region.size) // PAGE_SIZE):
                page = model.pages[number]
                assert page.protection == region.protection
                assert page.maximum == region.max_protection
                assert page.inheritance == region.inheritance

    # ---- wiring

    @rule(which=which, address=addresses, size=sizes, access=st.sampled_from([0, 0, 1, 3]))
    def wire(self, which: int, address: int, size: int, access: int) -> None:
        vm_map, model = self.pick(which)
        numbers = range(address // PAGE_SIZE, -(-(address + size) // PAGE_SIZE))
        pages = [model.pages.get(number) for number in numbers]
        expected = None
        if pages[0] is None:
            expected = KernReturn.FAILURE
        elif access == 0:
            if not all(page is not None and page.wired for page in pages):
                expected = KernReturn.INVALID_ARGUMENT
        elif not all(page is not None and page.protection & access == access for page in pages):
            expected = KernReturn.FAILURE
        if self.attempt(expected, lambda: user.vm_wire(vm_map, address, size, access)):
            for number, page in zip(numbers, pages, strict=True):
                assert page is not None
                model.pages[number] = replace(page, wired=page.wired + (1 if access else -1))

    # ---- accesses by instructions

    def touch_error(self, model: Model, address: int, write: bool) -> KernReturn | None:
        page = model.pages.get(address // PAGE_SIZE)
        if page is None:
            return KernReturn.INVALID_ADDRESS
        if not page.protection or (write and not page.protection & WRITE):
            return KernReturn.PROTECTION_FAILURE
        return None

    @rule(which=which, cpu=which, address=addresses, size=sizes, fill=fills)
    def store(self, which: int, cpu: int, address: int, size: int, fill: int) -> None:
        vm_map, model = self.pick(which)
        processor = self.cpus[cpu % len(self.cpus)]
        for at, data in by_page(address, bytes([fill]) * size):
            error = self.touch_error(model, at, True)
            if not self.attempt(error, lambda at=at, data=data: processor.write(vm_map, at, data)):
                break
            model.write(at, data)

    @rule(which=which, cpu=which, address=addresses)
    def load(self, which: int, cpu: int, address: int) -> None:
        vm_map, model = self.pick(which)
        processor = self.cpus[cpu % len(self.cpus)]
        error = self.touch_error(model, address, False)
        page = address & -PAGE_SIZE
        done = self.attempt(error, lambda: processor.read(vm_map, page, PAGE_SIZE))
        if done:
            assert done[0] == model.read(page, PAGE_SIZE)

    @rule(which=which, cpu=which, address=addresses)
    def fetch(self, which: int, cpu: int, address: int) -> None:
        vm_map, model = self.pick(which)
        processor = self.cpus[cpu % len(self.cpus)]
        error = self.touch_error(model, address, False)
        done = self.attempt(error, lambda: processor.fetch(vm_map, address))
        if done:
            assert done[0] == model.read(address & -PAGE_SIZE, PAGE_SIZE), "stale translated code"

    # ---- accesses by the kernel

    @rule(which=which, address=addresses, size=sizes)
    def copyin(self, which: int, address: int, size: int) -> None:
        vm_map, model = self.pick(which)
        errors = [self.touch_error(model, at, False) for at, _ in by_page(address, bytes(size))]
        expected = next((error for error in errors if error), None)
        done = self.attempt(expected, lambda: copyin(vm_map, address, size))
        if done:
            assert done[0] == model.read(address, size)

    @rule(which=which, address=addresses, size=sizes, fill=fills)
    def copyout(self, which: int, address: int, size: int, fill: int) -> None:
        vm_map, model = self.pick(which)
        errors = [self.touch_error(model, at, True) for at, _ in by_page(address, bytes(size))]
        expected = next((error for error in errors if error), None)
        data = bytes([fill]) * size
        if self.attempt(expected, lambda: copyout(vm_map, address, data)):
            model.write(address, data)

    # ---- copies

    @rule(which=which, address=addresses, size=sizes, destroy=st.sampled_from([False, False, True]))
    def read_out(self, which: int, address: int, size: int, destroy: bool) -> None:
        vm_map, model = self.pick(which)
        expected = model.look(address, size, READ)
        done = self.attempt(expected, lambda: map_copyin(vm_map, address, size, destroy))
        if not done:
            return
        numbers = range(address // PAGE_SIZE, -(-(address + size) // PAGE_SIZE))
        cells = [model.pages[number].cell.copy() for number in numbers]
        self.held.append(Held(done[0], cells, address % PAGE_SIZE, size))
        if destroy:
            for number in numbers:
                del model.pages[number]

    @rule(size=sizes, fill=fills)
    def from_bytes(self, size: int, fill: int) -> None:
        data = bytes([fill]) * size
        done = self.attempt(None, lambda: copy_from_bytes(self.system, data))
        if done:
            padded = data + bytes(-size % PAGE_SIZE)
            cells = [Cell(padded[at : at + PAGE_SIZE]) for at in range(0, size, PAGE_SIZE)]
            self.held.append(Held(done[0], cells, 0, size))

    @precondition(lambda self: self.held)
    @rule(which=which)
    def look_at_copy(self, which: int) -> None:
        held = self.held[which % len(self.held)]
        assert held.copy.read() == held.bytes()

    @precondition(lambda self: self.held)
    @rule(which=which)
    def discard(self, which: int) -> None:
        self.held.pop(which % len(self.held)).copy.discard()

    @precondition(lambda self: self.held)
    @rule(which=which, copy=which)
    def map_out(self, which: int, copy: int) -> None:
        vm_map, model = self.pick(which)
        held = self.held.pop(copy % len(self.held))
        address = map_copyout(vm_map, held.copy)
        assert address % PAGE_SIZE == held.offset
        for number, cell in enumerate(held.cells, address // PAGE_SIZE):
            assert number not in model.pages
            model.pages[number] = Page(cell)

    @precondition(lambda self: self.held)
    @rule(which=which, copy=which, address=addresses)
    def write_copy(self, which: int, copy: int, address: int) -> None:
        vm_map, model = self.pick(which)
        held = self.held[copy % len(self.held)]
        data = held.bytes()
        expected = model.look(address, held.size, WRITE)
        if self.attempt(expected, lambda: user.vm_write(vm_map, address, held.copy)):
            model.write(address, data)
            self.held.remove(held)

    @rule(which=which, source=addresses, size=sizes, destination=addresses)
    def copy_within(self, which: int, source: int, size: int, destination: int) -> None:
        vm_map, model = self.pick(which)
        expected = model.look(source, size, READ) or model.look(destination, size, WRITE)
        if self.attempt(expected, lambda: user.vm_copy(vm_map, source, size, destination)):
            model.write(destination, model.read(source, size))

    # ---- a permanent object, copied asymmetrically

    @rule(
        which=which, page=page_numbers, first=st.integers(0, 2), count=st.integers(1, 3), copy=st.booleans()
    )
    def map_file(self, which: int, page: int, first: int, count: int, copy: bool) -> None:
        vm_map, model = self.pick(which)
        if self.file is None:
            self.file = VmObject(self.system, FILE_PAGES * PAGE_SIZE)
            self.file.set_strategy(CopyStrategy.DELAY)
            self.cells = [Cell() for _ in range(FILE_PAGES)]
        address = BASE + page * PAGE_SIZE
        numbers = range(address // PAGE_SIZE, address // PAGE_SIZE + count)
        cells = self.cells[first : first + count]
        if any(number in model.pages for number in numbers):
            return
        vm_object, offset, needs_copy = self.file, first * PAGE_SIZE, False
        if copy:
            made = copy_strategically(self.file, offset, count * PAGE_SIZE)
            vm_object, offset, needs_copy = made.object, made.offset, made.needs_copy
            cells = [cell.copy() for cell in cells]
        else:
            vm_object.reference()
        vm_map.enter(
            address,
            count * PAGE_SIZE,
            anywhere=False,
            vm_object=vm_object,
            offset=offset,
            needs_copy=needs_copy,
        )
        for number, cell in zip(numbers, cells, strict=True):
            model.pages[number] = Page(cell)

    @precondition(lambda self: self.file is not None)
    @rule()
    def close_file(self) -> None:
        assert self.file is not None
        self.file.deallocate()
        self.file = None

    # ---- after every step

    @invariant()
    def consistent(self) -> None:
        if hasattr(self, "system"):
            check(self.system, held=[self.file] if self.file is not None else [])

    def teardown(self) -> None:
        if not hasattr(self, "system"):
            return
        for vm_map, model in zip(self.maps, self.models, strict=True):
            for number, page in model.pages.items():
                if page.protection:
                    at = number * PAGE_SIZE
                    done = self.attempt(None, lambda m=vm_map, at=at: self.cpus[0].read(m, at, PAGE_SIZE))
                    assert done is None or done[0] == page.cell.data, f"page {at:#x}"
        self.consistent()
        for held in self.held:
            held.copy.discard()
        for vm_map in self.maps:
            vm_map.deallocate()
        if self.file is not None:
            self.file.deallocate()
        assert self.system.census() == self.start
        check(self.system)


class FewFrames(RandomOperations):
    """So few that most things fail now and then."""

    frames, scarce = 26, True


class TwoProcessors(RandomOperations):
    """Translated code of one processor must not outlive the stores of the other."""

    processors = 2


HEALTHY = [HealthCheck.too_slow, HealthCheck.filter_too_much]
QUICK = settings(
    max_examples=150, stateful_step_count=40, deadline=None, derandomize=True, suppress_health_check=HEALTHY
)
LONG = settings(max_examples=1000, stateful_step_count=100, deadline=None, suppress_health_check=HEALTHY)


class TestRandomOperations(RandomOperations.TestCase):  # type: ignore[misc, valid-type]
    settings = QUICK


class TestFewFrames(FewFrames.TestCase):  # type: ignore[misc, valid-type]
    settings = QUICK


class TestTwoProcessors(TwoProcessors.TestCase):  # type: ignore[misc, valid-type]
    settings = QUICK


@pytest.mark.long
class TestAtLength(RandomOperations.TestCase):  # type: ignore[misc, valid-type]
    settings = LONG


@pytest.mark.long
class TestFewFramesAtLength(FewFrames.TestCase):  # type: ignore[misc, valid-type]
    settings = LONG


@pytest.mark.long
class TestTwoProcessorsAtLength(TwoProcessors.TestCase):  # type: ignore[misc, valid-type]
    settings = LONG
