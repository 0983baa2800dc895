"""Every C test program, booted as the first task on one processor and on two.

A program passes when its exit status is 0, no test of it failed, the checkers of memory and ports find
the kernel consistent after it, and it said the same on both topologies.
"""

import io
import os
from pathlib import Path

import pytest

from images.build import ROOT
from kernel.ipc import check as ipc_check
from kernel.vm import check as vm_check
from machsh.machine import Machine, Settings
from machsh.topology import parse_topology

TOPOLOGIES = ("uni", "smp:2")
TYPED = b"typed\n"
"""What is typed at the console, for programs that read it."""

PROGRAMS = sorted(path.stem for path in (ROOT / "userland" / "tests").glob("*.c"))


def boot(program: Path, topology: str) -> tuple[int, str, Machine]:
    """Run a program to its end: exit status, what it wrote, and the machine as it was left."""
    output = io.BytesIO()
    machine = Machine(Settings(parse_topology(topology)), output)
    machine.boot(program.name, program.read_bytes(), [])
    keyboard, typist = os.pipe()
    try:
        os.write(typist, TYPED)
        os.close(typist)
        status = machine.run(keyboard)
    finally:
        os.close(keyboard)
    return status, output.getvalue().decode(), machine


@pytest.fixture(scope="module")
def said() -> dict[str, str]:
    """What each program said, where it ran first."""
    return {}


@pytest.mark.parametrize("topology", TOPOLOGIES)
@pytest.mark.parametrize("name", PROGRAMS)
def test_program(name: str, topology: str, built: Path, said: dict[str, str]) -> None:
    status, output, machine = boot(built / "tests" / name, topology)
    lines = output.splitlines()
    assert lines and lines[-1].endswith(" passed, 0 failed"), output
    assert status == 0, output
    kernel = machine.node.kernel
    vm_check.check(kernel.vm, other_frames=machine.node.machine_frames)
    ipc_check.check(kernel.ipc)
    assert said.setdefault(name, output) == output, f"{topology} differs from {TOPOLOGIES[0]}"
