"""Shapes of typed items: how one argument looks in the body of a Mach 3.0 message.

An item is a descriptor (``mach_msg_type_t``, 4 bytes, or its 12-byte long form) followed by the data
itself, padded to 4 bytes, or by one address word when the data is out of line.  A shape knows the
descriptor of its item and nothing of messages; ``codec.py`` packs and unpacks by these shapes.

Which form is used where follows the interface generator (MIG) of Mach 3.0: long forms for everything
out of line and for units of 256 bits and more (strings), short forms for the rest.
"""

from dataclasses import dataclass
from typing import Final

INTEGER_16: Final = 1
INTEGER_32: Final = 2
BOOLEAN: Final = 0
CHAR: Final = 8
BYTE: Final = 9
STRING: Final = 12
PORT_NAME: Final = 15
MOVE_RECEIVE: Final = 16
MOVE_SEND: Final = 17
MOVE_SEND_ONCE: Final = 18
COPY_SEND: Final = 19
MAKE_SEND: Final = 20
MAKE_SEND_ONCE: Final = 21
PORT_RECEIVE: Final = MOVE_RECEIVE
PORT_SEND: Final = MOVE_SEND
PORT_SEND_ONCE: Final = MOVE_SEND_ONCE
POLYMORPHIC: Final = -1
"""Stands for a disposition that the message itself tells."""

INLINE_BIT: Final = 0x1000_0000
LONGFORM_BIT: Final = 0x2000_0000
DEALLOCATE_BIT: Final = 0x4000_0000
NUMBER_MAX: Final = 0xFFF
"""Greatest count of a short descriptor."""

INDEFINITE_INLINE_BYTES: Final = 2048
"""An array without a declared limit travels in line up to this size."""


def short_descriptor(name: int, bits: int, number: int) -> int:
    """Return the word that describes ``number`` in-line units of ``bits`` bits each."""
    assert 0 <= name < 256 and bits < 256 and number <= NUMBER_MAX, (name, bits, number)
    return name | bits << 8 | number << 16 | INLINE_BIT


@dataclass(frozen=True, slots=True)
class Integers:
    """``number`` units of ``bits`` bits in line: a scalar when 1, else a structure."""

    c_name: str
    name: int = INTEGER_32
    bits: int = 32
    number: int = 1
    signed: bool = False

    @property
    def size(self) -> int:
        """Bytes without padding."""
        return self.number * self.bits // 8

    @property
    def is_characters(self) -> bool:
        """Whether Python sees bytes where others are integers."""
        return self.bits == 8

    @property
    def letter(self) -> str:
        """The format character of :mod:`struct` for one unit."""
        letter = {8: "b", 16: "h", 32: "i"}[self.bits]
        return letter if self.signed else letter.upper()

    @property
    def descriptor(self) -> int:
        return short_descriptor(self.name, self.bits, self.number)


@dataclass(frozen=True, slots=True)
class Text:
    """A string in a fixed space of ``size`` bytes: one unit of 8 * size bits, so a long form."""

    c_name: str
    size: int


@dataclass(frozen=True, slots=True)
class Port:
    """One port right in line.

    ``sends`` is what a sender writes into the descriptor, ``receives`` what the receiver finds there
    (a copied or made send right arrives as a moved one); either may be :data:`POLYMORPHIC`.
    """

    c_name: str
    sends: int
    receives: int

    @property
    def is_polymorphic(self) -> bool:
        """Whether the receiver must be told the disposition."""
        return self.receives == POLYMORPHIC


Element = Integers | Port


@dataclass(frozen=True, slots=True)
class InLineArray:
    """Up to ``maximum`` elements in line, as many as the (short) descriptor says."""

    c_name: str
    element: Integers
    maximum: int


@dataclass(frozen=True, slots=True)
class OutOfLineArray:
    """Any number of elements out of line, by a long descriptor and an address word."""

    c_name: str
    element: Element


@dataclass(frozen=True, slots=True)
class IndefiniteArray:
    """Elements in line while they fit :data:`INDEFINITE_INLINE_BYTES`, else out of line; long form."""

    c_name: str
    element: Integers

    @property
    def maximum(self) -> int:
        """How many elements fit in line."""
        return INDEFINITE_INLINE_BYTES // self.element.size


Shape = Integers | Text | Port | InLineArray | OutOfLineArray | IndefiniteArray
