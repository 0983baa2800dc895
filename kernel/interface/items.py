"""Typed items one by one: packing a value behind its descriptor, and reading it back.

One class per shape of ``wire.py``; :func:`item_for` chooses.  Used for messages with at least one
item of variable size; ``codec.py`` has the fast path for the others.
"""

from collections.abc import Sequence
from struct import Struct
from typing import Protocol

from kernel.interface import wire
from kernel.interface.body import Carried, CarriedMemory, CarriedRights
from kernel.interface.returns import MachError
from kernel.interface.values import Right
from kernel.interface.wire import (
    IndefiniteArray,
    InLineArray,
    Integers,
    Port,
    Shape,
    Text,
    short_descriptor,
)

_WORD = Struct("<I")
_LONG = Struct("<IHHI")
_LONG_IN_LINE = wire.INLINE_BIT | wire.LONGFORM_BIT
_LONG_OUT_OF_LINE = wire.LONGFORM_BIT
_NOT_DEALLOCATE = ~wire.DEALLOCATE_BIT
_PADDING = (b"", b"\0\0\0", b"\0\0", b"\0")
_ADDRESS = b"\0\0\0\0"


class Source:
    """A body being read: position, and the carried records not yet claimed."""

    __slots__ = ("body", "carried", "error", "next_carried", "offset")

    def __init__(self, body: bytes, carried: tuple[Carried, ...], error: int) -> None:
        self.body = body
        self.carried = carried
        self.error = error
        self.offset = 0
        self.next_carried = 0

    def take(self, size: int) -> bytes:
        """Return ``size`` bytes and step over their padding."""
        start = self.offset
        data = self.body[start : start + size]
        if len(data) != size:
            raise MachError(self.error)
        self.offset = start + (size + 3 & ~3)
        return data

    def word(self) -> int:
        """Return one 32-bit word."""
        value: int = _WORD.unpack(self.take(4))[0]
        return value

    def long_descriptor(self) -> tuple[int, int, int, int]:
        """Return (flags, name, bits, number), the deallocate bit apart."""
        flags, name, bits, number = _LONG.unpack(self.take(12))
        return flags & _NOT_DEALLOCATE, name, bits, number

    def rights(self, disposition: int, count: int, inline: bool) -> tuple[object, ...]:
        """Claim the ports of the item whose names, or whose address, come next."""
        offset = self.offset
        record = self._claim()
        if (
            not isinstance(record, CarriedRights)
            or record.offset != offset
            or record.disposition != disposition
            or record.inline != inline
            or len(record.ports) != count
        ):
            raise MachError(self.error)
        return record.ports

    def memory(self, size: int) -> CarriedMemory:
        """Claim the data of the item whose address comes next."""
        offset = self.offset
        record = self._claim()
        if not isinstance(record, CarriedMemory) or record.offset != offset or record.size != size:
            raise MachError(self.error)
        return record

    def _claim(self) -> Carried:
        if self.next_carried == len(self.carried):
            raise MachError(self.error)
        record = self.carried[self.next_carried]
        self.next_carried += 1
        return record

    def end(self) -> None:
        """Insist that nothing is left over."""
        if self.offset != len(self.body) or self.next_carried != len(self.carried):
            raise MachError(self.error)


class Item(Protocol):
    """Packs and unpacks the items of one shape."""

    def pack(self, value: object, body: bytearray, carried: list[Carried]) -> None: ...
    def unpack(self, source: Source) -> object: ...


def _pad(body: bytearray) -> None:
    body += _PADDING[len(body) & 3]


def pack_elements(element: Integers, values: object) -> bytes:
    """Return the bytes of an array: of ``bytes``, of integers, or of tuples of them."""
    if isinstance(values, bytes):
        return values
    assert isinstance(values, Sequence), values
    if element.number == 1:
        return Struct(f"<{len(values)}{element.letter}").pack(*values)
    if element.is_characters:
        return b"".join(bytes(value).ljust(element.size, b"\0")[: element.size] for value in values)
    one = Struct(f"<{element.number}{element.letter}")
    return b"".join(one.pack(*value) for value in values)


def unpack_elements(element: Integers, data: bytes) -> object:
    """Return what :func:`pack_elements` was given."""
    if element.is_characters:
        if element.number == 1:
            return data
        return tuple(data[at : at + element.size] for at in range(0, len(data), element.size))
    if element.number == 1:
        return Struct(f"<{len(data) // element.size}{element.letter}").unpack(data)
    return tuple(Struct(f"<{element.number}{element.letter}").iter_unpack(data))


