"""Contract of the processor: how user mode ends, and what is then seen."""

import struct

import pytest

from kernel.machine.processor import EAX, EBX, ECX, EDI, EDX, EFLAGS, EIP, ESI, ESP, Exit, ProcessorState

from .machine_bench import CODE, DATA, STACK_TOP, Machine


def run(code: str, **registers: int) -> tuple[Machine, ProcessorState, Exit]:
    """Run machine code, written as hexadecimal digits, until something happens."""
    machine = Machine()
    state = machine.thread(bytes.fromhex(code))
    numbers = {"eax": EAX, "ebx": EBX, "ecx": ECX, "edx": EDX, "edi": EDI, "esp": ESP}
    for name, value in registers.items():
        state.q[numbers[name]] = value
    return machine, state, machine.run(state, 1000)


@pytest.mark.parametrize(
    ("code", "vector", "length"),
    [
        ("90 cd80", 0x80, 3),
        ("cd03", 3, 2),
        ("cdcd", 0xCD, 2),
        ("66cd21", 0x21, 3),
        ("cc", 3, 1),
        ("b07f 0401 ce", 4, 5),  # mov al,127; add al,1; into
    ],
)
def test_software_interrupt(code: str, vector: int, length: int) -> None:
    machine, state, reason = run(code)
    assert (reason, machine.processor.vector, state.q[EIP]) == (Exit.SYSCALL, vector, CODE + length)


def test_every_software_interrupt_tells_its_number() -> None:
    machine = Machine()
    # 0xCC cannot be told from int3 by its last byte; 6 is an illegal instruction to the engine
    numbers = [n for n in range(256) if n not in (0xCC, 6)]
    state = machine.thread(b"".join(bytes((0xCD, n)) for n in numbers))
    for n in numbers:
        assert machine.run(state) is Exit.SYSCALL
        assert machine.processor.vector == n
    state = machine.thread(b"\xcd\x06")
    assert (machine.run(state), state.q[EIP]) == (Exit.ILLEGAL, CODE)


def test_interrupt_number_across_a_page_boundary() -> None:
    machine = Machine()
    space = machine.space()
    space.map_new(CODE, content=b"\x90" * 4095 + b"\xcd", rights=5)
    space.map_new(CODE + 4096, content=b"\x80\xcc", rights=5)
    state = machine.thread(space, CODE + 4095)
    assert (machine.run(state), machine.processor.vector) == (Exit.SYSCALL, 0x80)
    assert (machine.run(state), machine.processor.vector) == (Exit.SYSCALL, 3)


@pytest.mark.parametrize(
    ("code", "vector", "error", "at"),
    [
        ("9a000000000700", 13, 4, 0),  # lcall $7,$0: there is no local table
        ("0f31", 13, 0, 0),  # rdtsc
        ("31c9 f7f1", 0, 0, 2),  # div ecx, of zero
        ("b80000008099 b9ffffffff f7f9", 0, 0, 11),  # idiv: the quotient does not fit
        ("f4", 13, 0, 0),  # hlt
        ("fa", 13, 0, 0),  # cli
        ("fb", 13, 0, 0),  # sti
        ("cf", 13, 0, 0),  # iret, zeroes on the stack
        ("0f20c0", 13, 0, 0),  # mov eax,cr0
        ("0f22d8", 13, 0, 0),  # mov cr3,eax
        ("0f23f8", 13, 0, 0),  # mov dr7,eax
        ("0f06", 13, 0, 0),  # clts
        ("0f0110", 13, 0, 0),  # lgdt
        ("0f0118", 13, 0, 0),  # lidt
        ("0f01f0", 13, 0, 0),  # lmsw
        ("0f00d0", 13, 0, 0),  # lldt
        ("0f00d8", 13, 0, 0),  # ltr
        ("0f0138", 13, 0, 0),  # invlpg
        ("0f08", 13, 0, 0),  # invd
        ("0f30", 13, 0, 0),  # wrmsr
        ("0f32", 13, 0, 0),  # rdmsr
        ("0f35", 13, 0, 0),  # sysexit
        ("e460", 13, 0, 0),  # in al,0x60
        ("ed", 13, 0, 0),  # in eax,dx
        ("e660", 13, 0, 0),  # out 0x60,al
        ("66ef", 13, 0, 0),  # out dx,ax
        ("b8080000008ed8", 13, 8, 5),  # mov ds, the kernel's code
        ("b8100000008ed8", 13, 16, 5),  # mov ds, the kernel's data
        ("b8000000008ed0", 13, 0, 5),  # mov ss, nothing
        ("b8330000008ee8", 13, 0x30, 5),  # mov gs, an empty slot
        ("ea000040000800", 13, 8, 0),  # ljmp to the kernel's code
        ("9a000000003300", 13, 0x30, 0),  # lcall to an empty slot
        ("b805000000 620500105000", 5, 0, 5),  # bound: 5 is outside 0..0
    ],
)
def test_exception(code: str, vector: int, error: int, at: int) -> None:
    machine, state, reason = run(code)
    assert (reason, machine.processor.vector) == (Exit.EXCEPTION, vector)
    assert (machine.processor.error, state.q[EIP]) == (error, CODE + at)


