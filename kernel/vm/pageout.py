"""Page-out: keeping some frames free while memory is wanted.

Three marks on the number of free frames decide everything.  Below *minimum* the page-out daemon, a
kernel thread, begins to work; it goes on until there will be *target* free frames, those counted that
the default pager is about to give up.  At *reserved* ordinary threads wait for frames; only threads of
the reserved class (``Thread.vm_privileged``: the daemon, the default pager) get those that remain.

The daemon looks at pages in the order in which they were used first.  It moves them from the active to
the inactive queue and clears their reference bits; one that was touched again when its turn comes goes
back (the second chance).  One that its pager has, or that is all zeroes, is dropped.  Any other goes to
its pager, with its neighbours that are dirty too.  Busy pages, and those that a message needs where
they are, are passed by.

Why it cannot get stuck
- Laundering moves pages into messages: it needs no frame.  Neither do the messages, nor the default
  pager, which passes what it got on to its disk.
- What the default pager has in its hands stays out of the queues, so it never waits for itself.
- Another pager has ``LAUNDRY_TIMEOUT_NS`` to give up what it was sent, at most ``cluster`` pages for
  each object and an eighth of memory in all.  Then these pages, wherever they are, are inactive pages as
  any other: they belong to a temporary object, and go to the default pager (double paging).  An object
  whose pager was late is *slow* from then on: its pages get no such grace.  So whoever holds on to pages
  delays nobody but itself.
- Threads that wait for frames are woken when there are some, or with the verdict that there are none:
  nothing can be dropped, nothing is on its way, and the default pager has no space or is not there.  It
  stands for ``VERDICT_NS``, or until a frame is freed; a fault then ends with RESOURCE_SHORTAGE.

After Mach 3.0's ``vm_pageout``, which waited for ever when paging space was full.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..interface.returns import KernReturn
from ..machine.memory import PAGE_SIZE
from ..sched.scheduler import Scheduler
from ..sched.thread import Thread, WaitResult
from ..sched.wait import WaitQueue
from .page import BUSY, VmPage
from .page_queues import ExternalLaundry, FrameQueue
from .page_return import return_pages
from .pager import assign_default_pager

if TYPE_CHECKING:
    from .object import VmObject
    from .system import VmSystem

CLUSTER_MAX = 16
"""Pages that go to a pager together (a choice: at 64 KB a disk of 1990 spends half its time seeking)."""

LAUNDRY_TIMEOUT_NS = 1_000_000_000
"""How long a pager other than the default pager may keep what it was sent (a choice)."""

VERDICT_NS = 100_000_000
"""How long it stands that there is nothing to page out (a choice: looking costs a scan of all pages)."""

FULL_NS = 1_000_000_000
"""How long the default pager is not asked for more space after it had none (a choice)."""

SMALL = 1024
"""Nodes with fewer frames than this have smaller marks (a choice; Mach 3.0 did not run in 4 MB)."""


@dataclass(frozen=True, slots=True)
class Marks:
    """Numbers of free frames."""

    reserved: int  # so many are for the reserved class
    minimum: int  # with so many or fewer the daemon works
    target: int  # so many it wants


def marks_for(frames: int) -> Marks:
    """The marks for a node with so many frames free at the start: 15, 10 + 1/100 above it, and
    15 + 1/80 above it, as Mach 3.0's vm_pageout.c has them (VM_PAGE_FREE_RESERVED, _MIN, _TARGET)."""
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
        "_full_until",
        "_idle",
        "_maps",
        "_memory",
        "_pages",
        "_progress",
        "_queues",
        "_scheduler",
        "_system",
        "_verdict_until",
        "cluster",
        "dropped",
        "given_back",
        "late",
        "laundered",
        "marks",
        "ordinary",
        "privileged",
        "refusals",
    )

    def __init__(self, system: "VmSystem", scheduler: Scheduler) -> None:
        self._system = system
        self._scheduler = scheduler
        self._memory = system.memory
        self._maps = system.maps
        self._pages = system.pages
        self._queues = system.pages.queues
        self.marks = marks_for(self._memory.free_count)
        self.cluster = min(CLUSTER_MAX, self.marks.target - self.marks.reserved)
        self.ordinary = FrameQueue("a free frame")
        self.privileged = FrameQueue("a reserved frame")
        self._daemon: Thread | None = None
        self._idle = WaitQueue("memory to run short")
        self._progress = WaitQueue("a pager to give up pages")
        self._demand = 0  # frames that somebody who waits needs at once
        self._verdict_until = 0  # until then there is nothing to page out
        self._full_until = 0  # until then the default pager has no space
        # Statistics
        self.dropped = 0  # pages whose frames were taken, as their pager has them
        self.laundered = 0  # pages sent to a pager
        self.late = 0  # pages that a pager did not give up in time
        self.given_back = 0  # pages for which the default pager had no space
        self.refusals = 0  # threads that were told that there is no frame
        self._memory.low_water = self.marks.minimum
        self._memory.watch = self
        system.page_out = self

    # ---- who gets a frame

    def may_take(self, free: int) -> bool:
        """See ``machine.memory.FrameWatch``."""
        self._kick()
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
        """The default pager supplied a page as precious.  If it was asked for it, its space is free for
        another page; else it was sent it, and had no space."""
        system = self._system
        if vm_object.paged_out is not None:
            vm_object.paged_out.discard(offset)
        if wanted:
            self.space_freed()
        else:
            self.given_back += 1
            self._full_until = system.clock.now + FULL_NS
            if system.trace.on:
                system.trace.emit("page_given_back", vm_object.number, offset)
        if self._progress.threads:
            self._scheduler.wake_one(self._progress)
        self._kick()

    def space_freed(self) -> None:
        """The default pager has space again: an object that has pages there ends, for instance."""
        self._full_until = self._verdict_until = 0

    # ---- the daemon

    def _kick(self) -> None:
        """There are few frames: the daemon shall look."""
        if self._system.clock.now < self._verdict_until:
            return
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
            if self._is_enough():
                await scheduler.wait(self._idle, interruptible=False)
                continue
            if self._gain():
                continue
            deadline = self._laundry_deadline()
            if deadline is None:
                self._give_verdict()
                await scheduler.wait(self._idle, interruptible=False)
                continue
            self._memory.tell = True
            result = await scheduler.wait(self._progress, interruptible=False, deadline=deadline)
            if result is WaitResult.TIMED_OUT and not self._expire():
                self._give_verdict()  # the default pager hangs

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
        self._verdict_until = system.clock.now + VERDICT_NS
        if system.trace.on:
            system.trace.emit("no_frames", len(self.ordinary) + len(self.privileged))
        self._scheduler.wake_all(self.privileged)
        self._scheduler.wake_all(self.ordinary)

    def _laundry_deadline(self) -> int | None:
        """When what is on its way should have arrived; None if nothing is."""
        external = [each.deadline_ns for each in self._queues.external.values() if each.pages]
        if external:
            return min(external)
        return self._system.clock.now + self._system.pager_timeout_ns if self._queues.laundry else None

    def _expire(self) -> bool:
        """Take back, as inactive pages, what pagers kept for too long; whether there was any."""
        system, queues = self._system, self._queues
        found = False
        for number, laundry in list(queues.external.items()):
            if laundry.pages and laundry.deadline_ns > system.clock.now:
                continue
            del queues.external[number]
            if not laundry.pages:
                continue
            found = True
            self.late += len(laundry.pages)
            owner = system.objects.get(number)
            if owner is not None:
                owner.slow = True
            if system.trace.on:
                system.trace.emit("laundry_late", number, len(laundry.pages))
            for page in list(laundry.pages.values()):
                queues.move(page, queues.inactive)
        return found

    # ---- the scan

    def _gain(self) -> bool:
        """Look at pages until one was dropped or laundered; False when there is none to be had."""
        active, inactive = self._queues.active, self._queues.inactive
        for _ in range(2 * (len(active) + len(inactive)) + 1):
            self._deactivate()
            if not inactive:
                return False
            if self._look_at(next(iter(inactive.values()))):
                return True
        return False

    def _deactivate(self) -> None:
        """Two thirds of all pages shall be inactive (Mach 3.0's VM_PAGE_INACTIVE_TARGET)."""
        system, queues = self._system, self._queues
        active, inactive = queues.active, queues.inactive
        wanted = (len(active) + len(inactive)) * 2 // 3 + 1
        while active and len(inactive) < wanted:
            page = next(iter(active.values()))
            queues.move(page, inactive)
            if page.frame in self._maps.mappings:
                system.clock.now += system.costs.pmap_remove
            self._maps.clear_referenced(page.frame)
            if system.trace.on:
                system.trace.emit("page_deactivate", page.object.number, page.offset)

    def _look_at(self, page: VmPage) -> bool:
        """Decide about the page whose turn it is; whether its frame becomes free, now or soon."""
        system = self._system
        system.clock.now += system.costs.map_lookup  # finding its mappings
        if self._maps.is_referenced(page.frame):
            system.statistics.reactivations += 1
            return self._pass_by(page, "page_reactivate")
        if self._must_stay(page):
            return self._pass_by(page, "page_busy")
        if self._is_recoverable(page):
            self._drop(page)
            return True
        if not self._may_launder(page.object, page.offset):
            return self._pass_by(page, "page_unbacked")
        self._launder(page)
        return True

    def _pass_by(self, page: VmPage, why: str) -> bool:
        if self._system.trace.on:
            self._system.trace.emit(why, page.object.number, page.offset)
        self._queues.move(page, self._queues.active)
        return False

    def _must_stay(self, page: VmPage) -> bool:
        """Whether somebody counts on the page being where it is."""
        waiters = page.waiters
        if page.flags & BUSY or page.wire_count or (waiters is not None and waiters.threads):
            return True
        return page.object.is_pinned(page.offset)

    def _is_recoverable(self, page: VmPage) -> bool:
        """Whether the next fault would find the same contents without the page."""
        if page.precious or self._pages.is_modified(page):
            return False
        vm_object = page.object
        if vm_object.failed:
            return False
        if not vm_object.internal:
            return True
        if vm_object.paged_out is not None and page.offset in vm_object.paged_out:
            return True
        return vm_object.shadow is None and vm_object.copy is None  # zeroes

    def _drop(self, page: VmPage) -> None:
        system = self._system
        if system.trace.on:
            system.trace.emit("page_drop", page.object.number, page.offset)
        self.dropped += 1
        if page.waiters is not None:
            system.wake(page.waiters)
        self._pages.free(page)

    def _may_launder(self, vm_object: "VmObject", offset: int) -> bool:
        """Whether the object's pager can be given this page now."""
        if vm_object.internal:
            known = vm_object.paged_out is not None and offset in vm_object.paged_out
            if not known and self._system.clock.now < self._full_until:
                return False
            return assign_default_pager(vm_object)
        if vm_object.failed or not vm_object.ready:
            return False
        if vm_object.slow:
            return True
        queues = self._queues
        laundry = queues.external.get(vm_object.number)
        if laundry is not None and len(laundry.pages) >= self.cluster:
            return False
        return queues.external_count() < max(self.cluster, self._memory.frames // 8)

    def _launder(self, page: VmPage) -> None:
        """Send a page, with its neighbours, to the pager of its object."""
        vm_object = page.object
        run = self._neighbours(page)
        self.laundered += len(run)
        for sent in return_pages(vm_object, run, True):
            if self._pages.by_frame.get(sent.frame) is sent:
                self._follow(vm_object, sent)

    def _neighbours(self, page: VmPage) -> list[VmPage]:
        """The adjacent pages, this one included, that are to be laundered just as well."""
        run = [page]
        inactive = self._queues.inactive
        for step in (PAGE_SIZE, -PAGE_SIZE):
            at = page.offset + step
            while len(run) < self.cluster:
                other = page.object.pages.get(at)
                if (
                    other is None
                    or other.queue is not inactive
                    or not (other.precious or self._pages.is_modified(other))
                    or self._maps.is_referenced(other.frame)
                    or self._must_stay(other)
                    or not self._may_launder(page.object, at)
                ):
                    break
                run.append(other)
                at += step
        run.sort(key=lambda each: each.offset)
        return run

    def _follow(self, vm_object: "VmObject", sent: VmPage) -> None:
        """Put a page that is in a message where it belongs."""
        queues = self._queues
        if sent.object is vm_object or sent.object.frozen:
            queues.move(sent, queues.active)  # it stayed, or whoever sees it through a copy has it now
        elif vm_object.internal:
            queues.move(sent, queues.laundry)
        elif vm_object.slow:
            queues.move(sent, queues.inactive)
        else:
            laundry = queues.external.get(vm_object.number)
            if laundry is None or not laundry.pages:
                laundry = ExternalLaundry(self._system.clock.now + LAUNDRY_TIMEOUT_NS)
                queues.external[vm_object.number] = laundry
            queues.move(sent, laundry.pages)
