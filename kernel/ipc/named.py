"""``mach_msg`` for native (Python) tasks: messages with names, without a buffer in user memory.

A :class:`NamedMessage` is a message as such a task sees it.  It is checked as a program's bytes would be:
rights are copied in and out of the task's space by the same rules, and what it says it carries must be
what its body declares, so that no receiver is told otherwise.  Memory out of line is given as bytes or
as a :class:`Region` of the task's own map, and arrives as a region, or as bytes where those were asked
for.  Kernel objects never get out.

Every call charges what ``mach_msg`` of a C program charges, except for the trap itself.
"""

from dataclasses import dataclass

from ..interface.body import DEAD, Carried, CarriedMemory, CarriedRights
from ..interface.returns import MachError, MsgReturn
from ..interface.wire import COPY_SEND, MAKE_SEND_ONCE, MOVE_SEND_ONCE, PORT_SEND, PORT_SEND_ONCE
from ..sched.thread import WaitResult
from ..sched.wait import WaitQueue
from ..vm.fault import PageWait, fault_wait
from ..vm.map_copy import VmMapCopy, map_copyin, map_copyout
from . import entry as names
from . import kernel_object, right
from .client import NO_LIMIT, IpcThread
from .copyin import copyin_header
from .copyout import copyout_destination, copyout_reply, ipc_shortage, vm_shortage
from .items import walk
from .layout import (
    BITS_COMPLEX,
    HEADER_SIZE,
    MESSAGE_SIZE_MAX,
    PORT_ARRAY_MAX,
    PORT_DEAD,
    PORT_NULL,
    RCV_LARGE,
    RCV_MSG,
    RCV_NOTIFY,
    RCV_TIMEOUT,
    SEND_CANCEL,
    SEND_MSG,
    SEND_NOTIFY,
    SEND_TIMEOUT,
    TYPE_DEAD_NAME,
    TYPE_PORT_SET,
    TYPE_RECEIVE,
    TYPE_SEND,
    TYPE_SEND_ONCE,
)
from .mach_msg_wait import request_accepted, wait_for_room
from .message import AcceptRequest, ForcedMessage, Message
from .port import Port
from .queue import force, offer, take
from .receive import take_answer, wait_for_message
from .right import PortValue
from .space import IpcSpace


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


_BITS = COPY_SEND | MAKE_SEND_ONCE << 8  # of a request


async def mach_msg(
    thread: IpcThread,
    option: int,
    named: NamedMessage | None,
    name: int,
    size: int,
    timeout_ns: int,
    notify: int,
    by_value: bool,
) -> NamedMessage | None:
    """``mach_msg`` on the current thread; MachError(SEND_*, RCV_*).  ``name`` is where to receive,
    ``size`` the longest message that is welcome; ``by_value``: memory shall arrive as bytes."""
    space = thread.space
    system = space.system
    if option & SEND_MSG:
        assert named is not None
        message = _copyin_plain(space, named)
        if message is None:
            message = await _copyin(thread, named, notify if option & SEND_CANCEL else None)
        space.messages_sent += 1
        if system.trace.on:
            system.trace.emit(
                "message_sent", thread.number, message.destination.number, message.id, message.size
            )
        if message.destination.receiver is system.kernel_space:
            answer = kernel_object.serve(system, message)
            if answer is not None:
                if not isinstance(answer, Message):
                    answer = await kernel_object.conclude_later(system, message, answer)
                if answer is not None:
                    if option & RCV_MSG and take_answer(thread, answer, name, size):
                        return _copyout_plain(thread, answer, option) or await _copyout(
                            thread, answer, option, notify, by_value
                        )
                    force(answer)
        elif not offer(message, option & RCV_MSG != 0):
            await _queue(thread, message, option, timeout_ns, notify)
    if not option & RCV_MSG:
        return None
    received = await _receive(thread, option, name, size, timeout_ns)
    return _copyout_plain(thread, received, option) or await _copyout(
        thread, received, option, notify, by_value
    )


# ---- sending


