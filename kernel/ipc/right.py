"""Port rights without names: held by the kernel, or on their way in a message.

Invariant: every right made here (or copied in from a name) is released here, used as a destination, or
copied out to a name, exactly once.  Every send-once right yields exactly one message: the one sent to
it, or a send-once notification when it is destroyed.  Rights to a dead port are worth nothing and are
not counted any more.
"""

from typing import TypeVar

from ..interface.body import DEAD, Carried, CarriedMemory, CarriedRights
from ..interface.body import _Dead as Dead
from ..interface.wire import PORT_RECEIVE, PORT_SEND
from ..vm.map_copy import VmMapCopy
from . import death, notify
from .message import ForcedMessage, Message
from .port import Port

PortValue = Port | Dead | None
"""What stands for a port in a message: a port, DEAD (MACH_PORT_DEAD) or None (MACH_PORT_NULL)."""
AnyPortValue = TypeVar("AnyPortValue", bound="Port | Dead | None")


def make_send(port: Port) -> Port:
    """A new send right, made by whoever has the receive right."""
    port.mscount += 1
    port.srights += 1
    return port


def make_send_once(port: Port) -> Port:
    """A new send-once right, made by whoever has the receive right."""
    port.sorights += 1
    return port


def copy_send(port: AnyPortValue) -> AnyPortValue:
    """Another send right beside one that the caller holds (to a port that may have died meanwhile)."""
    if isinstance(port, Port) and port.active:
        port.srights += 1
    return port


def release_send(port: PortValue) -> None:
    """Give a send right up; with the last one a no-senders notification may go out."""
    if isinstance(port, Port) and port.active:
        assert port.srights > 0, f"{port} has no send right to release"
        port.srights -= 1
        if not port.srights:
            last_sender_gone(port)


def last_sender_gone(port: Port) -> None:
    """``srights`` has just become zero."""
    if port.nsrequest is not None:
        requester, port.nsrequest = port.nsrequest, None
        notify.no_senders(requester, port.mscount)
    if port.remote is not None and port.system.transport is not None:
        port.system.transport.no_local_senders(port)


def release_send_once(port: PortValue) -> None:
    """Destroy a send-once right: it yields a send-once notification."""
    if isinstance(port, Port) and port.active:
        assert port.sorights > 0, f"{port} has no send-once right to destroy"
        notify.send_once(port)


def release_receive(port: PortValue) -> None:
    """Destroy a receive right that no space holds: the port dies (or comes back to whoever asked)."""
    if isinstance(port, Port) and port.active:
        death.destroy_port(port)


def release(port: PortValue, disposition: int) -> None:
    """Destroy a right: PORT_RECEIVE, PORT_SEND or PORT_SEND_ONCE."""
    if disposition == PORT_SEND:
        release_send(port)
    elif disposition == PORT_RECEIVE:
        release_receive(port)
    else:
        release_send_once(port)


def consume_destination(message: Message) -> None:
    """The message has been received: the right it was sent to is used up, without a trace."""
    port = message.destination
    if port.active:
        if message.destination_type == PORT_SEND:
            release_send(port)
        else:
            port.sorights -= 1


# ---- whole messages


def destroy_carried(carried: tuple[Carried, ...]) -> None:
    """Destroy the rights and the memory that a body carries."""
    for record in carried:
        if type(record) is CarriedRights:
            disposition = record.disposition
            for port in record.ports:
                if port is not None and port is not DEAD:
                    assert isinstance(port, Port)
                    release(port, disposition)
        elif isinstance(record, CarriedMemory):
            memory = record.memory
            if isinstance(memory, VmMapCopy):
                memory.discard()


def destroy_message(message: Message) -> None:
    """Destroy a message that nobody receives, with every right in it."""
    if message.destination_type == PORT_SEND:
        release_send(message.destination)
    else:
        release_send_once(message.destination)
    if message.reply_type:
        release(message.reply, message.reply_type)
    if message.carried:
        destroy_carried(message.carried)
    if type(message) is ForcedMessage:
        request = message.request
        if request.entry is not None:
            request.entry.accept = None
        release_send_once(request.notify)


def drop_message(message: Message) -> None:
    """Destroy a message of the kernel's for which there is no room; its destination is told nothing."""
    consume_destination(message)
    if message.reply_type:
        release(message.reply, message.reply_type)
    destroy_carried(message.carried)
