"""Requests reach the function that serves them, and every kind of failure has its answer."""

import asyncio
from collections.abc import Awaitable

import pytest

from kernel.interface.demultiplex import Answer, Demultiplexer
from kernel.interface.mach import (
    mach_ports_lookup,
    memory_object_destroy,
    task_suspend,
    vm_allocate,
    vm_region,
)
from kernel.interface.returns import KernReturn, MachError, MigReturn


def now(answer: Answer | Awaitable[Answer]) -> Answer:
    assert isinstance(answer, Answer)
    return answer


def later(answer: Answer | Awaitable[Answer]) -> Answer:
    assert not isinstance(answer, Answer)

    async def wait() -> Answer:
        return await answer

    return asyncio.run(wait())


@pytest.fixture
def demultiplexer() -> Demultiplexer[str]:
    return Demultiplexer()


def test_one_result(demultiplexer: Demultiplexer[str]) -> None:
    seen: list[object] = []

    def allocate(task: str, address: int, size: int, anywhere: int) -> int:
        seen.extend((task, address, size, anywhere))
        return 0x4000

    demultiplexer.serve(vm_allocate, allocate)
    answer = now(demultiplexer.answer(2022, "task", *vm_allocate.encode_request(0, 4096, True)))
    assert seen == ["task", 0, 4096, 1]
    assert answer.code == 0 and answer.is_sent
    assert vm_allocate.decode_reply(answer.body, answer.carried) == (0, (0x4000,))


def test_no_result_and_several(demultiplexer: Demultiplexer[str]) -> None:
    demultiplexer.serve(task_suspend, lambda task: None)
    demultiplexer.serve(vm_region, lambda task, address: (1, 2, 3, 7, 1, False, None, 0))
    answer = now(demultiplexer.answer(task_suspend.id, "task", b"", ()))
    assert task_suspend.decode_reply(answer.body, answer.carried) == (0, ())
    answer = now(demultiplexer.answer(vm_region.id, "task", *vm_region.encode_request(0)))
    assert vm_region.decode_reply(answer.body, answer.carried) == (0, (1, 2, 3, 7, 1, 0, None, 0))


def test_one_result_that_is_a_tuple(demultiplexer: Demultiplexer[str]) -> None:
    demultiplexer.serve(mach_ports_lookup, lambda task: ("a", "b"))
    answer = now(demultiplexer.answer(mach_ports_lookup.id, "task", b"", ()))
    assert mach_ports_lookup.decode_reply(answer.body, answer.carried) == (0, (("a", "b"),))


def test_failure_is_a_bare_return_code(demultiplexer: Demultiplexer[str]) -> None:
    def fail(task: str) -> None:
        raise MachError(KernReturn.FAILURE)

    demultiplexer.serve(task_suspend, fail)
    answer = now(demultiplexer.answer(task_suspend.id, "task", b"", ()))
    assert (answer.code, answer.carried, answer.is_sent) == (KernReturn.FAILURE, (), True)
    assert task_suspend.decode_reply(answer.body, ()) == (KernReturn.FAILURE, ())


def test_unknown_id(demultiplexer: Demultiplexer[str]) -> None:
    answer = now(demultiplexer.answer(4711, "task", b"whatever", ()))
    assert answer.code == MigReturn.BAD_ID
    assert task_suspend.decode_reply(answer.body, ()) == (MigReturn.BAD_ID, ())


def test_malformed_request_is_answered_even_by_a_simple_routine(demultiplexer: Demultiplexer[str]) -> None:
    demultiplexer.serve(memory_object_destroy, lambda control, reason: None)
    answer = now(demultiplexer.answer(memory_object_destroy.id, "control", b"", ()))
    assert (answer.code, answer.is_sent) == (MigReturn.BAD_ARGUMENTS, True)


def test_simple_routine_is_not_answered(demultiplexer: Demultiplexer[str]) -> None:
    def fail(control: str, reason: int) -> None:
        if reason:
            raise MachError(reason)

    demultiplexer.serve(memory_object_destroy, fail)
    for reason in (0, 5):
        request = memory_object_destroy.encode_request(reason)
        assert not now(demultiplexer.answer(memory_object_destroy.id, "control", *request)).is_sent


def test_work_that_waits(demultiplexer: Demultiplexer[str]) -> None:
    async def allocate(task: str, address: int, size: int, anywhere: int) -> int:
        await asyncio.sleep(0)
        if not size:
            raise MachError(KernReturn.NO_SPACE)
        return address

    demultiplexer.serve(vm_allocate, allocate)
    answer = later(demultiplexer.answer(2022, "task", *vm_allocate.encode_request(7, 4096, False)))
    assert vm_allocate.decode_reply(answer.body, answer.carried) == (0, (7,))
    answer = later(demultiplexer.answer(2022, "task", *vm_allocate.encode_request(7, 0, False)))
    assert answer.code == KernReturn.NO_SPACE


def test_a_routine_is_served_once(demultiplexer: Demultiplexer[str]) -> None:
    demultiplexer.serve(task_suspend, lambda task: None)
    with pytest.raises(AssertionError, match="served twice"):
        demultiplexer.serve(task_suspend, lambda task: None)
    assert demultiplexer.served == {task_suspend.id}
