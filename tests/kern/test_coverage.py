"""The C test programs try every served call: a success, and every error it is documented to return.

Counted from their sources: ``CHECK_SUCCESS(call(...))`` and ``CHECK_RETURNS(call(...), CODE)``.  What
cannot be tried is listed with the reason in ``uncovered.toml``.
"""

import io
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from images.build import ROOT
from kernel.interface import constants
from kernel.interface.errors import errors_of
from kernel.interface.returns import KernReturn, MigReturn
from kernel.interface.subsystems import ROUTINES
from machsh.machine import Machine, Settings
from machsh.topology import parse_topology

UNCOVERED = Path(__file__).with_name("uncovered.toml")
SUCCESS = "SUCCESS"
"""Stands for KERN_SUCCESS and D_SUCCESS."""

Pair = tuple[str, str]
"""A call, and the name of what it returns."""


def code_name(code: int) -> str:
    """The name that C programs have for a return code."""
    if code in KernReturn.__members__.values():
        return f"KERN_{KernReturn(code).name}"
    if code in MigReturn.__members__.values():
        return f"MIG_{MigReturn(code).name}"
    [name] = [name for name in vars(constants) if name.startswith("D_") and getattr(constants, name) == code]
    return name


def documented() -> set[Pair]:
    """What must be covered: of every call that a node serves."""
    machine = Machine(Settings(parse_topology("uni")), io.BytesIO())
    names = [ROUTINES[number].name for number in machine.node.kernel.server.served()]
    errors = {(name, code_name(code)) for name in names for code in errors_of(name)}
    return errors | {(name, SUCCESS) for name in names}


def arguments(text: str) -> list[str]:
    """The arguments of a macro call that begins behind its parenthesis."""
    found, depth, start = [], 0, 0
    for match in re.finditer(r'"(?:[^"\\]|\\.)*"|[(),{}]', text):
        token = match.group()
        if token in "({":
            depth += 1
        elif token in ")}" and depth:
            depth -= 1
        elif token in ",)" and not depth:
            found.append(text[start : match.start()].strip())
            start = match.end()
            if token == ")":
                break
    return found


def tried(source: str) -> Iterator[Pair]:
    """The calls that a program checks, with what they must return."""
    source = re.sub(r"/\*.*?\*/", " ", source, flags=re.DOTALL)
    for match in re.finditer(r"\bCHECK_(SUCCESS|RETURNS)\(", source):
        words = arguments(source[match.end() :])
        call = re.match(r"(\w+)\(", words[0]) if words else None
        if call is not None:
            expected = words[-1] if match.group(1) == "RETURNS" else SUCCESS
            yield call.group(1), SUCCESS if expected in ("KERN_SUCCESS", "D_SUCCESS") else expected


def covered() -> set[Pair]:
    """What the test programs try."""
    folder = ROOT / "userland" / "tests"
    sources = [*folder.glob("*.c"), *folder.glob("*.h")]
    return {pair for source in sources for pair in tried(source.read_text())}


def excused() -> set[Pair]:
    """What is listed as impossible to try."""
    listed = tomllib.loads(UNCOVERED.read_text())
    for routine, reasons in listed.items():
        for name, reason in reasons.items():
            assert isinstance(reason, str) and len(reason) > 10, f"{routine} {name}: no reason is given"
    return {(routine, name) for routine, reasons in listed.items() for name in reasons}


def shown(pairs: set[Pair]) -> str:
    return "\n".join(f"  {routine} {name}" for routine, name in sorted(pairs))


def test_every_documented_result_is_tried() -> None:
    missing = documented() - covered() - excused()
    assert not missing, (
        f"no C program tries these, and {UNCOVERED.name} does not excuse them:\n{shown(missing)}"
    )


def test_no_excuse_is_stale() -> None:
    assert not excused() & covered(), f"tried after all:\n{shown(excused() & covered())}"
    assert not excused() - documented(), f"not documented, or not served:\n{shown(excused() - documented())}"


@pytest.mark.parametrize(
    ("source", "pairs"),
    [
        ("CHECK_SUCCESS(task_info(a, (int *)&b, c));", [("task_info", SUCCESS)]),
        ('CHECK_RETURNS(f(g(","), h),\n\tKERN_FAILURE);', [("f", "KERN_FAILURE")]),
        ("/* CHECK_SUCCESS(f()); */ CHECK_RETURNS(x, KERN_FAILURE)", []),
        (
            "CHECK_RETURNS(f(), D_SUCCESS); CHECK_RETURNS(g(), MIG_BAD_ID)",
            [("f", SUCCESS), ("g", "MIG_BAD_ID")],
        ),
    ],
)
def test_reading_of_sources(source: str, pairs: list[Pair]) -> None:
    assert list(tried(source)) == pairs
