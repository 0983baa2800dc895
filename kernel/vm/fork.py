"""Forking an address map: what a child gets of its parent's memory.

Region by region, by inheritance: nothing (NONE), the same memory (SHARE, through a sharing map), or a
copy (COPY, copy-on-write; of wired memory a real copy).  The child's pmap starts empty.

After Mach's ``vm_map_fork``; the remote fork will walk a map in the same way.
"""

from typing import TYPE_CHECKING

from .entry_copy import copy_leaf
from .fault import PageWait, start_over
from .map_entry import VmMapEntry
from .protection import VM_INHERIT_COPY, VM_INHERIT_SHARE, VM_PROT_WRITE

if TYPE_CHECKING:
    from .map import VmMap


def fork_map(parent: "VmMap") -> "VmMap":
    """The child's map.  RESOURCE_SHORTAGE, or PageWait; then there is no child."""
    system = parent.system
    free = system.memory.free_count
    child = system.create_map()
    try:
        for entry in list(parent.entries):
            if entry.inheritance == VM_INHERIT_COPY:
                _copy(parent, child, entry)
            elif entry.inheritance == VM_INHERIT_SHARE:
                _share(parent, child, entry)
    except PageWait as wait:
        taken = free - system.memory.free_count
        child.deallocate()
        raise start_over(system, wait, taken) from None
    except BaseException:
        child.deallocate()
        raise
    if system.trace.on:
        system.trace.emit("map_fork", parent.number, child.number)
    return child


def _share(parent: "VmMap", child: "VmMap", entry: VmMapEntry) -> None:
    share = parent.share_entry(entry)
    share.cover(entry.offset, entry.offset + entry.end - entry.start)
    _append(child, entry, entry.clone(entry.start, entry.end))


def _copy(parent: "VmMap", child: "VmMap", entry: VmMapEntry) -> None:
    vm_object = entry.object
    if entry.share is None and entry.wired_count == 0 and (vm_object is None or vm_object.symmetric):
        # The usual case, in short: both sides see the object, and neither may write to it.
        if vm_object is not None:
            vm_object.references += 1
            if not entry.needs_copy:
                entry.needs_copy = True
                if entry.protection & VM_PROT_WRITE:
                    parent.pmap.protect(entry.start, entry.end, ~VM_PROT_WRITE)
        _append(child, entry, entry.clone(entry.start, entry.end))
        return
    container, start, end = parent.leaves(entry)
    for leaf in container.clip_range(start, end):
        copy = copy_leaf(parent, entry.start + leaf.start - start, container, leaf)
        copy.start += entry.start - start
        copy.end += entry.start - start
        _append(child, entry, copy)


def _append(child: "VmMap", model: VmMapEntry, entry: VmMapEntry) -> None:
    """Add an entry above all others of the child, with the attributes of the parent's ``model``."""
    entry.protection = model.protection
    entry.max_protection = model.max_protection
    entry.inheritance = model.inheritance
    entry.wired_count = entry.user_wired_count = 0
    child.entries.append(entry)
    child.starts.append(entry.start)
    child.size += entry.end - entry.start
    child.system.clock.now += child.system.costs.map_entry
