"""Unicorn's library, called directly, and where it keeps what we must see.

The binding's methods are two to ten times slower than these calls, and a register access through a
method slower than a whole trap.  So the processor's state is saved into memory of ours and looked at
there.  Where a register lies in it is the library's own affair; it is found out here, once, by changing
one thing after the other and comparing.  Whatever is not found exactly once stops the program.

``Layout.template`` is the saved state of a processor that has just entered ring 3 with paging (PAE, NX)
switched on; a new thread starts as a copy of it, on any node.
"""

import ctypes
import mmap
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, cast

from unicorn import x86_const as x86
from unicorn.unicorn_const import (
    UC_ARCH_X86,
    UC_CTL_IO_WRITE,
    UC_CTL_TB_FLUSH,
    UC_CTL_TLB_FLUSH,
    UC_HOOK_INSN,
    UC_HOOK_INTR,
    UC_MODE_32,
    UC_PROT_ALL,
)
from unicorn.unicorn_py3.unicorn import Uc, uclib

from .mmu import PTE_ACCESSED, PTE_DIRTY, PTE_PRESENT, PTE_USER, PTE_WRITE
from .segments import (
    GDT_SIZE,
    KERNEL_CODE,
    KERNEL_DATA,
    TLS_FIRST_SLOT,
    TLS_OFFSET,
    USER_CODE,
    USER_DATA,
    global_table,
    thread_descriptor,
)

_library = ctypes.CDLL(uclib._name)


def _prototype(name: str, *arguments: type) -> Callable[..., int]:
    function = getattr(_library, name)
    function.restype = ctypes.c_int
    function.argtypes = arguments
    return function  # type: ignore[no-any-return]


_pointer, _u64, _size, _int = ctypes.c_void_p, ctypes.c_uint64, ctypes.c_size_t, ctypes.c_int
emu_start = _prototype("uc_emu_start", _pointer, _u64, _u64, _u64, _size)
context_save = _prototype("uc_context_save", _pointer, _pointer)
context_restore = _prototype("uc_context_restore", _pointer, _pointer)
context_register_read = _prototype("uc_context_reg_read", _pointer, _int, _pointer)
context_register_write = _prototype("uc_context_reg_write", _pointer, _int, _pointer)
engine_control = _prototype("uc_ctl", _pointer, _int)
_hook_add = _prototype("uc_hook_add", _pointer, _pointer, _int, _pointer, _pointer, _u64, _u64)
_context_alloc = _prototype("uc_context_alloc", _pointer, _pointer)
_context_free = _prototype("uc_context_free", _pointer)
_emu_stop = ctypes.cast(_library.uc_emu_stop, _pointer)


def _control(number: int) -> int:
    return ctypes.c_int32(number | UC_CTL_IO_WRITE << 30).value


TLB_FLUSH = _control(UC_CTL_TLB_FLUSH)
TRANSLATION_FLUSH = _control(UC_CTL_TB_FLUSH)

GDT_ADDRESS = 0xFFFFF000
"""Virtual address of the descriptor table, in every address space."""

# A Core Duo: the last i386 without 64-bit mode.  It has NX; it announces nothing that would then fail,
# nothing random (rdrand) and no clock beside rdtsc.
_PROCESSOR_MODEL = x86.UC_CPU_X86_COREDUO
_CODE_BUFFER_SIZE = 8 << 20  # per engine; by default Unicorn reserves 1 GB

_CR0 = 0x80010021  # paging, write protection in every ring, x87 errors as exception 16, protected mode
_CR4 = 0x00000624  # SSE in programs (both bits), PAE, no rdtsc outside the kernel
_EFER_NO_EXECUTE = 1 << 11
_EFER_MSR = 0xC0000080
_EFLAGS = 0x202  # interrupts on
_FORM_OF_COMPARE_LONG = 16  # how Unicorn numbers the flags of a 32-bit subtraction or comparison
_SEGMENT_BASE, _SEGMENT_PAGES = 0x12340, 0x56  # of the segment with which the others are found
PAGE_FAULT = 14

SEGMENT_RECORD = "<IIQII"  # selector, unused, base, limit, flags
SEGMENT_SIZE = 24
# Bits of the word that the engine derives from the segments.
RING_3_FLAT = 0xB3  # ring 3, protected mode, 32-bit code, 32-bit stack, all bases zero
STACK_IS_32_BIT = 0x20
SEGMENT_BASES_COUNT = 0x40


class CalibrationError(RuntimeError):
    """This build of Unicorn does not look the way it must."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where things are in a saved context: ``*_word`` counts 64-bit words, ``*_half`` 32-bit words,
    ``*_byte`` bytes.  ``counter_byte`` is in the engine itself."""

    size: int
    template: bytes
    register_words: dict[str, int]
    eflags_word: int
    flags_source_word: int
    flags_form_half: int
    direction_half: int
    cr2_word: int
    cr3_word: int
    dr6_word: int
    old_exception_half: int
    is_int_half: int
    error_half: int
    segments_byte: int  # ES, CS, SS, DS, FS, GS; 24 bytes each: selector, base, limit, flags
    ring_half: int  # what the engine derives from the segments: ring, widths, whether bases count
    counter_byte: int


