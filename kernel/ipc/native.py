"""Sending and receiving without user memory: for native (Python) tasks and for kernel threads.

Two levels.  ``send_message`` and ``receive_message`` deal in :class:`Message`, with ports: whoever uses
them holds rights without names and must release them (``right.py``).  A native task is a task like any
other and has a name space; ``NamedMessage`` is a message as such a task sees it, with names for ports,
and ``native_send`` and ``native_receive`` copy rights in and out of its space by the rules of ``mach_msg``.
Memory stays what it is in a message: bytes, or a copy object.

The coroutines run on the current thread, which must be an ``IpcThread``.
"""

from dataclasses import dataclass

from ..interface.body import DEAD, Carried, CarriedRights
from ..interface.returns import MachError, MsgReturn
from ..sched.thread import WaitResult
from ..sched.wait import WaitQueue
from . import entry as names
from . import kernel_object, right
from .client import NO_LIMIT, IpcThread
from .copyin import copyin_header
from .copyout import copyout_destination, ipc_shortage
from .layout import PORT_DEAD, PORT_NULL, TYPE_PORT_SET, TYPE_RECEIVE
from .mach_msg_wait import wait_for_room
from .message import Message
from .port import Port
from .port_set import PortSet
from .queue import force, offer, take
from .receive import wait_for_message
from .right import PortValue
from .space import IpcSpace
from .system import IpcSystem


def _current(system: IpcSystem) -> IpcThread:
    thread = system.scheduler.current
    assert isinstance(thread, IpcThread), f"{thread} cannot send or receive"
    return thread


# ---- with ports


async def send_message(
    system: IpcSystem, message: Message, *, timeout_ns: int | None = None, handoff: bool = False
) -> None:
    """Send a message, waiting for room in the queue if need be.  MachError(SEND_TIMED_OUT or
    SEND_INTERRUPTED): it was not sent and is still the caller's."""
    if message.destination.receiver is system.kernel_space:
        answer = kernel_object.serve(system, message)
        if answer is not None and not isinstance(answer, Message):
            answer = await kernel_object.conclude_later(system, message, answer)
        if answer is not None:
            force(answer)
        return
    if offer(message, handoff):
        return
    if timeout_ns == 0:
        raise MachError(MsgReturn.SEND_TIMED_OUT)
    deadline = system.clock.now + timeout_ns if timeout_ns is not None else None
    result = await wait_for_room(_current(system), message, deadline)
    if result:
        raise MachError(result)


async def receive_message(
    system: IpcSystem, source: Port | PortSet, *, timeout_ns: int | None = None
) -> Message:
    """The next message sent to a port or to a member of a port set.  The right it was sent to is still
    in it: ``right.consume_destination``.  MachError(RCV_*)."""
    waiting: WaitQueue
    if isinstance(source, PortSet):
        if source.pending:
            return take(source.pending[0])
        waiting = source.receivers
    else:
        if source.port_set is not None:
            raise MachError(MsgReturn.RCV_IN_SET)
        if not source.active:
            raise MachError(MsgReturn.RCV_PORT_DIED)
        if source.messages:
            return take(source)
        waiting = source.own_receivers
    if timeout_ns == 0:
        raise MachError(MsgReturn.RCV_TIMED_OUT)
    deadline = system.clock.now + timeout_ns if timeout_ns is not None else None
    thread = _current(system)
    thread.receive_limit = NO_LIMIT
    message, result = await wait_for_message(thread, waiting, deadline)
    if message is not None:
        return message
    if result is WaitResult.TIMED_OUT:
        raise MachError(MsgReturn.RCV_TIMED_OUT)
    raise MachError(thread.receive_result if result is WaitResult.AWAKENED else MsgReturn.RCV_INTERRUPTED)


# ---- with names


@dataclass(slots=True)
class NamedMessage:
    """A message as a native task sees it: names for ports, in the header and in ``carried``.

    When sending, the types are dispositions (MAKE_SEND ...), and a record of rights may carry several
    names.  When received, ``remote`` is the reply right and ``local`` the port it was sent to.
    """

    remote: int
    remote_type: int
    local: int
    local_type: int
    id: int
    body: bytes
    carried: tuple[Carried, ...] = ()
    seqno: int = 0


