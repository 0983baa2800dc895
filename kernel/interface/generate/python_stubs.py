"""Typed Python stubs for native tasks: one module for each subsystem, as {file name: text}.

The modules are checked in (``kernel/interface/stubs/``), so that editors and type checkers see them; a
test says that they are what this generator makes.  Text comes out as ``ruff format`` leaves it.
"""

from dataclasses import dataclass
from types import MappingProxyType

from kernel.interface import wire
from kernel.interface.declare import Parameter, Role, Routine, Subsystem
from kernel.interface.subsystems import SUBSYSTEMS
from kernel.interface.wire import (
    POLYMORPHIC,
    IndefiniteArray,
    InLineArray,
    Integers,
    OutOfLineArray,
    Port,
    Shape,
    Text,
)

_LINE = 110

_DECLARED_IN = MappingProxyType({"device_request": "device", "device_reply": "device"})
"""The declaring module of a subsystem where it is not the one of its name."""

_SHADOWING = frozenset(("filter", "id", "object", "set"))


def python_stubs() -> dict[str, str]:
    """Return the stub modules."""
    return {f"{subsystem.name}.py": _module(subsystem) for subsystem in SUBSYSTEMS}


@dataclass(frozen=True, slots=True)
class _Result:
    """One out: its name and type in Python, and the expression that makes it from the reply's value."""

    name: str
    python_type: str
    raw_type: str  # what the codec gives
    expression: str
    preparation: str = ""  # a line before


def _module(subsystem: Subsystem) -> str:
    bodies = [_function(routine) for routine in subsystem.routines]
    text = "\n\n\n".join(bodies) + "\n"
    module = _DECLARED_IN.get(subsystem.name, subsystem.name)
    head = _shadowing(subsystem)
    head += (
        f'"""Calls of the {subsystem.name} interface for native tasks.\n\n'
        "Generated from the declarations by kernel/interface/generate/python_stubs.py.  Every function\n"
        "raises MachError when the call fails.\n"
        '"""\n\n'
    )
    return head + _imports(module, text) + "\n\n" + text


def _shadowing(subsystem: Subsystem) -> str:
    """Return the line that lets names stand which are builtins of Python too."""
    named = [p for routine in subsystem.routines for p in routine.parameters if p.name in _SHADOWING]
    rules = ["A001"] if any(p.is_in_reply for p in named) else []
    rules += ["A002"] if any(p.role is not Role.OUT for p in named) else []
    if not rules:
        return ""
    return f"# ruff: noqa: {', '.join(rules)} - values have the names that Mach gave them\n"


def _imports(module: str, text: str) -> str:
    standard = []
    if "Sequence[" in text:
        standard.append("from collections.abc import Sequence\n")
    if "cast(" in text:
        standard.append("from typing import cast\n")
    local = [f"from kernel.interface import {module} as declared\n"]
    if "CarriedMemory" in text:
        local.append("from kernel.interface.body import CarriedMemory\n")
    names = ["Caller", "PortName"] if "PortName" in text else ["Caller"]
    names += [name for name in ("Value", "taken_array", "taken_words") if name in text]
    local.append(f"from kernel.interface.caller import {', '.join(names)}\n")
    values = [name for name in ("Memory", "Right", "Words") if f": {name}" in text or f"> {name}" in text]
    if values:
        local.append(f"from kernel.interface.values import {', '.join(values)}\n")
    return "".join(standard) + ("\n" if standard else "") + "".join(local)


def _function(routine: Routine) -> str:
    parameters = ["caller: Caller"]
    ins: list[str] = []
    reply_port = ""
    for parameter in routine.parameters:
        role = parameter.role
        if role in (Role.SERVER_REPLY_PORT, Role.SEQUENCE_NUMBER, Role.OUT):
            continue
        if role is Role.COUNT_IN_OUT:
            ins.append(str(_room(parameter)))
            continue
        parameters.append(f"{parameter.name}: {_given(parameter.shape)}")
        if role is Role.USER_REPLY_PORT:
            reply_port = parameter.name
        elif role is not Role.REQUEST_PORT:
            ins.append(parameter.name)
    arguments = [f"declared.{routine.name}", routine.request_port.name, *ins]
    if reply_port:
        arguments.append(f"reply_port={reply_port}")
    results = [_result(routine, p) for p in routine.parameters if p.is_in_reply]
    lines = [_signature(routine.name, parameters, _returned(results))]
    lines.append(f'    """{routine.documentation}"""')
    lines += _body(arguments, results)
    return "\n".join(lines)


