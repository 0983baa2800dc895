"""Suspension and termination of native threads: at their boundaries, in every kind of wait."""

from collections.abc import Awaitable, Callable

import pytest

from kernel.interface.constants import MACH_MSG_TYPE_COPY_SEND, MACH_RCV_INTERRUPT, MACH_RCV_MSG
from kernel.interface.demultiplex import Demultiplexer
from kernel.interface.device import device_read
from kernel.interface.returns import KernReturn, MsgReturn
from kernel.interface.stubs import bootstrap, device, mach, mach_port
from kernel.user import (
    Condition,
    Mutex,
    NamedMessage,
    NativeTask,
    NativeThread,
    Requests,
    Server,
    ThreadTerminated,
)
from tests.user.native_node import MILLISECOND, NativeNode, drop_port, error_of, new_port, receive, trial_wait


class Scene:
    """What the threads to be terminated wait for, and what they left word of."""

    def __init__(self, task: NativeTask) -> None:
        self.task = task
        self.log: list[str] = []
        self.mutex = Mutex(task)
        self.condition = Condition(task, self.mutex)
        self.port = 0  # empty: to receive from
        self.full = 0  # to send to
        self.console = 0
        self.server = 0
        self.sleeper: NativeThread[None] | None = None

    async def waits_to_receive(self) -> None:
        await self.task.receive(self.port)

    async def waits_for_a_reply(self) -> None:
        await self.task.call(trial_wait, self.port, 1)

    async def waits_for_room(self) -> None:
        await self.task.send(NamedMessage(self.full, MACH_MSG_TYPE_COPY_SEND, 0, 0, 1, b""))

    async def waits_for_the_kernel(self) -> None:
        await self.task.call(device_read, self.console, 0, 0, 10)

    async def waits_for_a_mutex(self) -> None:
        async with self.mutex:
            raise AssertionError

    async def waits_for_a_condition(self) -> None:
        async with self.mutex:
            await self.condition.wait()

    async def waits_with_a_mutex(self) -> None:
        async with Mutex(self.task):
            await self.task.receive(self.port)

    async def sleeps(self) -> None:
        await self.task.sleep(10**15)

    async def joins(self) -> None:
        assert self.sleeper is not None
        await self.sleeper.join()

    async def runs(self) -> None:
        while True:
            self.task.charge("trap", 50)
            await error_of(mach.thread_resume(self.task, self.task.mach_task_self))


WAYS = [
    Scene.waits_to_receive,
    Scene.waits_for_a_reply,
    Scene.waits_for_room,
    Scene.waits_for_the_kernel,
    Scene.waits_for_a_mutex,
    Scene.waits_for_a_condition,
    Scene.waits_with_a_mutex,
    Scene.sleeps,
    Scene.joins,
    Scene.runs,
]


async def make_scene(task: NativeTask) -> Scene:
    scene = Scene(task)
    scene.port = await new_port(task)
    scene.full = await new_port(task)
    await mach_port.mach_port_set_qlimit(task, task.mach_task_self, scene.full, 0)
    _, master = await bootstrap.bootstrap_privileged_ports(task, task.bootstrap_port)
    scene.console = await device.device_open(task, master, 1, "console")
    scene.sleeper = await task.fork(scene.sleeps)
    return scene


