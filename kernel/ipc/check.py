"""A checker of the room's whole state, for tests and for the debugger: every invariant, exhaustively.

:func:`check` compares what ports say of themselves (counts of rights, who receives, queues) with what
is found by walking all names, messages, requests and rights that the kernel holds, and raises
``AssertionError`` with what is wrong.  :func:`census` counts what there is, for leak checks.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from ..interface.body import CarriedRights
from ..interface.wire import PORT_RECEIVE, PORT_SEND, PORT_SEND_ONCE
from .client import IpcThread
from .layout import (
    TYPE_DEAD_NAME,
    TYPE_PORT_SET,
    TYPE_RECEIVE,
    TYPE_SEND,
    TYPE_SEND_ONCE,
    UREFS_MAX,
)
from .message import ForcedMessage, Message
from .port import Port
from .space import Entry, IpcSpace
from .system import IpcSystem


@dataclass(slots=True)
class Census:
    """What there is in a node's IPC system."""

    ports: int = 0  # alive
    spaces: int = 0
    names: int = 0
    send_rights: int = 0  # to living ports
    send_once_rights: int = 0
    messages: int = 0  # queued or with a blocked sender


@dataclass(slots=True)
class _Found:
    """Rights found by walking: port number -> how many."""

    send: Counter[int] = field(default_factory=Counter)
    send_once: Counter[int] = field(default_factory=Counter)
    receive: Counter[int] = field(default_factory=Counter)
    names: Counter[int] = field(default_factory=Counter)  # receive rights in name spaces

    def add(self, port: object, disposition: int) -> None:
        if isinstance(port, Port) and port.active:
            if disposition == PORT_SEND:
                self.send[port.number] += 1
            elif disposition == PORT_SEND_ONCE:
                self.send_once[port.number] += 1
            else:
                assert disposition == PORT_RECEIVE, f"a right of type {disposition} to {port}"
                self.receive[port.number] += 1


def messages_of(port: Port) -> Iterator[Message]:
    """The messages queued at a port and those that blocked senders hold for it."""
    yield from port.messages
    if port.blocked is not None:
        for thread in port.blocked.threads:
            assert isinstance(thread, IpcThread)
            assert thread.message is not None, f"{thread} waits for room at {port} without a message"
            yield thread.message


def census(system: IpcSystem) -> Census:
    """Count what there is."""
    ports = system.ports.values()
    return Census(
        ports=len(system.ports),
        spaces=len(system.spaces),
        names=sum(len(space.entries) for space in system.spaces.values()),
        send_rights=sum(port.srights for port in ports),
        send_once_rights=sum(port.sorights for port in ports),
        messages=sum(1 for port in ports for _ in messages_of(port)),
    )


def check(system: IpcSystem) -> None:
    """Verify every invariant of the room; kernel calls in progress must not hold rights unseen."""
    assert not system.doomed, "ports are still dying"
    assert not system.nobody.threads, "a thread waits for a kernel port"
    found = _Found()
    for space in system.spaces.values():
        _check_space(space, found)
    for port in system.ports.values():
        _check_port(port, found)
    for message in system.in_service:
        _add_message(message, found)
    for list_rights in system.holders:
        for held, disposition in list_rights():
            found.add(held, disposition)
    _check_charges(system)
    for port in system.ports.values():
        number = port.number
        assert port.srights == found.send[number], (
            f"{port}: {port.srights} send rights, found {found.send[number]}"
        )
        assert port.sorights == found.send_once[number], (
            f"{port}: {port.sorights} send-once rights, found {found.send_once[number]}"
        )
        in_kernel = port.receiver is system.kernel_space or port.remote is not None
        places = found.receive[number] + found.names[number] + int(in_kernel)
        assert places == 1, f"{port}: its receive right was found in {places} places"


def _check_charges(system: IpcSystem) -> None:
    """What spaces are charged for is what is queued."""
    charged: Counter[int] = Counter()
    for port in system.ports.values():
        for message in port.messages:
            if message.payer is not None:
                charged[message.payer.number] += message.weight
    for space in system.spaces.values():
        assert space.queued_bytes == charged[space.number], (
            f"{space} is charged for {space.queued_bytes} bytes in queues, found {charged[space.number]}"
        )