def _room(parameter: Parameter) -> int:
    shape = parameter.shape
    assert isinstance(shape, InLineArray | IndefiniteArray)
    return shape.maximum


def _returned(results: list[_Result]) -> str:
    if not results:
        return "None"
    if len(results) == 1:
        return results[0].python_type
    return f"tuple[{', '.join(result.python_type for result in results)}]"


def _signature(name: str, parameters: list[str], returned: str) -> str:
    line = f"async def {name}({', '.join(parameters)}) -> {returned}:"
    if len(line) <= _LINE:
        return line
    inner = f"    {', '.join(parameters)}"
    if len(inner) <= _LINE:
        return f"async def {name}(\n{inner}\n) -> {returned}:"
    inner = "".join(f"    {parameter},\n" for parameter in parameters)
    return f"async def {name}(\n{inner}) -> {returned}:"


def _body(arguments: list[str], results: list[_Result]) -> list[str]:
    if not results:
        return _wrapped("    await caller.call(", arguments, ")")
    lines = _wrapped("    outs = await caller.call(", arguments, ")")
    raw = ", ".join(result.raw_type for result in results)
    names = ", ".join(result.name for result in results)
    if len(results) == 1:
        lines.append(f'    ({names},) = cast("tuple[{raw}]", outs)')
    else:
        line = f'    {names} = cast("tuple[{raw}]", outs)'
        if len(line) > _LINE:
            lines += [f"    {names} = cast(", f'        "tuple[{raw}]", outs', "    )"]
        else:
            lines.append(line)
    lines += [f"    {result.preparation}" for result in results if result.preparation]
    returned = ", ".join(result.expression for result in results)
    line = f"    return {returned}"
    if len(line) > _LINE:
        lines += ["    return (", *(f"        {result.expression}," for result in results), "    )"]
    else:
        lines.append(line)
    return lines


def _wrapped(head: str, arguments: list[str], tail: str) -> list[str]:
    line = f"{head}{', '.join(arguments)}{tail}"
    if len(line) <= _LINE:
        return [line]
    inner = f"        {', '.join(arguments)}"
    if len(inner) <= _LINE:
        return [head, inner, f"    {tail}"]
    return [head, *(f"        {argument}," for argument in arguments), f"    {tail}"]


def _given(shape: Shape) -> str:
    """Return the Python type of an argument."""
    if isinstance(shape, Integers):
        if shape.name == wire.BOOLEAN:
            return "bool"
        return "int" if shape.number == 1 else "Sequence[int]"
    if isinstance(shape, Text):
        return "str"
    if isinstance(shape, Port):
        return "Right" if shape.sends == POLYMORPHIC else "PortName"
    element = shape.element
    if isinstance(element, Port):
        return "Sequence[PortName]"
    if isinstance(shape, OutOfLineArray):
        return "Memory" if element.is_characters else "Words"
    return "bytes" if element.is_characters else "Sequence[int]"


def _result(routine: Routine, parameter: Parameter) -> _Result:
    """Return how a result is taken from the reply."""
    name, shape = parameter.name, parameter.shape
    if isinstance(shape, Integers):
        if shape.name == wire.BOOLEAN:
            return _Result(name, "bool", "int", f"bool({name})")
        kind = "int" if shape.number == 1 else "tuple[int, ...]"
        return _Result(name, kind, kind, name)
    if isinstance(shape, Text):
        return _Result(name, "str", "str", name)
    if isinstance(shape, Port):
        kind = "Right" if shape.is_polymorphic else "PortName"
        return _Result(name, kind, kind, name)
    element = shape.element
    if isinstance(element, Port):
        return _Result(name, "tuple[PortName, ...]", "tuple[PortName, ...]", name)
    if isinstance(shape, OutOfLineArray):
        if element.is_characters:
            return _Result(name, "CarriedMemory", "CarriedMemory", name)
        return _Result(name, "tuple[int, ...]", "Value", f"await taken_words(caller, {name})")
    if element.is_characters:
        kind = "bytes" if element.number == 1 else "tuple[bytes, ...]"
    else:
        kind = "tuple[int, ...]" if element.number == 1 else "tuple[tuple[int, ...], ...]"
    if isinstance(shape, InLineArray):
        return _Result(name, kind, kind, name)
    index = [out for out, _ in routine.outs].index(name)
    taken = f"await taken_array(caller, declared.{routine.name}.outs[{index}][1], {name})"
    return _Result(name, kind, "Value", f'cast("{kind}", {name})', f"{name} = {taken}")
