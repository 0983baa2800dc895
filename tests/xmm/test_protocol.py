"""The sequences of the pager protocol, one by one."""

from kernel.interface.constants import VM_PROT_READ
from kernel.interface.returns import KernReturn
from kernel.interface.stubs import mach
from tests.user.native_node import MILLISECOND
from tests.xmm.world import (
    ALL,
    COPY_DELAY,
    COPY_NONE,
    COPY_TEMPORARY,
    DIRTY,
    EVERYTHING,
    NONE,
    READ,
    WRITE,
    K,
    World,
    play,
)


def test_init_request_supply_terminate() -> None:
    async def scenario(world: World) -> None:
        file = await world.file()
        at = await world.map(file, 4)
        assert await world.read(at, 2) == b"\3\3\3\3"
        await world.unmap(at, 4)
        await world.settle()
        assert world.seen(file) == [("init",), ("request", 2, READ), ("terminate",)]
        # The same port may be mapped again: that is a new use of it.
        at = await world.map(file, 4)
        assert await world.read(at, 0) == b"\1\1\1\1"
        assert world.seen(file)[3:] == [("init",), ("request", 0, READ)]

    play(scenario)


def test_mapping_waits_until_the_pager_is_ready() -> None:
    async def scenario(world: World) -> None:
        file = await world.file(says_ready=False)
        mapping = await world.fork(world.map, file, 2)
        await world.settle()
        assert not mapping.done and world.seen(file) == [("init",)]
        await world.ready(file)
        at = await mapping.join()
        assert isinstance(at, int)
        assert await world.read(at) == b"\1\1\1\1"

    play(scenario)


def test_one_port_is_one_object() -> None:
    async def scenario(world: World) -> None:
        file = await world.file()
        first, second = await world.map(file, 4), await world.map(file, 2, first=1)
        await world.write(first, 1, b"here")
        assert await world.read(second, 0) == b"here"
        assert world.seen(file) == [("init",), ("request", 1, WRITE)]
        await world.unmap(first, 4)
        await world.settle()
        assert world.seen(file)[2:] == [], "it is still mapped"
        await world.unmap(second, 2)
        await world.settle()
        assert world.seen(file)[2:] == [("return", 1, 1, True, False), ("terminate",)]
        assert file.pages[1][:5] == b"here\2"

    play(scenario)


def test_a_page_is_asked_for_once_however_many_want_it() -> None:
    async def scenario(world: World) -> None:
        file = await world.file(answer="nothing")
        at = await world.map(file, 2)
        readers = [await world.fork(world.read, at, 1) for _ in range(4)]
        await world.settle()
        assert world.seen(file, "request") == [("request", 1, READ)]
        await world.supply(file, 1)
        assert [await reader.join() for reader in readers] == [b"\2\2\2\2"] * 4

    play(scenario)


def test_no_data_is_zeroes_and_is_asked_for_again_after_a_flush() -> None:
    async def scenario(world: World) -> None:
        file = await world.file(answer="unavailable")
        at = await world.map(file, 2)
        assert await world.read(at, 1) == bytes(4)
        await world.clean(file, 0, 2, flush=True)
        file.answer = "supply"
        assert await world.read(at, 1) == b"\2\2\2\2"
        assert world.seen(file, "return") == []

    play(scenario)


def test_an_error_is_for_those_who_wait_and_the_next_touch_asks_again() -> None:
    async def scenario(world: World) -> None:
        file = await world.file(answer="error")
        at = await world.map(file, 2)
        assert await world.error(world.read(at, 1)) == KernReturn.MEMORY_ERROR
        file.answer = "supply"
        assert await world.read(at, 1) == b"\2\2\2\2"
        assert world.seen(file, "request") == [("request", 1, READ)] * 2

    play(scenario)


def test_a_write_fault_says_so() -> None:
    async def scenario(world: World) -> None:
        file = await world.file()
        at = await world.map(file, 1)
        await world.write(at, 0, b"x")
        assert world.seen(file, "request") == [("request", 0, WRITE)]

    play(scenario)


def test_pages_supplied_ahead_are_not_asked_for() -> None:
    async def scenario(world: World) -> None:
        file = await world.file()
        at = await world.map(file, 8)
        await world.supply(file, 2, 4, reply=True)
        await world.settle()
        assert world.seen(file, "supply_completed") == [("supply_completed", 2, 4, 0, 0)]
        for page in range(2, 6):
            assert await world.read(at, page) == bytes([page + 1]) * 4
        assert world.seen(file, "request") == []

    play(scenario)


