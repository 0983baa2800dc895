"""Random programs on very small machines: whatever page-out does, memory is what was written to it.

Several tasks, each with a flat model of its own memory, allocate, write, read, copy and give up memory
that is larger than the machine, at random, on a disk with some bad blocks and with paging space that may
run out.  An operation either does what it should, or says RESOURCE_SHORTAGE and has changed nothing.
"""

from dataclasses import dataclass, field

import hypothesis.strategies as st
from hypothesis import HealthCheck, given, settings

from kernel.interface.returns import KernReturn, MachError
from kernel.interface.stubs import mach
from kernel.user import NativeTask, Region
from kernel.vm import check as vm_check

from ..user.native_node import MILLISECOND, SECOND
from .paging_node import K, PagingNode

REGIONS, PAGES = 3, 16  # that a task can have, and of each at most

region = st.integers(0, REGIONS - 1)
page = st.integers(0, PAGES - 1)
offset = st.integers(0, K - 1)
operation = st.one_of(
    st.tuples(st.just("allocate"), region, st.integers(1, PAGES)),
    st.tuples(st.just("deallocate"), region),
    st.tuples(st.just("write"), region, page, offset, st.integers(1, 9000)),
    st.tuples(st.just("write"), region, page, st.just(0), st.just(PAGES * K)),
    st.tuples(st.just("read"), region, page, offset, st.integers(1, 9000)),
    st.tuples(st.just("read"), region, st.just(0), st.just(0), st.just(PAGES * K)),
    st.tuples(st.just("vm_copy"), region, region),
    st.tuples(st.just("vm_write"), region, page, offset, st.integers(1, 9000)),
    st.tuples(st.just("exchange"), region, region),
    st.tuples(st.just("protect"), region),
    st.tuples(st.just("sleep"), st.integers(1, 200)),
    st.tuples(st.just("check")),
)


@dataclass
class Memory:
    """A region of a task: where it is, and what should be there."""

    address: int
    data: bytearray