class Engine(Protocol):
    """The methods of the binding that are used, once in a while (the binding has no types itself)."""

    def reg_read(self, register: int) -> int: ...
    def reg_write(self, register: int, value: object) -> None: ...
    def msr_write(self, number: int, value: int) -> None: ...
    def emu_start(self, begin: int, until: int, timeout: int = 0, count: int = 0) -> None: ...
    def emu_stop(self) -> None: ...


def new_engine(address: int, size: int) -> Engine:
    """An engine over ``size`` bytes of RAM at host ``address``, with our interrupt hook and no exits."""
    uc = Uc(UC_ARCH_X86, UC_MODE_32)
    uc.ctl_set_cpu_model(_PROCESSOR_MODEL)
    uc.ctl_set_tcg_buffer_size(_CODE_BUFFER_SIZE)
    uc.mem_map_ptr(0, size, UC_PROT_ALL, address)
    uc.ctl_exits_enabled(True)
    uc.ctl_set_exits([])
    engine = cast(Engine, uc)
    # Every interrupt ends the run; the function to call is the library's own, so no Python runs.
    hook = ctypes.c_size_t()
    error = _hook_add(engine_handle(engine), ctypes.byref(hook), UC_HOOK_INTR, _emu_stop, None, 1, 0)
    assert error == 0, f"uc_hook_add failed with {error}"
    return engine


def engine_handle(engine: Engine) -> int:
    value = cast(Uc, engine)._uch.value
    assert isinstance(value, int)
    return value


def hook_instruction(engine: Engine, instruction: int, callback: Callable[..., int], tag: int) -> None:
    """Have ``callback(engine, ..., tag)`` called, in Python, before each such instruction."""
    cast(Uc, engine).hook_add(UC_HOOK_INSN, callback, tag, 1, 0, instruction)


def _only(candidates: list[int], what: str) -> int:
    if len(candidates) != 1:
        raise CalibrationError(
            f"cannot find {what} in Unicorn's saved state: {len(candidates)} places look like it; "
            f"machsh needs unicorn 2.1.4"
        )
    return candidates[0]


