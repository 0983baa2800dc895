"""What the simulated processor alone costs: the floors beside which the kernel's figures stand.

Each is the best of several short measurements, because the host has other things to do as well.
"""

import struct
from time import perf_counter

from kernel.kern.bootstrap import Program
from kernel.machine.memory import PAGE_SHIFT, PAGE_SIZE, PhysicalMemory
from kernel.machine.mmu import PTE_NO_EXECUTE, PTE_PRESENT, PTE_USER, PTE_WRITE, Translation
from kernel.machine.processor import EIP, ESP, Exit, MachinePages, Processor, ProcessorState

_CODE = 0x400000
_TRAPS_AT_ONCE = 5_000
_BUDGET = 100_000

_INSTRUCTIONS_AT_ONCE = 2_000_000
_BARE_CODE = b"bare code:\0\0"  # what userland/bench/compute.c marks its function with


def bare_trap_rate(seconds_budget: float) -> float:
    """Traps (``int 0x80``) a second, each with the state restored before and saved after."""
    processor, state, memory, frames = _bare_machine(_CODE, 1, 0)
    memory.write(frames[0], 0, b"\xcd\x80\xeb\xfc")  # int 0x80; jmp back
    state.q[EIP] = _CODE
    run = processor.run
    if run(state, _BUDGET) is not Exit.SYSCALL:
        raise RuntimeError("the processor does not trap")
    best = 0.0
    end = perf_counter() + seconds_budget
    while (began := perf_counter()) < end or not best:
        for _ in range(_TRAPS_AT_ONCE):
            run(state, _BUDGET)
        best = max(best, _TRAPS_AT_ONCE / (perf_counter() - began))
    return best


def bare_compute_rate(program: bytes, seconds_budget: float) -> float:
    """Instructions a second of Unicorn without any kernel, counting, in the marked function of a program.

    It runs as programs do, with page tables and flat segments: that is faster than Unicorn as it comes
    out of the box, whose segments have bases to add.
    """
    processor, state = _bare_program(program)
    best = 0.0
    end = perf_counter() + seconds_budget
    while (began := perf_counter()) < end or not best:
        if processor.run(state, _INSTRUCTIONS_AT_ONCE) is not Exit.BUDGET:
            raise RuntimeError("the processor does not compute")
        best = max(best, _INSTRUCTIONS_AT_ONCE / (perf_counter() - began))
    return best


def _bare_program(program: bytes) -> tuple[Processor, ProcessorState]:
    """A processor without a kernel, and a thread about to call the marked function of a program with an
    argument that lets it run for good.  Code, data and a page of stack lie in one page table's reach."""
    segments = Program(program).segments
    first = min(address for _, address, _, _, _ in segments) & -PAGE_SIZE
    last = max(address + size for _, address, _, size, _ in segments)
    count = (last - first + PAGE_SIZE - 1 >> PAGE_SHIFT) + 1
    code = (min(address for _, address, _, _, flags in segments if flags & 2) - first) >> PAGE_SHIFT
    processor, state, memory, frames = _bare_machine(first, code, count - code)
    for offset, address, in_file, _, _ in segments:
        for at in range(in_file):
            page, within = divmod(address + at - first, PAGE_SIZE)
            memory.write(frames[page], within, program[offset + at : offset + at + 1])
    (function,) = struct.unpack_from("<I", program, program.index(_BARE_CODE) + len(_BARE_CODE))
    stack = first + count * PAGE_SIZE - 16
    memory.write(frames[-1], PAGE_SIZE - 12, struct.pack("<i", -1))
    state.q[EIP], state.q[ESP] = function, stack
    return processor, state


def _bare_machine(
    start: int, code: int, data: int
) -> tuple[Processor, ProcessorState, PhysicalMemory, list[int]]:
    """A processor without a kernel, a thread, their memory, and the frames of the pages from ``start`` on:
    ``code`` that may be executed, then ``data`` that may be written.  (The engine is half as fast where
    pages may be both.)"""
    count = code + data
    memory = PhysicalMemory(1 << 20)
    pages = MachinePages(memory)
    words = memory.view.cast("Q")
    root, directory, table = (_frame(memory) for _ in range(3))
    words[root >> 3] = directory | PTE_PRESENT
    words[(root >> 3) + 3] = pages.directory | PTE_PRESENT
    words[(directory >> 3) + (start >> 21)] = table | PTE_PRESENT | PTE_WRITE | PTE_USER
    first = (table >> 3) + (start >> PAGE_SHIFT & 511)
    assert (start >> PAGE_SHIFT & 511) + count <= 512, "more than one page table"
    frames = [_frame(memory) for _ in range(count)]
    for page, frame in enumerate(frames):
        words[first + page] = frame | PTE_PRESENT | PTE_USER
        words[first + page] |= 0 if page < code else PTE_WRITE | PTE_NO_EXECUTE
    numbers = [frame >> PAGE_SHIFT for frame in frames]
    return Processor(memory, pages), ProcessorState(Translation(root)), memory, numbers


def _frame(memory: PhysicalMemory) -> int:
    """The physical address of an empty frame."""
    frame = memory.allocate()
    assert frame is not None
    memory.zero(frame)
    return frame << PAGE_SHIFT
