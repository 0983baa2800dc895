"""A bare machine for the processor's tests: memory, page tables written by hand, machine code as bytes."""

from kernel.machine.memory import PAGE_SHIFT, PAGE_SIZE, PhysicalMemory
from kernel.machine.mmu import (
    PTE_FRAME_MASK,
    PTE_NO_EXECUTE,
    PTE_PRESENT,
    PTE_USER,
    PTE_WRITE,
    Translation,
)
from kernel.machine.processor import EIP, ESP, Exit, MachinePages, Processor, ProcessorState

CODE = 0x400000
DATA = 0x501000
STACK = 0x602000
STACK_TOP = STACK + PAGE_SIZE - 16

READ, WRITE, EXECUTE = 1, 2, 4


class AddressSpace(Translation):
    """Page tables of one address space."""

    __slots__ = ("machine",)

    def __init__(self, machine: "Machine") -> None:
        self.machine = machine
        root = machine.table()
        super().__init__(root)
        machine.words[(root >> 3) + 3] = machine.pages.directory | PTE_PRESENT

    def entry_index(self, address: int) -> int:
        """The index, in 64-bit words of memory, of the page table entry of ``address``."""
        words, machine = self.machine.words, self.machine
        at = (self.root >> 3) + (address >> 30)
        if not words[at]:
            words[at] = machine.table() | PTE_PRESENT
        at = ((words[at] & PTE_FRAME_MASK) >> 3) + (address >> 21 & 511)
        if not words[at]:
            words[at] = machine.table() | PTE_PRESENT | PTE_WRITE | PTE_USER
        return ((words[at] & PTE_FRAME_MASK) >> 3) + (address >> 12 & 511)

    def enter(self, address: int, frame: int, rights: int = READ | WRITE) -> None:
        """Map the page at ``address`` onto ``frame``."""
        bits = PTE_PRESENT | PTE_USER
        bits |= PTE_WRITE if rights & WRITE else 0
        bits |= 0 if rights & EXECUTE else PTE_NO_EXECUTE
        self.machine.words[self.entry_index(address)] = frame << PAGE_SHIFT | bits

    def remove(self, address: int) -> None:
        self.machine.words[self.entry_index(address)] = 0
        self.generation += 1

    def map_new(self, address: int, rights: int = READ | WRITE, content: bytes = b"") -> int:
        """Map a fresh frame holding ``content``; its number."""
        frame = self.machine.memory.allocate()
        assert frame is not None
        self.machine.memory.zero(frame)
        self.machine.memory.write(frame, 0, content)
        self.enter(address, frame, rights)
        return frame


class Machine:
    """Memory, the shared pages, processors, and one address space with code, data and a stack."""

    def __init__(self, size: int = 1 << 20, processors: int = 1) -> None:
        self.memory = PhysicalMemory(size)
        self.words = self.memory.view.cast("Q")
        self.pages = MachinePages(self.memory)
        self.processors = [Processor(self.memory, self.pages) for _ in range(processors)]
        self.processor = self.processors[0]

    def table(self) -> int:
        """The physical address of a new, empty table."""
        frame = self.memory.allocate()
        assert frame is not None
        self.memory.zero(frame)
        return frame << PAGE_SHIFT

    def space(self, code: bytes = b"") -> AddressSpace:
        """An address space with ``code`` at CODE, a page of data and one of stack."""
        space = AddressSpace(self)
        if code:
            space.map_new(CODE, READ | EXECUTE, code)
        space.map_new(DATA)
        space.map_new(STACK)
        return space

    def thread(self, code: bytes | AddressSpace, at: int = CODE) -> ProcessorState:
        """A thread about to run at ``at``, in an address space of its own unless one is given."""
        space = code if isinstance(code, AddressSpace) else self.space(code)
        state = ProcessorState(space)
        state.q[EIP] = at
        state.q[ESP] = STACK_TOP
        return state

    def run(self, state: ProcessorState, budget: int = 10_000) -> Exit:
        return self.processor.run(state, budget)
