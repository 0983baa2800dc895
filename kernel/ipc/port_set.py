"""Port sets: one receive takes a message sent to any of the members.

A message stays in the queue of its own port (whose limit and sequence numbers count); the set knows the
order in which messages arrived over all members.  Invariant: ``pending`` holds each member once for
every message in its queue, in order of arrival, and is empty while threads wait in ``receivers``.
"""

from collections import deque
from typing import TYPE_CHECKING

from ..interface.returns import MsgReturn
from ..sched.wait import WaitQueue
from . import queue

if TYPE_CHECKING:
    from .port import Port
    from .space import IpcSpace


class PortSet:
    """A port set of one space."""

    __slots__ = ("members", "name", "pending", "receivers", "space")

    def __init__(self, space: "IpcSpace", name: int) -> None:
        self.space = space
        self.name = name
        self.members: dict[Port, None] = {}
        self.pending: deque[Port] = deque()
        self.receivers = WaitQueue(f"a message to port set {name:#x} of space {space.number}")

    def add(self, port: "Port") -> None:
        """Make a port a member; it is in no other set.  Threads that wait for it directly learn that."""
        assert port.port_set is None
        queue.fail_receivers(port.own_receivers, MsgReturn.RCV_PORT_CHANGED)
        self.members[port] = None
        port.port_set = self
        port.receivers = self.receivers
        self.pending.extend([port] * len(port.messages))
        if self.receivers.threads:
            queue.feed(self)

    def remove(self, port: "Port") -> None:
        """Take a member out; its messages go with it, threads waiting for the set stay."""
        del self.members[port]
        port.port_set = None
        port.receivers = port.own_receivers
        if port.messages:
            self.pending = deque(each for each in self.pending if each is not port)

    def destroy(self) -> None:
        """The set's name is gone: members are on their own, waiting threads are told."""
        for port in list(self.members):
            self.remove(port)
        queue.fail_receivers(self.receivers, MsgReturn.RCV_PORT_DIED)

    def __repr__(self) -> str:
        return f"<port set {self.name:#x} of space {self.space.number}: {len(self.members)} ports>"
