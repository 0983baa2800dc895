"""Contract of a thread's processor state: copies, thread-local segments, floating point, other nodes."""

import random
import struct

import pytest

from kernel.machine.mmu import Translation
from kernel.machine.processor import EAX, EBX, ECX, EDX, EFLAGS, EIP, ESP, Exit, ProcessorState
from kernel.machine.processor_state import FPU_SIZE, LAYOUT, PORTABLE_SIZE
from kernel.machine.segments import (
    CS,
    DESCRIPTOR_SIZE,
    DS,
    ES,
    FS,
    GS,
    SS,
    TLS_FIRST_SLOT,
    USER_CODE,
    USER_DATA,
    descriptor,
    thread_descriptor,
)

from .machine_bench import CODE, DATA, STACK_TOP, Machine
from .random_code import GENERAL

TLS_SELECTOR = TLS_FIRST_SLOT << 3 | 3


def test_a_processor_exists_only_from_its_first_run() -> None:
    machine = Machine(processors=50)
    assert all(processor._engine is None for processor in machine.processors)
    machine.run(machine.thread(b"\xcd\x80"))
    assert [processor._engine is not None for processor in machine.processors] == [True] + [False] * 49


def test_registers() -> None:
    machine = Machine()
    state = machine.thread(bytes.fromhex("01d8 01ca cd80"))  # add eax,ebx; add edx,ecx; int 0x80
    for register, value in ((EAX, 0xFFFFFFFF), (EBX, 2), (ECX, 0x70000000), (EDX, 0x70000000)):
        state.q[register] = value
    machine.run(state)
    assert (state.q[EAX], state.q[EDX], state.q[EIP]) == (1, 0xE0000000, CODE + 6)
    assert state.q[EFLAGS] == state.eflags == 0xA86, "overflow, sign, even parity of the last addition"


def test_flags_of_a_program_cannot_raise_its_privilege() -> None:
    state = ProcessorState(Translation(0))
    state.eflags = 0xFFFFFFFF
    assert state.eflags & 0x23000 == 0, "virtual 8086 mode, I/O privilege"
    state.eflags = 0
    assert state.eflags == 0x202, "interrupts on"


def test_a_copy_goes_its_own_way() -> None:
    machine = Machine()
    state = machine.thread(bytes.fromhex("40 d9e8 cd80 40 def9 cd80"))
    machine.run(state)
    other = state.copy()
    assert other.translation is state.translation
    other.q[EAX] = 100
    machine.run(state)
    assert (state.q[EAX], other.q[EAX], other.q[EIP]) == (2, 100, CODE + 5)
    machine.run(other)
    assert other.q[EAX] == 101


# ---- thread-local storage


def _tls_program() -> bytes:
    load = b"\xb8" + struct.pack("<I", TLS_SELECTOR) + b"\x8e\xe8"  # mov eax,selector; mov gs,eax
    return load + bytes.fromhex("65a100000000 cd80 65a104000000 cd80")  # mov eax,gs:[0]; ...; gs:[4]


def test_every_thread_has_its_own_segment() -> None:
    machine = Machine()
    threads = []
    for number in range(3):
        space = machine.space(_tls_program())
        frame = machine.words[space.entry_index(DATA)] >> 12 & 0xFFFFF
        machine.memory.write(frame, 0x100, struct.pack("<II", number, number + 10))
        state = machine.thread(space)
        state.set_tls_descriptor(0, thread_descriptor(DATA + 0x100, 0xFFFFF))
        threads.append(state)
    for offset in (0, 10):
        for number, state in enumerate(threads):
            assert machine.run(state) is Exit.SYSCALL
            assert state.q[EAX] == number + offset
            assert state.segment(GS) == TLS_SELECTOR


def test_the_table_is_written_only_when_it_must_be() -> None:
    machine = Machine()
    states = [machine.thread(b"\xcd\x80\xeb\xfc") for _ in range(2)]
    for state in states:
        state.set_tls_descriptor(0, thread_descriptor(DATA, 0))
    first = states[0].tls
    machine.run(states[0])
    assert machine.pages.tls is first
    machine.run(states[1])
    assert machine.pages.tls == first
    plain = machine.thread(b"\xcd\x80")
    machine.run(plain)
    assert machine.pages.tls == bytes(24)


