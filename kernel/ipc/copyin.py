"""From a program's message to the kernel's: names become rights, addresses become memory.

The header is copied in atomically: on an error nothing has happened.  The body is copied in item by
item; on an error everything that was copied in so far is destroyed, as Mach 3.0 documents.

Reading may have to wait for a page.  Everything that can be read is read before the first side effect,
so that the call can start over; the copying of out-of-line memory comes later, and goes on where it
stopped (:class:`BodyCopyin`).
"""

from struct import unpack

from ..interface.body import DEAD, Carried, CarriedMemory, CarriedRights
from ..interface.returns import MachError, MsgReturn
from ..interface.wire import (
    COPY_SEND,
    MAKE_SEND_ONCE,
    MOVE_SEND,
    MOVE_SEND_ONCE,
    PORT_SEND,
    PORT_SEND_ONCE,
)
from ..vm.access import copyin as read_user
from ..vm.fault import PageWait
from ..vm.map import VmMap
from ..vm.map_copy import map_copyin
from . import entry as names
from . import notify, right
from .client import IpcThread
from .items import Item, walk
from .layout import (
    BITS_COMPLEX,
    HEADER,
    HEADER_SIZE,
    MESSAGE_SIZE_MAX,
    PORT_ARRAY_MAX,
    PORT_DEAD,
    PORT_NULL,
    QUEUED_BYTES_MAX,
    SEND_CANCEL,
    TYPE_DEAD_NAME,
    TYPE_RECEIVE,
    TYPE_SEND,
    TYPE_SEND_ONCE,
)
from .message import Message
from .port import Port
from .right import PortValue
from .space import IpcSpace

_RPC_BITS = COPY_SEND | MAKE_SEND_ONCE << 8
_REPLY_BITS = MOVE_SEND_ONCE

Header = tuple[Port, int, PortValue, int]
"""Destination and reply right, each with the type of right."""


def copyin_message(
    thread: IpcThread, address: int, option: int, size: int, notify_name: int
) -> "Message | int | BodyCopyin":
    """Copy a message in from a program's memory.  Returns an error code when that fails, or the copying
    of the body where it has to wait.  PageWait: nothing has happened yet."""
    if size < HEADER_SIZE or size & 3:
        return MsgReturn.SEND_MSG_TOO_SMALL
    if size > MESSAGE_SIZE_MAX or thread.space.queued_bytes > QUEUED_BYTES_MAX:
        return MsgReturn.SEND_NO_BUFFER
    try:
        data = read_user(thread.map, address, size)
    except MachError:
        return MsgReturn.SEND_INVALID_DATA
    bits, _, remote, local, _, id_ = HEADER.unpack_from(data)
    space = thread.space
    system = space.system
    system.clock.now += system.message_copyin_ns
    entries = space.entries
    if bits == _RPC_BITS:  # a request
        entry = entries.get(remote)
        reply_entry = entries.get(local)
        if (
            entry is not None
            and reply_entry is not None
            and entry.type & TYPE_SEND
            and reply_entry.type & TYPE_RECEIVE
        ):
            port, reply = entry.port, reply_entry.port
            assert port is not None and reply is not None
            if port.active:
                port.srights += 1
                reply.sorights += 1
                return Message(port, PORT_SEND, reply, PORT_SEND_ONCE, id_, data[HEADER_SIZE:])
    elif bits == _REPLY_BITS and not local:  # a reply
        entry = entries.get(remote)
        if entry is not None and entry.type == TYPE_SEND_ONCE and entry.request is None:
            port = entry.port
            assert port is not None
            if port.active:
                space.free_send_once(entry)
                return Message(port, PORT_SEND_ONCE, None, 0, id_, data[HEADER_SIZE:])
    body: BodyCopyin | None = None
    if bits & BITS_COMPLEX:
        body = BodyCopyin(space, thread.map, data[HEADER_SIZE:])
    header = copyin_header(space, bits, remote, local, notify_name if option & SEND_CANCEL else None)
    if isinstance(header, int):
        return header
    if body is None:
        return Message(*header, id_, data[HEADER_SIZE:])
    body.header = header
    body.id = id_
    try:
        return body.run()
    except PageWait as wait:
        body.wait = wait
        return body


def copyin_header(space: IpcSpace, bits: int, remote: int, local: int, cancel: int | None) -> Header | int:
    """Copy in destination and reply port, both or neither (then an error code).  ``cancel`` is the name
    of the notify port with MACH_SEND_CANCEL."""
    remote_type = bits & 0xFF
    local_type = bits >> 8 & 0xFF
    if remote_type not in _SENDABLE:
        return MsgReturn.SEND_INVALID_HEADER
    if local_type not in _SENDABLE and (local_type or local):
        return MsgReturn.SEND_INVALID_HEADER
    cancel_port: Port | None = None
    if cancel is not None:
        cancel_entry = space.lookup(cancel)
        if cancel_entry is None or not cancel_entry.type & TYPE_RECEIVE:
            return MsgReturn.SEND_INVALID_NOTIFY
        cancel_port = cancel_entry.port
    entry = space.lookup(remote)
    if entry is None:
        return MsgReturn.SEND_INVALID_DEST
    named_reply = local not in (PORT_NULL, PORT_DEAD)
    reply_entry = space.lookup(local) if named_reply else None
    if named_reply and reply_entry is None:
        return MsgReturn.SEND_INVALID_REPLY
    if entry.type & TYPE_DEAD_NAME or not names.can_take(entry, remote_type):
        return MsgReturn.SEND_INVALID_DEST
    if reply_entry is not None:
        if not names.can_take(reply_entry, local_type):
            return MsgReturn.SEND_INVALID_REPLY
        if (
            entry is reply_entry
            and remote_type == local_type
            and entry.urefs < _MOVED_TWICE.get(local_type, 0)
        ):
            return MsgReturn.SEND_INVALID_REPLY
    # Nothing can fail any more.  A copied reply right must be taken before the same right is moved.
    reply: PortValue = DEAD if local == PORT_DEAD else None
    reply_request: Port | None = None
    copied_first = reply_entry is entry and local_type == COPY_SEND
    if copied_first and reply_entry is not None:
        reply, reply_request = names.take(space, reply_entry, local_type)
    port, request = names.take(space, entry, remote_type)
    if reply_entry is not None and not copied_first:
        reply, reply_request = names.take(space, reply_entry, local_type)
    assert isinstance(port, Port)
    if request is not None:
        if request is cancel_port:
            request.sorights -= 1
        else:
            notify.port_deleted(request, remote)
    if reply_request is not None:
        notify.port_deleted(reply_request, local)
    return port, names.CARRIED_AS[remote_type], reply, names.CARRIED_AS[local_type] if local_type else 0


