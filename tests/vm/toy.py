"""A node's memory without a processor: what the tests of this room run on.

``ToyProcessor`` accesses memory as a processor does: it walks the page tables, keeps what it found in a
translation buffer for as long as the pmap's ``generation`` stands still, sets the accessed and dirty
bits, keeps what it fetched as translated code until ``code_generation`` moves on, and faults.
"""

from dataclasses import fields

from kernel.interface.returns import KernReturn, MachError
from kernel.machine.clock import Clock
from kernel.machine.costs import Costs
from kernel.machine.memory import PAGE_SIZE, PhysicalMemory
from kernel.machine.mmu import (
    PTE_ACCESSED,
    PTE_DIRTY,
    PTE_FRAME_MASK,
    PTE_NO_EXECUTE,
    PTE_PRESENT,
    PTE_USER,
    PTE_WRITE,
)
from kernel.machine.trace import Trace
from kernel.vm.fault import fault
from kernel.vm.map import VmMap
from kernel.vm.protection import VM_PROT_EXECUTE, VM_PROT_READ, VM_PROT_WRITE
from kernel.vm.system import VmSystem

READ = VM_PROT_READ
WRITE = VM_PROT_READ | VM_PROT_WRITE
EXECUTE = VM_PROT_READ | VM_PROT_EXECUTE


def toy_costs() -> Costs:
    """Every kind of work costs something, so that forgotten charges show."""
    return Costs(**{field.name: 10 + number for number, field in enumerate(fields(Costs))})


def toy_system(frames: int = 1024, processors: int = 1) -> VmSystem:
    clock = Clock()
    memory = PhysicalMemory(frames * PAGE_SIZE)
    return VmSystem(memory, clock, toy_costs(), Trace(clock, 0), processors=processors)


class ToyProcessor:
    """Reads, writes and fetches through page tables; MachError when a fault cannot be resolved."""

    def __init__(self, system: VmSystem) -> None:
        self._memory = system.memory
        self._words = system.memory.view.cast("Q")
        self._tlb: dict[tuple[int, int], int] = {}  # (root, page address) -> entry
        self._seen: dict[int, int] = {}  # root -> generation
        self._translated: dict[int, bytes] = {}  # frame -> the instructions that were in it
        self._code_generation = system.memory.code_generation
        self.faults = 0

    def read(self, vm_map: VmMap, address: int, size: int) -> bytes:
        parts = []
        while size:
            count = min(size, PAGE_SIZE - address % PAGE_SIZE)
            physical = self._translate(vm_map, address, READ)
            parts.append(bytes(self._memory.view[physical : physical + count]))
            address += count
            size -= count
        return b"".join(parts)

    def write(self, vm_map: VmMap, address: int, data: bytes) -> None:
        while data:
            count = min(len(data), PAGE_SIZE - address % PAGE_SIZE)
            physical = self._translate(vm_map, address, WRITE)
            self._memory.view[physical : physical + count] = data[:count]
            self._translated.pop(physical // PAGE_SIZE, None)  # it notices its own stores
            address += count
            data = data[count:]

    def fetch(self, vm_map: VmMap, address: int) -> bytes:
        """The page of instructions at ``address``, as this processor would execute them."""
        physical = self._translate(vm_map, address, EXECUTE)
        if self._memory.code_generation != self._code_generation:
            self._code_generation = self._memory.code_generation
            self._translated.clear()
        frame = physical // PAGE_SIZE
        if frame not in self._translated:
            self._translated[frame] = bytes(self._memory.frame(frame))
        return self._translated[frame]

    def _translate(self, vm_map: VmMap, address: int, access: int) -> int:
        """The physical address; faults as often as it takes."""
        for _ in range(4):
            physical = self._try(vm_map, address, access)
            if physical >= 0:
                return physical
            self.faults += 1
            code = fault(vm_map, address, access)
            assert isinstance(code, int)
            if code:
                raise MachError(code)
        raise AssertionError(f"{address:#x} faults for ever")

    def _try(self, vm_map: VmMap, address: int, access: int) -> int:
        pmap = vm_map.pmap
        if self._seen.get(pmap.root) != pmap.generation:
            self._seen[pmap.root] = pmap.generation
            self._tlb = {key: entry for key, entry in self._tlb.items() if key[0] != pmap.root}
        page = address & -PAGE_SIZE
        entry = self._tlb.get((pmap.root, page), 0)
        if not _allows(entry, access) or (access & VM_PROT_WRITE and not entry & PTE_DIRTY):
            entry = self._walk(pmap.root, address, access)
            self._tlb[pmap.root, page] = entry
        if not _allows(entry, access):
            return -1
        return (entry & PTE_FRAME_MASK) + address % PAGE_SIZE

    def _walk(self, root: int, address: int, access: int) -> int:
        words = self._words
        top = words[root // 8 + (address >> 30)]
        if not top & PTE_PRESENT:
            return 0
        directory = words[(top & PTE_FRAME_MASK) // 8 + (address >> 21 & 511)]
        if not directory & PTE_PRESENT:
            return 0
        assert directory & PTE_USER and directory & PTE_WRITE
        index = (directory & PTE_FRAME_MASK) // 8 + (address >> 12 & 511)
        if _allows(words[index], access):
            words[index] |= PTE_ACCESSED | (PTE_DIRTY if access & VM_PROT_WRITE else 0)
        return words[index]


def _allows(entry: int, access: int) -> bool:
    if not entry & PTE_PRESENT or not entry & PTE_USER:
        return False
    if access & VM_PROT_WRITE and not entry & PTE_WRITE:
        return False
    return not (access & VM_PROT_EXECUTE and entry & PTE_NO_EXECUTE)


def code_of(error: MachError) -> KernReturn:
    return KernReturn(error.code)
