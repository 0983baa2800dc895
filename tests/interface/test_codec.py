"""Every message of every routine comes back as it was sent, and nothing else is accepted."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel.interface.body import CarriedMemory, CarriedRights
from kernel.interface.codec import FixedCodec
from kernel.interface.declare import Routine
from kernel.interface.mach import task_create, vm_allocate
from kernel.interface.returns import MachError, MigReturn
from kernel.interface.subsystems import SUBSYSTEMS
from kernel.interface.values import Right
from kernel.interface.wire import IndefiniteArray, InLineArray, Integers, OutOfLineArray, Port, Shape, Text

ROUTINES = [routine for subsystem in SUBSYSTEMS for routine in subsystem.routines]

PORTS = st.one_of(st.none(), st.text(max_size=3))


def numbers(shape: Integers) -> st.SearchStrategy[int]:
    least = -(1 << shape.bits - 1) if shape.signed else 0
    return st.integers(least, least + (1 << shape.bits) - 1)


def elements(shape: Integers) -> st.SearchStrategy[object]:
    if shape.is_characters:
        return st.binary(min_size=shape.number, max_size=shape.number)
    return st.tuples(*[numbers(shape)] * shape.number)


def arrays(element: Integers, maximum: int) -> st.SearchStrategy[object]:
    if element.number > 1:
        return st.lists(elements(element), max_size=min(maximum, 4)).map(tuple)
    if element.is_characters:
        return st.binary(max_size=maximum)
    return st.lists(numbers(element), max_size=min(maximum, 20)).map(tuple)


def values(shape: Shape) -> st.SearchStrategy[object]:
    if isinstance(shape, Integers):
        return numbers(shape) if shape.number == 1 else elements(shape)
    if isinstance(shape, Text):
        return st.text(st.characters(min_codepoint=1, max_codepoint=255), max_size=shape.size - 1)
    if isinstance(shape, Port):
        if shape.is_polymorphic:
            return st.builds(Right, PORTS, st.integers(16, 18))
        return PORTS
    if isinstance(shape, InLineArray | IndefiniteArray):
        return arrays(shape.element, shape.maximum)
    if isinstance(shape.element, Port):
        return st.lists(PORTS, max_size=5).map(tuple)
    return st.binary(max_size=40).map(lambda data: data[: len(data) // 4 * 4])


def as_sent(received: tuple[object, ...]) -> list[object]:
    """What was encoded: data out of line comes as the record that carries it."""
    return [value.memory if isinstance(value, CarriedMemory) else value for value in received]


def shapes(items: tuple[tuple[str, Shape], ...]) -> list[Shape]:
    return [shape for _, shape in items]


@pytest.mark.parametrize("routine", ROUTINES, ids=lambda routine: routine.name)
@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_round_trip(routine: Routine, data: st.DataObject) -> None:
    ins = [data.draw(values(shape)) for shape in shapes(routine.ins)]
    body, carried = routine.encode_request(*ins)
    assert as_sent(routine.decode_request(body, carried)) == ins
    assert len(body) % 4 == 0
    outs = [data.draw(values(shape)) for shape in shapes(routine.outs)]
    body, carried = routine.encode_reply(0, *outs)
    code, received = routine.decode_reply(body, carried)
    assert (code, as_sent(received)) == (0, outs)


SIMPLEST: dict[type, Callable[[Shape], object]] = {
    Integers: lambda shape: 1 if isinstance(shape, Integers) and shape.number == 1 else (1,) * shape.number,  # type: ignore[union-attr]
    Text: lambda shape: "name",
    Port: lambda shape: Right("port", 17) if isinstance(shape, Port) and shape.is_polymorphic else "port",
    InLineArray: lambda shape: (),
    IndefiniteArray: lambda shape: (),
    OutOfLineArray: lambda shape: (),
}


def simplest(shape: Shape) -> object:
    element = getattr(shape, "element", None)
    if isinstance(element, Integers) and element.is_characters and element.number == 1:
        return b""
    return SIMPLEST[type(shape)](shape)


@pytest.mark.parametrize("routine", ROUTINES, ids=lambda routine: routine.name)
def test_every_damaged_word_is_refused_or_is_a_value(routine: Routine) -> None:
    """Flip each byte of a request: decoding refuses with MIG_BAD_ARGUMENTS or the body means that."""
    body, carried = routine.encode_request(*[simplest(shape) for shape in shapes(routine.ins)])
    for at in range(len(body)):
        damaged = body[:at] + bytes((body[at] ^ 0xFF,)) + body[at + 1 :]
        try:
            ins = routine.decode_request(damaged, carried)
        except MachError as error:
            assert error.code == MigReturn.BAD_ARGUMENTS
            continue
        assert len(ins) == len(routine.ins)
    for size in range(len(body)):
        with pytest.raises(MachError):
            routine.decode_request(body[:size], carried)
    with pytest.raises(MachError):
        routine.decode_request(body + b"\0\0\0\0", carried)


@pytest.mark.parametrize("routine", ROUTINES, ids=lambda routine: routine.name)
def test_carried_things_must_be_those_of_the_body(routine: Routine) -> None:
    body, carried = routine.encode_request(*[simplest(shape) for shape in shapes(routine.ins)])
    stray = CarriedRights(0, 17, ("stray",), True)
    with pytest.raises(MachError):
        routine.decode_request(body, (*carried, stray))
    for index in range(len(carried)):
        with pytest.raises(MachError):
            routine.decode_request(body, carried[:index] + carried[index + 1 :])
        with pytest.raises(MachError):
            routine.decode_request(body, (*carried[:index], stray, *carried[index + 1 :]))


@settings(max_examples=60, deadline=None)
@given(body=st.binary(max_size=64), index=st.integers(0, len(ROUTINES) - 1))
def test_random_bytes_never_do_anything_but_mach_errors(body: bytes, index: int) -> None:
    routine = ROUTINES[index]
    try:
        routine.decode_request(body, ())
    except MachError as error:
        assert error.code == MigReturn.BAD_ARGUMENTS
    try:
        routine.decode_reply(body, ())
    except MachError as error:
        assert error.code == MigReturn.TYPE_ERROR


def test_port_of_another_disposition_is_refused() -> None:
    body, carried = task_create.encode_reply(0, "child")
    (record,) = carried
    assert isinstance(record, CarriedRights)
    wrong = (CarriedRights(record.offset, 18, record.ports, True),)
    with pytest.raises(MachError) as caught:
        task_create.decode_reply(body, wrong)
    assert caught.value.code == MigReturn.TYPE_ERROR


def test_messages_of_scalars_take_the_fast_path() -> None:
    fast = [routine for routine in ROUTINES if isinstance(routine.request, FixedCodec)]
    assert vm_allocate in fast and task_create in fast
    assert len(fast) > len(ROUTINES) * 3 // 4
