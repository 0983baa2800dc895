"""Page faults.

A fault asks for a page to be accessible at an address.  It is decided here from top to bottom:

1. ``fault``: the map entry that holds the address, and whether it allows the access.  A write to an
   entry that needs a copy first gives the entry an object of its own (symmetric copy-on-write).
2. ``fault_page``: the page, down the shadow chain.  It is resident somewhere; or a pager is asked and
   the thread waits; or nobody has it, and a page of zeroes is made.
3. A write needs the page in the entry's own object: it is copied up.  If the object has a copy object,
   the page's old contents are pushed there first (asymmetric copy-on-write).
4. The page is entered into the pmap, with no more rights than later faults can do without.

A thread also waits when there is no frame for the page or for a page table, for as long as page-out may
find one (``pageout.py``); if it cannot, the result is RESOURCE_SHORTAGE.

Nothing is held while a thread waits; it starts over from 1, so whatever happened meanwhile is seen.
A fault that changes nothing but the pmap can be repeated at will.

``fault`` is plain code and returns a number unless it must wait; then it returns a coroutine, to be
driven by whoever dispatches the thread.

After Mach's ``vm_fault``.
"""

from typing import TYPE_CHECKING, cast

from ..interface.returns import KernReturn, MachError
from ..machine.memory import PAGE_SIZE
from ..sched.thread import KernelCoroutine, WaitResult
from ..sched.wait import WaitQueue
from .collapse import collapse
from .entry_list import EntryList
from .map_entry import VmMapEntry
from .object import VmObject
from .page import ABSENT, BUSY, ERROR, LOCKED, VmPage
from .page_queues import FrameQueue
from .pager import give_up, request, request_unlock
from .protection import VM_PROT_EXECUTE, VM_PROT_NONE, VM_PROT_READ, VM_PROT_WRITE

if TYPE_CHECKING:
    from .map import VmMap
    from .system import VmSystem

_SUCCESS = 0
_PROTECTION_FAILURE = int(KernReturn.PROTECTION_FAILURE)
_INVALID_ADDRESS = int(KernReturn.INVALID_ADDRESS)
_RESOURCE_SHORTAGE = int(KernReturn.RESOURCE_SHORTAGE)
_MEMORY_ERROR = int(KernReturn.MEMORY_ERROR)
_ABORTED = int(KernReturn.ABORTED)


class PageWait(Exception):
    """The kernel needs a page that must first be waited for: await ``fault_wait`` and start over.  With
    ``VmSystem.frame_request`` as the map it needs as many free frames as ``address`` says."""

    def __init__(self, vm_map: EntryList, address: int, access: int) -> None:
        super().__init__(vm_map, address, access)
        self.map = vm_map
        self.address = address
        self.access = access


def no_frame(system: "VmSystem", count: int = 1) -> int | WaitQueue:
    """What to do for ``count`` frames at once: where to wait, RESOURCE_SHORTAGE if that is useless, or
    SUCCESS, which means to try again."""
    page_out = system.page_out
    if page_out is None:
        return _RESOURCE_SHORTAGE
    outcome = page_out.wait_for(count)
    if outcome == _RESOURCE_SHORTAGE:
        page_out.refusals += 1
    return outcome


def frame_shortage(system: "VmSystem", count: int) -> PageWait | MachError:
    """What to raise in a call that found fewer than the ``count`` frames that it needs at once, and has
    undone what it began."""
    outcome = no_frame(system, count)
    if outcome == _RESOURCE_SHORTAGE:
        return MachError(KernReturn.RESOURCE_SHORTAGE)
    return PageWait(system.frame_request, count, VM_PROT_NONE)


def check_capacity(system: "VmSystem", pages: int) -> None:
    """So many pages must be resident at the same time: RESOURCE_SHORTAGE if they never will be."""
    if system.page_out is not None and pages > system.page_out.capacity():
        raise MachError(KernReturn.RESOURCE_SHORTAGE)


