"""Messages as native (Python) tasks see them: names for ports, regions or bytes for memory.

What such a message says it carries must be what its body declares, so that no receiver is told
otherwise; ``check_carried`` sees to that, as the kernel does with the bytes of a C program.
"""

from dataclasses import dataclass

from ..interface.body import Carried, CarriedMemory
from ..interface.returns import MachError, MsgReturn
from . import entry as names
from .items import walk
from .layout import PORT_ARRAY_MAX


@dataclass(frozen=True, slots=True)
class Region:
    """Memory of a task, as the ``memory`` of a ``CarriedMemory`` record, which has the size."""

    address: int
    deallocate: bool = False  # when sent: it leaves the sender's map


@dataclass(slots=True)
class NamedMessage:
    """A message with names for ports, in the header and in ``carried``.

    When sending, the types are dispositions (MAKE_SEND ...), and a record of rights has its sender's
    disposition; ``body`` has the descriptors that the receiver is to see.  When received, ``remote`` is
    the reply right and ``local`` the port it was sent to.
    """

    remote: int
    remote_type: int
    local: int
    local_type: int
    id: int
    body: bytes
    carried: tuple[Carried, ...] = ()
    seqno: int = 0


class Unsent(MachError):
    """SEND_TIMED_OUT or SEND_INTERRUPTED: ``message`` came back, ready to be sent again."""

    def __init__(self, code: int, message: NamedMessage) -> None:
        super().__init__(code)
        self.message = message


class TooLarge(MachError):
    """RCV_TOO_LARGE: a message of ``size`` bytes stays queued (with MACH_RCV_LARGE) or was destroyed."""

    def __init__(self, size: int) -> None:
        super().__init__(MsgReturn.RCV_TOO_LARGE)
        self.size = size


class Damaged(MachError):
    """RCV_BODY_ERROR, with bits that say what ran out: ``message`` arrived, with nulls in it."""

    def __init__(self, shortages: int, message: NamedMessage) -> None:
        super().__init__(MsgReturn.RCV_BODY_ERROR | shortages)
        self.message = message


def check_carried(named: NamedMessage) -> None:
    """The records must be those that the descriptors of the body announce, in order; else
    MachError(SEND_INVALID_TYPE)."""
    if not named.carried:
        return
    wrong = MachError(MsgReturn.SEND_INVALID_TYPE)
    records = iter(named.carried)
    for item in walk(named.body):
        if not item.is_port and item.inline:
            continue
        record = next(records, None)
        if record is None or record.offset != item.offset:
            raise wrong
        if isinstance(record, CarriedMemory):
            if item.is_port or record.size != item.length:
                raise wrong
            memory = record.memory
            if not isinstance(memory, Region) and (type(memory) is not bytes or len(memory) != record.size):
                raise wrong
        elif (
            not item.is_port
            or names.CARRIED_AS.get(record.disposition) != item.name
            or record.inline != item.inline
            or len(record.ports) != item.number
            or item.number > PORT_ARRAY_MAX
        ):
            raise wrong
    if next(records, None) is not None:
        raise wrong
