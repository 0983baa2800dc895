"""The ``machsh`` command as a person types it: every test runs it in a process of its own."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from images.build import ensure_built

MACHSH = [sys.executable, "-m", "machsh"]


def machsh(*arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run the command to its end."""
    return subprocess.run([*MACHSH, *arguments], input=given, capture_output=True, timeout=60)


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory):  # type: ignore[no-untyped-def]
    """Compile C source text to a program; its path."""
    folder = tmp_path_factory.mktemp("programs")

    def compile_text(name: str, text: str) -> str:
        source, program = folder / f"{name}.c", folder / name
        source.write_text(text)
        done = machsh("cc", str(source), "-o", str(program))
        assert done.returncode == 0, done.stderr.decode()
        return str(program)

    return compile_text


def test_boots_a_program_and_prints_nothing_else() -> None:
    done = machsh("--topology", "uni", "boot", str(ensure_built() / "examples" / "hello"))
    assert (done.stdout, done.stderr, done.returncode) == (b"hello from a Mach task\n", b"", 0)


@pytest.mark.parametrize("topology", ["uni", "smp:2", "smp:4"])
def test_a_program_exits_with_its_own_status(build, topology: str) -> None:  # type: ignore[no-untyped-def]
    program = build("status", "int main(int argc, char **argv) { return 40 + argc; }")
    assert machsh("--topology", topology, "boot", program, "a", "b").returncode == 43


def test_arguments_reach_the_program_even_when_they_look_like_options(build) -> None:  # type: ignore[no-untyped-def]
    program = build(
        "arguments",
        "#include <stdio.h>\nint main(int argc, char **argv)"
        '{ for (int i = 1; i < argc; i++) printf("%s.", argv[i]); return 0; }',
    )
    assert machsh("boot", program, "--ram", "-x", "a b", "").stdout == b"--ram.-x.a b.."


def test_an_exception_ends_the_program_with_a_reason(build) -> None:  # type: ignore[no-untyped-def]
    program = build("crash", "int main(void) { *(volatile int *)0xdead0000 = 1; return 0; }")
    done = machsh("boot", program)
    assert done.returncode == 70
    assert b"bad access" in done.stderr and b"0xdead0000" in done.stderr and b"crash" in done.stderr
    assert b"Traceback" not in done.stderr


def test_a_stuck_machine_says_who_waits_for_what(build) -> None:  # type: ignore[no-untyped-def]
    program = build(
        "stuck",
        "#include <mach.h>\n#include <mach/message.h>\n#include <mach_init.h>\n"
        "int main(void) { mach_msg_header_t m; mach_port_t p;"
        " mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &p);"
        " return mach_msg(&m, MACH_RCV_MSG, 0, sizeof m, p, 0, 0); }",
    )
    done = machsh("boot", program)
    assert done.returncode == 70
    assert b"stuck" in done.stderr and b"a message to port" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("boot",), "boot needs a program"),
        (("boot", "/no/such/file"), "cannot read /no/such/file"),
        (("--topology", "mesh:4", "boot", "x"), "there is no topology 'mesh:4'"),
        (("--topology", "smp:1", "boot", "x"), "2 to 16 processors"),
        (("--ram", "lots", "boot", "x"), "'lots' is not a size"),
        (("--ram", "8G", "boot", "x"), "1M to 1G"),
        (("--paging", "some", "boot", "x"), "'some' is not a size"),
        (("--paging", "5G", "boot", "x"), "up to 4G"),
        (("frobnicate",), "there is no command 'frobnicate'"),
        (("--frob",), "unrecognized arguments: --frob"),
        (("bench", "nothing"), "there is no benchmark 'nothing'"),
        ((), "no Unix to boot yet"),
    ],
)
def test_a_usage_error_exits_2_and_says_what_was_expected(arguments: tuple[str, ...], expected: str) -> None:
    done = machsh(*arguments)
    assert done.returncode == 2
    assert expected in done.stderr.decode()
    assert done.stderr.count(b"\n") <= 2
    assert done.stdout == b""


def test_a_file_that_is_no_program_is_refused(tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("just text")
    done = machsh("boot", str(text))
    assert done.returncode == 2
    assert b"not an ELF executable" in done.stderr


def test_too_little_memory_is_an_error_for_the_person(build) -> None:  # type: ignore[no-untyped-def]
    program = build("big", "static volatile char huge[64 << 20]; int main(void) { return huge[12345]; }")
    assert machsh("--ram", "1M", "boot", program).returncode == 0  # memory is given when it is touched
    program = build(
        "hog",
        "static volatile char huge[8 << 20]; int main(void)"
        "{ for (int i = 0; i < sizeof huge; i += 4096) huge[i] = 1; return 0; }",
    )
    done = machsh("--ram", "1M", "boot", program)
    assert done.returncode == 70
    assert b"bad access" in done.stderr


def test_ctrl_c_ends_it_with_130(build) -> None:  # type: ignore[no-untyped-def]
    program = build(
        "loop", '#include <stdio.h>\nint main(void) { puts("looping"); fflush(stdout); for (;;); }'
    )
    running = subprocess.Popen([*MACHSH, "boot", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert running.stdout is not None and running.stderr is not None
    try:
        assert os.read(running.stdout.fileno(), 100) == b"looping\n"
        began = time.monotonic()
        running.send_signal(signal.SIGINT)
        assert running.wait(timeout=20) == 130
        assert time.monotonic() - began < 10
        assert b"Traceback" not in running.stderr.read()
    finally:
        running.kill()
        running.stdout.close()
        running.stderr.close()
        running.wait()


def test_a_closed_pipe_ends_it_quietly(build) -> None:  # type: ignore[no-untyped-def]
    program = build("chatter", '#include <stdio.h>\nint main(void) { for (;;) puts("y"); }')
    shell = f"{' '.join(MACHSH)} boot {program} | head -n 2; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", shell], capture_output=True, timeout=60)
    assert done.stdout == b"y\ny\n141\n"
    assert b"Traceback" not in done.stderr


def test_topologies_are_listed_with_pictures() -> None:
    done = machsh("topologies")
    assert done.returncode == 0
    assert b"uni" in done.stdout and b"smp:N" in done.stdout and b"cpu" in done.stdout


def test_help_and_version() -> None:
    assert b"boot PROGRAM" in machsh("--help").stdout
    assert machsh("--version").stdout.startswith(b"machsh ")


def test_the_headless_path_does_not_load_textual() -> None:
    hello = str(ensure_built() / "examples" / "hello")
    code = (
        "import sys; from machsh.main import main; status = main(['boot', sys.argv[1]]);"
        "sys.exit(status or any(m in sys.modules for m in ('textual', 'rich', 'prompt_toolkit')))"
    )
    assert (
        subprocess.run([sys.executable, "-c", code, hello], capture_output=True, timeout=60).returncode == 0
    )
