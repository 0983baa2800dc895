"""Keeping shadow chains short: merging and bypassing objects that shadow one another.

An object A that shadows B needs B only for pages that A does not hold.

- *Collapse*: nobody else refers to B.  A takes over B's pages that it lacks, B's own shadow, and B's
  place as a copy object if it was one; B is gone.
- *Bypass*: others refer to B, but A holds every page that B holds (within A's size), so A need never
  look there: A shadows what B shadows.

Mach tried this at copy-on-write faults only, so a chain could grow while nobody wrote.  Here an object
knows who shadows it, and whoever gives up a reference to B tries at once for the one that is left.

Neither must move a page past a pager: an object with one is left alone, and so is one with pages in
transit.  A copy object may be collapsed but not bypassed, because pages are pushed only to the copy that
shadows the written object directly.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .object import VmObject


def collapse(upper: "VmObject") -> None:
    """Merge into ``upper``, or bypass, whatever can be of the objects that it shadows."""
    while True:
        backing = upper.shadow
        if backing is None or upper.pager is not None or backing.pager is not None:
            return
        alone = backing.references == 1
        if not alone and not can_bypass(upper, backing):
            return
        if any(page.flags for page in backing.pages.values()):
            return
        if alone:
            assert backing.copy is None or backing.copy is upper
            _merge(upper, backing)
        else:
            _bypass(upper, backing)
        upper.frozen = False


def can_bypass(upper: "VmObject", backing: "VmObject") -> bool:
    """Whether ``upper`` holds every page that it could see in ``backing``, which others need too."""
    held = upper.pages
    below = backing.shadow
    if len(held) < len(backing.pages) or (below is not None and below.copy is backing):
        return False
    offset = upper.shadow_offset
    return all(at - offset in held for at in backing.pages if 0 <= at - offset < upper.size)


def _merge(upper: "VmObject", backing: "VmObject") -> None:
    """Move ``backing``, which only ``upper`` refers to, into ``upper``."""
    system = upper.system
    offset, size = upper.shadow_offset, upper.size
    held = upper.pages
    free = system.pages.free
    if offset == 0 and size >= backing.size:
        for at in held:
            hidden = backing.pages.get(at)
            if hidden is not None:
                free(hidden)
        for page in backing.pages.values():
            page.object = upper
        held.update(backing.pages)
        backing.pages = {}
    else:
        for at, page in list(backing.pages.items()):
            if 0 <= at - offset < size and at - offset not in held:
                system.pages.rename(page, upper, at - offset)
            else:
                free(page)
    below = backing.shadow
    upper.unlink_shadow()
    if below is not None:
        was_copy = below.copy is backing
        below_offset = backing.shadow_offset
        backing.unlink_shadow()
        upper.link_shadow(below, offset + below_offset)  # with the reference that ``backing`` had
        if was_copy:
            below.copy = upper
    backing.references = 0
    backing.alive = False
    system.unregister_object(backing)
    system.collapses += 1
    if system.trace.on:
        system.trace.emit("collapse", upper.number, backing.number)


def _bypass(upper: "VmObject", backing: "VmObject") -> None:
    """Let ``upper`` shadow what ``backing`` shadows."""
    system = upper.system
    below = backing.shadow
    offset = upper.shadow_offset
    upper.unlink_shadow()
    if below is not None:
        below.reference()
        upper.link_shadow(below, offset + backing.shadow_offset)
    system.bypasses += 1
    if system.trace.on:
        system.trace.emit("bypass", upper.number, backing.number)
    backing.deallocate()
