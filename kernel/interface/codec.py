"""Message bodies: argument values to bytes and carried rights, and back.

A codec is compiled from the shapes of one message.  When every item is one number or one port, the
whole body is a single precompiled ``struct`` whose descriptors are compared with constants
(:class:`FixedCodec`); otherwise the items are walked one by one (:class:`ItemCodec`).

Invariants: bodies are those of Mach 3.0's MIG (descriptor, data, padding to 4 bytes), except that
port names and addresses are zero, and every port and every piece of out-of-line memory, an empty one
included, has its record in ``carried``, in body order.  The descriptor of a port names the right that
is carried (16, 17 or 18).  Decoding accepts exactly what encoding makes (the deallocate bit of
out-of-line items apart, which the sender's kernel has acted on) and raises MachError for everything
else, for bodies come from programs.
"""

from struct import Struct
from typing import Protocol

from kernel.interface.body import Carried, CarriedRights
from kernel.interface.items import Source, item_for
from kernel.interface.returns import MachError, MigReturn
from kernel.interface.wire import INTEGER_32, Integers, Port, Shape, short_descriptor

Encoded = tuple[bytes, tuple[Carried, ...]]

_RETURN_CODE = Struct("<Ii")
_RETURN_CODE_DESCRIPTOR = short_descriptor(INTEGER_32, 32, 1)
_SUCCESS = _RETURN_CODE.pack(_RETURN_CODE_DESCRIPTOR, 0)

ERROR_BODY_SIZE = _RETURN_CODE.size

SUCCESS_REPLY: Encoded = (_SUCCESS, ())
"""A reply without results."""


class Codec(Protocol):
    """Packs and unpacks the bodies of one kind of message."""

    def encode(self, values: tuple[object, ...]) -> Encoded: ...
    def decode(self, body: bytes, carried: tuple[Carried, ...]) -> tuple[object, ...]: ...


def error_body(code: int) -> bytes:
    """Return the body of ``mig_reply_header_t``: nothing but the return code."""
    return _RETURN_CODE.pack(_RETURN_CODE_DESCRIPTOR, code)


def return_code(body: bytes) -> int:
    """Return the code at the head of a reply body; MachError(MIG_TYPE_ERROR) when there is none."""
    if len(body) < ERROR_BODY_SIZE:
        raise MachError(MigReturn.TYPE_ERROR)
    descriptor, code = _RETURN_CODE.unpack_from(body)
    if descriptor != _RETURN_CODE_DESCRIPTOR:
        raise MachError(MigReturn.TYPE_ERROR)
    return int(code)


class FixedCodec:
    """Bodies of scalars and single ports: descriptors and values alternate, all of known size."""

    __slots__ = ("descriptors", "error", "first", "format", "ports", "size", "template")

    def __init__(self, shapes: tuple[Shape, ...], has_return_code: bool, error: int) -> None:
        letters = ["<"]
        descriptors: list[int] = []
        ports: list[tuple[int, int, int]] = []
        offset = 0
        if has_return_code:
            letters.append("Ii")
            descriptors.append(_RETURN_CODE_DESCRIPTOR)
            offset = ERROR_BODY_SIZE
        for index, shape in enumerate(shapes):
            if isinstance(shape, Port):
                letters.append("II")
                descriptors.append(short_descriptor(shape.receives, 32, 1))
                ports.append((index, offset + 4, shape.receives))
            else:
                assert isinstance(shape, Integers), shape
                padding = -shape.size % 4
                letters.append(f"I{shape.letter}{'x' * padding}")
                descriptors.append(shape.descriptor)
            offset += 8
        self.format = Struct("".join(letters))
        self.size = offset
        assert self.format.size == offset
        self.descriptors = tuple(descriptors)
        self.first = 3 if has_return_code else 1
        self.ports = tuple(ports)
        self.template: list[object] = [0] * (2 * len(descriptors))
        self.template[0::2] = descriptors
        self.error = int(error)

    def encode(self, values: tuple[object, ...]) -> Encoded:
        fields = self.template.copy()
        if not self.ports:
            fields[self.first :: 2] = values
            return self.format.pack(*fields), ()
        words = list(values)
        carried: list[Carried] = []
        for index, offset, disposition in self.ports:
            carried.append(CarriedRights(offset, disposition, (words[index],), True))
            words[index] = 0
        fields[self.first :: 2] = words
        return self.format.pack(*fields), tuple(carried)

    def decode(self, body: bytes, carried: tuple[Carried, ...]) -> tuple[object, ...]:
        ports = self.ports
        if len(body) != self.size or len(carried) != len(ports):
            raise MachError(self.error)
        fields = self.format.unpack(body)
        if fields[0::2] != self.descriptors:
            raise MachError(self.error)
        if not ports:
            return fields[self.first :: 2]
        values = list(fields[self.first :: 2])
        for (index, offset, disposition), record in zip(ports, carried, strict=True):
            if (
                not isinstance(record, CarriedRights)
                or record.offset != offset
                or record.disposition != disposition
                or not record.inline
            ):
                raise MachError(self.error)
            values[index] = record.ports[0]
        return tuple(values)


class ItemCodec:
    """Bodies with items of variable size or form."""

    __slots__ = ("error", "items", "prefix")

    def __init__(self, shapes: tuple[Shape, ...], has_return_code: bool, error: int) -> None:
        self.items = tuple(item_for(shape) for shape in shapes)
        self.prefix = _SUCCESS if has_return_code else b""
        self.error = int(error)

    def encode(self, values: tuple[object, ...]) -> Encoded:
        body = bytearray(self.prefix)
        carried: list[Carried] = []
        for item, value in zip(self.items, values, strict=True):
            item.pack(value, body, carried)
        return bytes(body), tuple(carried)

    def decode(self, body: bytes, carried: tuple[Carried, ...]) -> tuple[object, ...]:
        source = Source(body, carried, self.error)
        if source.take(len(self.prefix)) != self.prefix:
            raise MachError(self.error)
        values = tuple([item.unpack(source) for item in self.items])
        source.end()
        return values


def _is_fixed(shape: Shape) -> bool:
    if isinstance(shape, Port):
        return not shape.is_polymorphic
    return isinstance(shape, Integers) and shape.number == 1


def _compile(shapes: tuple[Shape, ...], has_return_code: bool, error: int) -> Codec:
    if all(_is_fixed(shape) for shape in shapes):
        return FixedCodec(shapes, has_return_code, error)
    return ItemCodec(shapes, has_return_code, error)


def compile_request(shapes: tuple[Shape, ...]) -> Codec:
    """Return the codec of a request with these items."""
    return _compile(shapes, has_return_code=False, error=MigReturn.BAD_ARGUMENTS)


def compile_reply(shapes: tuple[Shape, ...]) -> Codec:
    """Return the codec of a successful reply with these items after the return code."""
    return _compile(shapes, has_return_code=True, error=MigReturn.TYPE_ERROR)
