"""Resident pages: the frames that hold pages of memory objects.

A ``VmPage`` is one page of one object that is in memory, or on its way there.  While it is on its way
it is a *placeholder*: busy, and without a frame (``frame`` 0), because what arrives from a pager or from
another node comes in frames of its own.  Most pages have ``flags`` 0: nothing about them is special, and
the fault path looks no further.

Invariants
- A page is in exactly one object, under its offset (``page.object.pages[page.offset] is page``).
- A frame holds at most one page (``ResidentPages.by_frame``); no other part of the kernel frees it.
- Only a busy page may have waiters; whoever ends the state wakes them.
- A wired page is not absent, in error or without a frame.
- A page with a frame is in one queue of page-out (``page_queues.py``), unless it is wired.

After Mach's ``vm_page.h``.
"""

from typing import TYPE_CHECKING

from ..machine.memory import PAGE_SIZE
from ..sched.wait import WaitQueue
from .page_queues import PageList, PageQueues
from .protection import VM_PROT_NONE

if TYPE_CHECKING:
    from .object import VmObject
    from .pmap import PhysicalMaps

BUSY = 1  # in transit: whoever needs the page waits
ABSENT = 2  # the pager was asked and has no data: look in the shadow, or fill with zeroes
ERROR = 4  # the pager could not provide it: whoever touches it gets a memory error
LOCKED = 8  # the pager prohibits the accesses in ``lock``
UNLOCKING = 16  # the pager was asked to lift the lock

ZEROES = memoryview(bytes(PAGE_SIZE))
"""The contents of a page that nobody has touched."""


class PageQueue(WaitQueue):
    """Threads that wait for a page."""

    __slots__ = ("page",)

    def __init__(self, page: "VmPage") -> None:
        super().__init__(f"page {page.offset:#x} of object {page.object.number}")
        self.page = page


class VmPage:
    """One resident page."""

    __slots__ = (
        "dirty",
        "flags",
        "frame",
        "lock",
        "object",
        "offset",
        "precious",
        "queue",
        "waiters",
        "wire_count",
    )

    def __init__(self, frame: int, vm_object: "VmObject", offset: int) -> None:
        self.frame = frame  # 0: none yet
        self.object = vm_object
        self.offset = offset  # in the object, in bytes
        self.flags = 0
        self.lock = 0  # VM_PROT_ bits of the accesses that the pager prohibits
        self.wire_count = 0
        self.dirty = False  # differs from what the pager has, whatever the pmaps say
        self.precious = False  # the pager wants it back even if it is clean
        self.waiters: PageQueue | None = None
        self.queue: PageList | None = None  # of page-out

    @property
    def busy(self) -> bool:
        return bool(self.flags & BUSY)

    @property
    def absent(self) -> bool:
        return bool(self.flags & ABSENT)

    def wait_queue(self) -> WaitQueue:
        """Where to wait until this page changes its state."""
        if self.waiters is None:
            self.waiters = PageQueue(self)
        return self.waiters

    def __repr__(self) -> str:
        return f"<page {self.offset:#x} of object {self.object.number} in frame {self.frame}>"


