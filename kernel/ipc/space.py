"""Port name spaces: what the names of one task denote.

Names look like Mach's: an index shifted left by 8 and a generation in the low byte, which moves on each
time the index is reused, so a stale name is noticed.  Programs may also choose names of their own.

Send and receive rights to one port share one name; each send-once right has its own.  To find the name
of a port, a port knows the name of its receive right, and a space knows its send rights without one.

Invariants: an entry in ``entries`` has a type; ``sends`` maps exactly the ports of entries with a send
but no receive right; a name counts user references for send rights and dead names, 1 for a send-once
right, 0 for bare receive rights and port sets.
"""

from typing import TYPE_CHECKING

from ..interface.returns import KernReturn, MachError
from .layout import (
    PORT_DEAD,
    PORT_NULL,
    TYPE_DEAD_NAME,
    TYPE_NONE,
    TYPE_PORT_RIGHTS,
    TYPE_PORT_SET,
    TYPE_RECEIVE,
    TYPE_SEND,
    TYPE_SEND_ONCE,
)
from .port import Port
from .port_set import PortSet

if TYPE_CHECKING:
    from .message import AcceptRequest
    from .system import IpcSystem

ENTRIES_MAX = 1 << 16
"""Names that a space can hold, unless it was made with another limit (a choice: Mach 3.0's tables grow
until kernel memory ends)."""


class Entry:
    """What a name denotes.  Freed entries are kept for their index and next name."""

    __slots__ = ("accept", "index", "name", "port", "port_set", "request", "type", "urefs")

    def __init__(self, name: int, index: int) -> None:
        self.name = name
        self.index = index  # 0 for a name that the program chose
        self.type = TYPE_NONE
        self.urefs = 0
        self.port: Port | None = None
        self.port_set: PortSet | None = None
        self.request: Port | None = None  # send-once right for a dead-name notification
        self.accept: AcceptRequest | None = None

    def __repr__(self) -> str:
        return f"<name {self.name:#x} type {self.type >> 16:#x} urefs {self.urefs}>"


