"""Copies of memory in transit: what ``vm_read``, ``vm_copy`` and out-of-line data in messages hold.

A ``VmMapCopy`` is a list of entries in no map, at addresses from 0 on.  It is made by ``map_copyin``
(copy-on-write, no byte moves) or from bytes, and consumed by ``map_copyout`` (to fresh addresses) or
``map_copy_overwrite`` (onto existing memory), or discarded.  Those that fail leave it to the caller.

Data need not start or end on a page boundary; ``offset`` says where they start in the first page.
What else is in the first and last page is copied along when the copy is mapped, as in Mach.

After Mach's ``vm_map_copy``; ``pages`` is the form that devices and the network use, the page list.
"""

from typing import TYPE_CHECKING

from ..interface.returns import KernReturn, MachError
from ..machine.memory import PAGE_SIZE
from .entry_copy import copy_leaf
from .entry_list import EntryList
from .fault import PageWait, check_capacity, frame_shortage, start_over
from .map_entry import VmMapEntry
from .object import VmObject
from .overwrite import overwrite, visible_page
from .page import ZEROES, VmPage
from .protection import ADDRESS_SPACE, VM_PROT_READ, round_page, trunc_page

if TYPE_CHECKING:
    from .map import VmMap
    from .system import VmSystem


class VmMapCopy:
    """``size`` bytes of memory, as they were when the copy was made."""

    __slots__ = ("entries", "number", "offset", "size", "system")

    def __init__(self, system: "VmSystem", size: int, offset: int = 0) -> None:
        self.system = system
        self.size = size
        self.offset = offset  # of the first byte in the first page
        self.entries = EntryList(system, 0, ADDRESS_SPACE)
        self.number = system.register_copy(self)

    def __repr__(self) -> str:
        return f"<copy {self.number}: {self.size} bytes>"

    def page(self, at: int) -> VmPage | None:
        """The resident page at ``at`` (whole pages from the start of the first); None for zeroes.
        PageWait when it must be brought in."""
        return visible_page(self.entries, at)

    def pages(self) -> list[VmPage | None]:
        """All pages; those of zeroes are None.  PageWait when one must be brought in, RESOURCE_SHORTAGE
        if they do not fit into memory all at once."""
        size = round_page(self.offset + self.size)
        try:
            return [self.page(at) for at in range(0, size, PAGE_SIZE)]
        except PageWait:
            check_capacity(self.system, size // PAGE_SIZE)
            raise

    def read(self) -> bytes:
        """The bytes.  PageWait when a page must be brought in."""
        system = self.system
        frame = system.memory.frame
        contents = [ZEROES if page is None else frame(page.frame) for page in self.pages()]
        system.clock.now += system.costs.copy(self.size)
        return b"".join(contents)[self.offset : self.offset + self.size]

    def discard(self) -> None:
        """Give up the memory that is still here; what was consumed or discarded stays so."""
        entries = self.entries
        doomed = list(entries.entries)
        if doomed:
            entries.unlink(0, ADDRESS_SPACE)
        for entry in doomed:
            if entry.object is not None:
                entry.object.deallocate()
        self.size = 0
        self.system.unregister_copy(self)


def copy_from_bytes(system: "VmSystem", data: bytes | bytearray | memoryview) -> VmMapCopy:
    """A copy that holds ``data``.  PageWait, RESOURCE_SHORTAGE."""
    size = len(data)
    copy = VmMapCopy(system, size)
    if size == 0:
        return copy
    view = memoryview(data)
    vm_object = VmObject(system, round_page(size))
    copy.entries.insert(VmMapEntry(0, vm_object.size, vm_object))
    for at in range(0, size, PAGE_SIZE):
        page = system.pages.allocate(vm_object, at)
        if page is None:
            copy.discard()
            raise frame_shortage(system, vm_object.size // PAGE_SIZE)
        if system.page_out is not None:
            system.page_out.reserve(page)
        if size - at < PAGE_SIZE:
            system.memory.zero(page.frame)
        system.pages.write(page, 0, view[at : at + PAGE_SIZE])
    return copy


def copy_to_fill(system: "VmSystem", size: int) -> VmMapCopy:
    """A copy of ``size`` > 0 bytes whose pages' contents are up to the caller.  PageWait,
    RESOURCE_SHORTAGE."""
    copy = VmMapCopy(system, size)
    vm_object = VmObject(system, round_page(size))
    copy.entries.insert(VmMapEntry(0, vm_object.size, vm_object))
    for at in range(0, size, PAGE_SIZE):
        page = system.pages.allocate(vm_object, at)
        if page is None:
            copy.discard()
            raise frame_shortage(system, vm_object.size // PAGE_SIZE)
        page.dirty = True
        if system.page_out is not None:
            system.page_out.reserve(page)
        if size - at < PAGE_SIZE:
            system.memory.zero(page.frame)
    return copy


def copy_part(copy: VmMapCopy, at: int, size: int) -> VmMapCopy:
    """Take ``size`` bytes, whole pages, out of a copy, from ``at`` (counted from the start of its first
    page) on; they are missing from it afterwards."""
    part = VmMapCopy(copy.system, size)
    moved = copy.entries.clip_range(at, at + size)
    copy.entries.unlink(at, at + size)
    for entry in moved:
        entry.start -= at
        entry.end -= at
        part.entries.insert(entry)
    return part


def map_copyin(vm_map: "VmMap", address: int, size: int, source_destroy: bool = False) -> VmMapCopy:
    """Copy memory out of a map; ``source_destroy`` also deallocates it there.  INVALID_ADDRESS,
    PROTECTION_FAILURE, RESOURCE_SHORTAGE; PageWait when it must be copied now and is not resident."""
    if size == 0:
        return VmMapCopy(vm_map.system, 0)
    if address < 0 or address + size > ADDRESS_SPACE:
        raise MachError(KernReturn.INVALID_ADDRESS)
    start, end = trunc_page(address), round_page(address + size)
    at = start
    for entry in vm_map.between(start, end):
        if entry.start > at:
            break
        if not entry.protection & VM_PROT_READ:
            raise MachError(KernReturn.PROTECTION_FAILURE)
        at = entry.end
    if at < end:
        raise MachError(KernReturn.INVALID_ADDRESS)
    vm_map.check_room()
    system = vm_map.system
    free = system.memory.free_count
    copy = VmMapCopy(system, size, address - start)
    try:
        for entry in vm_map.clip_range(start, end):
            _copy_entry(vm_map, entry, copy.entries, entry.start - start, source_destroy)
    except PageWait as wait:
        taken = free - system.memory.free_count
        copy.discard()
        raise start_over(system, wait, taken) from None
    except BaseException:
        copy.discard()
        raise
    if source_destroy:
        vm_map.remove(start, end)
    return copy


def _copy_entry(vm_map: "VmMap", entry: VmMapEntry, into: EntryList, to: int, source_destroy: bool) -> None:
    """Put a copy of what ``entry`` leads to into a list at ``to``."""
    vm_object = entry.object
    if source_destroy and vm_object is not None and vm_object.symmetric and not entry.wired_count:
        # It moves: the map's own reference goes with the entry.
        moved = VmMapEntry(to, to + entry.end - entry.start, vm_object.reference(), entry.offset)
        moved.needs_copy = entry.needs_copy
        into.insert(moved)
        return
    container, start, end = vm_map.leaves(entry)
    for leaf in container.clip_range(start, end):
        made = copy_leaf(vm_map, entry.start + leaf.start - start, container, leaf)
        made.start += to - start
        made.end += to - start
        into.insert(made)


def map_copyout(vm_map: "VmMap", copy: VmMapCopy) -> int:
    """Map a copy where there is space; the address of its first byte (0 if it is empty).  NO_SPACE,
    RESOURCE_SHORTAGE.  Consumes the copy."""
    if copy.size == 0:
        copy.discard()
        return 0
    vm_map.check_room(len(copy.entries.entries))
    offset = copy.offset
    total = round_page(offset + copy.size)
    start = vm_map.find_space(0, total, 0)
    moved = list(copy.entries.entries)
    copy.entries.unlink(0, ADDRESS_SPACE)
    for entry in moved:
        entry.start += start
        entry.end += start
        vm_map.insert(entry)
    vm_map.size += total
    copy.discard()
    return start + offset


def map_copy_overwrite(vm_map: "VmMap", address: int, copy: VmMapCopy) -> None:
    """Put a copy in the place of memory that is there already; protection and inheritance stay.
    INVALID_ADDRESS, PROTECTION_FAILURE, RESOURCE_SHORTAGE, PageWait; then nothing was written.
    Consumes the copy."""
    if copy.size:
        overwrite(vm_map, address, copy.entries, copy.offset, copy.size)
    copy.discard()
