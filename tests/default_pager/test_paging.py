"""Memory that is larger than the machine's: what programs see of page-out, and what the pager does."""

import pytest

from kernel.interface.returns import KernReturn, MachError
from kernel.interface.stubs import mach
from kernel.user import NativeTask

from ..user.native_node import SECOND, error_of
from .paging_node import K, PagingNode, allocate, deallocate, fill, verify

TOPOLOGIES = ("uni", "smp:4")
FRAMES, BLOCKS = 64, 512


@pytest.mark.parametrize("topology", TOPOLOGIES)
def test_a_working_set_three_times_the_memory(topology: str) -> None:
    node = PagingNode(FRAMES, BLOCKS, topology)

    async def main(task: NativeTask) -> int:
        pages = 3 * FRAMES
        address = await allocate(task, pages)
        for version in range(3):
            await fill(task, address, pages, version)
            await verify(task, address, pages, version)
        return 3

    assert node.run(main) == 3, node.said
    statistics = node.vm.current_statistics()
    assert statistics.pageouts >= 8 * FRAMES and statistics.pageins >= 8 * FRAMES
    assert node.pager.statistics.page_outs == node.page_out.scan.laundered
    assert node.page_out.refusals == 0 and node.page_out.given_back == 0


def test_the_same_again_is_the_same_trace() -> None:
    def digest() -> str:
        node = PagingNode(FRAMES, BLOCKS, "smp:2", traced=True)

        async def work(task: NativeTask) -> None:
            address = await allocate(task, FRAMES)
            await fill(task, address, FRAMES)
            await verify(task, address, FRAMES)

        async def main(task: NativeTask) -> int:
            threads = [await task.fork(work, task) for _ in range(3)]
            for thread in threads:
                await thread.join()
            return 0

        assert node.run(main) == 0, node.said
        return node.machine.node.trace.digest()

    assert digest() == digest()


def test_an_innocent_task_under_pressure() -> None:
    """Others take all there is; what a task wrote stays what it was, and no access of it fails."""
    node = PagingNode(FRAMES, BLOCKS)
    over: list[bool] = []

    async def greedy(task: NativeTask) -> None:
        address = await allocate(task, 2 * FRAMES)
        for version in range(2):
            await fill(task, address, 2 * FRAMES, version)
        over.append(True)

    async def main(task: NativeTask) -> int:
        address = await allocate(task, FRAMES // 2)
        await fill(task, address, FRAMES // 2)
        rounds = 0
        while len(over) < 2:
            await verify(task, address, FRAMES // 2)
            await task.sleep(SECOND // 10)
            rounds += 1
        return min(rounds, 100)

    for _ in range(2):
        node.start("greedy", greedy)
    assert node.run(main) > 3, node.said


def test_paging_space_runs_out() -> None:
    """Whoever touches what cannot be backed gets RESOURCE_SHORTAGE; nobody loses anything, and when
    memory is given up there is room again."""
    node = PagingNode(FRAMES, 32)
    node.listen("no_frames", "page_given_back")

    async def main(task: NativeTask) -> int:
        pages = 2 * FRAMES
        address = await allocate(task, pages)
        done = 0
        with pytest.raises(MachError) as caught:
            for page in range(pages):
                await task.write(address + page * K, b"%d" % page)
                done += 1
        assert caught.value.code == KernReturn.RESOURCE_SHORTAGE
        assert done > FRAMES // 2 + 32
        for page in range(done):
            assert (await task.read(address + page * K, 8)).rstrip(b"\0") == b"%d" % page
        await deallocate(task, address, pages)
        await task.sleep(SECOND)
        again = await allocate(task, FRAMES)
        await fill(task, again, FRAMES)
        await verify(task, again, FRAMES)
        return 5

    assert node.run(main) == 5, node.said
    assert node.page_out.given_back and node.page_out.refusals
    assert {kind for kind, _ in node.events} == {"no_frames", "page_given_back"}


def test_without_a_default_pager_a_fault_fails_when_memory_is_full() -> None:
    node = PagingNode(FRAMES, 0)

    async def main(task: NativeTask) -> int:
        address = await allocate(task, FRAMES)
        for page in range(FRAMES):
            if await error_of(task.write(address + page * K, b"x")):
                break
        assert await error_of(task.write(address + page * K, b"x")) == KernReturn.RESOURCE_SHORTAGE
        await deallocate(task, address, FRAMES)
        await task.write(await allocate(task, 1), b"x")
        return page

    assert node.run(main) > FRAMES // 2, node.said


def test_blocks_are_free_when_memory_is() -> None:
    node = PagingNode(FRAMES, BLOCKS)

    async def main(task: NativeTask) -> int:
        for _ in range(3):
            address = await allocate(task, 2 * FRAMES)
            await fill(task, address, 2 * FRAMES)
            assert node.pager.statistics.free_blocks < BLOCKS
            await deallocate(task, address, 2 * FRAMES)
            await task.sleep(SECOND)
            assert node.pager.statistics.free_blocks == BLOCKS
        return 1

    assert node.run(main) == 1, node.said


def test_bad_blocks_are_left_alone() -> None:
    node = PagingNode(FRAMES, BLOCKS)
    disk = node.machine.node.paging_disk
    assert disk is not None
    for block in range(0, 64, 3):
        disk.fault("bad", block * 8 + 5)

    async def main(task: NativeTask) -> int:
        address = await allocate(task, 2 * FRAMES)
        for version in range(2):
            await fill(task, address, 2 * FRAMES, version)
            await verify(task, address, 2 * FRAMES, version)
        return 2

    assert node.run(main) == 2, node.said
    assert node.pager.statistics.bad_blocks == 22


def test_a_block_that_cannot_be_read_any_more() -> None:
    """Whoever needs it gets a memory error; its neighbours are still there."""
    node = PagingNode(FRAMES, BLOCKS)
    disk = node.machine.node.paging_disk
    assert disk is not None

    async def main(task: NativeTask) -> int:
        address = await allocate(task, 2 * FRAMES)
        await fill(task, address, 2 * FRAMES)
        for block in range(BLOCKS):
            disk.fault("bad", block * 8)
        codes = [await error_of(task.read(address + page * K, 8)) for page in range(2 * FRAMES)]
        for block in range(BLOCKS):
            disk.fault("good", block * 8)
        await verify(task, address, 2 * FRAMES)
        return sum(1 for code in codes if code == KernReturn.MEMORY_ERROR)

    assert node.run(main) > FRAMES, node.said


def test_out_of_line_memory_larger_than_what_is_free() -> None:
    """A call that needs many frames at once waits until there are as many."""
    node = PagingNode(FRAMES, BLOCKS)

    async def main(task: NativeTask) -> int:
        address = await allocate(task, FRAMES)
        await fill(task, address, FRAMES)
        data = bytes(range(256)) * 16 * 12
        await mach.vm_write(task, task.mach_task_self, address + K // 2, data)
        assert await task.read(address + K // 2, len(data)) == data
        code = await error_of(mach.vm_write(task, task.mach_task_self, address + 1, bytes((FRAMES - 8) * K)))
        assert code == KernReturn.RESOURCE_SHORTAGE
        return 4

    assert node.run(main) == 4, node.said
