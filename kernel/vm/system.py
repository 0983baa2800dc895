"""The virtual memory of a node: what all its maps, objects and pages have in common.

Everything that exists is registered here, in order of creation, so that it can be counted (leaks),
checked (``check.py``) and shown.  A node has one ``VmSystem``; nothing in this room is global.
"""

from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING, Protocol

from ..machine.clock import Clock
from ..machine.costs import Costs
from ..machine.memory import PAGE_SIZE, PhysicalMemory
from ..machine.trace import Trace
from ..sched.thread import WaitResult
from ..sched.wait import WaitQueue
from .entry_list import EntryList
from .fault import frame_shortage
from .map import VmMap
from .object import VmObject
from .page import ResidentPages
from .page_return import return_contents
from .pager import PAGER_TIMEOUT_NS, DefaultPager, Pager
from .pmap import PhysicalMaps, Pmap
from .share_map import ShareMap

if TYPE_CHECKING:
    from .map_copy import VmMapCopy
    from .pageout import PageOut

KEPT_MAX = 100
"""Objects that are kept though nobody maps them (Mach 3.0's vm_object_cached_max)."""


class Scheduler(Protocol):
    """What waiting for pages needs of the scheduler."""

    async def wait(
        self, queue: WaitQueue, *, interruptible: bool = True, deadline: int | None = None
    ) -> WaitResult: ...

    def wake_all(self, queue: WaitQueue) -> int: ...


@dataclass(slots=True)
class VmStatistics:
    """``vm_statistics_data_t``, in the order of its fields; the five counts are filled in on demand."""

    pagesize: int = PAGE_SIZE
    free_count: int = 0
    active_count: int = 0
    inactive_count: int = 0
    wire_count: int = 0
    zero_fill: int = 0
    reactivations: int = 0
    pageins: int = 0
    pageouts: int = 0
    faults: int = 0
    cow_faults: int = 0
    lookups: int = 0  # of memory objects by their pager
    hits: int = 0

    def as_tuple(self) -> tuple[int, ...]:
        return astuple(self)


@dataclass(frozen=True, slots=True)
class Census:
    """How many there are of each; equal before and after anything that cleans up behind itself."""

    frames: int  # taken: by pages and by page tables
    pages: int
    objects: int
    maps: int
    share_maps: int
    copies: int
    entries: int  # of maps, sharing maps and copies


