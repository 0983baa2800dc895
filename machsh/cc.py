"""``machsh cc``: compile C programs for the simulated nodes.

It is zig's clang with the node's target, the Mach headers and, when it links, start-up code and the
Mach libraries; every other argument is the compiler's own, and so are the messages and the status.
Programs made so run on the kernel alone, without Unix.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from images.build import LIBRARIES, TREE, BuildError, ensure_built
from images.compiler import COMPILE, LINK, TARGET, CompilerMissing, find_compiler, run_zig

USAGE = """\
usage: machsh cc [OPTION...] FILE...
  compiles and links C for the simulated nodes; options are the C compiler's, such as
  -o PROGRAM   -c   -O2   -g   -I DIR   -D NAME=VALUE   -l LIBRARY   -Wall
  <mach.h>, <cthreads.h> and a small C library (<stdio.h>, ...) are always there
"""

MISSING = """\
machsh cc: {reason}
  install it with:  pip install 'machsh[cc]'   (in a source tree:  pip install -e '.[cc]')
"""

EXIT_USAGE = 2

_STOPS_BEFORE_LINKING = frozenset(
    {"-c", "-S", "-E", "-M", "-MM", "-fsyntax-only", "--version", "-v", "--help"}
)
_ALWAYS_LINKED = frozenset({"-lc", "-lm", "-lmach", "-lthreads", "-lstandalone"})
"""Libraries that programs name by habit; they are here anyway, or (-lm) have nothing to give."""


def compiler_arguments(arguments: Sequence[str], built: Path) -> list[str]:
    """What ``zig cc`` is given for ``machsh cc ARGUMENTS``."""
    result = [*TARGET, *COMPILE]
    if not any(argument.startswith("-O") for argument in arguments):
        result.append("-O2")
    # After the user's own -I, before the compiler's own headers.
    result += ["-isystem", str(built / "include"), "-isystem", str(built / "standalone" / "include")]
    result += [argument for argument in arguments if argument not in _ALWAYS_LINKED]
    if _STOPS_BEFORE_LINKING.isdisjoint(arguments):
        result += [*LINK, str(built / "lib" / "crt0.o")]
        result += [str(built / "lib" / f"{name}.a") for name in LIBRARIES if name != "libcheck"]
    if "-lcheck" in arguments:
        result[result.index("-lcheck")] = str(built / "lib" / "libcheck.a")
    return result


def main(arguments: list[str]) -> int:
    """Run ``machsh cc`` and return its exit status: the compiler's, or 2 when it cannot be run."""
    if not arguments:
        print(USAGE, end="", file=sys.stderr)
        return EXIT_USAGE
    try:
        find_compiler()
    except CompilerMissing as missing:
        print(MISSING.format(reason=missing), end="", file=sys.stderr)
        return EXIT_USAGE
    try:
        built = ensure_built()
    except BuildError as failure:
        # A test or example that does not compile leaves headers and libraries in place.
        if not (TREE.lib / "libmach.a").exists():
            print(f"machsh cc: the Mach headers and libraries are not there\n{failure}", file=sys.stderr)
            return EXIT_USAGE
        built = TREE.built
    return run_zig("cc", compiler_arguments(arguments, built)).returncode
