"""Ports: protected message queues, and who may do what with them.

A port is in one of four states:

- *held*: ``receiver`` is the space with the receive right, ``receiver_name`` its name there (the
  kernel's own space has no names; its ports all say KERNEL_NAME);
- *in transit*: no receiver; ``destination`` is the port whose queue (or blocked sender) holds the
  message with the receive right; None if the message is in the kernel's hands;
- *remote*: ``remote`` is set; the receive right is on another node and this port stands for it;
- *dead*: not ``active``; every right to it is a dead name, seen as such when it is next looked at.

Invariants: ``srights`` and ``sorights`` count exactly the send and send-once rights that exist on this
node, in names, in messages, and held by the kernel.  While threads wait in ``receivers``, no message is
queued; while threads wait in ``blocked``, the queue is full.  (A port with a limit of 0 is always full.)
"""

from typing import TYPE_CHECKING, Final

from ..sched.wait import WaitQueue
from .layout import IKOT_NONE, QLIMIT_DEFAULT

if TYPE_CHECKING:
    from .message import Message
    from .port_set import PortSet
    from .remote import RemotePort
    from .space import Entry, IpcSpace
    from .system import IpcSystem

KERNEL_NAME: Final = 1
"""``receiver_name`` of a port whose receive right the kernel holds."""


class Port:
    """A port.  Made by ``space.allocate_port`` and ``kernel_object.allocate``."""

    __slots__ = (
        "active",
        "blocked",
        "destination",
        "kind",
        "kobject",
        "messages",
        "mscount",
        "nsrequest",
        "number",
        "own_receivers",
        "pdrequest",
        "port_set",
        "qlimit",
        "receiver",
        "receiver_name",
        "receivers",
        "remote",
        "requests",
        "seqno",
        "sorights",
        "srights",
        "system",
    )

    def __init__(self, system: "IpcSystem", receiver: "IpcSpace | None", receiver_name: int) -> None:
        self.system = system
        number = system.next_port_number
        system.next_port_number = number + 1
        system.ports[number] = self
        self.number = number  # unique on its node, in order of creation
        self.active = True
        # Who receives
        self.receiver = receiver
        self.receiver_name = receiver_name
        self.destination: Port | None = None
        self.remote: RemotePort | None = None
        self.port_set: PortSet | None = None
        # Rights
        self.srights = 0
        self.sorights = 0
        self.mscount = 0  # send rights made since the receive right last moved
        # The queue
        self.messages: list[Message] = []
        self.qlimit = QLIMIT_DEFAULT
        self.seqno = 0  # of the next message taken from the queue
        self.own_receivers = (
            WaitQueue(f"a message to port {number}") if receiver_name != KERNEL_NAME else system.nobody
        )
        self.receivers = self.own_receivers  # or the port set's
        self.blocked: WaitQueue | None = None  # threads with a message each, in thread.message
        # Requests, each a send-once right
        self.nsrequest: Port | None = None
        self.pdrequest: Port | None = None
        self.requests: dict[Entry, IpcSpace] | None = None  # names with a dead-name request, oldest first
        # What the port stands for in the kernel
        self.kind = IKOT_NONE
        self.kobject: object = None

    def __repr__(self) -> str:
        if not self.active:
            return f"<port {self.number} dead>"
        if self.receiver is not None:
            where = f"{self.receiver_name:#x} in space {self.receiver.number}"
        else:
            where = "remote" if self.remote is not None else "in transit"
        return f"<port {self.number} {where}>"
