"""What the fault path asks of whoever provides an object's pages, and what it may be told.

The calls of ``Pager`` go out when a fault finds no page, or one that it may not use; none of them waits
and none returns anything.  The answers come later as calls of the functions below, each of which ends
the wait of the threads that need the page; they then start their fault over.  The room of memory
objects will implement ``Pager`` by messages (``memory_object_data_request`` and so on) and call the
functions below from the pager's messages; coherence between nodes will put itself in between.

After Mach's external memory management interface; see ``memory_object.defs``.
"""

from typing import TYPE_CHECKING, Protocol

from ..sched.wait import WaitQueue
from .page import ABSENT, BUSY, ERROR, LOCKED, UNLOCKING, VmPage

if TYPE_CHECKING:
    from .object import VmObject


class Pager(Protocol):
    """Provides the pages of one memory object.  Offsets and lengths are in bytes, whole pages."""

    def initialize(self, vm_object: "VmObject") -> None:
        """The object was mapped for the first time; answered by ``ready``."""

    def data_request(self, vm_object: "VmObject", offset: int, length: int, access: int) -> None:
        """Pages are wanted; answered by ``supply``, ``unavailable`` or ``error`` for each."""

    def data_unlock(self, vm_object: "VmObject", offset: int, length: int, access: int) -> None:
        """Resident pages are wanted for ``access``, which is prohibited; answered by ``unlock``."""

    def terminate(self, vm_object: "VmObject") -> None:
        """Nobody maps the object any more, and its pages are gone."""


class ObjectWait(Exception):
    """A call needs something of a pager: wait on ``queue`` and repeat it (``waiting.py`` does).  Comes
    with a reference to the object, which must be kept until the call was repeated."""

    def __init__(self, vm_object: "VmObject", queue: WaitQueue) -> None:
        super().__init__(vm_object)
        self.vm_object = vm_object
        self.queue = queue


# ---- what a fault asks


def request(vm_object: "VmObject", offset: int, access: int) -> WaitQueue:
    """Ask the pager for a page that is not resident; where to wait for the answer."""
    pager = vm_object.pager
    assert pager is not None
    if not vm_object.ready:
        return vm_object.ready_queue()
    system = vm_object.system
    page = system.pages.place(vm_object, offset)
    system.statistics.pageins += 1
    if system.trace.on:
        system.trace.emit("data_request", vm_object.number, offset, access)
    queue = page.wait_queue()
    pager.data_request(vm_object, offset, system.page_size, access)
    return queue


def request_unlock(page: VmPage, access: int) -> WaitQueue:
    """Ask the pager to allow ``access`` to a resident page; where to wait for the answer."""
    if not page.flags & UNLOCKING:
        vm_object = page.object
        assert vm_object.pager is not None
        page.flags |= UNLOCKING
        vm_object.pager.data_unlock(vm_object, page.offset, vm_object.system.page_size, access)
    return page.wait_queue()


# ---- what the answers do


def ready(vm_object: "VmObject", may_cache: bool, copy_strategy: int) -> None:
    """The pager is ready to serve requests."""
    vm_object.ready = True
    vm_object.may_cache = may_cache
    vm_object.copy_strategy = copy_strategy
    if vm_object.waiters is not None:
        vm_object.system.wake(vm_object.waiters)


def supply(vm_object: "VmObject", offset: int, frame: int, lock: int, precious: bool) -> bool:
    """The contents of a page arrived in ``frame``, which now is the page's.  False, and the frame
    stays the caller's, when that page is resident already, or the object is gone."""
    if not vm_object.alive:
        return False
    page = vm_object.pages.get(offset)
    pages = vm_object.system.pages
    if page is None:
        page = pages.place(vm_object, offset)
    elif not page.flags & (BUSY | ABSENT) or page.frame:
        return False
    pages.give_frame(page, frame)
    page.flags &= ~(BUSY | ABSENT | ERROR)
    page.precious = precious
    lock_page(page, lock)
    return True


def unavailable(vm_object: "VmObject", offset: int) -> None:
    """The pager has no data for a page that was requested."""
    _settle(vm_object, offset, ABSENT)


def error(vm_object: "VmObject", offset: int) -> None:
    """The pager cannot provide a page that was requested: whoever waits gets a memory error."""
    _settle(vm_object, offset, ERROR)


def lock_page(page: VmPage, lock: int) -> None:
    """Prohibit the accesses in ``lock`` (VM_PROT_ bits), and allow all others."""
    taken = lock & ~page.lock
    page.lock = lock
    page.flags = page.flags & ~(LOCKED | UNLOCKING) | (LOCKED if lock else 0)
    system = page.object.system
    if taken and page.frame:
        system.maps.page_protect(page.frame, ~taken)
    if page.waiters is not None:
        system.wake(page.waiters)


def _settle(vm_object: "VmObject", offset: int, flag: int) -> None:
    page = vm_object.pages.get(offset)
    if page is None or not page.flags & BUSY or page.frame:
        return  # nobody asked, or it was answered already: a pager may say what it likes
    page.flags = page.flags & ~BUSY | flag
    if page.waiters is not None:
        vm_object.system.wake(page.waiters)
