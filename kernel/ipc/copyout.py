"""From the kernel's message to a program's: rights become names, memory appears in the address space.

Receiving swaps the header: the reply right, now the program's, is the remote port, and the port that
the message was sent to is the local port.  What cannot be received for want of names or address space is
destroyed, and the program sees a null name or address and an error code with bits that say what ran out.

A message that could not be sent goes back to its sender in nearly the same way (``copyout_pseudo``).
"""

from struct import pack

from ..interface.body import DEAD, CarriedMemory, CarriedRights
from ..interface.returns import (
    MACH_MSG_IPC_KERNEL,
    MACH_MSG_IPC_SPACE,
    MACH_MSG_VM_KERNEL,
    MACH_MSG_VM_SPACE,
    KernReturn,
    MachError,
    MsgReturn,
)
from ..interface.wire import PORT_SEND, PORT_SEND_ONCE
from ..sched.thread import KernelCoroutine
from ..vm.access import copyout as write_user
from ..vm.fault import PageWait, fault_wait
from ..vm.map import VmMap
from ..vm.map_copy import VmMapCopy, copy_from_bytes, map_copyout
from . import entry as names
from . import right
from .client import IpcThread
from .items import walk
from .layout import HEADER, HEADER_SIZE, PORT_DEAD, PORT_NULL, RCV_NOTIFY, TYPE_RECEIVE
from .message import Message
from .port import Port
from .right import PortValue
from .space import IpcSpace

_WORD_MASK = 0xFFFF_FFFF


def receive_into(
    thread: IpcThread, message: Message, address: int, size: int, option: int, notify_name: int
) -> int | KernelCoroutine:
    """Give a message just taken from its queue to the thread's program, in the buffer of ``size`` bytes
    at ``address``; what ``mach_msg`` returns for it, or the coroutine that goes on when writing waits."""
    space = thread.space
    system = space.system
    total = HEADER_SIZE + len(message.body)
    system.clock.now += system.message_copyout_ns
    space.messages_received += 1
    if system.trace.on:
        system.trace.emit("message_received", thread.number, message.destination.number, message.id, total)
    if message.carried or total > size or option & RCV_NOTIFY:
        return _receive_slowly(thread, message, address, size, option, notify_name)
    remote = PORT_NULL
    reply_type = message.reply_type
    if reply_type:
        reply = message.reply
        try:
            if reply_type == PORT_SEND_ONCE and type(reply) is Port and reply.active:
                remote = space.enter_send_once(reply)
            else:
                remote = names.copyout(space, reply, reply_type)
        except MachError as error:
            return _receive_header_only(
                thread, message, address, MsgReturn.RCV_HEADER_ERROR | ipc_shortage(error)
            )
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
    data = (
        HEADER.pack(
            reply_type | message.destination_type << 8,
            total,
            remote,
            local,
            message.seqno & _WORD_MASK,
            message.id,
        )
        + message.body
    )
    try:
        write_user(thread.map, address, data)
    except MachError:
        return int(MsgReturn.RCV_INVALID_DATA)
    except PageWait as wait:
        return write_later(thread.map, address, data, wait, 0)
    return 0


async def write_later(address_map: VmMap, address: int, data: bytes, wait: PageWait, result: int) -> int:
    """Write a received message when the page for it has come."""
    while True:
        if await fault_wait(wait.map, wait.address, wait.access):
            return int(MsgReturn.RCV_INVALID_DATA)
        try:
            write_user(address_map, address, data)
        except MachError:
            return int(MsgReturn.RCV_INVALID_DATA)
        except PageWait as again:
            wait = again
            continue
        return result


def write_message(address_map: VmMap, address: int, data: bytes, result: int) -> int | KernelCoroutine:
    """Write a received message and return ``result``."""
    try:
        write_user(address_map, address, data)
    except MachError:
        return int(MsgReturn.RCV_INVALID_DATA)
    except PageWait as wait:
        return write_later(address_map, address, data, wait, result)
    return result


def ipc_shortage(error: MachError) -> int:
    """The bit that says why a right could not be received."""
    return MACH_MSG_IPC_SPACE if error.code == KernReturn.NO_SPACE else MACH_MSG_IPC_KERNEL


def vm_shortage(error: MachError) -> int:
    """The bit that says why memory could not be received."""
    return MACH_MSG_VM_SPACE if error.code == KernReturn.NO_SPACE else MACH_MSG_VM_KERNEL


