"""Contract of the processor: page tables, faults and how they resume, code that changes, several engines."""

import random
import struct

import pytest

from kernel.machine.memory import PAGE_SIZE
from kernel.machine.mmu import (
    FAULT_FETCH,
    FAULT_PRESENT,
    FAULT_USER,
    FAULT_WRITE,
    KERNEL_BASE,
    PTE_ACCESSED,
    PTE_DIRTY,
    PTE_USER,
    PTE_WRITE,
)
from kernel.machine.processor import EAX, EBX, ECX, EDI, EDX, EIP, ESI, ESP, Exit, ProcessorState

from .machine_bench import CODE, DATA, EXECUTE, READ, STACK, STACK_TOP, WRITE, AddressSpace, Machine
from .random_code import GENERAL, INTERESTING, program

INT_80 = b"\xcd\x80"
ABSENT = 0x00700000


def move(opcode: int, address: int) -> bytes:
    """a1: mov eax,[address]; a3: mov [address],eax."""
    return bytes((opcode,)) + struct.pack("<I", address)


@pytest.mark.parametrize(
    ("code", "address", "error"),
    [
        (move(0xA1, ABSENT), ABSENT, FAULT_USER),
        (move(0xA3, ABSENT), ABSENT, FAULT_USER | FAULT_WRITE),
        (move(0xA3, CODE), CODE, FAULT_USER | FAULT_WRITE | FAULT_PRESENT),
        (move(0xA1, 0xFFFFF000), 0xFFFFF000, FAULT_USER | FAULT_PRESENT),  # the descriptor table
        (move(0xA1, KERNEL_BASE), KERNEL_BASE, FAULT_USER),
        (b"\xff\x05" + struct.pack("<I", ABSENT), ABSENT, FAULT_USER),  # inc: reads first
        (b"\xbc" + struct.pack("<I", STACK) + b"\x50", STACK - 4, FAULT_USER | FAULT_WRITE),  # push
        (b"\xbc" + struct.pack("<I", STACK) + b"\xe8\0\0\0\0", STACK - 4, FAULT_USER | FAULT_WRITE),  # call
        (move(0xA1, DATA + 4094), DATA + 4096, FAULT_USER),  # straddles into an absent page
    ],
)
def test_fault(code: bytes, address: int, error: int) -> None:
    machine = Machine()
    state = machine.thread(code)
    assert machine.run(state) is Exit.FAULT
    assert (state.fault_address, machine.processor.error) == (address, error)
    length = len(code) - (1 if code[-1] == 0x50 else 5 if code[0] == 0xBC else len(code))
    assert state.q[EIP] == CODE + length, "at the instruction that faulted"


@pytest.mark.parametrize(
    ("target", "error"),
    [
        (ABSENT, FAULT_USER | FAULT_FETCH),
        (DATA, FAULT_USER | FAULT_FETCH | FAULT_PRESENT),  # not executable
        (0xFFFFF000, FAULT_USER | FAULT_FETCH | FAULT_PRESENT),
    ],
)
def test_fetch_fault(target: int, error: int) -> None:
    machine = Machine()
    state = machine.thread(b"\xb8" + struct.pack("<I", target) + b"\xff\xe0")  # mov eax,target; jmp eax
    assert machine.run(state) is Exit.FAULT
    assert (state.fault_address, machine.processor.error, state.q[EIP]) == (target, error, target)


def test_accessed_and_dirty_marks() -> None:
    machine = Machine()
    state = machine.thread(move(0xA1, DATA) + INT_80 + move(0xA3, DATA) + INT_80)
    space = state.translation
    assert isinstance(space, AddressSpace)
    index = space.entry_index(DATA)
    marks = PTE_ACCESSED | PTE_DIRTY
    assert machine.words[index] & marks == 0
    machine.run(state)
    assert machine.words[index] & marks == PTE_ACCESSED
    machine.run(state)
    assert machine.words[index] & marks == marks
    machine.words[index] &= ~marks  # as the pmap does to learn whether the page is still in use
    space.generation += 1
    state.q[EIP] = CODE
    machine.run(state)
    assert machine.words[index] & marks == PTE_ACCESSED