def test_a_page_that_is_resident_is_refused_and_comes_back_if_precious() -> None:
    async def scenario(world: World) -> None:
        file = await world.file(precious=True)
        at = await world.map(file, 8)
        await world.write(at, 3, b"mine")
        await world.supply(file, 2, 4, reply=True)
        await world.settle()
        assert world.seen(file)[-2:] == [
            ("return", 3, 1, False, False),
            ("supply_completed", 2, 4, KernReturn.MEMORY_PRESENT, 3),
        ]
        assert await world.read(at, 3) == b"mine"
        assert await world.read(at, 4) == b"\5\5\5\5", "the others were taken"
        assert world.seen(file, "request") == [("request", 3, WRITE)]

    play(scenario)


def test_a_lock_is_lifted_when_the_pager_says_so() -> None:
    async def scenario(world: World) -> None:
        file = await world.file(lock=2, unlocks=False)
        at = await world.map(file, 2)
        assert await world.read(at) == b"\1\1\1\1"
        writing = await world.fork(world.write, at, 0, b"new!")
        await world.settle()
        assert world.seen(file)[1:] == [("request", 0, READ), ("unlock", 0, WRITE)]
        assert await world.read(at) == b"\1\1\1\1"
        await world.lock(file, 0, 1, lock=0)
        await writing.join()
        assert await world.read(at) == b"new!"

    play(scenario)


def test_locking_what_is_mapped_takes_rights_away() -> None:
    async def scenario(world: World) -> None:
        file = await world.file(unlocks=False)
        at = await world.map(file, 2)
        await world.write(at, 0, b"old!")
        await world.lock(file, 0, 2, lock=2)
        assert await world.read(at) == b"old!"
        await world.lock(file, 0, 2, lock=ALL)
        reading = await world.fork(world.read, at)
        await world.settle()
        assert world.seen(file, "unlock") == [("unlock", 0, READ)] and not reading.done
        await world.lock(file, 0, 1, lock=2)
        assert await reading.join() == b"old!"
        assert world.seen(file, "lock_completed") == [
            ("lock_completed", 0, 2),
            ("lock_completed", 0, 2),
            ("lock_completed", 0, 1),
        ]

    play(scenario)


def test_cleaning_returns_dirty_pages_and_keeps_them() -> None:
    async def scenario(world: World) -> None:
        file = await world.file()
        at = await world.map(file, 8)
        for page in (1, 2, 5):
            await world.write(at, page, b"dirt")
        assert await world.read(at, 3) == b"\4\4\4\4"
        await world.clean(file, 0, 8)
        assert world.seen(file)[-3:] == [
            ("return", 1, 2, True, True),
            ("return", 5, 1, True, True),
            ("lock_completed", 0, 8),
        ]
        assert file.pages[2][:5] == b"dirt\3"
        await world.clean(file, 0, 8)
        assert len(world.seen(file, "return")) == 2, "they are clean now"
        await world.write(at, 5, b"more")
        await world.clean(file, 0, 8)
        assert world.seen(file, "return")[2:] == [("return", 5, 1, True, True)]
        assert file.pages[5][:4] == b"more"
        assert world.seen(file, "request") == [
            ("request", page, access) for page, access in ((1, WRITE), (2, WRITE), (5, WRITE), (3, READ))
        ]

    play(scenario)


def test_flushing_gives_pages_up() -> None:
    async def scenario(world: World) -> None:
        file = await world.file()
        at = await world.map(file, 4)
        await world.write(at, 0, b"dirt")
        assert await world.read(at, 1) == b"\2\2\2\2"
        await world.clean(file, 0, 4, flush=True)
        assert world.seen(file)[-2:] == [("return", 0, 1, True, False), ("lock_completed", 0, 4)]
        assert not world.object(file).pages
        assert await world.read(at, 0) == b"dirt"
        assert await world.read(at, 1) == b"\2\2\2\2"
        assert len(world.seen(file, "request")) == 4

    play(scenario)


def test_flushing_without_returning_discards() -> None:
    async def scenario(world: World) -> None:
        file = await world.file()
        at = await world.map(file, 1)
        await world.write(at, 0, b"lost")
        await world.lock(file, 0, 1, NONE, True)
        assert await world.read(at) == b"\1\1\1\1"
        assert world.seen(file, "return") == []

    play(scenario)


