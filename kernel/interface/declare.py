"""How a kernel call is declared: one typed Python signature, under Mach's own name and message id.

    mach = Subsystem("mach", 2000)

    @mach.routine(2022)
    def vm_allocate(
        target_task: vm_task_t, address: InOut[vm_address_t], size: vm_size_t, anywhere: boolean_t
    ) -> None:
        \"\"\"Allocate zero-filled memory.\"\"\"

Parameters stand in the order of the C prototype.  The first one is the port that the request is sent
to.  The docstring is the call's line in ``docs/calls.md``.  The function is never called: the
decorator reads its annotations and puts a :class:`Routine` in its place.

A *routine* is answered by a message with id + 100; a *simple routine* is one way.  The idea is that
of MIG, Mach's interface generator; here the declaration language is Python's own.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from functools import cached_property
from typing import Annotated, Generic, TypeVar, get_args, get_origin

from kernel.interface.body import Carried
from kernel.interface.codec import (
    SUCCESS_REPLY,
    Codec,
    compile_reply,
    compile_request,
    error_body,
    return_code,
)
from kernel.interface.wire import (
    IndefiniteArray,
    InLineArray,
    Integers,
    OutOfLineArray,
    Port,
    Shape,
    Text,
)

REPLY_ID_OFFSET = 100

T = TypeVar("T")


class Out(Generic[T]):
    """A result."""


class InOut(Generic[T]):
    """An argument that the call changes."""


class CountInOut(Generic[T]):
    """A result array; the request says how many elements the caller has room for."""


class MaybeDealloc(Generic[T]):
    """Out-of-line data; a C caller says by one more argument whether it leaves his space."""


class Dealloc(Generic[T]):
    """Out-of-line data that leaves a C caller's space."""


class UserReplyPort(Generic[T]):
    """The reply port, named by the caller."""


class ServerReplyPort(Generic[T]):
    """The reply port, shown to the server only."""


class SequenceNumber(Generic[T]):
    """The message's ``msgh_seqno``, shown to servers of the ``seqnos_`` form only."""


class Role(Enum):
    """What a parameter is to its message."""

    REQUEST_PORT = auto()
    USER_REPLY_PORT = auto()
    SERVER_REPLY_PORT = auto()
    SEQUENCE_NUMBER = auto()
    IN = auto()
    OUT = auto()
    IN_OUT = auto()
    COUNT_IN_OUT = auto()


_ROLES: dict[object, Role] = {
    Out: Role.OUT,
    InOut: Role.IN_OUT,
    CountInOut: Role.COUNT_IN_OUT,
    MaybeDealloc: Role.IN,
    Dealloc: Role.IN,
    UserReplyPort: Role.USER_REPLY_PORT,
    ServerReplyPort: Role.SERVER_REPLY_PORT,
    SequenceNumber: Role.SEQUENCE_NUMBER,
}

COUNT = Integers("mach_msg_type_number_t", signed=True)
"""How the room for a CountInOut array travels in the request."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a declaration."""

    name: str
    shape: Shape
    role: Role
    dealloc: bool = False
    maybe_dealloc: bool = False

    @property
    def is_in_request(self) -> bool:
        """Whether the value travels in the request body."""
        return self.role in (Role.IN, Role.IN_OUT)

    @property
    def is_in_reply(self) -> bool:
        """Whether the value travels in the reply body."""
        return self.role in (Role.OUT, Role.IN_OUT, Role.COUNT_IN_OUT)

    @property
    def is_array(self) -> bool:
        """Whether C needs a count beside it."""
        return isinstance(self.shape, InLineArray | OutOfLineArray | IndefiniteArray)

    @property
    def is_memory(self) -> bool:
        """Whether the value is out-of-line data, other than ports."""
        return isinstance(self.shape, OutOfLineArray) and isinstance(self.shape.element, Integers)


