"""Pagers that do not answer, lie, die, hold on to what they got, or say too much.

Whatever they do hurts only those who use their objects, and not for longer than the node's time-out;
the whole state of the node is checked after each (``World.settle``), and nothing may be left.
"""

import pytest

from kernel.interface.body import CarriedMemory
from kernel.interface.constants import MACH_MSG_TYPE_MOVE_RECEIVE
from kernel.interface.returns import KernReturn
from kernel.interface.stubs import mach, mach_port
from kernel.interface.values import Right
from kernel.user import NativeTask, Requests, Server
from tests.user.native_node import MILLISECOND, SECOND, new_port
from tests.xmm.world import COPY_CALL, DIRTY, READ, WRITE, File, K, World, play

TIMEOUT = 60 * SECOND


def test_a_pager_that_is_never_ready() -> None:
    async def scenario(world: World) -> None:
        file = await world.file(says_ready=False)
        begin = world.task.now_ns
        assert await world.error(world.map(file, 1)) == KernReturn.MEMORY_ERROR
        assert TIMEOUT <= world.task.now_ns - begin < TIMEOUT + SECOND
        await world.settle()
        assert world.seen(file) == [("init",), ("terminate",)]

    play(scenario)


def test_a_pager_that_does_not_answer() -> None:
    async def scenario(world: World) -> None:
        file = await world.file(answer="nothing")
        at = await world.map(file, 2)
        await world.supply(file, 1)
        waiting = await world.fork(world.error, world.read(at, 0))
        await world.task.sleep(10 * SECOND)
        begin = world.task.now_ns
        assert await world.error(world.read(at, 0)) == KernReturn.MEMORY_ERROR
        assert TIMEOUT <= world.task.now_ns - begin < TIMEOUT + SECOND
        assert waiting.done and await waiting.join() == KernReturn.MEMORY_ERROR
        assert await world.read(at, 1) == b"\2" * 4, "the rest of it is as before"
        assert world.seen(file, "request") == [("request", 0, READ)]
        file.answer = "supply"
        assert await world.read(at, 0) == b"\1" * 4, "the next touch asks again"
        assert world.seen(file, "request") == [("request", 0, READ)] * 2

    play(scenario)


def test_the_time_is_the_nodes_to_set() -> None:
    async def scenario(world: World) -> None:
        world.vm.pager_timeout_ns = SECOND
        file = await world.file(answer="nothing")
        at = await world.map(file, 1)
        begin = world.task.now_ns
        assert await world.error(world.read(at)) == KernReturn.MEMORY_ERROR
        assert SECOND <= world.task.now_ns - begin < 2 * SECOND
        await world.supply(file, 0)  # late, but welcome
        assert await world.read(at) == b"\1" * 4

    play(scenario)


def test_a_pager_that_locks_and_never_unlocks() -> None:
    async def scenario(world: World) -> None:
        file = await world.file(lock=2, unlocks=False)
        at = await world.map(file, 1)
        assert await world.error(world.write(at, 0, b"x")) == KernReturn.MEMORY_ERROR
        assert await world.read(at) == b"\1" * 4
        file.unlocks = True
        await world.write(at, 0, b"good")
        assert world.seen(file, "unlock") == [("unlock", 0, WRITE)] * 2

    play(scenario)


def test_a_pager_of_copies_that_does_not_serve_them() -> None:
    async def scenario(world: World) -> None:
        file = await world.file(strategy=COPY_CALL)
        at = await world.map(file, 1)
        await world.write(at, 0, b"orig")

        def ignore(message: object, control: int, offset: int, length: int, new: int) -> None:
            world.log.append(("copy", file, offset, length, new))

        world.requests._served[2202] = (world.requests._served[2202][0], ignore)
        copy = await world.map(file, 1, copy=True)
        assert await world.error(world.read(copy)) == KernReturn.MEMORY_ERROR
        await world.write(at, 0, b"more")
        await world.settle()
        new = world.seen(file, "copy")[0][3]
        await mach_port.mach_port_destroy(world.task, world.task.mach_task_self, new)  # type: ignore[arg-type]
        assert await world.error(world.read(copy)) == KernReturn.MEMORY_FAILURE

    play(scenario)


