"""The calls on name spaces (``mach_port.defs``, ids 3200 to 3218), and ``mach_reply_port``.

Each takes the space it works on; kern finds it from the task port.  Errors are raised as MachError with
the codes of Mach 3.0; on an error nothing has changed.  Rights that come as arguments are without a name
already (the message that brought them was copied in): they belong to the callee when the call succeeds
and stay with the caller when it raises.
"""

from collections.abc import Callable
from typing import NamedTuple

from ..interface.body import _Dead as Dead
from ..interface.returns import KernReturn, MachError
from ..interface.values import Right
from ..interface.wire import MAKE_SEND_ONCE, MOVE_RECEIVE
from . import entry as names
from . import notify
from .layout import (
    PORT_DEAD,
    PORT_NULL,
    QLIMIT_MAX,
    RIGHT_DEAD_NAME,
    RIGHT_PORT_SET,
    RIGHT_RECEIVE,
    RIGHT_SEND,
    RIGHT_SEND_ONCE,
    TYPE_DEAD_NAME,
    TYPE_DNREQUEST,
    TYPE_MAREQUEST,
    TYPE_PORT_RIGHTS,
    TYPE_PORT_SET,
    TYPE_RECEIVE,
    UREFS_MAX,
)
from .notify import NOTIFY_DEAD_NAME, NOTIFY_NO_SENDERS, NOTIFY_PORT_DESTROYED
from .port import Port
from .queue import admit
from .right import PortValue
from .space import Entry, IpcSpace

_WORD_MASK = 0xFFFF_FFFF


class PortStatus(NamedTuple):
    """``mach_port_status_t``."""

    mps_pset: int
    mps_seqno: int
    mps_mscount: int
    mps_qlimit: int
    mps_msgcount: int
    mps_sorights: int
    mps_srights: int
    mps_pdrequest: int
    mps_nsrequest: int


class OldPortStatus(NamedTuple):
    """``old_mach_port_status_t``, before ports had sequence numbers."""

    mps_pset: int
    mps_mscount: int
    mps_qlimit: int
    mps_msgcount: int
    mps_sorights: int
    mps_srights: int
    mps_pdrequest: int
    mps_nsrequest: int


def _check_active(space: IpcSpace) -> None:
    if not space.active:
        raise MachError(KernReturn.INVALID_TASK)


def _lookup(space: IpcSpace, name: int) -> Entry:
    _check_active(space)
    entry = space.lookup(name)
    if entry is None:
        raise MachError(KernReturn.INVALID_NAME)
    return entry


def _receive_right(space: IpcSpace, name: int) -> Port:
    _check_active(space)
    port = space.translate(name, TYPE_RECEIVE).port
    assert port is not None
    return port


def _check_name(name: int) -> None:
    if name in (PORT_NULL, PORT_DEAD):
        raise MachError(KernReturn.INVALID_VALUE)


# ---- what there is


def _type_of(entry: Entry) -> int:
    bits = entry.type
    if entry.request is not None:
        bits |= TYPE_DNREQUEST
    if entry.accept is not None:
        bits |= TYPE_MAREQUEST
    return bits


def mach_port_names(space: IpcSpace) -> tuple[list[int], list[int]]:
    """All names and what each denotes."""
    _check_active(space)
    entries = [entry for name in list(space.entries) if (entry := space.lookup(name)) is not None]
    return [entry.name for entry in entries], [_type_of(entry) for entry in entries]


def mach_port_type(space: IpcSpace, name: int) -> int:
    """What a name denotes, as MACH_PORT_TYPE_* bits."""
    return _type_of(_lookup(space, name))


def mach_port_get_refs(space: IpcSpace, name: int, which: int) -> int:
    """The number of user references of one kind of right that a name may denote."""
    if not RIGHT_SEND <= which <= RIGHT_DEAD_NAME:
        raise MachError(KernReturn.INVALID_VALUE)
    entry = _lookup(space, name)
    if not entry.type & 1 << which + 16:
        return 0
    return entry.urefs if which in (RIGHT_SEND, RIGHT_DEAD_NAME) else 1


