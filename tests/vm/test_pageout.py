"""The policy of page-out: which pages go, where to, and who may have a frame.

The threads of a test are kernel threads on a real scheduler; the default pager is part of the test, and
keeps what it gets in a dictionary.
"""

from collections.abc import Awaitable, Callable

import pytest

from kernel.interface.returns import KernReturn, MachError
from kernel.machine.memory import PAGE_SIZE, PhysicalMemory
from kernel.sched.wait import WaitQueue
from kernel.vm import pager
from kernel.vm.access import copyin, copyout
from kernel.vm.check import check
from kernel.vm.fault import PageWait, fault_wait
from kernel.vm.map import VmMap
from kernel.vm.map_copy import VmMapCopy
from kernel.vm.object import CopyStrategy, VmObject
from kernel.vm.page_supply import supply_pages
from kernel.vm.pageout import CLUSTER_MAX, Marks, PageOut, marks_for
from kernel.vm.system import VmSystem
from tests.sched.toy_node import ToyNode

from .toy import READ, WRITE

K = PAGE_SIZE
FRAMES = 64


class ToyStore:
    """A pager, or the default pager: keeps pages; ``holds``: it takes its time to give frames back."""

    def __init__(self) -> None:
        self.pages: dict[tuple[int, int], bytes] = {}  # (object, offset) -> contents
        self.runs: list[tuple[int, int, int]] = []  # of data_return: object, offset, pages
        self.holds = False
        self.held: list[VmMapCopy] = []
        self.has_space = True

    def create(self, vm_object: VmObject) -> "ToyStore":
        return self

    def initialize(self, vm_object: VmObject) -> None:
        pager.ready(vm_object, False, CopyStrategy.DELAY)

    def data_request(self, vm_object: VmObject, offset: int, length: int, access: int) -> None:
        data = self.pages.get((vm_object.number, offset))
        if data is None:
            pager.unavailable(vm_object, offset)
        else:
            supply_pages(vm_object, offset, data, 0, False)

    def data_unlock(self, vm_object: VmObject, offset: int, length: int, access: int) -> None:
        raise AssertionError("nothing is locked")

    def data_return(
        self, vm_object: VmObject, offset: int, data: VmMapCopy, dirty: bool, kernel_copy: bool
    ) -> None:
        self.runs.append((vm_object.number, offset, data.size // K))
        contents = data.read()
        for at in range(0, data.size, K):
            self.pages[vm_object.number, offset + at] = contents[at : at + K]
        if self.holds:
            self.held.append(data)
        else:
            data.discard()

    def copy(self, vm_object: VmObject, offset: int, length: int) -> "ToyStore":
        raise AssertionError

    def terminate(self, vm_object: VmObject) -> None:
        pass


class World:
    """A node with memory, page-out, a map, and a default pager."""

    def __init__(self, frames: int = FRAMES, *, backed: bool = True) -> None:
        self.node = ToyNode()
        memory = PhysicalMemory(frames * K)
        self.system = VmSystem(
            memory, self.node.clock, self.node.costs, self.node.trace, scheduler=self.node.scheduler
        )
        self.page_out = PageOut(self.system, self.node.scheduler)
        self.store = ToyStore()
        if backed:
            self.system.default_pager = self.store
        self.map = self.system.create_map()
        self.events: list[str] = []
        self.node.trace.listen(lambda time, node, kind, fields: self.events.append(kind))

    def run(self, program: Callable[[], Awaitable[None]]) -> None:
        """Run a thread to its end, and everything that follows."""
        ended: list[bool] = []

        async def main() -> int:
            await program()
            ended.append(True)
            return 0

        self.node.scheduler.spawn("test", main())
        self.node.run(until_ns=self.node.clock.now + 200_000_000_000)
        assert ended, "it still waits"
        check(self.system)

    def allocate(self, pages: int) -> int:
        return self.map.allocate(0, pages * K, True)

    async def write(self, address: int, data: bytes = b"x") -> int:
        """Store, waiting for frames; the error."""
        try:
            copyout(self.map, address, data)
        except PageWait as wait:
            code = await fault_wait(wait.map, wait.address, WRITE)
            if code:
                return code
            copyout(self.map, address, data)
        except MachError as error:
            return error.code
        return 0

    async def read(self, vm_map: VmMap, address: int, size: int) -> bytes:
        try:
            return copyin(vm_map, address, size)
        except PageWait as wait:
            assert await fault_wait(wait.map, wait.address, READ) == 0
            return copyin(vm_map, address, size)

    async def pause(self) -> None:
        """Let others run."""
        queue = WaitQueue("a moment")
        await self.node.scheduler.wait(queue, deadline=self.node.clock.now + 1_000_000)

    async def fill(self, pages: int) -> int:
        address = self.allocate(pages)
        for page in range(pages):
            assert await self.write(address + page * K, b"%d" % page) == 0
        return address


def test_the_marks_are_those_of_mach() -> None:
    assert marks_for(4095) == Marks(15, 65, 81)
    for frames in range(20, 3000, 7):
        marks = marks_for(frames)
        assert 0 < marks.reserved < marks.minimum < marks.target < max(frames, 16)


def test_nothing_happens_while_memory_is_plentiful() -> None:
    world = World()

    async def program() -> None:
        await world.fill(FRAMES // 2)

    world.run(program)
    assert world.page_out._daemon is None and not world.store.runs
    assert world.system.current_statistics().active_count == FRAMES // 2


def test_pages_go_out_in_the_order_of_their_use_in_clusters() -> None:
    world = World()

    async def program() -> None:
        address = await world.fill(2 * FRAMES)
        for page in range(2 * FRAMES):
            expected = b"%d" % page
            assert await world.read(world.map, address + page * K, len(expected)) == expected

    world.run(program)
    assert world.store.runs[0][1:] == (0, world.page_out.scan.cluster)
    assert world.page_out.scan.cluster <= CLUSTER_MAX
    kinds = set(world.events)
    assert {"page_deactivate", "page_drop", "data_return", "data_request"} <= kinds


def test_a_second_chance_for_what_is_used() -> None:
    """A page that is touched again and again stays, though it was the first."""
    world = World()

    async def program() -> None:
        address = world.allocate(3 * FRAMES)
        for page in range(3 * FRAMES):
            assert await world.write(address + page * K) == 0
            copyin(world.map, address, 1)  # raises PageWait if it is not there
            await world.pause()

    world.run(program)
    assert world.system.statistics.reactivations > 0
    assert world.system.statistics.pageins == 0
    assert all(offset for _, offset, _ in world.store.runs)


def test_clean_pages_are_dropped_and_zeroes_are_zeroes_again() -> None:
    world = World()

    async def program() -> None:
        address = world.allocate(3 * FRAMES)
        for page in range(3 * FRAMES):
            assert await world.read(world.map, address + page * K, 1) == b"\0"
        assert await world.read(world.map, address, K) == bytes(K)

    world.run(program)
    assert not world.store.runs and world.page_out.scan.dropped > 2 * FRAMES


def test_wired_pages_stay() -> None:
    world = World()

    async def program() -> None:
        address = await world.fill(8)
        world.map.wire(address, 8 * K, 3)
        await world.fill(2 * FRAMES)
        assert all(world.map.pmap.extract(address + page * K) is not None for page in range(8))
        world.map.wire(address, 8 * K, 0)
        assert world.system.current_statistics().wire_count == 0
        await world.fill(2 * FRAMES)
        assert world.map.pmap.extract(address) is None

    world.run(program)


def test_threads_of_the_reserved_class_get_the_last_frames() -> None:
    world = World(backed=False)
    taken: list[int] = []

    async def program() -> None:
        address = world.allocate(FRAMES)
        page = 0
        while not await world.write(address + page * K):
            page += 1
        assert world.system.memory.free_count == world.page_out.marks.reserved
        thread = world.node.scheduler.current
        assert thread is not None
        thread.vm_privileged = True
        taken.append(await world.write(address + page * K))
        thread.vm_privileged = False
        taken.append(await world.write(address + (page + 1) * K))

    world.run(program)
    assert taken == [0, KernReturn.RESOURCE_SHORTAGE]
    assert "no_frames" in world.events


def test_a_thread_waits_until_somebody_gives_memory_up() -> None:
    """With pages on their way, nobody is told that there are none."""
    world = World()
    world.store.holds = True
    order: list[str] = []

    async def program() -> None:
        address = world.allocate(2 * FRAMES)
        for page in range(2 * FRAMES):
            if page == FRAMES - 12:
                world.node.scheduler.spawn("pager", giver())
            assert await world.write(address + page * K) == 0
        order.append("done")

    async def giver() -> int:
        while "done" not in order:
            queue = world.page_out.ordinary
            if queue.threads:
                order.append("waits")
            for copy in world.store.held:
                copy.discard()
            world.store.held.clear()
            await world.pause()
        return 0

    world.run(program)
    assert "waits" in order and world.page_out.refusals == 0


def test_a_pager_that_holds_on_is_paged_twice() -> None:
    world = World()
    slow = ToyStore()
    slow.holds = True

    async def program() -> None:
        vm_object = world.system.object_for(slow, 3 * FRAMES * K)
        address = world.map.enter(0x100000, 3 * FRAMES * K, vm_object=vm_object, anywhere=False)
        for page in range(3 * FRAMES):
            assert await world.write(address + page * K, b"%d" % page) == 0
        assert vm_object.slow
        for copy in slow.held:
            copy.discard()

    world.run(program)
    assert sum(count for _, _, count in slow.runs) > FRAMES
    assert sum(count for _, _, count in world.store.runs) > FRAMES // 2
    assert world.events.count("laundry_late") == 1


def test_what_was_late_long_before_memory_is_short_again() -> None:
    world = World()
    slow = ToyStore()
    slow.holds = True

    async def program() -> None:
        vm_object = world.system.object_for(slow, FRAMES * K)
        address = world.map.enter(0x100000, FRAMES * K, vm_object=vm_object, anywhere=False)
        for page in range(4):
            assert await world.write(address + page * K) == 0
        await world.fill(FRAMES)
        assert slow.held
        for _ in range(2000):
            await world.pause()
        assert world.page_out.scan.late == 0
        # All of memory wired, but for what the pager has.
        other = world.allocate(FRAMES)
        with pytest.raises(MachError):
            for page in range(FRAMES):
                assert await world.write(other + page * K) == 0
                world.map.wire(other + page * K, K, 3)
        assert vm_object.slow
        for copy in slow.held:
            copy.discard()

    world.run(program)
    assert world.page_out.scan.late > 0


def test_a_pager_may_have_so_much_laundry_and_no_more() -> None:
    world = World()
    slow = ToyStore()
    slow.holds = True

    async def program() -> None:
        vm_object = world.system.object_for(slow, FRAMES * K)
        address = world.map.enter(0x100000, FRAMES * K, vm_object=vm_object, anywhere=False)
        for page in range(FRAMES // 2):
            assert await world.write(address + page * K) == 0
        began = world.node.clock.now
        await world.fill(2 * FRAMES)
        assert world.node.clock.now - began < 900_000_000, "others wait for the slow pager"
        assert 0 < sum(count for _, _, count in slow.runs) <= 2 * world.page_out.scan.cluster
        for copy in slow.held:
            copy.discard()

    world.run(program)
    assert world.page_out.scan.late == 0
