"""Reading and writing a program's memory from the kernel: copyin and copyout.

Both go through the page tables, as the program's own accesses would, and fault pages in; they set the
accessed and dirty bits that a processor would have set.  The usual case, a few bytes in one page that
is mapped, is decided by one look at the page-table entry.

Errors are those of a fault: INVALID_ADDRESS, PROTECTION_FAILURE, RESOURCE_SHORTAGE, MEMORY_ERROR.
PageWait when a pager must provide a page first; nothing has been written then.
"""

import struct

from ..interface.returns import KernReturn, MachError
from ..machine.memory import PAGE_MASK, PAGE_SIZE
from ..machine.mmu import (
    KERNEL_BASE,
    PTE_ACCESSED,
    PTE_DIRTY,
    PTE_FRAME_MASK,
    PTE_FRAME_SHIFT,
    PTE_PRESENT,
    PTE_WRITE,
)
from .fault import PageWait, fault_step
from .map import VmMap
from .protection import VM_PROT_READ, VM_PROT_WRITE

_WORD64 = struct.Struct("<Q")
_READABLE = PTE_PRESENT | PTE_ACCESSED
_WRITABLE = PTE_PRESENT | PTE_WRITE | PTE_ACCESSED | PTE_DIRTY
_READ_WRITE = VM_PROT_READ | VM_PROT_WRITE


def copyin(vm_map: VmMap, address: int, size: int) -> bytes:
    """``size`` bytes at ``address``."""
    system = vm_map.system
    start = address & PAGE_MASK
    if start + size <= PAGE_SIZE:
        table = vm_map.pmap.tables.get(address >> 21)
        if table is not None:
            entry = system.maps.words[table + (address >> 12 & 511)]
            if entry & _READABLE == _READABLE:
                start += entry & PTE_FRAME_MASK
                system.clock.now += size * system.copy_byte_ps // 1000
                return bytes(system.memory.view[start : start + size])
    if size <= 0:
        return b""
    _check(address, size)
    view = system.memory.view
    parts = []
    for page in range(address & -PAGE_SIZE, address + size, PAGE_SIZE):
        low = max(address - page, 0)
        high = min(address + size - page, PAGE_SIZE)
        base = _frame(vm_map, page, VM_PROT_READ, _READABLE) << PTE_FRAME_SHIFT
        parts.append(bytes(view[base + low : base + high]))
    system.clock.now += size * system.copy_byte_ps // 1000
    return b"".join(parts)


def unpack_user(vm_map: VmMap, address: int, layout: struct.Struct) -> tuple[int, ...]:
    """The words of ``layout`` at ``address``: ``copyin`` for arguments, without the copy."""
    start = address & PAGE_MASK
    size = layout.size
    if start + size <= PAGE_SIZE:
        table = vm_map.pmap.tables.get(address >> 21)
        if table is not None:
            system = vm_map.system
            entry = system.maps.words[table + (address >> 12 & 511)]
            if entry & _READABLE == _READABLE:
                system.clock.now += size * system.copy_byte_ps // 1000
                return layout.unpack_from(system.memory.view, (entry & PTE_FRAME_MASK) + start)
    return layout.unpack(copyin(vm_map, address, size))


def instruction_at(vm_map: VmMap, address: int) -> int:
    """The eight bytes of code at ``address`` as one little-endian number, -1 if they are not all in one
    page that is mapped.  For a look at an instruction that the processor has just fetched."""
    start = address & PAGE_MASK
    if start <= PAGE_SIZE - 8:
        table = vm_map.pmap.tables.get(address >> 21)
        if table is not None:
            system = vm_map.system
            entry = system.maps.words[table + (address >> 12 & 511)]
            if entry & PTE_PRESENT:
                word: int = _WORD64.unpack_from(system.memory.view, (entry & PTE_FRAME_MASK) + start)[0]
                return word
    return -1


def copyout(vm_map: VmMap, address: int, data: bytes | memoryview) -> None:
    """Store ``data`` at ``address``."""
    system = vm_map.system
    memory = system.memory
    size = len(data)
    start = address & PAGE_MASK
    if start + size <= PAGE_SIZE:
        table = vm_map.pmap.tables.get(address >> 21)
        if table is not None:
            entry = system.maps.words[table + (address >> 12 & 511)]
            if entry & _WRITABLE == _WRITABLE:
                memory.write((entry & PTE_FRAME_MASK) >> PTE_FRAME_SHIFT, start, data)
                system.clock.now += size * system.copy_byte_ps // 1000
                return
    if size == 0:
        return
    _check(address, size)
    # First all pages, then the bytes: all are written, or none.
    pages = range(address & -PAGE_SIZE, address + size, PAGE_SIZE)
    frames = [_frame(vm_map, page, _READ_WRITE, _WRITABLE) for page in pages]
    view = memoryview(data)
    done = 0
    for frame in frames:
        count = min(PAGE_SIZE - start, size - done)
        memory.write(frame, start, view[done : done + count])
        done += count
        start = 0
    system.clock.now += size * system.copy_byte_ps // 1000


def read_word(vm_map: VmMap, address: int) -> int:
    """The 32-bit word at ``address``."""
    return int.from_bytes(copyin(vm_map, address, 4), "little")


def copyin_words(vm_map: VmMap, address: int, count: int) -> tuple[int, ...]:
    """``count`` 32-bit words from ``address`` on."""
    return struct.unpack(f"<{count}I", copyin(vm_map, address, 4 * count))


def copyin_string(vm_map: VmMap, address: int, limit: int) -> bytes:
    """The bytes before the first zero byte, of which there may be ``limit``; INVALID_ARGUMENT when
    there is no zero byte among the first ``limit + 1``."""
    parts = []
    left = limit + 1
    while left > 0:
        part = copyin(vm_map, address, min(PAGE_SIZE - (address & PAGE_MASK), left))
        end = part.find(b"\0")
        if end >= 0:
            parts.append(part[:end])
            return b"".join(parts)
        parts.append(part)
        address += len(part)
        left -= len(part)
    raise MachError(KernReturn.INVALID_ARGUMENT)


def _check(address: int, size: int) -> None:
    if address < 0 or address + size > KERNEL_BASE:
        raise MachError(KernReturn.INVALID_ADDRESS)


def _frame(vm_map: VmMap, page: int, access: int, bits: int) -> int:
    """The frame of the page at ``page``, mapped for ``access``; the entry gets ``bits``."""
    pmap = vm_map.pmap
    words = vm_map.system.maps.words
    needed = bits & (PTE_PRESENT | PTE_WRITE)
    index = pmap.index(page)
    if index < 0 or words[index] & needed != needed:
        outcome = fault_step(vm_map, page, access)
        if not isinstance(outcome, int):
            raise PageWait(vm_map, page, access)
        if outcome:
            raise MachError(outcome)
        index = pmap.index(page)
    entry = words[index] | bits
    words[index] = entry
    return (entry & PTE_FRAME_MASK) >> PTE_FRAME_SHIFT
