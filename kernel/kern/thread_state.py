"""Thread states as programs see them: ``i386_thread_state`` and ``i386_float_state``.

``uesp`` is the user's stack pointer; ``esp`` was the kernel's and is zero.  A CS, SS, DS or ES of zero
stands for the one that every program starts with.
"""

from ..interface.constants import i386_FLOAT_STATE, i386_THREAD_STATE
from ..interface.returns import KernReturn, MachError
from ..machine.processor import EAX, EBP, EBX, ECX, EDI, EDX, EIP, ESI, ESP, ProcessorState
from ..machine.segments import CS, DS, ES, FS, GS, SS, USER_CODE, USER_DATA
from .float_state import FLOAT_STATE_COUNT, get_float_state, set_float_state

THREAD_STATE_COUNT = 17


def get_state(state: ProcessorState, flavor: int, room: int) -> tuple[int, ...]:
    """The words of a flavor; INVALID_ARGUMENT for an unknown one, or when they are more than ``room``."""
    if flavor == i386_THREAD_STATE and room >= THREAD_STATE_COUNT:
        q = state.q
        return (
            state.segment(GS),
            state.segment(FS),
            state.segment(ES),
            state.segment(DS),
            q[EDI],
            q[ESI],
            q[EBP],
            0,
            q[EBX],
            q[EDX],
            q[ECX],
            q[EAX],
            q[EIP],
            state.segment(CS),
            state.eflags,
            q[ESP],
            state.segment(SS),
        )
    if flavor == i386_FLOAT_STATE and room >= FLOAT_STATE_COUNT:
        return get_float_state(state)
    raise MachError(KernReturn.INVALID_ARGUMENT)


def set_state(state: ProcessorState, flavor: int, words: tuple[int, ...]) -> None:
    """Set the registers of a flavor; INVALID_ARGUMENT, and nothing set, for what no program could load."""
    if flavor == i386_THREAD_STATE and len(words) == THREAD_STATE_COUNT:
        gs, fs, es, ds, edi, esi, ebp, _, ebx, edx, ecx, eax, eip, cs, eflags, uesp, ss = words
        _load_segments(
            state,
            (
                (GS, gs),
                (FS, fs),
                (ES, es or USER_DATA),
                (DS, ds or USER_DATA),
                (CS, cs or USER_CODE),
                (SS, ss or USER_DATA),
            ),
        )
        registers = (EDI, edi), (ESI, esi), (EBP, ebp), (EBX, ebx), (EDX, edx), (ECX, ecx), (EAX, eax)
        for register, value in (*registers, (EIP, eip), (ESP, uesp)):
            state.q[register] = value
        state.eflags = eflags
    elif flavor == i386_FLOAT_STATE and len(words) == FLOAT_STATE_COUNT:
        set_float_state(state, words)
    else:
        raise MachError(KernReturn.INVALID_ARGUMENT)


def _load_segments(state: ProcessorState, selectors: tuple[tuple[int, int], ...]) -> None:
    """Load all of them, or none."""
    before = [(register, state.segment(register)) for register, _ in selectors]
    for register, selector in selectors:
        if not state.load_segment(register, selector):
            for old, old_selector in before:
                state.load_segment(old, old_selector)
            raise MachError(KernReturn.INVALID_ARGUMENT)
