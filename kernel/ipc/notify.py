"""Notifications: what the kernel tells the holders of rights (``mach/notify.h``).

Each is sent to a send-once right that was registered for it, and consumes that right.  Layouts are
those of Mach 3.0: one typed item with the name, right or count, or nothing.
"""

from struct import Struct
from typing import TYPE_CHECKING, Final

from ..interface.body import Carried, CarriedRights
from ..interface.wire import INTEGER_32, PORT_NAME, PORT_RECEIVE, PORT_SEND_ONCE, short_descriptor
from . import queue
from .layout import PORT_NULL
from .message import AcceptRequest, Message

if TYPE_CHECKING:
    from .port import Port

NOTIFY_PORT_DELETED: Final = 65
NOTIFY_MSG_ACCEPTED: Final = 66
NOTIFY_PORT_DESTROYED: Final = 69
NOTIFY_NO_SENDERS: Final = 70
NOTIFY_SEND_ONCE: Final = 71
NOTIFY_DEAD_NAME: Final = 72

_ITEM = Struct("<II")
_NAME = short_descriptor(PORT_NAME, 32, 1)
_COUNT = short_descriptor(INTEGER_32, 32, 1)
_RECEIVE = short_descriptor(PORT_RECEIVE, 32, 1)
_WORD_OFFSET = 4


def _send(notify: "Port", id_: int, body: bytes, carried: tuple[Carried, ...] = ()) -> None:
    trace = notify.system.trace
    if trace.on:
        trace.emit("notify", id_, notify.number)
    queue.force(Message(notify, PORT_SEND_ONCE, None, 0, id_, body, carried))


def port_deleted(notify: "Port", name: int) -> None:
    """The name with a dead-name request was given up before its port died."""
    _send(notify, NOTIFY_PORT_DELETED, _ITEM.pack(_NAME, name))


def msg_accepted(request: AcceptRequest) -> None:
    """The message that was queued beyond the limit has been taken from the queue."""
    entry = request.entry
    name = PORT_NULL
    if entry is not None:
        name = entry.name
        entry.accept = None
    _send(request.notify, NOTIFY_MSG_ACCEPTED, _ITEM.pack(_NAME, name))


def port_destroyed(notify: "Port", port: "Port") -> None:
    """The receive right would have been destroyed; here it is."""
    rights = CarriedRights(_WORD_OFFSET, PORT_RECEIVE, (port,), True)
    _send(notify, NOTIFY_PORT_DESTROYED, _ITEM.pack(_RECEIVE, 0), (rights,))


def no_senders(notify: "Port", mscount: int) -> None:
    """The last send right is gone; ``mscount`` send rights had been made."""
    _send(notify, NOTIFY_NO_SENDERS, _ITEM.pack(_COUNT, mscount & 0xFFFF_FFFF))


def send_once(notify: "Port") -> None:
    """The send-once right was destroyed instead of used."""
    _send(notify, NOTIFY_SEND_ONCE, b"")


def dead_name(notify: "Port", name: int) -> None:
    """The port that ``name`` denoted has died; the dead name has gained a user reference for this."""
    _send(notify, NOTIFY_DEAD_NAME, _ITEM.pack(_NAME, name))
