"""What a pager supplies becomes resident: its pages are taken, not copied, where they are its own.

A page of a ``VmMapCopy`` is *stolen* if nobody but the copy can see it: it is in the object of the
copy's entry itself, which is the kernel's, and the entry needs no copy (so no other entry leads there:
an invariant of symmetric copying).  That is so of memory that was sent with the deallocate bit.  All
other pages are copied.

A page that is resident already is refused, and the others of the same supply are taken all the same
(the original stopped at the first).
"""

from typing import NamedTuple

from ..interface.returns import KernReturn
from ..machine.memory import PAGE_SIZE
from ..sched.wait import WaitQueue
from .fault import frame_shortage, no_frame
from .map_copy import VmMapCopy
from .object import VmObject
from .page import ZEROES, VmPage
from .pager import can_supply, error, supply


class Refused(NamedTuple):
    """A page that was not taken."""

    offset: int  # in the object
    reason: KernReturn  # MEMORY_PRESENT, RESOURCE_SHORTAGE, or INVALID_ARGUMENT beyond the object's end


def supply_pages(
    vm_object: VmObject, offset: int, data: VmMapCopy | bytes, lock: int, precious: bool
) -> list[Refused]:
    """Take whole and aligned pages, from ``offset`` on; those that were not taken.  Does not consume a
    copy, though pages may be missing from it afterwards.  PageWait when a page of the copy must first
    be brought in, or there must be frames to copy to; nothing has happened then.

    By pages that are precious the default pager says that it does not keep them: because it needs the
    space, or because it has none for what it was sent."""
    source = _Source(vm_object, data)
    refused: list[Refused] = []
    system = vm_object.system
    if system.memory.free_count < source.count + system.memory.low_water:
        copies = source.copies()
        if copies and isinstance(no_frame(system, copies), WaitQueue):
            raise frame_shortage(system, copies)
    if system.trace.on:
        system.trace.emit("data_supply", vm_object.number, offset, source.count, lock, precious)
    for index in range(source.count):
        at = offset + index * PAGE_SIZE
        if at >= vm_object.size:
            refused.append(Refused(at, KernReturn.INVALID_ARGUMENT))
        elif not can_supply(vm_object, at):
            refused.append(Refused(at, KernReturn.MEMORY_PRESENT))
        else:
            wanted = at in vm_object.pages
            frame = source.frame(index)
            if frame is None:
                refused.append(Refused(at, KernReturn.RESOURCE_SHORTAGE))
                error(vm_object, at)
            else:
                taken = supply(vm_object, at, frame, lock, precious)
                assert taken
                if precious and system.page_out is not None:
                    system.page_out.is_only_here(vm_object, at, wanted)
    return refused


class _Source:
    """The pages of what was supplied."""

    __slots__ = ("_bytes", "_copy", "_system", "count")

    def __init__(self, vm_object: VmObject, data: VmMapCopy | bytes) -> None:
        self._system = vm_object.system
        self._copy: VmMapCopy | None = None
        self._bytes = b""
        if isinstance(data, bytes):
            self._bytes = data
            size = len(data)
        else:
            size = data.size
            assert not data.offset
            data.pages()
            self._copy = data
        assert size % PAGE_SIZE == 0
        self.count = size // PAGE_SIZE

    def copies(self) -> int:
        """How many of the pages must be copied: they cannot be stolen."""
        copy = self._copy
        if copy is None:
            return self.count
        return sum(1 for index in range(self.count) if _own_page(copy, index * PAGE_SIZE) is None)

    def frame(self, index: int) -> int | None:
        """A frame with the contents of a page; None when there is none left."""
        system = self._system
        at = index * PAGE_SIZE
        copy = self._copy
        new = system.memory.allocate() if copy is None or system.copy_pages else None
        if new is None and copy is not None:
            frame = _steal(copy, at)
            if frame:
                system.pages_stolen += 1
                system.clock.now += system.costs.page_allocate
                return frame
            new = system.memory.allocate()
        if new is None:
            return None
        system.clock.now += system.costs.page_allocate + system.copy_page_ns
        system.pages_copied += 1
        page = copy.page(at) if copy is not None else None
        if page is not None:
            system.memory.copy(page.frame, new)
        else:
            system.memory.write(new, 0, ZEROES if copy is not None else self._bytes[at : at + PAGE_SIZE])
        return new


def _steal(copy: VmMapCopy, at: int) -> int:
    """The frame of a page that only ``copy`` can see, which loses it; 0 if there is no such page."""
    page = _own_page(copy, at)
    return page.object.system.pages.take_frame(page) if page is not None else 0


def _own_page(copy: VmMapCopy, at: int) -> VmPage | None:
    """The page at ``at`` of a copy if nobody else can see it, and it can be taken away."""
    entry = copy.entries.lookup(at)
    assert entry is not None
    vm_object = entry.object
    if (
        vm_object is None
        or not vm_object.symmetric
        or vm_object.pager is not None
        or vm_object.copy is not None
        or (entry.needs_copy and (vm_object.references > 1 or vm_object.frozen))
    ):
        return None
    page = vm_object.pages.get(at - entry.start + entry.offset)
    if page is None or not page.frame or page.flags or page.wire_count:
        return None
    return page