@pytest.mark.parametrize(
    "code",
    [
        "0f0b",  # ud2
        "0f34",  # sysenter
        "0f05",  # syscall
        "0f07",  # sysret
        "f1",  # icebp
        "0f01f9",  # rdtscp
        "0f33",  # rdpmc
        "0fc7f0",  # rdrand
        "0fc7f8",  # rdseed
        "c5fc28c1",  # vmovaps (AVX)
        "0f01d0",  # xgetbv
        "0fae2500105000",  # xsave
        "0f01c8",  # monitor
        "0f01c9",  # mwait
        "0f01c1",  # vmcall
        "0f01d9",  # vmmcall
        "0f01d8",  # vmrun
        "0f01de",  # skinit
        "0faa",  # rsm
        "f090",  # lock nop
        "0f3800c1",  # pshufb (SSSE3)
    ],
)
def test_illegal_instruction(code: str) -> None:
    machine, state, reason = run(code)
    assert (reason, machine.processor.vector, state.q[EIP]) == (Exit.ILLEGAL, 6, CODE)


@pytest.mark.parametrize("code", ["e460", "ed", "f36c", "6d", "e660", "f36e", "0f34", "0f05"])
def test_refused_instruction_has_no_effect(code: str) -> None:
    """The engine carries these out; the state afterwards is that of before."""
    registers = {"eax": 0x11223344, "ecx": 5, "edx": 0x3F8, "edi": DATA, "ebx": 0x55667788}
    machine = Machine()
    state = machine.thread(b"\xf9" + bytes.fromhex(code))  # stc first: flags are kept as well
    for register, value in zip((EAX, ECX, EDX, EDI, EBX), registers.values(), strict=True):
        state.q[register] = value
    state.q[ESI] = DATA
    reason = machine.run(state)
    assert reason in (Exit.EXCEPTION, Exit.ILLEGAL)
    assert [state.q[i] for i in (EAX, ECX, EDX, EDI, EBX)] == list(registers.values())
    assert (state.q[EIP], state.eflags, machine.processor.executed) == (CODE + 1, 0x203, 2)
    assert machine.run(state) is reason, "the next run is refused just so"


def test_port_input_at_the_end_of_the_budget() -> None:
    machine = Machine()
    state = machine.thread(bytes.fromhex("90 e460"))
    assert (machine.run(state, 1), machine.processor.executed) == (Exit.BUDGET, 1)
    assert (machine.run(state, 1), machine.processor.vector) == (Exit.EXCEPTION, 13)
    assert machine.processor.executed == 1


