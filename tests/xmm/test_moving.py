"""Pages change hands; they are copied only where they must be, or when that is asked for."""

import pytest

from kernel.interface.body import CarriedMemory
from kernel.interface.stubs import mach
from kernel.user import Region
from tests.xmm.world import K, World, play


async def buffer(world: World, pages: int, text: bytes) -> int:
    """Memory of the pager's own, written to."""
    at = await mach.vm_allocate(world.task, world.task.mach_task_self, 0, pages * K, True)
    await world.task.write(at, text * (pages * K // len(text)))
    return at


def counts(world: World) -> tuple[int, int]:
    return world.vm.pages_stolen, world.vm.pages_copied


def test_pages_sent_with_deallocate_are_taken() -> None:
    async def scenario(world: World) -> None:
        file = await world.file()
        at = await world.map(file, 4)
        mine = await buffer(world, 4, b"move")
        frames = [world.task.door.map.pmap.extract(mine + page * K) for page in range(4)]
        stolen, copied = counts(world)
        memory = CarriedMemory(0, 4 * K, Region(mine, deallocate=True))
        await world.supply_data(file, 0, memory, reply=True)
        assert counts(world) == (stolen + 4, copied)
        assert await world.read(at, 3) == b"move"
        assert [world.object(file).pages[page * K].frame for page in range(4)] == frames
        assert world.seen(file, "request") == []

    play(scenario)


def test_part_of_a_larger_buffer_is_taken() -> None:
    async def scenario(world: World) -> None:
        file = await world.file()
        at = await world.map(file, 4)
        mine = await buffer(world, 6, b"part")
        stolen, copied = counts(world)
        await world.supply_data(file, 1, CarriedMemory(0, 2 * K, Region(mine + K, deallocate=True)))
        assert counts(world) == (stolen + 2, copied)
        assert await world.read(at, 2) == b"part" == await world.read(mine, 0) == await world.read(mine, 3)

    play(scenario)


def test_pages_that_the_pager_keeps_are_copied() -> None:
    async def scenario(world: World) -> None:
        file = await world.file()
        at = await world.map(file, 4)
        mine = await buffer(world, 2, b"keep")
        stolen, copied = counts(world)
        await world.supply_data(file, 0, CarriedMemory(0, 2 * K, Region(mine)))
        assert counts(world) == (stolen, copied + 2)
        await world.write(mine, 0, b"mine")
        assert await world.read(at, 0) == b"keep"

    play(scenario)


def test_pages_that_somebody_else_sees_are_copied() -> None:
    async def scenario(world: World) -> None:
        task = world.task
        file = await world.file()
        at = await world.map(file, 4)
        mine = await buffer(world, 2, b"fork")
        child = await mach.task_create(task, task.mach_task_self, True)
        await world.write(mine, 1, b"mine")
        stolen, copied = counts(world)
        await world.supply_data(file, 0, CarriedMemory(0, 2 * K, Region(mine, deallocate=True)))
        assert counts(world) == (stolen + 1, copied + 1), "one page was written after the fork"
        await world.write(at, 0, b"page")
        data = await mach.vm_read(task, child, mine, 2 * K)
        assert (await task.read(data))[:4] == b"fork"
        await mach.task_terminate(task, child)

    play(scenario)


def test_memory_that_does_not_begin_at_a_page_is_copied() -> None:
    async def scenario(world: World) -> None:
        file = await world.file(precious=True)
        at = await world.map(file, 4)
        mine = await buffer(world, 4, bytes(range(16)))
        stolen, copied = counts(world)
        memory = CarriedMemory(0, 2 * K, Region(mine + 5, deallocate=True))
        await world.supply_data(file, 0, memory, reply=True)
        assert counts(world) == (stolen, copied + 2)
        assert await world.read(at, 1) == bytes((5, 6, 7, 8))
        mine = await buffer(world, 4, b"1234")
        await world.supply_data(
            file, 1, CarriedMemory(0, 2 * K, Region(mine + 2, deallocate=True)), reply=True
        )
        await world.settle()
        assert world.seen(file)[-2][:3] == ("return", 1, 1) and file.pages[1][:4] == b"3412"

    play(scenario)


def test_untouched_memory_is_zeroes() -> None:
    async def scenario(world: World) -> None:
        file = await world.file()
        at = await world.map(file, 2)
        mine = await mach.vm_allocate(world.task, world.task.mach_task_self, 0, 2 * K, True)
        await world.supply_data(file, 0, CarriedMemory(0, 2 * K, Region(mine, deallocate=True)))
        assert await world.read(at, 1) == bytes(4)
        assert world.seen(file, "request") == []

    play(scenario)


def test_memory_of_another_pager_can_be_supplied() -> None:
    async def scenario(world: World) -> None:
        source, file = await world.file(), await world.file()
        at = await world.map(file, 2)
        window = await world.map(source, 2)
        await world.supply_data(file, 0, CarriedMemory(0, 2 * K, Region(window)))
        assert await world.read(at, 1) == b"\2" * 4
        assert world.seen(source, "request") == [("request", 0, 1), ("request", 1, 1)]

    play(scenario)


@pytest.mark.parametrize("option", ["map", "copy"])
def test_returning_moves_or_copies(option: str) -> None:
    async def scenario(world: World) -> None:
        file = await world.file(answer="unavailable")
        at = await world.map(file, 8)
        await world.task.write(at, b"abcd" * (2 * K))
        stolen, copied = counts(world)
        begin = world.task.now_ns
        await world.lock(file, 0, 4, 1)
        await world.lock(file, 4, 4, 1, True)
        took = world.task.now_ns - begin
        expected = (stolen + 8, copied) if option == "map" else (stolen, copied + 8)
        assert counts(world) == expected
        if option == "copy":
            assert took >= 8 * world.vm.costs.copy(K)
        else:
            assert took < 8 * world.vm.costs.copy(K)
        await world.settle()
        assert file.pages[7] == file.pages[0] == b"abcd" * (K // 4)

    play(scenario, option=option)


def test_supplying_copies_when_that_is_the_option() -> None:
    async def scenario(world: World) -> None:
        file = await world.file()
        at = await world.map(file, 4)
        mine = await buffer(world, 4, b"move")
        stolen, copied = counts(world)
        await world.supply_data(file, 0, CarriedMemory(0, 4 * K, Region(mine, deallocate=True)))
        assert counts(world) == (stolen, copied + 4)
        assert await world.read(at, 3) == b"move"

    play(scenario, option="copy")


def test_wired_pages_are_copied_and_stay() -> None:
    async def scenario(world: World) -> None:
        file = await world.file()
        at = await world.map(file, 2)
        await world.write(at, 0, b"wire")
        vm_map = world.task.door.map
        vm_map.wire(at, K, 3)
        await world.clean(file, 0, 2, flush=True)
        assert world.seen(file, "return") == [("return", 0, 1, True, True)]
        assert list(world.object(file).pages) == [0]
        await world.lock(file, 0, 1, lock=7)
        await world.write(at, 0, b"more")
        vm_map.wire(at, K, 0)
        await world.clean(file, 0, 2, flush=True)
        assert file.pages[0][:4] == b"more" and not world.object(file).pages

    play(scenario)
