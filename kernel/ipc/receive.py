"""The receiving half of ``mach_msg``: which message, and what to do when there is none."""

from ..interface.returns import MsgReturn
from ..sched.thread import KernelCoroutine, WaitResult
from ..sched.wait import WaitQueue
from . import right
from .client import IpcThread
from .copyout import write_message
from .layout import HEADER_SIZE, RCV_LARGE, SIZE_OFFSET, SIZE_WORD, TYPE_PORT_SET, TYPE_RECEIVE
from .message import Message
from .queue import take

Received = int | KernelCoroutine
"""What a receive comes to: its result, a plain int, or the coroutine that goes on with it."""


def next_message(
    thread: IpcThread, address: int, option: int, size: int, name: int
) -> Message | WaitQueue | Received:
    """The next message at a port or port set, taken from its queue; where to wait if there is none; or
    the result of a receive that fails at once."""
    entry = thread.space.entries.get(name)
    if entry is None:
        return int(MsgReturn.RCV_INVALID_NAME)
    if entry.type & TYPE_RECEIVE:
        port = entry.port
        assert port is not None
        if port.port_set is not None:
            return int(MsgReturn.RCV_IN_SET)
        if not port.messages:
            return port.own_receivers
    elif entry.type & TYPE_PORT_SET:
        port_set = entry.port_set
        assert port_set is not None
        if not port_set.pending:
            return port_set.receivers
        port = port_set.pending[0]
    else:
        return int(MsgReturn.RCV_INVALID_NAME)
    if option & RCV_LARGE:
        total = HEADER_SIZE + len(port.messages[0].body)
        if total > size:
            return too_large(thread, address, total)
    return take(port)


def too_large(thread: IpcThread, address: int, size: int) -> Received:
    """MACH_RCV_LARGE: the message stays queued, the program learns its size."""
    return write_message(
        thread.map, address + SIZE_OFFSET, SIZE_WORD.pack(size), int(MsgReturn.RCV_TOO_LARGE)
    )


async def wait_for_message(
    thread: IpcThread, waiting: WaitQueue, deadline: int | None
) -> tuple[Message | None, WaitResult]:
    """Wait in a coroutine for a message of at most ``thread.receive_limit`` bytes."""
    try:
        result = await thread.space.system.scheduler.wait(waiting, deadline=deadline)
    except GeneratorExit:  # the thread is taken apart
        message, thread.message = thread.message, None
        if message is not None:
            right.destroy_message(message)
        raise
    message, thread.message = thread.message, None
    return message, result


def failed(thread: IpcThread, address: int, result: WaitResult) -> Received:
    """What a receive returns whose wait ended without a message."""
    if result is WaitResult.TIMED_OUT:
        return int(MsgReturn.RCV_TIMED_OUT)
    if result is not WaitResult.AWAKENED:
        return int(MsgReturn.RCV_INTERRUPTED)
    if thread.receive_result == MsgReturn.RCV_TOO_LARGE:
        return too_large(thread, address, thread.receive_size)
    return int(thread.receive_result)


def take_answer(thread: IpcThread, answer: Message, name: int, size: int) -> bool:
    """Whether the kernel's answer can be received at once by the call that asked: it goes to the very
    port that the call receives from, and nothing else is or waits there."""
    entry = thread.space.entries.get(name)
    port = answer.destination
    if (
        entry is None
        or entry.port is not port
        or port.receiver is not thread.space
        or port.port_set is not None
        or port.messages
        or port.own_receivers.threads
        or answer.size > size
    ):
        return False
    answer.seqno = port.seqno
    port.seqno += 1
    return True
