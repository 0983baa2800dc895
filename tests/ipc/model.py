"""An independent model of port rights: what a set of name spaces holds after any operation.

It keeps no counts: how many senders a port has is found by looking everywhere each time.  Names are the
kernel's to choose, so the operations that make one are told which.  Death is as documented: rights turn
into dead names when they are looked at, messages in the queue of a dying port are destroyed, and ports
that die of that follow one after the other.
"""

from collections import deque
from dataclasses import dataclass, field

from kernel.interface.wire import (
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

DEAD = "dead"
UREFS_MAX = 0xFFFF


@dataclass(eq=False)
class ModelPort:
    number: int
    place: object  # (space, name), a ModelMessage, or None while the kernel has the receive right
    alive: bool = True
    queue: list["ModelMessage"] = field(default_factory=list)
    qlimit: int = 5
    mscount: int = 0
    seqno: int = 0
    no_senders: "ModelPort | None" = None
    destroyed: "ModelPort | None" = None


Value = "ModelPort | str | None"


@dataclass(eq=False)
class ModelMessage:
    destination: ModelPort
    destination_type: int
    reply: Value
    reply_type: int
    id: int
    word: int = 0  # of a notification
    carried: list[tuple[int, list[Value]]] = field(default_factory=list)

    def rights(self):
        yield self.destination, self.destination_type
        if self.reply_type:
            yield self.reply, self.reply_type
        for disposition, ports in self.carried:
            for port in ports:
                yield port, disposition


@dataclass(eq=False)
class ModelEntry:
    port: ModelPort | None = None
    send: int = 0  # user references
    receive: bool = False
    once: bool = False
    dead: int = 0
    members: list[ModelPort] | None = None  # of a port set
    request: ModelPort | None = None

    @property
    def types(self) -> int:
        return (
            (1 if self.send else 0)
            | (2 if self.receive else 0)
            | (4 if self.once else 0)
            | (8 if self.members is not None else 0)
            | (16 if self.dead else 0)
        ) << 16

    def empty(self) -> bool:
        return not self.types


ModelSpace = dict[int, ModelEntry]


class Model:
    def __init__(self, spaces: int) -> None:
        self.spaces: list[ModelSpace] = [{} for _ in range(spaces)]
        self.ports: list[ModelPort] = []
        self.doomed: deque[tuple[ModelPort, list[tuple[ModelPort, int]]]] = deque()

    # ---- looking everywhere

    def messages(self):
        for port in self.ports:
            if port.alive:
                yield from port.queue

    def count(self, port: ModelPort, disposition: int) -> int:
        total = sum(
            1 for message in self.messages() for right in message.rights() if right == (port, disposition)
        )
        for space in self.spaces:
            for entry in space.values():
                if entry.port is port:
                    total += disposition == PORT_SEND and entry.send > 0
                    total += disposition == PORT_SEND_ONCE and entry.once
                total += disposition == PORT_SEND_ONCE and entry.request is port
        if disposition == PORT_SEND_ONCE:
            for other in self.ports:
                if other.alive:
                    total += (other.no_senders is port) + (other.destroyed is port)
        return total

    def find(self, space: int, port: ModelPort) -> int | None:
        for name, entry in self.spaces[space].items():
            if entry.port is port and (entry.send or entry.receive):
                return name
        return None

    def refresh(self) -> None:
        """Turn rights to dead ports into dead names."""
        for space in self.spaces:
            for entry in space.values():
                if entry.port is not None and not entry.port.alive:
                    self.bury(entry)

    @staticmethod
    def bury(entry: ModelEntry) -> None:
        entry.dead = entry.send + entry.once
        entry.send, entry.once, entry.port = 0, False, None

    # ---- messages of the kernel

    def notify(self, port: ModelPort, number: int, word: int = 0, carried=()) -> None:
        message = ModelMessage(port, PORT_SEND_ONCE, None, 0, number, word, list(carried))
        self.deliver(message)

    def deliver(self, message: ModelMessage) -> None:
        """Queue a message, or destroy it if its port is dead or it closes a circle."""
        for disposition, ports in message.carried:
            for port in ports:
                if disposition == PORT_RECEIVE and isinstance(port, ModelPort):
                    base = message.destination
                    while not isinstance(base.place, tuple):
                        if base is port:
                            self.destroy_message(message)
                            return
                        if not isinstance(base.place, ModelMessage):
                            break
                        base = base.place.destination
                    port.place = message
        if not message.destination.alive:
            self.destroy_message(message)
        else:
            message.destination.queue.append(message)

    def destroy_message(self, message: ModelMessage) -> None:
        """The message is in no queue any more; its rights go one by one."""
        rights = list(message.rights())
        message.reply_type, message.carried = 0, []
        message.destination_type = 0
        held = ModelMessage(message.destination, 0, None, 0, 0)  # what is left of it
        held.carried = [(disposition, [port]) for port, disposition in rights]
        limbo = ModelPort(-1, None)
        limbo.queue.append(held)
        self.ports.append(limbo)  # so that what is not yet released is still found
        while held.carried:
            disposition, [port] = held.carried.pop(0)
            self.release(port, disposition)
        self.ports.remove(limbo)

    def release(self, port: Value, disposition: int) -> None:
        """A right that is nowhere any more was given up."""
        if not isinstance(port, ModelPort) or not port.alive:
            return
        if disposition == PORT_SEND:
            self.lost_send(port)
        elif disposition == PORT_SEND_ONCE:
            self.notify(port, 71)
        else:
            self.kill(port)

    def lost_send(self, port: ModelPort) -> None:
        if port.alive and port.no_senders is not None and not self.count(port, PORT_SEND):
            requester, port.no_senders = port.no_senders, None
            self.notify(requester, 70, port.mscount)

    def leave(self, port: ModelPort) -> None:
        """The receive right leaves its space."""
        for space in self.spaces:
            for entry in space.values():
                if entry.members is not None and port in entry.members:
                    entry.members.remove(port)
        port.place, port.mscount, port.seqno = None, 0, 0

    def kill(self, port: ModelPort) -> None:
        """A receive right that is in no name any more was given up."""
        self.leave(port)
        if port.destroyed is not None:
            requester, port.destroyed = port.destroyed, None
            self.notify(requester, 69, 0, [(PORT_RECEIVE, [port])])
            return
        port.alive = False
        told = []
        for space in self.spaces:
            for name, entry in space.items():
                if entry.port is port and entry.request is not None:
                    told.append((entry.request, name))
                    entry.request = None
                    self.bury(entry)
                    entry.dead = min(entry.dead + 1, UREFS_MAX)
        self.doomed.append((port, told))
        if len(self.doomed) > 1:
            return
        while self.doomed:
            dying, requests = self.doomed[0]
            queue, dying.queue = dying.queue, []
            for message in queue:
                self.destroy_message(message)
            for requester, name in requests:
                self.notify(requester, 72, name)
            if dying.no_senders is not None:
                requester, dying.no_senders = dying.no_senders, None
                self.release(requester, PORT_SEND_ONCE)
            self.doomed.popleft()

    # ---- names

    def tidy(self, space: int, name: int) -> None:
        """Free a name that denotes nothing; its request yields port-deleted."""
        entry = self.spaces[space].get(name)
        if entry is not None and entry.empty():
            del self.spaces[space][name]
            if entry.request is not None:
                self.notify(entry.request, 65, name)

    def can_take(self, space: int, name: int, disposition: int) -> bool:
        entry = self.spaces[space].get(name)
        if entry is None:
            return False
        if disposition in (MAKE_SEND, MAKE_SEND_ONCE, MOVE_RECEIVE):
            return entry.receive
        if entry.dead:
            return True
        return entry.once if disposition == MOVE_SEND_ONCE else entry.send > 0

    def take(self, space: int, name: int, disposition: int) -> tuple[Value, int]:
        """Take a right; the name is tidied later, when the right has found its new place."""
        entry = self.spaces[space][name]
        kind = {
            MOVE_RECEIVE: PORT_RECEIVE,
            MOVE_SEND_ONCE: PORT_SEND_ONCE,
            MAKE_SEND_ONCE: PORT_SEND_ONCE,
        }.get(disposition, PORT_SEND)
        if entry.dead:
            if disposition != COPY_SEND:
                entry.dead -= 1
            return DEAD, kind
        port = entry.port
        if disposition == MAKE_SEND:
            port.mscount += 1
        elif disposition == MOVE_SEND:
            entry.send -= 1
        elif disposition == MOVE_SEND_ONCE:
            entry.once = False
        elif disposition == MOVE_RECEIVE:
            entry.receive = False
            self.leave(port)
        return port, kind

    def put(self, space: int, port: Value, kind: int, name: int) -> None:
        """A right arrived in a space under a name (0 or 0xffffffff for null and dead)."""
        if not isinstance(port, ModelPort) or not port.alive:
            assert name == (0 if port is None else 0xFFFFFFFF), f"{name:#x} for {port}"
            return
        known = self.find(space, port) if kind != PORT_SEND_ONCE else None
        if known is None:
            assert name not in self.spaces[space] and 0 < name < 0xFFFFFFFF, f"{name:#x} is not new"
            self.spaces[space][name] = ModelEntry(port)
        else:
            assert name == known, f"{name:#x}, but the port is {known:#x}"
        entry = self.spaces[space][name]
        if kind == PORT_SEND:
            entry.send = min(entry.send + 1, UREFS_MAX)
        elif kind == PORT_SEND_ONCE:
            entry.once = True
        else:
            entry.receive = True
            port.place = (space, name)

    # ---- giving up

    def drop_send(self, space: int, name: int, count: int) -> None:
        entry = self.spaces[space][name]
        entry.send -= count
        port = entry.port
        if not entry.send:
            self.lost_send(port)
            self.tidy(space, name)

    def drop_once(self, space: int, name: int) -> None:
        entry = self.spaces[space][name]
        entry.once = False
        self.release(entry.port, PORT_SEND_ONCE)
        self.tidy(space, name)

    def drop_dead(self, space: int, name: int, count: int) -> None:
        self.spaces[space][name].dead -= count
        self.tidy(space, name)

    def drop_receive(self, space: int, name: int) -> None:
        entry = self.spaces[space][name]
        entry.receive = False
        port = entry.port
        if entry.empty():  # its request is for a name, not for a death
            del self.spaces[space][name]
        self.kill(port)
        if entry.empty() and entry.request is not None:
            self.notify(entry.request, 65, name)

    def drop_all(self, space: int, name: int) -> None:
        entry = self.spaces[space].pop(name)
        port = entry.port
        if entry.members is not None or port is None:
            return
        mscount = port.mscount
        if entry.receive:
            requester = None
            if entry.send and port.no_senders is not None and not self.count(port, PORT_SEND):
                requester, port.no_senders = port.no_senders, None
            # Until it is told, the requester's right is in nobody's hands but ours.
            held = ModelPort(-1, None, no_senders=requester)
            self.ports.append(held)
            self.kill(port)
            self.ports.remove(held)
            if requester is not None:
                self.notify(requester, 70, mscount)
        elif entry.send:
            self.lost_send(port)
        else:
            self.release(port, PORT_SEND_ONCE)
        if entry.request is not None:
            self.notify(entry.request, 65, name)