def copyin_named(space: IpcSpace, named: NamedMessage) -> Message:
    """Turn names into rights; MachError(SEND_*) as ``mach_msg`` returns, and with its side effects."""
    system = space.system
    size = len(named.body)
    system.clock.now += system.message_copyin_ns + size * system.copy_byte_ps // 1000
    header = copyin_header(space, named.remote_type | named.local_type << 8, named.remote, named.local, None)
    if isinstance(header, int):
        raise MachError(header)
    carried: list[Carried] = []
    for record in named.carried:
        if not isinstance(record, CarriedRights):
            carried.append(record)
            continue
        ports: list[PortValue] = []
        failed = False
        for name in record.ports:
            assert isinstance(name, int)
            if name in (PORT_NULL, PORT_DEAD):
                ports.append(DEAD if name else None)
                continue
            system.clock.now += system.costs.right_copyin
            try:
                ports.append(names.copyin(space, name, record.disposition))
            except MachError:
                failed = True
                break
        disposition = names.CARRIED_AS[record.disposition]
        carried.append(CarriedRights(record.offset, disposition, tuple(ports), record.inline))
        if failed:
            right.destroy_message(Message(*header, named.id, b"", tuple(carried)))
            raise MachError(MsgReturn.SEND_INVALID_RIGHT)
    return Message(*header, named.id, named.body, tuple(carried))


def copyout_named(space: IpcSpace, message: Message) -> NamedMessage:
    """Turn the rights of a received message into names.  Without room for the reply right the message
    is destroyed (MachError(RCV_HEADER_ERROR)); what else finds no room is destroyed and null."""
    system = space.system
    system.clock.now += system.message_copyout_ns + message.size * system.copy_byte_ps // 1000
    remote = PORT_NULL
    if message.reply_type:
        try:
            remote = names.copyout(space, message.reply, message.reply_type)
        except MachError as error:
            copyout_destination(space, message)
            right.release(message.reply, message.reply_type)
            right.destroy_carried(message.carried)
            raise MachError(MsgReturn.RCV_HEADER_ERROR | ipc_shortage(error)) from None
    local = copyout_destination(space, message)
    carried = tuple(
        _named_rights(space, record) if isinstance(record, CarriedRights) else record
        for record in message.carried
    )
    return NamedMessage(
        remote,
        message.reply_type,
        local,
        message.destination_type,
        message.id,
        message.body,
        carried,
        message.seqno,
    )


def _named_rights(space: IpcSpace, record: CarriedRights) -> CarriedRights:
    system = space.system
    words: list[int] = []
    for port in record.ports:
        if port is None or port is DEAD:
            words.append(PORT_NULL if port is None else PORT_DEAD)
            continue
        assert isinstance(port, Port)
        system.clock.now += system.costs.right_copyout
        try:
            words.append(names.copyout(space, port, record.disposition))
        except MachError:
            right.release(port, record.disposition)
            words.append(PORT_NULL)
    return CarriedRights(record.offset, record.disposition, tuple(words), record.inline)


def _return_named(space: IpcSpace, message: Message) -> NamedMessage:
    """Give an unsent message back, as a pseudo-receive does: ready to be sent again."""

    def name_of(port: PortValue, disposition: int) -> int:
        try:
            return names.copyout(space, port, disposition) if disposition else PORT_NULL
        except MachError:
            right.release(port, disposition)
            return PORT_NULL

    remote = name_of(message.destination, message.destination_type)
    local = name_of(message.reply, message.reply_type)
    carried = tuple(
        _named_rights(space, record) if isinstance(record, CarriedRights) else record
        for record in message.carried
    )
    return NamedMessage(
        remote, message.destination_type, local, message.reply_type, message.id, message.body, carried
    )


class Unsent(MachError):
    """The message could not be sent (SEND_TIMED_OUT or SEND_INTERRUPTED); ``message`` is it, by name."""

    def __init__(self, code: int, message: NamedMessage) -> None:
        super().__init__(code)
        self.message = message


async def native_send(
    space: IpcSpace, named: NamedMessage, *, timeout_ns: int | None = None, handoff: bool = False
) -> None:
    """Send for a native task.  MachError(SEND_*), :class:`Unsent` if the message came back."""
    message = copyin_named(space, named)
    try:
        await send_message(space.system, message, timeout_ns=timeout_ns, handoff=handoff)
    except MachError as error:
        raise Unsent(error.code, _return_named(space, message)) from None


async def native_receive(space: IpcSpace, name: int, *, timeout_ns: int | None = None) -> NamedMessage:
    """Receive from a port or port set of a native task.  MachError(RCV_*)."""
    entry = space.entries.get(name)
    source: Port | PortSet | None = None
    if entry is not None:
        if entry.type & TYPE_RECEIVE:
            source = entry.port
        elif entry.type & TYPE_PORT_SET:
            source = entry.port_set
    if source is None:
        raise MachError(MsgReturn.RCV_INVALID_NAME)
    message = await receive_message(space.system, source, timeout_ns=timeout_ns)
    return copyout_named(space, message)