def test_precious_pages_are_returned_though_clean() -> None:
    async def scenario(world: World) -> None:
        file = await world.file(precious=True)
        at = await world.map(file, 4)
        assert await world.read(at, 1) == b"\2\2\2\2"
        await world.write(at, 2, b"dirt")
        await world.lock(file, 0, 4, DIRTY)
        await world.settle()
        assert world.seen(file, "return") == [("return", 2, 1, True, True)]
        await world.lock(file, 0, 4, EVERYTHING)
        await world.settle()
        assert world.seen(file, "return")[1:] == [("return", 1, 1, False, True)]
        await world.lock(file, 0, 4, EVERYTHING)
        await world.settle()
        assert len(world.seen(file, "return")) == 2, "the pager has them now"
        assert await world.read(at, 3) == b"\4\4\4\4"
        await world.unmap(at, 4)
        await world.settle()
        assert world.seen(file)[-2:] == [("return", 3, 1, False, False), ("terminate",)]

    play(scenario)


def test_long_runs_come_in_several_messages() -> None:
    async def scenario(world: World) -> None:
        file = await world.file(answer="unavailable")
        at = await world.map(file, 70)
        await world.task.write(at, b"z" * 70 * K)
        await world.clean(file, 0, 70)
        assert [entry[1:3] for entry in world.seen(file, "return")] == [(0, 32), (32, 32), (64, 6)]
        assert file.pages[69] == b"z" * K

    play(scenario)


def test_the_old_forms() -> None:
    async def scenario(world: World) -> None:
        file = await world.file(old_ready=True)

        async def provide(file: object, offset: int, length: int, access: int) -> None:
            control = world.of_control(file.control).control  # type: ignore[attr-defined, union-attr]
            await mach.memory_object_data_provided(world.task, control, offset, b"o" * K, 2)

        file.answer = provide
        at = await world.map(file, 2)
        assert await world.read(at) == b"oooo"
        await world.write(at, 0, b"new!")
        await world.clean(file, 0, 2)
        assert world.seen(file)[1:] == [
            ("request", 0, READ),
            ("unlock", 0, WRITE),
            ("write", 0, 1),
            ("lock_completed", 0, 2),
        ]

    play(scenario)


def test_attributes() -> None:
    async def scenario(world: World) -> None:
        task = world.task
        file = await world.file(may_cache=True, strategy=COPY_DELAY)
        at = await world.map(file, 2)
        assert await mach.memory_object_get_attributes(task, file.control) == (True, True, COPY_DELAY)
        await mach.memory_object_change_attributes(task, file.control, False, COPY_TEMPORARY, world.reply)
        await world.settle()
        assert ("change_completed", False, COPY_TEMPORARY) in world.log
        assert await mach.memory_object_get_attributes(task, file.control) == (True, False, COPY_TEMPORARY)
        await mach.memory_object_set_attributes(task, file.control, True, False, COPY_NONE)
        assert await mach.memory_object_get_attributes(task, file.control) == (True, False, COPY_NONE)
        await world.unmap(at, 2)

    play(scenario)


def test_an_object_is_kept_while_its_pager_allows() -> None:
    async def scenario(world: World) -> None:
        file = await world.file(may_cache=True)
        at = await world.map(file, 4)
        await world.write(at, 1, b"keep")
        await world.unmap(at, 4)
        await world.settle()
        assert world.seen(file) == [("init",), ("request", 1, WRITE)]
        at = await world.map(file, 4)
        assert await world.read(at, 1) == b"keep"
        assert world.seen(file) == [("init",), ("request", 1, WRITE)]
        await world.unmap(at, 4)
        await mach.memory_object_change_attributes(world.task, file.control, False, COPY_DELAY, 0)
        await world.settle()
        assert world.seen(file)[2:] == [("return", 1, 1, True, False), ("terminate",)]

    play(scenario)


def test_the_oldest_of_too_many_kept_objects_ends() -> None:
    async def scenario(world: World) -> None:
        files = [await world.file(may_cache=True) for _ in range(102)]
        for file in files:
            await world.unmap(await world.map(file, 1), 1)
        await world.settle()
        assert [bool(world.seen(file, "terminate")) for file in files[:3]] == [True, True, False]

    play(scenario)


