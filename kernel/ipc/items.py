"""The typed items of a message body, one after the other (``mach_msg_type_t`` and its long form).

An item is a descriptor and then its data, padded to 4 bytes, or one address word when it is out of line.
Bodies come from programs: :func:`walk` believes nothing, and stops with the error code of Mach 3.0.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from struct import Struct

from ..interface.returns import MachError, MsgReturn
from ..interface.wire import MAKE_SEND_ONCE, MOVE_RECEIVE
from .layout import (
    DEALLOCATE_BIT,
    INLINE_BIT,
    LONG_DESCRIPTOR,
    LONGFORM_BIT,
    PORT_BITS,
    UNUSED_BIT,
)

WORD = Struct("<I")
SHORT_SIZE = 4
LONG_SIZE = 12
_FIRST_PORT, _LAST_PORT = MOVE_RECEIVE, MAKE_SEND_ONCE


@dataclass(frozen=True, slots=True)
class Item:
    """One typed item; offsets are in the body."""

    start: int  # of the descriptor
    offset: int  # of the data in line, or of the address word
    is_long: bool
    name: int  # type name or disposition
    number: int  # of units
    length: int  # bytes of data, without padding
    inline: bool
    deallocate: bool
    is_port: bool


def walk(body: bytes | bytearray) -> Iterator[Item]:
    """The items of a body in order.  MachError: SEND_MSG_TOO_SMALL where the body ends inside an item,
    SEND_INVALID_TYPE where a descriptor contradicts itself."""
    end = len(body)
    position = 0
    while position < end:
        start = position
        if end - start < SHORT_SIZE:
            raise MachError(MsgReturn.SEND_MSG_TOO_SMALL)
        flags: int = WORD.unpack_from(body, start)[0]
        is_long = bool(flags & LONGFORM_BIT)
        if is_long:
            if end - start < LONG_SIZE:
                raise MachError(MsgReturn.SEND_MSG_TOO_SMALL)
            _, name, bits, number = LONG_DESCRIPTOR.unpack_from(body, start)
            position += LONG_SIZE
        else:
            name = flags & 0xFF
            bits = flags >> 8 & 0xFF
            number = flags >> 16 & 0xFFF
            position += SHORT_SIZE
        inline = bool(flags & INLINE_BIT)
        deallocate = bool(flags & DEALLOCATE_BIT)
        is_port = _FIRST_PORT <= name <= _LAST_PORT
        if (
            (is_port and bits != PORT_BITS)
            or (is_long and flags & 0x0FFF_FFFF)
            or flags & UNUSED_BIT
            or (deallocate and inline)
        ):
            raise MachError(MsgReturn.SEND_INVALID_TYPE)
        length = number * bits + 7 >> 3
        space = length + 3 & ~3 if inline else 4
        if end - position < space:
            raise MachError(MsgReturn.SEND_MSG_TOO_SMALL)
        yield Item(start, position, is_long, name, number, length, inline, deallocate, is_port)
        position += space
