"""What the ipc room needs of a network: ports whose receive right is on another node.

Such a port stands here for the distant one.  Send and send-once rights to it are counted like any
others, messages to it are queued here under the usual limit, and senders block on it as usual; what
carries messages away takes them from the queue with :func:`kernel.ipc.queue.take` when the other side
has room.  A one-node kernel has no transport, and no port is remote.
"""

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from .port import Port


class RemotePort:
    """What a port knows of its distant self; the room that carries messages adds the rest."""

    __slots__ = ("uid",)

    def __init__(self, uid: int) -> None:
        self.uid = uid  # the port's network-wide identity


class RemoteTransport(Protocol):
    """Called by the ipc room about ports whose ``remote`` is set.  No call may block."""

    def message_queued(self, port: "Port") -> None:
        """A message was appended to the port's queue."""

    def no_local_senders(self, port: "Port") -> None:
        """The last send right to the port on this node is gone."""

    def watch_death(self, port: "Port") -> None:
        """The first dead-name request on this node was registered for the port: when the distant port
        dies, ``death.destroy_port`` is wanted here."""