async def victim(scene: Scene, way: Callable[[Scene], Awaitable[None]]) -> None:
    """Wait; then try what a thread that is being terminated can do."""
    log = scene.log
    try:
        log.append("waits")
        await way(scene)
    except Exception as error:
        log.append(f"error {error!r}")
    except ThreadTerminated:
        log.append("unwinds")
        raise
    finally:
        for call in (scene.task.mach_reply_port(), scene.task.swtch(), scene.mutex.lock()):
            try:
                await call
            except ThreadTerminated:
                log.append("no call")
        scene.task.charge("trap")


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
@pytest.mark.parametrize("whole_task", [False, True], ids=["thread", "task"])
@pytest.mark.parametrize("suspended", [False, True], ids=["", "suspended"])
def test_terminated_in(way: Callable[[Scene], Awaitable[None]], whole_task: bool, suspended: bool) -> None:
    node = NativeNode()
    logs: list[list[str]] = []

    async def program(task: NativeTask) -> None:
        """Makes the scene, and ends the thread itself or waits to be ended as a whole."""
        scene = await make_scene(task)
        logs.append(scene.log)
        if way is Scene.waits_for_a_mutex:
            await scene.mutex.lock()
        thread = await task.fork(victim, scene, way)
        name = await thread.port()
        await task.sleep(MILLISECOND)
        if suspended:
            await mach.thread_suspend(task, name)
            await task.sleep(MILLISECOND)
        if whole_task:
            await task.sleep(10**15)
        assert scene.log == ["waits"]
        await mach.thread_terminate(task, name)
        assert await error_of(thread.join()) == KernReturn.ABORTED
        if scene.mutex.locked:
            scene.mutex.unlock()
        async with scene.mutex:
            pass
        assert await error_of(mach.thread_resume(task, name)) != 0

    async def scenario(task: NativeTask) -> None:
        child = await mach.task_create(task, task.mach_task_self, False)
        await mach.task_set_special_port(task, child, 4, task.bootstrap_port)
        await task.start_program(child, program, name="victim")
        await task.sleep(500 * MILLISECOND)
        if whole_task:
            await mach.task_terminate(task, child)
            await task.sleep(200 * MILLISECOND)
        assert await mach_port.mach_port_type(task, task.mach_task_self, child) == 1 << 20, node.said
        await drop_port(task, child)
        assert logs.pop() == ["waits", "unwinds", "no call", "no call", "no call"]

    node.leaves_nothing(scenario)
    assert "error" not in node.said


def test_terminated_before_it_began() -> None:
    node = NativeNode()

    async def never(task: NativeTask) -> None:
        raise AssertionError

    async def scenario(task: NativeTask) -> None:
        child = await mach.task_create(task, task.mach_task_self, False)
        await mach.task_suspend(task, child)
        await task.start_program(child, never)
        await task.sleep(MILLISECOND)
        await mach.task_terminate(task, child)
        await drop_port(task, child)

    node.leaves_nothing(scenario)
    assert not node.said


def test_a_thread_ends_itself() -> None:
    async def scenario(task: NativeTask) -> None:
        async def exits() -> int:
            await task.sleep(MILLISECOND)
            task.exit(5)

        async def terminates() -> None:
            await mach.thread_terminate(task, await task.mach_thread_self())
            raise AssertionError

        assert await (await task.fork(exits)).join() == 5
        thread = await task.fork(terminates)
        assert await error_of(thread.join()) == KernReturn.ABORTED
        assert await thread.port() == 0

    node = NativeNode()

    async def wrapped(task: NativeTask) -> None:
        child = await mach.task_create(task, task.mach_task_self, False)
        await task.start_program(child, scenario)
        await task.sleep(10 * MILLISECOND)
        await drop_port(task, child)

    node.leaves_nothing(wrapped)
    assert not node.said


def test_a_suspended_thread_stops_at_its_next_boundary() -> None:
    """Also in the middle of a wait: the message is received, but the program does not run on."""
    node = NativeNode()
    steps: list[int] = []

    async def scenario(task: NativeTask) -> None:
        steps.clear()
        port = await new_port(task)

        async def counts() -> None:
            while True:
                message = await task.receive(port)
                steps.append(message.id)
                if message.id == 4:
                    return

        async def say(number: int) -> None:
            await task.send(NamedMessage(port, MACH_MSG_TYPE_COPY_SEND, 0, 0, number, b""))
            await task.sleep(MILLISECOND)

        thread = await task.fork(counts)
        name = await thread.port()
        await say(1)
        await mach.thread_suspend(task, name)
        await say(2)
        await say(3)
        assert steps == [1]
        assert (await mach.thread_info(task, name, 1))[7] in (2, 3)  # stopped, or waiting
        await mach.thread_resume(task, name)
        await task.sleep(MILLISECOND)
        assert steps == [1, 2, 3]
        await say(4)
        await thread.join()
        await mach_port.mach_port_deallocate(task, task.mach_task_self, name)
        await drop_port(task, port)

    node.leaves_nothing(scenario)


