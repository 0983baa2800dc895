"""The C stubs against the Python codec: every call of every interface that C programs make.

A stub is called with distinct values, what it sends is compared with what Python encodes, and it is
given the reply that Python encodes; then its results are compared.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from kernel.interface.body import Carried, CarriedMemory, CarriedRights
from kernel.interface.declare import Parameter, PortPlace, Role, Routine
from kernel.interface.items import pack_elements
from kernel.interface.returns import KernReturn, MigReturn, MsgReturn
from kernel.interface.subsystems import routine_by_id
from kernel.interface.values import Right
from kernel.interface.wire import (
    POLYMORPHIC,
    IndefiniteArray,
    InLineArray,
    Integers,
    OutOfLineArray,
    Port,
    Shape,
    Text,
)
from tests.interface.stub_machine import SCRATCH, USER_STUBS, Sent, StubMachine, build

COMPLEX = 0x8000_0000
OUT_OF_LINE = 0x00AA_0000  # where data that came out of line would be


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> StubMachine:
    return build(tmp_path_factory.mktemp("stubs"))


def element_bytes(element: Integers | Port) -> int:
    return 4 if isinstance(element, Port) else element.size


def sample(shape: Shape, number: int) -> object:
    """A value that differs from others of the message."""
    if isinstance(shape, Integers):
        numbers = tuple((number * 7 + i) % 100 + 1 for i in range(shape.number))
        return numbers if shape.number > 1 else numbers[0]
    if isinstance(shape, Text):
        return f"text{number}"
    if isinstance(shape, Port):
        port = 0x1000 + number
        return Right(port, max(shape.receives, 17)) if shape.is_polymorphic else port
    element = shape.element
    if isinstance(element, Port):
        return tuple(0x2000 + number + i for i in range(3))
    if element.number > 1:
        one = tuple(range(number, number + element.number))
        return (bytes(one), bytes(one)) if element.is_characters else (one, one)
    return b"12345" if element.is_characters else tuple(number + i for i in range(5))


def on_wire(
    body: bytes, carried: tuple[Carried, ...], sends: list[int], addresses: Iterator[int] | None
) -> bytes:
    """The body as a program sends or receives it: names and addresses in their places."""
    made = bytearray(body)
    dispositions = iter(sends)
    for record in carried:
        if isinstance(record, CarriedMemory):
            word = next(addresses) if addresses else OUT_OF_LINE + record.offset
        elif record.inline:
            made[record.offset - 4] = next(dispositions, record.disposition)
            (port,) = record.ports
            assert isinstance(port, int)
            word = port
        else:
            struct.pack_into("<H", made, record.offset - 8, next(dispositions, record.disposition))
            word = next(addresses) if addresses else OUT_OF_LINE + record.offset
        struct.pack_into("<I", made, record.offset, word)
    return bytes(made)


@dataclass(slots=True)
class Call:
    """The arguments of one call in C, and where its results go."""

    machine: StubMachine
    words: list[int]
    ins: list[object]
    pointers: list[int]  # of data that is sent out of line
    results: dict[str, int]  # name of the parameter, or nameCnt: where it goes
    free: int = SCRATCH

    def room(self, data: bytes) -> int:
        address = self.free
        self.machine.processor.mem_write(address, data)
        self.free += len(data) + 16 & ~15
        return address

    def add(self, parameter: Parameter, number: int) -> None:
        if parameter.role in (Role.SERVER_REPLY_PORT, Role.SEQUENCE_NUMBER):
            return
        if parameter.is_in_reply:
            self._add_result(parameter, number)
            return
        shape = parameter.shape
        value = sample(shape, number)
        if parameter.role is Role.IN:
            self.ins.append(value)
        if isinstance(shape, Integers):
            self.words += value if isinstance(value, tuple) else (int(str(value)),)
        elif isinstance(shape, Text):
            assert isinstance(value, str)
            self.words.append(self.room(value.encode() + b"\0"))
        elif isinstance(shape, Port):
            self.words.append(value.port if isinstance(value, Right) else value)  # type: ignore[arg-type]
            if shape.sends == POLYMORPHIC:
                self.words.append(value.disposition if isinstance(value, Right) else shape.receives)
        else:
            self._add_array(parameter, shape, value)

    def _add_array(
        self, parameter: Parameter, shape: InLineArray | OutOfLineArray | IndefiniteArray, value: object
    ) -> None:
        element = shape.element
        assert isinstance(value, tuple | bytes)
        unit = Integers("name") if isinstance(element, Port) else element
        address = self.room(pack_elements(unit, value))
        self.words += [address, len(value)]
        if isinstance(shape, OutOfLineArray):
            self.pointers.append(address)
        if parameter.maybe_dealloc:
            self.words.append(0)

    def _add_result(self, parameter: Parameter, number: int) -> None:
        shape, name = parameter.shape, parameter.name
        if parameter.role is Role.IN_OUT:
            value = sample(shape, number)
            self.ins.append(value)
            assert isinstance(value, int)
            self.results[name] = self.room(struct.pack("<I", value))
        elif isinstance(shape, IndefiniteArray):
            place = self.room(bytes(2048))
            self.results[name] = self.room(struct.pack("<I", place))
        else:
            self.results[name] = self.room(bytes(4096))
        self.words.append(self.results[name])
        if isinstance(shape, Port) and shape.is_polymorphic:
            self.results[f"{name}Poly"] = self.room(bytes(4))
            self.words.append(self.results[f"{name}Poly"])
        if parameter.is_array:
            self.results[f"{name}Cnt"] = self.room(struct.pack("<I", 20))
            self.words.append(self.results[f"{name}Cnt"])
            if parameter.role is Role.COUNT_IN_OUT:
                self.ins.append(20)


def prepare(machine: StubMachine, routine: Routine) -> Call:
    call = Call(machine, [], [], [], {})
    for number, parameter in enumerate(routine.parameters):
        call.add(parameter, number)
    return call


def header(message: bytes) -> tuple[int, ...]:
    return struct.unpack("<6I", message[:24])


def reply_message(routine: Routine, body: bytes, is_complex: bool) -> bytes:
    bits = 18 << 8 | (COMPLEX if is_complex else 0)
    return struct.pack("<6I", bits, 24 + len(body), 0, 0x77, 9, routine.reply_id) + body


def read_back(machine: StubMachine, call: Call, parameter: Parameter) -> object:
    """A result as Python sees it, from the memory that C left it in."""
    shape, address = parameter.shape, call.results[parameter.name]
    memory = machine.processor.mem_read
    if isinstance(shape, Integers):
        values = struct.unpack(f"<{shape.number}{shape.letter}", memory(address, shape.size))
        return values if shape.number > 1 else values[0]
    if isinstance(shape, Text):
        return bytes(memory(address, shape.size)).partition(b"\0")[0].decode()
    if isinstance(shape, Port):
        port = machine.peek(address)
        return (
            Right(port, machine.peek(call.results[f"{parameter.name}Poly"])) if shape.is_polymorphic else port
        )
    count = machine.peek(call.results[f"{parameter.name}Cnt"])
    if isinstance(shape, OutOfLineArray):
        return count, machine.peek(address)
    if isinstance(shape, IndefiniteArray):
        address = machine.peek(address)
    return bytes(memory(address, count * shape.element.size))


def expected_back(shape: Shape, value: object, carried: Iterator[Carried]) -> object:
    if isinstance(shape, OutOfLineArray):
        record = next(r for r in carried if isinstance(r, CarriedMemory) or not r.inline)
        size = element_bytes(shape.element)
        count = record.size // size if isinstance(record, CarriedMemory) else len(record.ports)
        return count, OUT_OF_LINE + record.offset
    if isinstance(shape, InLineArray | IndefiniteArray):
        return pack_elements(shape.element, value)
    return value


@pytest.mark.parametrize("routine", USER_STUBS, ids=lambda routine: routine.name)
def test_stub_and_codec_agree(machine: StubMachine, routine: Routine) -> None:
    call = prepare(machine, routine)
    outs = [sample(shape, 20 + index) for index, (_, shape) in enumerate(routine.outs)]
    body, carried = routine.encode_reply(0, *outs) if not routine.is_one_way else (b"", ())
    answer = on_wire(body, carried, [], None)
    machine.reply = lambda sent: reply_message(routine, answer, bool(carried)) if body else 0

    assert machine.call(routine.name, *call.words) == 0

    (sent,) = machine.sent
    _check_request(routine, call, sent)
    results = iter(carried)
    for parameter, value in zip([p for p in routine.parameters if p.is_in_reply], outs, strict=True):
        assert read_back(machine, call, parameter) == expected_back(parameter.shape, value, results)
    assert machine.counter("messages") == machine.counter("destroyed") == 0


def _disposition(routine: Routine, place: PortPlace, value: object) -> int:
    """What the stub's caller, or the declaration, says a right is sent as."""
    if place.sends != POLYMORPHIC:
        return place.sends
    if isinstance(value, Right):
        return value.disposition
    shape = routine.ins[place.index][1]
    assert isinstance(shape, Port)
    return shape.receives


