"""The Python values that stand for arguments which are neither numbers nor strings.

A port is whatever object the caller uses for ports (the kernel its ``Port``, a native task a name);
None is ``MACH_PORT_NULL`` and :data:`~kernel.interface.body.DEAD` is ``MACH_PORT_DEAD``.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from kernel.interface.body import CarriedMemory

PortObject = object
"""A port as the user of this room sees it."""

Memory = bytes | CarriedMemory
"""Out-of-line data: given as bytes or as a record (whose ``offset`` is then ignored); arrives as a record."""

Words = Sequence[int] | bytes | CarriedMemory
"""Out-of-line integers: given in any of these forms; arrives as a record, see :func:`unpack_words`."""


@dataclass(slots=True)
class Right:
    """A port right whose disposition is part of the message (``polymorphic``)."""

    port: PortObject
    disposition: int  # PORT_RECEIVE 16, PORT_SEND 17, PORT_SEND_ONCE 18; a sender may use the others too


def unpack_words(data: bytes) -> tuple[int, ...]:
    """Return the 32-bit unsigned integers in ``data``."""
    return struct.unpack(f"<{len(data) // 4}I", data)
