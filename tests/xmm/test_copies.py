"""Copies of memory objects, with each copy strategy; and what the pager holds while it is being copied."""

import pytest

from kernel.interface.stubs import mach
from kernel.vm.object import CopyStrategy
from tests.xmm.world import (
    COPY_CALL,
    COPY_DELAY,
    COPY_NONE,
    COPY_TEMPORARY,
    DIRTY,
    NONE,
    READ,
    WRITE,
    K,
    World,
    play,
)

STRATEGIES = [COPY_NONE, COPY_CALL, COPY_DELAY, COPY_TEMPORARY]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_copy_is_what_was_there(strategy: int) -> None:
    async def scenario(world: World) -> None:
        file = await world.file(strategy=strategy)
        at = await world.map(file, 4)
        await world.write(at, 0, b"old0")
        await world.write(at, 1, b"old1")
        copy = await world.map(file, 4, copy=True)
        await world.write(at, 0, b"new0")
        await world.write(at, 2, b"new2")
        await world.write(copy, 1, b"mine")
        assert [await world.read(copy, page) for page in range(4)] == [b"old0", b"mine", b"\3" * 4, b"\4" * 4]
        assert [await world.read(at, page) for page in range(4)] == [b"new0", b"old1", b"new2", b"\4" * 4]
        await world.clean(file, 0, 4)
        await world.unmap(at, 4)
        assert await world.read(copy, 0) == b"old0"
        assert file.pages[2][:4] == b"new2"
        assert 1 not in file.pages or file.pages[1][:4] == b"old1"

    play(scenario)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_generations_of_copies(strategy: int) -> None:
    async def scenario(world: World) -> None:
        file = await world.file(strategy=strategy)
        at = await world.map(file, 2)
        copies = []
        for generation in range(4):
            await world.write(at, generation % 2, b"gen%d" % generation)
            copies.append(await world.map(file, 2, copy=True))
        await world.write(at, 0, b"last")
        await world.write(at, 1, b"last")
        seen = [[await world.read(copy, page) for page in range(2)] for copy in copies]
        assert seen == [
            [b"gen0", b"\2" * 4],
            [b"gen0", b"gen1"],
            [b"gen2", b"gen1"],
            [b"gen2", b"gen3"],
        ]
        for copy in copies[::-1]:
            await world.unmap(copy, 2)

    play(scenario)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_message_carries_a_copy(strategy: int) -> None:
    async def scenario(world: World) -> None:
        file = await world.file(strategy=strategy)
        at = await world.map(file, 2)
        await world.write(at, 1, b"sent")
        data = await mach.vm_read(world.task, world.task.mach_task_self, at, 2 * K)
        await world.write(at, 1, b"late")
        contents = await world.task.read(data)
        assert contents[K : K + 4] == b"sent" and contents[:K] == b"\1" * K

    play(scenario)


def test_copy_by_call() -> None:
    async def scenario(world: World) -> None:
        file = await world.file(strategy=COPY_CALL)
        at = await world.map(file, 4)
        await world.write(at, 1, b"old!")
        copy = await world.map(file, 2, first=1, copy=True)
        await world.settle()
        new = next(one for one in world.files.values() if one.copied_from)
        assert world.seen(file, "copy") == [("copy", K, 2 * K, new)]
        assert world.seen(new) == [("init",)]
        # What the pager of the copy has not, is in the original.
        assert await world.read(copy, 0) == b"old!"
        assert world.seen(new)[1:] == [("request", 0, READ)]
        # The first write to the original needs the pager, which keeps what was there.
        await world.write(at, 1, b"new!")
        assert world.seen(file, "unlock") == [("unlock", 1, WRITE)]
        assert new.pages[0][:4] == b"old!"
        assert await world.read(copy, 0) == b"old!"
        # What was not resident when the copy was made is asked for, of the copy first.
        assert await world.read(copy, 1) == b"\3" * 4
        assert world.seen(new)[2:] == [("request", 1, READ)]
        assert world.seen(file)[-1] == ("request", 2, READ)
        await world.write(copy, 1, b"mine")
        await world.unmap(copy, 2)
        await world.settle()
        assert world.seen(new)[-2:] == [("return", 1, 1, True, False), ("terminate",)]
        assert await world.read(at, 2) == b"\3" * 4

    play(scenario)


def test_a_flush_leaves_copies_what_they_see() -> None:
    async def scenario(world: World) -> None:
        file = await world.file()
        at = await world.map(file, 2)
        await world.write(at, 0, b"snap")
        copy = await world.map(file, 2, copy=True)
        await world.lock(file, 0, 2, NONE, True)  # discard what was written
        assert await world.read(at, 0) == b"\1" * 4
        assert await world.read(copy, 0) == b"snap"
        file.pages[1] = b"B" * K
        assert await world.read(copy, 1) == b"BBBB", "nobody had it: the pager says what it was"

    play(scenario)


