"""What the processor's memory management unit knows: i386 page tables with physical address extension.

The processors walk real tables in simulated memory (PAE, so that entries are 64 bits wide and have a
no-execute bit).  A root page-directory-pointer table has 4 entries of 1 GB; each page directory has 512
entries of 2 MB; each page table 512 entries of 4 KB.  The processor itself sets ACCESSED and DIRTY.

The fourth gigabyte (from KERNEL_BASE) belongs to the machine and is the same in every address space.
"""

PTE_PRESENT = 1 << 0
PTE_WRITE = 1 << 1
PTE_USER = 1 << 2
PTE_ACCESSED = 1 << 5
PTE_DIRTY = 1 << 6
PTE_NO_EXECUTE = 1 << 63
PTE_FRAME_SHIFT = 12
PTE_FRAME_MASK = ((1 << 52) - 1) & ~0xFFF

KERNEL_BASE = 0xC0000000
"""First virtual address that no task can use (``VM_MAX_ADDRESS`` of Mach 3.0 on the i386)."""

# Page-fault error code bits (i386): what the access was.
FAULT_PRESENT = 1  # the page was present: a protection violation
FAULT_WRITE = 2
FAULT_USER = 4
FAULT_FETCH = 16


class Translation:
    """What a processor needs of an address space: the pmap is one.

    ``root`` is the physical address of the page-directory-pointer table (CR3).  ``generation`` moves
    on whenever a right was taken away, and tells processors to flush what they cached.
    """

    __slots__ = ("generation", "root")

    def __init__(self, root: int) -> None:
        self.root = root
        self.generation = 0
