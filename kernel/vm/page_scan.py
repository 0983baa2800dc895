"""Which page goes: the scan of page-out.

Pages are looked at in the order in which they were used first.  They move from the active to the inactive
queue, and their reference bits are cleared; one that was touched again when its turn comes goes back (the
second chance).  One that its pager has, or that is all zeroes, is dropped.  Any other goes to its pager,
with its neighbours that are dirty too.  Busy pages, and those that a message needs where they are, are
passed by.

A pager other than the default pager has ``LAUNDRY_TIMEOUT_NS`` to give up what it was sent, at most
``cluster`` pages for each object and an eighth of memory in all.  Then these pages, wherever they are,
are inactive pages as any other: they belong to a temporary object, and go to the default pager (double
paging).  An object whose pager was late is *slow* from then on: its pages get no such grace.  So whoever
holds on to pages delays nobody but itself.

After Mach 3.0's ``vm_pageout_scan``.
"""

from typing import TYPE_CHECKING

from ..machine.memory import PAGE_SIZE
from .page import BUSY, VmPage
from .page_queues import ExternalLaundry
from .page_return import return_pages
from .pager import assign_default_pager

if TYPE_CHECKING:
    from .object import VmObject
    from .system import VmSystem

LAUNDRY_TIMEOUT_NS = 1_000_000_000
"""How long a pager other than the default pager may keep what it was sent (a choice)."""


class PageScan:
    """Chooses pages of one node."""

    __slots__ = (
        "_maps",
        "_memory",
        "_pages",
        "_queues",
        "_system",
        "cluster",
        "dropped",
        "full_until_ns",
        "late",
        "laundered",
    )

    def __init__(self, system: "VmSystem", cluster: int) -> None:
        """``cluster``: how many pages go to a pager together."""
        self._system = system
        self._memory = system.memory
        self._maps = system.maps
        self._pages = system.pages
        self._queues = system.pages.queues
        self.cluster = cluster
        self.full_until_ns = 0  # until then the default pager has no space
        # Statistics
        self.dropped = 0  # pages whose frames were taken, as their pager has them
        self.laundered = 0  # pages sent to a pager
        self.late = 0  # pages that a pager did not give up in time

    # ---- laundry

    def laundry_deadline_ns(self) -> int | None:
        """When what is on its way should have arrived; None if nothing is."""
        external = [each.deadline_ns for each in self._queues.external.values() if each.pages]
        if external:
            return min(external)
        return self._system.clock.now + self._system.pager_timeout_ns if self._queues.laundry else None

    def expire(self) -> bool:
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

    # ---- pages

    def gain(self) -> bool:
        """Look at pages until one was dropped or laundered; False when there is none to be had."""
        active, inactive = self._queues.active, self._queues.inactive
        for _ in range(2 * (len(active) + len(inactive)) + 1):
            self.deactivate()
            if not inactive:
                return False
            if self._look_at(next(iter(inactive.values()))):
                return True
        return False

    def deactivate(self) -> None:
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
            if not known and self._system.clock.now < self.full_until_ns:
                return False
            return assign_default_pager(vm_object)
        if vm_object.failed or not vm_object.ready or self._system.clock.now < vm_object.full_until_ns:
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