def need_frames(vm_map: "VmMap", ranges: list[tuple[int, int]], others: int = 0) -> None:
    """All pages of some ranges, and ``others``, are going to be resident at the same time: PageWait until
    there are frames for those that are not, or RESOURCE_SHORTAGE."""
    system = vm_map.system
    if system.page_out is None:
        return
    check_capacity(system, others + sum(end - start for start, end in ranges) // PAGE_SIZE)
    extract = vm_map.pmap.extract
    wanted = (at for start, end in ranges for at in range(start & -PAGE_SIZE, end, PAGE_SIZE))
    pages = sum(1 for at in wanted if extract(at) is None)
    if pages > 1 and pages + system.memory.low_water > system.memory.free_count:
        outcome = no_frame(system, pages)
        if outcome == _RESOURCE_SHORTAGE:
            raise MachError(KernReturn.RESOURCE_SHORTAGE)
        if outcome != _SUCCESS:
            raise PageWait(system.frame_request, pages, VM_PROT_NONE)


def start_over(system: "VmSystem", wait: PageWait, taken: int) -> PageWait | MachError:
    """What to raise instead of ``wait`` in a call that had taken frames before, and has undone that too: it
    will need all of them again.  (Waiting for less it could start over for ever.)"""
    if wait.map is not system.frame_request or taken <= 0:
        return wait
    return frame_shortage(system, wait.address + taken)


def fault(vm_map: "VmMap", address: int, access: int) -> int | KernelCoroutine:
    """Make ``address`` accessible for ``access`` (VM_PROT_ bits).  A KernReturn number, or what to
    wait for: INVALID_ADDRESS, PROTECTION_FAILURE, RESOURCE_SHORTAGE, MEMORY_ERROR (of the pager)."""
    outcome = fault_step(vm_map, address, access)
    if isinstance(outcome, int):
        return outcome
    return fault_wait(vm_map, address, access)


async def fault_wait(vm_map: EntryList, address: int, access: int) -> int:
    """``fault``, waiting as often as necessary, but for no longer than a pager is given.  ABORTED when a
    wait was interrupted.  The pages of a copy, which nobody maps, are only made resident."""
    system = vm_map.system
    deadline = system.clock.now + system.pager_timeout_ns
    while True:
        if vm_map.translated:
            outcome = fault_step(cast("VmMap", vm_map), address, access)
        elif vm_map is system.frame_request:
            outcome = no_frame(system, address)
        else:
            outcome = _resident_step(vm_map, address)
        if isinstance(outcome, int):
            return outcome
        scheduler = system.scheduler
        assert scheduler is not None, "a fault waits on a node without a scheduler"
        if isinstance(outcome, FrameQueue):  # page-out will answer
            began = system.clock.now
            result = await scheduler.wait(outcome)
            deadline += system.clock.now - began
        else:
            result = await scheduler.wait(outcome, deadline=deadline)
        if result == WaitResult.TIMED_OUT:
            give_up(outcome)
            return _MEMORY_ERROR
        if result != WaitResult.AWAKENED:
            return _ABORTED


def fault_step(vm_map: "VmMap", address: int, access: int) -> int | WaitQueue:
    """As much of a fault as can be done without waiting: a KernReturn number, or where to wait."""
    system = vm_map.system
    statistics = system.statistics
    statistics.faults += 1
    system.clock.now += system.fault_ns
    address &= -PAGE_SIZE
    write = access & VM_PROT_WRITE
    # The entry, and what it allows.
    entry = vm_map.hint
    if not entry.start <= address < entry.end:
        found = vm_map.lookup(address)
        if found is None:
            return _INVALID_ADDRESS
        entry = found
    protection = entry.protection
    if not (protection & VM_PROT_WRITE if write else protection):
        return _PROTECTION_FAILURE
    # The object behind it.
    leaf = entry
    vm_object = entry.object
    if vm_object is None or (entry.needs_copy and write):
        leaf, vm_object = _prepare_object(vm_map, address, write)
        entry = vm_map.hint
    offset = address - entry.start + entry.offset
    if leaf is not entry:
        offset += leaf.offset - leaf.start
    # The page.
    page = vm_object.pages.get(offset)
    if page is None and vm_object.shadow is None and vm_object.pager is None and vm_object.copy is None:
        page = system.pages.allocate(vm_object, offset)
        if page is None:
            return no_frame(system)
        system.memory.zero(page.frame)
        system.clock.now += system.zero_page_ns
        statistics.zero_fill += 1
    elif page is None or page.flags or vm_object.copy is not None:
        outcome = fault_page(vm_object, offset, access, leaf is not entry)
        if not isinstance(outcome, VmPage):
            return outcome
        page = outcome
        if not write and (page.object is not vm_object or vm_object.copy is not None):
            protection &= ~VM_PROT_WRITE
        protection &= ~page.lock
    if leaf.needs_copy:
        protection &= ~VM_PROT_WRITE
    # Its translation.
    if system.maps.exclusive and not write and system.memory.executed[page.frame]:
        protection &= ~VM_PROT_WRITE  # reading code does not make data of it
    protection = protection & VM_PROT_WRITE | access & VM_PROT_EXECUTE | VM_PROT_READ
    if not vm_map.pmap.enter(address, page.frame, protection, entry.wired_count > 0):
        return no_frame(system)
    if system.trace.on:
        system.trace.emit("fault", vm_map.number, address, access, page.object.number, page.frame)
    return _SUCCESS


def _prepare_object(vm_map: "VmMap", address: int, write: int) -> tuple[VmMapEntry, VmObject]:
    """The entry, of ``map`` or of the sharing map behind it, that leads to the object for ``address``,
    and the object: made, if nobody touched it yet, and shadowed, if it is to be written and others
    see it.  Leaves the map's own entry in ``map.hint``."""
    entry = vm_map.lookup(address)
    assert entry is not None
    container: EntryList = vm_map
    leaf = entry
    if entry.share is not None:
        container = entry.share
        at = address - entry.start + entry.offset
        found = container.lookup(at)
        assert found is not None, f"{entry} leads to a hole"
        leaf = found
    vm_object = container.object_of(leaf)
    if leaf.needs_copy and write:
        vm_object = container.make_writable(leaf)
        start, end = leaf.start, leaf.end
        container.simplify(start, end)
        found = container.lookup(start)
        assert found is not None
        leaf = found
        vm_map.lookup(address)
    return leaf, vm_object


def fault_page(first: VmObject, first_offset: int, access: int, shared: bool) -> VmPage | WaitQueue | int:
    """The page to use for ``access`` to ``first``: in ``first`` itself if it is to be written.
    Otherwise a KernReturn number, or where to wait.  ``shared``: several maps may have entered the
    page through ``first``."""
    write = access & VM_PROT_WRITE
    vm_object, offset = first, first_offset
    wanted = access
    pulls: tuple[VmObject, int] | None = None  # a copy that the pager made, and has not this page
    while True:
        page = vm_object.pages.get(offset)
        if page is not None:
            flags = page.flags
            if flags & BUSY:
                return page.wait_queue()
            if flags & ERROR:
                first.system.pages.free(page)
                return _MEMORY_ERROR
            if flags & LOCKED and page.lock & wanted:
                outcome = request_unlock(page, wanted)
                if outcome is not None:
                    return outcome
                continue
            if not flags & ABSENT:
                break
        elif vm_object.pager is not None and vm_object.has_pager(offset):
            outcome = request(vm_object, offset, wanted or VM_PROT_READ)
            if outcome is not None:
                return outcome
            continue
        below = vm_object.shadow
        if below is None:
            page = None
            break
        if vm_object.pager is not None and pulls is None and page is not None:
            pulls = vm_object, offset
        if vm_object is first:
            wanted = VM_PROT_READ
        if vm_object.lent is not None:
            wanted = VM_PROT_NONE  # what was lent to a pager is not locked against it
        offset += vm_object.shadow_offset
        vm_object = below
    if pulls is not None:
        vm_object = pulls[0]
        page = _new_page(vm_object, pulls[1], page, True)
        if page is None:
            return no_frame(first.system)
        page.dirty = False  # the pager knows that it is the original's
    if page is None or (write and vm_object is not first):
        page = _new_page(first, first_offset, page, shared)
        if page is None:
            return no_frame(first.system)
        if vm_object is first.shadow and len(first.pages) >= len(vm_object.pages):
            collapse(first)
    if write and first.copy is not None and not _push(first, first_offset, page):
        return no_frame(first.system)
    return page


def _new_page(first: VmObject, offset: int, source: VmPage | None, shared: bool) -> VmPage | None:
    """A page of ``first`` with the contents of ``source``, or of zeroes; None if there is no frame."""
    system = first.system
    page = first.pages.get(offset)
    if page is None:
        page = system.pages.allocate(first, offset)
        if page is None:
            return None
    elif not system.pages.fill(page):
        return None
    if source is None:
        system.memory.zero(page.frame)
        system.clock.now += system.zero_page_ns
        system.statistics.zero_fill += 1
        return page
    system.memory.copy(source.frame, page.frame)
    system.clock.now += system.copy_page_ns
    system.statistics.cow_faults += 1
    page.dirty = True
    if shared or not first.symmetric:
        system.maps.page_protect(source.frame, VM_PROT_NONE)  # others see ``source`` through ``first``
    return page


def _push(vm_object: VmObject, offset: int, page: VmPage) -> bool:
    """Before ``page`` is written: let the newest copy object have its contents, unless it has that
    page already or does not reach so far.  False if there is no frame."""
    copy = vm_object.copy
    assert copy is not None
    at = offset - copy.shadow_offset
    held = copy.pages.get(at)
    if not 0 <= at < copy.size or (held is not None and not held.flags & ABSENT):
        return True
    if copy.lent is not None and not copy.shadows and offset not in copy.lent:
        return True
    system = vm_object.system
    # Whoever sees this page through the copy must find the pushed one from now on.
    system.maps.page_protect(page.frame, VM_PROT_NONE)
    return _new_page(copy, at, page, False) is not None


def _resident_step(entries: EntryList, address: int) -> int | WaitQueue:
    """Make the page of a copy at ``address`` resident."""
    entry = entries.lookup(address)
    if entry is None:
        return _INVALID_ADDRESS
    if entry.object is None:
        return _SUCCESS
    offset = (address & -PAGE_SIZE) - entry.start + entry.offset
    outcome = fault_page(entry.object, offset, VM_PROT_READ, True)
    return _SUCCESS if isinstance(outcome, VmPage) else outcome
