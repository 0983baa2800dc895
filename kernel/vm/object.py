"""Memory objects: where the pages of a region are, and where to look for those that are not.

An object holds some of its pages (``pages``).  A page that it does not hold is found, in this order:
with its pager; in the object that it *shadows*, at ``offset + shadow_offset``; or it is all zeroes.
Shadows come from copy-on-write, of which there are two kinds:

- *symmetric*: both sides of a copy keep the original object, and whoever writes first gets a new
  object that shadows it.  The original never changes while others can see it.
- *asymmetric*: the original goes on being written (its pager sees the changes).  The copy is a *copy
  object*, which shadows the original; before a page of the original is first written, its old contents
  are pushed into the copy object.  ``original.copy`` is the newest copy object; older ones shadow it.

What goes back to a pager while it stays resident is *lent*: the message holds a copy object, and the
pages in ``copy.lent`` (offsets in the original) must not be given up before that copy has them, because
the pager, of all, could not be asked for them (``page_return.py``).

Invariants
- ``references`` counts map entries (of maps, sharing maps and copies) and shadow links, nothing else;
  ``copy`` does not count.  ``shadows`` lists the objects whose ``shadow`` this is.
- ``copy.shadow`` is this object, whenever ``copy`` is not None.
- Chains are acyclic, and an object that only one other object can see is merged into it at once
  (``collapse.py``), so that chains do not grow with the number of generations.

After Mach's ``vm_object.h``.
"""

from enum import IntEnum
from typing import TYPE_CHECKING

from ..machine.memory import PAGE_SIZE
from ..sched.wait import WaitQueue
from .collapse import collapse
from .page import ABSENT, BUSY, ERROR, VmPage
from .pager import Pager
from .protection import VM_PROT_NONE, VM_PROT_READ, VM_PROT_WRITE

if TYPE_CHECKING:
    from .system import VmSystem


class CopyStrategy(IntEnum):
    """How an object may be copied (``memory_object_copy_strategy_t``)."""

    NONE = 0  # page by page, now
    CALL = 1  # ask the pager
    DELAY = 2  # asymmetric copy-on-write
    TEMPORARY = 3  # the same, and what it holds is not needed when nobody maps it
    SYMMETRIC = 4  # symmetric copy-on-write: for objects that the kernel made


class NotResident(Exception):
    """A page that a pager must provide, or allow to be read, first: fault it in, and look again."""

    def __init__(self, offset: int) -> None:
        super().__init__(offset)
        self.offset = offset  # in the object that was asked