def test_a_flush_that_returns_leaves_copies_what_they_see() -> None:
    async def scenario(world: World) -> None:
        file = await world.file()
        at = await world.map(file, 3)
        for page in range(3):
            await world.write(at, page, b"snap")
        copy = await world.map(file, 2, copy=True)
        await world.write(at, 1, b"late")
        await world.clean(file, 0, 3, flush=True)
        assert [file.pages[page][:4] for page in range(3)] == [b"snap", b"late", b"snap"]
        file.pages[0] = b"?" * K
        assert await world.read(copy, 0) == b"snap"
        assert await world.read(copy, 1) == b"snap"
        assert await world.read(at, 0) == b"????"
        assert world.vm.pages_copied - world.vm.statistics.cow_faults <= 5

    play(scenario)


def test_what_is_being_returned_does_not_change() -> None:
    async def scenario(world: World) -> None:
        """The pager reads what it got only after the page was written again, and flushed."""
        file = await world.file()
        at = await world.map(file, 2)
        await world.write(at, 0, b"one!")
        await world.write(at, 1, b"two!")
        kept = world.hold_returned()
        await world.clean(file, 0, 2)
        world.node.check()
        assert world.object(file).is_pinned(0) and world.object(file).is_pinned(K)
        await world.write(at, 0, b"more")
        assert not world.object(file).is_pinned(0)
        await world.lock(file, 0, 2, NONE, True)
        world.node.check()
        assert not world.object(file).pages
        contents = await world.task.read(kept[0])
        assert contents[:4] == b"one!" and contents[K : K + 4] == b"two!"
        assert world.object(file).copy is None

    play(scenario)


def test_an_object_ends_while_its_pager_holds_what_was_returned() -> None:
    async def scenario(world: World) -> None:
        file = await world.file()
        at = await world.map(file, 3)
        for page in range(3):
            await world.write(at, page, b"pag%d" % page)
        kept = world.hold_returned()
        await world.clean(file, 0, 2)
        await world.write(at, 0, b"new0")
        await world.lock(file, 2, 1, DIRTY)
        await world.settle()
        await world.unmap(at, 3)
        await world.settle()
        assert world.seen(file)[-1] == ("terminate",), "what was lent does not keep the object"
        contents = [await world.task.read(data) for data in kept]
        assert contents[0][:4] == b"pag0" and contents[0][K : K + 4] == b"pag1"
        assert contents[1][:4] == b"pag2" and contents[2][:4] == b"new0"

    play(scenario)


def test_a_page_locked_against_reading_can_be_read_by_the_pager_it_was_returned_to() -> None:
    async def scenario(world: World) -> None:
        file = await world.file(unlocks=False)
        at = await world.map(file, 1)
        await world.write(at, 0, b"back")
        await world.lock(file, 0, 1, DIRTY, False, 7)
        await world.settle()
        assert file.pages[0][:4] == b"back"
        assert world.seen(file, "unlock") == []

    play(scenario)


def test_the_strategy_of_what_the_kernel_made_is_its_own() -> None:
    async def scenario(world: World) -> None:
        at = await mach.vm_allocate(world.task, world.task.mach_task_self, 0, K, True)
        await world.write(at, 0, b"x")
        entry = world.task.door.map.lookup(at)
        assert entry is not None and entry.object is not None
        assert entry.object.copy_strategy == CopyStrategy.SYMMETRIC

    play(scenario)


def test_what_the_original_had_is_no_answer_once_it_may_be_written() -> None:
    """The pager has nothing of its own for a page of the copy; before the thread that wants it gets to
    see the original's page, that is written."""

    async def scenario(world: World) -> None:
        file = await world.file(strategy=COPY_CALL, answer="nothing")
        at = await world.map(file, 1)
        copy = await world.map(file, 1, copy=True)
        await world.settle()
        new = next(one for one in world.files.values() if one.copied_from)
        writing = await world.fork(world.write, at, 0, b"new!")
        await world.settle()
        reading = await world.fork(world.read, copy)
        await world.settle()
        assert world.seen(new)[1:] == [("request", 0, READ)], "answered: there is no data"
        assert world.seen(file, "request") == [("request", 0, WRITE)]
        world._push(file, 0)
        await world.supply(file, 0)
        await writing.join()
        assert await reading.join() == b"\1" * 4
        assert world.seen(new, "request") == [("request", 0, READ)] * 2

    play(scenario)


def test_a_copy_does_not_rely_on_what_was_only_lent() -> None:
    async def scenario(world: World) -> None:
        file = await world.file()
        at = await world.map(file, 2)
        await world.write(at, 0, b"sent")
        kept = world.hold_returned()
        await world.clean(file, 0, 2)
        copy = await world.map(file, 2, copy=True)
        await world.unmap(at, 2)
        await world.settle()
        assert await world.read(copy, 1) == b"\2" * 4 and await world.read(copy, 0) == b"sent"
        assert (await world.task.read(kept[0]))[:4] == b"sent"

    play(scenario)
