"""The global descriptor table: the segments of every node, and a thread's own three (TLS).

All of memory is one flat segment, once for the kernel's ring and once for programs (selectors as in
i386 Linux, because its C libraries compute with them).  Slots 6 to 8 belong to the running thread, as
``set_thread_area`` gives them out: C libraries keep the pointer to thread-local storage in %gs.

Invariant: no descriptor that a program can load is anything but a present, accessed data segment of
ring 3 or the flat code segment: there are no gates and no task segments, hence no way out of ring 3,
and the processor never writes to the table (it only would to set an accessed bit).
"""

import struct

DESCRIPTOR_SIZE = 8
GDT_SLOTS = 16
GDT_SIZE = GDT_SLOTS * DESCRIPTOR_SIZE

KERNEL_CODE = 1 << 3
KERNEL_DATA = 2 << 3
USER_CODE = 14 << 3 | 3
USER_DATA = 15 << 3 | 3

TLS_FIRST_SLOT = 6
TLS_SLOTS = 3
TLS_OFFSET = TLS_FIRST_SLOT * DESCRIPTOR_SIZE
TLS_SIZE = TLS_SLOTS * DESCRIPTOR_SIZE
NO_TLS = bytes(TLS_SIZE)

# The second word of a descriptor, bits 8 to 23.
_DATA = 0x92  # present, a data segment, writable
_READ_ONLY_DATA = 0x90
_CODE = 0x9A  # present, a code segment, readable
_ACCESSED = 0x01
_RING_3 = 0x60
_PAGES = 0x8000  # the limit counts pages
_32_BIT = 0x4000


def descriptor(base: int, limit: int, access: int) -> bytes:
    """The 8 bytes of a segment descriptor; ``access`` is bits 8 to 23 of its second word."""
    low = (base & 0xFFFF) << 16 | (limit & 0xFFFF)
    high = (base & 0xFF000000) | (access & 0xF0FF) << 8 | (limit & 0xF0000) | (base >> 16 & 0xFF)
    return struct.pack("<II", low, high)


def thread_descriptor(
    base: int, limit: int, *, pages: bool = True, writable: bool = True, is_32_bit: bool = True
) -> bytes:
    """A TLS descriptor: a data segment of ring 3.  ``limit`` is in pages or in bytes."""
    access = (_DATA if writable else _READ_ONLY_DATA) | _RING_3 | _ACCESSED
    access |= (_PAGES if pages else 0) | (_32_BIT if is_32_bit else 0)
    return descriptor(base, limit, access)


def is_thread_descriptor(data: bytes) -> bool:
    """Whether ``data`` may stand in a TLS slot: empty, or made of what ``thread_descriptor`` makes."""
    if data == bytes(DESCRIPTOR_SIZE):
        return True
    return len(data) == DESCRIPTOR_SIZE and data[5] in (
        _DATA | _RING_3 | _ACCESSED,
        _READ_ONLY_DATA | _RING_3 | _ACCESSED,
    )


def global_table() -> bytes:
    """The table with empty TLS slots."""
    slots = [bytes(DESCRIPTOR_SIZE)] * GDT_SLOTS
    flat = _PAGES | _32_BIT | _ACCESSED
    slots[KERNEL_CODE >> 3] = descriptor(0, 0xFFFFF, _CODE | flat)
    slots[KERNEL_DATA >> 3] = descriptor(0, 0xFFFFF, _DATA | flat)
    slots[USER_CODE >> 3] = descriptor(0, 0xFFFFF, _CODE | _RING_3 | flat)
    slots[USER_DATA >> 3] = descriptor(0, 0xFFFFF, _DATA | _RING_3 | flat)
    return b"".join(slots)


ES, CS, SS, DS, FS, GS = range(6)
"""The segment registers, in the processor's order."""


def segment_cache(register: int, selector: int, tls: bytes) -> tuple[int, int, int] | None:
    """What the processor keeps of a segment that a program loads: (base, limit, flags), where flags is
    the descriptor's second word; None when a program may not load that selector there."""
    if selector & 0xFFFC == 0:
        return (0, 0, 0) if register not in (CS, SS) else None
    slot = selector >> 3
    if selector & 4 or slot >= GDT_SLOTS:
        return None
    table = global_table()
    table = table[:TLS_OFFSET] + tls + table[TLS_OFFSET + TLS_SIZE :]
    low, high = struct.unpack_from("<II", table, slot * DESCRIPTOR_SIZE)
    if high & 0xF000 != 0xF000:  # present, ring 3, not a system segment
        return None
    if register == CS and selector != USER_CODE:
        return None
    if register == SS and (selector & 3 != 3 or high & 0xA00 != 0x200):  # writable data
        return None
    base = low >> 16 | (high & 0xFF) << 16 | (high & 0xFF000000)
    limit = (low & 0xFFFF) | (high & 0xF0000)
    if high & _PAGES << 8:
        limit = limit << 12 | 0xFFF
    return (base, limit, high)


def is_32_bit(flags: int) -> bool:
    """Whether a segment with these flags is a 32-bit one."""
    return bool(flags & _32_BIT << 8)