@pytest.mark.parametrize(
    "data",
    [
        descriptor(0, 0xFFFFF, 0xC093),  # the kernel's ring
        descriptor(0, 0xFFFFF, 0xC0FB),  # code
        descriptor(0, 0xFFFFF, 0xC0F2),  # accessed bit clear: the processor would write to the table
        descriptor(CODE, 8, 0x00EC),  # a call gate
        descriptor(DATA, 0x67, 0x00E9),  # a task segment
        descriptor(0, 0xFFFFF, 0xC0E2),  # a local table
        bytes(7),
    ],
)
def test_only_data_segments_can_be_a_threads_own(data: bytes) -> None:
    state = ProcessorState(Translation(0))
    with pytest.raises(ValueError, match="descriptor"):
        state.set_tls_descriptor(0, data)
    assert state.tls == bytes(24)


def test_segments_are_loaded_as_the_program_would() -> None:
    """Loading from outside and by an instruction leave the same state."""
    loads = {ES: "8ec0", SS: "8ed0", DS: "8ed8", FS: "8ee0", GS: "8ee8"}
    machine = Machine(8 << 20)
    descriptors = [
        thread_descriptor(0x1000, 0xFFFFF),
        thread_descriptor(0, 0xFFF, pages=False, writable=False),
        thread_descriptor(0, 0xFFFFF, is_32_bit=False),
    ]
    words = range(LAYOUT.segments_byte // 8, LAYOUT.segments_byte // 8 + 18)
    for register, code in loads.items():
        for selector in (0, 3, 7, 8, 0x10, 0x33, 0x30, 0x3B, 0x43, USER_CODE, USER_DATA, 0x78, 0x83, 0xFFFF):
            by_hand, by_program = (
                machine.thread(
                    bytes.fromhex(f"b8{selector & 0xFF:02x}{selector >> 8:02x}0000 {code} 90 cd80")
                )
                for _ in range(2)
            )
            for state in (by_hand, by_program):
                for slot, data in enumerate(descriptors):
                    state.set_tls_descriptor(slot, data)
            reason = machine.run(by_program)
            assert by_hand.load_segment(register, selector) is (reason is Exit.SYSCALL), (register, selector)
            for word in words:
                assert by_hand.q[word] == by_program.q[word], (register, hex(selector))
            ring = LAYOUT.ring_half
            assert by_hand.d[ring] == by_program.d[ring], (register, hex(selector))
    state = machine.thread(b"\xcd\x80")
    assert not state.load_segment(CS, 8)
    assert not state.load_segment(CS, USER_DATA)
    assert state.load_segment(CS, USER_CODE)


# ---- floating point

# fninit; fldpi; fld1; fchs; movd xmm3,esp; int 0x80; fstp [DATA]; fstp [DATA+16]; movd eax,xmm3; int 0x80
_FLOATING = bytes.fromhex("dbe3 d9eb d9e8 d9e0 660f6edc cd80 db3d00105000 db3d10105000 660f7ed8 cd80")


def test_floating_point_state_has_the_layout_of_fxsave() -> None:
    machine = Machine()
    # fxsave [DATA]; int 0x80
    state = machine.thread(_FLOATING[:14] + bytes.fromhex("0fae0500105000 cd80"))
    for _ in range(2):
        assert machine.run(state) is Exit.SYSCALL
    stored = machine.processor.fetch(state, DATA, FPU_SIZE)
    assert stored is not None
    mine = state.floating_point()
    for start, end in ((0, 5), (24, 28), *((32 + 16 * i, 42 + 16 * i) for i in range(8)), (160, 288)):
        assert mine[start:end] == stored[start:end], (start, end)
    assert mine[32:42] == bytes.fromhex("0000000000000080ffbf"), "-1 on top"


def test_floating_point_state_moves() -> None:
    machine = Machine()
    first = machine.thread(_FLOATING)
    machine.run(first)
    second = machine.thread(_FLOATING)
    second.q[EIP] = CODE + 14
    second.set_floating_point(first.floating_point())
    assert second.floating_point() == first.floating_point()
    results = []
    for state in (first, second):
        assert machine.run(state) is Exit.SYSCALL
        results.append((machine.processor.fetch(state, DATA, 26), state.q[EAX]))
    assert results[0] == results[1] and results[0][1] == STACK_TOP


def test_rounding_and_exception_masks_move() -> None:
    machine = Machine()
    # push 0xc7f; fldcw [esp]; int 0x80; fld1; push 3; fidiv dword [esp]; fistp dword [esp]; pop eax; int 0x80
    code = bytes.fromhex("687f0f0000 d92c24 cd80 d9ee d9e8 d9e0 6a03 da3424 db1c24 58 cd80")
    first = machine.thread(code)
    machine.run(first)
    second = ProcessorState.from_portable_bytes(first.portable_bytes(), machine.space(code))
    for state in (first, second):
        assert machine.run(state) is Exit.SYSCALL
        assert state.q[EAX] == 0, "-1/3 rounded towards zero"


def test_any_bytes_may_be_a_floating_point_state() -> None:
    machine = Machine()
    for seed in range(30):
        state = machine.thread(_FLOATING)
        state.set_floating_point(random.Random(seed).randbytes(FPU_SIZE))
        state.q[EIP] = CODE + 14
        assert machine.run(state) in (Exit.SYSCALL, Exit.EXCEPTION)
    with pytest.raises(ValueError, match="512 bytes"):
        state.set_floating_point(b"")


# ---- to other nodes


def test_a_thread_goes_on_at_another_node_as_if_it_had_stayed() -> None:
    code = _tls_program()[:-2] + bytes.fromhex("d9e8 d9eb dec9 f5 90 90 9c 5b cd80")
    here, there = Machine(), Machine(2 << 20)
    for steps in range(1, 12):
        stayed, left = here.thread(code), here.thread(code)
        for state in (stayed, left):
            state.set_tls_descriptor(0, thread_descriptor(DATA, 0xFFFFF))
            here.run(state, steps)
        arrived = ProcessorState.from_portable_bytes(left.portable_bytes(), there.space(code))
        assert arrived.portable_bytes() == left.portable_bytes()
        for machine, state in ((here, stayed), (there, arrived)):
            while machine.run(state, 100) is not Exit.SYSCALL or state.q[EIP] != CODE + len(code):
                pass
        assert [arrived.q[i] for i in GENERAL] == [stayed.q[i] for i in GENERAL]
        assert arrived.portable_bytes() == stayed.portable_bytes()


def test_portable_state_holds_nothing_of_the_host() -> None:
    """Made twice, on engines and memories at different addresses, it is the same."""
    states = []
    for _ in range(2):
        machine = Machine()
        state = machine.thread(bytes.fromhex("d9eb f9 a100000000"))
        machine.run(state)
        states.append(state.portable_bytes())
    assert states[0] == states[1] and len(states[0]) == PORTABLE_SIZE


def test_forged_state_gives_nothing() -> None:
    machine = Machine()
    state = machine.thread(b"\xcd\x80")
    genuine = bytearray(state.portable_bytes())
    flags, selectors, tls = 36, 40, 52
    forged = bytearray(genuine)
    struct.pack_into("<I", forged, flags, 0xFFFFFFFF)
    arrived = ProcessorState.from_portable_bytes(bytes(forged), state.translation)
    assert arrived.eflags & 0x23000 == 0 and arrived.eflags & 0x200
    for offset, value in ((selectors + 2 * CS, 8), (selectors + 2 * SS, 0x10), (selectors + 2 * GS, 7)):
        forged = bytearray(genuine)
        struct.pack_into("<H", forged, offset, value)
        with pytest.raises(ValueError, match="selector"):
            ProcessorState.from_portable_bytes(bytes(forged), state.translation)
    forged = bytearray(genuine)
    forged[tls : tls + DESCRIPTOR_SIZE] = descriptor(CODE, 8, 0x00EC)
    with pytest.raises(ValueError, match="descriptor"):
        ProcessorState.from_portable_bytes(bytes(forged), state.translation)
    with pytest.raises(ValueError, match="bytes"):
        ProcessorState.from_portable_bytes(bytes(genuine[:-1]), state.translation)
    forged = bytearray(genuine)
    for seed in range(50):  # whatever else stands in it is what a program could have
        r = random.Random(seed)
        for at in (*range(flags), *range(tls + 24, PORTABLE_SIZE)):
            forged[at] = r.randrange(256)
        arrived = ProcessorState.from_portable_bytes(bytes(forged), state.translation)
        arrived.q[EIP] = CODE
        arrived.q[ESP] = STACK_TOP
        assert machine.run(arrived) is Exit.SYSCALL
