"""What happens when a thread leaves user mode: the way from the processor into the kernel.

Three doors.  ``lcall $7,$0`` is a system call in Mach's convention: a number in EAX, negative for
Mach's own traps.  ``int $0x80`` is one in the convention of Linux.  Either is first looked up in the
task's emulation vector; a number found there is *redirected*: EFLAGS and the return address are pushed
on the user's stack and the thread goes on at the emulation entry, registers otherwise as they were.
Everything else is a page fault or an exception.

``lcall $7,$0`` reaches the kernel as a general protection fault, because there is no call gate; it is
recognised by its bytes.  ``rdtsc`` likewise, and is answered from virtual time.
"""

import struct
from collections import deque
from collections.abc import Callable
from typing import Protocol

from ..interface.constants import (
    EXC_ARITHMETIC,
    EXC_BAD_ACCESS,
    EXC_BAD_INSTRUCTION,
    EXC_BREAKPOINT,
    EXC_I386_BOUND,
    EXC_I386_BPT,
    EXC_I386_DIV,
    EXC_I386_EXTERR,
    EXC_I386_GPFLT,
    EXC_I386_INTO,
    EXC_I386_INVOPFLT,
    EXC_I386_NOEXT,
    EXC_I386_SEGNPFLT,
    EXC_I386_SGL,
    EXC_I386_STKFLT,
    VM_PROT_EXECUTE,
    VM_PROT_READ,
    VM_PROT_WRITE,
)
from ..interface.returns import KernReturn, MachError
from ..machine.clock import Clock
from ..machine.costs import Costs
from ..machine.mmu import FAULT_FETCH, FAULT_WRITE
from ..machine.processor import EAX, EDX, EFLAGS, EIP, ESP, Exit
from ..machine.processor_state import TRAP_FLAG
from ..machine.trace import Trace
from ..sched.processor import Processor
from ..sched.thread import KEEP_REGISTERS, KernelCoroutine, Outcome
from ..vm.access import copyin, copyout, instruction_at, unpack_user
from ..vm.fault import PageWait, fault, fault_wait
from .exception import ExceptionRaiser
from .thread import TaskThread

LCALL = bytes.fromhex("9a000000000700")
LCALL_SIZE = len(LCALL)
LCALL_MASK = (1 << 8 * LCALL_SIZE) - 1
LCALL_WORD = int.from_bytes(LCALL, "little")
RDTSC = b"\x0f\x31"
LONGEST_INSTRUCTION = 15
LINUX_VECTOR = 0x80

SYSCALL, FAULT, EXCEPTION = Exit.SYSCALL, Exit.FAULT, Exit.EXCEPTION

RECENT = 64
"""How many kernel entries a node remembers, to show them when it must stop."""

TrapHandler = Callable[[TaskThread, tuple[int, ...]], Outcome]


class TrapTable(Protocol):
    """Mach's traps, by number without its sign."""

    handlers: list[TrapHandler | None]
    argument_counts: list[int]


