"""What the simulated processor alone costs: the floors beside which the kernel's figures stand.

Each is the best of several short measurements, because the host has other things to do as well.
"""

from time import perf_counter

from kernel.machine.memory import PAGE_SHIFT, PAGE_SIZE, PhysicalMemory
from kernel.machine.mmu import PTE_PRESENT, PTE_USER, PTE_WRITE, Translation
from kernel.machine.processor import EDI, EIP, ESP, Exit, MachinePages, Processor, ProcessorState

_CODE = 0x400000
_ARRAY = _CODE + PAGE_SIZE
_ARRAY_PAGES = 26
_TRAPS_AT_ONCE = 5_000
_BUDGET = 100_000

_INSTRUCTIONS_AT_ONCE = 2_000_000
# A sieve of Eratosthenes over 100,000 bytes at EDI, again and again: what userland/bench/compute.c does.
_SIEVE = bytes.fromhex(
    "bb02000000"  # again: mov ebx,2
    "803c1f00"  # number: cmp byte [edi+ebx],0
    "7515"  # jne next
    "01de"  # add esi,ebx
    "8d141b"  # lea edx,[ebx+ebx]
    "eb06"  # jmp to the comparison
    "c6041701"  # multiple: mov byte [edi+edx],1
    "01da"  # add edx,ebx
    "81faa0860100"  # cmp edx,100000
    "7cf2"  # jl multiple
    "43"  # next: inc ebx
    "81fba0860100"  # cmp ebx,100000
    "7cdc"  # jl number
    "57"  # push edi
    "b9a8610000"  # mov ecx,25000
    "31c0"  # xor eax,eax
    "f3ab"  # rep stosd
    "5f"  # pop edi
    "ebca"  # jmp again
)


def bare_trap_rate(seconds_budget: float) -> float:
    """Traps (``int 0x80``) a second, each with the state restored before and saved after."""
    processor, state = _bare_machine(b"\xcd\x80\xeb\xfc")  # int 0x80; jmp back
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


def bare_compute_rate(seconds_budget: float) -> float:
    """Instructions a second of Unicorn without any kernel, counting, in a sieve.

    It runs as programs do, with page tables and flat segments: that is faster than Unicorn as it comes
    out of the box, whose segments have bases to add.
    """
    processor, state = _bare_machine(_SIEVE)
    state.q[EDI], state.q[ESP] = _ARRAY, _ARRAY + _ARRAY_PAGES * PAGE_SIZE
    best = 0.0
    end = perf_counter() + seconds_budget
    while (began := perf_counter()) < end or not best:
        if processor.run(state, _INSTRUCTIONS_AT_ONCE) is not Exit.BUDGET:
            raise RuntimeError("the processor does not compute")
        best = max(best, _INSTRUCTIONS_AT_ONCE / (perf_counter() - began))
    return best


def _bare_machine(code: bytes) -> tuple[Processor, ProcessorState]:
    """A processor without a kernel, and a thread about to run ``code``, with an array to write to."""
    memory = PhysicalMemory(1 << 20)
    pages = MachinePages(memory)
    words = memory.view.cast("Q")
    root, directory, table = (_frame(memory) for _ in range(3))
    words[root >> 3] = directory | PTE_PRESENT
    words[(root >> 3) + 3] = pages.directory | PTE_PRESENT
    every = PTE_PRESENT | PTE_WRITE | PTE_USER
    words[(directory >> 3) + (_CODE >> 21)] = table | every
    for page in range(1 + _ARRAY_PAGES):
        words[(table >> 3) + (_CODE >> PAGE_SHIFT & 511) + page] = _frame(memory) | every
    memory.write(words[(table >> 3) + (_CODE >> PAGE_SHIFT & 511)] >> PAGE_SHIFT, 0, code)
    state = ProcessorState(Translation(root))
    state.q[EIP] = _CODE
    return Processor(memory, pages), state


def _frame(memory: PhysicalMemory) -> int:
    """The physical address of an empty frame."""
    frame = memory.allocate()
    assert frame is not None
    memory.zero(frame)
    return frame << PAGE_SHIFT
