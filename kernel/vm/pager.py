"""What the fault path asks of whoever provides an object's pages, and what it may be told.

The calls of ``Pager`` go out when a fault finds no page, or one that it may not use, when contents go
back, and when the object ends; none of them waits.  The answers come later as calls of the functions
below, each of which ends the wait of the threads that need the page; they then start their fault over.
A pager inside the kernel may also answer at once.  The room of memory objects implements ``Pager`` by
messages (``memory_object_data_request`` and so on) and calls the functions below from the pager's
messages; coherence between nodes will put itself in between.

A pager is never believed: what was not asked for, or cannot be, has no effect.  Nor is it waited for
for ever: ``VmSystem.pager_timeout_ns`` after a fault began to wait, ``give_up`` forgets that the page
was asked for, and the thread gets a memory error.  A pager that is gone has *failed* its object: what is
resident stays, everything else is a memory failure.

After Mach's external memory management interface; see ``memory_object.defs``.
"""

from typing import TYPE_CHECKING, Protocol

from ..interface.returns import KernReturn
from ..machine.memory import PAGE_SIZE
from ..sched.wait import WaitQueue
from .page import ABSENT, BUSY, ERROR, LOCKED, UNLOCKING, PageQueue, VmPage
from .protection import VM_PROT_EXECUTE, VM_PROT_NONE, VM_PROT_READ, VM_PROT_WRITE

if TYPE_CHECKING:
    from .map_copy import VmMapCopy
    from .object import VmObject

PAGER_TIMEOUT_NS = 60_000_000_000
"""How long a thread waits for a pager unless the node says otherwise (a choice: the original waited for
ever)."""

_MEMORY_FAILURE = int(KernReturn.MEMORY_FAILURE)


class Pager(Protocol):
    """Provides the pages of one memory object.  Offsets and lengths are in bytes, whole pages."""

    def initialize(self, vm_object: "VmObject") -> None:
        """The object was mapped for the first time; answered by ``ready``."""

    def data_request(self, vm_object: "VmObject", offset: int, length: int, access: int) -> None:
        """Pages are wanted; answered by ``supply``, ``unavailable`` or ``error`` for each."""

    def data_unlock(self, vm_object: "VmObject", offset: int, length: int, access: int) -> None:
        """Resident pages are wanted for ``access``, which is prohibited; answered by ``lock_page``."""

    def data_return(
        self, vm_object: "VmObject", offset: int, data: "VmMapCopy", dirty: bool, kernel_copy: bool
    ) -> None:
        """Contents of pages for the pager to keep; takes over ``data``.  ``dirty``: they differ from
        what it supplied; ``kernel_copy``: the pages stay resident."""

    def copy(self, vm_object: "VmObject", offset: int, length: int) -> "Pager":
        """A part of the object was copied (strategy CALL): who provides the copy, whose offsets count
        from ``offset`` on."""

    def terminate(self, vm_object: "VmObject") -> None:
        """Nobody maps the object any more, and all that was to be returned has been."""


class DefaultPager(Protocol):
    """Provides pagers for memory that the kernel made, when it is first paged out."""

    def create(self, vm_object: "VmObject") -> Pager | None:
        """A pager for an internal object, which can be given pages at once; None when there is no
        default pager.  See ``assign_default_pager``."""


class ObjectWait(Exception):
    """A call needs something of a pager: wait on ``queue`` and repeat it (``waiting.py`` does).  Comes
    with a reference to the object, which must be kept until the call was repeated."""

    def __init__(self, vm_object: "VmObject", queue: WaitQueue) -> None:
        super().__init__(vm_object)
        self.vm_object = vm_object
        self.queue = queue


# ---- what a fault asks


def request(vm_object: "VmObject", offset: int, access: int) -> WaitQueue | int | None:
    """Ask the pager for a page that is not resident: where to wait for the answer, None if it came at
    once, MEMORY_FAILURE, or RESOURCE_SHORTAGE."""
    if vm_object.failed:
        return _MEMORY_FAILURE
    pager = vm_object.pager
    assert pager is not None
    if not vm_object.ready:
        return vm_object.ready_queue()
    system = vm_object.system
    if system.page_out is not None and system.memory.free_count <= system.memory.low_water:
        # The page that comes will take a frame: whoever wants it waits for that first.
        frames = system.page_out.wait_to_fetch(vm_object)
        if frames != KernReturn.SUCCESS:
            return frames
    page = system.pages.place(vm_object, offset)
    system.statistics.pageins += 1
    if system.trace.on:
        system.trace.emit("data_request", vm_object.number, offset, access)
    pager.data_request(vm_object, offset, system.page_size, access)
    return page.wait_queue() if page.flags & BUSY else None


def request_unlock(page: VmPage, access: int) -> WaitQueue | int | None:
    """Ask the pager to allow ``access`` to a resident page; as ``request``."""
    vm_object = page.object
    if vm_object.failed:
        return _MEMORY_FAILURE
    if not page.flags & UNLOCKING:
        assert vm_object.pager is not None
        page.flags |= UNLOCKING
        if vm_object.system.trace.on:
            vm_object.system.trace.emit("data_unlock", vm_object.number, page.offset, access)
        vm_object.pager.data_unlock(vm_object, page.offset, vm_object.system.page_size, access)
    return page.wait_queue() if page.lock & access else None