class IpcSpace:
    """The name space of one task."""

    __slots__ = (
        "active",
        "entries",
        "free",
        "limit",
        "messages_received",
        "messages_sent",
        "next_index",
        "number",
        "queued_bytes",
        "sends",
        "system",
    )

    def __init__(self, system: "IpcSystem", limit: int = ENTRIES_MAX) -> None:
        self.system = system
        self.number = system.next_space_number
        system.next_space_number += 1
        system.spaces[self.number] = self
        self.active = True
        self.limit = limit  # of names
        self.entries: dict[int, Entry] = {}
        self.free: list[Entry] = []
        self.next_index = 1
        self.sends: dict[Port, Entry] = {}
        self.queued_bytes = 0  # weight of queued messages that this space is charged for
        self.messages_sent = 0  # by the threads that use this space
        self.messages_received = 0

    # ---- names

    def new_entry(self) -> Entry:
        """An unused name, entered without a type: the caller gives it one, or frees it again."""
        entries = self.entries
        if len(entries) >= self.limit:
            raise MachError(KernReturn.NO_SPACE)
        if self.free:
            entry = self.free.pop()
        else:
            entry = Entry(self.next_index << 8 | 1, self.next_index)
            self.next_index += 1
        while entry.name in entries:  # a program chose this very name
            entry.name = next_generation(entry.name)
            if entry.name & 0xFF == 0:
                entry = Entry(self.next_index << 8 | 1, self.next_index)
                self.next_index += 1
        entries[entry.name] = entry
        return entry

    def new_entry_named(self, name: int) -> Entry:
        """As ``new_entry``, but with a name that the program chose; it must be unused."""
        assert name not in self.entries and name not in (PORT_NULL, PORT_DEAD)
        if len(self.entries) >= self.limit:
            raise MachError(KernReturn.RESOURCE_SHORTAGE)
        entry = self.entries[name] = Entry(name, 0)
        return entry

    def enter_send_once(self, port: Port) -> int:
        """A new name for a send-once right to a live port.  NO_SPACE."""
        entries = self.entries
        if self.free and len(entries) < self.limit and self.free[-1].name not in entries:
            entry = self.free.pop()
            entries[entry.name] = entry
        else:
            entry = self.new_entry()
        entry.type = TYPE_SEND_ONCE
        entry.urefs = 1
        entry.port = port
        return entry.name

    def free_send_once(self, entry: Entry) -> None:
        """``free_entry`` for a send-once right without a dead-name request."""
        name = entry.name
        del self.entries[name]
        entry.port = None
        entry.type = TYPE_NONE
        entry.urefs = 0
        if entry.index:
            entry.name = name & ~0xFF | name + 1 & 0xFF
            self.free.append(entry)

    def free_entry(self, entry: Entry) -> None:
        """The name denotes nothing any more.  Its dead-name request was taken care of."""
        del self.entries[entry.name]
        assert entry.request is None
        if entry.accept is not None:
            entry.accept.entry = None
            entry.accept = None
        entry.port = None
        entry.port_set = None
        entry.type = TYPE_NONE
        entry.urefs = 0
        if entry.index:
            entry.name = next_generation(entry.name)
            self.free.append(entry)

    def rename(self, entry: Entry, name: int) -> None:
        """Give an entry another name, which must be unused."""
        del self.entries[entry.name]
        if entry.index:
            self.free.append(Entry(next_generation(entry.name), entry.index))
            entry.index = 0
        entry.name = name
        self.entries[name] = entry
        if entry.type & TYPE_RECEIVE:
            assert entry.port is not None
            entry.port.receiver_name = name
        elif entry.port_set is not None:
            entry.port_set.name = name

    # ---- looking up

    def lookup(self, name: int) -> Entry | None:
        """The entry of a name, after turning a right whose port has died into a dead name."""
        entry = self.entries.get(name)
        if entry is not None and entry.port is not None and not entry.port.active:
            self.bury(entry)
        return entry

    def bury(self, entry: Entry) -> None:
        """Turn a right to a dead port into a dead name, user references kept."""
        port = entry.port
        assert port is not None and not port.active and entry.request is None
        assert entry.type & TYPE_PORT_RIGHTS and not entry.type & TYPE_RECEIVE
        if entry.type & TYPE_SEND:
            del self.sends[port]
        if entry.accept is not None:
            entry.accept.entry = None
            entry.accept = None
        entry.type = TYPE_DEAD_NAME
        entry.port = None

    def find(self, port: Port) -> Entry | None:
        """The entry with this space's send or receive right to a live port."""
        if port.receiver is self:
            return self.entries[port.receiver_name]
        return self.sends.get(port)

    def translate(self, name: int, type_bit: int) -> Entry:
        """The entry of a name that must denote such a right; INVALID_NAME or INVALID_RIGHT."""
        entry = self.lookup(name)
        if entry is None:
            raise MachError(KernReturn.INVALID_NAME)
        if not entry.type & type_bit:
            raise MachError(KernReturn.INVALID_RIGHT)
        return entry

    # ---- making

    def allocate_port(self, name: int | None = None) -> Port:
        """A new port whose receive right is here, under a name of the kernel's or the program's choice."""
        entry = self.new_entry() if name is None else self.new_entry_named(name)
        entry.type = TYPE_RECEIVE
        entry.port = Port(self.system, self, entry.name)
        return entry.port

    def allocate_port_set(self, name: int | None = None) -> PortSet:
        """A new port set without members."""
        entry = self.new_entry() if name is None else self.new_entry_named(name)
        entry.type = TYPE_PORT_SET
        entry.port_set = PortSet(self, entry.name)
        return entry.port_set

    def allocate_dead_name(self, name: int | None = None) -> Entry:
        """A dead name with one user reference."""
        entry = self.new_entry() if name is None else self.new_entry_named(name)
        entry.type = TYPE_DEAD_NAME
        entry.urefs = 1
        return entry

    def __repr__(self) -> str:
        return f"<space {self.number}: {len(self.entries)} names>"


def next_generation(name: int) -> int:
    """The name that the same index has after this one."""
    return name & ~0xFF | name + 1 & 0xFF
