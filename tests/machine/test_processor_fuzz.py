"""Contract of the processor: whatever a program executes harms nobody else and is the same every time."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

from kernel.machine.mmu import PTE_ACCESSED, PTE_DIRTY
from kernel.machine.processor_state import LAYOUT

from .machine_bench import Machine
from .random_code import Arbitrary, arbitrary_digest

ROOT = Path(__file__).parents[2]


def test_arbitrary_bytes_change_nothing_of_the_kernel_or_of_others() -> None:
    arbitrary = Arbitrary()
    memory, words = arbitrary.machine.memory, arbitrary.machine.words
    arbitrary.machine.space(b"\x90\xcd\x80")  # another address space: must stay as it is
    protected = [frame for frame in range(memory.frames) if frame not in arbitrary.own]

    def contents() -> list[int]:
        # The processor sets these two bits in the tables, and must.
        marks = ~(PTE_ACCESSED | PTE_DIRTY)
        return [words[i] & marks for frame in protected for i in range(frame * 512, frame * 512 + 512)]

    before = contents()
    digest = hashlib.blake2b()
    for seed in range(1500):
        arbitrary.run(seed, digest)
        if seed % 100 == 99:
            assert contents() == before, f"a page of the kernel changed between {seed - 99} and {seed}"


def test_arbitrary_bytes_do_the_same_in_every_process() -> None:
    here = arbitrary_digest(0, 300)
    environment = dict(os.environ, PYTHONHASHSEED="7", PYTHONPATH=str(ROOT))
    command = [sys.executable, "-m", "tests.machine.random_code", "0", "300"]
    there = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    assert there.stdout.strip() == here


def test_far_call_cannot_push_into_the_descriptor_table() -> None:
    """The engine pushes the return address of a far call with the kernel's rights."""
    machine = Machine()
    state = machine.thread(bytes.fromhex("bc00000000 9a00004000 7300"))  # mov esp,0; lcall 0x73:0x400000
    gdt = machine.pages.frames[2]
    before = bytes(machine.memory.frame(gdt))
    assert machine.run(state).name == "FAULT"
    assert (state.fault_address, machine.processor.error) == (0xFFFFFFFC, 7)
    assert machine.memory.frame(gdt) == before


def test_a_thread_inherits_nothing_from_those_before_it() -> None:
    arbitrary = Arbitrary()
    digest = hashlib.blake2b()
    for seed in range(200):
        arbitrary.run(seed, digest)
    states = []
    for machine in (arbitrary.machine, Machine()):
        state = machine.thread(b"\xd9\xe8\x0f\xa2\xcd\x80")  # fld1; cpuid; int 0x80
        assert machine.run(state).name == "SYSCALL"
        state.q[LAYOUT.cr3_word] = 0
        states.append(state.q.tolist()[:-1])  # the last word is an address in the engine's own code
    assert states[0] == states[1]
