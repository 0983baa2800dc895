"""The same program gives the same trace: in another run, another process, with another hash seed, and
however the run is cut into slices."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from kernel.machine.events import NEVER
from kernel.sched.dispatch import WINDOW_NS
from machsh.machine import Machine, Settings
from machsh.topology import parse_topology

PROGRAMS = ("examples/ports", "tests/threads")


def run(built: Path, topology: str, program: str, slice_ns: int = NEVER) -> tuple[str, bytes, int]:
    """Hash of the trace, output, and virtual time at the end."""
    output = io.BytesIO()
    machine = Machine(Settings(parse_topology(topology)), output)
    machine.node.trace.start_hash()
    name = program.rpartition("/")[2]
    machine.boot(name, (built / program).read_bytes(), [name.encode()])
    if slice_ns < NEVER:
        time = 0
        while machine.node.halted is None:
            time += slice_ns
            machine.engine.run(time)
    machine.run()
    return machine.node.trace.digest(), output.getvalue(), machine.node.clock.now


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("topology", ["uni", "smp:2", "smp:4"])
def test_two_runs_are_the_same(built: Path, topology: str, program: str) -> None:
    first = run(built, topology, program)
    assert first == run(built, topology, program)
    assert first[0]


@pytest.mark.parametrize("slice_ns", [1_000, 77_777, 5_000_000])
def test_a_run_does_not_depend_on_its_slices(built: Path, slice_ns: int) -> None:
    whole = run(built, "uni", "examples/ports")
    assert run(built, "uni", "examples/ports", slice_ns) == whole


def test_several_processors_do_not_depend_on_slices_of_whole_windows(built: Path) -> None:
    whole = run(built, "smp:3", "examples/ports")
    assert run(built, "smp:3", "examples/ports", 3 * WINDOW_NS) == whole


def test_another_process_with_another_hash_seed_gives_the_same(built: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from tests.machsh.test_determinism import run;"
        "print(run(Path(sys.argv[1]), 'smp:2', 'examples/ports')[0])"
    )
    digests = set()
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", code, str(built)],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=Path(__file__).resolve().parent.parent.parent,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        digests.add(done.stdout.strip())
    assert digests == {run(built, "smp:2", "examples/ports")[0]}


def test_programs_print_the_same_on_one_and_on_several_processors(built: Path) -> None:
    outputs = {run(built, topology, "examples/ports")[1] for topology in ("uni", "smp:2", "smp:4")}
    assert len(outputs) == 1