def mach_port_get_receive_status(space: IpcSpace, name: int) -> PortStatus:
    """The state of a port, for the holder of its receive right."""
    port = _receive_right(space, name)
    return PortStatus(
        mps_pset=port.port_set.name if port.port_set is not None else PORT_NULL,
        mps_seqno=port.seqno & _WORD_MASK,
        mps_mscount=port.mscount & _WORD_MASK,
        mps_qlimit=port.qlimit,
        mps_msgcount=len(port.messages),
        mps_sorights=port.sorights,
        mps_srights=int(port.srights > 0),
        mps_pdrequest=int(port.pdrequest is not None),
        mps_nsrequest=int(port.nsrequest is not None),
    )


def old_mach_port_get_receive_status(space: IpcSpace, name: int) -> OldPortStatus:
    """The state of a port without its sequence number."""
    status = mach_port_get_receive_status(space, name)
    return OldPortStatus(status.mps_pset, *status[2:])


def mach_port_get_set_status(space: IpcSpace, name: int) -> list[int]:
    """The names of a port set's members."""
    _check_active(space)
    port_set = space.translate(name, TYPE_PORT_SET).port_set
    assert port_set is not None
    return [port.receiver_name for port in port_set.members]


# ---- names come and go

_ALLOCATORS: dict[int, Callable[[IpcSpace, int | None], int]] = {
    RIGHT_RECEIVE: lambda space, name: space.allocate_port(name).receiver_name,
    RIGHT_PORT_SET: lambda space, name: space.allocate_port_set(name).name,
    RIGHT_DEAD_NAME: lambda space, name: space.allocate_dead_name(name).name,
}


def mach_port_allocate(space: IpcSpace, which: int) -> int:
    """A new port, port set or dead name; its name."""
    _check_active(space)
    allocate = _ALLOCATORS.get(which)
    if allocate is None:
        raise MachError(KernReturn.INVALID_VALUE)
    return allocate(space, None)


def mach_port_allocate_name(space: IpcSpace, which: int, name: int) -> None:
    """A new port, port set or dead name, under a name that the caller chooses."""
    _check_active(space)
    allocate = _ALLOCATORS.get(which)
    if allocate is None:
        raise MachError(KernReturn.INVALID_VALUE)
    _check_name(name)
    if name in space.entries:
        raise MachError(KernReturn.NAME_EXISTS)
    allocate(space, name)


def mach_reply_port(space: IpcSpace) -> int:
    """The trap: a new port for replies; PORT_NULL if there is no room for it."""
    try:
        return mach_port_allocate(space, RIGHT_RECEIVE)
    except MachError:
        return PORT_NULL


def mach_port_rename(space: IpcSpace, old_name: int, new_name: int) -> None:
    """Give what a name denotes another name."""
    _check_active(space)
    _check_name(new_name)
    if new_name in space.entries:
        raise MachError(KernReturn.NAME_EXISTS)
    space.rename(_lookup(space, old_name), new_name)


def mach_port_destroy(space: IpcSpace, name: int) -> None:
    """Give up everything that a name denotes."""
    names.drop_all(space, _lookup(space, name))


def mach_port_deallocate(space: IpcSpace, name: int) -> None:
    """Give up one user reference of a send right, send-once right or dead name."""
    names.drop_one(space, _lookup(space, name))


def mach_port_mod_refs(space: IpcSpace, name: int, which: int, delta: int) -> None:
    """Change the number of user references of one right; at zero the right is gone."""
    if not RIGHT_SEND <= which <= RIGHT_DEAD_NAME:
        raise MachError(KernReturn.INVALID_VALUE)
    entry = _lookup(space, name)
    if not entry.type & 1 << which + 16:
        raise MachError(KernReturn.INVALID_RIGHT)
    if which in (RIGHT_SEND, RIGHT_DEAD_NAME):
        urefs = entry.urefs + delta
        if urefs < 0:
            raise MachError(KernReturn.INVALID_VALUE)
        if urefs > UREFS_MAX:
            raise MachError(KernReturn.UREFS_OVERFLOW)
        if urefs:
            entry.urefs = urefs
        elif which == RIGHT_SEND:
            names.drop_send(space, entry)
        else:
            space.free_entry(entry)
        return
    if not delta:
        return
    if delta != -1:
        raise MachError(KernReturn.INVALID_VALUE)
    if which == RIGHT_RECEIVE:
        names.drop_receive(space, entry)
    elif which == RIGHT_SEND_ONCE:
        names.drop_send_once(space, entry)
    else:
        names.drop_all(space, entry)


