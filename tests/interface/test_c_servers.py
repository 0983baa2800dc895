"""The C servers: requests as Python encodes them reach the supplied functions with their values."""

import struct

import pytest

from kernel.interface.codec import error_body
from kernel.interface.declare import Routine
from kernel.interface.exc import exception_raise
from kernel.interface.generate.c_servers import Server
from kernel.interface.returns import MigReturn
from kernel.interface.wire import InLineArray, OutOfLineArray
from tests.interface.stub_machine import SCRATCH, SERVED, StubMachine, build_servers
from tests.interface.test_c_stubs import OUT_OF_LINE, on_wire, sample

REPLY = SCRATCH + 0x8000
REQUEST_PORT, REPLY_PORT, SEQUENCE_NUMBER = 0x501, 0x502, 77


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> StubMachine:
    return build_servers(tmp_path_factory.mktemp("servers"))


def request(routine: Routine) -> tuple[bytes, list[object]]:
    values = [sample(shape, index) for index, (_, shape) in enumerate(routine.ins)]
    body, carried = routine.encode_request(*values)
    bits = 18 | 17 << 8 | (0x8000_0000 if carried else 0)
    words = (bits, 24 + len(body), REPLY_PORT, REQUEST_PORT, SEQUENCE_NUMBER, routine.id)
    return struct.pack("<6I", *words) + on_wire(body, carried, [], None), values


def serve(machine: StubMachine, server: str, message: bytes) -> tuple[int, int]:
    """Call a server: whether it was its message, and the return code in the reply."""
    machine.processor.mem_write(SCRATCH, message)
    machine.processor.mem_write(REPLY, bytes(64))
    handled = machine.call(server, SCRATCH, REPLY)
    bits, size, remote, local, seqno, message_id = struct.unpack("<6I", machine.processor.mem_read(REPLY, 24))
    assert (bits, size, remote, local, seqno) == (18, 32, REPLY_PORT, 0, 0)
    assert message_id == struct.unpack_from("<I", message, 20)[0] + 100
    (code,) = struct.unpack("<i", machine.processor.mem_read(REPLY + 28, 4))
    assert bytes(machine.processor.mem_read(REPLY + 24, 8)) == error_body(code)
    return handled, code


def name_of(server: Server, prefix: str) -> str:
    return f"seqnos_{server.name}" if "seqnos_" in prefix else server.name


@pytest.mark.parametrize(
    ("server", "prefix", "routine"),
    SERVED,
    ids=[f"{prefix}{routine.name}" for _, prefix, routine in SERVED],
)
def test_request_reaches_its_function(
    machine: StubMachine, server: Server, prefix: str, routine: Routine
) -> None:
    message, values = request(routine)
    machine.result_of_served = 5
    handled, code = serve(machine, name_of(server, prefix), message)
    assert (handled, code) == (1, MigReturn.NO_REPLY if routine.is_one_way else 5)
    ((function, arguments),) = machine.served
    assert function == prefix + routine.name
    expected = _expected(routine, prefix, values)
    assert list(arguments[: len(expected)]) == expected


def _expected(routine: Routine, prefix: str, values: list[object]) -> list[int]:
    words = [REQUEST_PORT]
    if "seqnos_" in prefix:
        words.append(SEQUENCE_NUMBER)
    _, carried = routine.encode_request(*values)
    records = [record for record in carried if not getattr(record, "inline", False)]
    offset = 24
    for (_, shape), value in zip(routine.ins, values, strict=True):
        if isinstance(shape, OutOfLineArray):
            assert isinstance(value, bytes)
            words += [OUT_OF_LINE + records.pop(0).offset, len(value)]
            offset += 16
        elif isinstance(shape, InLineArray):
            assert isinstance(value, bytes)
            words += [SCRATCH + offset + 4, len(value)]
        else:
            assert isinstance(value, int)
            words.append(value)
            offset += 8
    return words


def test_unknown_id(machine: StubMachine) -> None:
    message = struct.pack("<6I", 18, 24, REPLY_PORT, REQUEST_PORT, 0, 2401)
    assert serve(machine, "exc_server", message) == (0, MigReturn.BAD_ID)
    assert machine.served == []


@pytest.mark.parametrize(
    ("server", "prefix", "routine"),
    SERVED,
    ids=[f"{prefix}{routine.name}" for _, prefix, routine in SERVED],
)
def test_malformed_requests_reach_nobody(
    machine: StubMachine, server: Server, prefix: str, routine: Routine
) -> None:
    message, _ = request(routine)
    name = name_of(server, prefix)
    (bits,) = struct.unpack_from("<I", message)
    damaged = [struct.pack("<I", bits ^ 0x8000_0000) + message[4:]]
    damaged.append(message[:4] + struct.pack("<I", len(message) + 4) + message[8:] + bytes(4))
    if len(message) > 24:
        damaged.append(message[:4] + struct.pack("<I", len(message) - 4) + message[8:])
        damaged.append(message[:24] + bytes((message[24] ^ 1,)) + message[25:])
    for wrong in damaged:
        assert serve(machine, name, wrong) == (1, MigReturn.BAD_ARGUMENTS)
        assert machine.served == []


def test_exception_handlers_answer_is_the_threads_fate(machine: StubMachine) -> None:
    message, _ = request(exception_raise)
    for fate in (0, 5):
        machine.result_of_served = fate
        assert serve(machine, "exc_server", message) == (1, fate)
