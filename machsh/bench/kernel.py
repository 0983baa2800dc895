"""``machsh bench kernel``: what the kernel of one node costs, beside floors measured in the same run.

The floor of every kernel figure is one bare processor trap with state saved and restored.  The programs
are ``userland/bench/*.c``, booted on ``uni`` like any other; they print ``begin NAME COUNT`` and ``end``
on the console, and the time between the two, as the sink of the console line sees it, is measured.
"""

import gc
import io
import subprocess
import sys
from collections.abc import Callable
from time import perf_counter

from images.build import ensure_built
from kernel.machine.costs import load_costs

from ..machine import Machine, Settings
from ..topology import DEFAULT_MACHINE, parse_topology
from .engine import engine_costs
from .floor import bare_compute_rate, bare_trap_rate
from .table import Line, Table

MEMORY = 32 << 20
ROUNDS = 5


class Stopwatch(io.BytesIO):
    """A console that notes when a measured stretch began and ended."""

    def __init__(self, machine_clock: "list[Machine]") -> None:
        super().__init__()
        self._machine = machine_clock
        self._began = 0.0
        self._began_virtual = 0
        self._count = 0
        self._name = ""
        self.results: dict[str, list[tuple[int, float, int]]] = {}  # name -> (count, wall s, virtual ns)

    def write(self, data: object) -> int:
        """A line of the program's output; the programs flush at each."""
        now = perf_counter()
        assert isinstance(data, bytes)
        for line in data.decode().splitlines():
            words = line.split()
            if words[:1] == ["begin"]:
                self._name, self._count = words[1], int(words[2])
                self._began_virtual = self._machine[0].node.clock.now
                self._began = perf_counter()
            elif words == ["end"]:
                virtual = self._machine[0].node.clock.now - self._began_virtual
                self.results.setdefault(self._name, []).append((self._count, now - self._began, virtual))
        return len(data)


def run_program(
    name: str, settings: Settings | None = None, prepare: Callable[[Machine], None] | None = None
) -> dict[str, list[tuple[int, float, int]]]:
    """Boot a program of userland/bench on ``uni`` unless ``settings`` say otherwise, after ``prepare`` saw
    the machine; its stretches: (count, wall seconds, virtual ns)."""
    program = (ensure_built() / "bench" / name).read_bytes()
    holder: list[Machine] = []
    output = Stopwatch(holder)
    machine = Machine(settings or Settings(parse_topology("uni"), MEMORY), output)
    holder.append(machine)
    machine.boot(name, program, [name.encode()])
    if prepare is not None:
        prepare(machine)
        machine.engine.restamp(0)
    gc.collect()
    gc.freeze()
    try:
        status = machine.run()
    finally:
        gc.unfreeze()
    if status:
        raise RuntimeError(f"benchmark program {name} ended with status {status}")
    return output.results


def paired(programs: tuple[str, ...], rounds: int = ROUNDS) -> tuple[float, dict[str, tuple[float, float]]]:
    """The floor, measured before each run of each program; and of each stretch of the programs (best
    rate a wall second, virtual microseconds each).  In turn, because the host has other work as well."""
    floor = 0.0
    found: dict[str, tuple[float, float]] = {}
    for _ in range(rounds):
        for program in programs:
            floor = max(floor, bare_trap_rate(0.1))
            for stretch, runs in run_program(program).items():
                for count, wall, virtual in runs:
                    rate = count / wall
                    if stretch not in found or rate > found[stretch][0]:
                        found[stretch] = (rate, virtual / count / 1000)
    return floor, found


def idle_node_bytes() -> int:
    """Resident memory that one more node takes while it has nothing to do."""
    count = 8
    code = f"""
import io, resource
from machsh.machine import Machine, Settings
from machsh.topology import parse_topology
def resident():
    return int(open('/proc/self/statm').read().split()[1]) * resource.getpagesize()
make = lambda: Machine(Settings(parse_topology('uni'), 8 << 20), io.BytesIO())
kept = [make()]
before = resident()
kept += [make() for _ in range({count})]
for machine in kept:
    machine.engine.run()
    assert machine.node.clock.now == 0 or machine.engine.slices == 0
print((resident() - before) // {count})
"""
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return int(done.stdout)


def measure() -> Table:
    """All lines of the table."""
    table = Table("kernel", "one node (uni), against one bare trap of the processor")
    trap, found = paired(("null_call", "null_rpc", "faults"))
    table.add(Line("bare trap, state saved and restored", trap, "/s", note="the floor"))
    for stretch, text, target in (
        ("null_call", "null kernel call", 0.5),
        ("null_rpc", "null RPC between two C tasks", 0.08),
        ("zero_fill", "zero-fill fault", 0.15),
        ("copy_on_write", "copy-on-write fault", 0.15),
    ):
        rate, virtual_us = found[stretch]
        table.add(Line(text, rate, "/s", ratio=rate / trap, target=target, virtual_us=virtual_us))
    bare, rate = compute_rates()
    table.add(Line("bare Unicorn, counting", bare, "instr/s", note="the floor of computation"))
    table.add(Line("compute-bound C", rate, "instr/s", ratio=rate / bare, target=0.9))
    few, many = engine_costs(2), engine_costs(128)
    table.add(Line("engine: an event, 2 nodes", few.event_ns, "ns"))
    table.add(Line("engine: an event, 128 nodes", many.event_ns, "ns", ratio=many.event_ns / few.event_ns))
    table.add(Line("engine: a slice, 2 nodes", few.slice_ns, "ns"))
    table.add(Line("engine: a slice, 128 nodes", many.slice_ns, "ns", ratio=many.slice_ns / few.slice_ns))
    table.add(Line("an idle node", idle_node_bytes() / 1024, "KB resident", note="under 1,024 KB"))
    return table


def compute_rates(rounds: int = ROUNDS) -> tuple[float, float]:
    """Instructions a wall second of the same sieve, on the bare processor and in its C program."""
    bare = rate = 0.0
    program = (ensure_built() / "bench" / "compute").read_bytes()
    instruction_ns = load_costs(DEFAULT_MACHINE).instruction
    for _ in range(rounds):
        bare = max(bare, bare_compute_rate(program, 0.1))
        ((_, wall, virtual),) = run_program("compute")["compute"]
        rate = max(rate, virtual / instruction_ns / wall)
    return bare, rate
