"""Message bodies as C structures, for generated stubs.

A message is a chain of segments: the first begins with the header, and each ends after an in-line item
of variable size, where the next one begins at an address known only when the message is there.  Most
messages are one segment.  A segment's structure has room for the most that its last item can hold.
"""

from dataclasses import dataclass, field

from kernel.interface import wire
from kernel.interface.declare import COUNT, Parameter, Role, Routine
from kernel.interface.wire import (
    POLYMORPHIC,
    IndefiniteArray,
    InLineArray,
    Integers,
    OutOfLineArray,
    Port,
    Shape,
    Text,
    short_descriptor,
)


@dataclass(frozen=True, slots=True)
class MessageItem:
    """One typed item: a member for its descriptor and one for its data, in a segment."""

    name: str
    shape: Shape
    parameter: Parameter

    @property
    def is_long(self) -> bool:
        return isinstance(self.shape, Text | OutOfLineArray | IndefiniteArray)

    @property
    def is_variable(self) -> bool:
        return isinstance(self.shape, InLineArray | IndefiniteArray)

    @property
    def carries(self) -> bool:
        """Whether the item makes its message complex, whatever its size."""
        return isinstance(self.shape, Port | OutOfLineArray)

    def members(self) -> list[str]:
        """Return the C declarations of the item."""
        descriptor = (
            f"_mig_long_type_t {self.name}_type" if self.is_long else f"unsigned int {self.name}_type"
        )
        return [descriptor, *self._data()]

    def _data(self) -> list[str]:
        name, shape = self.name, self.shape
        if isinstance(shape, Integers):
            padding = [f"char {name}_padding[{-shape.size % 4}]"] if shape.size % 4 else []
            return [f"{shape.c_name} {name}", *padding]
        if isinstance(shape, Text):
            return [f"char {name}[{shape.size}]"]
        if isinstance(shape, Port):
            return [f"mach_port_t {name}"]
        if isinstance(shape, OutOfLineArray):
            return [f"vm_offset_t {name}"]
        size = shape.maximum * shape.element.size
        room = [f"char {name}[{size}]"] if size % 4 == 0 else [f"char {name}[{size + -size % 4}]"]
        if isinstance(shape, IndefiniteArray):  # in line, or an address
            size = max(size + -size % 4, 4)
            return [f"union {{ char in_line[{size}]; vm_offset_t address; }} {name}"]
        return room

    def descriptor(self) -> int:
        """Return the whole short descriptor as the sender makes it; an array's number is 0."""
        assert not self.is_long
        shape = self.shape
        if isinstance(shape, Integers):
            return shape.descriptor
        if isinstance(shape, InLineArray):
            return short_descriptor(shape.element.name, shape.element.bits, 0)
        assert isinstance(shape, Port)
        return short_descriptor(max(shape.sends, 0), 32, 1)

    def long_parts(self, is_received: bool) -> tuple[int, int, int]:
        """Return (flags, name, bits) of the long descriptor."""
        shape = self.shape
        if isinstance(shape, Text):
            return wire.INLINE_BIT | wire.LONGFORM_BIT, wire.STRING, shape.size * 8
        assert isinstance(shape, OutOfLineArray | IndefiniteArray)
        element = shape.element
        if isinstance(element, Port):
            return wire.LONGFORM_BIT, element.receives if is_received else element.sends, 32
        return wire.LONGFORM_BIT, element.name, element.bits


@dataclass(slots=True)
class Segment:
    """A structure of a message's chain."""

    name: str  # C name of the pointer or member that reaches it
    items: list[MessageItem] = field(default_factory=list)


@dataclass(slots=True)
class MessageStructs:
    """One message."""

    tag: str  # "request" or "reply"
    has_return_code: bool
    segments: list[Segment]

    @property
    def items(self) -> list[MessageItem]:
        return [item for segment in self.segments for item in segment.items]

    @property
    def is_variable(self) -> bool:
        return any(item.is_variable for item in self.items)

    @property
    def is_complex(self) -> bool:
        return any(item.carries for item in self.items)

    @property
    def may_be_complex(self) -> bool:
        """Whether complexity depends on the size of the data."""
        return not self.is_complex and any(isinstance(item.shape, IndefiniteArray) for item in self.items)

    def declarations(self, indent: str = "\t") -> str:
        """Return the definitions of the segments' structures."""
        text = ""
        for index, segment in enumerate(self.segments):
            members: list[str] = []
            if index == 0:
                members.append("mach_msg_header_t head")
                if self.has_return_code:
                    members += ["unsigned int code_type", "kern_return_t code"]
            for item in segment.items:
                members += item.members()
            body = "".join(f"{indent}\t{member};\n" for member in members)
            text += f"{indent}struct {self.tag}{index or ''} {{\n{body}{indent}}};\n"
        return text


def _segments(first: str, items: list[MessageItem]) -> list[Segment]:
    segments = [Segment(first)]
    for index, item in enumerate(items):
        segments[-1].items.append(item)
        if item.is_variable and index < len(items) - 1:
            segments.append(Segment(f"{first}{len(segments)}"))
    return segments


def request_structs(routine: Routine) -> MessageStructs:
    """Return the request of a routine."""
    items: list[MessageItem] = []
    for parameter in routine.parameters:
        if parameter.is_in_request:
            items.append(MessageItem(parameter.name, parameter.shape, parameter))
        elif parameter.role is Role.COUNT_IN_OUT:
            items.append(MessageItem(f"{parameter.name}Cnt", COUNT, parameter))
    return MessageStructs("request", False, _segments("in", items))


def reply_structs(routine: Routine) -> MessageStructs:
    """Return the successful reply of a routine."""
    items = [
        MessageItem(parameter.name, parameter.shape, parameter)
        for parameter in routine.parameters
        if parameter.is_in_reply
    ]
    return MessageStructs("reply", True, _segments("out", items))


def is_user_polymorphic(shape: Shape) -> bool:
    """Whether a C caller says the disposition."""
    return isinstance(shape, Port) and shape.sends == POLYMORPHIC
