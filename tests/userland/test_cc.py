"""``machsh cc``, called as a function: options, diagnostics, exit status."""

import os
from pathlib import Path

import pytest

from machsh import cc
from tests.userland.elf import Elf, read_elf

PROGRAM = """\
#include <mach.h>
#include <cthreads.h>
#include <stdio.h>
int helper(int);
static any_t run(any_t argument) { return argument; }
int main(void)
{
	cthread_t thread = cthread_fork(run, (any_t)LIMIT);
	vm_address_t address = 0;
	vm_allocate(mach_task_self(), &address, vm_page_size, TRUE);
	printf("%d %lld\\n", (int)cthread_join(thread), (long long)address / helper(3));
	return 0;
}
"""


def write(path: Path, text: str) -> str:
    path.write_text(text)
    return str(path)


def test_compiles_and_links_several_files(built: Path, tmp_path: Path) -> None:
    program = write(tmp_path / "program.c", PROGRAM)
    helper = write(tmp_path / "helper.s", ".globl helper\nhelper: movl 4(%esp), %eax\n ret\n")
    output = tmp_path / "program"
    assert cc.main([program, helper, "-DLIMIT=3", "-lthreads", "-o", str(output)]) == 0
    elf = read_elf(output.read_bytes())
    assert (elf.machine, elf.kind) == (Elf.I386, Elf.EXECUTABLE)
    assert os.access(output, os.X_OK)


def test_compiles_without_linking(built: Path, tmp_path: Path) -> None:
    helper = write(tmp_path / "helper.c", "int helper(int n) { return n + 1; }\n")
    program = write(tmp_path / "program.c", PROGRAM)
    made = str(tmp_path / "helper.o")
    assert cc.main(["-c", "-O0", helper, "-o", made]) == 0
    assert cc.main([program, made, "-O0", "-g", "-DLIMIT=3", "-o", str(tmp_path / "program")]) == 0


def test_own_headers_come_first(built: Path, tmp_path: Path) -> None:
    (tmp_path / "include").mkdir()
    write(tmp_path / "include" / "mach.h", "#define MINE 1\n")
    program = write(tmp_path / "program.c", "#include <mach.h>\nint main(void) { return MINE; }\n")
    assert cc.main([program, "-I", str(tmp_path / "include"), "-o", str(tmp_path / "program")]) == 0


def test_diagnostics_pass_through(built: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    program = write(tmp_path / "program.c", "int main(void) { return nothing; }\n")
    assert cc.main([program, "-o", str(tmp_path / "program")]) == 1
    assert "program.c:1:25: error: use of undeclared identifier 'nothing'" in capfd.readouterr().err
    assert not (tmp_path / "program").exists()


def test_no_arguments_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert cc.main([]) == 2
    assert capsys.readouterr().err.startswith("usage: machsh cc")


def test_missing_compiler_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert cc.main(["program.c"]) == 2
    said = capsys.readouterr().err
    assert "'ziglang' is not installed" in said
    assert "pip install 'machsh[cc]'" in said