class StructureItem:
    """Integers in line: one, or a fixed number."""

    __slots__ = ("descriptor", "format", "is_scalar", "size")

    def __init__(self, shape: Integers) -> None:
        self.descriptor = shape.descriptor
        self.format = Struct(f"<{shape.number}{shape.letter}")
        self.is_scalar = shape.number == 1
        self.size = shape.size

    def pack(self, value: object, body: bytearray, carried: list[Carried]) -> None:
        body += _WORD.pack(self.descriptor)
        if isinstance(value, int):
            assert self.is_scalar, value
            body += self.format.pack(value)
        else:
            assert isinstance(value, Sequence), value
            body += self.format.pack(*value)
        _pad(body)

    def unpack(self, source: Source) -> object:
        if source.word() != self.descriptor:
            raise MachError(source.error)
        values = self.format.unpack(source.take(self.size))
        return values[0] if self.is_scalar else values


class TextItem:
    """A string in a fixed space, ended by a zero byte; bytes are ISO 8859-1 characters."""

    __slots__ = ("descriptor", "size")

    def __init__(self, shape: Text) -> None:
        self.size = shape.size
        self.descriptor = _LONG.pack(_LONG_IN_LINE, wire.STRING, shape.size * 8, 1)

    def pack(self, value: object, body: bytearray, carried: list[Carried]) -> None:
        assert isinstance(value, str), value
        body += self.descriptor
        body += value.encode("latin-1")[: self.size - 1].ljust(self.size, b"\0")

    def unpack(self, source: Source) -> object:
        if source.take(12) != self.descriptor:
            raise MachError(source.error)
        return source.take(self.size).partition(b"\0")[0].decode("latin-1")


class PortItem:
    """One port right of a fixed disposition."""

    __slots__ = ("descriptor", "disposition")

    def __init__(self, shape: Port) -> None:
        self.disposition = shape.receives
        self.descriptor = short_descriptor(shape.receives, 32, 1)

    def pack(self, value: object, body: bytearray, carried: list[Carried]) -> None:
        body += _WORD.pack(self.descriptor)
        carried.append(CarriedRights(len(body), self.disposition, (value,), True))
        body += _ADDRESS

    def unpack(self, source: Source) -> object:
        if source.word() != self.descriptor:
            raise MachError(source.error)
        port = source.rights(self.disposition, 1, inline=True)[0]
        source.take(4)
        return port


class PolymorphicItem:
    """One port right whose descriptor tells the disposition.  A bare port stands for the disposition that
    the declaration gives its sender."""

    __slots__ = ("sends",)

    def __init__(self, shape: Port) -> None:
        self.sends = shape.sends

    def pack(self, value: object, body: bytearray, carried: list[Carried]) -> None:
        if not isinstance(value, Right):
            assert self.sends != wire.POLYMORPHIC, value
            value = Right(value, self.sends)
        body += _WORD.pack(short_descriptor(value.disposition, 32, 1))
        carried.append(CarriedRights(len(body), value.disposition, (value.port,), True))
        body += _ADDRESS

    def unpack(self, source: Source) -> object:
        descriptor = source.word()
        disposition = descriptor & 0xFF
        if not wire.PORT_RECEIVE <= disposition <= wire.PORT_SEND_ONCE or descriptor != short_descriptor(
            disposition, 32, 1
        ):
            raise MachError(source.error)
        port = source.rights(disposition, 1, inline=True)[0]
        source.take(4)
        return Right(port, disposition)


class InLineItem:
    """Up to a maximum of elements in line."""

    __slots__ = ("blank", "element", "maximum")

    def __init__(self, shape: InLineArray) -> None:
        self.element = shape.element
        self.maximum = shape.maximum
        self.blank = short_descriptor(shape.element.name, shape.element.bits, 0)

    def pack(self, value: object, body: bytearray, carried: list[Carried]) -> None:
        element = self.element
        data = pack_elements(element, value)
        count = len(data) // element.size
        assert count <= self.maximum, f"{count} elements where at most {self.maximum} may be"
        body += _WORD.pack(self.blank | count * element.number << 16)
        body += data
        _pad(body)

    def unpack(self, source: Source) -> object:
        descriptor = source.word()
        count, rest = divmod(descriptor >> 16 & wire.NUMBER_MAX, self.element.number)
        if descriptor & ~(wire.NUMBER_MAX << 16) != self.blank or count > self.maximum or rest:
            raise MachError(source.error)
        return unpack_elements(self.element, source.take(count * self.element.size))


