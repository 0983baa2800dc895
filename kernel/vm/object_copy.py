"""Copying (part of) an object, in the way that its copy strategy asks for.

The result says what the two sides have to do: the object and offset to map as the copy, whether that
mapping needs a copy before it is written (symmetric copy-on-write), and whether the source's mapping
does too.  No byte moves, except with the strategy NONE.

After Mach's ``vm_object_copy_strategically``.
"""

from typing import NamedTuple

from ..interface.returns import KernReturn, MachError
from ..machine.memory import PAGE_SIZE
from .object import CopyStrategy, VmObject, write_protect


class ObjectCopy(NamedTuple):
    """A copy of a part of an object; ``object`` comes with a reference."""

    object: VmObject
    offset: int
    needs_copy: bool  # the copy's map entry
    source_needs_copy: bool  # the source's map entry; its pages must be write-protected


def copy_strategically(source: VmObject, offset: int, size: int) -> ObjectCopy:
    """A copy of ``size`` bytes at ``offset``.  RESOURCE_SHORTAGE, or NotResident (strategy NONE only),
    when it cannot be made; then nothing has changed."""
    if source.symmetric:
        return ObjectCopy(source.reference(), offset, True, True)
    if source.copy_strategy == CopyStrategy.DELAY:
        copy, at = copy_delayed(source, offset, size)
        return ObjectCopy(copy, at, True, False)
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
    if newest is not None:
        older_low = newest.shadow_offset
        high = max(high, older_low + newest.size)
        if newest.frozen and not newest.pages and older_low <= low:
            newest.size = high - older_low
            write_protect(source, older_low, high)
            return newest.reference(), offset - older_low
        low = min(low, older_low)
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
    return copy, offset - low


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
                raise MachError(KernReturn.RESOURCE_SHORTAGE)
            memory.copy(page.frame, new.frame)
            new.dirty = True
            system.clock.now += system.costs.copy(PAGE_SIZE)
    except BaseException:
        copy.deallocate()
        raise
    return copy
