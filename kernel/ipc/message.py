"""Messages in the kernel: ports and memory instead of names and addresses.

``body`` is in Mach's own layout without the 24-byte header; every port name and address in it is zero,
and ``carried`` says what belongs there (:mod:`kernel.interface.body`).  A message owns the rights in it:
the right it was sent to (``destination``), the reply right, and what it carries.  It is immutable once
sent, except for the sequence number, which it gets when it leaves the port's queue, and for who is
charged for it while it is queued.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

from ..interface.body import Carried, CarriedRights
from ..interface.body import _Dead as Dead
from ..interface.wire import PORT_RECEIVE, PORT_SEND, PORT_SEND_ONCE
from .layout import BITS_COMPLEX, HEADER_SIZE

if TYPE_CHECKING:
    from .port import Port
    from .space import Entry, IpcSpace


QUEUED_OVERHEAD = 320
RECEIVE_RIGHT_WEIGHT = 1024


class Message:
    """A message with its rights."""

    __slots__ = (
        "body",
        "carried",
        "destination",
        "destination_type",
        "id",
        "payer",
        "reply",
        "reply_type",
        "seqno",
    )

    def __init__(
        self,
        destination: "Port",
        destination_type: int,
        reply: "Port | Dead | None",
        reply_type: int,
        id: int,  # noqa: A002 (msgh_id)
        body: bytes,
        carried: tuple[Carried, ...] = (),
    ) -> None:
        self.destination = destination
        self.destination_type = destination_type  # PORT_SEND or PORT_SEND_ONCE
        self.reply = reply
        self.reply_type = reply_type  # PORT_SEND, PORT_SEND_ONCE, or 0 for none
        self.id = id
        self.body = body
        self.carried = carried
        self.seqno = 0
        self.payer: IpcSpace | None = None  # who is charged for it while it is queued

    @property
    def size(self) -> int:
        """Bytes in line, with the header (``msgh_size``)."""
        return HEADER_SIZE + len(self.body)

    @property
    def weight(self) -> int:
        """Bytes of the simulator's memory that the message takes, roughly: itself, each right, and a
        port with each receive right."""
        weight = QUEUED_OVERHEAD + len(self.body)
        for record in self.carried:
            if isinstance(record, CarriedRights):
                each = RECEIVE_RIGHT_WEIGHT if record.disposition == PORT_RECEIVE else 16
                weight += each * len(record.ports)
        return weight

    @property
    def complex_bit(self) -> int:
        """MACH_MSGH_BITS_COMPLEX if the message carries rights or memory, else 0."""
        return BITS_COMPLEX if self.carried else 0

    @classmethod
    def from_kernel(
        cls,
        id: int,  # noqa: A002 (msgh_id)
        destination: "Port",
        reply: "Port | None",
        body: bytes,
        carried: tuple[Carried, ...] = (),
    ) -> "Message":
        """A request or one-way message of the kernel's own; it gets a send right to ``destination`` and,
        if an answer is wanted, a send-once right to ``reply``."""
        return cls(
            destination, PORT_SEND, reply, PORT_SEND_ONCE if reply is not None else 0, id, body, carried
        )

    @classmethod
    def reply_to(
        cls,
        request: "Message",
        id: int,  # noqa: A002 (msgh_id)
        body: bytes,
        carried: tuple[Carried, ...] = (),
    ) -> "Message":
        """The answer to a request; it goes to nobody, and what it carries is destroyed, if the request
        had no reply port or that has died."""
        reply = request.reply
        if reply is None or isinstance(reply, Dead):
            return cls(request.destination.system.dead_port, PORT_SEND_ONCE, None, 0, id, body, carried)
        return cls(reply, request.reply_type, None, 0, id, body, carried)

    def take_reply(self) -> "tuple[Port | Dead | None, int]":
        """Take the reply right (and its type) out of a message that is being served."""
        taken = self.reply, self.reply_type
        self.reply = None
        self.reply_type = 0
        return taken

    def rights(self) -> Iterator[tuple["Port", int]]:
        """Every right in it, with its type, for the checker."""
        yield self.destination, self.destination_type
        if self.reply_type and self.reply is not None and not isinstance(self.reply, Dead):
            yield self.reply, self.reply_type
        for record in self.carried:
            if isinstance(record, CarriedRights):
                for port in record.ports:
                    if port is not None and not isinstance(port, Dead):
                        yield cast("Port", port), record.disposition

    def __repr__(self) -> str:
        return f"<message {self.id} to {self.destination}, {self.size} bytes>"


class AcceptRequest:
    """A msg-accepted notification to come (MACH_SEND_NOTIFY)."""

    __slots__ = ("entry", "notify")

    def __init__(self, notify: "Port", entry: "Entry | None") -> None:
        self.notify = notify  # a send-once right
        self.entry = entry  # of the send right; None once that is gone


class ForcedMessage(Message):
    """A message queued beyond the limit; its sender is told when it is taken from the queue."""

    __slots__ = ("request",)

    def __init__(self, message: Message, request: AcceptRequest) -> None:
        super().__init__(
            message.destination,
            message.destination_type,
            message.reply,
            message.reply_type,
            message.id,
            message.body,
            message.carried,
        )
        self.request = request
