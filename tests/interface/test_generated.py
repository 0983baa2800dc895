"""What is generated: up to date where it is checked in, complete, and accepted by a compiler."""

import re
from pathlib import Path

from images.compiler import COMPILE, TARGET, run_zig
from kernel.interface import constants, stubs
from kernel.interface.generate import c_files, generate_c
from kernel.interface.generate.documentation import calls_page
from kernel.interface.generate.header_contents import HEADERS
from kernel.interface.generate.python_stubs import python_stubs
from kernel.interface.mach_types import INFO_MAX
from kernel.interface.returns import KernReturn, MigReturn, MsgReturn
from kernel.interface.structs import STRUCTURES
from kernel.interface.subsystems import ROUTINES, SUBSYSTEMS
from kernel.interface.traps import TRAPS

STUBS = Path(next(iter(stubs.__path__)))
USERLAND = Path(__file__).resolve().parents[2] / "userland"


def test_python_stubs_are_up_to_date() -> None:
    """If not: ``python -m kernel.interface.generate``."""
    made = python_stubs() | {"__init__.py": ""}
    found = {path.name: path.read_text() for path in sorted(STUBS.glob("*.py"))}
    assert found == made


def test_every_routine_has_a_python_stub() -> None:
    texts = python_stubs()
    for subsystem in SUBSYSTEMS:
        for routine in subsystem.routines:
            assert f"async def {routine.name}(" in texts[f"{subsystem.name}.py"]


def test_each_constant_is_in_one_header() -> None:
    prefixes = [prefix for contents in HEADERS for prefix in contents.constants]
    for name in vars(constants):
        if name.startswith("_") or name == "Final":
            continue
        matching = [prefix for prefix in prefixes if name.startswith(prefix)]
        assert len(matching) == 1, (name, matching)


def test_constants_mean_the_same_in_c() -> None:
    text = "\n".join(text for path, text in c_files().items() if path.startswith("include/"))
    defined = dict(re.findall(r"^#define (\w+) \(?(-?(?:0x)?[0-9a-f]+)U?\)?(?:\t.*)?$", text, re.M))
    for name, value in vars(constants).items():
        if isinstance(value, int) and name not in ("MACH_PORT_NULL", "MACH_PORT_DEAD"):
            assert int(defined[name], 0) == value, name
    for family, prefix in ((KernReturn, "KERN_"), (MsgReturn, "MACH_"), (MigReturn, "MIG_")):
        for member in family:
            if family is not MsgReturn or member:
                assert int(defined[prefix + member.name], 0) == member
    assert constants.TASK_INFO_MAX == constants.THREAD_INFO_MAX == constants.HOST_INFO_MAX == INFO_MAX


def test_no_file_is_written_outside_the_destination(tmp_path: Path) -> None:
    written = generate_c(tmp_path)
    assert sorted(written) == written == sorted(path for path in tmp_path.rglob("*") if path.is_file())
    assert (tmp_path / "include" / "mach.h") in written
    assert (tmp_path / "libmach" / "mach_user.c") in written


def compiles(folder: Path, text: str) -> None:
    source = folder / "all.c"
    source.write_text(text)
    options = ["-std=gnu11", "-Wall", "-Wextra", "-Wno-unused-parameter", "-Werror", "-Wpedantic"]
    options += ["-Wno-language-extension-token", "-isystem", str(USERLAND / "include")]
    options += ["-I", str(folder / "include")]
    result = run_zig(
        "cc",
        [*TARGET, *COMPILE, *options, "-c", str(source), "-o", str(folder / "all.o")],
        folder=folder,
    )
    assert result.returncode == 0, result.stdout


def included(paths: list[Path]) -> str:
    return "".join(f'#include "{path}"\n' for path in paths)


def test_headers_and_stubs_compile(tmp_path: Path) -> None:
    """All in one: the structures have the sizes that Python thinks, and callers' stubs compile."""
    files = [path for path in generate_c(tmp_path) if not path.stem.endswith("_server")]
    text = included([path for path in files if path.suffix == ".h"])
    text += included([path for path in files if path.suffix == ".c"])
    for structure in STRUCTURES:
        text += f'_Static_assert(sizeof(struct {structure.__name__}) == {4 * structure.size()}, "size");\n'
    text += '_Static_assert(sizeof(mach_msg_header_t) == 24, "header");\n'
    text += '_Static_assert(sizeof(mach_msg_type_long_t) == 12, "long form");\n'
    text += '_Static_assert(sizeof(struct i386_float_state) == 4 + 4 + 108 + 4, "FNSAVE");\n'
    text += '_Static_assert(TASK_BASIC_INFO_COUNT == 8 && THREAD_BASIC_INFO_COUNT == 11, "counts");\n'
    text += '_Static_assert(i386_THREAD_STATE_COUNT == 17 && HOST_LOAD_INFO_COUNT == 6, "counts");\n'
    compiles(tmp_path, text)


def test_servers_compile(tmp_path: Path) -> None:
    """Apart from the callers' side, for both declare functions of the same names."""
    files = generate_c(tmp_path)
    servers = [path for path in files if path.stem.endswith("_server")]
    assert len([path for path in servers if path.suffix == ".c"]) == 8
    compiles(tmp_path, included(servers))


def test_what_is_included_exists() -> None:
    """Every include is generated, or one of the hand-made ones."""
    files = c_files()
    for text in files.values():
        for name in re.findall(r"#include <(.*)>", text):
            assert f"include/{name}" in files or (USERLAND / "include" / name).exists(), name


def test_calls_page() -> None:
    page = calls_page(frozenset((2022, -25)))
    for routine in ROUTINES.values():
        assert f"| {routine.id} | `{routine.name}(" in page
    for trap in TRAPS:
        assert f"| {trap.number} | `{trap.name}` |" in page
    assert "1 of " in page.partition("##")[0]
    (allocate,) = [line for line in page.splitlines() if line.startswith("| 2022 ")]
    assert allocate.endswith("| yes |") and "→ address" in allocate
    (deallocate,) = [line for line in page.splitlines() if line.startswith("| 2024 ")]
    assert deallocate.endswith("| no |")
    (raised,) = [line for line in page.splitlines() if line.startswith("| 2400 ")]
    assert raised.endswith("| by exception handlers |")
    assert calls_page(frozenset((2022, -25))) == page