def test_virtual_8086_mode_ends_at_the_next_trap() -> None:
    """The engine lets ring 3 return into it; all segments zero, so this one fetches at 0."""
    # push gs, fs, ds, es, ss, esp, flags with the mode's bit, cs, eip; iret
    machine, state, reason = run("6a00 6a00 6a00 6a00 6a00 6a00 6802020200 6a00 6a00 cf")
    assert (reason, machine.processor.vector) == (Exit.EXCEPTION, 13)
    assert state.eflags & 0x20000 == 0
    state.q[EIP], state.q[ESP] = CODE, STACK_TOP
    assert machine.run(state) is Exit.EXCEPTION, "it is an ordinary thread again"


def test_trap_flag_steps() -> None:
    machine = Machine()
    state = machine.thread(bytes.fromhex("40 40 eb00 39c0 cd80"))  # inc; inc; jmp; cmp eax,eax; int 0x80
    state.eflags |= 0x100
    for at in (1, 2, 4, 6):
        assert (machine.run(state), machine.processor.vector) == (Exit.EXCEPTION, 1)
        assert (state.q[EIP], machine.processor.executed) == (CODE + at, 1)
    assert state.eflags & 0x44 == 0x44, "the flags of the last instruction: equal, even"
    state.eflags &= ~0x100
    assert machine.run(state) is Exit.SYSCALL


def test_divide_error_of_the_floating_point_unit() -> None:
    # fninit; fldcw [esp] with division by zero unmasked; fld1; fldz; fdivp; fwait
    machine, state, reason = run("dbe3 682b030000 d92c24 d9e8 d9ee def9 9b cd80")
    assert (reason, machine.processor.vector, state.q[EIP]) == (Exit.EXCEPTION, 16, CODE + 16)


def test_floating_point_starts_as_c_expects() -> None:
    # fnstcw [esp]; stmxcsr [esp+4]; fld1; fstp qword [esp+8]; int 0x80
    machine, state, reason = run("d93c24 0fae5c2404 d9e8 dd5c2408 cd80", esp=STACK_TOP - 64)
    assert reason is Exit.SYSCALL
    data = machine.processor.fetch(state, STACK_TOP - 64, 16)
    assert data is not None
    assert struct.unpack_from("<H", data)[0] == 0x37F
    assert struct.unpack_from("<Id", data, 4) == (0x1F80, 1.0)


def test_processor_identification_is_fixed_and_promises_nothing_that_fails() -> None:
    machine = Machine()
    answers = []
    for _ in range(2):
        state = machine.thread(bytes.fromhex("0fa2 cd80"))
        state.q[EAX] = 1
        assert machine.run(state) is Exit.SYSCALL
        answers.append([state.q[i] for i in (EAX, EBX, ECX, EDX)])
    assert answers[0] == answers[1]
    _, _, ecx, edx = answers[0]
    assert ecx & (1 << 30 | 1 << 28 | 1 << 27 | 1 << 23 | 1 << 9) == 0, "rdrand, avx, osxsave, popcnt, ssse3"
    assert edx & (1 << 26 | 1 << 15 | 1 << 8 | 1) == 1 << 26 | 1 << 15 | 1 << 8 | 1, "sse2, cmov, cx8, fpu"


def test_traps_do_not_add_up() -> None:
    """The engine takes a second exception of a thread for a double fault unless it is reset."""
    machine = Machine()
    state = machine.thread(bytes.fromhex("a100000000 cd80"))
    for _ in range(5):
        assert (machine.run(state), state.fault_address, state.q[EIP]) == (Exit.FAULT, 0, CODE)
    state = machine.thread(bytes.fromhex("31c9 f7f1"))
    for _ in range(5):
        assert (machine.run(state), machine.processor.vector) == (Exit.EXCEPTION, 0)


def test_flags_and_registers_can_be_looked_at_and_changed() -> None:
    machine = Machine()
    state = machine.thread(bytes.fromhex("f9 fd cd80 0f92c0 cd80"))  # stc; std; int 0x80; setc al; int 0x80
    machine.run(state)
    assert state.q[EFLAGS] == 0x603
    state.q[EFLAGS] = 0x202
    state.q[EAX] = 0xFF
    machine.run(state)
    assert state.q[EAX] == 0
    assert state.eflags == 0x202