_SENDABLE = range(MOVE_SEND, MAKE_SEND_ONCE + 1)
_MOVED_TWICE = {MOVE_SEND: 2, MOVE_SEND_ONCE: 2}
"""User references needed to move the same name as destination and as reply."""


class BodyCopyin:
    """The copying in of a body with rights or out-of-line memory.

    Making one reads and checks everything that can be read without a side effect (PageWait if that must
    wait); ``run`` takes the rights and the memory.  ``header`` and ``id`` are set in between.
    """

    __slots__ = (
        "_address_map",
        "_body",
        "_carried",
        "_error",
        "_items",
        "_next",
        "_space",
        "header",
        "id",
        "wait",
    )

    def __init__(self, space: IpcSpace, address_map: VmMap, body: bytes) -> None:
        self._space = space
        self._address_map = address_map
        self._body = bytearray(body)
        self._items: list[tuple[Item, tuple[int, ...]]] = []  # each with its port names, or its address
        self._error = 0  # found in the item after these
        self._next = 0
        self._carried: list[Carried] = []
        self.header: Header | None = None
        self.id = 0
        self.wait: PageWait | None = None
        try:
            for item in walk(body):
                if item.is_port or not item.inline:
                    self._items.append((item, self._read(item, body)))
        except MachError as error:
            self._error = error.code

    def _read(self, item: Item, body: bytes) -> tuple[int, ...]:
        """The port names of an item, wherever they are, or the address of its memory."""
        if item.inline:
            return unpack(f"<{item.number}I", body[item.offset : item.offset + item.length])
        address: int = unpack("<I", body[item.offset : item.offset + 4])[0]
        if not item.is_port:
            return (address,)
        if not item.number:
            return ()
        if item.number > PORT_ARRAY_MAX:
            raise MachError(MsgReturn.SEND_INVALID_MEMORY)
        try:
            data = read_user(self._address_map, address, item.length)
        except MachError:
            raise MachError(MsgReturn.SEND_INVALID_MEMORY) from None
        return unpack(f"<{item.number}I", data)

    def run(self) -> Message | int:
        """Take rights and memory; the message, or an error code after everything was destroyed.
        PageWait: call again when the page is there."""
        assert self.header is not None
        while self._next < len(self._items):
            item, words = self._items[self._next]
            error = self._copyin_ports(item, words) if item.is_port else self._copyin_memory(item, words[0])
            if error:
                return self.fail(error)
            self._next += 1
        if self._error:
            return self.fail(self._error)
        return Message(*self.header, self.id, bytes(self._body), tuple(self._carried))

    def fail(self, error: int) -> int:
        """Destroy what was copied in; returns the error code."""
        assert self.header is not None
        right.destroy_message(Message(*self.header, self.id, b"", tuple(self._carried)))
        self._carried.clear()
        return error

    def _copyin_ports(self, item: Item, words: tuple[int, ...]) -> int:
        space = self._space
        system = space.system
        body = self._body
        if not item.inline and item.deallocate and item.length:
            address: int = unpack("<I", body[item.offset : item.offset + 4])[0]
            try:
                self._address_map.deallocate_range(address, item.length)
            except MachError:
                return MsgReturn.SEND_INVALID_MEMORY
        ports: list[PortValue] = []
        disposition = names.CARRIED_AS[item.name]
        error = 0
        for name in words:
            if name == PORT_NULL:
                ports.append(None)
            elif name == PORT_DEAD:
                ports.append(DEAD)
            else:
                system.clock.now += system.costs.right_copyin
                try:
                    ports.append(names.copyin(space, name, item.name))
                except MachError:
                    error = MsgReturn.SEND_INVALID_RIGHT
                    break
        self._carried.append(CarriedRights(item.offset, disposition, tuple(ports), item.inline))
        size = item.length if item.inline else 4
        body[item.offset : item.offset + size] = bytes(size)
        self._mark(item, disposition)
        return error

    def _copyin_memory(self, item: Item, address: int) -> int:
        memory: object = b""
        if item.length:
            try:
                memory = map_copyin(self._address_map, address, item.length, item.deallocate)
            except MachError:
                return MsgReturn.SEND_INVALID_MEMORY
        self._carried.append(CarriedMemory(item.offset, item.length, memory))
        self._body[item.offset : item.offset + 4] = bytes(4)
        self._mark(item, item.name)
        return 0

    def _mark(self, item: Item, name: int) -> None:
        """Make the descriptor say what the receiver gets: the type of right; memory out of line is the
        receiver's to deallocate."""
        body = self._body
        if item.is_long:
            body[item.start + 4] = name & 0xFF
        else:
            body[item.start] = name
        if not item.inline:
            body[item.start + 3] |= 0x40
