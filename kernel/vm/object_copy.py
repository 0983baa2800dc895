"""Copying (part of) an object, in the way that its copy strategy asks for.

The result says what the two sides have to do: the object and offset to map as the copy, whether that
mapping needs a copy before it is written (symmetric copy-on-write), and whether the source's mapping
does too.  No byte moves, except with the strategy NONE.

After Mach's ``vm_object_copy_strategically``.
"""

from typing import NamedTuple

from ..machine.memory import PAGE_SIZE
from .fault import frame_shortage
from .object import CopyStrategy, VmObject, write_protect
from .page import VmPage
from .pager import lock_page
from .protection import VM_PROT_WRITE


class ObjectCopy(NamedTuple):
    """A copy of a part of an object; ``object`` comes with a reference."""

    object: VmObject
    offset: int
    needs_copy: bool  # the copy's map entry
    source_needs_copy: bool  # the source's map entry; its pages must be write-protected


def copy_strategically(source: VmObject, offset: int, size: int) -> ObjectCopy:
    """A copy of ``size`` bytes at ``offset``.  RESOURCE_SHORTAGE, PageWait, or NotResident (strategy
    NONE only), when it cannot be made; then nothing has changed."""
    if source.symmetric:
        return ObjectCopy(source.reference(), offset, True, True)
    if source.copy_strategy in (CopyStrategy.DELAY, CopyStrategy.TEMPORARY):
        copy, at = copy_delayed(source, offset, size)
        return ObjectCopy(copy, at, True, False)
    if source.copy_strategy == CopyStrategy.CALL and source.pager is not None and not source.failed:
        pages = source.pages_between(offset, offset + size)
        if not any(page.wire_count for page in pages):
            return ObjectCopy(copy_call(source, offset, size, pages), 0, False, False)
    return ObjectCopy(copy_slowly(source, offset, size), 0, False, False)


def copy_delayed(source: VmObject, offset: int, size: int) -> tuple[VmObject, int]:
    """A copy object through which ``source`` is seen as it is now, and the offset in it.

    A copy object sees a window of the source; each page of the source in the window of its newest copy
    object is write-protected, or was pushed.  An existing copy object serves again, with a larger window
    if necessary, as long as nothing was pushed into it: then the source has not changed since, as far
    as that copy can see.
    """
    newest = source.copy
    low, high = offset, offset + size
    if newest is not None and newest.frozen and newest.lent is None and not newest.pages:
        older_low = newest.shadow_offset
        if older_low <= low:
            high = max(high, older_low + newest.size)
            newest.size = high - older_low
            write_protect(source, older_low, high)
            return newest.reference(), offset - older_low
    copy = insert_copy(source, low, high)
    return copy, offset - copy.shadow_offset


def insert_copy(source: VmObject, low: int, high: int) -> VmObject:
    """A new copy object that sees at least a window of ``source``; older ones see it through this."""
    newest = source.copy
    if newest is not None:
        older_low = newest.shadow_offset
        low, high = min(low, older_low), max(high, older_low + newest.size)
    copy = VmObject(source.system, high - low)
    copy.frozen = True
    if newest is not None:
        # The older copy sees the source through the newer one from now on.
        newest.unlink_shadow()
        newest.link_shadow(copy.reference(), older_low - low)
        copy.link_shadow(source, low)  # with the reference that the older copy had
    else:
        copy.link_shadow(source.reference(), low)
    source.copy = copy
    write_protect(source, low, high)
    return copy


def copy_call(source: VmObject, offset: int, size: int, pages: list[VmPage]) -> VmObject:
    """A new object whose pages the pager provides, as a copy of ``source``; what it has not, is seen in
    ``source``.  So that this does not change before the pager took note, writing to what is resident
    (``pages``) needs its permission from now on."""
    assert source.pager is not None
    for page in pages:
        if page.frame:
            lock_page(page, page.lock | VM_PROT_WRITE)
    copy = source.system.object_for(source.pager.copy(source, offset, size), size)
    copy.link_shadow(source.reference(), offset)
    return copy


def copy_slowly(source: VmObject, offset: int, size: int) -> VmObject:
    """A new object with the contents that ``source`` has now."""
    system = source.system
    memory = system.memory
    copy = VmObject(system, size)
    try:
        for at in range(0, size, PAGE_SIZE):
            page = source.visible_page(offset + at)
            if page is None:
                continue
            new = system.pages.allocate(copy, at)
            if new is None:
                raise frame_shortage(system, size // PAGE_SIZE)
            memory.copy(page.frame, new.frame)
            new.dirty = True
            system.clock.now += system.costs.copy(PAGE_SIZE)
    except BaseException:
        copy.deallocate()
        raise
    return copy
