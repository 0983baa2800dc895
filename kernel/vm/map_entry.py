"""Entries of address maps: ranges of addresses, and what they lead to.

An entry leads either to a part of an object, or (``share``) to a part of a sharing map, whose own
entries lead to objects.  No object at all means zeroes that nobody has touched yet.

After Mach's ``vm_map_entry``.
"""

from typing import TYPE_CHECKING

from .protection import VM_INHERIT_DEFAULT, VM_PROT_ALL, VM_PROT_DEFAULT

if TYPE_CHECKING:
    from .object import VmObject
    from .share_map import ShareMap


class VmMapEntry:
    """The range from ``start`` up to ``end`` of a map."""

    __slots__ = (
        "end",
        "inheritance",
        "max_protection",
        "needs_copy",
        "object",
        "offset",
        "protection",
        "share",
        "sharers",
        "start",
        "user_wired_count",
        "wired_count",
    )

    def __init__(self, start: int, end: int, vm_object: "VmObject | None" = None, offset: int = 0) -> None:
        self.start = start
        self.end = end
        self.object = vm_object
        self.share: ShareMap | None = None
        self.offset = offset  # of ``start`` in the object, or the address in the sharing map
        self.protection = VM_PROT_DEFAULT
        self.max_protection = VM_PROT_ALL
        self.inheritance = VM_INHERIT_DEFAULT
        self.needs_copy = False  # others see the object too: shadow it before the first write
        self.wired_count = 0  # how often wired: by the kernel, and once for all times by the task
        self.user_wired_count = 0
        self.sharers = 1  # in a sharing map: entries of maps that cover this one

    def clone(self, start: int, end: int) -> "VmMapEntry":
        """An entry for a part of this one's range that leads to the same place (no reference taken)."""
        entry = VmMapEntry(start, end, self.object, self.offset + start - self.start)
        entry.share = self.share
        entry.protection = self.protection
        entry.max_protection = self.max_protection
        entry.inheritance = self.inheritance
        entry.needs_copy = self.needs_copy
        entry.wired_count = self.wired_count
        entry.user_wired_count = self.user_wired_count
        entry.sharers = self.sharers
        return entry

    def continues(self, other: "VmMapEntry") -> bool:
        """Whether this entry and ``other``, which starts where this one ends, could be one."""
        return (
            self.end == other.start
            and self.object is other.object
            and self.share is other.share
            and (
                self.offset + self.end - self.start == other.offset
                or (self.object is None and self.share is None)
            )
            and self.protection == other.protection
            and self.max_protection == other.max_protection
            and self.inheritance == other.inheritance
            and self.needs_copy == other.needs_copy
            and self.wired_count == other.wired_count
            and self.user_wired_count == other.user_wired_count
            and self.sharers == other.sharers
        )

    def __repr__(self) -> str:
        what = self.share if self.share is not None else self.object
        return f"<entry {self.start:#x}..{self.end:#x} of {what} at {self.offset:#x}>"
