"""The ``machsh`` command: reads the command line and hands over.

A usage error exits with 2 and says what was expected; Ctrl-C exits with 130.  What machsh itself says
goes to standard error.
"""

import argparse
import os
import signal
import sys
import warnings
from pathlib import Path
from typing import NoReturn

from . import __version__

USAGE_ERROR = 2
INTERRUPTED = 130
PAGING_TIMES_RAM = 4
"""Paging space of a machine unless it is said (a choice: the rule of the time was two to four times)."""

EPILOG = """\
commands:
  boot PROGRAM [ARG ...]     run one program as the first task of the machine
  cc FILE ... -o PROGRAM     compile C for the simulated nodes (needs the extra: machsh[cc])
  bench [NAME ...]           measure; --json for data
  topologies                 what can be booted, with a picture of each
"""


class Parser(argparse.ArgumentParser):
    """Argument errors in one line, with what to do."""

    def error(self, message: str) -> NoReturn:
        print(f"machsh: {message} (see 'machsh --help')", file=sys.stderr)
        raise SystemExit(USAGE_ERROR)


def parser() -> Parser:
    """The command line of the contract in README and docs."""
    made = Parser(
        prog="machsh",
        description="An operating-system laboratory: Mach 3.0 kernels on simulated machines.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("--topology", metavar="NAME", default="uni", help="what to boot (default: uni)")
    made.add_argument("--ram", metavar="SIZE", default="16M", help="memory of each node (default: 16M)")
    made.add_argument(
        "--paging", metavar="SIZE", help="paging space, 0 for none (default: four times the memory)"
    )
    made.add_argument("--seed", metavar="N", type=int, default=0, help="seed of everything random")
    made.add_argument("--verbose", action="store_true", help="also say what machsh itself does")
    made.add_argument("--version", action="store_true", help="print the version and exit")
    made.add_argument("command", nargs="?", help=argparse.SUPPRESS)
    made.add_argument("arguments", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    return made


def main(argv: list[str] | None = None) -> int:
    """Entry point of the console script; the exit status."""
    try:
        return run(parser().parse_args(argv))
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE


def run(options: argparse.Namespace) -> int:
    """Do what the command line asks."""
    from .topology import UsageError

    if options.version:
        print(f"machsh {__version__}")
        return 0
    try:
        match options.command:
            case "boot":
                return boot(options)
            case "cc":
                from .cc import main as compile_program

                return compile_program(options.arguments)
            case "bench":
                from .bench.command import main as measure

                return measure(options.arguments)
            case "topologies":
                from .topology import describe_topologies

                print(describe_topologies())
                return 0
            case None:
                raise UsageError("there is no Unix to boot yet; try 'machsh boot PROGRAM' or 'machsh --help'")
            case other:
                raise UsageError(f"there is no command '{other}'; there are: boot, cc, bench, topologies")
    except UsageError as error:
        print(f"machsh: {error}", file=sys.stderr)
        return USAGE_ERROR


def boot(options: argparse.Namespace) -> int:
    """``machsh boot PROGRAM``: one program as the first task."""
    from kernel.kern.bootstrap import BadProgram

    from .machine import EXIT_HALTED, Machine, Settings
    from .topology import UsageError, parse_paging, parse_size, parse_topology

    if not options.arguments:
        raise UsageError("boot needs a program: machsh boot PROGRAM [ARG ...]")
    topology = parse_topology(options.topology)
    ram = parse_size(options.ram)
    paging = PAGING_TIMES_RAM * ram if options.paging is None else parse_paging(options.paging)
    settings = Settings(topology, ram, options.seed, options.verbose, paging)
    path = Path(options.arguments[0])
    try:
        program = path.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from None
    # Switching a machine off leaves threads that never ran, which is no mistake of anybody's.
    warnings.filterwarnings("ignore", "coroutine .* was never awaited", RuntimeWarning)
    machine = Machine(settings, sys.stdout.buffer)
    try:
        machine.boot(path.name, program, [os.fsencode(argument) for argument in options.arguments])
    except BadProgram as error:
        raise UsageError(f"cannot boot {path}: {error}") from None
    from kernel.node import KernelPanic

    try:
        return machine.run(keyboard=0)
    except KernelPanic as panic:
        print(f"machsh: {panic}", file=sys.stderr)
        if options.verbose:
            raise
        return EXIT_HALTED


if __name__ == "__main__":
    raise SystemExit(main())