class _Bench:
    """An engine on a small memory, whose state can be changed and compared."""

    CODE, TABLES, STACK = 0x1000, 0x3000, 0x2000  # physical = virtual addresses
    SIZE = 0x10000

    def __init__(self) -> None:
        self.map = mmap.mmap(-1, self.SIZE)
        address = ctypes.addressof(ctypes.c_char.from_buffer(self.map))
        self.engine = new_engine(address, self.SIZE)
        self.handle = engine_handle(self.engine)
        pointer = ctypes.c_void_p()
        _context_alloc(self.handle, ctypes.byref(pointer))
        assert pointer.value is not None
        self.context = pointer.value
        # The saved state begins with its own size, and the size does not count the header before it.
        self.size = ctypes.c_size_t.from_address(self.context).value + _HEADER_SIZE
        self.raw = memoryview((ctypes.c_char * self.size).from_address(self.context)).cast("B")

    def close(self) -> None:
        self.raw.release()
        _context_free(self.context)

    def save(self) -> bytes:
        context_save(self.handle, self.context)
        return bytes(self.raw)

    def restore(self, state: bytes) -> None:
        self.raw[:] = state
        context_restore(self.handle, self.context)

    def page_tables(self) -> None:
        """Page 0 to 15 onto themselves for ring 3, page 5 onto the descriptor table's address."""
        root, low, table, high, high_table = (self.TABLES + i * 0x1000 for i in range(5))
        entry = PTE_PRESENT | PTE_WRITE | PTE_USER | PTE_ACCESSED | PTE_DIRTY
        put = struct.Struct("<Q").pack_into
        put(self.map, root, low | PTE_PRESENT)
        put(self.map, root + 24, high | PTE_PRESENT)
        put(self.map, low, table | entry)
        for page in range(self.SIZE >> 12):
            put(self.map, table + 8 * page, page << 12 | entry)
        gdt = high_table + 0x1000
        put(self.map, high + 8 * 511, high_table | entry)
        put(self.map, high_table + 8 * 511, gdt | entry & ~PTE_USER)
        self.map[gdt : gdt + GDT_SIZE] = global_table()
        self.map[gdt + TLS_OFFSET : gdt + TLS_OFFSET + 8] = thread_descriptor(_SEGMENT_BASE, _SEGMENT_PAGES)

    def enter_ring_3(self) -> bytes:
        """Switch on segments and paging, and get to ring 3 by a return from interrupt."""
        write = self.engine.reg_write
        write(x86.UC_X86_REG_CR3, self.TABLES)
        write(x86.UC_X86_REG_CR4, _CR4)
        self.engine.msr_write(_EFER_MSR, _EFER_NO_EXECUTE)
        write(x86.UC_X86_REG_CR0, _CR0)
        write(x86.UC_X86_REG_GDTR, (0, GDT_ADDRESS, GDT_SIZE - 1, 0))
        write(x86.UC_X86_REG_IDTR, (0, 0, 0, 0))
        # No local table, and a task segment that says "no previous task": what far calls and iret read.
        write(x86.UC_X86_REG_LDTR, (0, GDT_ADDRESS, 0, 0))
        write(x86.UC_X86_REG_TR, (0, GDT_ADDRESS, 0, 0))
        write(x86.UC_X86_REG_CS, KERNEL_CODE)
        for register in (x86.UC_X86_REG_SS, x86.UC_X86_REG_DS, x86.UC_X86_REG_ES):
            write(register, KERNEL_DATA)
        self.map[self.CODE : self.CODE + 5] = b"\x8e\xd8\x8e\xc0\xcf"  # mov ds,ax; mov es,ax; iret
        frame = struct.pack("<IIIII", self.CODE + 0x100, USER_CODE, _EFLAGS, self.STACK, USER_DATA)
        top = self.STACK + 0x800
        self.map[top : top + len(frame)] = frame
        write(x86.UC_X86_REG_EAX, USER_DATA)
        write(x86.UC_X86_REG_ESP, top)
        # What the C world expects of a fresh floating point unit (Unicorn's is all zeroes).
        write(x86.UC_X86_REG_FPCW, 0x37F)
        write(x86.UC_X86_REG_FPTAG, 0xFFFF)
        write(x86.UC_X86_REG_MXCSR, 0x1F80)
        self.engine.emu_start(self.CODE, 0, count=3)
        if self.engine.reg_read(x86.UC_X86_REG_CS) != USER_CODE:
            raise CalibrationError("cannot bring Unicorn to ring 3; machsh needs unicorn 2.1.4")
        return self.save()

    def run(self, state: bytes, code: bytes) -> bytes:
        """What ``state`` becomes when it runs ``code`` until a trap."""
        at = self.CODE + 0x100
        self.map[at : at + len(code)] = code
        engine_control(self.handle, TRANSLATION_FLUSH)
        self.restore(state)
        emu_start(self.handle, at, 0, 0, 1000)
        return self.save()


_HEADER_SIZE = 40  # of a context: sizes, mode, and pointers that only memory snapshots use


def _words(state: bytes) -> memoryview:
    return memoryview(state).cast("Q")


def _halves(state: bytes) -> memoryview:
    return memoryview(state).cast("I")


def _find(view: memoryview, value: int, what: str) -> int:
    return _only([i for i, word in enumerate(view) if word == value], what)


def _changes(before: memoryview, after: memoryview, old: int, new: int, what: str) -> int:
    pairs = enumerate(zip(before, after, strict=True))
    return _only([i for i, pair in pairs if pair == (old, new)], what)


_REGISTERS = ("EAX", "ECX", "EDX", "EBX", "ESP", "EBP", "ESI", "EDI", "EIP")


def _find_registers(bench: _Bench) -> dict[str, int]:
    values = {name: 0x5EED0007 + 0x1111 * i for i, name in enumerate(_REGISTERS)}
    for name, value in values.items():
        bench.engine.reg_write(getattr(x86, f"UC_X86_REG_{name}"), value)
    words = _words(bench.save())
    return {name: _find(words, value, f"register {name}") for name, value in values.items()}


def _find_segments(bench: _Bench, ring3: bytes) -> tuple[int, int]:
    """Where the segment registers are (their first byte), and the 32-bit word derived from them."""
    selector = TLS_FIRST_SLOT << 3 | 3
    load = b"\xb8" + struct.pack("<I", selector)  # mov eax,selector
    start = 0
    for register, code in ((4, b"\x8e\xe0"), (5, b"\x8e\xe8"), (3, b"\x8e\xd8")):  # mov fs/gs/ds,ax
        loaded = bench.run(ring3, load + code + b"\xcd\x80")
        at = _changes(_words(ring3), _words(loaded), 0, _SEGMENT_BASE, "a segment's base") * 8 - 8
        kept, _, _, limit, flags = struct.unpack_from(SEGMENT_RECORD, loaded, at)
        start = start or at - register * SEGMENT_SIZE
        if at != start + register * SEGMENT_SIZE or (kept, limit, flags >> 8 & 0xFF) != (
            selector,
            _SEGMENT_PAGES << 12 | 0xFFF,
            0xF3,
        ):
            raise CalibrationError("segment registers are not kept as expected; machsh needs unicorn 2.1.4")
    pairs = enumerate(zip(_halves(ring3), _halves(loaded), strict=True))  # of DS, the last
    ring = _only(
        [i for i, (old, new) in pairs if old & 0xFF == RING_3_FLAT and new == old | SEGMENT_BASES_COUNT],
        "the ring",
    )
    return start, ring


