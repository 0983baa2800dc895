"""The calls on address spaces (``vm_*`` of ``mach.defs``), as plain functions on a map.

They check what came from a program, and raise MachError with Mach 3.0's codes.  Addresses and sizes are
32-bit numbers; where Mach rounds, so does this.  Some of Mach's rules that surprise:

- A range that wraps around the end of the address space is empty for vm_deallocate, vm_protect and
  vm_inherit (KERN_SUCCESS), and for these three what is not allocated is skipped.
- vm_allocate of nothing succeeds with address 0.  vm_region past the last region says KERN_NO_SPACE.
- vm_wire of memory that is not there, or does not allow the access, says KERN_FAILURE.

Two things differ: vm_write and vm_copy need no alignment (Mach: KERN_INVALID_ARGUMENT), and
KERN_RESOURCE_SHORTAGE is returned when page-out can find no frame (Mach waited for ever).

PageWait and ObjectWait say that the call must be repeated after waiting; nothing has changed then.
"""

from typing import TYPE_CHECKING

from ..interface.constants import (
    MATTR_CACHE,
    MATTR_VAL_CACHE_FLUSH,
    MATTR_VAL_DCACHE_FLUSH,
    MATTR_VAL_GET,
    MATTR_VAL_ICACHE_FLUSH,
    MATTR_VAL_ON,
)
from ..interface.returns import KernReturn, MachError
from ..machine.memory import PAGE_SIZE
from ..sched.wait import WaitQueue
from .fault import PageWait, fault_page, start_over
from .map_copy import VmMapCopy, copy_from_bytes, map_copy_overwrite, map_copyin
from .object import NotResident, VmObject
from .object_copy import copy_strategically
from .pager import ObjectWait, Pager
from .protection import (
    ADDRESS_SPACE,
    VM_INHERIT_COPY,
    VM_INHERIT_DEFAULT,
    VM_INHERIT_NONE,
    VM_INHERIT_SHARE,
    VM_PROT_ALL,
    VM_PROT_DEFAULT,
    VM_PROT_READ,
    round_page,
    trunc_page,
)

if TYPE_CHECKING:
    from .map import Region, VmMap

_INHERITANCES = (VM_INHERIT_SHARE, VM_INHERIT_COPY, VM_INHERIT_NONE)


def vm_allocate(target: "VmMap", address: int, size: int, anywhere: bool) -> int:
    """New memory full of zeroes; its address.  NO_SPACE, INVALID_ADDRESS."""
    return target.allocate(address, size, anywhere)


def vm_deallocate(target: "VmMap", address: int, size: int) -> None:
    """Give memory up."""
    if size:
        target.deallocate_range(address, size)


def vm_protect(target: "VmMap", address: int, size: int, set_maximum: bool, protection: int) -> None:
    """Set what may be done with memory, now or ever.  INVALID_ARGUMENT, PROTECTION_FAILURE."""
    if protection & ~VM_PROT_ALL:
        raise MachError(KernReturn.INVALID_ARGUMENT)
    target.protect(address, size, set_maximum, protection)


def vm_inherit(target: "VmMap", address: int, size: int, inheritance: int) -> None:
    """Say what a child gets of memory.  INVALID_ARGUMENT."""
    if inheritance not in _INHERITANCES:
        raise MachError(KernReturn.INVALID_ARGUMENT)
    target.inherit(address, size, inheritance)


def vm_read(target: "VmMap", address: int, size: int) -> VmMapCopy:
    """A copy of memory.  INVALID_ADDRESS, PROTECTION_FAILURE, RESOURCE_SHORTAGE."""
    return map_copyin(target, address, size)


