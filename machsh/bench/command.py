"""``machsh bench [NAME ...]``: measures and prints tables."""

import sys
from collections.abc import Callable

from ..topology import UsageError
from .table import Table


def _kernel() -> Table:
    from . import kernel  # noqa: PLC0415 - what is not measured is not loaded

    return kernel.measure()


def _memory() -> Table:
    from . import memory  # noqa: PLC0415 - what is not measured is not loaded

    return memory.measure()


BENCHMARKS: dict[str, Callable[[], Table]] = {"kernel": _kernel, "memory": _memory}


def main(arguments: list[str]) -> int:
    """Measure what is named, or everything; ``--json`` prints one JSON object a line."""
    as_json = "--json" in arguments
    names = [argument for argument in arguments if argument != "--json"]
    for name in names:
        if name not in BENCHMARKS:
            raise UsageError(f"there is no benchmark '{name}'; there are: {', '.join(BENCHMARKS)}")
    for name in names or BENCHMARKS:
        if not as_json:
            print(f"measuring {name} ...", file=sys.stderr, flush=True)
        table = BENCHMARKS[name]()
        print(table.as_json() if as_json else table.as_text(), flush=True)
    return 0