def test_a_pager_that_dies() -> None:
    async def scenario(world: World) -> None:
        file, other = await world.file(answer="nothing", unlocks=False), await world.file()
        at, safe = await world.map(file, 4), await world.map(other, 4)
        await world.supply(file, 0)
        await world.supply(file, 3, lock=2)
        await world.write(at, 0, b"kept")
        waiting = await world.fork(world.error, world.read(at, 1))
        writing = await world.fork(world.error, world.write(at, 3, b"x"))
        await world.settle()
        await mach_port.mach_port_mod_refs(world.task, world.task.mach_task_self, file.port, 1, -1)
        assert await waiting.join() == KernReturn.MEMORY_FAILURE
        assert await writing.join() == KernReturn.MEMORY_FAILURE
        assert await world.read(at, 0) == b"kept" and await world.read(at, 3) == b"\4" * 4
        await world.write(at, 0, b"more")
        assert await world.error(world.read(at, 2)) == KernReturn.MEMORY_FAILURE
        assert await world.error(world.map(file, 1)) == KernReturn.INVALID_ARGUMENT
        # A copy of what is resident can be made; of the rest, none.
        data = await mach.vm_read(world.task, world.task.mach_task_self, at, K)
        assert (await world.task.read(data))[:4] == b"more"
        assert await world.read(safe, 1) == b"\2" * 4
        assert await mach_port.mach_port_type(world.task, world.task.mach_task_self, file.control) == 1 << 20
        await world.unmap(safe, 4)
        await world.settle()

    play(scenario)


def test_a_pager_that_dies_before_it_is_ready() -> None:
    async def scenario(world: World) -> None:
        file = await world.file(says_ready=False)
        mapping = await world.fork(world.error, world.map(file, 1))
        await world.settle()
        await mach_port.mach_port_mod_refs(world.task, world.task.mach_task_self, file.port, 1, -1)
        assert await mapping.join() == KernReturn.INVALID_ARGUMENT

    play(scenario)


def test_a_kept_object_whose_pager_dies_ends() -> None:
    async def scenario(world: World) -> None:
        file = await world.file(may_cache=True)
        at = await world.map(file, 2)
        await world.write(at, 0, b"lost")
        await world.unmap(at, 2)
        objects = len(world.vm.objects)
        await mach_port.mach_port_mod_refs(world.task, world.task.mach_task_self, file.port, 1, -1)
        assert len(world.vm.objects) == objects - 1 and not world.vm.kept
        file.may_cache = False

    play(scenario)


def test_a_task_that_is_a_pager_and_is_terminated() -> None:
    async def scenario(world: World) -> None:
        task = world.task
        child = await mach.task_create(task, task.mach_task_self, False)
        port = await new_port(task)
        there = 0x6601
        await mach_port.mach_port_insert_right(task, child, there, Right(port, MACH_MSG_TYPE_MOVE_RECEIVE))

        async def serve(pager: NativeTask) -> None:
            requests: Requests = Requests()
            names = []

            async def init(message: object, control: int, name: int, size: int) -> None:
                names.append(control)
                await mach.memory_object_ready(pager, control, True, 2)

            for old, new in ((2200, init), (2203, lambda *rest: None)):
                requests._served[old] = (world.requests._served[old][0], new)
            await Server(pager, requests, there).run()

        await task.start_program(child, serve)
        file = File(9, port)
        at = await world.map(file, 2)
        waiting = await world.fork(world.error, world.read(at, 1))
        await world.settle()
        assert not waiting.done
        await mach.task_terminate(task, child)
        assert await waiting.join() == KernReturn.MEMORY_FAILURE

    play(scenario)


def test_a_waiting_thread_can_be_aborted_and_terminated() -> None:
    async def scenario(world: World) -> None:
        task = world.task
        file = await world.file(answer="nothing")
        at = await world.map(file, 2)
        waiting = await world.fork(world.error, world.read(at, 1))
        await world.settle()
        await mach.thread_abort(task, await waiting.port())
        assert await waiting.join() == KernReturn.ABORTED
        doomed = await world.fork(world.read, at, 1)
        await world.settle()
        begin = task.now_ns
        await mach.thread_terminate(task, await doomed.port())
        assert await world.error(doomed.join()) == KernReturn.ABORTED
        assert task.now_ns - begin < SECOND
        mapping = await world.fork(world.error, world.map(await world.file(says_ready=False), 1))
        await world.settle()
        await mach.thread_abort(task, await mapping.port())
        await world.settle()
        assert mapping.done
        await world.supply(file, 1)
        assert await world.read(at, 1) == b"\2" * 4

    play(scenario)