class TrapEntry:
    """The kernel's entry from user mode (``Kernel.trap`` of the dispatcher)."""

    __slots__ = (
        "_arguments",
        "_clock",
        "_costs",
        "_exceptions",
        "_handlers",
        "_remember",
        "_trace",
        "_trap_ns",
        "_traps",
        "recent",
    )

    def __init__(
        self, clock: Clock, costs: Costs, trace: Trace, table: TrapTable, exceptions: ExceptionRaiser
    ) -> None:
        self._clock = clock
        self._costs = costs
        self._trace = trace
        self._exceptions = exceptions
        self._trap_ns = costs.trap
        self._handlers = table.handlers
        self._arguments = [struct.Struct(f"<{count}I") if count else None for count in table.argument_counts]
        self._traps = len(table.handlers)
        self.recent: deque[tuple[int, int, int, int]] = deque(maxlen=RECENT)
        self._remember = self.recent.append

    def served(self) -> frozenset[int]:
        """Numbers of the traps that are served (negative, as in EAX)."""
        return frozenset(-number for number, handler in enumerate(self._handlers) if handler is not None)

    def trap(self, thread: TaskThread, reason: int, processor: Processor) -> Outcome:
        """Deal with the exit of ``thread`` from user mode."""
        state = thread.user_state
        assert state is not None
        clock = self._clock
        hardware = processor.hardware
        if reason == FAULT:
            address = state.fault_address
            self._remember((clock.now, thread.number, 14, address))
            return self._page_fault(thread, address, hardware.error)
        vector = hardware.vector
        words = state.q
        self._remember((clock.now, thread.number, vector, words[EAX]))
        if reason == EXCEPTION:
            if vector == 13:
                if instruction_at(thread.map, words[EIP]) & LCALL_MASK == LCALL_WORD:
                    return self._system_call(thread, words)
                return self._general_protection(thread, processor.hardware.error)
            clock.now += self._costs.exception
            return self._exception(thread, vector, processor.hardware.error if vector in HAS_ERROR else 0)
        if reason == SYSCALL and vector == LINUX_VECTOR:
            number = words[EAX] & 0xFFFFFFFF
            entry = thread.task.emulation.get(number - ((number & 0x80000000) << 1))
            if entry is not None:
                return self._redirect(thread, entry)
        clock.now += self._costs.exception
        if reason == SYSCALL:
            return self._software_interrupt(thread, vector)
        return self._exceptions.raise_on(thread, EXC_BAD_INSTRUCTION, EXC_I386_INVOPFLT, 0)

    # ---- system calls

    def _system_call(self, thread: TaskThread, words: memoryview) -> Outcome:
        """``lcall $7,$0``, EIP at it."""
        words[EIP] += LCALL_SIZE
        number = words[EAX] & 0xFFFFFFFF
        emulation = thread.task.emulation
        if number & 0x80000000:
            if emulation and number - 0x100000000 in emulation:
                return self._redirect(thread, emulation[number - 0x100000000])
            return self.mach_trap(thread, 0x100000000 - number)
        if number in emulation:
            return self._redirect(thread, emulation[number])
        words[EIP] -= LCALL_SIZE
        self._clock.now += self._costs.exception
        return self._exceptions.raise_on(thread, EXC_BAD_INSTRUCTION, EXC_I386_INVOPFLT, number)

    def _general_protection(self, thread: TaskThread, error: int) -> Outcome:
        """A protection violation, unless the instruction stands for something else."""
        state = thread.user_state
        assert state is not None
        words = state.q
        try:
            code = copyin(thread.map, words[EIP], LCALL_SIZE)
        except MachError:
            code = self._short_code(thread, words[EIP])
        except PageWait as wait:
            return self._restart(wait)
        if code == LCALL:
            return self._system_call(thread, words)
        self._clock.now += self._costs.exception
        if code[:2] == RDTSC:
            now = self._clock.now
            words[EAX] = now & 0xFFFFFFFF
            words[EDX] = now >> 32 & 0xFFFFFFFF
            words[EIP] += 2
            return KEEP_REGISTERS
        return self._exceptions.raise_on(thread, EXC_BAD_INSTRUCTION, EXC_I386_GPFLT, error & 0xFFFF)

    def _short_code(self, thread: TaskThread, address: int) -> bytes:
        """Two bytes of code, where seven would reach beyond mapped memory."""
        try:
            return copyin(thread.map, address, 2)
        except (MachError, PageWait):
            return b""

    def mach_trap(self, thread: TaskThread, number: int) -> Outcome:
        """Mach's trap ``-number``, arguments on the user's stack above the return address."""
        self._clock.now += self._trap_ns
        if number >= self._traps:
            return int(KernReturn.INVALID_ARGUMENT)
        handler = self._handlers[number]
        if handler is None:
            return int(KernReturn.INVALID_ARGUMENT)
        layout = self._arguments[number]
        try:
            if layout is None:
                return handler(thread, ())
            state = thread.user_state
            assert state is not None
            return handler(thread, unpack_user(thread.map, state.q[ESP] + 4 & 0xFFFFFFFF, layout))
        except MachError as error:
            return error.code & 0xFFFFFFFF
        except PageWait as wait:
            return self._wait_and_trap(thread, number, wait)

    async def _wait_and_trap(self, thread: TaskThread, number: int, wait: PageWait) -> int:
        """A trap that met an absent page before it had any effect: bring the page in, start over."""
        handler, layout = self._handlers[number], self._arguments[number]
        state = thread.user_state
        assert handler is not None and state is not None
        while True:
            code = await fault_wait(wait.map, wait.address, wait.access)
            if code:
                return int(code)
            self._clock.now += self._trap_ns
            try:
                stack = state.q[ESP] + 4 & 0xFFFFFFFF
                arguments = () if layout is None else unpack_user(thread.map, stack, layout)
                outcome = handler(thread, arguments)
            except MachError as error:
                return error.code & 0xFFFFFFFF
            except PageWait as again:
                wait = again
                continue
            if outcome is None or isinstance(outcome, int):
                return KEEP_REGISTERS if outcome is None else outcome
            return await outcome

    def _redirect(self, thread: TaskThread, entry: int) -> Outcome:
        """Send a system call to the emulation library of the task."""
        state = thread.user_state
        assert state is not None
        words = state.q
        self._clock.now += self._costs.emulation
        stack = (words[ESP] - 8) & 0xFFFFFFFF
        frame = struct.pack("<II", words[EIP] & 0xFFFFFFFF, words[EFLAGS] & 0xFFFFFFFF)
        try:
            copyout(thread.map, stack, frame)
        except MachError as error:
            return self._exceptions.raise_on(thread, EXC_BAD_ACCESS, error.code, stack)
        except PageWait as wait:
            return self._redirect_later(thread, entry, wait)
        words[ESP] = stack
        words[EIP] = entry
        return KEEP_REGISTERS

    async def _redirect_later(self, thread: TaskThread, entry: int, wait: PageWait) -> int:
        code = await fault_wait(wait.map, wait.address, wait.access)
        if code:
            return await self._exceptions.raise_on(thread, EXC_BAD_ACCESS, code, wait.address)
        outcome = self._redirect(thread, entry)
        return outcome if isinstance(outcome, int) or outcome is None else await outcome  # type: ignore[return-value]

    # ---- faults and exceptions

    def _page_fault(self, thread: TaskThread, address: int, error: int) -> Outcome:
        access = VM_PROT_READ
        if error & FAULT_WRITE:
            access |= VM_PROT_WRITE
        elif error & FAULT_FETCH:
            access |= VM_PROT_EXECUTE
        self._clock.now += self._costs.exception
        task, statistics = thread.task, thread.map.system.statistics
        task.faults += 1
        zero_fills, copies = statistics.zero_fill, statistics.cow_faults
        memory = thread.map.system.memory
        code_generation = memory.code_generation
        code = fault(thread.map, address, access)
        task.zero_fills += statistics.zero_fill - zero_fills
        task.copy_on_write_faults += statistics.cow_faults - copies
        if code == 0:
            if memory.code_generation != code_generation and access & VM_PROT_WRITE:
                self._let_store_into_itself(thread, address)
            return KEEP_REGISTERS
        if code.__class__ is int or isinstance(code, int):
            return self._exceptions.raise_on(thread, EXC_BAD_ACCESS, int(code), address)
        return self._finish_fault(thread, address, code)

    def _let_store_into_itself(self, thread: TaskThread, address: int) -> None:
        """The page at ``address`` was code and became data, for a store.  If the instruction that stores is
        in that very page, it must be both."""
        state = thread.user_state
        assert state is not None
        maps = thread.map.system.maps
        if not maps.exclusive:
            return
        pmap = thread.map.pmap
        frame = pmap.extract(address)
        eip = state.q[EIP]
        if frame is not None and frame in (pmap.extract(eip), pmap.extract(eip + LONGEST_INSTRUCTION - 1)):
            maps.make_mixed(frame)

    async def _finish_fault(self, thread: TaskThread, address: int, pending: KernelCoroutine) -> int:
        code = await pending
        if code and code != KernReturn.ABORTED:  # else the instruction is executed again, if ever
            return await self._exceptions.raise_on(thread, EXC_BAD_ACCESS, code, address)
        return KEEP_REGISTERS

    async def _restart(self, wait: PageWait) -> int:
        """The instruction is simply executed again once the page is there."""
        await fault_wait(wait.map, wait.address, wait.access)
        return KEEP_REGISTERS

    def _software_interrupt(self, thread: TaskThread, vector: int) -> Outcome:
        """``int n``: 3 and 4 are for everybody, any other is a protection violation."""
        if vector in (3, 4):
            return self._exception(thread, vector, 0)
        state = thread.user_state
        assert state is not None
        state.q[EIP] -= 2
        return self._exceptions.raise_on(thread, EXC_BAD_INSTRUCTION, EXC_I386_GPFLT, vector * 8 + 2)

    def _exception(self, thread: TaskThread, vector: int, error: int) -> Outcome:
        exception, code = EXCEPTIONS.get(vector, (EXC_BAD_INSTRUCTION, EXC_I386_INVOPFLT))
        if vector == 1:
            state = thread.user_state
            assert state is not None
            state.q[EFLAGS] &= ~TRAP_FLAG
        return self._exceptions.raise_on(thread, exception, code, error & 0xFFFF)


