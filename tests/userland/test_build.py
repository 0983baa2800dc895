"""The build of the userland: what it makes runs on a node, it makes nothing twice, and says what fails."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from images.build import LIBRARIES, ROOT, TREE, Build, BuildError, Layout
from images.compiler import TEXT_ADDRESS
from tests.userland.elf import Elf, read_elf


def programs() -> list[str]:
    """Every example and test program, as ``folder/name``."""
    userland = ROOT / "userland"
    return [f"{path.parent.name}/{path.stem}" for path in sorted(userland.glob("[etb]*/*.c"))]


@pytest.mark.parametrize("name", programs())
def test_program_is_what_a_node_can_run(built: Path, name: str) -> None:
    elf = read_elf((built / name).read_bytes())
    assert (elf.bits, elf.machine, elf.kind) == (32, Elf.I386, Elf.EXECUTABLE)
    assert not elf.interpreter, "it must be static"
    assert all(segment.address >= TEXT_ADDRESS for segment in elf.loaded)
    text = next(segment for segment in elf.loaded if segment.contains(elf.entry))
    assert text.executable and not text.writable
    assert not any(segment.executable and segment.writable for segment in elf.loaded)
    for segment in elf.loaded:
        assert segment.offset % 4096 == segment.address % 4096, "a page of the file is a page of memory"


def test_libraries_and_headers_are_there(built: Path) -> None:
    assert {f"{name}.a" for name in LIBRARIES} | {"crt0.o"} == {
        path.name for path in (built / "lib").iterdir()
    }
    for header in (
        "mach.h",
        "mach/message.h",
        "mach/mach_port.h",
        "device/device.h",
        "cthreads.h",
        "mach_error.h",
    ):
        assert (built / "include" / header).exists(), header
    assert (built / "standalone" / "include" / "stdio.h").exists()


def test_nothing_is_made_twice(built: Path) -> None:
    assert Build(TREE).run() == []


# ---------------------------------------------------------------- on a small tree of its own


@pytest.fixture
def small(tmp_path: Path) -> Layout:
    """A userland with the least that can be linked, and two programs."""
    userland = tmp_path / "userland"
    files = {
        "libmach/crt0.S": ".globl _start\n_start: call main\n hlt\n",
        "libmach/one.c": "#include <one.h>\nint one(void) { return 1; }\n",
        "libthreads/two.c": "int two;\n",
        "libstandalone/three.c": "int three;\n",
        "libcheck/four.c": "int four;\n",
        "include/one.h": "extern int one(void);\n",
        "examples/first.c": "#include <one.h>\nint main(void) { return one(); }\n",
        "examples/second.c": "int main(void) { return 2; }\n",
    }
    for name, text in files.items():
        write(userland / name, text)
    return Layout(tmp_path)


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def generate(destination: Path) -> None:
    """In place of the generator: one header and one stub."""
    write(destination / "include" / "made.h", "extern int made(void);\n")
    write(destination / "libmach" / "made.c", "#include <made.h>\nint made(void) { return 7; }\n")


Run = Callable[[], list[str]]


@pytest.fixture
def run(small: Layout, tmp_path: Path) -> Run:
    interface = tmp_path / "interface"
    write(interface / "calls.py", "first = 1\n")
    return lambda: Build(small, generate=generate, interface=interface).run()


def test_only_what_changed_is_made_again(small: Layout, run: Run) -> None:
    everything = run()
    assert {"images/built/examples/first", "images/built/lib/libmach.a", "images/built/lib/crt0.o"} <= set(
        everything
    )
    assert run() == []

    write(small.userland / "examples" / "second.c", "int main(void) { return 3; }\n")
    assert run() == ["images/objects/examples/second.c.o", "images/built/examples/second"]

    write(small.userland / "libthreads" / "two.c", "int two = 2;\n")
    made = set(run())
    assert "images/built/lib/libthreads.a" in made and "images/built/lib/libmach.a" not in made
    assert {"images/built/examples/first", "images/built/examples/second"} <= made


def test_a_changed_header_makes_its_users_again(small: Layout, run: Run) -> None:
    run()
    write(small.userland / "include" / "one.h", "#define ONE 1\nextern int one(void);\n")
    made = run()
    assert "images/objects/libmach/one.c.o" in made
    assert (small.include / "one.h").read_text().startswith("#define ONE")


def test_a_lost_output_is_made_again(small: Layout, run: Run) -> None:
    run()
    (small.built / "examples" / "first").unlink()
    assert run() == ["images/built/examples/first"]


def test_what_lost_its_source_goes(small: Layout, run: Run) -> None:
    run()
    (small.userland / "examples" / "second.c").unlink()
    run()
    assert not (small.built / "examples" / "second").exists()
    assert (small.built / "examples" / "first").exists()


def test_changed_declarations_are_generated_again(small: Layout, run: Run, tmp_path: Path) -> None:
    run()
    write(tmp_path / "interface" / "calls.py", "first = 2\n")
    assert "images/objects/generated" in run()


def test_failure_names_file_and_reason(small: Layout, run: Run) -> None:
    write(small.userland / "examples" / "second.c", "int main(void) { return nothing; }\n")
    with pytest.raises(BuildError) as failure:
        run()
    text = str(failure.value)
    assert "examples/second.c" in text
    assert "undeclared identifier 'nothing'" in text
    assert (small.built / "examples" / "first").exists(), "what can be built is built"

    write(small.userland / "examples" / "second.c", "int main(void) { return 0; }\n")
    assert "images/built/examples/second" in run()


def test_all_failures_are_named_at_once(small: Layout, run: Run) -> None:
    write(small.userland / "examples" / "first.c", "int main(void) { return a; }\n")
    write(small.userland / "examples" / "second.c", "int main(void) { return b; }\n")
    with pytest.raises(BuildError) as failure:
        run()
    assert "first.c" in str(failure.value) and "second.c" in str(failure.value)


def test_undefined_symbol_is_named(small: Layout, run: Run) -> None:
    write(small.userland / "examples" / "second.c", "int gone(void);\nint main(void) { return gone(); }\n")
    with pytest.raises(BuildError, match=r"(?s)examples/second.*does not link.*undefined symbol: gone"):
        run()


def test_header_from_two_places_is_refused(small: Layout, run: Run) -> None:
    write(small.userland / "include" / "made.h", "\n")
    with pytest.raises(BuildError, match=r"<made\.h> is there twice"):
        run()


def test_broken_notes_do_no_harm(small: Layout, run: Run) -> None:
    run()
    (small.objects / "notes.json").write_text("{")
    assert "images/built/examples/first" in run()
    shutil.rmtree(small.built)
    assert "images/built/examples/first" in run()
