"""Copying what a map entry leads to, without moving bytes: the step that forks and copies share.

After Mach's ``vm_map_copyin`` and ``vm_map_fork``, which both do this.
"""

from typing import TYPE_CHECKING

from .entry_list import EntryList
from .fault import PageWait
from .map_entry import VmMapEntry
from .object import NotResident, write_protect
from .object_copy import copy_slowly, copy_strategically
from .protection import VM_PROT_READ, VM_PROT_WRITE

if TYPE_CHECKING:
    from .map import VmMap


def copy_leaf(vm_map: "VmMap", address: int, container: EntryList, leaf: VmMapEntry) -> VmMapEntry:
    """An entry, in no list yet, for a copy of the memory of ``leaf``: an entry of ``map`` itself or of a
    sharing map (``container``), which ``map`` has at ``address``.  RESOURCE_SHORTAGE; PageWait when
    the memory must be copied now and is not resident."""
    copy = VmMapEntry(leaf.start, leaf.end)
    vm_object = leaf.object
    if vm_object is None:
        return copy
    size = leaf.end - leaf.start
    try:
        if leaf.wired_count:
            # Wired pages must stay writable where they are.
            copy.object = copy_slowly(vm_object, leaf.offset, size)
            return copy
        made = copy_strategically(vm_object, leaf.offset, size)
    except NotResident as missing:
        raise PageWait(vm_map, address + missing.offset - leaf.offset, VM_PROT_READ) from None
    copy.object, copy.offset, copy.needs_copy = made.object, made.offset, made.needs_copy
    if made.source_needs_copy and not leaf.needs_copy:
        leaf.needs_copy = True
        if container is vm_map:
            vm_map.pmap.protect(leaf.start, leaf.end, ~VM_PROT_WRITE)
        else:
            write_protect(vm_object, leaf.offset, leaf.offset + size)
    return copy
