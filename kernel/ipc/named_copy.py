"""Named messages to the kernel's and back: the copyin and copyout of native tasks.

A message that carries nothing, the usual case, is a plain function; others may have to wait for memory.
The header is copied in atomically; when a body fails, everything in it is destroyed, as Mach 3.0 does.
"""

from ..interface.body import DEAD, Carried, CarriedMemory, CarriedRights
from ..interface.returns import MACH_MSG_VM_KERNEL, MachError, MsgReturn
from ..interface.wire import COPY_SEND, MAKE_SEND_ONCE, MOVE_SEND_ONCE, PORT_SEND, PORT_SEND_ONCE
from ..vm.map_copy import VmMapCopy, copy_from_bytes, map_copyin, map_copyout
from ..vm.waiting import complete
from . import entry as names
from . import right
from .client import IpcThread
from .copyin import copyin_header
from .copyout import copyout_destination, copyout_reply, ipc_shortage, vm_shortage
from .layout import (
    BITS_COMPLEX,
    HEADER_SIZE,
    MESSAGE_SIZE_MAX,
    PORT_DEAD,
    PORT_NULL,
    QUEUED_BYTES_MAX,
    RCV_NOTIFY,
    TYPE_RECEIVE,
    TYPE_SEND,
    TYPE_SEND_ONCE,
)
from .message import Message
from .named_message import Damaged, NamedMessage, Region, check_carried
from .port import Port
from .right import PortValue
from .space import IpcSpace

_REQUEST = COPY_SEND | MAKE_SEND_ONCE << 8


def copyin_plain(space: IpcSpace, named: NamedMessage) -> Message | None:
    """Copy in the usual request or reply, which carries nothing; None if it is not one."""
    body = named.body
    size = len(body) + HEADER_SIZE
    if named.carried or size & 3 or size > MESSAGE_SIZE_MAX or space.queued_bytes > QUEUED_BYTES_MAX:
        return None
    entry = space.entries.get(named.remote)
    if entry is None:
        return None
    port = entry.port
    if port is None or not port.active:
        return None
    bits = named.remote_type | named.local_type << 8
    system = space.system
    if bits == _REQUEST and entry.type & TYPE_SEND:
        reply_entry = space.entries.get(named.local)
        if reply_entry is None or not reply_entry.type & TYPE_RECEIVE:
            return None
        reply = reply_entry.port
        assert reply is not None
        system.clock.now += system.message_copyin_ns + size * system.copy_byte_ps // 1000
        port.srights += 1
        reply.sorights += 1
        return Message(port, PORT_SEND, reply, PORT_SEND_ONCE, named.id, body)
    if bits == MOVE_SEND_ONCE and not named.local and entry.type == TYPE_SEND_ONCE and entry.request is None:
        system.clock.now += system.message_copyin_ns + size * system.copy_byte_ps // 1000
        space.free_send_once(entry)
        return Message(port, PORT_SEND_ONCE, None, 0, named.id, body)
    return None


async def copyin(thread: IpcThread, named: NamedMessage, cancel: int | None) -> Message:
    """Copy in any message.  MachError(SEND_*) with the side effects of Mach 3.0: none if the header is
    at fault, and everything destroyed if the body is."""
    space = thread.space
    system = space.system
    size = len(named.body) + HEADER_SIZE
    if size & 3:
        raise MachError(MsgReturn.SEND_MSG_TOO_SMALL)
    if size > MESSAGE_SIZE_MAX or space.queued_bytes > QUEUED_BYTES_MAX:
        raise MachError(MsgReturn.SEND_NO_BUFFER)
    check_carried(named)
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
    address_map = thread.map
    try:
        memory = await complete(
            address_map.system,
            lambda: map_copyin(address_map, region.address, record.size, region.deallocate),
        )
    except MachError:
        raise MachError(MsgReturn.SEND_INVALID_MEMORY) from None
    return CarriedMemory(record.offset, record.size, memory)


def copyout_plain(thread: IpcThread, message: Message, option: int) -> NamedMessage | None:
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


async def copyout(
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
        """What is carried, for the task.  MachError(RCV_INTERRUPTED): the thread ends."""
        done: list[Carried] = []
        try:
            for record in self._carried:
                if type(record) is CarriedRights:
                    done.append(self._rights(record))
                else:
                    assert isinstance(record, CarriedMemory)
                    done.append(await self._memory(record))
                    if self._thread.aborted:  # its space may be gone
                        raise MachError(MsgReturn.RCV_INTERRUPTED)
        except (GeneratorExit, MachError):  # the thread is taken apart
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
        shortage = 0
        if record.size and self._by_value:
            data = await self._bytes(memory)
            if data is not None:
                return CarriedMemory(record.offset, record.size, data)
            shortage = MACH_MSG_VM_KERNEL
        elif record.size:
            address_map = self._thread.map
            try:
                if not isinstance(memory, VmMapCopy):
                    assert isinstance(memory, bytes)
                    memory = copy_from_bytes(address_map.system, memory)
                return CarriedMemory(record.offset, record.size, Region(map_copyout(address_map, memory)))
            except MachError as error:
                shortage = vm_shortage(error)
        if isinstance(memory, VmMapCopy):
            memory.discard()
        self.shortages |= shortage
        return CarriedMemory(record.offset, 0, b"" if self._by_value else Region(0))

    async def _bytes(self, memory: object) -> bytes | None:
        """The contents of memory; None if they cannot be had."""
        if not isinstance(memory, VmMapCopy):
            assert isinstance(memory, bytes)
            return memory
        try:
            data = await complete(memory.system, memory.read)
        except MachError:
            return None
        memory.discard()
        return data


# ---- back to the sender


async def given_back(thread: IpcThread, message: Message) -> NamedMessage:
    """A message that could not be sent, with its rights and memory as they were meant."""
    space = thread.space

    def name_of(port: PortValue, disposition: int) -> int:
        try:
            return names.copyout(space, port, disposition) if disposition else PORT_NULL
        except MachError:
            right.release(port, disposition)
            return PORT_NULL

    remote = name_of(message.destination, message.destination_type)
    local = name_of(message.reply, message.reply_type)
    carried = await _Body(thread, message.carried, False).run()
    return NamedMessage(
        remote, message.destination_type, local, message.reply_type, message.id, message.body, carried
    )
