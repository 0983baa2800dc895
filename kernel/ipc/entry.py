"""Rights by name: from a name to a right without one (copyin), back (copyout), and giving rights up.

The rules for each disposition are Mach 3.0's:

===============  =======================  ==============================================
disposition      the name must denote     what happens
===============  =======================  ==============================================
MAKE_SEND        a receive right          a send right is made
MAKE_SEND_ONCE   a receive right          a send-once right is made
COPY_SEND        a send right or dead     nothing is lost; a dead name gives DEAD
MOVE_SEND        a send right or dead     one user reference is lost
MOVE_SEND_ONCE   a send-once right, dead  the name, or one reference of a dead name, is lost
MOVE_RECEIVE     a receive right          the receive right is lost, send rights stay
===============  =======================  ==============================================

A name that is freed with a dead-name request registered yields a port-deleted notification.
"""

from ..interface.body import DEAD
from ..interface.body import _Dead as Dead
from ..interface.returns import KernReturn, MachError
from ..interface.wire import (
    COPY_SEND,
    MAKE_SEND,
    MAKE_SEND_ONCE,
    MOVE_RECEIVE,
    MOVE_SEND,
    MOVE_SEND_ONCE,
    PORT_RECEIVE,
    PORT_SEND,
    PORT_SEND_ONCE,
)
from . import death, notify, right
from .layout import (
    PORT_DEAD,
    PORT_NULL,
    TYPE_DEAD_NAME,
    TYPE_NONE,
    TYPE_PORT_SET,
    TYPE_RECEIVE,
    TYPE_SEND,
    TYPE_SEND_ONCE,
    TYPE_SEND_RIGHTS,
    UREFS_MAX,
)
from .port import Port
from .right import PortValue
from .space import Entry, IpcSpace

CARRIED_AS = {
    MOVE_RECEIVE: PORT_RECEIVE,
    MOVE_SEND: PORT_SEND,
    MOVE_SEND_ONCE: PORT_SEND_ONCE,
    COPY_SEND: PORT_SEND,
    MAKE_SEND: PORT_SEND,
    MAKE_SEND_ONCE: PORT_SEND_ONCE,
}
"""What right a message carries for each disposition of its sender."""

_REQUIRED = {
    MOVE_RECEIVE: TYPE_RECEIVE,
    MOVE_SEND: TYPE_SEND | TYPE_DEAD_NAME,
    MOVE_SEND_ONCE: TYPE_SEND_ONCE | TYPE_DEAD_NAME,
    COPY_SEND: TYPE_SEND | TYPE_DEAD_NAME,
    MAKE_SEND: TYPE_RECEIVE,
    MAKE_SEND_ONCE: TYPE_RECEIVE,
}

# ---- from names to rights


def can_take(entry: Entry, disposition: int) -> bool:
    """Whether the entry, just looked up, can give this right."""
    return bool(entry.type & _REQUIRED[disposition])


def take(space: IpcSpace, entry: Entry, disposition: int) -> tuple[Port | Dead, Port | None]:
    """Take a right that ``can_take`` allows.  Also returns the dead-name request of a name that was
    freed by this: the caller owes it a port-deleted notification."""
    port = entry.port
    if port is None:  # a dead name
        if disposition != COPY_SEND:
            drop_reference(space, entry)
        return DEAD, None
    request: Port | None = None
    if disposition == COPY_SEND:
        port.srights += 1
    elif disposition == MAKE_SEND_ONCE:
        port.sorights += 1
    elif disposition == MAKE_SEND:
        port.srights += 1
        port.mscount += 1
    elif disposition == MOVE_SEND:
        if entry.urefs > 1:
            entry.urefs -= 1
            port.srights += 1
        else:
            request = _strip(space, entry, TYPE_SEND)
    elif disposition == MOVE_SEND_ONCE:
        request = _strip(space, entry, TYPE_SEND_ONCE)
    else:
        request = _strip(space, entry, TYPE_RECEIVE)
        death.clear_receiver(port)
    return port, request


