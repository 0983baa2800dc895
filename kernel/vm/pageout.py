"""Page-out: keeping some frames free while memory is wanted.

Three marks on the number of free frames decide everything.  At *minimum* the page-out daemon, a kernel
thread, begins to look for pages that can go (``page_scan.py``); it goes on until there will be *target*
free frames, those counted that the default pager is about to give up.  (Already at *target* it sees to it
that pages are inactive before they are needed.)  At *reserved* ordinary threads wait for frames; only
threads of the reserved class (``Thread.vm_privileged``: the daemon, the default pager) get those that
remain.

Why it cannot get stuck
- Laundering moves pages into messages: it needs no frame.  Neither do the messages, nor the default
  pager, which passes what it got on to its disk.
- What the default pager has in its hands stays out of the queues, so it never waits for itself.
- Another pager is given so many pages at a time, and so much time; then they are paged out themselves.
- Threads that wait for frames are woken when there are some, or with the verdict that there are none:
  nothing can be dropped, nothing is on its way, and the default pager has no space or is not there.  It
  stands for ``VERDICT_NS``, or until a frame is freed; a fault then ends with RESOURCE_SHORTAGE.
- When paging space is full, a page that comes in makes room there for one that goes out.  It comes in
  by a frame of the reserve if need be, so what is paged out is never out of reach.

After Mach 3.0's ``vm_pageout``, which waited for ever when paging space was full.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..interface.returns import KernReturn
from ..sched.scheduler import Scheduler
from ..sched.thread import Thread, WaitResult
from ..sched.wait import WaitQueue
from .page import VmPage
from .page_queues import FrameQueue
from .page_scan import PageScan

if TYPE_CHECKING:
    from .object import VmObject
    from .system import VmSystem

CLUSTER_MAX = 16
"""Pages that go to a pager together (a choice: at 64 KB a disk of 1990 spends half its time seeking)."""

VERDICT_NS = 100_000_000
"""How long it stands that there is nothing to page out (a choice: looking costs a scan of all pages)."""

FULL_NS = 1_000_000_000
"""How long the default pager is not asked for more space after it had none (a choice)."""

SMALL = 1024
"""Nodes with fewer frames than this have smaller marks (a choice: tests are small)."""


@dataclass(frozen=True, slots=True)
class Marks:
    """Numbers of free frames."""

    reserved: int  # so many are for the reserved class
    minimum: int  # with so many or fewer the daemon works
    target: int  # so many it wants


def marks_for(frames: int) -> Marks:
    """The marks for a node with so many frames free at the start.  10 + 1/100 above the reserve, and
    15 + 1/80, are Mach 3.0's (VM_PAGE_FREE_MIN and VM_PAGE_FREE_TARGET of vm/vm_pageout.c); the reserve
    of 15 is estimated from its limits for laundering, which lie 5 and 10 below the reserve."""
    scale = min(frames, SMALL)
    reserved = max(4, 15 * scale // SMALL)
    rest = frames - reserved
    minimum = reserved + max(2, 10 * scale // SMALL) + rest // 100
    target = reserved + max(6, 15 * scale // SMALL) + rest // 80
    return Marks(reserved, minimum, max(target, minimum + 1))


class PageOut:
    """The page-out of one node; it is told of frames by ``PhysicalMemory`` (a ``FrameWatch``)."""

    __slots__ = (
        "_daemon",
        "_demand",
        "_idle",
        "_memory",
        "_progress",
        "_queues",
        "_scheduler",
        "_system",
        "_verdict_until",
        "_wanted",
        "given_back",
        "marks",
        "ordinary",
        "privileged",
        "refusals",
        "scan",
    )

    def __init__(self, system: "VmSystem", scheduler: Scheduler) -> None:
        self._system = system
        self._scheduler = scheduler
        self._memory = system.memory
        self._queues = system.pages.queues
        self.marks = marks_for(self._memory.free_count)
        self.scan = PageScan(system, min(CLUSTER_MAX, self.marks.target - self.marks.reserved))
        self.ordinary = FrameQueue("a free frame")
        self.privileged = FrameQueue("a reserved frame")
        self._daemon: Thread | None = None
        self._idle = WaitQueue("memory to run short")
        self._progress = WaitQueue("a pager to give up pages")
        self._wanted = False  # frames: else the daemon sees only to it that enough pages are inactive
        self._demand = 0  # frames that somebody who waits needs at once
        self._verdict_until = 0  # until then there is nothing to page out
        # Statistics
        self.given_back = 0  # pages for which the default pager had no space
        self.refusals = 0  # threads that were told that there is no frame
        self._memory.low_water = self.marks.target
        self._memory.watch = self
        system.page_out = self

    # ---- who gets a frame

    def may_take(self, free: int) -> bool:
        """See ``machine.memory.FrameWatch``."""
        if free <= self.marks.minimum:
            self._kick()
        elif self._is_young():
            self._wake_daemon()
        return free > self.marks.reserved or self._is_privileged()

    def freed(self) -> None:
        """See ``machine.memory.FrameWatch``."""
        scheduler = self._scheduler
        self._verdict_until = 0
        if self.privileged.threads:
            scheduler.wake_one(self.privileged)
        elif self.ordinary.threads and self._memory.free_count > self.marks.reserved:
            scheduler.wake_one(self.ordinary)
        if self._progress.threads:
            scheduler.wake_one(self._progress)
        self._memory.tell = bool(self.ordinary.threads or self.privileged.threads)

    def _is_privileged(self) -> bool:
        thread = self._scheduler.current
        return thread is not None and thread.vm_privileged

    def wait_for(self, count: int) -> WaitQueue | int:
        """What the thread in the kernel now has to wait for to get ``count`` frames: SUCCESS if it may
        take them, RESOURCE_SHORTAGE if there never will be as many."""
        privileged = self._is_privileged()
        free = self._memory.free_count
        available = free if privileged else free - self.marks.reserved
        if count <= available:
            return int(KernReturn.SUCCESS)
        queues = self._queues
        laundry = len(queues.laundry) + queues.external_count()
        most = available + len(queues.active) + len(queues.inactive) + laundry
        if count > most or self._system.clock.now < self._verdict_until:
            return int(KernReturn.RESOURCE_SHORTAGE)
        if count > 1:
            self._demand = max(self._demand, count)
        self._memory.tell = True
        self._kick()
        return self.privileged if privileged else self.ordinary

    def capacity(self) -> int:
        """How many pages can be resident, and stay so for a moment, if everything else goes."""
        queues = self._queues
        pageable = len(queues.active) + len(queues.inactive) + len(queues.laundry) + queues.external_count()
        return self._memory.free_count + pageable - self.marks.target

    def wait_to_fetch(self, vm_object: "VmObject") -> WaitQueue | int:
        """``wait_for`` one frame for a page that a pager is to bring.  If there is none, the default pager
        may use one of the reserve: it gives up the page's space, to which another page can then go."""
        outcome = self.wait_for(1)
        if outcome == KernReturn.RESOURCE_SHORTAGE and vm_object.internal:
            return int(KernReturn.SUCCESS)
        return outcome

    def reserve(self, page: VmPage) -> None:
        """A page that the current thread has just made: if it is of the reserved class, so is the page."""
        if self._is_privileged():
            self._queues.move(page, self._queues.reserved)

    # ---- what the default pager says

    def is_only_here(self, vm_object: "VmObject", offset: int, wanted: bool) -> None:
        """A pager supplied a page as precious.  If it was not asked for it, it was sent it, and had no
        space; if the default pager was, the page's space is free for another."""
        system = self._system
        if vm_object.paged_out is not None:
            vm_object.paged_out.discard(offset)
        if not wanted:
            self.given_back += 1
            if vm_object.internal:
                self.scan.full_until_ns = system.clock.now + FULL_NS
            else:
                vm_object.full_until_ns = system.clock.now + FULL_NS
            if system.trace.on:
                system.trace.emit("page_given_back", vm_object.number, offset)
        elif vm_object.internal:
            self.space_freed()
        if self._progress.threads:
            self._scheduler.wake_one(self._progress)
        self._kick()

    def space_freed(self) -> None:
        """The default pager has space again: an object that has pages there ends, for instance."""
        self.scan.full_until_ns = self._verdict_until = 0

    # ---- the daemon

    def _kick(self) -> None:
        """There are too few frames: the daemon shall find some."""
        if self._system.clock.now >= self._verdict_until:
            self._wanted = True
            self._wake_daemon()

    def _wake_daemon(self) -> None:
        if self._daemon is None:
            self._daemon = self._scheduler.spawn("page-out daemon", self._run())
            self._daemon.vm_privileged = True
        elif self._idle.threads:
            self._scheduler.wake_one(self._idle)

    async def _run(self) -> int:
        """The daemon's life."""
        scheduler = self._scheduler
        while True:
            self._hand_out()
            if not self._wanted or self._is_enough():
                self._wanted = False
                self.scan.deactivate()
                await scheduler.wait(self._idle, interruptible=False)
                continue
            if self.scan.gain():
                continue
            deadline = self.scan.laundry_deadline_ns()
            if deadline is None:
                self._give_verdict()
                continue
            if deadline <= self._system.clock.now:
                self.scan.expire()
                continue
            self._memory.tell = True
            result = await scheduler.wait(self._progress, interruptible=False, deadline=deadline)
            if result is WaitResult.TIMED_OUT and not self.scan.expire():
                self._give_verdict()  # the default pager hangs

    def _is_young(self) -> bool:
        """Whether few pages are inactive: they should be before their turn comes, to have their chance."""
        return len(self._queues.inactive) < len(self._queues.active)

    def _is_enough(self) -> bool:
        wanted = max(self.marks.target, self.marks.reserved + self._demand)
        return self._memory.free_count + len(self._queues.laundry) >= wanted

    def _hand_out(self) -> None:
        """Wake as many threads as there are frames for."""
        queue = self.ordinary
        if not queue.threads:
            self._demand = 0
        for _ in range(min(len(queue), self._memory.free_count - self.marks.reserved)):
            self._scheduler.wake_one(queue)

    def _give_verdict(self) -> None:
        """Nothing can be paged out: whoever waits has to know."""
        system = self._system
        self._demand = 0
        self._wanted = False
        self._verdict_until = system.clock.now + VERDICT_NS
        if system.trace.on:
            system.trace.emit("no_frames", len(self.ordinary) + len(self.privileged))
        self._scheduler.wake_all(self.privileged)
        self._scheduler.wake_all(self.ordinary)
