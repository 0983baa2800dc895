"""Sorted lists of map entries: what address maps, sharing maps and copies have in common.

Invariants
- Entries are sorted, do not overlap and are not empty; ``starts`` holds their start addresses.
- ``hint`` is the entry found last, or an empty one; it is never one that was removed.
- Every page from ``lowest`` up to ``first_free`` is taken.

After Mach's ``vm_map_header``; the search is a bisection, where Mach walked a linked list.
"""

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING

from ..interface.returns import KernReturn, MachError
from .collapse import collapse
from .map_entry import VmMapEntry
from .object import VmObject

if TYPE_CHECKING:
    from .system import VmSystem

MAX_ENTRIES = 1 << 16  # of one list: kernel memory is not a program's to exhaust
_NEIGHBOURS = 32  # how far to look on each side for other entries of the same object


class EntryList:
    """Map entries by address, from ``minimum`` up to ``maximum``."""

    __slots__ = ("entries", "first_free", "hint", "lowest", "maximum", "minimum", "starts", "system")

    translated = False  # whether there is a pmap: true of address maps only

    def __init__(self, system: "VmSystem", minimum: int, maximum: int, lowest: int = 0) -> None:
        self.system = system
        self.minimum = minimum
        self.lowest = lowest  # no space is found below
        self.maximum = maximum
        self.entries: list[VmMapEntry] = []
        self.starts: list[int] = []
        self.hint = nowhere()
        self.first_free = lowest

    # ---- finding

    def lookup(self, address: int) -> VmMapEntry | None:
        """The entry that holds ``address``."""
        hint = self.hint
        if hint.start <= address < hint.end:
            return hint
        at = bisect_right(self.starts, address) - 1
        if at < 0:
            return None
        entry = self.entries[at]
        if address >= entry.end:
            return None
        self.hint = entry
        return entry

    def index_from(self, address: int) -> int:
        """Index of the entry that holds ``address``, or else of the first one after it."""
        at = bisect_right(self.starts, address) - 1
        return at if at >= 0 and address < self.entries[at].end else at + 1

    def index_of(self, entry: VmMapEntry) -> int:
        at = bisect_left(self.starts, entry.start)
        assert self.entries[at] is entry
        return at

    def between(self, start: int, end: int) -> list[VmMapEntry]:
        """The entries that have a part between two addresses."""
        return self.entries[self.index_from(start) : bisect_left(self.starts, end)]

    def find_space(self, start: int, size: int, mask: int) -> int:
        """The first address from ``start`` on that begins ``size`` free bytes and has no bit of
        ``mask`` set.  NO_SPACE when there is none."""
        entries, maximum = self.entries, self.maximum
        start = max(start, self.lowest)
        from_hint = start <= self.first_free
        if from_hint:
            start = self.first_free
        at = self.index_from(start)
        while at < len(entries) and entries[at].start <= start:
            start = max(start, entries[at].end)
            at += 1
        if from_hint:
            self.first_free = start
        while True:
            start = (start + mask) & ~mask
            if start + size > maximum:
                raise MachError(KernReturn.NO_SPACE)
            while at < len(entries) and entries[at].end <= start:
                at += 1
            if at == len(entries) or start + size <= entries[at].start:
                return start
            start = entries[at].end
            at += 1

    def is_free(self, start: int, end: int) -> bool:
        at = self.index_from(start)
        return at == len(self.entries) or self.entries[at].start >= end

    # ---- changing

    def insert(self, entry: VmMapEntry) -> None:
        """Put an entry into a free range."""
        assert self.minimum <= entry.start < entry.end <= self.maximum
        at = bisect_left(self.starts, entry.start)
        assert at == 0 or self.entries[at - 1].end <= entry.start
        assert at == len(self.entries) or entry.end <= self.entries[at].start
        self.entries.insert(at, entry)
        self.starts.insert(at, entry.start)
        self.hint = entry
        self.system.clock.now += self.system.costs.map_entry

    def unlink(self, start: int, end: int) -> None:
        """Take out the entries between two addresses, at which none may reach beyond; what they refer
        to is the caller's."""
        low, high = bisect_left(self.starts, start), bisect_left(self.starts, end)
        del self.entries[low:high], self.starts[low:high]
        self.hint = nowhere()
        if start < self.first_free:
            self.first_free = max(start, self.lowest)
        self.system.clock.now += (high - low) * self.system.costs.map_entry

    def clip(self, address: int) -> None:
        """Split the entry that holds ``address`` there, if there is one that does not start there."""
        at = bisect_right(self.starts, address) - 1
        if at < 0:
            return
        entry = self.entries[at]
        if not entry.start < address < entry.end:
            return
        rest = entry.clone(address, entry.end)
        if rest.share is not None:
            rest.share.references += 1
        elif rest.object is not None:
            rest.object.references += 1
        entry.end = address
        self.entries.insert(at + 1, rest)
        self.starts.insert(at + 1, address)
        self.system.clock.now += self.system.costs.map_entry

    def clip_range(self, start: int, end: int) -> list[VmMapEntry]:
        """The entries between two addresses, after splitting those that reach beyond."""
        self.clip(start)
        self.clip(end)
        return self.entries[bisect_left(self.starts, start) : bisect_left(self.starts, end)]

    def simplify(self, start: int, end: int) -> None:
        """Join the entries around a range that need not be several."""
        entries = self.entries
        at = max(self.index_from(start) - 1, 0)
        while at + 1 < len(entries) and entries[at].end <= end:
            entry, following = entries[at], entries[at + 1]
            if not entry.continues(following):
                at += 1
                continue
            if entry.object is None and entry.share is None:
                entry.offset = 0
            entry.end = following.end
            del entries[at + 1], self.starts[at + 1]
            if self.hint is following:
                self.hint = entry
            if following.share is not None:
                following.share.references -= 1
            elif following.object is not None:
                following.object.references -= 1
            self.system.clock.now += self.system.costs.map_entry

    def check_room(self, more: int = 0) -> None:
        """RESOURCE_SHORTAGE when the list is as long as it may become, but for a range that is clipped
        at both ends, and ``more`` entries."""
        if len(self.entries) + more + 2 > MAX_ENTRIES:
            raise MachError(KernReturn.RESOURCE_SHORTAGE)

    # ---- objects

    def has_sole_view(self, entry: VmMapEntry) -> bool:
        """Whether nobody but ``entry`` can see its part of its object: all references to the object
        are its own and those of neighbours that map other parts.  May say no when it is so.  The entry
        may have been taken out of the list already."""
        vm_object = entry.object
        assert vm_object is not None
        if vm_object.references == 1:
            return True
        if vm_object.shadows:
            return False
        at = bisect_left(self.starts, entry.start)
        low, high = entry.offset, entry.offset + entry.end - entry.start
        found = 1
        for other in self.entries[max(at - _NEIGHBOURS, 0) : at + _NEIGHBOURS + 1]:
            if other.object is vm_object and other is not entry:
                found += 1
                if low < other.offset + other.end - other.start and other.offset < high:
                    return False
        return found == vm_object.references

    def object_of(self, entry: VmMapEntry) -> VmObject:
        """The entry's object, which is made now if nobody has touched the memory yet."""
        vm_object = entry.object
        if vm_object is None:
            vm_object = entry.object = VmObject(self.system, entry.end - entry.start)
            entry.offset = 0
        return vm_object

    def make_writable(self, entry: VmMapEntry) -> VmObject:
        """The entry's object after its needs_copy was resolved: only this entry writes to it."""
        vm_object = self.object_of(entry)
        if entry.needs_copy:
            if vm_object.frozen or not self.has_sole_view(entry):
                vm_object = entry.object = vm_object.make_shadow(entry.offset, entry.end - entry.start)
                entry.offset = 0
                collapse(vm_object)
            entry.needs_copy = False
        return vm_object

    def free_hidden(self, entry: VmMapEntry) -> None:
        """The pages that only ``entry``, which is about to go, can see need not be kept.  (The
        original kept them until the object ended.)"""
        vm_object = entry.object
        if (
            vm_object is not None
            and vm_object.references > 1
            and vm_object.pages
            and vm_object.pager is None
            and self.has_sole_view(entry)
        ):
            vm_object.free_pages(entry.offset, entry.offset + entry.end - entry.start)

    def discard(self, entry: VmMapEntry) -> None:
        """Remove an entry that no pmap follows."""
        self.free_hidden(entry)
        self.unlink(entry.start, entry.end)
        if entry.object is not None:
            entry.object.deallocate()


def nowhere() -> VmMapEntry:
    """An entry that holds no address: the hint of those who have none."""
    return VmMapEntry(0, 0)