ALIGNMENT_CHECK = 17
"""As a code, the vector: Mach 3.0 has no name for it, the i386 did not have it."""

HAS_ERROR = frozenset({10, 11, 12, 17})
"""Exceptions, besides 13 and 14, for which the processor gives an error code: it becomes the subcode."""

EXCEPTIONS: dict[int, tuple[int, int]] = {
    0: (EXC_ARITHMETIC, EXC_I386_DIV),
    1: (EXC_BREAKPOINT, EXC_I386_SGL),
    3: (EXC_BREAKPOINT, EXC_I386_BPT),
    4: (EXC_ARITHMETIC, EXC_I386_INTO),
    5: (EXC_ARITHMETIC, EXC_I386_BOUND),
    6: (EXC_BAD_INSTRUCTION, EXC_I386_INVOPFLT),
    7: (EXC_ARITHMETIC, EXC_I386_NOEXT),
    11: (EXC_BAD_INSTRUCTION, EXC_I386_SEGNPFLT),
    12: (EXC_BAD_INSTRUCTION, EXC_I386_STKFLT),
    13: (EXC_BAD_INSTRUCTION, EXC_I386_GPFLT),
    16: (EXC_ARITHMETIC, EXC_I386_EXTERR),
    17: (EXC_BAD_INSTRUCTION, ALIGNMENT_CHECK),
    19: (EXC_ARITHMETIC, EXC_I386_EXTERR),
}
"""What an exception of the processor becomes: vector -> (Mach exception, code)."""
