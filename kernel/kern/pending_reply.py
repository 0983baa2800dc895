"""The answer to a call that is served in the background: a device transfer, for example.

The caller does not wait in the kernel: the reply right of its request is kept here, and the answer goes
to it as a message of the kernel's when the work is done.  So the same call serves callers that wait for
the answer in ``mach_msg`` and those that ask, go on, and receive it some time later.
"""

from typing import TYPE_CHECKING

from ..interface.body import Carried
from ..interface.codec import error_body
from ..interface.declare import Routine
from ..ipc.message import Message
from ..ipc.port import Port

if TYPE_CHECKING:
    from .mach_kernel import MachKernel


class PendingReply:
    """Answers one request, once."""

    __slots__ = ("_kernel", "_message", "_reply", "_reply_type", "_routine")

    def __init__(self, kernel: "MachKernel", routine: Routine, message: Message) -> None:
        self._kernel = kernel
        self._routine = routine
        self._message: Message | None = message  # whose reply right it is, until ``keep``
        self._reply: Port | None = None
        self._reply_type = 0

    def keep(self) -> None:
        """The call goes on in the background: take the reply right over from the request."""
        message, self._message = self._message, None
        if message is None:
            return  # answered already
        reply, self._reply_type = message.take_reply()
        if isinstance(reply, Port) and self._reply_type:
            self._reply = reply
            self._kernel.pending_replies[self] = None

    def held(self) -> tuple[Port | None, int]:
        """The right kept here, for the checker."""
        return self._reply, self._reply_type

    def answer(self, *outs: object) -> None:
        """The call succeeded."""
        body, carried = self._routine.reply.encode(outs)
        self._send(body, carried)

    def refuse(self, code: int) -> None:
        """The call failed."""
        self._send(error_body(code), ())

    def _send(self, body: bytes, carried: tuple[Carried, ...]) -> None:
        self.keep()
        reply, self._reply = self._reply, None
        if reply is None:
            self._kernel.ipc.destroy_carried(carried)
            return
        del self._kernel.pending_replies[self]
        answer = Message(reply, self._reply_type, None, 0, self._routine.reply_id, body, carried)
        self._kernel.ipc.send_from_kernel(answer, handoff=True)