def _check_request(routine: Routine, call: Call, sent: Sent) -> None:
    bits, size, remote, local, _, message_id = header(sent.message)
    body, carried = routine.encode_request(*call.ins)
    sends = [_disposition(routine, place, call.ins[place.index]) for place in routine.port_ins]
    assert sent.message[24:] == on_wire(body, carried, sends, iter(call.pointers))
    assert size == sent.send_size == 24 + len(body)
    assert message_id == routine.id
    assert bool(bits & COMPLEX) == bool(carried)
    assert remote == call.words[0]
    shape = routine.request_port.shape
    assert isinstance(shape, Port)
    assert bits & 0xFF == (shape.sends if shape.sends != POLYMORPHIC else call.words[1])
    own = routine.with_role(Role.USER_REPLY_PORT) is None
    if routine.is_one_way:
        assert sent.option == 1
        assert (local == 0 and bits >> 8 & 0xFF == 0) == own
    else:
        assert sent.option == 3
        assert bits >> 8 & 0xFF == 21
        assert (local == sent.receive_name == 0x77) == own


def stub(name: str) -> Routine:
    (routine,) = [routine for routine in USER_STUBS if routine.name == name]
    return routine


ALLOCATE = stub("vm_allocate")


@pytest.mark.parametrize("answer", [KernReturn.SUCCESS, KernReturn.NO_SPACE])
def test_trap_that_did_the_call_is_final(machine: StubMachine, answer: KernReturn) -> None:
    place = machine.addresses["trap_answer"]
    machine.poke(place, answer)
    try:
        assert machine.call("vm_allocate", *prepare(machine, ALLOCATE).words) == answer
    finally:
        machine.poke(place, MsgReturn.SEND_INTERRUPTED)
    assert machine.sent == []


