"""The simulated processor: runs a thread's user instructions until they need the kernel.

A node's memory is one mapping that every engine of the node uses as its RAM; address translation is
i386 page tables (PAE, with no-execute) in that RAM, walked by the engine itself.  No Python runs
between the entry to user mode and the trap that ends it: the engine's interrupt hook is the library's
own stop function, and the cause is read from the saved state afterwards.

Invariants:

- State is saved on every entry to the kernel and restored on every exit, as on the real machine, so
  whatever the kernel does to a saved state needs nothing special.
- A program runs at ring 3, always.  Nothing it executes changes control registers, descriptor tables or
  memory that its page tables do not give it; what the engine would let through (port input and output,
  ``sysenter``, ``syscall``) ends as a protection exception with the state as before the instruction.
- The same state, memory and budget give the same result, on any host; how a run is cut into budgets
  changes neither registers nor the number of instructions counted.

Where Unicorn 2.1.4 differs from the real processor, and nothing can be done from outside:

- ``cmpxchg8b`` spoils the flags beside zero; ``rcl`` and ``rcr`` of an operand in memory lose the carry
  when their store faults after their load did not.
- Of the floating point exceptions only the x87's division by zero is raised (at the next ``fwait``); SSE
  raises none.  Alignment is not checked.
- ``int 6`` is an illegal instruction, ``int 0xcc`` looks like ``int3``.
- An instruction fetch that straddles into a missing page faults with EIP at the start of its block of
  instructions, none of which has been executed.
- An engine notices stores of its own to code, not those of another engine: on a node with several
  processors, whoever makes a written frame executable must move ``code_generation``.
"""

import ctypes
import struct
from enum import IntEnum

from unicorn import x86_const as x86

from .calibration import (
    GDT_ADDRESS,
    PAGE_FAULT,
    TLB_FLUSH,
    TRANSLATION_FLUSH,
    Engine,
    context_restore,
    context_save,
    emu_start,
    engine_control,
    engine_handle,
    hook_instruction,
    new_engine,
)
from .memory import PAGE_SHIFT, PAGE_SIZE, PhysicalMemory
from .mmu import (
    FAULT_FETCH,
    FAULT_USER,
    PTE_ACCESSED,
    PTE_DIRTY,
    PTE_FRAME_MASK,
    PTE_NO_EXECUTE,
    PTE_PRESENT,
    PTE_WRITE,
    Translation,
)
from .processor_state import (
    EAX,
    EBP,
    EBX,
    ECX,
    EDI,
    EDX,
    EFLAGS,
    EIP,
    ESI,
    ESP,
    LAYOUT,
    ProcessorState,
)
from .segments import NO_TLS, TLS_OFFSET, TLS_SIZE, global_table

__all__ = [
    "EAX",
    "EBP",
    "EBX",
    "ECX",
    "EDI",
    "EDX",
    "EFLAGS",
    "EIP",
    "ESI",
    "ESP",
    "Exit",
    "MachinePages",
    "Processor",
    "ProcessorState",
]


class Exit(IntEnum):
    """Why user mode ended."""

    SYSCALL = 0  # int n (also int3: 3, and into: 4): ``vector`` is n, EIP behind it
    FAULT = 1  # a page fault: ``state.fault_address`` and ``error``; EIP at the instruction
    EXCEPTION = 2  # any other exception: ``vector`` and ``error``; EIP at the instruction (1: behind it)
    ILLEGAL = 3  # no such instruction (exception 6); EIP at it
    BUDGET = 4  # the instructions allowed have been executed


SYSCALL, FAULT, EXCEPTION, ILLEGAL, BUDGET = Exit

# Vectors of the exceptions that the engine does not report by number.
DEBUG = 1
BREAKPOINT = 3
OVERFLOW = 4
BOUND = 5
INVALID_OPCODE = 6
GENERAL_PROTECTION = 13
FPU_ERROR = 16

_OLD_EXCEPTION = LAYOUT.old_exception_half
_IS_INT = LAYOUT.is_int_half
_ERROR = LAYOUT.error_half
_FLAGS_FORM = LAYOUT.flags_form_half
_FLAGS_SOURCE = LAYOUT.flags_source_word
_DIRECTION = LAYOUT.direction_half
_DR6 = LAYOUT.dr6_word
_DR6_SINGLE_STEP = 1 << 14
_UC_ERR_INSN_INVALID = 10


_ARITHMETIC_FLAGS = 0x8D5
_DIRECTION_FLAG = 0x400
_VIRTUAL_8086 = 0x20000


