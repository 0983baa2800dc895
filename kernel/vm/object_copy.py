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
        return ObjectCopy(copy_delayed(source, offset, size), offset, True, False)
    return ObjectCopy(copy_slowly(source, offset, size), 0, False, False)


def copy_delayed(source: VmObject, offset: int, size: int) -> VmObject:
    """A copy object through which ``source`` is seen as it is now; its offsets are those of ``source``.

    An existing copy object serves again as long as nothing was pushed into it: then ``source`` has not
    changed since, as far as that copy can see.
    """
    newest = source.copy
    end = offset + size
    if newest is not None and newest.frozen and not newest.pages and newest.shadow_offset == 0:
        newest.size = max(newest.size, end)
        write_protect(source, offset, end)
        return newest.reference()
    if newest is not None:
        end = max(end, newest.shadow_offset + newest.size)
    copy = VmObject(source.system, end)
    copy.frozen = True
    if newest is not None:
        # The older copy sees the source through the newer one from now on.
        older_offset = newest.shadow_offset
        newest.unlink_shadow()
        newest.link_shadow(copy.reference(), older_offset)
        copy.link_shadow(source, 0)  # with the reference that the older copy had
    else:
        copy.link_shadow(source.reference(), 0)
    source.copy = copy
    write_protect(source, offset, end)
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
                raise MachError(KernReturn.RESOURCE_SHORTAGE)
            memory.copy(page.frame, new.frame)
            new.dirty = True
            system.clock.now += system.costs.copy(PAGE_SIZE)
    except BaseException:
        copy.deallocate()
        raise
    return copy