def _find_counter(bench: _Bench, state: bytes, ecx: int) -> int:
    """The byte offset, in the engine, of the count of instructions executed."""
    candidates: set[int] | None = None
    for rounds in (100, 77, 313):
        start = bytearray(state)
        struct.pack_into("<Q", start, ecx * 8, rounds)
        bench.run(bytes(start), b"\x40\x49\x75\xfc\xcd\x80")  # inc eax; dec ecx; jnz; int 0x80
        words = memoryview(ctypes.string_at(bench.handle, 8192)).cast("Q")
        found = {i * 8 for i, word in enumerate(words) if word == 3 * rounds + 1}
        candidates = found if candidates is None else candidates & found
    return _only(sorted(candidates or ()), "the instruction counter")


def _find_flags(bench: _Bench, ring3: bytes) -> tuple[int, int, int, int]:
    """EFLAGS; and, of the flags in the form in which the engine computes with them: the source operand,
    the number that says which form it is (1: the source is the flags), and the direction (1 or -1)."""
    flags = 0x8D5  # overflow, sign, zero, adjust, parity, carry
    popped = bench.run(ring3, b"\x68" + struct.pack("<I", flags) + b"\x9d\xcd\x80")  # push, popf, int
    eflags = _changes(_words(ring3), _words(popped), _EFLAGS, flags | _EFLAGS, "EFLAGS")
    source = _find(_words(popped), flags, "the flags' source operand")
    backward = bench.run(ring3, b"\xfd\xcd\x80")  # std; int 0x80
    direction = _changes(_halves(ring3), _halves(backward), 1, 0xFFFFFFFF, "the direction flag")
    compared = bench.run(ring3, b"\x39\xd8\x8b\x0d" + struct.pack("<I", 0x600004))  # cmp; mov ecx,[...]
    form = _changes(_halves(popped), _halves(compared), 1, _FORM_OF_COMPARE_LONG, "the form of the flags")
    return eflags, source, form, direction


def _find_cr3(bench: _Bench, ring3: bytes) -> int:
    bench.restore(ring3)
    bench.engine.reg_write(x86.UC_X86_REG_CR3, bench.TABLES + 0x20)
    return _changes(_words(ring3), _words(bench.save()), bench.TABLES, bench.TABLES + 0x20, "CR3")


def calibrate() -> Layout:
    """Find everything; takes some milliseconds."""
    bench = _Bench()
    try:
        registers = _find_registers(bench)
        bench.page_tables()
        clean = bytearray(bench.enter_ring_3())
        for word in registers.values():
            struct.pack_into("<Q", clean, word * 8, 0)
        template = bytes(clean)
        struct.pack_into("<Q", clean, registers["ESP"] * 8, bench.STACK + 0x800)
        ring3 = bytes(clean)

        trapped = bench.run(ring3, b"\xcd\x80")  # int 0x80
        faulted = bench.run(trapped, b"\xa3" + struct.pack("<I", 0x600004))  # mov [0x600004],eax
        stepped = bench.run(ring3, b"\x9c\x80\x4c\x24\x01\x01\x9d\x90\x90")  # set the trap flag by popf
        halves = list(zip(_halves(ring3), _halves(trapped), _halves(faulted), strict=True))
        none = 0xFFFFFFFF  # no exception yet
        eflags, source, form, direction = _find_flags(bench, ring3)
        segments, ring = _find_segments(bench, ring3)
        return Layout(
            size=bench.size,
            template=template,
            register_words=registers,
            eflags_word=eflags,
            flags_source_word=source,
            flags_form_half=form,
            direction_half=direction,
            cr2_word=_changes(_words(ring3), _words(faulted), 0, 0x600004, "CR2"),
            cr3_word=_find_cr3(bench, ring3),
            dr6_word=_changes(_words(ring3), _words(stepped), 0xFFFF0FF0, 0xFFFF4FF0, "DR6"),
            old_exception_half=_only(
                [i for i, row in enumerate(halves) if row == (none, none, PAGE_FAULT)], "the exception number"
            ),
            is_int_half=_only([i for i, row in enumerate(halves) if row == (0, 1, 0)], "the interrupt mark"),
            error_half=_changes(_halves(ring3), _halves(faulted), 0, 6, "the error code"),
            segments_byte=segments,
            ring_half=ring,
            counter_byte=_find_counter(bench, ring3, registers["ECX"]),
        )
    finally:
        bench.close()