def test_more_rights_need_no_flush_and_fewer_only_a_generation() -> None:
    machine = Machine()
    state = machine.thread(move(0xA3, DATA) + b"\xeb\xf9")  # mov [DATA],eax; jmp back
    space = state.translation
    assert isinstance(space, AddressSpace)
    index = space.entry_index(DATA)
    entry = machine.words[index]
    machine.words[index] = 0
    space.generation += 1
    assert machine.run(state) is Exit.FAULT
    machine.words[index] = entry & ~PTE_WRITE
    assert (machine.run(state), machine.processor.error) == (Exit.FAULT, 7)
    machine.words[index] = entry
    assert machine.run(state, 10) is Exit.BUDGET
    machine.words[index] = entry & ~PTE_WRITE
    assert machine.run(state, 10) is Exit.BUDGET, "the processor still knows the page as writable"
    space.generation += 1
    assert (machine.run(state, 10), machine.processor.error) == (Exit.FAULT, 7)


def test_the_kernels_rights_do_not_help_a_program_to_write() -> None:
    """A far call pushes with the kernel's rights; read-only pages stay read-only (CR0.WP)."""
    machine = Machine()
    code = b"\xbc" + struct.pack("<I", CODE + 0x800) + bytes.fromhex("9a000040007300")
    state = machine.thread(code)
    assert machine.run(state) is Exit.FAULT
    assert (state.fault_address, machine.processor.error) == (CODE + 0x7FC, 7)


def test_address_spaces_are_apart() -> None:
    machine = Machine()
    code = bytes.fromhex("ff05") + struct.pack("<I", DATA) + move(0xA1, DATA) + INT_80 + b"\xeb\xf1"
    first, second = machine.thread(code), machine.thread(code)
    for turn in range(1, 4):
        for state in (first, second):
            assert machine.run(state) is Exit.SYSCALL
            assert state.q[EAX] == turn


def test_a_new_root_for_the_same_thread() -> None:
    machine = Machine()
    state = machine.thread(move(0xA1, DATA) + INT_80 + b"\xeb\xf7")
    machine.run(state)
    other = machine.space(move(0xA1, DATA) + INT_80 + b"\xeb\xf7")
    machine.memory.write(machine.words[other.entry_index(DATA)] >> 12 & 0xFFFFF, 0, b"\x07")
    state.translation = other
    assert (machine.run(state), state.q[EAX]) == (Exit.SYSCALL, 7)
    # A changed root entry is seen after a flush: the four are read at every walk.
    table = machine.table()
    root = other.root >> 3
    machine.words[root], old = table | 1, machine.words[root]
    other.generation += 1
    assert (machine.run(state), machine.processor.error) == (Exit.FAULT, FAULT_USER | FAULT_FETCH)
    machine.words[root] = old
    other.generation += 1
    assert machine.run(state) is Exit.SYSCALL


def test_instruction_that_straddles_into_an_absent_page() -> None:
    machine = Machine()
    space = machine.space()
    code = b"\x90" * 4092 + b"\x40\xb9\x78\x56\x34\x12" + INT_80  # inc eax; mov ecx,0x12345678
    space.map_new(CODE, READ | EXECUTE, code[:PAGE_SIZE])
    state = machine.thread(space, CODE + 4090)
    assert machine.run(state) is Exit.FAULT
    assert (state.fault_address, machine.processor.error) == (CODE + PAGE_SIZE, FAULT_USER | FAULT_FETCH)
    space.map_new(CODE + PAGE_SIZE, READ | EXECUTE, code[PAGE_SIZE:])
    assert machine.run(state) is Exit.SYSCALL
    assert (state.q[EAX], state.q[ECX]) == (1, 0x12345678)