def test_temporary_contents_end_with_the_object() -> None:
    async def scenario(world: World) -> None:
        file = await world.file(strategy=COPY_TEMPORARY)
        at = await world.map(file, 2)
        await world.write(at, 0, b"gone")
        await world.unmap(at, 2)
        await world.settle()
        assert world.seen(file) == [("init",), ("request", 0, WRITE), ("terminate",)]

    play(scenario)


def test_destroying_an_object_leaves_what_is_resident() -> None:
    async def scenario(world: World) -> None:
        file = await world.file(answer="nothing")
        at = await world.map(file, 4)
        await world.supply(file, 0)
        await world.write(at, 0, b"kept")
        waiting = await world.fork(world.error, world.read(at, 1))
        await world.settle()
        await mach.memory_object_destroy(world.task, file.control, 5)
        assert await waiting.join() == KernReturn.MEMORY_FAILURE
        assert await world.read(at, 0) == b"kept"
        await world.write(at, 0, b"more")
        assert await world.error(world.read(at, 2)) == KernReturn.MEMORY_FAILURE
        await world.settle()
        assert world.seen(file)[-1] == ("terminate",)
        # The port may be used again, for another object.
        file.answer = "supply"
        again = await world.map(file, 4)
        assert await world.read(again, 2) == b"\3\3\3\3"
        assert await world.error(world.read(at, 2)) == KernReturn.MEMORY_FAILURE

    play(scenario)


def test_the_name_port_says_which_object_it_is() -> None:
    async def scenario(world: World) -> None:
        task = world.task
        file = await world.file()
        at = await world.map(file, 4, first=2, protection=READ)
        _, size, protection, most, _, shared, name, offset = await mach.vm_region(
            task, task.mach_task_self, at
        )
        assert (size, protection, most, shared, offset) == (4 * K, VM_PROT_READ, ALL, False, 2 * K)
        assert name == file.name != 0
        plain = await mach.vm_allocate(task, task.mach_task_self, 0, K, True)
        assert (await mach.vm_region(task, task.mach_task_self, plain))[6] == 0

    play(scenario)


def test_what_cannot_be_mapped() -> None:
    async def scenario(world: World) -> None:
        task = world.task
        me = task.mach_task_self
        file = await world.file()
        before = len(world.vm.objects)

        async def refused(port: int, size: int, offset: int, where: int = 0, anywhere: bool = True) -> int:
            call = mach.vm_map(task, me, where, size, 0, anywhere, port, offset, False, READ, ALL, 1)
            return await world.error(call)

        assert await refused(me, K, 0) == KernReturn.INVALID_ARGUMENT, "a task is no memory object"
        assert await refused(file.port, K, 17) == KernReturn.INVALID_ARGUMENT
        assert await refused(file.port, 0, 0) == KernReturn.INVALID_ARGUMENT
        assert await refused(file.port, 2 * K, 0xFFFF_F000) == KernReturn.INVALID_ARGUMENT
        assert await refused(0xFFFF_FFFF, K, 0) == KernReturn.INVALID_ARGUMENT, "a dead name"
        assert await refused(file.port, 0xFFFF_F000, 0) == KernReturn.NO_SPACE
        await world.settle()
        assert len(world.vm.objects) == before
        assert world.seen(file) in ([], [("init",), ("terminate",)])
        at = await world.map(file, 1)
        assert await refused(file.control, K, 0) == KernReturn.INVALID_ARGUMENT
        assert await refused(file.name, K, 0) == KernReturn.INVALID_ARGUMENT
        assert await refused(file.port, K, 0, at, False) == KernReturn.NO_SPACE

    play(scenario)


def test_inheritance_shared_and_copied() -> None:
    async def scenario(world: World) -> None:
        task = world.task
        file = await world.file()
        shared = await world.map(file, 2, inheritance=0)
        copied = await world.map(file, 2, inheritance=1)
        await world.write(shared, 0, b"both")
        child = await mach.task_create(task, task.mach_task_self, True)
        await world.write(shared, 0, b"late")

        async def look(address: int) -> bytes:
            data = await mach.vm_read(task, child, address & -K, K)
            return (await task.read(data))[address % K :][:4]

        assert await look(shared) == b"late"
        assert await look(copied) == b"both"
        assert await look(copied + K) == b"\2\2\2\2"
        await mach.task_terminate(task, child)
        await task.sleep(MILLISECOND)

    play(scenario)
