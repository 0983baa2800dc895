"""The C test library itself: what it says of tests that fail, leak or crash, run as first tasks."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from images.build import ROOT
from machsh import cc

PROGRAM = r"""
#include <check.h>
#include <cthreads.h>
#include <stdio.h>

static mach_port_t make_port(void)
{
	mach_port_t port = MACH_PORT_NULL;

	CHECK_SUCCESS(mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &port));
	return port;
}

static any_t wait_forever(any_t argument)
{
	mach_port_t port = make_port();
	mach_msg_header_t message;

	mach_msg(&message, MACH_RCV_MSG, 0, sizeof message, port, MACH_MSG_TIMEOUT_NONE, MACH_PORT_NULL);
	return argument;
}

static int overflow(volatile int *above)
{
	volatile int room[1000];

	room[0] = *above;
	return overflow(room) + room[0];
}

static any_t crash(any_t argument)
{
	*(volatile int *)12 = 1;
	return argument;
}

TEST(passes) { CHECK(1 + 1 == 2); }
TEST(fails) { CHECK(1 + 1 == 3); printf("not reached"); }
TEST(differs) { CHECK_EQUAL(2 * 3, 7); }
TEST(returns) { CHECK_SUCCESS(mach_port_deallocate(mach_task_self(), 0x123456)); }
TEST(loads_nothing) { *(volatile int *)8; }
TEST(divides) { volatile int zero = 0; zero = 100 / zero; }
TEST(jumps_away) { ((void (*)(void))0xb0000000)(); }
TEST(breaks) { __asm__ volatile("int3"); }
TEST(overruns_its_stack) { volatile int start = 1; overflow(&start); }
TEST(leaks_a_port) { make_port(); }
TEST(leaks_memory)
{
	vm_address_t address = 0;

	CHECK_SUCCESS(vm_allocate(mach_task_self(), &address, 3 * vm_page_size, TRUE));
	*(char *)address = 1;
}
TEST(leaks_a_thread) { cthread_detach(cthread_fork(wait_forever, 0)); cthread_yield(); }
TEST_THAT_KEEPS(keeps_a_port) { make_port(); }
TEST(passes_at_the_end) { CHECK(1); }
TEST(crashes_elsewhere) { cthread_join(cthread_fork(crash, 0)); }
TEST(is_not_run) { }
"""

SAID = [
    r"ok passes",
    r"FAIL fails: check\.c:\d+: 1 \+ 1 == 3",
    r"FAIL differs: check\.c:\d+: 2 \* 3 is 6 \(0x6\), not 7 \(0x7\)",
    r"FAIL returns: check\.c:\d+: mach_port_deallocate\(.*\) returned KERN_INVALID_NAME, not KERN_SUCCESS",
    r"FAIL loads_nothing: EXC_BAD_ACCESS \(code 1, subcode 0x8\) at eip 0x80\w+",
    r"FAIL divides: EXC_ARITHMETIC \(.*\) at eip 0x80\w+",
    r"FAIL jumps_away: EXC_BAD_ACCESS \(code 1, subcode 0xb0000000\) at eip 0xb0000000",
    r"FAIL breaks: EXC_BREAKPOINT \(.*\) at eip 0x80\w+",
    r"FAIL overruns_its_stack: EXC_BAD_ACCESS \(code 2, subcode 0x\w+\) at eip 0x80\w+",
    r"FAIL leaks_a_port: leaks \+1 ports, \+0 threads, \+0 bytes of address space, \+0 frames",
    r"FAIL leaks_memory: leaks \+0 ports, \+0 threads, \+12288 bytes of address space, \+1 frames",
    r"FAIL leaks_a_thread: leaks \+\d ports, \+1 threads, .*",
    r"ok keeps_a_port",
    r"ok passes_at_the_end",
    r"FAIL crashes_elsewhere: EXC_BAD_ACCESS \(code 1, subcode 0xc\) at eip 0x80\w+",
    r"it was not the test's own thread: no more tests are run",
]


@pytest.fixture(scope="module")
def program(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("check")
    (folder / "check.c").write_text(PROGRAM)
    assert cc.main([str(folder / "check.c"), "-lcheck", "-o", str(folder / "check")]) == 0
    return folder / "check"


def boot(program: Path, *arguments: str, topology: str = "uni") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "machsh", "--topology", topology, "boot", str(program), *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, stdin=subprocess.DEVNULL)


@pytest.mark.parametrize("topology", ["uni", "smp:2"])
def test_every_kind_of_failure_is_told(program: Path, topology: str) -> None:
    result = boot(program, topology=topology)
    lines = result.stdout.splitlines()
    assert len(lines) == len(SAID), result.stdout + result.stderr
    for line, pattern in zip(lines, SAID, strict=True):
        assert re.fullmatch(pattern, line), line
    assert result.returncode == 1


def test_named_tests_are_run(program: Path) -> None:
    result = boot(program, "passes", "passes_at_the_end")
    assert result.stdout == "ok passes\nok passes_at_the_end\n2 passed, 0 failed\n"
    assert result.returncode == 0


def test_no_test_is_a_failure(program: Path) -> None:
    assert boot(program, "no_such_test").returncode == 1
