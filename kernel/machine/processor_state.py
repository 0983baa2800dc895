"""The saved state of a thread's processor: what a trap stores and a return to user mode loads.

The state *is* the memory that the simulated processor saves into and restores from, so looking at a
register costs nothing but an index: ``state.q[EAX]``.  ``q`` counts 64-bit words; of a register only
the low 32 bits are ever set.  EFLAGS is whole and current in the saved state.

Invariant: everything that decides about rights (ring, descriptor tables, control registers) comes from
the template and is never taken from outside.  What a program, a debugger or another node hands in goes
through methods that take only what a program could have set itself.
"""

import ctypes
import struct

from unicorn import x86_const as x86

from .calibration import (
    SEGMENT_BASES_COUNT,
    SEGMENT_RECORD,
    SEGMENT_SIZE,
    STACK_IS_32_BIT,
    calibrate,
    context_register_read,
    context_register_write,
)
from .mmu import Translation
from .segments import (
    DESCRIPTOR_SIZE,
    DS,
    ES,
    NO_TLS,
    SS,
    TLS_SIZE,
    TLS_SLOTS,
    USER_CODE,
    USER_DATA,
    is_32_bit,
    is_thread_descriptor,
    segment_cache,
)

LAYOUT = calibrate()

EAX = LAYOUT.register_words["EAX"]
ECX = LAYOUT.register_words["ECX"]
EDX = LAYOUT.register_words["EDX"]
EBX = LAYOUT.register_words["EBX"]
ESP = LAYOUT.register_words["ESP"]
EBP = LAYOUT.register_words["EBP"]
ESI = LAYOUT.register_words["ESI"]
EDI = LAYOUT.register_words["EDI"]
EIP = LAYOUT.register_words["EIP"]
EFLAGS = LAYOUT.eflags_word
_CR2 = LAYOUT.cr2_word
_CR3 = LAYOUT.cr3_word
_TEMPLATE_HALVES = memoryview(LAYOUT.template).cast("i")
_FLAT = (USER_DATA, USER_CODE, USER_DATA, USER_DATA, 0, 0)  # ES, CS, SS, DS, FS, GS

GENERAL_REGISTERS = (EAX, ECX, EDX, EBX, ESP, EBP, ESI, EDI)
"""In the processor's own order."""

TRAP_FLAG = 0x100
USER_FLAGS = 0x244DD5  # carry, parity, adjust, zero, sign, trap, direction, overflow, nested, AC, ID
FIXED_FLAGS = 0x202  # interrupts on, and the bit that is always one

FPU_SIZE = 512
"""Bytes of the floating point state: the layout of the FXSAVE instruction."""

_GENERAL = struct.Struct("<10I")
_SELECTORS = struct.Struct("<6H")
PORTABLE_SIZE = _GENERAL.size + _SELECTORS.size + TLS_SIZE + FPU_SIZE