def test_a_thread_suspends_itself() -> None:
    async def scenario(task: NativeTask) -> None:
        done: list[int] = []

        async def suspends() -> None:
            name = await task.mach_thread_self()
            await mach.thread_suspend(task, name)
            done.append(1)
            await mach_port.mach_port_deallocate(task, task.mach_task_self, name)

        thread = await task.fork(suspends)
        await task.sleep(MILLISECOND)
        assert not done
        name = await thread.port()
        await mach.thread_resume(task, name)
        await thread.join()
        await drop_port(task, name)
        assert done

    NativeNode().leaves_nothing(scenario)


def test_abort_interrupts_what_may_be_interrupted() -> None:
    async def scenario(task: NativeTask) -> None:
        port = await new_port(task)
        results: list[int] = []

        async def waits(option: int) -> None:
            results.append(await error_of(task.mach_msg(option, None, port)))

        async def sleeps() -> None:
            results.append(await error_of(task.sleep(10**12)))

        for function, arguments in ((waits, (MACH_RCV_MSG | MACH_RCV_INTERRUPT,)), (sleeps, ())):
            thread = await task.fork(function, *arguments)
            name = await thread.port()
            await task.sleep(MILLISECOND)
            await mach.thread_abort(task, name)
            await thread.join()
            await drop_port(task, name)
        assert results == [MsgReturn.RCV_INTERRUPTED, KernReturn.ABORTED]
        # Without the option the receive is restarted.
        thread = await task.fork(waits, MACH_RCV_MSG)
        name = await thread.port()
        await task.sleep(MILLISECOND)
        await mach.thread_abort(task, name)
        await task.sleep(MILLISECOND)
        assert not thread.done
        await task.send(NamedMessage(port, MACH_MSG_TYPE_COPY_SEND, 0, 0, 1, b""))
        await thread.join()
        assert results[2:] == [0]
        await drop_port(task, name)
        await drop_port(task, port)

    NativeNode().leaves_nothing(scenario)


def test_state_and_information_of_a_native_thread() -> None:
    async def scenario(task: NativeTask) -> None:
        async def sleeps() -> None:
            task.charge("trap", 1000)
            await task.sleep(10 * MILLISECOND)

        thread = await task.fork(sleeps)
        name = await thread.port()
        await task.sleep(9 * MILLISECOND)
        assert await error_of(mach.thread_get_state(task, name, 1)) == KernReturn.INVALID_ARGUMENT
        assert await error_of(mach.thread_set_state(task, name, 1, (0,) * 17)) == KernReturn.INVALID_ARGUMENT
        info = await mach.thread_info(task, name, 1)
        assert info[0] * 1_000_000 + info[1] > 0  # user time: what it charged
        threads = await mach.task_threads(task, task.mach_task_self)
        assert len(threads) == 2
        for other in (*threads, name):
            await mach_port.mach_port_deallocate(task, task.mach_task_self, other)
        await thread.join()

    NativeNode().leaves_nothing(scenario)


def test_a_server_outlives_clients_that_die_in_its_calls() -> None:
    node = NativeNode()
    service = node.port()

    async def server(task: NativeTask) -> None:
        requests: Requests = Demultiplexer()

        async def wait(request: NamedMessage, milliseconds: object) -> None:
            assert isinstance(milliseconds, int)
            await task.sleep(milliseconds * MILLISECOND)

        requests.serve(trial_wait, wait)
        await Server(task, requests, task.ports["service"], threads=3).run()

    node.start("server", server, service=receive(service))

    async def client(task: NativeTask) -> None:
        await task.call(trial_wait, task.ports["server"], 50)

    async def scenario(task: NativeTask) -> None:
        for _ in range(5):
            doomed = node.start("client", client, server=service)
            await task.sleep(5 * MILLISECOND)
            node.kernel.terminate_task(doomed)
        server = node.kernel.ipc.copyout_send(node.kernel.first_task.space, service)  # type: ignore[union-attr]
        began = task.now_ns
        await task.call(trial_wait, server, 1)
        assert task.now_ns - began < 100 * MILLISECOND
        await drop_port(task, server)

    node.leaves_nothing(scenario)
    assert not node.said
