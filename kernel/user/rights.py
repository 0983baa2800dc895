"""Port rights in message bodies, as a native task gives them.

The codecs of ``kernel.interface`` write what the *receiver* is to find; a sender says by its disposition
how it comes to have that right (copy, make, move).  Where a declaration fixes the disposition a bare name
will do; a ``Right`` says another, or one where the declaration leaves it open.
"""

from ..interface.body import Carried, CarriedRights
from ..interface.declare import PortPlace
from ..interface.values import Right
from ..interface.wire import POLYMORPHIC
from ..ipc.entry import CARRIED_AS


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
