"""An error that escapes from a native thread: the operator's report, the exception, the survivors."""

import pytest

from kernel.interface.constants import EXC_SOFTWARE
from kernel.interface.demultiplex import Demultiplexer
from kernel.interface.exc import exception_raise
from kernel.interface.returns import KernReturn, MachError
from kernel.interface.stubs import mach, mach_port
from kernel.node import KernelPanic
from kernel.user import Mutex, NamedMessage, NativeTask, Requests, Server
from tests.user.native_node import MILLISECOND, NativeNode, drop_port, error_of, new_port


async def fails(task: NativeTask) -> None:
    await task.sleep(MILLISECOND)
    raise ZeroDivisionError("the sum of nothing")


async def fails_in_a_call(task: NativeTask) -> None:
    await mach.vm_deallocate(task, task.mach_task_self, 0, -1)


async def fails_with_a_code(task: NativeTask) -> None:
    await mach.thread_resume(task, task.mach_task_self)


async def fails_with_a_mutex(task: NativeTask) -> None:
    async with Mutex(task):
        raise LookupError


async def fails_in_a_thread(task: NativeTask) -> None:
    await (await task.fork(fails, task)).join()


async def awaits_a_stranger(task: NativeTask) -> None:
    class Stranger:
        def __await__(self):  # type: ignore[no-untyped-def]
            yield "something"

    await Stranger()


PROGRAMS = {
    fails: "ZeroDivisionError: the sum of nothing",
    fails_in_a_call: "error",
    fails_with_a_code: "MachError: INVALID_ARGUMENT",
    fails_with_a_mutex: "LookupError",
    fails_in_a_thread: "ZeroDivisionError: the sum of nothing",
    awaits_a_stranger: "awaited something that is no wait",
}


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
def test_the_task_ends_and_nobody_else(program: object) -> None:
    node = NativeNode()

    async def scenario(task: NativeTask) -> None:
        child = await mach.task_create(task, task.mach_task_self, False)
        await task.start_program(child, program, name="faulty")  # type: ignore[arg-type]
        await task.sleep(20 * MILLISECOND)
        assert await mach_port.mach_port_type(task, task.mach_task_self, child) == 1 << 20
        await drop_port(task, child)

    node.leaves_nothing(scenario)
    assert "faulty" in node.said
    assert PROGRAMS[program] in node.said  # type: ignore[index]
    assert "in fails" in node.said or "in awaits" in node.said
    assert "task terminated" in node.said


@pytest.mark.parametrize("answer", [KernReturn.SUCCESS, KernReturn.FAILURE])
def test_the_exception_goes_to_the_tasks_port(answer: KernReturn) -> None:
    """Taken, it ends the program quietly; refused, it is as if nobody was there."""
    node = NativeNode()

    async def scenario(task: NativeTask) -> None:
        seen: list[tuple[object, ...]] = []
        port = await new_port(task)
        requests: Requests = Demultiplexer()

        async def raised(request: NamedMessage, *values: object) -> None:
            seen.append(values[2:])
            if answer:
                raise MachError(answer)
            for name in values[:2]:
                assert isinstance(name, int)
                await mach_port.mach_port_deallocate(task, task.mach_task_self, name)

        requests.serve(exception_raise, raised)
        child = await mach.task_create(task, task.mach_task_self, False)
        await mach.task_set_special_port(task, child, 3, port)
        await task.start_program(child, fails)
        server = await task.fork(Server(task, requests, port).run)
        await task.sleep(20 * MILLISECOND)
        assert seen == [(EXC_SOFTWARE, 1, 0)]
        assert await error_of(mach.task_resume(task, child)) != 0  # it is gone
        await drop_port(task, child)
        await drop_port(task, port)
        await server.join()

    node.leaves_nothing(scenario)
    assert ("task terminated" in node.said) == (answer != 0)


def test_an_error_of_the_kernel_stops_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug of the kernel is not blamed on the program that called it."""
    node = NativeNode()
    monkeypatch.setattr("kernel.ipc.named.offer", lambda *_: 1 // 0)

    async def main(task: NativeTask) -> None:
        port = await new_port(task)
        await task.send(NamedMessage(port, 19, 0, 0, 1, b""))

    with pytest.raises(KernelPanic):
        node.run(main)


def test_another_tasks_object_is_of_no_use() -> None:
    node = NativeNode()
    others: list[NativeTask] = []

    async def owner(task: NativeTask) -> None:
        others.append(task)
        await task.sleep(100 * MILLISECOND)

    async def thief(task: NativeTask) -> None:
        await others[0].mach_reply_port()

    async def main(task: NativeTask) -> int:
        await task.sleep(50 * MILLISECOND)
        return 3

    node.start("owner", owner)
    node.start("thief", thief)
    assert node.run(main) == 3
    assert "thief.2 makes a call of owner, which is another task" in node.said