@pytest.mark.parametrize("backward", [False, True])
def test_string_move_resumes_across_a_faulting_page(backward: bool) -> None:
    machine = Machine()
    space = machine.space((b"\xfd" if backward else b"") + b"\xf3\xa4" + INT_80)  # rep movsb
    source = space.map_new(DATA + PAGE_SIZE, content=bytes(range(256)) * 16)
    state = machine.thread(space)
    state.q[ESI] = DATA + PAGE_SIZE + (4095 if backward else 0)
    state.q[EDI] = ABSENT + PAGE_SIZE + (1999 if backward else -100)
    state.q[ECX] = 3000
    pages: list[int] = []
    counted = 0
    while (reason := machine.run(state)) is Exit.FAULT:
        counted += machine.processor.executed - 1
        assert machine.processor.error == FAULT_USER | FAULT_WRITE
        done = 3000 - state.q[ECX]
        assert state.q[EDI] - ABSENT - PAGE_SIZE == (1999 - done if backward else done - 100)
        pages.append(space.map_new(state.fault_address & ~0xFFF))
        assert len(pages) <= 2
    counted += machine.processor.executed
    assert reason is Exit.SYSCALL
    assert counted == 3000 + 1 + 1 + backward, "every iteration, one to end, int, std"
    written = b"".join(bytes(machine.memory.frame(f)) for f in (reversed(pages) if backward else pages))
    start = 0 if backward else 4096 - 100
    if backward:
        start = 4096 + 1999 - 2999
    expected = bytes(machine.memory.frame(source))
    assert written[start : start + 3000] == (expected[4096 - 3000 :] if backward else expected[:3000])


def test_push_all_resumes() -> None:
    machine = Machine()
    state = machine.thread(b"\x60" + INT_80)  # pusha
    space = state.translation
    assert isinstance(space, AddressSpace)
    state.q[ESP] = STACK + 12  # three registers fit
    state.q[EBX] = 0xB
    assert (machine.run(state), state.q[ESP], state.q[EIP]) == (Exit.FAULT, STACK + 12, CODE)
    space.map_new(STACK - PAGE_SIZE)
    assert (machine.run(state), state.q[ESP]) == (Exit.SYSCALL, STACK - 20)
    assert machine.processor.fetch(state, STACK - 4, 4) == b"\x0b\0\0\0"


class _Faulting:
    """Runs random programs whose two data pages keep losing rights, and the same without."""

    def __init__(self) -> None:
        self.machine = Machine()
        self.space = self.machine.space()
        self.code = self.space.map_new(CODE, READ | EXECUTE)
        self.machine.memory.executed[self.code] = 1
        self.space.map_new(DATA + PAGE_SIZE)
        words = self.machine.words
        self.entries = {i: words[i] for i in map(self.space.entry_index, (DATA, DATA + PAGE_SIZE))}
        self.stack = words[self.space.entry_index(STACK)] >> 12 & 0xFFFFF

    def protect(self, mask: int) -> None:
        for index, entry in self.entries.items():
            self.machine.words[index] = entry & mask
        self.space.generation += 1

    def run(self, seed: int, mask: int, budget: int) -> tuple[object, ...]:
        machine = self.machine
        r = random.Random(seed)
        machine.memory.write(self.code, 0, program(r, 20))
        frames = [entry >> 12 & 0xFFFFF for entry in self.entries.values()]
        for frame in frames:
            machine.memory.write(frame, 0, r.randbytes(PAGE_SIZE))
        machine.memory.zero(self.stack)
        state = ProcessorState(self.space)
        state.q[EIP], state.q[ESP], state.q[EDI] = CODE, STACK_TOP - 512, DATA + PAGE_SIZE - 64
        for register in (EAX, ECX, EDX, EBX):
            state.q[register] = r.choice((*INTERESTING, r.getrandbits(32)))
        state.q[ESI] = DATA + PAGE_SIZE - 64
        counted = faults = 0
        while True:
            self.protect(mask)
            reason = machine.run(state, budget)
            while reason is Exit.FAULT:
                counted += machine.processor.executed - 1
                faults += 1
                assert faults < 4000
                index = self.space.entry_index(state.fault_address)
                machine.words[index] = self.entries[index]
                reason = machine.run(state, 1)
            counted += machine.processor.executed
            if reason is not Exit.BUDGET:
                break
        assert reason is Exit.SYSCALL, f"program {seed} ended in {reason.name} {machine.processor.vector}"
        memory = [bytes(machine.memory.frame(frame)) for frame in (*frames, self.stack)]
        return [state.q[i] for i in GENERAL], counted, state.floating_point(), memory


@pytest.mark.parametrize("mask", [0, ~PTE_WRITE, ~PTE_USER])
def test_faults_leave_no_trace_in_registers_flags_or_memory(mask: int) -> None:
    """Above all the flags: the engine breaks them when an instruction after a comparison faults."""
    faulting = _Faulting()
    for seed in range(60):
        expected = faulting.run(seed, -1, 100_000)
        assert faulting.run(seed, mask, 100_000) == expected, f"program {seed}"
        assert faulting.run(seed, mask, 1 + seed % 5) == expected, f"program {seed} in slices"