def _repair_flags(state: ProcessorState) -> None:
    """Make EFLAGS right after an instruction was broken off.

    The engine, when it counts, turns the flags into their plain form before every instruction; when the
    instruction then faults it goes back to what it knew *before* the counting, and takes the plain form
    for operands of a comparison.  The plain form itself is always there.  (Not so for faults of the
    fetch, before which nothing was counted, and after the instruction is done.)
    """
    q, d = state.q, state.d
    flags = q[EFLAGS] & ~(_ARITHMETIC_FLAGS | _DIRECTION_FLAG)
    flags |= q[_FLAGS_SOURCE] & _ARITHMETIC_FLAGS
    if d[_DIRECTION] < 0:
        flags |= _DIRECTION_FLAG
    q[EFLAGS] = flags


class MachinePages:
    """The frames that all processors and address spaces of a node share.

    ``directory`` is the physical address of the page directory of the fourth gigabyte, which every
    address space has as its fourth root entry.  It maps, for the kernel's ring only, the global
    descriptor table.  Three frames.
    """

    __slots__ = ("_memory", "_tls_start", "directory", "frames", "tls")

    def __init__(self, memory: PhysicalMemory) -> None:
        self._memory = memory
        frames = [memory.allocate() for _ in range(3)]
        if None in frames:
            raise MemoryError("no frames left for the processors' own tables")
        directory, table, gdt = self.frames = [frame for frame in frames if frame is not None]
        for frame in self.frames:
            memory.zero(frame)
        self.directory = directory << PAGE_SHIFT
        entry = PTE_PRESENT | PTE_WRITE | PTE_ACCESSED | PTE_DIRTY
        put = struct.Struct("<Q").pack
        memory.write(directory, (GDT_ADDRESS >> 21 & 511) * 8, put(table << PAGE_SHIFT | entry))
        # Read-only: a far call in ring 3 pushes its return address with the kernel's rights.
        page = gdt << PAGE_SHIFT | entry & ~PTE_WRITE | PTE_NO_EXECUTE
        memory.write(table, (GDT_ADDRESS >> 12 & 511) * 8, put(page))
        memory.write(gdt, 0, global_table())
        self._tls_start = (gdt << PAGE_SHIFT) + TLS_OFFSET
        self.tls = NO_TLS

    def load_tls(self, tls: bytes) -> None:
        """Make ``tls`` the thread descriptors in the table."""
        if tls != self.tls:
            self._memory.view[self._tls_start : self._tls_start + TLS_SIZE] = tls
        self.tls = tls


