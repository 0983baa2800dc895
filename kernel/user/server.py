"""A server: the loop that receives requests, lets functions do the work, and replies.

Each thread replies to one request and receives the next in a single call, so that with a waiting client
the processor goes to and fro without a scheduling decision.  A request whose function is an ordinary one
is served by the thread that received it and nobody else.  When a function is ``async`` it may wait, and
the server then sees to it that another thread is there to receive, up to its limit of threads.

Who owns the rights and the memory in a request is MIG's rule: the function, if it succeeds; if it fails,
or the request is refused, they are destroyed here.
"""

from collections.abc import Awaitable

from ..interface.constants import (
    MACH_MSG_TYPE_MOVE_SEND_ONCE,
    MACH_RCV_MSG,
    MACH_SEND_MSG,
    MACH_SEND_TIMEOUT,
)
from ..interface.declare import Routine
from ..interface.demultiplex import Answer, Demultiplexer
from ..interface.returns import MachError, MigReturn, MsgReturn
from ..ipc.named_message import Damaged, NamedMessage, Unsent
from .destroy import destroy_carried, destroy_message
from .rights import outgoing
from .task import NativeTask, PortName
from .thread import NativeThread

Requests = Demultiplexer[NamedMessage]
"""What a server serves: functions get the request's message first (``local`` is the port it was sent to,
``remote`` the reply right), then the values in it."""

_PORT_GONE = (MsgReturn.RCV_PORT_DIED, MsgReturn.RCV_INVALID_NAME)
_NO_REPLY = int(MigReturn.NO_REPLY)


class Server:
    """Serves requests that arrive at a port or port set of its task."""

    __slots__ = ("_by_value", "_idle", "_limit", "_name", "_port", "_requests", "_task", "_threads")

    def __init__(
        self,
        task: NativeTask,
        requests: Requests,
        port: PortName,
        *,
        threads: int = 1,
        by_value: bool = False,
        name: str = "server",
    ) -> None:
        """``threads`` is the most that work at once; ``by_value``: memory in requests comes as bytes."""
        assert threads >= 1
        self._task = task
        self._requests = requests
        self._port = port
        self._limit = threads
        self._by_value = by_value
        self._name = name
        self._idle = 0  # threads that receive, or are about to
        self._threads: list[NativeThread[None]] = []

    async def run(self) -> None:
        """Serve, in the calling thread and others made as needed, until the port is gone."""
        await self._serve()
        for thread in self._threads:
            await thread.join()

    async def _serve(self) -> None:
        task, door, port = self._task, self._task.door, self._port
        reply: NamedMessage | None = None
        option = MACH_RCV_MSG
        self._idle += 1
        while True:
            try:
                request = await task.exchange(option, reply, port, by_value=self._by_value)
            except Damaged as damaged:
                destroy_message(door, damaged.message)
                request = None
            except Unsent as unsent:
                destroy_message(door, unsent.message)
                request = None
            except MachError as error:
                if error.code in _PORT_GONE:
                    break
                if reply is None:
                    raise
                destroy_message(door, reply)  # the client is gone
                request = None
            reply, option = None, MACH_RCV_MSG
            if request is None:
                continue
            answer = self._requests.answer(request.id, request, request.body, request.carried)
            if not isinstance(answer, Answer):
                answer = await self._later(answer)
            reply = self._reply(request, answer)
            if reply is not None:
                option = MACH_SEND_MSG | MACH_RCV_MSG
                if reply.remote_type != MACH_MSG_TYPE_MOVE_SEND_ONCE:
                    option |= MACH_SEND_TIMEOUT  # a client that does not receive must not hold us up
        self._idle -= 1

    async def _later(self, work: Awaitable[Answer]) -> Answer:
        """Await a function; another thread receives meanwhile."""
        self._idle -= 1
        if not self._idle and len(self._threads) + 1 < self._limit:
            number = len(self._threads) + 1
            self._threads.append(await self._task.fork(self._serve, name=f"{self._name}.{number}"))
        answer = await work
        self._idle += 1
        return answer

    def _reply(self, request: NamedMessage, answer: Answer) -> NamedMessage | None:
        """The message that answers a request; None if there is nothing to send."""
        if answer.code:
            if answer.code == _NO_REPLY:  # the function keeps the reply right, and will use it
                return None
            if request.carried:
                destroy_carried(self._task.door, request)
        if not answer.is_sent or not request.remote_type:
            if request.remote_type:
                destroy_message(self._task.door, _only_reply(request))
            return None
        body, carried = answer.body, answer.carried
        if carried:
            routine = self._requests.routine(request.id)
            assert routine is not None
            body, carried = outgoing(routine.port_outs, body, carried)
        return NamedMessage(request.remote, request.remote_type, 0, 0, request.id + 100, body, carried)


def _only_reply(request: NamedMessage) -> NamedMessage:
    return NamedMessage(request.remote, request.remote_type, 0, 0, request.id, b"")


def late_reply(request: NamedMessage, routine: Routine, *outs: object, code: int = 0) -> NamedMessage:
    """The reply to a request whose function raised MachError(MIG_NO_REPLY) and kept the message: to be
    sent when the outs are known.  ``code``: the call failed, there are no outs."""
    body, carried = routine.encode_reply(code, *outs)
    if carried:
        body, carried = outgoing(routine.port_outs, body, carried)
    return NamedMessage(request.remote, request.remote_type, 0, 0, routine.reply_id, body, carried)


__all__ = ["Requests", "Server", "late_reply"]