def pack_memory(
    name: int, bits: int, data: bytes | CarriedMemory, body: bytearray, carried: list[Carried]
) -> None:
    """Append an out-of-line item."""
    memory, size = (data.memory, data.size) if isinstance(data, CarriedMemory) else (data, len(data))
    body += _LONG.pack(_LONG_OUT_OF_LINE, name, bits, size * 8 // bits)
    carried.append(CarriedMemory(len(body), size, memory))
    body += _ADDRESS


class OutOfLineItem:
    """Data or integers out of line; arrives as the record that carries it."""

    __slots__ = ("element",)

    def __init__(self, element: Integers) -> None:
        self.element = element

    def pack(self, value: object, body: bytearray, carried: list[Carried]) -> None:
        element = self.element
        data = value if isinstance(value, CarriedMemory) else pack_elements(element, value)
        pack_memory(element.name, element.bits, data, body, carried)

    def unpack(self, source: Source) -> object:
        flags, name, bits, number = source.long_descriptor()
        element = self.element
        if flags != _LONG_OUT_OF_LINE or name != element.name or bits != element.bits:
            raise MachError(source.error)
        memory = source.memory(number * bits // 8)
        source.take(4)
        return memory


class OutOfLinePortsItem:
    """Port rights out of line."""

    __slots__ = ("disposition",)

    def __init__(self, port: Port) -> None:
        self.disposition = port.receives

    def pack(self, value: object, body: bytearray, carried: list[Carried]) -> None:
        assert isinstance(value, Sequence), value
        ports = tuple(value)
        body += _LONG.pack(_LONG_OUT_OF_LINE, self.disposition, 32, len(ports))
        carried.append(CarriedRights(len(body), self.disposition, ports, False))
        body += _ADDRESS

    def unpack(self, source: Source) -> object:
        flags, name, bits, number = source.long_descriptor()
        if flags != _LONG_OUT_OF_LINE or name != self.disposition or bits != 32:
            raise MachError(source.error)
        ports = source.rights(self.disposition, number, inline=False)
        source.take(4)
        return ports


class IndefiniteItem:
    """Elements in line when they are few, else out of line (and then it arrives as a record)."""

    __slots__ = ("element",)

    def __init__(self, shape: IndefiniteArray) -> None:
        self.element = shape.element

    def pack(self, value: object, body: bytearray, carried: list[Carried]) -> None:
        element = self.element
        data = value if isinstance(value, CarriedMemory) else pack_elements(element, value)
        if isinstance(data, CarriedMemory) or len(data) > wire.INDEFINITE_INLINE_BYTES:
            pack_memory(element.name, element.bits, data, body, carried)
            return
        body += _LONG.pack(_LONG_IN_LINE, element.name, element.bits, len(data) * 8 // element.bits)
        body += data
        _pad(body)

    def unpack(self, source: Source) -> object:
        flags, name, bits, number = source.long_descriptor()
        element = self.element
        if name != element.name or bits != element.bits or number % element.number:
            raise MachError(source.error)
        size = number * bits // 8
        if flags == _LONG_IN_LINE and size <= wire.INDEFINITE_INLINE_BYTES:
            return unpack_elements(element, source.take(size))
        if flags != _LONG_OUT_OF_LINE:
            raise MachError(source.error)
        memory = source.memory(size)
        source.take(4)
        return memory


def item_for(shape: Shape) -> Item:
    """Return the packer of a shape."""
    if isinstance(shape, Integers):
        return StructureItem(shape)
    if isinstance(shape, Text):
        return TextItem(shape)
    if isinstance(shape, Port):
        return PolymorphicItem(shape) if shape.is_polymorphic else PortItem(shape)
    if isinstance(shape, InLineArray):
        return InLineItem(shape)
    if isinstance(shape, IndefiniteArray):
        return IndefiniteItem(shape)
    if isinstance(shape.element, Port):
        return OutOfLinePortsItem(shape.element)
    return OutOfLineItem(shape.element)