def test_error_reply_is_returned(machine: StubMachine) -> None:
    body, _ = ALLOCATE.encode_reply(KernReturn.NO_SPACE)
    machine.reply = lambda sent: reply_message(ALLOCATE, body, False)
    assert machine.call("vm_allocate", *prepare(machine, ALLOCATE).words) == KernReturn.NO_SPACE
    assert machine.counter("kept") == 1


@pytest.mark.parametrize(
    ("body", "is_complex"),
    [
        (b"", False),  # no return code
        (ALLOCATE.encode_reply(0, 1)[0][:8], False),  # success without a result
        (ALLOCATE.encode_reply(0, 1)[0][:12], False),
        (b"\0" + ALLOCATE.encode_reply(0, 1)[0][1:], False),  # the code's type
        (ALLOCATE.encode_reply(0, 1)[0][:8] + b"\0" + ALLOCATE.encode_reply(0, 1)[0][9:], False),
        (ALLOCATE.encode_reply(0, 1)[0], True),
    ],
)
def test_malformed_reply(machine: StubMachine, body: bytes, is_complex: bool) -> None:
    machine.reply = lambda sent: reply_message(ALLOCATE, body, is_complex)
    call = prepare(machine, ALLOCATE)
    assert machine.call("vm_allocate", *call.words) == MigReturn.TYPE_ERROR
    assert machine.counter("messages") == 1


def test_reply_of_another_id_costs_the_reply_port(machine: StubMachine) -> None:
    other = routine_by_id(2024)
    assert other is not None
    machine.reply = lambda sent: reply_message(other, ALLOCATE.encode_reply(0, 1)[0], False)
    call = prepare(machine, ALLOCATE)
    assert machine.call("vm_allocate", *call.words) == MigReturn.REPLY_MISMATCH
    assert (machine.counter("messages"), machine.counter("destroyed")) == (1, 1)


