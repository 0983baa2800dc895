"""Wired memory: no access to it faults, whatever others do."""

import pytest

from kernel.interface.returns import KernReturn, MachError
from kernel.machine.memory import PAGE_SIZE
from kernel.vm import user
from kernel.vm.check import check
from kernel.vm.map import VmMap
from kernel.vm.map_copy import map_copyin

from .toy import READ, WRITE, ToyProcessor, code_of, toy_system

K = PAGE_SIZE
NONE = 0


def test_wired_memory_does_not_fault(space: VmMap, cpu: ToyProcessor) -> None:
    at = space.allocate(0, 4 * K, True)
    user.vm_wire(space, at, 4 * K, WRITE)
    cpu.write(space, at, b"x" * 4 * K)
    assert cpu.faults == 0
    assert space.system.pages.wire_count == 4


def test_not_even_after_a_fork_or_a_read(space: VmMap, cpu: ToyProcessor) -> None:
    at = space.allocate(0, 2 * K, True)
    user.vm_wire(space, at, 2 * K, WRITE)
    cpu.write(space, at, b"old")
    child = space.fork()
    copy = map_copyin(space, at, 2 * K)
    cpu.write(space, at, b"new")
    assert cpu.faults == 0
    assert cpu.read(child, at, 3) == b"old" == copy.read()[:3]


def test_wiring_makes_the_copies_that_writes_would_need(space: VmMap, cpu: ToyProcessor) -> None:
    at = space.allocate(0, 2 * K, True)
    cpu.write(space, at, b"old" * 1000)
    child = space.fork()
    user.vm_wire(child, at, 2 * K, WRITE)
    faults = cpu.faults
    cpu.write(child, at, b"new")
    assert cpu.faults == faults
    assert cpu.read(space, at, 3) == b"old"


def test_shared_memory_is_wired_for_each_sharer(space: VmMap, cpu: ToyProcessor) -> None:
    at = space.allocate(0, 2 * K, True)
    space.inherit(at, 2 * K, 0)
    child = space.fork()
    user.vm_wire(space, at, 2 * K, WRITE)
    user.vm_wire(child, at, K, READ)
    check(space.system)
    user.vm_wire(space, at, 2 * K, NONE)
    assert space.system.pages.wire_count == 1
    child.deallocate()
    assert space.system.pages.wire_count == 0


def test_a_task_may_wire_again_and_must_unwire_as_often(space: VmMap) -> None:
    at = space.allocate(0, K, True)
    user.vm_wire(space, at, K, READ)
    user.vm_wire(space, at, K, READ)
    space.wire(at, K, READ, user=False)
    user.vm_wire(space, at, K, NONE)
    user.vm_wire(space, at, K, NONE)
    with pytest.raises(MachError) as error:
        user.vm_wire(space, at, K, NONE)
    assert code_of(error.value) == KernReturn.INVALID_ARGUMENT
    assert space.system.pages.wire_count == 1, "the kernel's own wiring is not the task's"
    space.wire(at, K, NONE, user=False)
    assert space.system.pages.wire_count == 0


def test_what_is_deallocated_or_overwritten(space: VmMap, cpu: ToyProcessor) -> None:
    at = space.allocate(0, 4 * K, True)
    user.vm_wire(space, at, 4 * K, WRITE)
    user.vm_deallocate(space, at, 2 * K)
    user.vm_write(space, at + 2 * K, b"y" * 2 * K)
    assert space.system.pages.wire_count == 2
    assert cpu.read(space, at + 2 * K, 2 * K) == b"y" * 2 * K
    assert cpu.faults == 0


@pytest.mark.parametrize(
    ("offset", "size", "access", "code"),
    [
        (-K, K, READ, KernReturn.FAILURE),  # not allocated
        (0, 5 * K, READ, KernReturn.FAILURE),  # not to the end
        (0, 2 * K, WRITE, KernReturn.FAILURE),  # not allowed
        (0, K, 8, KernReturn.INVALID_ARGUMENT),
        (0, K, NONE, KernReturn.INVALID_ARGUMENT),  # not wired
        (3 * K, K, NONE, 0),
        (2 * K, 2 * K, NONE, KernReturn.INVALID_ARGUMENT),  # not all of it
    ],
)
def test_errors(space: VmMap, offset: int, size: int, access: int, code: int) -> None:
    at = space.allocate(0x10000, 4 * K, False)
    space.protect(at + K, K, False, READ)
    user.vm_wire(space, at + 3 * K, K, READ)
    wired = space.system.pages.wire_count
    if code == 0:
        user.vm_wire(space, at + offset, size, access)
        return
    with pytest.raises(MachError) as error:
        user.vm_wire(space, at + offset, size, access)
    assert code_of(error.value) == code
    assert space.system.pages.wire_count == wired


def test_without_frames_nothing_stays_wired() -> None:
    system = toy_system(frames=10)
    space = system.create_map()
    at = space.allocate(0, 20 * K, True)
    with pytest.raises(MachError) as error:
        user.vm_wire(space, at, 20 * K, READ)
    assert code_of(error.value) == KernReturn.RESOURCE_SHORTAGE
    assert system.pages.wire_count == 0
    check(system)
