"""The C prototypes of declared calls, as callers and as servers see them.

The order of arguments is MIG's: each parameter is followed by its disposition if that is not fixed,
by its count if it is an array, and by whether its memory is given away if the caller may choose.
"""

from collections.abc import Sequence

from kernel.interface.declare import Parameter, Role, Routine
from kernel.interface.wire import POLYMORPHIC, InLineArray, Integers, OutOfLineArray, Port, Text

COUNT_TYPE = "mach_msg_type_number_t"
DISPOSITION_TYPE = "mach_msg_type_name_t"

_LINE = 100


def user_arguments(routine: Routine) -> list[str]:
    """Return the C parameters of a caller's stub."""
    arguments: list[str] = []
    for parameter in routine.parameters:
        arguments += _user_arguments(parameter)
    return arguments


def _user_arguments(parameter: Parameter) -> list[str]:
    name, shape = parameter.name, parameter.shape
    c_type = shape.c_name
    if parameter.role in (Role.SERVER_REPLY_PORT, Role.SEQUENCE_NUMBER):
        return []
    if parameter.is_in_reply:
        return _result_arguments(parameter)
    if isinstance(shape, Text):
        return [f"const char *{name}"]
    arguments = [f"{c_type} {name}"]
    if isinstance(shape, Port) and shape.sends == POLYMORPHIC:
        arguments.append(f"{DISPOSITION_TYPE} {name}Poly")
    if parameter.is_array:
        arguments.append(f"{COUNT_TYPE} {name}Cnt")
    if parameter.maybe_dealloc:
        arguments.append(f"boolean_t {name}Dealloc")
    return arguments


def _result_arguments(parameter: Parameter) -> list[str]:
    name, shape = parameter.name, parameter.shape
    if isinstance(shape, Text):
        return [f"{shape.c_name} {name}"]
    if isinstance(shape, InLineArray):
        return [f"{shape.c_name} {name}", f"{COUNT_TYPE} *{name}Cnt"]
    arguments = [f"{shape.c_name} *{name}"]
    if isinstance(shape, Port) and shape.receives == POLYMORPHIC:
        arguments.append(f"{DISPOSITION_TYPE} *{name}Poly")
    if parameter.is_array:
        arguments.append(f"{COUNT_TYPE} *{name}Cnt")
    return arguments


def server_arguments(routine: Routine, with_sequence_number: bool) -> list[str]:
    """Return the C parameters of the function that serves a call."""
    arguments: list[str] = []
    for parameter in routine.parameters:
        name, shape = parameter.name, parameter.shape
        assert not parameter.is_in_reply and not isinstance(shape, Text), routine
        if parameter.role is Role.SEQUENCE_NUMBER and not with_sequence_number:
            continue
        arguments.append(f"{shape.c_name} {name}")
        if parameter.is_array:
            arguments.append(f"{COUNT_TYPE} {name}Cnt")
    return arguments


def prototype(result: str, name: str, arguments: Sequence[str]) -> str:
    """Return ``result name(arguments)``, broken into lines where it is long."""
    head = f"{result} {name}("
    text = f"{head}{', '.join(arguments) or 'void'})"
    if len(text) <= _LINE:
        return text
    lines = [head]
    for index, argument in enumerate(arguments):
        piece = argument + ("," if index < len(arguments) - 1 else ")")
        room = _LINE - 8 if len(lines) > 1 else _LINE
        if len(lines[-1]) + 1 + len(piece) > room:
            lines.append(f"\t{piece}")
        elif lines[-1].endswith("("):
            lines[-1] += piece
        else:
            lines[-1] += f" {piece}"
    return "\n".join(lines)


def unit_bytes(shape: Integers | Port) -> int:
    """Return the bytes of one element of an array."""
    return 4 if isinstance(shape, Port) else shape.size


def element_of(parameter: Parameter) -> Integers | Port:
    """Return the element of an array parameter."""
    shape = parameter.shape
    assert not isinstance(shape, Integers | Text | Port), parameter
    if isinstance(shape, OutOfLineArray):
        return shape.element
    return shape.element
