"""C programs larger than the memory of their machine."""

import io
from pathlib import Path

import pytest

from kernel.ipc import check as ipc_check
from kernel.vm import check as vm_check
from machsh.machine import Machine, Settings
from machsh.topology import parse_topology

TOPOLOGIES = ("uni", "smp:4")


def boot(
    program: Path, topology: str, memory: int, paging: int, *arguments: bytes
) -> tuple[int, str, Machine]:
    """Run a program to its end: exit status, what it wrote, and the machine as it was left."""
    output = io.BytesIO()
    machine = Machine(Settings(parse_topology(topology), memory, paging_bytes=paging), output)
    machine.boot(program.name, program.read_bytes(), [program.name.encode(), *arguments])
    status = machine.run()
    node = machine.node
    in_transfer = node.kernel.devices.in_transfer
    vm_check.check(node.vm, other_frames=node.machine_frames, in_transfer=in_transfer)
    ipc_check.check(node.kernel.ipc)
    return status, output.getvalue().decode(), machine


@pytest.mark.parametrize("topology", TOPOLOGIES)
def test_a_working_set_three_times_the_memory(built: Path, topology: str) -> None:
    program = built / "examples" / "working_set"
    enough = boot(program, "uni", 16 << 20, 0, b"3M", b"2")
    status, text, machine = boot(program, topology, 1 << 20, 4 << 20, b"3M", b"2")
    assert (status, text) == (0, enough[1])
    assert machine.node.vm.statistics.pageins > 768


def test_paging_space_too_small(built: Path) -> None:
    """The program faults; the machine does not."""
    status, text, machine = boot(built / "examples" / "working_set", "uni", 1 << 20, 1 << 20, b"3M", b"2")
    assert status == 70 and not text
    assert "exception bad access, code 0x6" in machine.said[0]
    page_out = machine.node.vm.page_out
    assert page_out is not None and page_out.given_back and page_out.refusals == 1