def vm_write(target: "VmMap", address: int, data: VmMapCopy | bytes) -> None:
    """Overwrite memory.  INVALID_ADDRESS, PROTECTION_FAILURE, RESOURCE_SHORTAGE.  Consumes a copy,
    unless it fails."""
    if isinstance(data, VmMapCopy):
        map_copy_overwrite(target, address, data)
        return
    copy = copy_from_bytes(target.system, data)
    try:
        map_copy_overwrite(target, address, copy)
    except PageWait as wait:
        raise start_over(target.system, wait, round_page(len(data)) // PAGE_SIZE) from None
    finally:
        copy.discard()


def vm_copy(target: "VmMap", source: int, size: int, destination: int) -> None:
    """Copy memory within a map.  INVALID_ADDRESS, PROTECTION_FAILURE, RESOURCE_SHORTAGE."""
    memory = target.system.memory
    free = memory.free_count
    copy = map_copyin(target, source, size)
    try:
        map_copy_overwrite(target, destination, copy)
    except PageWait as wait:
        raise start_over(target.system, wait, free - memory.free_count) from None
    finally:
        copy.discard()


def vm_region(target: "VmMap", address: int) -> "Region":
    """The region that holds ``address``, or else the next.  NO_SPACE when there is none."""
    return target.region(address)


def vm_statistics(target: "VmMap") -> tuple[int, ...]:
    """``vm_statistics_data_t`` of the node."""
    return target.system.current_statistics().as_tuple()


def vm_map(
    target: "VmMap",
    address: int,
    size: int,
    mask: int,
    anywhere: bool,
    memory_object: Pager | None,
    offset: int,
    copy: bool,
    protection: int = VM_PROT_DEFAULT,
    max_protection: int = VM_PROT_ALL,
    inheritance: int = VM_INHERIT_DEFAULT,
) -> int:
    """Map a memory object (None: memory full of zeroes) or a copy of it; the address.
    INVALID_ARGUMENT, INVALID_ADDRESS, NO_SPACE, RESOURCE_SHORTAGE; ObjectWait."""
    if protection & ~VM_PROT_ALL or max_protection & ~VM_PROT_ALL or inheritance not in _INHERITANCES:
        raise MachError(KernReturn.INVALID_ARGUMENT)
    size = round_page(size)
    if size == 0 or (
        memory_object is not None and (trunc_page(offset) != offset or offset + size > ADDRESS_SPACE)
    ):
        raise MachError(KernReturn.INVALID_ARGUMENT)
    vm_object = None
    needs_copy = False
    if memory_object is None:
        offset = 0
    else:
        vm_object = target.system.object_for(memory_object, offset + size)
        if not vm_object.ready:
            raise ObjectWait(vm_object, vm_object.ready_queue())
        if copy:
            vm_object, offset, needs_copy = _copy_object(vm_object, offset, size)
    try:
        return target.enter(
            trunc_page(address),
            size,
            mask,
            anywhere=anywhere,
            vm_object=vm_object,
            offset=offset,
            needs_copy=needs_copy,
            protection=protection,
            max_protection=max_protection,
            inheritance=inheritance,
        )
    except MachError:
        if vm_object is not None:
            vm_object.deallocate()
        raise


def _copy_object(source: VmObject, offset: int, size: int) -> tuple[VmObject, int, bool]:
    """A copy to map: object, offset, and whether it needs a copy before it is written.  Gives the
    reference to ``source`` up, unless it must be waited for."""
    while True:
        try:
            made = copy_strategically(source, offset, size)
        except NotResident as missing:
            outcome = fault_page(source, missing.offset, VM_PROT_READ, True)
            if isinstance(outcome, WaitQueue):
                raise ObjectWait(source, outcome) from None
            if isinstance(outcome, int):
                source.deallocate()
                raise MachError(outcome) from None
        except (MachError, PageWait):
            source.deallocate()
            raise
        else:
            source.deallocate()
            return made.object, made.offset, made.needs_copy


def vm_machine_attribute(target: "VmMap", address: int, size: int, attribute: int, value: int) -> int:
    """Get or set how the machine treats memory; the value.  INVALID_ARGUMENT for a range beyond the
    map; INVALID_ADDRESS for what this machine cannot do: its caches are always on, and coherent, so
    that there is nothing to do when they are to be flushed."""
    if address < target.minimum or address + size > target.maximum:
        raise MachError(KernReturn.INVALID_ARGUMENT)
    if attribute == MATTR_CACHE:
        if value in (MATTR_VAL_GET, MATTR_VAL_ON):
            return MATTR_VAL_ON
        if value in (MATTR_VAL_CACHE_FLUSH, MATTR_VAL_DCACHE_FLUSH, MATTR_VAL_ICACHE_FLUSH):
            return value
    raise MachError(KernReturn.INVALID_ADDRESS)


def vm_wire(target: "VmMap", address: int, size: int, access: int) -> None:
    """Keep memory resident for ``access``, or (VM_PROT_NONE) no longer.  INVALID_ARGUMENT, FAILURE,
    RESOURCE_SHORTAGE."""
    if access & ~VM_PROT_ALL:
        raise MachError(KernReturn.INVALID_ARGUMENT)
    target.wire(address, size, access)
