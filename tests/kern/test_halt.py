"""How a machine ends: by the first task's exit status, by host_reboot, and when nothing can go on."""

from pathlib import Path

import pytest

from machsh import cc
from machsh.machine import EXIT_HALTED

from .test_c_programs import TOPOLOGIES, boot

REBOOT = """
#include <mach.h>
#include <mach/bootstrap.h>
#include <mach/mach_host.h>
#include <mach_init.h>

int main(void)
{
	mach_port_t host, device;

	bootstrap_privileged_ports(bootstrap_port, &host, &device);
	host_reboot(host, 0);
	return 9;
}
"""

EXIT = """
int main(int argc, char **argv) { return 40 + argc; }
"""

FAULT = """
int main(void) { return *(volatile int *)16; }
"""

WAIT = """
#include <mach.h>
#include <mach/message.h>
#include <mach_init.h>

int main(void)
{
	mach_msg_header_t message;

	return mach_msg(&message, MACH_RCV_MSG, 0, sizeof message, mach_reply_port(), 0, MACH_PORT_NULL);
}
"""


@pytest.fixture
def compiled(built: Path, tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    source, program = tmp_path / "program.c", tmp_path / "program"
    source.write_text(request.param)
    assert cc.main([str(source), "-o", str(program)]) == 0
    return program


@pytest.mark.parametrize("topology", TOPOLOGIES)
@pytest.mark.parametrize("compiled", [REBOOT], indirect=True)
def test_host_reboot_stops_the_machine(
    compiled: Path, topology: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, _, machine = boot(compiled, topology)
    assert status == EXIT_HALTED
    assert machine.node.halted == ("host_reboot", 0)
    assert "halted: host_reboot" in capsys.readouterr().err


@pytest.mark.parametrize("topology", TOPOLOGIES)
@pytest.mark.parametrize("compiled", [EXIT], indirect=True)
def test_the_first_task_says_the_exit_status(compiled: Path, topology: str) -> None:
    status, _, machine = boot(compiled, topology)
    assert machine.node.halted == ("", status)
    assert status in (40, 41)


@pytest.mark.parametrize("topology", TOPOLOGIES)
@pytest.mark.parametrize("compiled", [FAULT], indirect=True)
def test_a_first_task_that_faults_ends_with_a_reason(
    compiled: Path, topology: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, _, machine = boot(compiled, topology)
    assert status == EXIT_HALTED
    [said] = machine.said
    assert "exception bad access, code 0x1, subcode 0x10; task terminated" in said
    assert "the first task ended without an exit status" in capsys.readouterr().err
    kernel = machine.node.kernel
    assert not kernel.tasks and not kernel.threads


@pytest.mark.parametrize("compiled", [WAIT], indirect=True)
def test_a_stuck_machine_says_who_waits_for_what(compiled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, _, _ = boot(compiled, "uni")
    assert status == EXIT_HALTED
    said = capsys.readouterr().err
    assert "stuck: nothing can run any more" in said
    assert "program.1 waits for " in said