def _check_space(space: IpcSpace, found: _Found) -> None:
    assert space.active, f"{space} is listed but dead"
    assert len(space.entries) <= space.limit or not space.limit, f"{space} is over its limit"
    sends = 0
    for name, entry in space.entries.items():
        where = f"{entry} in {space}"
        assert entry.name == name, f"{where} is entered as {name:#x}"
        _check_entry(space, entry, where)
        port = entry.port
        if port is None:
            continue
        if entry.type & TYPE_SEND:
            found.add(port, PORT_SEND)
            if not entry.type & TYPE_RECEIVE:
                sends += 1
                assert space.sends.get(port) is entry, f"{where} is not found by its port"
        if entry.type & TYPE_SEND_ONCE:
            found.add(port, PORT_SEND_ONCE)
        if entry.type & TYPE_RECEIVE:
            assert port.active, f"{where} is a receive right to a dead port"
            assert port.receiver is space and port.receiver_name == name, f"{where}: {port} thinks otherwise"
            found.names[port.number] += 1
        if entry.request is not None:
            found.add(entry.request, PORT_SEND_ONCE)
            assert port.active and port.requests is not None and port.requests.get(entry) is space, (
                f"{where} has a dead-name request that {port} does not know"
            )
    assert sends == len(space.sends), f"{space} finds ports by names that are gone"
    for entry in space.free:
        assert not entry.type and entry.port is None and entry.request is None, f"free {entry} is not empty"


def _check_entry(space: IpcSpace, entry: Entry, where: str) -> None:
    types, urefs = entry.type, entry.urefs
    if types in (TYPE_SEND, TYPE_SEND | TYPE_RECEIVE):
        assert 1 <= urefs <= UREFS_MAX and entry.port is not None, where
    elif types == TYPE_RECEIVE:
        assert urefs == 0 and entry.port is not None, where
    elif types == TYPE_SEND_ONCE:
        assert urefs == 1 and entry.port is not None, where
    elif types == TYPE_DEAD_NAME:
        assert 1 <= urefs <= UREFS_MAX and entry.port is None and entry.request is None, where
    else:
        assert types == TYPE_PORT_SET and urefs == 0 and entry.port_set is not None, where
        _check_port_set(space, entry)
    if entry.accept is not None:
        assert entry.accept.entry is entry and types & TYPE_SEND, f"{where} has a stale msg-accepted request"


def _check_port_set(space: IpcSpace, entry: Entry) -> None:
    port_set = entry.port_set
    assert port_set is not None
    assert port_set.space is space and port_set.name == entry.name, f"{port_set} is called {entry.name:#x}"
    queued = 0
    for port in port_set.members:
        queued += len(port.messages)
        assert port.port_set is port_set, f"{port} does not know that it is in {port_set}"
        assert port.receiver is space, f"{port} is in {port_set} but received elsewhere"
        assert port_set.pending.count(port) == len(port.messages), f"{port_set} miscounts messages of {port}"
    assert queued == len(port_set.pending), f"{port_set} knows of messages that are not there"
    assert not (port_set.pending and port_set.receivers.threads), (
        f"threads wait at {port_set} beside messages"
    )


def _check_port(port: Port, found: _Found) -> None:
    assert port.active, f"{port} is listed but dead"
    if port.port_set is not None:
        assert port in port.port_set.members, f"{port} is in no set that knows it"
        assert port.receivers is port.port_set.receivers and not port.own_receivers.threads, (
            f"{port} is two-faced"
        )
    else:
        assert port.receivers is port.own_receivers, f"{port} has somebody else's receivers"
        assert not (port.messages and port.own_receivers.threads), f"threads wait at {port} beside messages"
    if port.receiver is not None:
        assert port.destination is None and port.receiver_name, f"{port} is both held and in transit"
    else:
        assert not port.receiver_name and port.port_set is None, f"{port} in transit has a name or a set"
    if port.blocked is not None and port.blocked.threads:
        assert len(port.messages) >= port.qlimit, f"senders wait for room at {port}, which has some"
    for message in messages_of(port):
        assert message.destination is port, f"{message} is queued at {port}"
        _add_message(message, found)
        for record in message.carried:
            if isinstance(record, CarriedRights) and record.disposition == PORT_RECEIVE:
                for carried in record.ports:
                    assert not isinstance(carried, Port) or carried.destination is port, f"{carried} is lost"
    found.add(port.nsrequest, PORT_SEND_ONCE)
    found.add(port.pdrequest, PORT_SEND_ONCE)
    for entry in port.requests or ():
        assert entry.port is port and entry.request is not None, (
            f"{port} has a request for {entry}, a stranger"
        )


def _add_message(message: Message, found: _Found) -> None:
    for port, disposition in message.rights():
        found.add(port, disposition)
    if isinstance(message, ForcedMessage):
        found.add(message.request.notify, PORT_SEND_ONCE)