def test_flags_survive_a_fault_right_after_a_comparison() -> None:
    machine = Machine()
    # cmp eax,ecx; mov edx,[ABSENT]; pushf; pop ebx; int 0x80
    space = machine.space(bytes.fromhex("39c8 8b15") + struct.pack("<I", ABSENT) + bytes.fromhex("9c5b cd80"))
    state = machine.thread(space)
    state.q[EAX], state.q[ECX] = 0x7FFFFFFF, 0xFFFFFFFF
    assert machine.run(state) is Exit.FAULT
    assert state.eflags == 0xA87
    space.map_new(ABSENT)
    machine.run(state)
    assert state.q[EBX] == 0xA87


@pytest.mark.parametrize("jump", [b"\xff\xe6", b""])  # jmp esi; or straight on into the next page
def test_flags_survive_a_fault_of_the_fetch(jump: bytes) -> None:
    machine = Machine()
    space = machine.space()
    code = b"\x39\xc8" + jump  # cmp eax,ecx
    start = CODE + PAGE_SIZE - len(code)
    space.map_new(CODE, READ | EXECUTE, b"\x90" * (PAGE_SIZE - len(code)) + code)
    state = machine.thread(space, start)
    state.q[EAX], state.q[ECX], state.q[ESI] = 0x7FFFFFFF, 0xFFFFFFFF, CODE + PAGE_SIZE
    assert machine.run(state) is Exit.FAULT
    if jump:
        assert (state.q[EIP], state.eflags) == (CODE + PAGE_SIZE, 0xA87)
    else:
        assert (state.q[EIP], state.eflags) == (start, 0x202), "nothing of the block was executed"
    space.map_new(CODE + PAGE_SIZE, READ | EXECUTE, move(0xA1, ABSENT) + b"\x9c\x5b" + INT_80)
    assert (machine.run(state), state.fault_address) == (Exit.FAULT, ABSENT)
    space.map_new(ABSENT)
    machine.run(state)
    assert state.q[EBX] == 0xA87


def test_code_changed_by_the_program_itself() -> None:
    machine = Machine()
    # mov byte [rip+...],0x42 over the `inc eax` that follows twice: inc edx instead
    space = AddressSpace(machine)
    code = b"\x40" + b"\xc6\x05" + struct.pack("<I", CODE + 8) + b"\x42" + b"\x40" + INT_80
    space.map_new(CODE, READ | WRITE | EXECUTE, code)
    space.map_new(STACK)
    state = machine.thread(space)
    assert machine.run(state) is Exit.SYSCALL
    assert (state.q[EAX], state.q[EDX]) == (1, 1)


def test_code_changed_through_another_mapping() -> None:
    machine = Machine()
    space = machine.space(b"\x40" + INT_80)  # inc eax
    frame = machine.words[space.entry_index(CODE)] >> 12 & 0xFFFFF
    space.enter(ABSENT, frame)
    other = CODE + PAGE_SIZE
    space.map_new(other, READ | EXECUTE, b"\xc6\x05" + struct.pack("<I", ABSENT) + b"\x42" + INT_80)
    state = machine.thread(space)
    for at, expected in ((CODE, (1, 0)), (other, (1, 0)), (CODE, (1, 1))):
        state.q[EIP] = at
        assert machine.run(state) is Exit.SYSCALL
        assert (state.q[EAX], state.q[EDX]) == expected


def test_code_changed_by_the_kernel() -> None:
    machine = Machine(processors=2)
    state = machine.thread(b"\x40" + INT_80)
    space = state.translation
    assert isinstance(space, AddressSpace)
    frame = machine.words[space.entry_index(CODE)] >> 12 & 0xFFFFF
    machine.memory.executed[frame] = 1
    for processor in machine.processors:
        state.q[EIP] = CODE
        processor.run(state, 100)
    assert (state.q[EAX], state.q[EDX]) == (2, 0)
    machine.memory.write(frame, 0, b"\x42")  # inc edx
    for processor in machine.processors:
        state.q[EIP] = CODE
        processor.run(state, 100)
    assert (state.q[EAX], state.q[EDX]) == (2, 2)