class ProcessorState:
    """What a thread has in its processor while it is in the kernel."""

    __slots__ = ("_bytes", "_translation", "address", "d", "q", "tls")

    def __init__(self, translation: Translation) -> None:
        self._attach(bytearray(LAYOUT.template))
        self.tls = NO_TLS
        self._translation = translation
        self.q[_CR3] = translation.root

    def _attach(self, data: bytearray) -> None:
        self._bytes = data
        self.address = ctypes.addressof(ctypes.c_char.from_buffer(data))
        view = memoryview(data)
        self.q = view.cast("Q")  # 64-bit words
        self.d = view.cast("i")  # 32-bit words, signed

    @property
    def translation(self) -> Translation:
        """The address space in which the thread runs."""
        return self._translation

    @translation.setter
    def translation(self, translation: Translation) -> None:
        self._translation = translation
        self.q[_CR3] = translation.root

    @property
    def fault_address(self) -> int:
        """The address whose access faulted last (CR2)."""
        return self.q[_CR2] & 0xFFFFFFFF

    @property
    def eflags(self) -> int:
        return self.q[EFLAGS] & 0xFFFFFFFF

    @eflags.setter
    def eflags(self, flags: int) -> None:
        """Sets what programs may set; interrupts stay on, the ring and I/O level as they are."""
        self.q[EFLAGS] = flags & USER_FLAGS | FIXED_FLAGS

    def copy(self) -> "ProcessorState":
        """The same state again (of ``fork``: same registers, same TLS, same address space)."""
        other = ProcessorState.__new__(ProcessorState)
        other._attach(bytearray(self._bytes))
        other.tls = self.tls
        other._translation = self._translation
        return other

    # ---- segments

    def tls_descriptor(self, slot: int) -> bytes:
        """The descriptor in TLS slot 0 to 2."""
        return self.tls[slot * DESCRIPTOR_SIZE : (slot + 1) * DESCRIPTOR_SIZE]

    def set_tls_descriptor(self, slot: int, data: bytes) -> None:
        """Put a descriptor (``segments.thread_descriptor``, or 8 zero bytes) into TLS slot 0 to 2.

        As on the real machine, a segment register that already holds the selector keeps what it loaded.
        """
        if not 0 <= slot < TLS_SLOTS or not is_thread_descriptor(data):
            raise ValueError("no descriptor for a thread's own segment")
        at = slot * DESCRIPTOR_SIZE
        self.tls = self.tls[:at] + data + self.tls[at + DESCRIPTOR_SIZE :]

    def segment(self, register: int) -> int:
        """The selector in a segment register (ES, CS, SS, DS, FS or GS)."""
        return int(self._bytes[LAYOUT.segments_byte + register * SEGMENT_SIZE]) | (
            int(self._bytes[LAYOUT.segments_byte + register * SEGMENT_SIZE + 1]) << 8
        )

    def load_segment(self, register: int, selector: int) -> bool:
        """Load a segment register as an instruction of the program would; False if it would fault."""
        cache = segment_cache(register, selector, self.tls)
        if cache is None:
            return False
        base, limit, flags = cache
        at = LAYOUT.segments_byte + register * SEGMENT_SIZE
        struct.pack_into(SEGMENT_RECORD, self._bytes, at, selector, 0, base, limit, flags)
        self._derive_ring()
        return True

    def _derive_ring(self) -> None:
        """What the engine knows by heart of the segments: whether bases count, how wide the stack is."""
        base_of = LAYOUT.segments_byte // 8 + 1
        step = SEGMENT_SIZE // 8
        ring = _TEMPLATE_HALVES[LAYOUT.ring_half]
        if self.q[base_of + ES * step] | self.q[base_of + SS * step] | self.q[base_of + DS * step]:
            ring |= SEGMENT_BASES_COUNT
        if not is_32_bit(self.q[base_of + SS * step + 1] >> 32):
            ring &= ~STACK_IS_32_BIT
        self.d[LAYOUT.ring_half] = ring

    def flat_segments(self) -> None:
        """Segments and flags as a new thread has them."""
        for register, selector in enumerate(_FLAT):
            self.load_segment(register, selector)
        self.eflags = self.eflags

    # ---- floating point

    def floating_point(self) -> bytes:
        """The x87 and SSE registers, laid out as FXSAVE does."""
        data = bytearray(FPU_SIZE)
        control, status, tags = (self._read(r, 2) for r in _X87_WORDS)
        valid = sum(1 << i for i in range(8) if tags >> 2 * i & 3 != 3)
        operation, code, code_segment, operand, operand_segment = (self._read(r, 8) for r in _X87_LAST)
        struct.pack_into(
            "<HHBxHIHxxIH",
            data,
            0,
            control,
            status,
            valid,
            operation & 0x7FF,
            code & 0xFFFFFFFF,
            code_segment & 0xFFFF,
            operand & 0xFFFFFFFF,
            operand_segment & 0xFFFF,
        )
        struct.pack_into("<II", data, 24, self._read(x86.UC_X86_REG_MXCSR, 4), 0xFFFF)
        top = status >> 11 & 7
        for i in range(8):
            at = 32 + 16 * ((i - top) & 7)  # FXSAVE counts from the top of the stack
            data[at : at + 10] = self._read(x86.UC_X86_REG_FP0 + i, 10).to_bytes(10, "little")
            at = 160 + 16 * i
            data[at : at + 16] = self._read(x86.UC_X86_REG_XMM0 + i, 16).to_bytes(16, "little")
        return bytes(data)

    def set_floating_point(self, data: bytes) -> None:
        """Set the x87 and SSE registers from what ``floating_point`` gave; any bytes are safe."""
        if len(data) != FPU_SIZE:
            raise ValueError(f"floating point state has {FPU_SIZE} bytes, not {len(data)}")
        control, status, valid, *last = struct.unpack_from("<HHBxHIHxxIH", data, 0)
        (mxcsr,) = struct.unpack_from("<I", data, 24)
        tags = sum(3 << 2 * i for i in range(8) if not valid >> i & 1)
        for register, value in zip(_X87_WORDS, (control & 0x1F7F | 0x40, status, tags), strict=True):
            self._write(register, value, 2)
        for register, value in zip(_X87_LAST, last, strict=True):
            self._write(register, value, 8)
        self._write(x86.UC_X86_REG_MXCSR, mxcsr & 0xFFBF, 4)
        top = status >> 11 & 7
        for i in range(8):
            at = 32 + 16 * ((i - top) & 7)
            self._write(x86.UC_X86_REG_FP0 + i, int.from_bytes(data[at : at + 10], "little"), 10)
            at = 160 + 16 * i
            self._write(x86.UC_X86_REG_XMM0 + i, int.from_bytes(data[at : at + 16], "little"), 16)

    def _read(self, register: int, size: int) -> int:
        value = ctypes.create_string_buffer(size)
        error = context_register_read(self.address, register, value)
        assert error == 0, f"cannot read register {register}: {error}"
        return int.from_bytes(value.raw, "little")

    def _write(self, register: int, value: int, size: int) -> None:
        data = ctypes.create_string_buffer(value.to_bytes(size, "little"), size)
        error = context_register_write(self.address, register, data)
        assert error == 0, f"cannot write register {register}: {error}"

    # ---- to other nodes

    def portable_bytes(self) -> bytes:
        """All that a program can see or set of its processor, the same on every host."""
        q = self.q
        general = [q[i] & 0xFFFFFFFF for i in (*GENERAL_REGISTERS, EIP, EFLAGS)]
        selectors = [self.segment(register) for register in range(6)]
        return b"".join(
            (_GENERAL.pack(*general), _SELECTORS.pack(*selectors), self.tls, self.floating_point())
        )

    @classmethod
    def from_portable_bytes(cls, data: bytes, translation: Translation) -> "ProcessorState":
        """The state that ``portable_bytes`` described; ValueError for what no thread can have."""
        if len(data) != PORTABLE_SIZE:
            raise ValueError(f"a processor state has {PORTABLE_SIZE} bytes, not {len(data)}")
        state = cls(translation)
        *general, eip, flags = _GENERAL.unpack_from(data)
        for index, value in zip(GENERAL_REGISTERS, general, strict=True):
            state.q[index] = value
        state.q[EIP] = eip
        state.eflags = flags
        at = _GENERAL.size + _SELECTORS.size
        for slot in range(TLS_SLOTS):
            state.set_tls_descriptor(slot, data[at + 8 * slot : at + 8 * slot + 8])
        for register, selector in enumerate(_SELECTORS.unpack_from(data, _GENERAL.size)):
            if not state.load_segment(register, selector):
                raise ValueError(f"no thread can have selector {selector:#x} in segment register {register}")
        state.set_floating_point(data[at + TLS_SIZE :])
        return state


_X87_WORDS = (x86.UC_X86_REG_FPCW, x86.UC_X86_REG_FPSW, x86.UC_X86_REG_FPTAG)
_X87_LAST = (  # the last operation: what, where, on what
    x86.UC_X86_REG_FOP,
    x86.UC_X86_REG_FIP,
    x86.UC_X86_REG_FCS,
    x86.UC_X86_REG_FDP,
    x86.UC_X86_REG_FDS,
)
