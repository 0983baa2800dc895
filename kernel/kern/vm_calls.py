"""The calls on address spaces, as messages to the task's port."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..interface import mach
from ..interface.body import CarriedMemory
from ..interface.declare import Routine
from ..interface.returns import KernReturn, MachError
from ..ipc.port import Port
from ..vm import user
from ..vm.map_copy import VmMapCopy
from ..vm.object import VmObject
from ..vm.waiting import complete
from .serve import Implementation
from .task import Task

if TYPE_CHECKING:
    from .mach_kernel import MachKernel


def vm_allocate(kernel: "MachKernel", task: Task, address: int, size: int, anywhere: bool) -> int:
    return user.vm_allocate(task.map, address, size, bool(anywhere))


def vm_deallocate(kernel: "MachKernel", task: Task, address: int, size: int) -> None:
    user.vm_deallocate(task.map, address, size)


def vm_protect(
    kernel: "MachKernel", task: Task, address: int, size: int, set_maximum: bool, protection: int
) -> None:
    user.vm_protect(task.map, address, size, bool(set_maximum), protection)


def vm_inherit(kernel: "MachKernel", task: Task, address: int, size: int, inheritance: int) -> None:
    user.vm_inherit(task.map, address, size, inheritance)


def vm_read(kernel: "MachKernel", task: Task, address: int, size: int) -> object:
    copy = user.vm_read(task.map, address, size)
    return CarriedMemory(0, size, copy)


def vm_write(kernel: "MachKernel", task: Task, address: int, data: CarriedMemory) -> None:
    memory = data.memory
    assert isinstance(memory, VmMapCopy | bytes)
    user.vm_write(task.map, address, memory)


def vm_copy(kernel: "MachKernel", task: Task, source: int, size: int, destination: int) -> None:
    user.vm_copy(task.map, source, size, destination)


def vm_region(kernel: "MachKernel", task: Task, address: int) -> tuple[object, ...]:
    region = user.vm_region(task.map, address)
    return (
        region.address,
        region.size,
        region.protection,
        region.max_protection,
        region.inheritance,
        region.is_shared,
        _name_of(kernel, region.object),
        region.offset,
    )


def vm_statistics(kernel: "MachKernel", task: Task) -> tuple[int, ...]:
    return user.vm_statistics(task.map)


def vm_map(
    kernel: "MachKernel",
    task: Task,
    address: int,
    size: int,
    mask: int,
    anywhere: bool,
    memory_object: object,
    offset: int,
    copy: bool,
    protection: int,
    max_protection: int,
    inheritance: int,
) -> object:
    place = (task.map, address, size, mask, bool(anywhere))
    rights = (protection, max_protection, inheritance)
    if memory_object is None:
        return user.vm_map(*place, None, offset, bool(copy), *rights)
    memory_objects = kernel.memory_objects
    if memory_objects is None or not isinstance(memory_object, Port):
        raise MachError(KernReturn.INVALID_ARGUMENT)
    port = memory_object

    def attempt() -> int:
        return user.vm_map(*place, memory_objects.pager_for(port), offset, bool(copy), *rights)

    return _map_object(kernel, port, attempt)


async def _map_object(kernel: "MachKernel", port: Port, attempt: Callable[[], int]) -> int:
    """Mapping waits for the pager to be ready, and a copy perhaps for pages."""
    address = await complete(kernel.vm, attempt)
    kernel.ipc.release_send(port)
    return address


def _name_of(kernel: "MachKernel", vm_object: VmObject | None) -> Port | None:
    if vm_object is None or kernel.memory_objects is None:
        return None
    return kernel.memory_objects.name_of(vm_object)


def vm_machine_attribute(
    kernel: "MachKernel", task: Task, address: int, size: int, attribute: int, value: int
) -> object:
    return user.vm_machine_attribute(task.map, address, size, attribute, value)


VM_CALLS: dict[Routine, Implementation] = {
    mach.vm_allocate: vm_allocate,
    mach.vm_deallocate: vm_deallocate,
    mach.vm_protect: vm_protect,
    mach.vm_inherit: vm_inherit,
    mach.vm_read: vm_read,
    mach.vm_write: vm_write,
    mach.vm_copy: vm_copy,
    mach.vm_region: vm_region,
    mach.vm_statistics: vm_statistics,
    mach.vm_map: vm_map,
    mach.htg_vm_map: vm_map,
    mach.vm_machine_attribute: vm_machine_attribute,
}
