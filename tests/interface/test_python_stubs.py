"""The Python stubs: arguments reach a server, and results come back as their types say."""

import asyncio
from collections.abc import Coroutine
from typing import TypeVar

import pytest

from kernel.interface import device as device_calls
from kernel.interface import mach as mach_calls
from kernel.interface import mach_debug as mach_debug_calls
from kernel.interface import mach_host as mach_host_calls
from kernel.interface import mach_port as mach_port_calls
from kernel.interface.body import CarriedMemory
from kernel.interface.caller import Caller, PortName
from kernel.interface.declare import Routine
from kernel.interface.demultiplex import Answer, Demultiplexer
from kernel.interface.returns import KernReturn, MachError
from kernel.interface.stubs import device, mach, mach_debug, mach_host, mach_port
from kernel.interface.values import Right

T = TypeVar("T")


class Loop:
    """A caller whose requests a demultiplexer answers at once."""

    def __init__(self) -> None:
        self.server = Demultiplexer[PortName]()
        self.reply_ports: list[PortName] = []

    async def call(
        self, routine: Routine, port: PortName | Right, *ins: object, reply_port: PortName = 0
    ) -> tuple[object, ...]:
        self.reply_ports.append(reply_port)
        values = list(ins)
        for place in routine.port_ins:
            value = values[place.index]
            if isinstance(value, Right) and not place.takes_right:
                values[place.index] = value.port
            elif place.takes_right and not isinstance(value, Right):
                values[place.index] = Right(value, 18)
        assert isinstance(port, int)
        answer = self.server.answer(routine.id, port, *routine.encode_request(*values))
        assert isinstance(answer, Answer)
        if not answer.is_sent:
            return ()
        code, outs = routine.decode_reply(answer.body, answer.carried)
        if code:
            raise MachError(code)
        return outs

    async def read(self, memory: CarriedMemory) -> bytes:
        assert isinstance(memory.memory, bytes)
        return memory.memory


def run(work: Coroutine[object, object, T]) -> T:
    return asyncio.run(work)


@pytest.fixture
def loop() -> Loop:
    return Loop()


def test_a_loop_is_a_caller(loop: Loop) -> None:
    caller: Caller = loop
    assert caller is loop


def test_one_result(loop: Loop) -> None:
    loop.server.serve(mach_calls.vm_allocate, lambda task, *ins: sum(ins) + task)
    assert run(mach.vm_allocate(loop, 1000, 0x2000, 4096, True)) == 1000 + 0x2000 + 4096 + 1


def test_failure_raises(loop: Loop) -> None:
    def fail(task: PortName) -> None:
        raise MachError(KernReturn.INVALID_ARGUMENT)

    loop.server.serve(mach_calls.task_suspend, fail)
    with pytest.raises(MachError, match="INVALID_ARGUMENT"):
        run(mach.task_suspend(loop, 1))


def test_several_results_and_truth_values(loop: Loop) -> None:
    loop.server.serve(mach_calls.vm_region, lambda task, address: (address, 1, 2, 3, 4, 5, 6, 7))
    assert run(mach.vm_region(loop, 1, 0)) == (0, 1, 2, 3, 4, True, 6, 7)


def test_simple_routine(loop: Loop) -> None:
    seen: list[object] = []
    loop.server.serve(mach_calls.memory_object_lock_request, lambda port, *ins: seen.extend(ins))
    assert run(mach.memory_object_lock_request(loop, 1, 0, 4096, 2, True, 8, 55)) is None
    assert seen == [0, 4096, 2, 1, 8, Right(55, 18)]


def test_room_is_given_by_the_stub(loop: Loop) -> None:
    loop.server.serve(mach_calls.task_info, lambda task, flavor, room: (flavor, room))
    assert run(mach.task_info(loop, 1, 2)) == (2, 1024)


def test_arrays_out_of_line(loop: Loop) -> None:
    loop.server.serve(mach_port_calls.mach_port_names, lambda task: ((1, 2), (3, 4)))
    assert run(mach_port.mach_port_names(loop, 1)) == ((1, 2), (3, 4))
    loop.server.serve(mach_calls.task_threads, lambda task: (7, 8))
    assert run(mach.task_threads(loop, 1)) == (7, 8)
    loop.server.serve(mach_calls.vm_read, lambda task, address, size: b"x" * size)
    memory = run(mach.vm_read(loop, 1, 0, 10))
    assert run(loop.read(memory)) == b"x" * 10


@pytest.mark.parametrize("length", [3, 600])
def test_array_that_comes_in_line_or_out_of_line(loop: Loop, length: int) -> None:
    buckets = tuple(range(length))
    loop.server.serve(mach_debug_calls.host_ipc_hash_info, lambda host, room: buckets)
    assert run(mach_debug.host_ipc_hash_info(loop, 1)) == buckets


def test_strings_and_structures(loop: Loop) -> None:
    loop.server.serve(mach_host_calls.host_kernel_version, lambda host: "Mach 3.0")
    assert run(mach_host.host_kernel_version(loop, 1)) == "Mach 3.0"
    loop.server.serve(mach_host_calls.host_get_time, lambda host: (1, 2))
    assert run(mach_host.host_get_time(loop, 1)) == (1, 2)
    loop.server.serve(device_calls.device_open, lambda master, mode, name: len(name) + mode)
    assert run(device.device_open(loop, 1, 3, "console")) == 10


def test_polymorphic_rights(loop: Loop) -> None:
    seen: list[object] = []
    loop.server.serve(mach_port_calls.mach_port_insert_right, lambda task, *ins: seen.extend(ins))
    run(mach_port.mach_port_insert_right(loop, 1, 0x103, Right(9, 17)))
    assert seen == [0x103, Right(9, 17)]
    loop.server.serve(mach_port_calls.mach_port_extract_right, lambda task, name, how: Right(name, 18))
    assert run(mach_port.mach_port_extract_right(loop, 1, 5, 21)) == Right(5, 18)


def test_reply_port_that_the_caller_names(loop: Loop) -> None:
    loop.server.serve(mach_calls.htg_vm_map, lambda task, address, *ins: address)
    assert run(mach.htg_vm_map(loop, 1, 77, 0x5000, 4096, 0, True, 0, 0, False, 3, 7, 1)) == 0x5000
    assert loop.reply_ports == [77]