class Processor:
    """One processor of a node.  The engine behind it exists only from the first run on."""

    __slots__ = (
        "_before",
        "_code_generation",
        "_counter",
        "_engine",
        "_generation",
        "_handle",
        "_memory",
        "_pages",
        "_refused",
        "_state",
        "_translation",
        "_vector",
        "_words",
        "error",
        "executed",
    )

    def __init__(self, memory: PhysicalMemory, machine_pages: MachinePages) -> None:
        self._memory = memory
        self._words = memory.view.cast("Q")
        self._pages = machine_pages
        self._engine: Engine | None = None
        self._handle = 0
        self._translation: Translation | None = None
        self._generation = 0
        self._code_generation = 0
        self._vector = 0
        self._state: ProcessorState | None = None
        self._before: ProcessorState | None = None
        self._refused = 0
        self.executed = 0  # instructions, of the last run
        self.error = 0  # the error code of the last fault or exception

    def run(self, state: ProcessorState, budget: int) -> Exit:
        """Run ``state`` in user mode for at most ``budget`` (> 0) instructions."""
        translation = state._translation
        if translation is not self._translation or translation.generation != self._generation:
            self._translation = translation
            self._generation = translation.generation
            if self._handle:
                engine_control(self._handle, TLB_FLUSH)
        memory = self._memory
        if memory.mixed:
            memory.code_generation += 1
        if memory.code_generation != self._code_generation:
            self._code_generation = memory.code_generation
            if self._handle:
                engine_control(self._handle, TRANSLATION_FLUSH)
        if state.tls is not self._pages.tls:
            self._pages.load_tls(state.tls)
        d = state.d
        d[_OLD_EXCEPTION] = -1  # else the engine takes a second fault for a double one
        address = state.address
        handle = self._handle or self._start()
        q = state.q
        context_restore(handle, address)
        result = emu_start(handle, q[EIP], 0, 0, budget)
        context_save(handle, address)
        executed = self._counter[0]
        if executed > budget:
            if self._refused:
                return self._refuse(state)
            self.executed = budget
            return BUDGET
        self.executed = executed
        if q[EFLAGS] & _VIRTUAL_8086:
            return self._leave_virtual_8086(state)
        if result == 0:
            self._state = state
            if d[_IS_INT]:
                self._vector = -1
                return SYSCALL
            error = d[_ERROR]
            vector = d[_OLD_EXCEPTION]
            if vector == PAGE_FAULT:
                self._vector = PAGE_FAULT
                self.error = error | FAULT_USER  # a far call accesses the user's stack as the kernel
                if d[_FLAGS_FORM] != 1 and not error & FAULT_FETCH:
                    _repair_flags(state)
                return FAULT
            if vector < 0:
                vector = self._unreported(state)
            self._vector = vector
            self.error = error
            if d[_FLAGS_FORM] != 1 and vector != DEBUG:
                _repair_flags(state)
            return EXCEPTION
        assert result == _UC_ERR_INSN_INVALID, f"the engine stopped with error {result}: page tables wrong?"
        self._vector = INVALID_OPCODE
        return ILLEGAL

    @property
    def vector(self) -> int:
        """The number of the last interrupt or exception.  Of an ``int n``, ask before memory changes:
        n is read from the instruction."""
        if self._vector < 0:
            assert self._state is not None
            self._vector = self._interrupt_number(self._state)
        return self._vector

    # ---- starting

    def _start(self) -> int:
        """Make the engine."""
        memory = self._memory
        engine = self._engine = new_engine(memory.address, memory.size)
        handle = self._handle = engine_handle(engine)
        self._counter = (
            memoryview(ctypes.c_uint64.from_address(handle + LAYOUT.counter_byte)).cast("B").cast("Q")
        )
        self._before = ProcessorState(Translation(0))
        for instruction in (x86.UC_X86_INS_IN, x86.UC_X86_INS_OUT):
            hook_instruction(engine, instruction, self._stop_before, GENERAL_PROTECTION)
        for instruction in (x86.UC_X86_INS_SYSCALL, x86.UC_X86_INS_SYSENTER):
            hook_instruction(engine, instruction, self._stop_before, INVALID_OPCODE)
        return handle

    # ---- instructions that the engine would let through

    def _stop_before(self, engine: Engine, *rest: int) -> int:
        """Called by the engine within such an instruction: keep the state as it was before."""
        if not self._refused:
            assert self._before is not None
            context_save(self._handle, self._before.address)
            self._refused = rest[-1]
            self.executed = self._counter[0]
            self._counter[0] = 1 << 62  # more than any budget: ``run`` will look
        engine.emu_stop()
        return 0

    def _refuse(self, state: ProcessorState) -> Exit:
        """End a run in which ``_stop_before`` was called."""
        assert self._before is not None
        state.q[:] = self._before.q
        _repair_flags(state)
        self._vector, self._refused = self._refused, 0
        self.error = 0
        self._state = state
        if state.q[EFLAGS] & _VIRTUAL_8086:
            return self._leave_virtual_8086(state)
        return ILLEGAL if self._vector == INVALID_OPCODE else EXCEPTION

    def _leave_virtual_8086(self, state: ProcessorState) -> Exit:
        """The engine lets ring 3 return into virtual 8086 mode; the next trap ends it."""
        state.flat_segments()
        self._vector = GENERAL_PROTECTION
        self.error = 0
        return EXCEPTION

    # ---- finding out what happened

    def _unreported(self, state: ProcessorState) -> int:
        """The vector of an exception that the engine does not tell: 1, 5 or 16."""
        if state.q[_DR6] & _DR6_SINGLE_STEP:
            state.q[_DR6] &= ~_DR6_SINGLE_STEP
            return DEBUG
        if self.fetch(state, state.q[EIP], 1) == b"\x62":
            return BOUND
        return FPU_ERROR

    def _interrupt_number(self, state: ProcessorState) -> int:
        """Which ``int n``, ``int3`` or ``into`` ended the run."""
        eip = state.q[EIP]
        code = self.fetch(state, (eip - 2) & 0xFFFFFFFF, 2)
        if code is None:
            code = b"\0" + (self.fetch(state, (eip - 1) & 0xFFFFFFFF, 1) or b"\xcc")
        if code[1] == 0xCC:
            return BREAKPOINT
        if code[1] == 0xCE and state.q[EFLAGS] & 0x800:
            return OVERFLOW
        return code[1]

    def fetch(self, state: ProcessorState, address: int, size: int) -> bytes | None:
        """``size`` bytes of a thread's code as its page tables show them now; None if they do not."""
        physical = self.physical(state._translation, address)
        if physical is None:
            return None
        room = PAGE_SIZE - (address & PAGE_SIZE - 1)
        if size <= room:
            return bytes(self._memory.view[physical : physical + size])
        rest = self.fetch(state, (address + room) & 0xFFFFFFFF, size - room)
        return None if rest is None else bytes(self._memory.view[physical : physical + room]) + rest

    def physical(self, translation: Translation, address: int) -> int | None:
        """Where ``address`` lies in physical memory, by the page tables; None if it is not mapped."""
        words = self._words
        entry = words[(translation.root >> 3) + (address >> 30)]
        if entry & PTE_PRESENT:
            entry = words[((entry & PTE_FRAME_MASK) >> 3) + (address >> 21 & 511)]
            if entry & PTE_PRESENT:
                entry = words[((entry & PTE_FRAME_MASK) >> 3) + (address >> 12 & 511)]
                if entry & PTE_PRESENT:
                    return (entry & PTE_FRAME_MASK) | address & PAGE_SIZE - 1
        return None