def give_up(queue: WaitQueue) -> None:
    """A thread waited in vain: if nobody else waits, the next fault asks the pager again."""
    if not isinstance(queue, PageQueue) or queue.threads:
        return
    page = queue.page
    system = page.object.system
    if page.object.pages.get(page.offset) is not page:
        return
    if system.trace.on:
        system.trace.emit("pager_timeout", page.object.number, page.offset)
    page.flags &= ~UNLOCKING
    if page.flags & BUSY and not page.frame:
        system.pages.free(page)


# ---- what the answers do


def ready(vm_object: "VmObject", may_cache: bool, copy_strategy: int) -> None:
    """The pager is ready to serve requests.  Of an object that the kernel made, it says no more."""
    vm_object.ready = True
    if vm_object.waiters is not None:
        vm_object.system.wake(vm_object.waiters)
    set_attributes(vm_object, may_cache, copy_strategy)


def set_attributes(vm_object: "VmObject", may_cache: bool, copy_strategy: int) -> None:
    """Whether the object is kept when nobody maps it, and how it is copied."""
    if vm_object.internal:
        return
    vm_object.set_strategy(copy_strategy)
    if may_cache:
        vm_object.may_cache = True
    else:
        vm_object.system.expel(vm_object)


def supply(vm_object: "VmObject", offset: int, frame: int, lock: int, precious: bool) -> bool:
    """The contents of a page arrived in ``frame``, which now is the page's.  False, and the frame
    stays the caller's, when that page is resident already, or the object is gone."""
    if not can_supply(vm_object, offset):
        return False
    page = vm_object.pages.get(offset)
    pages = vm_object.system.pages
    if page is None:
        page = pages.place(vm_object, offset)
    if vm_object.shadows and not lock & VM_PROT_WRITE:
        _ask_again(vm_object, offset)
    pages.give_frame(page, frame)
    page.flags &= ~(BUSY | ABSENT | ERROR)
    page.precious = precious
    lock_page(page, lock)
    return True


def can_supply(vm_object: "VmObject", offset: int) -> bool:
    """Whether a page would be taken: the object is there, and the page is not."""
    if not vm_object.alive or vm_object.failed or offset >= vm_object.size:
        return False
    page = vm_object.pages.get(offset)
    return page is None or not page.frame


def unavailable(vm_object: "VmObject", offset: int, size: int = PAGE_SIZE) -> None:
    """The pager has no data for pages that were requested."""
    _settle(vm_object, offset, size, ABSENT)


def error(vm_object: "VmObject", offset: int, size: int = PAGE_SIZE) -> None:
    """The pager cannot provide pages that were requested: whoever waits gets a memory error."""
    _settle(vm_object, offset, size, ERROR)


def lock_page(page: VmPage, lock: int) -> None:
    """Prohibit the accesses in ``lock`` (VM_PROT_ bits), and allow all others."""
    taken = lock & ~page.lock
    if page.object.shadows and page.lock & ~lock & VM_PROT_WRITE:
        _ask_again(page.object, page.offset)
    page.lock = lock
    page.flags = page.flags & ~(LOCKED | UNLOCKING) | (LOCKED if lock else 0)
    system = page.object.system
    if taken and page.frame:
        if taken & (VM_PROT_READ | VM_PROT_EXECUTE):
            system.maps.page_protect(page.frame, VM_PROT_NONE)
        else:
            system.maps.page_protect(page.frame, ~VM_PROT_WRITE)
    if page.waiters is not None:
        system.wake(page.waiters)


def _settle(vm_object: "VmObject", offset: int, size: int, flag: int) -> None:
    for page in vm_object.pages_between(offset, offset + size):
        if not page.flags & BUSY or page.frame:
            continue  # nobody asked, or it was answered already: a pager may say what it likes
        page.flags = page.flags & ~BUSY | flag
        if page.waiters is not None:
            vm_object.system.wake(page.waiters)


def _ask_again(vm_object: "VmObject", offset: int) -> None:
    """A page may be written from now on.  Copies whose pager had nothing of its own for it, and meant
    what is in this object, must ask again."""
    for copy in vm_object.shadows:
        at = offset - copy.shadow_offset
        page = copy.pages.get(at)
        if copy.pager is None or (page is not None and page.frame):
            continue
        _ask_again(copy, at)
        if page is not None and page.flags & ABSENT:
            copy.system.pages.free(page)


# ---- the end of a pager


def fail(vm_object: "VmObject") -> None:
    """The pager is gone, or gave the object up.  What is resident stays, as far as the pager did not
    prohibit its use; whatever would have to be asked for is a memory failure from now on."""
    if vm_object.failed or not vm_object.alive:
        return
    system = vm_object.system
    vm_object.failed = True
    if system.trace.on:
        system.trace.emit("object_failed", vm_object.number)
    assert vm_object.pager is not None
    system.forget_pager(vm_object.pager)
    for page in list(vm_object.pages.values()):
        page.flags &= ~UNLOCKING
        if page.waiters is not None:
            system.wake(page.waiters)
        if page.flags & BUSY and not page.frame:
            system.pages.free(page)
    if vm_object.waiters is not None:
        system.wake(vm_object.waiters)
    system.expel(vm_object)


# ---- memory that the kernel made


def assign_default_pager(vm_object: "VmObject") -> bool:
    """Give an internal object a pager, if it has none, so that its pages can be returned; False when
    there is no default pager."""
    if vm_object.pager is not None:
        return not vm_object.failed
    assert vm_object.internal
    default_pager = vm_object.system.default_pager
    pager = default_pager.create(vm_object) if default_pager is not None else None
    if pager is None:
        return False
    vm_object.pager = pager
    vm_object.paged_out = set()
    return True