ABSURD_RANGES = [(1, K), (K - 1, K), (0xFFFF_F000, 2 * K), (0, 0xFFFF_FFFF), (4 * K, 0xFFFF_F000), (5, 0)]


def test_absurd_ranges() -> None:
    async def scenario(world: World) -> None:
        task = world.task
        file = await world.file(answer="nothing")
        at = await world.map(file, 4)
        await world.supply(file, 0)
        waiting = await world.fork(world.read, at, 1)
        await world.settle()
        for offset, size in ABSURD_RANGES:
            if offset == 0:
                continue  # all there is: that has a sense
            await mach.memory_object_data_unavailable(task, file.control, offset, size)
            await mach.memory_object_data_error(task, file.control, offset, size, 5)
            await mach.memory_object_lock_request(
                task, file.control, offset, size, DIRTY, True, 0, world.reply
            )
        await mach.memory_object_lock_request(task, file.control, 0, 0xFFFF_F000, 0, False, 2, world.reply)
        await mach.memory_object_lock_request(task, file.control, 0x8000_0000, K, 2, True, 7, world.reply)
        await world.settle()
        assert not waiting.done and await world.read(at, 0) == b"\1" * 4
        assert world.seen(file, "lock_completed") == [
            ("lock_completed", 0, 0xFFFF_F000 // K),
            ("lock_completed", 0x8_0000, 1),
        ]
        await world.supply(file, 1)
        await waiting.join()

    play(scenario)


@pytest.mark.parametrize(
    ("offset", "data", "lock"),
    [
        (1, bytes(K), 0),
        (0, bytes(K - 1), 0),
        (0, b"x", 0),
        (0, bytes(K), 8),
        (0, bytes(K), -1),
        (4294963200, bytes(2 * K), 0),
    ],
)
def test_absurd_supplies_are_refused(offset: int, data: bytes, lock: int) -> None:
    async def scenario(world: World) -> None:
        file = await world.file()
        at = await world.map(file, 2)
        frames = world.vm.memory.free_count
        await mach.memory_object_data_supply(world.task, file.control, offset, data, lock, True, world.reply)
        await world.settle()
        assert world.log[-1][0] == "supply_completed"
        assert world.log[-1][4] == KernReturn.INVALID_ARGUMENT
        assert world.vm.memory.free_count == frames
        assert await world.read(at) == b"\1" * 4

    play(scenario)


def test_supplies_beyond_the_end_and_twice() -> None:
    async def scenario(world: World) -> None:
        file = await world.file(answer="nothing")
        at = await world.map(file, 2)
        await world.supply(file, 1, 3, reply=True)
        await world.supply(file, 0, 1, reply=True)
        await world.supply_data(file, 0, b"?" * K, reply=True)
        await world.supply(file, 100, 1)
        await world.settle()
        assert world.seen(file, "supply_completed") == [
            ("supply_completed", 1, 3, KernReturn.INVALID_ARGUMENT, 2),
            ("supply_completed", 0, 1, 0, 0),
            ("supply_completed", 0, 1, KernReturn.MEMORY_PRESENT, 0),
        ]
        assert [await world.read(at, page) for page in range(2)] == [b"\1" * 4, b"\2" * 4]
        await mach.memory_object_data_supply(world.task, file.control, 0, b"", 0, False, world.reply)

    play(scenario)


def test_answers_to_what_nobody_asked() -> None:
    async def scenario(world: World) -> None:
        file = await world.file()
        at = await world.map(file, 4)
        await world.write(at, 0, b"mine")
        for page in range(4):
            await mach.memory_object_data_error(world.task, file.control, page * K, K, 5)
            await mach.memory_object_data_unavailable(world.task, file.control, page * K, K)
        await world.ready(file)
        await world.ready(file)
        assert await world.read(at, 0) == b"mine" and await world.read(at, 1) == b"\2" * 4

    play(scenario)


def test_odd_values() -> None:
    async def scenario(world: World) -> None:
        task = world.task
        file = await world.file()
        at = await world.map(file, 2)
        await world.write(at, 0, b"mine")
        control = file.control
        attributes = await mach.memory_object_get_attributes(task, control)
        for strategy in (-1, 4, 1 << 30):
            await mach.memory_object_ready(task, control, True, strategy)
            await mach.memory_object_change_attributes(task, control, True, strategy, world.reply)
            await mach.memory_object_set_attributes(task, control, False, True, strategy)
        assert await mach.memory_object_get_attributes(task, control) == attributes
        for returns, lock in ((3, 0), (-1, 0), (0, 16), (0, 9), (0, -1)):
            await mach.memory_object_lock_request(task, control, 0, K, returns, True, lock, world.reply)
        receive = await new_port(task)
        from kernel.interface import mach as declared

        await task.call(
            declared.memory_object_lock_request,
            control,
            0,
            K,
            0,
            True,
            0,
            Right(receive, MACH_MSG_TYPE_MOVE_RECEIVE),
        )
        await world.settle()
        assert not world.seen(file, "lock_completed", "change_completed")
        assert await world.read(at) == b"mine" and not world.seen(file, "return")

    play(scenario)


def test_a_pager_that_supplies_its_own_unavailable_memory() -> None:
    """Its data is a page of the very object that waits for it: only the pager's own thread waits."""

    async def scenario(world: World) -> None:
        file = await world.file(answer="nothing")
        at = await world.map(file, 2)
        world.vm.pager_timeout_ns = SECOND
        from kernel.user import Region

        begin = world.task.now_ns
        await world.supply_data(file, 0, CarriedMemory(0, K, Region(at + K)), reply=True)
        assert world.task.now_ns - begin >= SECOND
        await world.settle()
        assert not world.seen(file, "supply_completed"), "the call failed"

    play(scenario)


def test_a_flood_of_calls() -> None:
    async def scenario(world: World) -> None:
        task = world.task
        file = await world.file(answer="unavailable")
        at = await world.map(file, 8)
        await world.write(at, 3, b"mine")
        for number in range(300):
            await mach.memory_object_lock_request(task, file.control, 0, 8 * K, number % 3, False, 0, 0)
            await mach.memory_object_change_attributes(task, file.control, bool(number % 2), number % 4, 0)
            await mach.memory_object_data_supply(task, file.control, 5 * K, b"f" * K, 0, False, 0)
        await mach.memory_object_change_attributes(task, file.control, False, 2, 0)
        assert await world.read(at, 3) == b"mine" and await world.read(at, 5) == b"ffff"
        assert await world.read(at, 6) == bytes(4)

    play(scenario)


def test_a_pager_that_reads_nothing_does_not_hold_up_the_kernel() -> None:
    async def scenario(world: World) -> None:
        task = world.task
        port = await new_port(task)
        file = File(9, port)
        threads = [await world.fork(world.error, world.map(file, 1)) for _ in range(20)]
        await world.settle()
        begin = task.now_ns
        for thread in threads:
            assert await thread.join() == KernReturn.MEMORY_ERROR
        assert task.now_ns - begin < TIMEOUT + SECOND
        await mach_port.mach_port_destroy(task, task.mach_task_self, port)
        await task.sleep(MILLISECOND)

    play(scenario)


def test_calls_on_the_ports_of_an_object_that_has_ended() -> None:
    async def scenario(world: World) -> None:
        task = world.task
        file = await world.file()
        at = await world.map(file, 1)
        control, name = file.control, file.name

        def keep(message: object, control: int, name: int) -> None:
            world.log.append(("terminate", file))

        world.requests._served[2201] = (world.requests._served[2201][0], keep)
        await world.unmap(at, 1)
        await world.settle()
        # They are ordinary ports now, and the pager's.
        status = await mach_port.mach_port_get_receive_status(task, task.mach_task_self, control)
        assert status is not None
        await mach.memory_object_lock_request(task, control, 0, K, 0, True, 0, 0)
        message = await task.receive(control)
        assert message.id == 2045
        for port in (control, name):
            await mach_port.mach_port_destroy(task, task.mach_task_self, port)

    play(scenario)
