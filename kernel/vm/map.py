"""Address maps: the address space of a task.

A map is a sorted list of entries, each of which says what a range of addresses leads to and what may
be done there; and a pmap, in which the processors find what faults entered.  Everything that the pmap
knows follows from the entries, never the other way round.

Ranges are those of Mach's calls: whole pages, 32-bit arithmetic, and cut to the bounds of the map
(``VM_MAP_RANGE_CHECK``), so that a range which wraps around is empty.

After Mach's ``vm_map.h``.  Forking, wiring, and copying have files of their own.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..interface.returns import KernReturn, MachError
from ..machine.memory import PAGE_SIZE
from ..machine.mmu import KERNEL_BASE
from .entry_list import EntryList
from .fork import fork_map
from .map_entry import VmMapEntry
from .object import VmObject
from .pmap import Pmap
from .protection import (
    ADDRESS_SPACE,
    VM_INHERIT_DEFAULT,
    VM_PROT_ALL,
    VM_PROT_DEFAULT,
    round_page,
    trunc_page,
)
from .share_map import ShareMap
from .wire import unwire_entry, wire_range

if TYPE_CHECKING:
    from .system import VmSystem


@dataclass(frozen=True, slots=True)
class Region:
    """What ``vm_region`` tells of an entry."""

    address: int
    size: int
    protection: int
    max_protection: int
    inheritance: int
    is_shared: bool
    object: VmObject | None  # None: zeroes that nobody has touched, or several objects
    offset: int


class VmMap(EntryList):
    """The addresses of a task, from 0 up to KERNEL_BASE; page 0 is used only when asked for."""

    __slots__ = ("number", "pmap", "references", "size")

    translated = True

    def __init__(self, system: "VmSystem", pmap: Pmap) -> None:
        super().__init__(system, 0, KERNEL_BASE, PAGE_SIZE)
        self.pmap = pmap
        self.references = 1
        self.size = 0  # bytes in entries
        self.number = system.register_map(self)

    def __repr__(self) -> str:
        return f"<map {self.number}: {len(self.entries)} entries, {self.size >> 12} pages>"

    # ---- references

    def reference(self) -> "VmMap":
        self.references += 1
        return self

    def deallocate(self) -> None:
        """Give up a reference; the last one ends the address space."""
        self.references -= 1
        assert self.references >= 0
        if self.references == 0:
            self.remove(self.minimum, self.maximum)
            self.pmap.destroy()
            self.system.unregister_map(self)

    # ---- ranges

    def clamp(self, address: int, size: int) -> tuple[int, int]:
        """The pages that hold ``size`` bytes at ``address``, cut to the map; may be empty."""
        start = max(trunc_page(address % ADDRESS_SPACE), self.minimum)
        end = min(round_page((address + size) % ADDRESS_SPACE) % ADDRESS_SPACE, self.maximum)
        return min(start, end), end

    # ---- allocating

    def allocate(self, address: int, size: int, anywhere: bool) -> int:
        """New memory full of zeroes; its address.  NO_SPACE, INVALID_ADDRESS."""
        if size == 0:
            return 0
        start = self.lowest if anywhere else trunc_page(address)
        return self.enter(start, round_page(size), anywhere=anywhere)

    def enter(
        self,
        address: int,
        size: int,
        mask: int = 0,
        *,
        anywhere: bool,
        vm_object: VmObject | None = None,
        offset: int = 0,
        needs_copy: bool = False,
        protection: int = VM_PROT_DEFAULT,
        max_protection: int = VM_PROT_ALL,
        inheritance: int = VM_INHERIT_DEFAULT,
    ) -> int:
        """Map ``size`` bytes (whole pages) of an object, at a page address or ``anywhere`` from there
        on where no bit of ``mask`` is set; the address.  Takes over the reference to the object,
        unless it fails."""
        self.check_room()
        if anywhere:
            start = self.find_space(address, size, mask)
        else:
            start = address
            if start & mask:
                raise MachError(KernReturn.NO_SPACE)
            if not self.minimum <= start < start + size <= self.maximum:
                raise MachError(KernReturn.INVALID_ADDRESS)
            if not self.is_free(start, start + size):
                raise MachError(KernReturn.NO_SPACE)
        entry = VmMapEntry(start, start + size, vm_object, offset)
        entry.needs_copy = needs_copy
        entry.protection = protection
        entry.max_protection = max_protection
        entry.inheritance = inheritance
        if vm_object is not None or not self._extend(entry):
            self.insert(entry)
        self.size += size
        if self.system.trace.on:
            self.system.trace.emit("map_enter", self.number, start, size)
        return start

    def _extend(self, new: VmMapEntry) -> bool:
        """Let the entry before ``new``, fresh memory, grow over it instead (``vm_object_coalesce``)."""
        at = self.index_from(new.start) - 1
        if at < 0:
            return False
        entry = self.entries[at]
        vm_object = entry.object
        if (
            entry.end != new.start
            or entry.share is not None
            or entry.wired_count
            or entry.protection != new.protection
            or entry.max_protection != new.max_protection
            or entry.inheritance != new.inheritance
        ):
            return False
        if vm_object is not None:
            if (
                vm_object.references != 1
                or vm_object.shadow is not None
                or vm_object.pager is not None
                or not vm_object.internal
                or entry.needs_copy
            ):
                return False
            end = entry.offset + new.end - entry.start
            vm_object.free_pages(entry.offset + entry.end - entry.start, max(end, vm_object.size))
            vm_object.size = end
        entry.end = new.end
        self.hint = entry
        return True

    # ---- deallocating

    def deallocate_range(self, address: int, size: int) -> None:
        """Give up memory; what is not allocated is ignored."""
        start, end = self.clamp(address, size)
        if start < end:
            self.check_room()
            self.remove(start, end)

    def remove(self, start: int, end: int) -> None:
        """Remove what there is between two page addresses."""
        doomed = self.clip_range(start, end)
        if not doomed:
            return
        for entry in doomed:
            self.release(entry)
            self.free_hidden(entry)
            self.size -= entry.end - entry.start
        self.unlink(start, end)
        for entry in doomed:
            if entry.object is not None:
                entry.object.deallocate()
        if self.system.trace.on:
            self.system.trace.emit("map_remove", self.number, start, end - start)

    def release(self, entry: VmMapEntry) -> None:
        """Forget all that follows from an entry, which is about to go, but for what it refers to if
        that is an object."""
        if entry.wired_count:
            unwire_entry(self, entry)
        if entry.share is not None:
            self.pmap.remove(entry.start, entry.end)
            entry.share.uncover(entry.offset, entry.offset + entry.end - entry.start)
            entry.share = None
        elif entry.object is not None:
            self.pmap.remove(entry.start, entry.end)

    # ---- attributes

    def protect(self, address: int, size: int, set_maximum: bool, protection: int) -> None:
        """Set what may be done, or (``set_maximum``) what may ever be.  PROTECTION_FAILURE when
        any part of the range does not allow that much; then nothing has changed."""
        start, end = self.clamp(address, size)
        self.check_room()
        if any(protection & ~entry.max_protection for entry in self.between(start, end)):
            raise MachError(KernReturn.PROTECTION_FAILURE)
        for entry in self.clip_range(start, end):
            old = entry.protection
            if set_maximum:
                entry.max_protection = protection
                entry.protection = old & protection
            else:
                entry.protection = protection
            if entry.protection != old:
                self.pmap.protect(entry.start, entry.end, entry.protection)
        self.simplify(start, end)

    def inherit(self, address: int, size: int, inheritance: int) -> None:
        """Set what a child gets of a range when the map is forked."""
        start, end = self.clamp(address, size)
        self.check_room()
        for entry in self.clip_range(start, end):
            entry.inheritance = inheritance
        self.simplify(start, end)

    def region(self, address: int) -> Region:
        """The entry that holds ``address``, or else the next one.  NO_SPACE when there is none."""
        at = self.index_from(address)
        if at == len(self.entries):
            raise MachError(KernReturn.NO_SPACE)
        entry = self.entries[at]
        vm_object, offset = entry.object, entry.offset
        if entry.share is not None:
            leaves = entry.share.between(offset, offset + entry.end - entry.start)
            if len(leaves) == 1:
                vm_object = leaves[0].object
                offset += leaves[0].offset - leaves[0].start
        return Region(
            entry.start,
            entry.end - entry.start,
            entry.protection,
            entry.max_protection,
            entry.inheritance,
            entry.share is not None,
            vm_object,
            offset,
        )

    # ---- what is behind an entry

    def leaves(self, entry: VmMapEntry) -> tuple[EntryList, int, int]:
        """Where the entries are that lead to objects for ``entry``: the list, and the range there."""
        if entry.share is not None:
            return entry.share, entry.offset, entry.offset + entry.end - entry.start
        return self, entry.start, entry.end

    def share_entry(self, entry: VmMapEntry) -> ShareMap:
        """Turn an entry into one of a sharing map, unless it is already."""
        if entry.share is None:
            entry.share = ShareMap(self.system, entry)
            entry.object = None
            entry.offset = entry.start
            entry.needs_copy = False
        return entry.share

    # ---- forking and wiring

    def fork(self) -> "VmMap":
        """The map of a child, by the inheritance of each region.  RESOURCE_SHORTAGE, or PageWait."""
        return fork_map(self)

    def wire(self, address: int, size: int, access: int, *, user: bool = True) -> None:
        """Make sure that ``access`` never faults, or (VM_PROT_NONE) may again; see ``wire.py``."""
        wire_range(self, address, size, access, user)