class ResidentPages:
    """The resident pages of a node."""

    __slots__ = ("_active", "_maps", "by_frame", "queues", "wire_count")

    def __init__(self, maps: "PhysicalMaps") -> None:
        self._maps = maps
        self.by_frame: dict[int, VmPage] = {}
        self.queues = PageQueues()
        self._active = self.queues.active
        self.wire_count = 0  # pages that are wired

    def allocate(self, vm_object: "VmObject", offset: int) -> VmPage | None:
        """A page with undefined contents, put into an object that has none at ``offset``; None when
        there is no frame left."""
        maps = self._maps
        frame = maps.memory.allocate()
        if frame is None:
            return None
        page = VmPage(frame, vm_object, offset)
        self.by_frame[frame] = page
        page.queue = active = self._active
        active[frame] = page
        vm_object.pages[offset] = page
        maps.clock.now += maps.costs.page_allocate
        return page

    def place(self, vm_object: "VmObject", offset: int) -> VmPage:
        """A busy placeholder for a page that somebody will provide."""
        page = VmPage(0, vm_object, offset)
        page.flags = BUSY
        assert offset not in vm_object.pages
        vm_object.pages[offset] = page
        return page

    def give_frame(self, page: VmPage, frame: int) -> None:
        """The placeholder ``page`` gets the frame that will hold it."""
        assert page.frame == 0 and frame not in self.by_frame
        page.frame = frame
        self.by_frame[frame] = page
        page.queue = self._active
        self._active[frame] = page

    def fill(self, page: VmPage) -> bool:
        """Turn an absent placeholder into an ordinary page; False when there is no frame left."""
        assert page.flags & ABSENT
        if page.frame == 0:
            frame = self._maps.memory.allocate()
            if frame is None:
                return False
            self.give_frame(page, frame)
        page.flags &= ~ABSENT
        return True

    def free(self, page: VmPage) -> None:
        """Take a page out of its object and give its frame back; nobody maps it afterwards."""
        assert page.wire_count == 0, f"freeing {page}, which is wired"
        assert not page.waiters, f"freeing {page}, for which somebody waits"
        del page.object.pages[page.offset]
        frame = page.frame
        if frame:
            maps = self._maps
            if frame in maps.mappings:
                maps.page_protect(frame, VM_PROT_NONE)
            maps.attributes[frame] = 0
            del self.by_frame[frame]
            queue = page.queue
            if queue is not None:
                del queue[frame]
                page.queue = None
            maps.memory.free(frame)
            maps.clock.now += maps.costs.page_allocate

    def detach(self, page: VmPage) -> None:
        """Prepare a page to be moved: nobody maps it, no pager locks it, nobody waits for it."""
        maps = self._maps
        assert page.frame and page.wire_count == 0
        if page.frame in maps.mappings:
            maps.page_protect(page.frame, VM_PROT_NONE)
        if page.waiters is not None:
            page.object.system.wake(page.waiters)
            page.waiters = None
        page.flags &= ~(LOCKED | UNLOCKING)
        page.lock = 0
        page.precious = False

    def take_frame(self, page: VmPage) -> int:
        """Take a page out of its object, as ``free`` does, but keep its frame: it is the caller's."""
        self.detach(page)
        frame = page.frame
        del page.object.pages[page.offset], self.by_frame[frame]
        self.queues.remove(page)
        self._maps.attributes[frame] = 0
        return frame

    def rename(self, page: VmPage, vm_object: "VmObject", offset: int) -> None:
        """Move a page into another object, which has none at ``offset``."""
        assert offset not in vm_object.pages
        del page.object.pages[page.offset]
        page.object = vm_object
        page.offset = offset
        vm_object.pages[offset] = page

    def wire(self, page: VmPage) -> None:
        """Keep a page in memory until ``unwire`` was called as often."""
        assert page.frame and not page.flags & (BUSY | ABSENT | ERROR)
        if page.wire_count == 0:
            self.wire_count += 1
            if page.queue is self._active or page.queue is self.queues.inactive:
                self.queues.remove(page)
        page.wire_count += 1

    def unwire(self, page: VmPage) -> None:
        assert page.wire_count > 0
        page.wire_count -= 1
        if page.wire_count == 0:
            self.wire_count -= 1
            if page.queue is None:
                self.queues.move(page, self._active)

    def is_modified(self, page: VmPage) -> bool:
        """Whether the page must be stored before its frame can be given up."""
        return page.dirty or self._maps.is_modified(page.frame)

    def write(self, page: VmPage, offset: int, data: bytes | memoryview) -> None:
        """Store ``data`` within a page."""
        assert offset + len(data) <= PAGE_SIZE
        self._maps.memory.write(page.frame, offset, data)
        page.dirty = True
        self._maps.clock.now += self._maps.costs.copy(len(data))
