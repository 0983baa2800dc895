"""The page ``docs/calls.md``: every call and trap, with what it is for, and whether it is served."""

from collections.abc import Iterable

from kernel.interface.declare import Parameter, Role, Routine, Subsystem
from kernel.interface.subsystems import SUBSYSTEMS
from kernel.interface.traps import TRAPS, Trap, TrapKind

_HEAD = """\
# Calls

Every call that is declared in `kernel/interface/`, by Mach's name and message id. A call is a message
to the port that is its first argument; its answer has the id + 100, unless it is marked *one way*. A
call that is not served answers `MIG_BAD_ID`. *Served* says what this kernel does itself; what others
serve (pagers, exception handlers) is marked with who.

This page is generated from the declarations.
"""


def calls_page(served: frozenset[int]) -> str:
    """Return the page; ``served`` holds the ids of routines and the (negative) numbers of traps."""
    parts = [_HEAD]
    kernel = [
        routine
        for subsystem in SUBSYSTEMS
        if subsystem.served_by == "kernel" and not subsystem.view_of
        for routine in subsystem.routines
    ]
    done = sum(routine.id in served for routine in kernel)
    parts.append(f"{done} of {len(kernel)} calls on kernel ports are served.\n")
    for subsystem in SUBSYSTEMS:
        parts.append(_subsystem(subsystem, served))
    parts.append(_traps(served))
    return "\n".join(parts)


def _table(headings: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    columns = tuple(headings)
    lines = [f"| {' | '.join(columns)} |", f"|{'---|' * len(columns)}"]
    lines += [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join(lines) + "\n"


def _subsystem(subsystem: Subsystem, served: frozenset[int]) -> str:
    rows = [
        (str(routine.id), f"`{_call(routine)}`", _meaning(routine), _answer(routine, served))
        for routine in subsystem.routines
    ]
    return f"## {subsystem.name}\n\n" + _table(("id", "call", "what it does", "served"), rows)


def _call(routine: Routine) -> str:
    shown = [p for p in routine.parameters if p.role not in (Role.SERVER_REPLY_PORT, Role.SEQUENCE_NUMBER)]
    ins = ", ".join(_shown_in(parameter) for parameter in shown if parameter.role is not Role.OUT)
    outs = ", ".join(parameter.name for parameter in shown if parameter.is_in_reply)
    return f"{routine.name}({ins})" + (f" → {outs}" if outs else "")


def _shown_in(parameter: Parameter) -> str:
    return f"{parameter.name} (room)" if parameter.role is Role.COUNT_IN_OUT else parameter.name


def _meaning(routine: Routine) -> str:
    return routine.documentation + (" *One way.*" if routine.is_one_way else "")


def _answer(routine: Routine, served: frozenset[int]) -> str:
    if routine.subsystem.served_by != "kernel":
        return f"by {routine.subsystem.served_by}"
    return "yes" if routine.id in served else "no"


def _traps(served: frozenset[int]) -> str:
    rows = [
        (
            str(trap.number),
            f"`{trap.name}`",
            str(trap.argument_count),
            f"{trap.meaning[0].upper()}{trap.meaning[1:]}.",
            _trap_answer(trap, served),
        )
        for trap in TRAPS
    ]
    return (
        "## Traps\n\nA trap is `lcall $7,$0` with the number in EAX and the arguments where a C call puts"
        " them.\n\n" + _table(("number", "trap", "arguments", "what it does", "served"), rows)
    )


def _trap_answer(trap: Trap, served: frozenset[int]) -> str:
    if trap.kind is TrapKind.EMULATION:
        return "by the emulation library"
    return "yes" if trap.number in served else "no"