class Routine:
    """One call: its declaration, and its messages.

    The *ins* are the values of the parameters that travel in the request body, in order (a
    CountInOut parameter contributes its count); the *outs* those that travel in the reply, without
    the return code.  The request port, reply ports and the sequence number are header fields, and in
    neither.
    """

    __slots__ = (
        "__dict__",  # for cached_property
        "documentation",
        "id",
        "is_one_way",
        "name",
        "parameters",
        "subsystem",
    )

    def __init__(
        self,
        subsystem: "Subsystem",
        message_id: int,
        name: str,
        parameters: tuple[Parameter, ...],
        is_one_way: bool,
        documentation: str,
    ) -> None:
        self.subsystem = subsystem
        self.id = message_id
        self.name = name
        self.parameters = parameters
        self.is_one_way = is_one_way
        self.documentation = documentation

    def __repr__(self) -> str:
        return f"<{self.subsystem.name}.{self.name} {self.id}>"

    @property
    def reply_id(self) -> int:
        """Message id of the reply."""
        return self.id + REPLY_ID_OFFSET

    @property
    def request_port(self) -> Parameter:
        """The parameter that says where the request goes."""
        return self.parameters[0]

    def with_role(self, role: Role) -> Parameter | None:
        """Return the parameter of a role that at most one parameter has."""
        return next((parameter for parameter in self.parameters if parameter.role is role), None)

    @cached_property
    def ins(self) -> tuple[tuple[str, Shape], ...]:
        """Name and shape of each value in the request body."""
        found: list[tuple[str, Shape]] = []
        for parameter in self.parameters:
            if parameter.is_in_request:
                found.append((parameter.name, parameter.shape))
            elif parameter.role is Role.COUNT_IN_OUT:
                found.append((f"{parameter.name}Cnt", COUNT))
        return tuple(found)

    @cached_property
    def outs(self) -> tuple[tuple[str, Shape], ...]:
        """Name and shape of each value in the reply body, after the return code."""
        return tuple((p.name, p.shape) for p in self.parameters if p.is_in_reply)

    @cached_property
    def has_several_outs(self) -> bool:
        """Whether the outs come as a tuple, and not as the one value or None."""
        return len(self.outs) > 1

    @cached_property
    def port_ins(self) -> tuple["PortPlace", ...]:
        """Where ports stand among the ins."""
        return _ports_among(self.ins)

    @cached_property
    def port_outs(self) -> tuple["PortPlace", ...]:
        """Where ports stand among the outs."""
        return _ports_among(self.outs)

    @cached_property
    def request(self) -> Codec:
        """Packs and unpacks request bodies."""
        return compile_request(tuple(shape for _, shape in self.ins))

    @cached_property
    def reply(self) -> Codec:
        """Packs and unpacks the bodies of successful replies."""
        return compile_reply(tuple(shape for _, shape in self.outs))

    def encode_request(self, *ins: object) -> tuple[bytes, tuple[Carried, ...]]:
        """Return body and carried rights and memory of a request."""
        return self.request.encode(ins)

    def decode_request(self, body: bytes, carried: tuple[Carried, ...]) -> tuple[object, ...]:
        """Return the ins; MachError(MIG_BAD_ARGUMENTS) when the body is not of this form."""
        return self.request.decode(body, carried)

    def encode_reply(self, code: int, *outs: object) -> tuple[bytes, tuple[Carried, ...]]:
        """Return body and carried rights and memory of a reply; outs only with success."""
        if code:
            assert not outs, (self, code)
            return error_body(code), ()
        if not outs:
            return SUCCESS_REPLY
        return self.reply.encode(outs)

    def decode_reply(self, body: bytes, carried: tuple[Carried, ...]) -> tuple[int, tuple[object, ...]]:
        """Return code and outs (none unless the code is 0); MachError(MIG_TYPE_ERROR) when malformed."""
        code = return_code(body)
        if code:
            return code, ()
        return 0, self.reply.decode(body, carried)


@dataclass(frozen=True, slots=True)
class PortPlace:
    """Where a port, or an array of ports, stands among the values of a message.

    A sender who names ports and gives dispositions (a native task) finds here what to give.
    """

    index: int
    sends: int  # the disposition that a sender gives; POLYMORPHIC: the value is a Right that tells it
    takes_right: bool  # whether the message tells the receiver: encode and decode then use a Right
    is_array: bool


def _ports_among(items: tuple[tuple[str, Shape], ...]) -> tuple[PortPlace, ...]:
    found: list[PortPlace] = []
    for index, (_, shape) in enumerate(items):
        port = shape.element if isinstance(shape, OutOfLineArray) else shape
        if isinstance(port, Port):
            found.append(PortPlace(index, port.sends, port.is_polymorphic, port is not shape))
    return tuple(found)


_Declaration = Callable[..., None]


class Subsystem:
    """A family of calls with consecutive message ids."""

    def __init__(self, name: str, base: int, view_of: str = "", served_by: str = "kernel") -> None:
        """``view_of``: the subsystem whose messages these are, seen by callers who do not wait."""
        self.name = name
        self.base = base
        self.view_of = view_of
        self.served_by = served_by
        self.routines: list[Routine] = []

    def __repr__(self) -> str:
        return f"<subsystem {self.name} {self.base}>"

    def routine(self, message_id: int) -> Callable[[_Declaration], Routine]:
        """Declare a call that is answered."""
        return lambda declaration: self._declare(declaration, message_id, is_one_way=False)

    def simpleroutine(self, message_id: int) -> Callable[[_Declaration], Routine]:
        """Declare a message without an answer."""
        return lambda declaration: self._declare(declaration, message_id, is_one_way=True)

    def _declare(self, declaration: _Declaration, message_id: int, is_one_way: bool) -> Routine:
        annotations = dict(declaration.__annotations__)
        annotations.pop("return")
        parameters = tuple(
            _parameter(name, annotation, is_first=index == 0)
            for index, (name, annotation) in enumerate(annotations.items())
        )
        documentation = declaration.__doc__
        assert documentation is not None, f"{declaration.__name__} says nothing about itself"
        assert not any(r.id == message_id for r in self.routines), f"two calls have id {message_id}"
        routine = Routine(
            self, message_id, declaration.__name__, parameters, is_one_way, " ".join(documentation.split())
        )
        assert not (is_one_way and routine.outs), f"{routine} is one way and has results"
        self.routines.append(routine)
        return routine


def _parameter(name: str, annotation: object, is_first: bool) -> Parameter:
    marker = get_origin(annotation)
    if marker is Annotated:
        role = Role.REQUEST_PORT if is_first else Role.IN
        return Parameter(name, _shape(annotation), role)
    (inner,) = get_args(annotation)
    return Parameter(
        name,
        _shape(inner),
        _ROLES[marker],
        dealloc=marker is Dealloc,
        maybe_dealloc=marker is MaybeDealloc,
    )


def _shape(annotation: object) -> Shape:
    shape = get_args(annotation)[1]
    assert isinstance(shape, Integers | Text | Port | InLineArray | OutOfLineArray | IndefiniteArray)
    return shape