# ---- receive rights


def mach_port_set_qlimit(space: IpcSpace, name: int, qlimit: int) -> None:
    """How many messages may be queued before senders block, 0 to QLIMIT_MAX."""
    port = _receive_right(space, name)
    if not 0 <= qlimit <= QLIMIT_MAX:
        raise MachError(KernReturn.INVALID_VALUE)
    port.qlimit = qlimit
    if port.blocked is not None:
        admit(port)


def mach_port_set_mscount(space: IpcSpace, name: int, mscount: int) -> None:
    """Set the count of send rights made."""
    _receive_right(space, name).mscount = mscount & _WORD_MASK


def mach_port_set_seqno(space: IpcSpace, name: int, seqno: int) -> None:
    """Set the sequence number of the next message received."""
    _receive_right(space, name).seqno = seqno & _WORD_MASK


def mach_port_move_member(space: IpcSpace, member: int, after: int) -> None:
    """Move a port into a port set, or with PORT_NULL out of its set (NOT_IN_SET if it is in none)."""
    port = _receive_right(space, member)
    if after == PORT_NULL:
        if port.port_set is None:
            raise MachError(KernReturn.NOT_IN_SET)
        port.port_set.remove(port)
        return
    port_set = space.translate(after, TYPE_PORT_SET).port_set
    assert port_set is not None
    if port.port_set is port_set:
        return
    if port.port_set is not None:
        port.port_set.remove(port)
    port_set.add(port)


# ---- notifications


def mach_port_request_notification(
    space: IpcSpace, name: int, which: int, sync: int, requester: PortValue
) -> Port | None:
    """Register a send-once right for a notification, or take the registered one off (None); the right
    that was registered before."""
    _check_active(space)
    if isinstance(requester, Dead):
        raise MachError(KernReturn.INVALID_CAPABILITY)
    if which == NOTIFY_PORT_DESTROYED:
        if sync:
            raise MachError(KernReturn.INVALID_VALUE)
        port = _receive_right(space, name)
        previous, port.pdrequest = port.pdrequest, requester
        return previous
    if which == NOTIFY_NO_SENDERS:
        port = _receive_right(space, name)
        previous, port.nsrequest = port.nsrequest, requester
        if requester is not None and not port.srights and sync <= port.mscount:
            port.nsrequest = None
            notify.no_senders(requester, port.mscount)
        return previous
    if which != NOTIFY_DEAD_NAME:
        raise MachError(KernReturn.INVALID_VALUE)
    return _request_dead_name(space, _lookup(space, name), bool(sync), requester)


def _request_dead_name(space: IpcSpace, entry: Entry, immediate: bool, requester: Port | None) -> Port | None:
    if entry.type & TYPE_PORT_RIGHTS:
        if requester is None:
            return names.cancel_request(entry)
        return names.request_dead_name(space, entry, requester)
    if not entry.type & TYPE_DEAD_NAME:
        raise MachError(KernReturn.INVALID_RIGHT)
    if not immediate or requester is None:
        raise MachError(KernReturn.INVALID_ARGUMENT)
    if entry.urefs == UREFS_MAX:
        raise MachError(KernReturn.UREFS_OVERFLOW)
    entry.urefs += 1
    notify.dead_name(requester, entry.name)
    return None


# ---- moving rights between spaces


def mach_port_insert_right(space: IpcSpace, name: int, inserted: Right) -> None:
    """Put a right into a space under a given name."""
    _check_active(space)
    _check_name(name)
    port = inserted.port
    if not MOVE_RECEIVE <= inserted.disposition <= MAKE_SEND_ONCE:
        raise MachError(KernReturn.INVALID_VALUE)
    if not isinstance(port, Port):
        raise MachError(KernReturn.INVALID_CAPABILITY)
    names.copyout_named(space, port, names.CARRIED_AS[inserted.disposition], name)


def mach_port_extract_right(space: IpcSpace, name: int, disposition: int) -> Right:
    """Take a right out of a space, as if its task had sent it."""
    _check_active(space)
    if not MOVE_RECEIVE <= disposition <= MAKE_SEND_ONCE:
        raise MachError(KernReturn.INVALID_VALUE)
    port = names.copyin(space, name, disposition)
    return Right(port, names.CARRIED_AS[disposition])