def copyout_destination(space: IpcSpace, message: Message) -> int:
    """Use up the right that the message was sent to, and name the port: PORT_DEAD if it has died,
    PORT_NULL if its receive right has left the space since."""
    port = message.destination
    if not port.active:
        return PORT_DEAD
    if port.receiver is space:
        name = port.receiver_name
        right.consume_destination(message)
        return name
    if message.destination_type == PORT_SEND:
        right.release_send(port)
    else:
        right.release_send_once(port)
    return PORT_NULL


# ---- the less simple receives


def _receive_header_only(
    thread: IpcThread, message: Message, address: int, result: int
) -> int | KernelCoroutine:
    """The program gets only the header, without the reply right; the rest is destroyed."""
    bits = message.complex_bit | message.destination_type << 8
    local = copyout_destination(thread.space, message)
    if message.reply_type:
        right.release(message.reply, message.reply_type)
    right.destroy_carried(message.carried)
    data = HEADER.pack(bits, message.size, PORT_NULL, local, message.seqno & _WORD_MASK, message.id)
    return write_message(thread.map, address, data, result)


def _receive_slowly(
    thread: IpcThread, message: Message, address: int, size: int, option: int, notify_name: int
) -> int | KernelCoroutine:
    """A message that is too large, carries something, or whose reply right is to be watched."""
    if message.size > size:
        return _receive_header_only(thread, message, address, int(MsgReturn.RCV_TOO_LARGE))
    space = thread.space
    watcher: Port | None = None
    if option & RCV_NOTIFY:
        entry = space.lookup(notify_name)
        if entry is None or not entry.type & TYPE_RECEIVE:
            return _receive_header_only(thread, message, address, int(MsgReturn.RCV_INVALID_NOTIFY))
        watcher = entry.port
    try:
        remote = copyout_reply(space, message, watcher)
    except MachError as error:
        return _receive_header_only(
            thread, message, address, MsgReturn.RCV_HEADER_ERROR | ipc_shortage(error)
        )
    local = copyout_destination(space, message)
    bits = message.complex_bit | message.reply_type | message.destination_type << 8
    header = HEADER.pack(bits, message.size, remote, local, message.seqno & _WORD_MASK, message.id)
    return BodyCopyout(space, thread.map, message).receive(address, header)


def copyout_reply(space: IpcSpace, message: Message, watcher: Port | None) -> int:
    """Name the reply right; if the name is new, ask for a dead-name notification to ``watcher``."""
    if not message.reply_type:
        return PORT_NULL
    reply = message.reply
    is_new = (
        watcher is not None
        and isinstance(reply, Port)
        and reply.active
        and (message.reply_type != PORT_SEND or space.find(reply) is None)
    )
    name = names.copyout(space, reply, message.reply_type)
    if is_new and watcher is not None:
        names.request_dead_name(space, space.entries[name], right.make_send_once(watcher))
    return name


