"""The numbers of Mach 3.0's ``mach/message.h`` and ``mach/port.h``: bits, options, types, limits.

Message type names and dispositions are those of :mod:`kernel.interface.wire`.
"""

from struct import Struct
from typing import Final

# ---- the header: bits, size, remote port, local port, sequence number, id
HEADER: Final = Struct("<6I")
HEADER_SIZE: Final = 24
SIZE_WORD: Final = Struct("<I")
SIZE_OFFSET: Final = 4  # of msgh_size
BITS_REMOTE: Final = 0x0000_00FF
BITS_LOCAL: Final = 0x0000_FF00
BITS_COMPLEX: Final = 0x8000_0000

# ---- options of mach_msg
SEND_MSG: Final = 0x1
RCV_MSG: Final = 0x2
SEND_TIMEOUT: Final = 0x10
SEND_NOTIFY: Final = 0x20
SEND_INTERRUPT: Final = 0x40  # what an interrupted call does next is the C library's business
SEND_CANCEL: Final = 0x80
RCV_TIMEOUT: Final = 0x100
RCV_NOTIFY: Final = 0x200
RCV_INTERRUPT: Final = 0x400
RCV_LARGE: Final = 0x800
MESSAGE_TIMEOUT_NS: Final = 1_000_000  # timeouts are given in milliseconds

# ---- typed items
LONG_DESCRIPTOR: Final = Struct("<IHHI")
INLINE_BIT: Final = 0x1000_0000
LONGFORM_BIT: Final = 0x2000_0000
DEALLOCATE_BIT: Final = 0x4000_0000
UNUSED_BIT: Final = 0x8000_0000
PORT_BITS: Final = 32  # size of a port name in a descriptor

# ---- port names and rights
PORT_NULL: Final = 0
PORT_DEAD: Final = 0xFFFF_FFFF

RIGHT_SEND: Final = 0
RIGHT_RECEIVE: Final = 1
RIGHT_SEND_ONCE: Final = 2
RIGHT_PORT_SET: Final = 3
RIGHT_DEAD_NAME: Final = 4

TYPE_NONE: Final = 0
TYPE_SEND: Final = 1 << 16
TYPE_RECEIVE: Final = 1 << 17
TYPE_SEND_ONCE: Final = 1 << 18
TYPE_PORT_SET: Final = 1 << 19
TYPE_DEAD_NAME: Final = 1 << 20
TYPE_SEND_RECEIVE: Final = TYPE_SEND | TYPE_RECEIVE
TYPE_SEND_RIGHTS: Final = TYPE_SEND | TYPE_SEND_ONCE
TYPE_PORT_RIGHTS: Final = TYPE_SEND_RIGHTS | TYPE_RECEIVE
TYPE_DNREQUEST: Final = 0x8000_0000  # a dead-name request is registered
TYPE_MAREQUEST: Final = 0x4000_0000  # a msg-accepted request is pending

UREFS_MAX: Final = 0xFFFF
QLIMIT_DEFAULT: Final = 5
QLIMIT_MAX: Final = 16

# ---- limits of this kernel
MESSAGE_SIZE_MAX: Final = 1 << 18
"""Longest message in line, header included; longer ones get MACH_SEND_NO_BUFFER (Mach 3.0 fails when
its kernel map has no room; data of that size belongs out of line)."""
QUEUED_BYTES_MAX: Final = 4 << 20
"""What a task can have in queues: once its messages there weigh more (``Message.weight``), its sends get
MACH_SEND_NO_BUFFER until some are received.  Stands for the size of Mach's kernel map; the limits of
queues and name spaces alone would let one task fill the simulator's memory."""
QUEUED_BYTES_KERNEL: Final = 2 * QUEUED_BYTES_MAX
"""What the kernel's own messages to a task may bring this to: answers and notifications that a task
lets pile up beyond it are lost."""
PORT_ARRAY_MAX: Final = 1 << 16
"""Most ports in one out-of-line array; more get MACH_SEND_INVALID_MEMORY, as when Mach's kernel
memory runs out."""

# ---- kinds of kernel objects (kern/ipc_kobject.h)
IKOT_NONE: Final = 0
IKOT_THREAD: Final = 1
IKOT_TASK: Final = 2
IKOT_HOST: Final = 3
IKOT_HOST_PRIV: Final = 4
IKOT_PROCESSOR: Final = 5
IKOT_PSET: Final = 6
IKOT_PSET_NAME: Final = 7
IKOT_PAGER: Final = 8
IKOT_PAGER_TERMINATING: Final = 9
IKOT_PAGING_REQUEST: Final = 10
IKOT_PAGING_NAME: Final = 11
IKOT_DEVICE: Final = 12
IKOT_XMM_PAGER: Final = 13
IKOT_XMM_OBJECT: Final = 14
IKOT_XMM_KERNEL: Final = 15
IKOT_XMM_REPLY: Final = 16
