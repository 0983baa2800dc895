"""Native threads share processors with everybody: turns, priorities, and time that is due."""

from kernel.interface.stubs import mach_host
from kernel.user import NativeTask
from tests.user.native_node import MILLISECOND, SECOND, NativeNode, drop_port


def spin_main(node: NativeNode, until_ns: int, done: list[int]):  # type: ignore[no-untyped-def]
    """A program that computes until a time, a call now and then; counts what it did."""
    index = len(done)
    done.append(0)

    async def spin(task: NativeTask) -> None:
        while task.now_ns < until_ns:
            task.charge("instruction", 10_000)
            done[index] += 1
            await drop_port(task, await task.mach_reply_port())

    return spin


def test_two_that_compute_get_half_each() -> None:
    node = NativeNode()
    done: list[int] = []
    for name in ("one", "two"):
        node.start(name, spin_main(node, 2 * SECOND, done))

    async def main(task: NativeTask) -> int:
        await task.sleep(2 * SECOND)
        return 3

    assert node.run(main) == 3, node.said
    assert min(done) > 0.8 * max(done)


def test_two_processors_compute_at_once() -> None:
    results = []
    for topology in ("uni", "smp:2"):
        node = NativeNode(topology)
        done: list[int] = []
        for name in ("one", "two"):
            node.start(name, spin_main(node, SECOND // 2, done))

        async def main(task: NativeTask) -> int:
            await task.sleep(SECOND // 2)
            return 3

        assert node.run(main) == 3, node.said
        results.append(sum(done))
    assert results[1] > 1.5 * results[0]


def test_what_is_due_does_not_wait_for_a_busy_program() -> None:
    """A timer is served between two calls of a thread that never waits, and a better thread runs."""
    node = NativeNode()
    node.start("busy", spin_main(node, SECOND, []))
    late: list[int] = []

    async def main(task: NativeTask) -> int:
        host = node.kernel.host.priv_port
        assert host is not None and node.kernel.first_task is not None
        name = node.kernel.ipc.copyout_send(node.kernel.first_task.space, host)
        default = await mach_host.processor_set_default(task, task.mach_host_self)
        control = await mach_host.host_processor_set_priv(task, name, default)
        me = await task.mach_thread_self()
        await mach_host.thread_max_priority(task, me, control, 0)
        await mach_host.thread_priority(task, me, 0, False)
        for _ in range(20):
            due = task.now_ns + 7 * MILLISECOND
            await task.sleep(7 * MILLISECOND)
            late.append(task.now_ns - due)
        return 3

    assert node.run(main) == 3, node.said
    assert max(late) < 2 * MILLISECOND  # one step of the busy program, at most
