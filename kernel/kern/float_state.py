"""``i386_float_state``: the x87 registers as programs see them, in the layout of the FNSAVE instruction.

The processor's state is kept in the layout of FXSAVE (``ProcessorState.floating_point``), which has the
same contents but packs the tags into a bit per register and has room for SSE.  The SSE registers have
no place in Mach's structure: they are neither shown nor changed.
"""

import struct

from ..interface.constants import FP_387
from ..interface.returns import KernReturn, MachError
from ..machine.processor_state import ProcessorState

REGISTERS = 8
REGISTER_BYTES = 10

_STATE = struct.Struct("<ii108si")  # fpkind, initialized, hw_state, exc_status
_SAVED = struct.Struct("<HxxHxxHxxIHHIHxx")  # control, status, tags, eip, cs, opcode, data pointer, ds
_REGISTERS_AT = _SAVED.size
_EXTENDED = struct.Struct("<HHBxHIHxxIH")  # the head of FXSAVE; the fields in its order
_EXTENDED_REGISTERS_AT, _EXTENDED_STEP = 32, 16
_WORDS = struct.Struct(f"<{_STATE.size // 4}I")

FLOAT_STATE_COUNT = _STATE.size // 4

TAG_VALID, TAG_ZERO, TAG_SPECIAL, TAG_EMPTY = range(4)

_CONTROL_AT_START = 0x37F  # after FNINIT: every exception masked, 64 bits of precision


def get_float_state(state: ProcessorState) -> tuple[int, ...]:
    """The words of the structure."""
    data = state.floating_point()
    control, status, valid, opcode, eip, cs, data_pointer, ds = _EXTENDED.unpack_from(data)
    registers = [_register(data, index) for index in range(REGISTERS)]
    top = status >> 11 & 7
    tags = 0
    for physical in range(REGISTERS):
        tag = _tag(registers[(physical - top) & 7]) if valid >> physical & 1 else TAG_EMPTY
        tags |= tag << 2 * physical
    saved = _SAVED.pack(control, status, tags, eip, cs, opcode, data_pointer, ds) + b"".join(registers)
    return _WORDS.unpack(_STATE.pack(FP_387, 1, saved, 0))


def set_float_state(state: ProcessorState, words: tuple[int, ...]) -> None:
    """Load the registers, or put them back to how a thread starts when ``initialized`` is zero.
    INVALID_ARGUMENT for another kind of unit than there is."""
    kind, initialized, saved, _ = _STATE.unpack(_WORDS.pack(*words))
    if kind != FP_387:
        raise MachError(KernReturn.INVALID_ARGUMENT)
    if not initialized:
        saved = _SAVED.pack(_CONTROL_AT_START, 0, 0xFFFF, 0, 0, 0, 0, 0).ljust(len(saved), b"\0")
    control, status, tags, eip, cs, opcode, data_pointer, ds = _SAVED.unpack_from(saved)
    valid = sum(1 << i for i in range(REGISTERS) if tags >> 2 * i & 3 != TAG_EMPTY)
    data = bytearray(state.floating_point())
    _EXTENDED.pack_into(data, 0, control, status, valid, opcode & 0x7FF, eip, cs, data_pointer, ds)
    for index in range(REGISTERS):
        source = _REGISTERS_AT + index * REGISTER_BYTES
        at = _EXTENDED_REGISTERS_AT + index * _EXTENDED_STEP
        data[at : at + REGISTER_BYTES] = saved[source : source + REGISTER_BYTES]
    state.set_floating_point(bytes(data))


def _register(data: bytes, index: int) -> bytes:
    """ST(index) of an FXSAVE area."""
    at = _EXTENDED_REGISTERS_AT + index * _EXTENDED_STEP
    return data[at : at + REGISTER_BYTES]


def _tag(register: bytes) -> int:
    """What FNSAVE says of a register in use."""
    mantissa, exponent = struct.unpack("<QH", register)
    exponent &= 0x7FFF
    if exponent == 0 and mantissa == 0:
        return TAG_ZERO
    if exponent in (0, 0x7FFF) or not mantissa >> 63:
        return TAG_SPECIAL
    return TAG_VALID