def _copyin_plain(space: IpcSpace, named: NamedMessage) -> Message | None:
    """Copy in the usual request or reply, which carries nothing; None if it is not one."""
    body = named.body
    size = len(body) + HEADER_SIZE
    if named.carried or size & 3 or size > MESSAGE_SIZE_MAX:
        return None
    entry = space.entries.get(named.remote)
    if entry is None:
        return None
    port = entry.port
    if port is None or not port.active:
        return None
    bits = named.remote_type | named.local_type << 8
    system = space.system
    if bits == _BITS and entry.type & TYPE_SEND:
        reply_entry = space.entries.get(named.local)
        if reply_entry is None or not reply_entry.type & TYPE_RECEIVE:
            return None
        reply = reply_entry.port
        assert reply is not None
        system.clock.now += system.message_copyin_ns + size * system.copy_byte_ps // 1000
        port.srights += 1
        reply.sorights += 1
        return Message(port, PORT_SEND, reply, PORT_SEND_ONCE, named.id, body)
    if (
        bits == MOVE_SEND_ONCE
        and not named.local
        and entry.type == TYPE_SEND_ONCE
        and entry.request is None
    ):
        system.clock.now += system.message_copyin_ns + size * system.copy_byte_ps // 1000
        space.free_entry(entry)
        return Message(port, PORT_SEND_ONCE, None, 0, named.id, body)
    return None


async def _copyin(thread: IpcThread, named: NamedMessage, cancel: int | None) -> Message:
    """Copy in any message.  MachError(SEND_*) with the side effects of Mach 3.0: none if the header is
    at fault, and everything destroyed if the body is."""
    space = thread.space
    system = space.system
    size = len(named.body) + HEADER_SIZE
    if size & 3:
        raise MachError(MsgReturn.SEND_MSG_TOO_SMALL)
    if size > MESSAGE_SIZE_MAX:
        raise MachError(MsgReturn.SEND_NO_BUFFER)
    _check_carried(named)
    system.clock.now += system.message_copyin_ns + size * system.copy_byte_ps // 1000
    bits = named.remote_type | named.local_type << 8 | (BITS_COMPLEX if named.carried else 0)
    header = copyin_header(space, bits, named.remote, named.local, cancel)
    if isinstance(header, int):
        raise MachError(header)
    carried: list[Carried] = []
    try:
        for record in named.carried:
            if type(record) is CarriedRights:
                _copyin_rights(space, record, carried)
            else:
                assert isinstance(record, CarriedMemory)
                carried.append(await _copyin_memory(thread, record))
    except MachError:
        right.destroy_message(Message(*header, named.id, b"", tuple(carried)))
        raise
    except GeneratorExit:  # the thread is taken apart
        right.destroy_message(Message(*header, named.id, b"", tuple(carried)))
        raise
    return Message(*header, named.id, named.body, tuple(carried))


def _check_carried(named: NamedMessage) -> None:
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


def _copyin_rights(space: IpcSpace, record: CarriedRights, carried: list[Carried]) -> None:
    """Take the rights that a record names; what was taken is in ``carried``, also on an error."""
    system = space.system
    ports: list[PortValue] = []
    failed = False
    for name in record.ports:
        if name in (PORT_NULL, PORT_DEAD):
            ports.append(DEAD if name else None)
            continue
        system.clock.now += system.costs.right_copyin
        try:
            ports.append(names.copyin(space, name, record.disposition))  # type: ignore[arg-type]
        except MachError:
            failed = True
            break
    disposition = names.CARRIED_AS[record.disposition]
    carried.append(CarriedRights(record.offset, disposition, tuple(ports), record.inline))
    if failed:
        raise MachError(MsgReturn.SEND_INVALID_RIGHT)


async def _copyin_memory(thread: IpcThread, record: CarriedMemory) -> CarriedMemory:
    """Take memory, by address or as the bytes that a program would have in its own."""
    system = thread.space.system
    region = record.memory
    if not isinstance(region, Region):
        system.clock.now += record.size * system.copy_byte_ps // 1000
        return record
    if not record.size:
        return CarriedMemory(record.offset, 0, b"")
    while True:
        try:
            memory = map_copyin(thread.map, region.address, record.size, region.deallocate)
            return CarriedMemory(record.offset, record.size, memory)
        except MachError:
            raise MachError(MsgReturn.SEND_INVALID_MEMORY) from None
        except PageWait as wait:
            needed = wait
        if await fault_wait(needed.map, needed.address, needed.access):
            raise MachError(MsgReturn.SEND_INVALID_MEMORY)


