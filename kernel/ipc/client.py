"""Threads that can send and receive: a schedulable thread with a name space and an address map.

A thread blocked in a receive is a *record* (the ``receive_*`` fields) that whoever sends a message
completes on its behalf; a thread blocked in a send keeps its message in ``message`` until whoever takes
a message from the full queue puts it there.
"""

from typing import TYPE_CHECKING

from ..sched.thread import Thread

if TYPE_CHECKING:
    from ..vm.map import VmMap
    from .message import Message
    from .space import IpcSpace

NO_LIMIT = 1 << 32
"""``receive_limit`` of a receive that takes messages of any size."""


class IpcThread(Thread):
    """A thread with a name space and an address map."""

    __slots__ = (
        "map",
        "message",
        "receive_arguments",
        "receive_limit",
        "receive_result",
        "receive_size",
        "space",
    )

    def __init__(self, number: int, name: str, space: "IpcSpace", address_map: "VmMap") -> None:
        super().__init__(number, name)
        self.space = space
        self.map = address_map
        self.message: Message | None = None  # waits to be queued, or was just received
        # The receive under way
        self.receive_arguments = (0, 0, 0, 0)  # address and size of the buffer, option, notify port
        self.receive_limit = NO_LIMIT  # longer messages stay queued (MACH_RCV_LARGE)
        self.receive_result = 0  # why the wait ended without a message
        self.receive_size = 0  # of the message that was too large