def _strip(space: IpcSpace, entry: Entry, type_bit: int) -> Port | None:
    """Take one right to a live port away from a name, and free the name if it was the only one; returns
    its dead-name request then.  The port's own counts are the caller's business."""
    port = entry.port
    assert port is not None
    if entry.type == TYPE_SEND | TYPE_RECEIVE:
        entry.type ^= type_bit
        if type_bit == TYPE_SEND:
            entry.urefs = 0
        else:
            space.sends[port] = entry
        return None
    assert entry.type == type_bit
    if type_bit == TYPE_SEND:
        del space.sends[port]
    request = cancel_request(entry)
    space.free_entry(entry)
    return request


def drop_reference(space: IpcSpace, entry: Entry) -> None:
    """Take a user reference from a dead name."""
    entry.urefs -= 1
    if not entry.urefs:
        space.free_entry(entry)


def copyin(space: IpcSpace, name: int, disposition: int) -> PortValue:
    """Take a right out of a space, as a message or a call does; INVALID_NAME or INVALID_RIGHT."""
    entry = space.lookup(name)
    if entry is None:
        raise MachError(KernReturn.INVALID_NAME)
    if not can_take(entry, disposition):
        raise MachError(KernReturn.INVALID_RIGHT)
    port, request = take(space, entry, disposition)
    if request is not None:
        notify.port_deleted(request, name)
    return port


# ---- from rights to names


def copyout(space: IpcSpace, port: PortValue, disposition: int) -> int:
    """Put a right into a space and return its name; PORT_DEAD for a right to a dead port.  On NO_SPACE
    nothing happened, the right is still the caller's."""
    if not isinstance(port, Port):
        return PORT_NULL if port is None else PORT_DEAD
    if not port.active:
        return PORT_DEAD
    if disposition == PORT_SEND_ONCE:
        return space.enter_send_once(port)
    found = space.find(port)
    if found is None:
        found = space.new_entry()
        found.port = port
    _add(space, found, port, disposition)
    return found.name


def _add(space: IpcSpace, entry: Entry, port: Port, disposition: int) -> None:
    """Add a send or receive right to the entry for its port (which may be new)."""
    if disposition == PORT_SEND:
        if entry.type & TYPE_SEND:
            # The right merges into the one that is there.  At the limit it is still received, without
            # a user reference of its own.
            if entry.urefs < UREFS_MAX:
                entry.urefs += 1
            right.release_send(port)
            return
        if entry.type == TYPE_NONE:
            space.sends[port] = entry
        entry.type |= TYPE_SEND
        entry.urefs = 1
    else:
        assert disposition == PORT_RECEIVE and port.receiver is None
        if entry.type & TYPE_SEND:
            del space.sends[port]
        entry.type |= TYPE_RECEIVE
        port.receiver = space
        port.receiver_name = entry.name
        port.destination = None


def copyout_named(space: IpcSpace, port: Port, disposition: int, name: int) -> None:
    """Put a right into a space under a given name (``mach_port_insert_right``).  On an error nothing
    happened: RIGHT_EXISTS, NAME_EXISTS, INVALID_CAPABILITY, UREFS_OVERFLOW or RESOURCE_SHORTAGE."""
    there = space.lookup(name)
    if disposition != PORT_SEND_ONCE and port.active:
        found = space.find(port)
        if found is not None:
            if found is not there:
                raise MachError(KernReturn.RIGHT_EXISTS)
            if disposition == PORT_SEND and found.type & TYPE_SEND and found.urefs == UREFS_MAX:
                raise MachError(KernReturn.UREFS_OVERFLOW)
            _add(space, found, port, disposition)
            return
    if there is not None:
        raise MachError(KernReturn.NAME_EXISTS)
    if not port.active:
        raise MachError(KernReturn.INVALID_CAPABILITY)
    entry = space.new_entry_named(name)
    entry.port = port
    if disposition == PORT_SEND_ONCE:
        entry.type = TYPE_SEND_ONCE
        entry.urefs = 1
    else:
        _add(space, entry, port, disposition)


# ---- giving rights up


def drop_send(space: IpcSpace, entry: Entry) -> None:
    """Destroy the send right of a name, with all its user references."""
    port, name = entry.port, entry.name
    assert port is not None
    request = _strip(space, entry, TYPE_SEND)
    right.release_send(port)
    if request is not None:
        notify.port_deleted(request, name)


