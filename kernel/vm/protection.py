"""Rights to memory, inheritance, and page arithmetic (``mach/vm_prot.h``, ``vm_inherit.h``, ``vm_param.h``).

Plain integers: they come from programs as such, and faults compare them.

What the i386 cannot express it cannot refuse: its page tables know "nothing", "read" and "read and
write".  So whoever may do anything with a page may read it and fetch instructions from it
(VM_PROT_READ implies VM_PROT_EXECUTE, as in Mach on that machine).  Calls, as opposed to accesses by
instructions, compare exactly the rights that were set.
"""

from ..interface.constants import (
    VM_INHERIT_COPY,
    VM_INHERIT_DEFAULT,
    VM_INHERIT_NONE,
    VM_INHERIT_SHARE,
    VM_PROT_ALL,
    VM_PROT_DEFAULT,
    VM_PROT_EXECUTE,
    VM_PROT_NONE,
    VM_PROT_READ,
    VM_PROT_WRITE,
)
from ..machine.memory import PAGE_MASK, PAGE_SIZE

__all__ = [
    "ADDRESS_SPACE",
    "VM_INHERIT_COPY",
    "VM_INHERIT_DEFAULT",
    "VM_INHERIT_NONE",
    "VM_INHERIT_SHARE",
    "VM_PROT_ALL",
    "VM_PROT_DEFAULT",
    "VM_PROT_EXECUTE",
    "VM_PROT_NONE",
    "VM_PROT_READ",
    "VM_PROT_WRITE",
    "round_page",
    "trunc_page",
]

ADDRESS_SPACE = 1 << 32  # addresses and sizes of programs are 32-bit numbers


def trunc_page(address: int) -> int:
    """The start of the page that holds ``address``."""
    return address & ~PAGE_MASK


def round_page(address: int) -> int:
    """``address``, or the start of the next page if it does not start one."""
    return (address + PAGE_MASK) & -PAGE_SIZE