@dataclass
class Program:
    """What one task does, and what became of it."""

    node: PagingNode
    number: int
    operations: list[tuple[object, ...]]
    regions: dict[int, Memory] = field(default_factory=dict)
    written: int = 0
    shortages: int = 0
    finished: bool = False

    def bytes(self, size: int) -> bytes:
        """Something that nobody else writes."""
        self.written += 1
        return (b"%d:%d," % (self.number, self.written) * (size // 4 + 1))[:size]

    async def main(self, task: NativeTask) -> None:
        for number in range(REGIONS):
            await self.do_allocate(task, number, PAGES)
        first = [("write", number, 0, 0, PAGES * K) for number in range(REGIONS)]
        for what, *arguments in [*first, *self.operations]:
            try:
                await getattr(self, f"do_{what}")(task, *arguments)
            except MachError as error:
                assert error.code == KernReturn.RESOURCE_SHORTAGE, (what, arguments, error)
                self.shortages += 1
        for memory in self.regions.values():
            for at in range(0, len(memory.data), K):
                await self.verify(task, memory, at)
        self.finished = True

    async def verify(self, task: NativeTask, memory: Memory, at: int) -> None:
        """What is backed can always be read; what nobody has written to need not be backed."""
        expected = memory.data[at : at + K]
        try:
            assert await task.read(memory.address + at, K) == expected, at
        except MachError as error:
            assert error.code == KernReturn.RESOURCE_SHORTAGE and not any(expected), (at, error)

    def part(self, number: int, page: int, offset: int, size: int) -> tuple[Memory, int, int] | None:
        memory = self.regions.get(number)
        start = page * K + offset
        if memory is None or start >= len(memory.data):
            return None
        return memory, start, min(size, len(memory.data) - start)

    async def do_allocate(self, task: NativeTask, number: int, pages: int) -> None:
        if number not in self.regions:
            address = await mach.vm_allocate(task, task.mach_task_self, 0, pages * K, True)
            self.regions[number] = Memory(address, bytearray(pages * K))

    async def do_deallocate(self, task: NativeTask, number: int) -> None:
        memory = self.regions.pop(number, None)
        if memory is not None:
            await mach.vm_deallocate(task, task.mach_task_self, memory.address, len(memory.data))

    async def do_write(self, task: NativeTask, number: int, page: int, offset: int, size: int) -> None:
        part = self.part(number, page, offset, size)
        if part is None:
            return
        memory, start, size = part
        data = self.bytes(size)
        for at in range(size):  # page by page, so that it is known what was written
            if at == 0 or (start + at) % K == 0:
                piece = data[at : at + K - (start + at) % K]
                await task.write(memory.address + start + at, piece)
                memory.data[start + at : start + at + len(piece)] = piece

    async def do_read(self, task: NativeTask, number: int, page: int, offset: int, size: int) -> None:
        part = self.part(number, page, offset, size)
        if part is not None:
            memory, start, size = part
            assert await task.read(memory.address + start, size) == memory.data[start : start + size]

    async def do_vm_copy(self, task: NativeTask, source: int, destination: int) -> None:
        a, b = self.regions.get(source), self.regions.get(destination)
        if a is not None and b is not None and a is not b:
            size = min(len(a.data), len(b.data))
            await mach.vm_copy(task, task.mach_task_self, a.address, size, b.address)
            b.data[:size] = a.data[:size]

    async def do_vm_write(self, task: NativeTask, number: int, page: int, offset: int, size: int) -> None:
        part = self.part(number, page, offset, size)
        if part is not None:
            memory, start, size = part
            data = self.bytes(size)
            await mach.vm_write(task, task.mach_task_self, memory.address + start, data)
            memory.data[start : start + size] = data

    async def do_exchange(self, task: NativeTask, source: int, destination: int) -> None:
        """Replace a region by a copy of another."""
        a = self.regions.get(source)
        if a is None or source == destination:
            return
        copy = await mach.vm_read(task, task.mach_task_self, a.address, len(a.data))
        assert isinstance(copy.memory, Region)
        await self.do_deallocate(task, destination)
        self.regions[destination] = Memory(copy.memory.address, bytearray(a.data))

    async def do_protect(self, task: NativeTask, number: int) -> None:
        memory = self.regions.get(number)
        if memory is not None:
            for protection in (1, 3):
                await mach.vm_protect(
                    task, task.mach_task_self, memory.address, len(memory.data), False, protection
                )

    async def do_sleep(self, task: NativeTask, milliseconds: int) -> None:
        await task.sleep(milliseconds * MILLISECOND)

    async def do_check(self, task: NativeTask) -> None:
        node = self.node
        vm_check.check(
            node.vm,
            other_frames=node.machine.node.machine_frames,
            in_transfer=node.kernel.devices.in_transfer,
        )


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    frames=st.integers(36, 50),
    blocks=st.integers(8, 220),
    topology=st.sampled_from(["uni", "smp:2"]),
    copies=st.booleans(),
    bad=st.sets(st.integers(0, 8 * 40), max_size=12),
    programs=st.lists(st.lists(operation, min_size=5, max_size=30), min_size=1, max_size=3),
)
def test_memory_is_what_was_written(
    frames: int,
    blocks: int,
    topology: str,
    copies: bool,
    bad: set[int],
    programs: list[list[tuple[object, ...]]],
) -> None:
    node = PagingNode(frames, blocks, topology)
    node.vm.copy_pages = copies
    disk = node.machine.node.paging_disk
    assert disk is not None
    for sector in bad:
        disk.fault("bad", sector)
    running = [Program(node, number, operations) for number, operations in enumerate(programs)]

    async def main(task: NativeTask) -> int:
        while not all(program.finished for program in running):
            if node.said:
                return 1
            assert task.now_ns < 2000 * SECOND, node.machine.node.waits()
            await task.sleep(SECOND)
        await task.sleep(SECOND)
        assert node.pager.statistics.free_blocks + node.pager.statistics.bad_blocks == blocks
        return 0

    for program in running:
        node.start(f"program{program.number}", program.main)
    assert node.run(main) == 0, node.said
    if blocks > REGIONS * PAGES * len(programs) * 2:
        assert not any(program.shortages for program in running)