def drop_send_once(space: IpcSpace, entry: Entry) -> None:
    """Destroy a send-once right."""
    port, name = entry.port, entry.name
    assert port is not None
    request = _strip(space, entry, TYPE_SEND_ONCE)
    right.release_send_once(port)
    if request is not None:
        notify.port_deleted(request, name)


def drop_receive(space: IpcSpace, entry: Entry) -> None:
    """Destroy a receive right; a send right under the same name becomes a dead name (unless the port
    lives on in a port-destroyed notification)."""
    port, name = entry.port, entry.name
    assert port is not None
    request = _strip(space, entry, TYPE_RECEIVE)
    death.destroy_port(port)
    if request is not None:
        notify.port_deleted(request, name)


def drop_all(space: IpcSpace, entry: Entry) -> None:
    """Destroy every right of a name, which is free afterwards (``mach_port_destroy``)."""
    port, port_set = entry.port, entry.port_set
    if port_set is not None:
        space.free_entry(entry)
        port_set.destroy()
        return
    if port is None:  # a dead name
        space.free_entry(entry)
        return
    types, name = entry.type, entry.name
    request = cancel_request(entry)
    if types & TYPE_SEND and not types & TYPE_RECEIVE:
        del space.sends[port]
    space.free_entry(entry)
    if types & TYPE_RECEIVE:
        _destroy_receive(port, with_send=bool(types & TYPE_SEND))
    elif types & TYPE_SEND:
        right.release_send(port)
    else:
        right.release_send_once(port)
    if request is not None:
        notify.port_deleted(request, name)


def _destroy_receive(port: Port, with_send: bool) -> None:
    """Destroy a receive right, and with it the send right of the same name; whether that was the last
    send right is found out first and told afterwards."""
    requester: Port | None = None
    mscount = port.mscount
    if with_send:
        port.srights -= 1
        if not port.srights:
            requester, port.nsrequest = port.nsrequest, None
    death.destroy_port(port)
    if requester is not None:
        notify.no_senders(requester, mscount)


def drop_one(space: IpcSpace, entry: Entry) -> None:
    """Take one user reference from a send right, send-once right or dead name
    (``mach_port_deallocate``); INVALID_RIGHT for anything else."""
    if entry.type & (TYPE_SEND | TYPE_DEAD_NAME) and entry.urefs > 1:
        entry.urefs -= 1
    elif entry.type & TYPE_SEND:
        drop_send(space, entry)
    elif entry.type & TYPE_SEND_ONCE:
        drop_send_once(space, entry)
    elif entry.type & TYPE_DEAD_NAME:
        drop_reference(space, entry)
    else:
        assert entry.type & (TYPE_RECEIVE | TYPE_PORT_SET)
        raise MachError(KernReturn.INVALID_RIGHT)


# ---- dead-name requests


def cancel_request(entry: Entry) -> Port | None:
    """Take the dead-name request off a name and return its send-once right."""
    request = entry.request
    if request is not None:
        entry.request = None
        port = entry.port
        assert port is not None and port.requests is not None
        del port.requests[entry]
        if not port.requests:
            port.requests = None
    return request


def request_dead_name(space: IpcSpace, entry: Entry, requester: Port) -> Port | None:
    """Register a dead-name request for a name with rights to a live port; returns the one it replaces."""
    port = entry.port
    assert port is not None and entry.type & (TYPE_SEND_RIGHTS | TYPE_RECEIVE)
    previous, entry.request = entry.request, requester
    if port.requests is None:
        port.requests = {}
        if port.remote is not None and port.system.transport is not None:
            port.system.transport.watch_death(port)
    port.requests[entry] = space
    return previous


def destroy_space(space: IpcSpace) -> None:
    """Destroy every right in a space; nobody can use it afterwards."""
    space.active = False
    space.limit = 0  # whoever still receives into it, from a wait, finds no room
    for name in list(space.entries):
        entry = space.lookup(name)
        if entry is not None:
            drop_all(space, entry)
    assert not space.entries and not space.sends
    space.free.clear()
    del space.system.spaces[space.number]
