"""Return codes of Mach 3.0, and the exception that carries one through the kernel.

The numbers are those of ``mach/kern_return.h``, ``mach/message.h`` and ``mach/mig_errors.h`` of
Mach 3.0.  Slow paths raise :class:`MachError`; the trap and message boundaries turn it into the
number that the caller sees.  Fast paths return the number itself.
"""

from enum import IntEnum


class KernReturn(IntEnum):
    """What a kernel call returns (``kern_return_t``)."""

    SUCCESS = 0
    INVALID_ADDRESS = 1
    PROTECTION_FAILURE = 2
    NO_SPACE = 3
    INVALID_ARGUMENT = 4
    FAILURE = 5
    RESOURCE_SHORTAGE = 6
    NOT_RECEIVER = 7
    NO_ACCESS = 8
    MEMORY_FAILURE = 9
    MEMORY_ERROR = 10
    NOT_IN_SET = 12
    NAME_EXISTS = 13
    ABORTED = 14
    INVALID_NAME = 15
    INVALID_TASK = 16
    INVALID_RIGHT = 17
    INVALID_VALUE = 18
    UREFS_OVERFLOW = 19
    INVALID_CAPABILITY = 20
    RIGHT_EXISTS = 21
    INVALID_HOST = 22
    MEMORY_PRESENT = 23


class MsgReturn(IntEnum):
    """What ``mach_msg`` returns (``mach_msg_return_t``)."""

    SUCCESS = 0
    SEND_IN_PROGRESS = 0x10000001
    SEND_INVALID_DATA = 0x10000002
    SEND_INVALID_DEST = 0x10000003
    SEND_TIMED_OUT = 0x10000004
    SEND_WILL_NOTIFY = 0x10000005
    SEND_NOTIFY_IN_PROGRESS = 0x10000006
    SEND_INTERRUPTED = 0x10000007
    SEND_MSG_TOO_SMALL = 0x10000008
    SEND_INVALID_REPLY = 0x10000009
    SEND_INVALID_RIGHT = 0x1000000A
    SEND_INVALID_NOTIFY = 0x1000000B
    SEND_INVALID_MEMORY = 0x1000000C
    SEND_NO_BUFFER = 0x1000000D
    SEND_NO_NOTIFY = 0x1000000E
    SEND_INVALID_TYPE = 0x1000000F
    SEND_INVALID_HEADER = 0x10000010
    RCV_IN_PROGRESS = 0x10004001
    RCV_INVALID_NAME = 0x10004002
    RCV_TIMED_OUT = 0x10004003
    RCV_TOO_LARGE = 0x10004004
    RCV_INTERRUPTED = 0x10004005
    RCV_PORT_CHANGED = 0x10004006
    RCV_INVALID_NOTIFY = 0x10004007
    RCV_INVALID_DATA = 0x10004008
    RCV_PORT_DIED = 0x10004009
    RCV_IN_SET = 0x1000400A
    RCV_HEADER_ERROR = 0x1000400B
    RCV_BODY_ERROR = 0x1000400C


# What ran out, or'ed into a message return code.
MACH_MSG_IPC_SPACE = 0x2000
MACH_MSG_VM_SPACE = 0x1000
MACH_MSG_IPC_KERNEL = 0x0800
MACH_MSG_VM_KERNEL = 0x0400


class MigReturn(IntEnum):
    """What the message layer itself answers to a malformed request or reply."""

    TYPE_ERROR = -300
    REPLY_MISMATCH = -301
    REMOTE_ERROR = -302
    BAD_ID = -303
    BAD_ARGUMENTS = -304
    NO_REPLY = -305
    EXCEPTION = -306
    ARRAY_TOO_LARGE = -307
    SERVER_DIED = -308


class MachError(Exception):
    """A call failed with ``code`` (a KernReturn, MsgReturn or MigReturn number)."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = int(code)

    def __str__(self) -> str:
        for family in (KernReturn, MsgReturn, MigReturn):
            try:
                return f"{family(self.code).name} ({self.code:#x})"
            except ValueError:
                continue
        return f"{self.code:#x}"