def test_server_that_gives_up_the_reply_right(machine: StubMachine) -> None:
    machine.reply = lambda sent: struct.pack("<6I", 18 << 8, 24, 0, 0x77, 1, 71)
    call = prepare(machine, ALLOCATE)
    assert machine.call("vm_allocate", *call.words) == MigReturn.SERVER_DIED


@pytest.mark.parametrize(
    ("code", "destroyed"),
    [
        (MsgReturn.SEND_INVALID_DEST, 0),  # nothing was sent
        (MsgReturn.SEND_INVALID_REPLY, 1),
        (MsgReturn.RCV_INTERRUPTED, 1),  # the reply may still come
        (MsgReturn.RCV_BODY_ERROR | 0x1000, 0),  # the reply has come, in part
    ],
)
def test_failing_mach_msg(machine: StubMachine, code: int, destroyed: int) -> None:
    machine.reply = lambda sent: int(code)
    assert machine.call("vm_allocate", *prepare(machine, ALLOCATE).words) == code
    assert machine.counter("destroyed") == destroyed
    assert machine.counter("messages") == (code & ~0x3C00 == MsgReturn.RCV_BODY_ERROR)


def test_array_larger_than_the_callers_room(machine: StubMachine) -> None:
    routine = stub("task_info")
    call = prepare(machine, routine)
    body, _ = routine.encode_reply(0, tuple(range(30)))
    machine.reply = lambda sent: reply_message(routine, body, False)
    machine.processor.mem_write(call.results["task_info_out"], b"\xee" * 200)
    assert machine.call("task_info", *call.words) == MigReturn.ARRAY_TOO_LARGE
    assert machine.peek(call.results["task_info_outCnt"]) == 30
    filled = machine.processor.mem_read(call.results["task_info_out"], 84)
    assert struct.unpack("<21I", filled) == (*range(20), 0xEEEEEEEE)


def test_array_longer_than_its_message(machine: StubMachine) -> None:
    routine = stub("task_info")
    body, _ = routine.encode_reply(0, tuple(range(8)))
    machine.reply = lambda sent: reply_message(routine, body[:-4], False)
    assert machine.call("task_info", *prepare(machine, routine).words) == MigReturn.TYPE_ERROR


def test_array_too_long_to_send(machine: StubMachine) -> None:
    routine = stub("thread_set_state")
    call = prepare(machine, routine)
    call.words[-1] = 1025
    assert machine.call("thread_set_state", *call.words) == MigReturn.ARRAY_TOO_LARGE
    assert machine.sent == []


def test_indefinite_array_that_came_out_of_line(machine: StubMachine) -> None:
    routine = stub("host_ipc_hash_info")
    call = prepare(machine, routine)
    body, carried = routine.encode_reply(0, tuple(range(600)))
    answer = on_wire(body, carried, [], None)
    machine.reply = lambda sent: reply_message(routine, answer, True)
    assert machine.call("host_ipc_hash_info", *call.words) == 0
    (record,) = carried
    assert machine.peek(call.results["info"]) == OUT_OF_LINE + record.offset
    assert machine.peek(call.results["infoCnt"]) == 600


def test_memory_that_the_caller_gives_away(machine: StubMachine) -> None:
    routine = stub("memory_object_data_supply")
    machine.reply = lambda sent: 0
    for dealloc in (0, 1):
        call = prepare(machine, routine)
        call.words[4] = dealloc
        machine.call(routine.name, *call.words)
        (flags,) = struct.unpack_from("<I", machine.sent[0].message, 24 + 8)
        assert flags == 0x2000_0000 | (0x4000_0000 if dealloc else 0)


def test_rights_that_came_with_another_disposition(machine: StubMachine) -> None:
    routine = stub("task_threads")
    body, carried = routine.encode_reply(0, (1, 2))
    answer = on_wire(body, carried, [18], None)
    machine.reply = lambda sent: reply_message(routine, answer, True)
    assert machine.call("task_threads", *prepare(machine, routine).words) == MigReturn.TYPE_ERROR
    assert isinstance(carried[0], CarriedRights)
