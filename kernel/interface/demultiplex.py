"""The server side of calls: from a message id to the function that does the work, and to the reply.

A :class:`Demultiplexer` is filled once with ``serve`` and then only read.  It knows nothing of
messages but their id, body and what they carry: the kernel and native servers hand it those, with
whatever their functions take as the object that the request port stands for.

Replies follow MIG: an unknown id answers ``MIG_BAD_ID`` and a malformed request
``MIG_BAD_ARGUMENTS``, both as a bare return code; a function fails by raising MachError.  What a
refused or failed request carried stays with the caller of :meth:`Demultiplexer.answer`, who must
destroy it (the ``code`` of the answer tells).
"""

from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from kernel.interface.body import Carried
from kernel.interface.codec import Encoded, error_body
from kernel.interface.declare import Routine
from kernel.interface.returns import MachError, MigReturn

Target = TypeVar("Target")

Implementation = Callable[..., object]
"""function(target, *ins): the outs (None, the one, or a tuple of them), or an awaitable of them."""


_NEVER_AWAITED = frozenset((type(None), int, bool, str, bytes, tuple))
"""Usual results; to ask of any other type whether it is an awaitable takes half a microsecond."""


class Answer:
    """What to send back; ``is_sent`` is false after a simple routine that was carried out."""

    __slots__ = ("body", "carried", "code", "is_sent")

    def __init__(self, code: int, body: bytes, carried: tuple[Carried, ...], is_sent: bool) -> None:
        self.code = code
        self.body = body
        self.carried = carried
        self.is_sent = is_sent

    def __repr__(self) -> str:
        return f"<answer {MachError(self.code)}{'' if self.is_sent else ', not sent'}>"


def error_answer(code: int) -> Answer:
    """Return an answer that is nothing but a return code (``mig_reply_error_t``)."""
    return Answer(int(code), error_body(code), (), True)


NO_ANSWER = Answer(0, b"", (), False)


class Demultiplexer(Generic[Target]):
    """Message ids and who serves them."""

    __slots__ = ("_served",)

    def __init__(self) -> None:
        self._served: dict[int, tuple[Routine, Implementation]] = {}

    def serve(self, routine: Routine, function: Implementation) -> None:
        """Let ``function`` do the work of ``routine``."""
        assert routine.id not in self._served, f"{routine} is served twice"
        self._served[routine.id] = (routine, function)

    @property
    def served(self) -> frozenset[int]:
        """The ids that are served."""
        return frozenset(self._served)

    def routine(self, message_id: int) -> Routine | None:
        """The routine of an id, if it is served."""
        entry = self._served.get(message_id)
        return entry[0] if entry is not None else None

    def answer(
        self, message_id: int, target: Target, body: bytes, carried: tuple[Carried, ...]
    ) -> Answer | Awaitable[Answer]:
        """Carry out a request; an awaitable when the function returned one."""
        entry = self._served.get(message_id)
        if entry is None:
            return error_answer(MigReturn.BAD_ID)
        routine, function = entry
        try:
            ins = routine.decode_request(body, carried)
        except MachError as error:
            return error_answer(error.code)
        try:
            result = function(target, *ins)
        except MachError as error:
            return _failure(routine, error.code)
        if type(result) not in _NEVER_AWAITED and isinstance(result, Awaitable):
            return _finish(routine, result)
        return _success(routine, result)


def _failure(routine: Routine, code: int) -> Answer:
    return Answer(code, b"", (), False) if routine.is_one_way else error_answer(code)


def _success(routine: Routine, result: object) -> Answer:
    if routine.is_one_way:
        assert result is None, (routine, result)
        return NO_ANSWER
    encoded: Encoded
    if result is None:
        encoded = routine.encode_reply(0)
    elif isinstance(result, tuple) and routine.has_several_outs:
        encoded = routine.encode_reply(0, *result)
    else:
        encoded = routine.encode_reply(0, result)
    return Answer(0, encoded[0], encoded[1], True)


async def _finish(routine: Routine, work: Awaitable[object]) -> Answer:
    try:
        result = await work
    except MachError as error:
        return _failure(routine, error.code)
    return _success(routine, result)
