"""What the Python stubs need of whoever calls: a way to send a request and get its reply.

A native task has one (``kernel/user.py``), and so has a test.  Ports are names here, in the caller's
own space.
"""

from typing import Protocol

from kernel.interface.body import CarriedMemory
from kernel.interface.declare import Routine
from kernel.interface.items import unpack_elements
from kernel.interface.values import Right, unpack_words
from kernel.interface.wire import IndefiniteArray, Shape

PortName = int
"""The name of a port right in the caller's space; 0 is ``MACH_PORT_NULL``."""

Value = object
"""A result as the codec gives it."""


class Caller(Protocol):
    """Sends requests.

    Where the declaration fixes the disposition of a port argument (``routine.port_ins``,
    ``routine.request_port``), the value is a bare name; where it does not, it is a ``Right`` with the
    disposition that the caller gives.
    """

    async def call(
        self, routine: Routine, port: PortName | Right, *ins: object, reply_port: PortName = 0
    ) -> tuple[object, ...]:
        """Send a request and return the outs of its reply; MachError when the call, or sending, fails.

        A simple routine returns () as soon as it is sent.  ``reply_port`` 0: the caller's own.
        """
        ...

    async def read(self, memory: CarriedMemory) -> bytes:
        """Return out-of-line data that a reply brought, and give up the memory."""
        ...


async def taken_array(caller: Caller, shape: Shape, value: Value) -> Value:
    """Return the elements of an array that came in line (as they are) or out of line."""
    assert isinstance(shape, IndefiniteArray)
    if isinstance(value, CarriedMemory):
        return unpack_elements(shape.element, await caller.read(value))
    return value


async def taken_words(caller: Caller, value: Value) -> tuple[int, ...]:
    """Return integers that came out of line."""
    assert isinstance(value, CarriedMemory)
    return unpack_words(await caller.read(value))