def test_code_changed_by_another_processor_needs_the_code_generation() -> None:
    machine = Machine(processors=2)
    space = machine.space(b"\x40" + INT_80)  # inc eax
    frame = machine.words[space.entry_index(CODE)] >> 12 & 0xFFFFF
    space.enter(ABSENT, frame)
    writer = CODE + PAGE_SIZE
    space.map_new(writer, READ | EXECUTE, b"\xc6\x05" + struct.pack("<I", ABSENT) + b"\x42" + INT_80)
    state = machine.thread(space)
    reader, other = machine.processors
    for processor, at in ((reader, CODE), (other, writer)):
        state.q[EIP] = at
        assert processor.run(state, 100) is Exit.SYSCALL
    machine.memory.code_generation += 1
    state.q[EIP] = CODE
    reader.run(state, 100)
    assert (state.q[EAX], state.q[EDX]) == (1, 1)


def test_more_code_than_the_engine_can_keep() -> None:
    """The buffer for translated code runs full; nothing is to be seen of it."""
    machine = Machine(2 << 20)
    space = machine.space()
    pages = 48
    for page in range(pages):
        space.map_new(CODE + page * PAGE_SIZE, READ | EXECUTE, b"\x40" * PAGE_SIZE)
    space.map_new(CODE + pages * PAGE_SIZE, READ | EXECUTE, INT_80)
    for _ in range(2):
        state = machine.thread(space)
        assert machine.run(state, 1_000_000) is Exit.SYSCALL
        assert state.q[EAX] == pages * PAGE_SIZE
        assert machine.processor.executed == pages * PAGE_SIZE + 1


# ---- several processors over one memory and the same tables


def test_processors_share_memory_and_tables() -> None:
    machine = Machine(processors=3)
    # lock inc dword [DATA]; dec ecx; jnz; int 0x80
    code = b"\xf0\xff\x05" + struct.pack("<I", DATA) + bytes.fromhex("49 75f6 cd80")
    space = machine.space(code)
    threads = [machine.thread(space) for _ in machine.processors]
    for state in threads:
        state.q[ECX] = 500
    ended: set[int] = set()
    slices = random.Random(1)
    while len(ended) < 3:
        for number, (processor, state) in enumerate(zip(machine.processors, threads, strict=True)):
            if number not in ended and processor.run(state, slices.randrange(1, 50)) is Exit.SYSCALL:
                ended.add(number)
    assert machine.processor.fetch(threads[0], DATA, 4) == struct.pack("<I", 1500)


def test_every_processor_sees_a_right_taken_away() -> None:
    machine = Machine(processors=3)
    space = machine.space(move(0xA3, DATA) + INT_80 + b"\xeb\xf7")
    threads = [machine.thread(space) for _ in machine.processors]
    index = space.entry_index(DATA)
    for processor, state in zip(machine.processors, threads, strict=True):
        assert processor.run(state, 100) is Exit.SYSCALL
    entry = machine.words[index]
    assert entry & PTE_DIRTY
    machine.words[index] = entry & ~(PTE_WRITE | PTE_DIRTY)
    space.generation += 1
    for processor, state in zip(machine.processors, threads, strict=True):
        assert (processor.run(state, 100), processor.error) == (Exit.FAULT, 7)
    assert machine.words[index] & PTE_DIRTY == 0
    machine.words[index] = entry & ~PTE_DIRTY
    assert machine.processors[1].run(threads[1], 100) is Exit.SYSCALL
    assert machine.words[index] & PTE_DIRTY


def test_a_thread_moves_between_processors() -> None:
    machine = Machine(processors=2)
    # inc eax; fld1; faddp after fldz first: counts in the floating point unit as well; endless
    state = machine.thread(bytes.fromhex("d9ee d9e8 dec1 40 ebf9"))
    for turn in range(20):
        assert machine.processors[turn % 2].run(state, 7) is Exit.BUDGET
    alone = machine.thread(bytes.fromhex("d9ee d9e8 dec1 40 ebf9"))
    machine.run(alone, 140)
    assert [state.q[i] for i in GENERAL] == [alone.q[i] for i in GENERAL]
    assert state.floating_point() == alone.floating_point()
