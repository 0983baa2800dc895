"""What a message body carries besides bytes: port rights and out-of-line memory.

A body is ``bytes`` in Mach 3.0's 32-bit layout (typed items, without the 24-byte header), in which
every port name and every out-of-line address is zero; a tuple of the records below, in body order,
says what belongs there.  The body can therefore be forwarded, hashed and put into a packet as it is.

Ports and memory are opaque here (this room imports nothing): the ipc room puts its ``Port`` and the
vm room its ``VmMapCopy``, or plain ``bytes`` when the kernel or a native task made the data.
"""

from dataclasses import dataclass


class _Dead:
    """The one dead port (``MACH_PORT_DEAD``, name 0xffffffff)."""

    def __repr__(self) -> str:
        return "DEAD"


DEAD = _Dead()
"""Stands for a dead name wherever a port object or None (``MACH_PORT_NULL``) may stand."""


@dataclass(frozen=True, slots=True)
class CarriedRights:
    """Port rights of one type in a body."""

    offset: int  # in the body: of the first name (inline), or of the address word (out of line)
    disposition: int  # what is carried: PORT_RECEIVE 16, PORT_SEND 17 or PORT_SEND_ONCE 18
    ports: tuple[object, ...]  # ports, None for MACH_PORT_NULL, DEAD for MACH_PORT_DEAD
    inline: bool


@dataclass(frozen=True, slots=True)
class CarriedMemory:
    """Out-of-line data in a body."""

    offset: int  # in the body: of the address word
    size: int  # bytes
    memory: object  # VmMapCopy, or bytes


Carried = CarriedRights | CarriedMemory
