"""Giving contents back to the pager: cleaning, flushing and locking what is resident.

Pages go back in runs of adjacent ones, each a ``VmMapCopy``, and without a byte being copied:

- A page that leaves (is *flushed*) moves into an object of the message's own, or, if a copy object sees
  it, into that one, where the message sees it too.
- A page that stays is *lent*: the message holds a copy object, which sees the page until somebody
  writes to it; then the old contents are pushed into the copy object, as always.  Until the receiver
  has given up what it got, the page is pinned (``VmObject.is_pinned``), and whoever flushes it
  nevertheless must hand it over.

Pages that are wired cannot change hands, so they are copied; and so is everything with the switch
``ipc.pages=copy``.

After Mach's ``memory_object_lock_request`` and ``vm_pageout_setup``; the original copied what stayed.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..machine.memory import PAGE_SIZE
from .map_copy import VmMapCopy
from .map_entry import VmMapEntry
from .object import CopyStrategy, VmObject, write_protect
from .object_copy import insert_copy
from .page import BUSY, VmPage
from .pager import lock_page
from .protection import VM_PROT_ALL

if TYPE_CHECKING:
    from .system import VmSystem

RUN_MAX = 32
"""Pages in one data_return (Mach 3.0's DATA_WRITE_MAX)."""

RETURN_NONE, RETURN_DIRTY, RETURN_ALL = 0, 1, 2
NO_CHANGE = 8  # as a lock: leave it as it is


def lock_request(
    vm_object: VmObject, offset: int, size: int, should_return: int, should_flush: bool, lock: int
) -> None:
    """What a pager asks to be done with resident pages: return those that are dirty (or, RETURN_ALL,
    precious), give all up, prohibit the accesses in ``lock``.  What is not resident is not affected,
    and wired pages are returned, but neither flushed nor locked."""
    returned: list[VmPage] = []
    others: list[VmPage] = []
    is_modified = vm_object.system.pages.is_modified
    found = vm_object.pages_between(offset, offset + size)
    found.sort(key=lambda page: page.offset)
    for page in found:
        wanted = page.frame and (
            (should_return != RETURN_NONE and is_modified(page))
            or (should_return == RETURN_ALL and page.precious)
        )
        (returned if wanted else others).append(page)
    return_pages(vm_object, returned, should_flush)
    if should_flush:
        drop_pages(vm_object, others)
    if lock != NO_CHANGE:
        for page in found:
            if vm_object.pages.get(page.offset) is page and page.frame and not page.wire_count:
                lock_page(page, lock & VM_PROT_ALL)


def drop_pages(vm_object: VmObject, pages: Iterable[VmPage]) -> None:
    """Give up pages that need not be returned, except wired ones and those on their way here."""
    system = vm_object.system
    for page in pages:
        if vm_object.pages.get(page.offset) is not page or page.wire_count or page.flags & BUSY:
            continue
        if page.waiters is not None:
            system.wake(page.waiters)
        if page.frame and vm_object.copy is not None and vm_object.hand_over(page, vm_object.copy):
            continue
        system.pages.free(page)


def return_contents(vm_object: VmObject) -> None:
    """The object is about to end: return what its pager does not have.  What is temporary ends with
    it, and so does the memory that the kernel made."""
    if vm_object.internal or vm_object.copy_strategy == CopyStrategy.TEMPORARY or not vm_object.ready:
        return
    is_modified = vm_object.system.pages.is_modified
    found = [page for page in vm_object.pages.values() if page.frame and (page.precious or is_modified(page))]
    found.sort(key=lambda page: page.offset)
    return_pages(vm_object, found, True)


def return_pages(vm_object: VmObject, pages: list[VmPage], flush: bool) -> list[VmPage]:
    """Send pages, sorted by offset, to the pager.  ``flush``: they are not resident afterwards, unless
    wired; else they are clean.  For page-out, the object must have a pager (``assign_default_pager``).
    The result is the pages that were flushed or copied into messages."""
    pager = vm_object.pager
    assert pager is not None
    system = vm_object.system
    paged_out = vm_object.paged_out
    moved: list[VmPage] = []
    for run in _runs(vm_object, pages):
        offset = run[0].offset
        leave = flush and not run[0].wire_count
        dirty = system.pages.is_modified(run[0])
        if system.trace.on:
            system.trace.emit("data_return", vm_object.number, offset, len(run), dirty, leave)
        data = _gather(vm_object, run, leave)
        system.statistics.pageouts += len(run)
        if leave:
            moved += [page for page in data.pages() if page is not None]
        pager.data_return(vm_object, offset, data, dirty, not leave)
        if paged_out is not None:
            paged_out.update(range(offset, offset + len(run) * PAGE_SIZE, PAGE_SIZE))
    return moved


def _runs(vm_object: VmObject, pages: list[VmPage]) -> list[list[VmPage]]:
    """Adjacent pages that can go together: all dirty or all clean, all wired or none, all known to the
    pager or none."""
    is_modified = vm_object.system.pages.is_modified
    paged_out = vm_object.paged_out
    runs: list[list[VmPage]] = []
    last: tuple[int, bool, bool, bool] | None = None
    for page in pages:
        known = paged_out is None or page.offset in paged_out
        kind = page.offset, is_modified(page), page.wire_count > 0, known
        if last == kind and len(runs[-1]) < RUN_MAX:
            runs[-1].append(page)
        else:
            runs.append([page])
        last = kind[0] + PAGE_SIZE, *kind[1:]
    return runs


def _gather(vm_object: VmObject, run: list[VmPage], leave: bool) -> VmMapCopy:
    """The contents of adjacent pages, which leave the object or stay in it, clean."""
    system = vm_object.system
    data = VmMapCopy(system, len(run) * PAGE_SIZE)
    if run[0].wire_count or system.copy_pages:
        copied = _copied(system, run)
        if copied is not None:
            data.entries.insert(VmMapEntry(0, data.size, copied))
            if leave:
                drop_pages(vm_object, run)
            else:
                _clean(run)
            return data
    if leave:
        _move(vm_object, run, data)
    else:
        _lend(vm_object, run, data)
        _clean(run)
    return data


def _clean(run: list[VmPage]) -> None:
    """The pager has these pages now."""
    for page in run:
        page.object.system.maps.clear_modified(page.frame)
        page.dirty = page.precious = False


def _copied(system: "VmSystem", run: list[VmPage]) -> VmObject | None:
    """An object with the contents of adjacent pages; None when there are no frames for it."""
    copied = VmObject(system, len(run) * PAGE_SIZE)
    for at, page in enumerate(run):
        new = system.pages.allocate(copied, at * PAGE_SIZE)
        if new is None:
            copied.deallocate()
            return None
        system.memory.copy(page.frame, new.frame)
        new.dirty = True
        if system.page_out is not None:
            system.page_out.reserve(new)
    system.clock.now += len(run) * system.copy_page_ns
    system.pages_copied += len(run)
    return copied


def _lend(vm_object: VmObject, run: list[VmPage], data: VmMapCopy) -> None:
    """Let a message see adjacent pages that stay where they are."""
    low, high = run[0].offset, run[0].offset + data.size
    loan = vm_object.copy
    if loan is not None and loan.frozen and loan.lent and not loan.pages and loan.shadow_offset <= low:
        loan.size = max(loan.size, high - loan.shadow_offset)
        write_protect(vm_object, low, high)
        loan.reference()
    else:
        loan = insert_copy(vm_object, low, high)
        loan.lent = set()
    assert loan.lent is not None
    loan.lent.update(range(low, high, PAGE_SIZE))
    entry = VmMapEntry(0, data.size, loan, low - loan.shadow_offset)
    entry.needs_copy = True
    data.entries.insert(entry)
    vm_object.system.pages_stolen += len(run)


def _move(vm_object: VmObject, run: list[VmPage], data: VmMapCopy) -> None:
    """Move adjacent pages into a message, or where it can see them: into the copy object that sees
    them too."""
    system = vm_object.system
    start = run[0].offset
    own: VmObject | None = None
    last: VmMapEntry | None = None
    copy = vm_object.copy
    for page in run:
        at = page.offset - start
        if copy is not None and copy.frozen and vm_object.hand_over(page, copy):
            holder, offset = copy, page.offset
        else:
            if own is None:
                own = VmObject(system, data.size)
            page.dirty = True
            system.pages.detach(page)
            system.pages.rename(page, own, at)
            holder, offset = own, at
        if last is not None and last.object is holder and last.offset + last.end - last.start == offset:
            last.end += PAGE_SIZE
            continue
        last = VmMapEntry(at, at + PAGE_SIZE, holder.reference(), offset)
        last.needs_copy = holder is not own
        data.entries.insert(last)
        data.entries.hint = last
    system.pages_stolen += len(run)
    if own is not None:
        own.deallocate()
