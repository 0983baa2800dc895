"""Contract of the processor: instructions are counted exactly, and slices cannot be noticed."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel.machine.processor import EAX, EBX, ECX, EDI, EDX, EIP, ESI, ESP, Exit, ProcessorState

from .machine_bench import CODE, DATA, STACK_TOP, Machine
from .random_code import GENERAL, INTERESTING, memory_instruction, register_instruction


@pytest.mark.parametrize(
    ("code", "count"),
    [
        ("cd80", 1),
        ("9090cd80", 3),
        ("b90a000000 49 75fd cd80", 1 + 20 + 1),  # mov ecx,10; dec; jnz
        ("b90a000000 bf00105000 f3aa cd80", 2 + 11 + 1),  # rep stosb: every iteration and one
        ("31c9 f3aa cd80", 1 + 1 + 1),  # none at all
        ("f390 f390 cd80", 3),  # pause
        ("9a000000000700", 1),
        ("0f0b", 1),
        ("a100000000", 1),  # a faulting instruction counts
        ("b800000000 ffe0", 2),  # an instruction that could not be fetched does not
        ("f7f1", 1),
        ("e460", 1),
    ],
)
def test_count(code: str, count: int) -> None:
    machine = Machine()
    state = machine.thread(bytes.fromhex(code))
    assert machine.run(state) is not Exit.BUDGET
    assert machine.processor.executed == count


def test_the_budget_is_exact() -> None:
    machine = Machine()
    state = machine.thread(b"\x40" * 100 + b"\xcd\x80")  # inc eax
    done = 0
    for budget in (1, 1, 2, 3, 50, 7, 1, 35):
        assert machine.run(state, budget) is Exit.BUDGET
        done += budget
        assert (machine.processor.executed, state.q[EAX], state.q[EIP]) == (budget, done, CODE + done)
    assert machine.run(state, 1) is Exit.SYSCALL, "the trapping instruction is part of the budget"
    assert machine.processor.executed == 1


def test_budget_used_up_at_the_trap() -> None:
    machine = Machine()
    state = machine.thread(b"\x40\xcd\x80")
    assert (machine.run(state, 2), machine.processor.executed) == (Exit.SYSCALL, 2)


class Slicer:
    """Runs a program whole or in slices; the machine is kept, the program's frames are rewritten."""

    def __init__(self) -> None:
        self.machine = Machine()
        self.space = self.machine.space(b"\x90")
        words = self.machine.words
        self.code, self.data, self.stack = (
            words[self.space.entry_index(address)] >> 12 & 0xFFFFF for address in (CODE, DATA, STACK_TOP)
        )
        self.machine.memory.executed[self.code] = 1

    def run(self, code: bytes, seed: int, slices: random.Random | None) -> tuple[object, ...]:
        machine, r = self.machine, random.Random(seed)
        machine.memory.write(self.code, 0, code)
        machine.memory.write(self.data, 0, r.randbytes(1024))
        machine.memory.zero(self.stack)
        state = ProcessorState(self.space)
        state.q[EIP], state.q[ESP], state.q[EDI] = CODE, STACK_TOP - 512, DATA + 200
        state.q[ESI] = DATA + 200
        for register in (EAX, ECX, EDX, EBX):
            state.q[register] = r.choice((*INTERESTING, r.getrandbits(32)))
        total = 0
        while True:
            reason = machine.run(state, slices.randrange(1, 7) if slices else 100_000)
            total += machine.processor.executed
            if reason is not Exit.BUDGET:
                break
        memory = bytes(machine.memory.frame(self.data)), bytes(machine.memory.frame(self.stack))
        registers = [state.q[i] for i in GENERAL]
        return reason, machine.processor.vector, registers, total, memory, state.floating_point()


@pytest.fixture(scope="module")
def slicer() -> Slicer:
    return Slicer()


@settings(max_examples=150, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32), length=st.integers(1, 30), slices=st.integers(0, 2**32))
def test_slices_cannot_be_noticed(slicer: Slicer, seed: int, length: int, slices: int) -> None:
    r = random.Random(seed)
    makers = (register_instruction, register_instruction, memory_instruction)
    code = b"".join(r.choice(makers)(r) for _ in range(length)) + b"\x9c\x5d\xcd\x80"
    expected = slicer.run(code, seed, None)
    assert slicer.run(code, seed, random.Random(slices)) == expected
