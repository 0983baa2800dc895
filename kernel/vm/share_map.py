"""Sharing maps: memory that several address maps share by inheritance.

A region with VM_INHERIT_SHARE moves, at the first fork, from the parent's entry into a sharing map, and
both parent and child then refer to that.  The level in between is what allows shared memory to be
copied copy-on-write like any other: when an entry here gets a new object, all sharers see it.

Addresses in a sharing map are those of the region in the map that was forked first.  Rights and
inheritance are the sharers' own; entries here allow everything.

Invariants
- ``references`` counts the map entries that refer to this map.
- ``sharers`` of an entry counts those of them that cover it; an entry that nobody covers any more is
  removed, and its memory with it (the original kept it until the last sharer was gone).
- Every address that a map entry refers to is in some entry here.
"""

from typing import TYPE_CHECKING

from .entry_list import EntryList
from .map_entry import VmMapEntry
from .protection import ADDRESS_SPACE

if TYPE_CHECKING:
    from .system import VmSystem


class ShareMap(EntryList):
    """Memory that several maps share."""

    __slots__ = ("number", "references")

    def __init__(self, system: "VmSystem", entry: VmMapEntry) -> None:
        """What ``entry`` of an address map led to, with that entry as the only sharer; its reference
        to the object moves here."""
        super().__init__(system, 0, ADDRESS_SPACE)
        self.references = 1
        self.number = system.register_share(self)
        shared = VmMapEntry(entry.start, entry.end, entry.object, entry.offset)
        shared.needs_copy = entry.needs_copy
        shared.wired_count = 1 if entry.wired_count else 0
        self.insert(shared)

    def cover(self, start: int, end: int) -> None:
        """One more map entry refers to a range."""
        for entry in self.clip_range(start, end):
            entry.sharers += 1
        self.references += 1

    def uncover(self, start: int, end: int) -> None:
        """A map entry that referred to a range no longer does; its pmap must have forgotten it."""
        for entry in self.clip_range(start, end):
            entry.sharers -= 1
            if entry.sharers == 0:
                self.discard(entry)
        self.simplify(start, end)
        self.references -= 1
        if self.references == 0:
            assert not self.entries
            self.system.unregister_share(self)

    def __repr__(self) -> str:
        return f"<sharing map {self.number}>"
