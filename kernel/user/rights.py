"""Messages as a program gives them: what may stand in one, and the dispositions of its rights.

The codecs of ``kernel.interface`` write what the *receiver* is to find; a sender says by its disposition
how it comes to have that right (copy, make, move).  Where a declaration fixes the disposition a bare name
will do; a ``Right`` says another, or one where the declaration leaves it open.
"""

from ..interface.body import Carried, CarriedMemory, CarriedRights
from ..interface.declare import PortPlace
from ..interface.values import Right
from ..interface.wire import POLYMORPHIC
from ..ipc.entry import CARRIED_AS
from ..ipc.named_message import NamedMessage, Region

_WORD = range(1 << 32)
_BYTE = range(1 << 8)


def outgoing(
    places: tuple[PortPlace, ...], body: bytes, carried: tuple[Carried, ...]
) -> tuple[bytes, tuple[Carried, ...]]:
    """An encoded body with the dispositions of its sender in ``carried``.  TypeError for a value that is
    no name, or a disposition that does not give the right that the declaration wants."""
    records: list[Carried] = []
    remaining = iter(places)
    for record in carried:
        if not isinstance(record, CarriedRights):
            records.append(record)
            continue
        place = next(remaining)
        names = record.ports
        sends = record.disposition if place.takes_right else place.sends
        if len(names) == 1 and isinstance(names[0], Right):
            sends = names[0].disposition
            names = (names[0].port,)
        if sends == POLYMORPHIC or not all(isinstance(name, int) for name in names):
            raise TypeError(f"{names} are no names of rights with a disposition")
        if place.takes_right:
            at = record.offset - 4
            body = body[:at] + bytes((CARRIED_AS[sends],)) + body[at + 1 :]
        elif CARRIED_AS.get(sends) != record.disposition:
            raise TypeError(f"disposition {sends} does not give a right of type {record.disposition}")
        records.append(CarriedRights(record.offset, sends, names, record.inline))
    return body, tuple(records)


def check_message(message: object) -> None:
    """A message must consist of what it is declared to; TypeError or ValueError, which are the program's.
    (What the numbers mean is ``mach_msg``'s to check.)"""
    if not isinstance(message, NamedMessage) or type(message.body) is not bytes:
        raise TypeError(f"no message: {message!r}")
    for number in (message.remote, message.local, message.id):
        _within(number, _WORD)
    for number in (message.remote_type, message.local_type):
        _within(number, _BYTE)
    for record in message.carried:
        if isinstance(record, CarriedRights):
            _within(record.disposition, _BYTE)
            for name in record.ports:
                _within(name, _WORD)
        elif isinstance(record, CarriedMemory):
            memory = record.memory
            if isinstance(memory, Region):
                _within(memory.address, _WORD)
                _within(record.size, _WORD)
            elif type(memory) is not bytes:
                raise TypeError(f"no memory: {memory!r}")
        else:
            raise TypeError(f"a message cannot carry {record!r}")


def _within(number: object, bounds: range) -> None:
    if not isinstance(number, int):
        raise TypeError(f"no number: {number!r}")
    if number not in bounds:
        raise ValueError(f"{number:#x} is not in the range up to {bounds.stop - 1:#x}")