class BodyCopyout:
    """The copying out of a body; it goes on where it stopped when memory had to be waited for."""

    __slots__ = ("_address_map", "_body", "_carried", "_hopeless", "_next", "_ready", "_space", "errors")

    def __init__(self, space: IpcSpace, address_map: VmMap, message: Message) -> None:
        self._space = space
        self._address_map = address_map
        self._body = bytearray(message.body)
        self._carried = message.carried
        self._next = 0
        self._ready = 0  # address of memory made for the names of the next item
        self._hopeless = False  # waiting for memory failed, or was interrupted
        self.errors = 0  # bits that say what ran out

    def receive(self, address: int, header: bytes) -> int | KernelCoroutine:
        """Copy out and write the whole message."""
        try:
            body = self.run()
        except PageWait as wait:
            return self._receive_later(address, header, wait)
        result = MsgReturn.RCV_BODY_ERROR | self.errors if self.errors else 0
        return write_message(self._address_map, address, header + body, result)

    async def _receive_later(self, address: int, header: bytes, wait: PageWait) -> int:
        body = await self.run_later(wait)
        result = MsgReturn.RCV_BODY_ERROR | self.errors if self.errors else 0
        written = write_message(self._address_map, address, header + body, result)
        return written if isinstance(written, int) else await written

    async def run_later(self, wait: PageWait) -> bytes:
        """``run``, waiting for what it waits for."""
        while True:
            if await fault_wait(wait.map, wait.address, wait.access):
                self._hopeless = True
            try:
                return self.run()
            except PageWait as again:
                wait = again

    def run(self) -> bytes:
        """Copy out rights and memory and return the body.  PageWait: call again when the page is there."""
        while self._next < len(self._carried):
            record = self._carried[self._next]
            if type(record) is CarriedRights:
                if record.inline:
                    self._body[record.offset : record.offset + 4 * len(record.ports)] = self._names(record)
                else:
                    self._copyout_array(record)
            elif type(record) is CarriedMemory:
                self._copyout_memory(record)
            self._next += 1
        return bytes(self._body)

    def _names(self, record: CarriedRights) -> bytes:
        """The names of the rights, which are now the program's."""
        space = self._space
        system = space.system
        words: list[int] = []
        for port in record.ports:
            if port is None:
                words.append(PORT_NULL)
            elif port is DEAD:
                words.append(PORT_DEAD)
            else:
                assert isinstance(port, Port)
                system.clock.now += system.costs.right_copyout
                try:
                    words.append(names.copyout(space, port, record.disposition))
                except MachError as error:
                    self.errors |= ipc_shortage(error)
                    right.release(port, record.disposition)
                    words.append(PORT_NULL)
        return pack(f"<{len(words)}I", *words)

    def _copyout_array(self, record: CarriedRights) -> None:
        """Rights out of line.  The memory is made and touched first: without it no right is received."""
        size = 4 * len(record.ports)
        if not size:
            return
        failure = self._make_room(size)
        if failure:
            self.errors |= failure
            if self._ready:
                self._address_map.deallocate_range(self._ready, size)
                self._ready = 0
            right.destroy_carried((record,))
            self._nothing_at(record.offset)
            return
        write_user(self._address_map, self._ready, self._names(record))
        self._put_address(record.offset, self._ready)
        self._ready = 0

    def _make_room(self, size: int) -> int:
        """Memory for names, at ``_ready``; the bit that says what it failed for, or 0."""
        try:
            if not self._ready:
                self._ready = self._address_map.allocate(0, size, True)
            write_user(self._address_map, self._ready, bytes(size))
        except MachError as error:
            return vm_shortage(error)
        except PageWait:
            if not self._hopeless:
                raise
            return MACH_MSG_VM_KERNEL
        return 0

    def _copyout_memory(self, record: CarriedMemory) -> None:
        if not record.size:
            return
        memory = record.memory
        try:
            if not isinstance(memory, VmMapCopy):
                assert isinstance(memory, bytes)
                memory = copy_from_bytes(self._address_map.system, memory)
            address = map_copyout(self._address_map, memory)
        except MachError as error:
            self.errors |= vm_shortage(error)
            if isinstance(memory, VmMapCopy):
                memory.discard()
            self._nothing_at(record.offset)
            return
        self._put_address(record.offset, address)

    def _put_address(self, offset: int, address: int) -> None:
        self._body[offset : offset + 4] = address.to_bytes(4, "little")

    def _nothing_at(self, offset: int) -> None:
        """Make the descriptor of the item whose address is at ``offset`` say that its size is zero."""
        for item in walk(self._body):
            if item.offset == offset:
                if item.is_long:
                    self._body[item.start + 6 : item.start + 8] = bytes(2)
                else:
                    self._body[item.start + 1] = 0
                return


# ---- back to the sender


class PseudoReceive:
    """The return of a message that could not be sent: rights in the header come back as they were
    meant, not swapped, and the message is ready to be sent again."""

    __slots__ = ("_address", "_address_map", "_body", "_header")

    def __init__(self, thread: IpcThread, message: Message, address: int) -> None:
        space = thread.space
        self._address = address
        self._address_map = thread.map
        self._body = BodyCopyout(space, thread.map, message)
        remote = self._name(space, message.destination, message.destination_type)
        local = self._name(space, message.reply, message.reply_type) if message.reply_type else PORT_NULL
        bits = message.complex_bit | message.destination_type | message.reply_type << 8
        self._header = HEADER.pack(bits, message.size, remote, local, 0, message.id)

    def _name(self, space: IpcSpace, port: PortValue, disposition: int) -> int:
        try:
            return names.copyout(space, port, disposition)
        except MachError as error:
            self._body.errors |= ipc_shortage(error)
            right.release(port, disposition)
            return PORT_NULL

    async def finish(self, result: int) -> int:
        """Write the message back; ``result`` with the bits of what could not be given back."""
        try:
            body = self._body.run()
        except PageWait as wait:
            body = await self._body.run_later(wait)
        written = write_message(self._address_map, self._address, self._header + body, 0)
        if not isinstance(written, int):
            await written
        return result | self._body.errors