async def _queue(thread: IpcThread, message: Message, option: int, timeout_ns: int, notify: int) -> None:
    """The queue is full: wait for room, force the message in, or give it back, as the options say."""
    result: int = MsgReturn.SEND_TIMED_OUT
    waits_for_ever = not option & (SEND_TIMEOUT | SEND_NOTIFY)
    timeout_ns = timeout_ns if option & SEND_TIMEOUT else 0
    if waits_for_ever or timeout_ns:
        now = thread.space.system.clock.now
        result = await wait_for_room(thread, message, None if waits_for_ever else now + timeout_ns)
        if not result:
            return
    if thread.aborted:
        right.destroy_message(message)
        raise MachError(MsgReturn.SEND_INTERRUPTED)
    if result == MsgReturn.SEND_TIMED_OUT and option & SEND_NOTIFY:
        request = request_accepted(thread.space, message, notify)
        if isinstance(request, AcceptRequest):
            force(ForcedMessage(message, request))
            raise MachError(MsgReturn.SEND_WILL_NOTIFY)
        result = request
    raise Unsent(result, _given_back(thread, message))


# ---- receiving


async def _receive(thread: IpcThread, option: int, name: int, size: int, timeout_ns: int) -> Message:
    """The next message at a port or port set; the right it was sent to is still in it."""
    space = thread.space
    entry = space.entries.get(name)
    if entry is None:
        raise MachError(MsgReturn.RCV_INVALID_NAME)
    found: Port | None = None
    if entry.type & TYPE_RECEIVE:
        port = entry.port
        assert port is not None
        if port.port_set is not None:
            raise MachError(MsgReturn.RCV_IN_SET)
        waiting: WaitQueue = port.own_receivers
        if port.messages:
            found = port
    elif entry.type & TYPE_PORT_SET:
        port_set = entry.port_set
        assert port_set is not None
        waiting = port_set.receivers
        if port_set.pending:
            found = port_set.pending[0]
    else:
        raise MachError(MsgReturn.RCV_INVALID_NAME)
    if found is not None:
        length = found.messages[0].size
        if length > size and option & RCV_LARGE:
            raise TooLarge(length)
        return _welcome(take(found), size)
    deadline: int | None = None
    if option & RCV_TIMEOUT:
        if not timeout_ns:
            raise MachError(MsgReturn.RCV_TIMED_OUT)
        deadline = space.system.clock.now + timeout_ns
    thread.receive_limit = size if option & RCV_LARGE else NO_LIMIT
    message, result = await wait_for_message(thread, waiting, deadline)
    if message is not None:
        if thread.aborted:  # its space may be gone
            right.destroy_message(message)
            raise MachError(MsgReturn.RCV_INTERRUPTED)
        return _welcome(message, size)
    if result is WaitResult.TIMED_OUT:
        raise MachError(MsgReturn.RCV_TIMED_OUT)
    if result is not WaitResult.AWAKENED:
        raise MachError(MsgReturn.RCV_INTERRUPTED)
    if thread.receive_result == MsgReturn.RCV_TOO_LARGE:
        raise TooLarge(thread.receive_size)
    raise MachError(thread.receive_result)


def _welcome(message: Message, size: int) -> Message:
    """The message, unless it is too large: then it is destroyed."""
    length = message.size
    if length > size:
        right.destroy_message(message)
        raise TooLarge(length)
    return message


def _copyout_plain(thread: IpcThread, message: Message, option: int) -> NamedMessage | None:
    """Name the rights of a message that carries nothing; None if that is not all there is to do."""
    if message.carried or option & RCV_NOTIFY:
        return None
    space = thread.space
    remote = PORT_NULL
    if message.reply_type:
        try:
            remote = names.copyout(space, message.reply, message.reply_type)
        except MachError:
            return None
    system = space.system
    system.clock.now += system.message_copyout_ns + message.size * system.copy_byte_ps // 1000
    space.messages_received += 1
    port = message.destination
    if port.active and port.receiver is space:
        local = port.receiver_name
        if message.destination_type == PORT_SEND:
            port.srights -= 1
            if not port.srights:
                right.last_sender_gone(port)
        else:
            port.sorights -= 1
    else:
        local = copyout_destination(space, message)
    if system.trace.on:
        system.trace.emit("message_received", thread.number, port.number, message.id, message.size)
    return NamedMessage(
        remote,
        message.reply_type,
        local,
        message.destination_type,
        message.id,
        message.body,
        (),
        message.seqno,
    )