class VmSystem:
    """The virtual memory of one node."""

    def __init__(
        self,
        memory: PhysicalMemory,
        clock: Clock,
        costs: Costs,
        trace: Trace,
        kernel_directory: int = 0,
        *,
        processors: int = 1,
        scheduler: Scheduler | None = None,
    ) -> None:
        """``kernel_directory``: physical address of the page directory for the fourth gigabyte, the
        machine's own, which becomes part of every address space; 0 for none."""
        self.memory = memory
        self.clock = clock
        self.costs = costs
        self.trace = trace
        self.processors = processors
        self.scheduler = scheduler
        self.page_size = PAGE_SIZE
        self.maps = PhysicalMaps(memory, clock, costs, kernel_directory, processors)
        self.pages = ResidentPages(self.maps)
        self.statistics = VmStatistics()
        self.collapses = 0  # objects merged into the one that shadowed them
        self.bypasses = 0
        # Frames
        self.page_out: PageOut | None = None  # None: whoever finds no frame gets RESOURCE_SHORTAGE
        self.frame_request = EntryList(self, 0, 0)  # stands for frames, in a PageWait
        # Pagers
        self.pager_timeout_ns = PAGER_TIMEOUT_NS
        self.default_pager: DefaultPager | None = None
        self.copy_pages = False  # pages to and from pagers are copied (the switch ipc.pages=copy)
        self.pages_stolen = 0  # pages that moved to or from a pager
        self.pages_copied = 0  # those that had to be copied
        self.waited_for: list[VmObject] = []  # calls that wait have a reference to each
        self.kept: dict[int, VmObject] = {}  # objects that nobody maps, by number, oldest first
        # Sums of costs that every fault charges.
        self.fault_ns = costs.fault + costs.map_lookup
        self.zero_page_ns = costs.zero_page
        self.copy_page_ns = costs.copy(PAGE_SIZE)
        self.copy_byte_ps = costs.copy_byte_ps
        # Everything there is, by number.
        self.address_maps: dict[int, VmMap] = {}
        self.share_maps: dict[int, ShareMap] = {}
        self.objects: dict[int, VmObject] = {}
        self.copies: dict[int, VmMapCopy] = {}
        self._number = 0
        self._by_pager: dict[Pager, VmObject] = {}

    def create_map(self) -> VmMap:
        """An empty address space.  PageWait, RESOURCE_SHORTAGE when there is no frame for its root table."""
        root = self.memory.allocate()
        if root is None:
            raise frame_shortage(self, 1)
        return VmMap(self, Pmap(self.maps, root))

    def wake(self, queue: WaitQueue) -> None:
        """Wake whoever waits for a page or for a pager."""
        if queue.threads:
            assert self.scheduler is not None
            self.scheduler.wake_all(queue)

    # ---- memory objects of pagers

    def object_for(self, pager: Pager, size: int) -> VmObject:
        """The object whose pages ``pager`` provides, with a reference for the caller; made, and the
        pager told, if this node has none (``vm_object_enter``)."""
        self.statistics.lookups += 1
        vm_object = self._by_pager.get(pager)
        if vm_object is not None:
            self.statistics.hits += 1
            self.kept.pop(vm_object.number, None)
            vm_object.size = max(vm_object.size, size)
            return vm_object.reference()
        vm_object = VmObject(self, size)
        vm_object.internal = False
        vm_object.pager = pager
        vm_object.ready = False
        vm_object.set_strategy(0)
        self._by_pager[pager] = vm_object
        pager.initialize(vm_object)
        return vm_object

    def object_of(self, pager: Pager) -> VmObject | None:
        """The object whose pages ``pager`` provides, if there is one; no reference."""
        return self._by_pager.get(pager)

    def forget_pager(self, pager: Pager) -> None:
        self._by_pager.pop(pager, None)

    def keep(self, vm_object: VmObject) -> None:
        """Nobody maps an object any more, but its pager allows to keep it."""
        self.kept[vm_object.number] = vm_object
        if len(self.kept) > KEPT_MAX:
            self.expel(next(iter(self.kept.values())))

    def expel(self, vm_object: VmObject) -> None:
        """Do not keep an object longer than somebody maps it."""
        vm_object.may_cache = False
        if vm_object.references == 0 and vm_object.alive:
            self.kept.pop(vm_object.number)
            vm_object.reference().deallocate()

    def return_contents(self, vm_object: VmObject) -> None:
        """An object ends: its pager gets what it must have."""
        return_contents(vm_object)

    # ---- statistics

    def current_statistics(self) -> VmStatistics:
        """The counters, with the counts of pages as they are now."""
        statistics = self.statistics
        statistics.free_count = self.memory.free_count
        statistics.wire_count = self.pages.wire_count
        statistics.active_count = len(self.pages.queues.active)
        statistics.inactive_count = len(self.pages.queues.inactive)
        return statistics

    def census(self) -> Census:
        """How much of everything there is now."""
        lists = [
            *self.address_maps.values(),
            *self.share_maps.values(),
            *(copy.entries for copy in self.copies.values()),
        ]
        return Census(
            frames=self.memory.frames - self.memory.free_count,
            pages=len(self.pages.by_frame),
            objects=len(self.objects),
            maps=len(self.address_maps),
            share_maps=len(self.share_maps),
            copies=len(self.copies),
            entries=sum(len(entries.entries) for entries in lists),
        )

    # ---- registers

    def _next_number(self) -> int:
        self._number += 1
        return self._number

    def register_map(self, vm_map: VmMap) -> int:
        number = self._next_number()
        self.address_maps[number] = vm_map
        return number

    def unregister_map(self, vm_map: VmMap) -> None:
        del self.address_maps[vm_map.number]

    def register_share(self, share: ShareMap) -> int:
        number = self._next_number()
        self.share_maps[number] = share
        return number

    def unregister_share(self, share: ShareMap) -> None:
        del self.share_maps[share.number]

    def register_object(self, vm_object: VmObject) -> int:
        number = self._next_number()
        self.objects[number] = vm_object
        return number

    def unregister_object(self, vm_object: VmObject) -> None:
        del self.objects[vm_object.number]

    def register_copy(self, copy: "VmMapCopy") -> int:
        number = self._next_number()
        self.copies[number] = copy
        return number

    def unregister_copy(self, copy: "VmMapCopy") -> None:
        self.copies.pop(copy.number, None)