class VmObject:
    """A memory object as the kernel sees it."""

    __slots__ = (
        "alive",
        "copy",
        "copy_strategy",
        "failed",
        "frozen",
        "full_until_ns",
        "internal",
        "lent",
        "may_cache",
        "number",
        "paged_out",
        "pager",
        "pages",
        "ready",
        "references",
        "shadow",
        "shadow_offset",
        "shadows",
        "size",
        "slow",
        "symmetric",
        "system",
        "waiters",
    )

    def __init__(self, system: "VmSystem", size: int) -> None:
        """An empty, internal object of ``size`` bytes with one reference: memory full of zeroes."""
        self.system = system
        self.number = system.register_object(self)
        self.size = size
        self.references = 1
        self.pages: dict[int, VmPage] = {}  # by offset
        self.shadow: VmObject | None = None
        self.shadow_offset = 0
        self.shadows: list[VmObject] = []
        self.copy: VmObject | None = None
        self.frozen = False  # a copy object that holds just what was pushed into it: it may be reused
        self.lent: set[int] | None = None  # of a copy object in a message to the original's pager
        self.symmetric = True  # copied symmetrically, so mapped writable by one entry at most
        self.copy_strategy: int = CopyStrategy.SYMMETRIC
        # The pager
        self.pager: Pager | None = None
        self.failed = False  # the pager is gone
        self.internal = True  # made by the kernel, not by a pager
        self.paged_out: set[int] | None = None  # what the pager has; None: it must be asked
        self.ready = True  # the pager may be asked
        self.full_until_ns = 0  # until then its pager is sent no pages: it had no space for some
        self.slow = False  # the pager kept what page-out sent it for too long, once
        self.may_cache = False  # keep the object when nobody maps it any more
        self.waiters: WaitQueue | None = None  # for it to become ready
        self.alive = True
        system.clock.now += system.costs.object_create

    def __repr__(self) -> str:
        return f"<object {self.number}: {self.size >> 12} pages, {len(self.pages)} resident>"

    def ready_queue(self) -> WaitQueue:
        if self.waiters is None:
            self.waiters = WaitQueue(f"pager of object {self.number}")
        return self.waiters

    def set_strategy(self, strategy: int) -> None:
        """Say how the object is to be copied from now on; nobody may hold a symmetric copy.  Those that
        are temporary are not: several maps may write to them."""
        self.copy_strategy = strategy
        self.symmetric = strategy == CopyStrategy.SYMMETRIC

    # ---- references

    def reference(self) -> "VmObject":
        self.references += 1
        return self

    def deallocate(self) -> None:
        """Give up a reference; the last one ends the object, and may end or merge others."""
        vm_object: VmObject | None = self
        while vm_object is not None:
            vm_object.references -= 1
            assert vm_object.references >= 0, f"{vm_object} has lost a reference too many"
            if vm_object.references:
                upper = vm_object
                if vm_object.references == 1 and vm_object.shadows:
                    upper = vm_object.shadows[0]
                    collapse(upper)
                original = upper.shadow
                if upper.lent is None or original is None or not original.recall():
                    return
                vm_object = original
            vm_object = vm_object._terminate()

    def recall(self) -> bool:
        """If nobody but messages to the pager refers to the object any more, give them what was lent:
        the object is then without a reference, and must be ended."""
        newest = self.copy
        if self.references != 1 or newest is None:
            return False
        needed: set[int] = set()
        loan, shift = newest, newest.shadow_offset
        while loan.lent is not None:
            needed.update(offset for offset in loan.lent if offset - shift not in loan.pages)
            if len(loan.shadows) != 1:
                break
            loan = loan.shadows[0]
            shift += loan.shadow_offset
        if loan.lent is None or loan.shadows:
            return False  # somebody else sees this object too
        for offset in sorted(needed):
            page = self.pages.get(offset)
            if page is not None and page.frame:
                self.hand_over(page, newest)
        newest.unlink_shadow()
        newest.lent = None
        self.references = 0
        return True

    def hand_over(self, page: VmPage, copy: "VmObject") -> bool:
        """A page is about to leave: the copy object, which sees it, takes it, and nobody maps it any
        more.  False if that has one in its place already, or does not need it."""
        at = page.offset - copy.shadow_offset
        held = copy.pages.get(at)
        if not 0 <= at < copy.size or (held is not None and held.frame):
            return False
        if copy.lent is not None and not copy.shadows and page.offset not in copy.lent:
            return False
        system = self.system
        if held is not None:
            system.pages.free(held)
        page.dirty = True
        system.pages.detach(page)
        system.pages.rename(page, copy, at)
        return True

    def is_pinned(self, offset: int) -> bool:
        """Whether a page is in a message to the pager, and nowhere else: it must not be given up."""
        return self.copy is not None and self.copy._holds_loan(offset - self.copy.shadow_offset, offset)

    def _holds_loan(self, at: int, offset: int) -> bool:
        """Whether this copy object, or one that shadows it, was lent a page and still looks below for
        it; ``at``: its offset here, ``offset``: in the original."""
        if at in self.pages or not 0 <= at < self.size:
            return False
        if self.lent is not None and offset in self.lent:
            return True
        return any(above._holds_loan(at - above.shadow_offset, offset) for above in self.shadows)

    def _terminate(self) -> "VmObject | None":
        """End an object that nobody refers to; the object that it shadowed has a reference too many."""
        assert not self.shadows and self.copy is None
        system = self.system
        pager = self.pager
        if pager is not None:
            if self.may_cache and not self.failed:
                system.keep(self)
                return None
            if not self.failed:
                system.return_contents(self)
        shadow = self.shadow
        if shadow is not None:
            self.unlink_shadow()
        for page in list(self.pages.values()):
            if page.waiters is not None:
                system.wake(page.waiters)
            system.pages.free(page)
        self.alive = False
        if self.waiters is not None:
            system.wake(self.waiters)
        if pager is not None and not self.failed:
            system.forget_pager(pager)
            pager.terminate(self)
            if self.paged_out and system.page_out is not None:
                system.page_out.space_freed()
        self.pager = None
        system.unregister_object(self)
        system.clock.now += system.costs.object_create
        return shadow

    # ---- shadows

    def link_shadow(self, shadow: "VmObject", offset: int) -> None:
        """What is not here is in ``shadow``; takes over a reference to it."""
        assert self.shadow is None
        self.shadow = shadow
        self.shadow_offset = offset
        shadow.shadows.append(self)

    def unlink_shadow(self) -> "VmObject":
        """Undo ``link_shadow``; the reference is the caller's again."""
        shadow = self.shadow
        assert shadow is not None
        shadow.shadows.remove(self)
        if shadow.copy is self:
            shadow.copy = None
        self.shadow = None
        self.shadow_offset = 0
        return shadow

    def make_shadow(self, offset: int, size: int) -> "VmObject":
        """A new object that sees ``size`` bytes of this one at ``offset``; takes over a reference."""
        shadow = VmObject(self.system, size)
        shadow.link_shadow(self, offset)
        return shadow

    # ---- pages

    def has_pager(self, offset: int) -> bool:
        """Whether there is a pager to ask for a page that is not here."""
        return self.pager is not None and (self.paged_out is None or offset in self.paged_out)

    def visible_page(self, offset: int) -> VmPage | None:
        """The page that is seen at ``offset``, or None for zeroes; never makes one, never asks."""
        vm_object: VmObject | None = self
        at = offset
        lent = False
        while vm_object is not None:
            page = vm_object.pages.get(at)
            if page is not None:
                if page.flags & (BUSY | ERROR) or (page.lock & VM_PROT_READ and not lent):
                    raise NotResident(offset)
                if not page.flags & ABSENT:
                    return page
            elif vm_object.has_pager(at):
                raise NotResident(offset)
            lent = lent or vm_object.lent is not None
            at += vm_object.shadow_offset
            vm_object = vm_object.shadow
        return None

    def protect_pages(self, start: int, end: int, protection: int) -> None:
        """Take rights to the pages held here between two offsets away from all maps."""
        maps = self.system.maps
        for page in self.pages_between(start, end):
            maps.page_protect(page.frame, protection)

    def free_pages(self, start: int, end: int) -> None:
        """Give up the pages held here between two offsets; nobody can see them any more."""
        for page in self.pages_between(start, end):
            self.system.pages.free(page)

    def pages_between(self, start: int, end: int) -> list[VmPage]:
        pages = self.pages
        if (end - start) // PAGE_SIZE < len(pages):
            found = [pages.get(offset) for offset in range(start, end, PAGE_SIZE)]
            return [page for page in found if page is not None]
        return [page for offset, page in pages.items() if start <= offset < end]


def write_protect(vm_object: VmObject, start: int, end: int) -> None:
    """Every write to the pages held by ``vm_object`` between two offsets shall fault first."""
    vm_object.protect_pages(start, end, ~VM_PROT_WRITE)


def unmap(vm_object: VmObject, start: int, end: int) -> None:
    """No map leads to the pages held by ``vm_object`` between two offsets any more."""
    vm_object.protect_pages(start, end, VM_PROT_NONE)