async def _copyout(
    thread: IpcThread, message: Message, option: int, notify: int, by_value: bool
) -> NamedMessage:
    """Name the rights of any message and put its memory where it belongs.  MachError(RCV_HEADER_ERROR,
    RCV_INVALID_NOTIFY): the message was destroyed; :class:`Damaged`: some of it was."""
    space = thread.space
    system = space.system
    system.clock.now += system.message_copyout_ns + message.size * system.copy_byte_ps // 1000
    space.messages_received += 1
    if system.trace.on:
        system.trace.emit(
            "message_received", thread.number, message.destination.number, message.id, message.size
        )
    watcher: Port | None = None
    if option & RCV_NOTIFY:
        entry = space.lookup(notify)
        if entry is None or not entry.type & TYPE_RECEIVE:
            right.destroy_message(message)
            raise MachError(MsgReturn.RCV_INVALID_NOTIFY)
        watcher = entry.port
    try:
        remote = copyout_reply(space, message, watcher)
    except MachError as error:
        right.destroy_message(message)
        raise MachError(MsgReturn.RCV_HEADER_ERROR | ipc_shortage(error)) from None
    local = copyout_destination(space, message)
    body = _Body(thread, message.carried, by_value)
    named = NamedMessage(
        remote,
        message.reply_type,
        local,
        message.destination_type,
        message.id,
        message.body,
        await body.run(),
        message.seqno,
    )
    if body.shortages:
        raise Damaged(body.shortages, named)
    return named


class _Body:
    """The copying out of what a body carries."""

    __slots__ = ("_by_value", "_carried", "_thread", "shortages")

    def __init__(self, thread: IpcThread, carried: tuple[Carried, ...], by_value: bool) -> None:
        self._thread = thread
        self._carried = carried
        self._by_value = by_value
        self.shortages = 0  # bits that say what ran out

    async def run(self) -> tuple[Carried, ...]:
        done: list[Carried] = []
        try:
            for record in self._carried:
                if type(record) is CarriedRights:
                    done.append(self._rights(record))
                else:
                    assert isinstance(record, CarriedMemory)
                    done.append(await self._memory(record))
        except GeneratorExit:  # the thread is taken apart
            right.destroy_carried(self._carried[len(done) :])
            raise
        return tuple(done)

    def _rights(self, record: CarriedRights) -> CarriedRights:
        space = self._thread.space
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
            except MachError as error:
                self.shortages |= ipc_shortage(error)
                right.release(port, record.disposition)
                words.append(PORT_NULL)
        return CarriedRights(record.offset, record.disposition, tuple(words), record.inline)

    async def _memory(self, record: CarriedMemory) -> CarriedMemory:
        memory = record.memory
        address_map = self._thread.map
        if not record.size:
            if isinstance(memory, VmMapCopy):
                memory.discard()
            return CarriedMemory(record.offset, 0, b"" if self._by_value else Region(0))
        if self._by_value:
            return CarriedMemory(record.offset, record.size, await self._bytes(memory))
        try:
            if not isinstance(memory, VmMapCopy):
                assert isinstance(memory, bytes)
                memory = copy_of(address_map, memory)
            return CarriedMemory(record.offset, record.size, Region(map_copyout(address_map, memory)))
        except MachError as error:
            self.shortages |= vm_shortage(error)
            if isinstance(memory, VmMapCopy):
                memory.discard()
            return CarriedMemory(record.offset, record.size, Region(0))

    async def _bytes(self, memory: object) -> bytes:
        """The contents of memory; none, if they cannot be had."""
        if not isinstance(memory, VmMapCopy):
            assert isinstance(memory, bytes)
            return memory
