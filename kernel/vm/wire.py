"""Wiring: memory that stays resident, and whose faults must not wait.

A wired entry leads only to pages that are in its own object, resident and wired, so that nothing done
elsewhere (a page-out, a copy) can take them away or make a fault on them fail.  So wiring first makes
all the copies that a write could ever need, even for memory that is read-only.

The kernel may wire an entry any number of times; all wirings by tasks count as one of those.

After Mach's ``vm_map_pageable``.
"""

from typing import TYPE_CHECKING

from ..interface.returns import KernReturn, MachError
from ..machine.memory import PAGE_SIZE
from ..sched.wait import WaitQueue
from .entry_list import EntryList
from .fault import PageWait, fault_page, frame_shortage, need_frames
from .map_entry import VmMapEntry
from .page import VmPage
from .protection import VM_PROT_NONE, VM_PROT_READ, VM_PROT_WRITE

if TYPE_CHECKING:
    from .map import VmMap


def wire_range(vm_map: "VmMap", address: int, size: int, access: int, user: bool) -> None:
    """Wire a range for ``access``, or unwire it (VM_PROT_NONE).  FAILURE when not all of it is
    allocated and allows the access; INVALID_ARGUMENT when not all of it is wired; RESOURCE_SHORTAGE,
    or PageWait.  A failure changes nothing."""
    start, end = vm_map.clamp(address, size)
    if vm_map.lookup(start) is None:
        raise MachError(KernReturn.FAILURE)
    vm_map.check_room()
    if access == VM_PROT_NONE:
        _unwire(vm_map, start, end, user)
    else:
        _wire(vm_map, start, end, access, user)
    vm_map.simplify(start, end)


def _wire(vm_map: "VmMap", start: int, end: int, access: int, user: bool) -> None:
    at = start
    for entry in vm_map.between(start, end):
        if entry.start > at or entry.protection & access != access:
            raise MachError(KernReturn.FAILURE)
        at = entry.end
    if at < end:
        raise MachError(KernReturn.FAILURE)
    need_frames(vm_map, [(start, end)])
    done: list[VmMapEntry] = []
    try:
        for entry in vm_map.clip_range(start, end):
            if entry.wired_count == 0:
                _wire_entry(vm_map, entry)
            _count(entry, 1, user)
            done.append(entry)
    except BaseException:
        for entry in done:
            _uncount(vm_map, entry, user)
        raise


def _unwire(vm_map: "VmMap", start: int, end: int, user: bool) -> None:
    at = start
    for entry in vm_map.between(start, end):
        if entry.start > at or entry.wired_count == 0 or (user and entry.user_wired_count == 0):
            raise MachError(KernReturn.INVALID_ARGUMENT)
        at = entry.end
    if at < end:
        raise MachError(KernReturn.INVALID_ARGUMENT)
    for entry in vm_map.clip_range(start, end):
        _uncount(vm_map, entry, user)


def _count(entry: VmMapEntry, change: int, user: bool) -> None:
    if not user:
        entry.wired_count += change
        return
    was = entry.user_wired_count
    entry.user_wired_count += change
    entry.wired_count += (entry.user_wired_count > 0) - (was > 0)


def _uncount(vm_map: "VmMap", entry: VmMapEntry, user: bool) -> None:
    _count(entry, -1, user)
    if entry.wired_count == 0:
        _release(vm_map, entry)


def unwire_entry(vm_map: "VmMap", entry: VmMapEntry) -> None:
    """An entry is about to go, however often it was wired."""
    entry.wired_count = entry.user_wired_count = 0
    _release(vm_map, entry)


def _wire_entry(vm_map: "VmMap", entry: VmMapEntry) -> None:
    """Bring in, wire and enter all pages of an entry that is not wired yet."""
    pages = vm_map.system.pages
    wired: list[VmPage] = []
    container, start, end = vm_map.leaves(entry)
    leaves = container.clip_range(start, end)
    try:
        for leaf in leaves:
            address = entry.start + leaf.start - start
            vm_object = container.make_writable(leaf)
            for offset in range(leaf.offset, leaf.offset + leaf.end - leaf.start, PAGE_SIZE):
                page = _own_page(vm_map, entry, container, leaf, offset, address)
                pages.wire(page)
                wired.append(page)
                assert page.object is vm_object
                protection = VM_PROT_READ | entry.protection & VM_PROT_WRITE
                if not vm_map.pmap.enter(address, page.frame, protection, True):
                    raise frame_shortage(vm_map.system, 1)
                address += PAGE_SIZE
    except BaseException:
        for page in wired:
            pages.unwire(page)
        vm_map.pmap.unwire(entry.start, entry.end)
        raise
    if container is not vm_map:
        for leaf in leaves:
            leaf.wired_count += 1


def _own_page(
    vm_map: "VmMap", entry: VmMapEntry, container: EntryList, leaf: VmMapEntry, offset: int, address: int
) -> VmPage:
    """The page at ``offset`` of the object of ``leaf``, in that object itself."""
    vm_object = leaf.object
    assert vm_object is not None
    shared = container is not vm_map
    access = VM_PROT_READ | entry.protection & VM_PROT_WRITE
    outcome = fault_page(vm_object, offset, access, shared)
    if isinstance(outcome, VmPage) and outcome.object is not vm_object:
        outcome = fault_page(vm_object, offset, VM_PROT_READ | VM_PROT_WRITE, shared)
    if isinstance(outcome, WaitQueue):
        raise PageWait(vm_map, address, access)
    if isinstance(outcome, int):
        raise MachError(outcome)
    return outcome


def _release(vm_map: "VmMap", entry: VmMapEntry) -> None:
    """Let the pages of an entry that was wired go."""
    container, start, end = vm_map.leaves(entry)
    for leaf in container.clip_range(start, end):
        vm_object = leaf.object
        assert vm_object is not None
        for offset in range(leaf.offset, leaf.offset + leaf.end - leaf.start, PAGE_SIZE):
            vm_map.system.pages.unwire(vm_object.pages[offset])
        if container is not vm_map:
            leaf.wired_count -= 1
    vm_map.pmap.unwire(entry.start, entry.end)
