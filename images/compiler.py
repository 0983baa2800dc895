"""The C compiler of the simulated nodes: zig's clang, from the ``ziglang`` package, and its options.

Programs are freestanding i386 code for an i486 without SSE; whatever they link with is ours, except
compiler-rt (64-bit division and the like), which comes with the compiler.  The compiler's caches live
in the user's cache directory, never in the source tree, so a second build is quick wherever it runs.
"""

import importlib.metadata
import importlib.util
import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

TARGET = ("-target", "x86-freestanding-none", "-mcpu=i486", "-fno-sanitize=undefined", "-fno-stack-protector")
"""What a node's processor can execute, and nothing that a C library of a host would have to provide."""

COMPILE = ("-ffunction-sections", "-fdata-sections", "-fno-asynchronous-unwind-tables", "-fno-unwind-tables")
"""So that the linker takes only what a program uses."""

TEXT_ADDRESS = 0x08048000
"""Where programs are linked: where i386 Unix has always put them.  Text, data, heap (from the lowest
address up) and stack (from the highest down) then differ modulo 256 pages, and do not evict each other
from the processors' direct-mapped translation caches of 256 entries."""

LINK = ("-static", f"-Wl,--image-base={TEXT_ADDRESS:#x}", "-Wl,--gc-sections", "-Wl,--build-id=none")


class CompilerMissing(Exception):
    """The ``ziglang`` package is not installed."""


def find_compiler() -> Path:
    """The zig program of the ``ziglang`` package; CompilerMissing if that is not installed."""
    spec = importlib.util.find_spec("ziglang")
    if spec is None or spec.origin is None:
        raise CompilerMissing("the C compiler is missing: the Python package 'ziglang' is not installed")
    folder = Path(spec.origin).parent
    for name in ("zig", "zig.exe"):
        if (folder / name).exists():
            return folder / name
    raise CompilerMissing(f"the Python package 'ziglang' holds no compiler: there is no 'zig' in {folder}")


def compiler_version() -> str:
    """What tells this compiler from another; CompilerMissing if there is none."""
    find_compiler()
    return f"ziglang {importlib.metadata.version('ziglang')}"


def cache_folder() -> Path:
    """Where the compiler keeps what it made: the user's cache, or, where none can be written, a
    temporary folder."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()
    folder = base / "machsh" / "zig"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError):
        folder = Path(tempfile.gettempdir()) / f"machsh-zig-{os.getuid()}"
        folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def compiler_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """``environment`` with the compiler's caches set, unless it already says where they are."""
    folder = str(cache_folder())
    caches = {"ZIG_GLOBAL_CACHE_DIR": folder, "ZIG_LOCAL_CACHE_DIR": folder}
    return caches | dict(environment)


def run_zig(
    tool: str, arguments: Sequence[str], *, folder: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run ``zig cc`` or ``zig ar``: in ``folder``, keeping what it says for the result, or, when none is
    given, as if the user had called it."""
    own = folder is not None
    return subprocess.run(
        [str(find_compiler()), tool, *arguments],
        cwd=folder,
        env=compiler_environment(os.environ),
        stdin=subprocess.DEVNULL if own else None,
        stdout=subprocess.PIPE if own else None,
        stderr=subprocess.STDOUT if own else None,
        text=True,
    )
