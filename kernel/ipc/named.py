"""``mach_msg`` for native (Python) tasks: messages with names, without a buffer in user memory.

A native task's messages obey the rules of a C program's: the same checks, rights and errors, which here
are exceptions.  Memory out of line is given as bytes or as a region of the task's own map, and arrives
as a region, or as bytes where those were asked for.  Kernel objects never get out.

Every call charges what ``mach_msg`` of a C program charges, except for the trap itself.
"""

from ..interface.returns import MachError, MsgReturn
from ..sched.thread import WaitResult
from ..sched.wait import WaitQueue
from . import kernel_object, right
from .client import NO_LIMIT, IpcThread
from .layout import (
    RCV_LARGE,
    RCV_MSG,
    RCV_TIMEOUT,
    SEND_CANCEL,
    SEND_MSG,
    SEND_NOTIFY,
    SEND_TIMEOUT,
    TYPE_PORT_SET,
    TYPE_RECEIVE,
)
from .mach_msg_wait import request_accepted, wait_for_room
from .message import AcceptRequest, ForcedMessage, Message
from .named_copy import copyin, copyin_plain, copyout, copyout_plain, given_back
from .named_message import NamedMessage, TooLarge, Unsent
from .port import Port
from .queue import force, offer, take
from .receive import take_answer, wait_for_message


async def mach_msg(
    thread: IpcThread,
    option: int,
    named: NamedMessage | None,
    name: int,
    size: int,
    timeout_ns: int,
    notify: int,
    by_value: bool,
) -> NamedMessage | None:
    """``mach_msg`` on the current thread; MachError(SEND_*, RCV_*).  ``name`` is where to receive,
    ``size`` the longest message that is welcome; ``by_value``: memory shall arrive as bytes."""
    space = thread.space
    system = space.system
    if option & SEND_MSG:
        assert named is not None
        message = copyin_plain(space, named)
        if message is None:
            message = await copyin(thread, named, notify if option & SEND_CANCEL else None)
        space.messages_sent += 1
        if system.trace.on:
            system.trace.emit(
                "message_sent", thread.number, message.destination.number, message.id, message.size
            )
        if message.destination.receiver is system.kernel_space:
            answer = kernel_object.serve(system, message)
            if answer is not None:
                if not isinstance(answer, Message):
                    answer = await kernel_object.conclude_later(system, message, answer)
                if answer is not None:
                    if option & RCV_MSG and take_answer(thread, answer, name, size):
                        return copyout_plain(thread, answer, option) or await copyout(
                            thread, answer, option, notify, by_value
                        )
                    force(answer)
        elif not offer(message, option & RCV_MSG != 0, space):
            await _queue(thread, message, option, timeout_ns, notify)
    if not option & RCV_MSG:
        return None
    received = await _receive(thread, option, name, size, timeout_ns)
    return copyout_plain(thread, received, option) or await copyout(
        thread, received, option, notify, by_value
    )


async def _queue(thread: IpcThread, message: Message, option: int, timeout_ns: int, notify: int) -> None:
    """The queue is full: wait for room, force the message in, or give it back, as the options say."""
    result: int = MsgReturn.SEND_TIMED_OUT
    waits_for_ever = not option & (SEND_TIMEOUT | SEND_NOTIFY)
    timeout_ns = timeout_ns if option & SEND_TIMEOUT else 0
    if waits_for_ever or timeout_ns:
        now = thread.space.system.clock.now
        result = await wait_for_room(thread, message, None if waits_for_ever else now + timeout_ns)
        if not result:
            return
    if thread.aborted:
        right.destroy_message(message)
        raise MachError(MsgReturn.SEND_INTERRUPTED)
    if result == MsgReturn.SEND_TIMED_OUT and option & SEND_NOTIFY:
        request = request_accepted(thread.space, message, notify)
        if isinstance(request, AcceptRequest):
            force(ForcedMessage(message, request))
            raise MachError(MsgReturn.SEND_WILL_NOTIFY)
        result = request
    raise Unsent(result, await given_back(thread, message))


async def _receive(thread: IpcThread, option: int, name: int, size: int, timeout_ns: int) -> Message:
    """The next message at a port or port set; the right it was sent to is still in it."""
    space = thread.space
    entry = space.entries.get(name)
    if entry is None:
        raise MachError(MsgReturn.RCV_INVALID_NAME)
    found: Port | None = None
    if entry.type & TYPE_RECEIVE:
        port = entry.port
        assert port is not None
        if port.port_set is not None:
            raise MachError(MsgReturn.RCV_IN_SET)
        waiting: WaitQueue = port.own_receivers
        if port.messages:
            found = port
    elif entry.type & TYPE_PORT_SET:
        port_set = entry.port_set
        assert port_set is not None
        waiting = port_set.receivers
        if port_set.pending:
            found = port_set.pending[0]
    else:
        raise MachError(MsgReturn.RCV_INVALID_NAME)
    if found is not None:
        length = found.messages[0].size
        if length > size and option & RCV_LARGE:
            raise TooLarge(length)
        return _welcome(take(found), size)
    deadline: int | None = None
    if option & RCV_TIMEOUT:
        if not timeout_ns:
            raise MachError(MsgReturn.RCV_TIMED_OUT)
        deadline = space.system.clock.now + timeout_ns
    thread.receive_limit = size if option & RCV_LARGE else NO_LIMIT
    message, result = await wait_for_message(thread, waiting, deadline)
    if message is not None:
        if thread.aborted:  # its space may be gone
            right.destroy_message(message)
            raise MachError(MsgReturn.RCV_INTERRUPTED)
        return _welcome(message, size)
    if result is WaitResult.TIMED_OUT:
        raise MachError(MsgReturn.RCV_TIMED_OUT)
    if result is not WaitResult.AWAKENED:
        raise MachError(MsgReturn.RCV_INTERRUPTED)
    if thread.receive_result == MsgReturn.RCV_TOO_LARGE:
        raise TooLarge(thread.receive_size)
    raise MachError(thread.receive_result)


def _welcome(message: Message, size: int) -> Message:
    """The message, unless it is too large: then it is destroyed."""
    length = message.size
    if length > size:
        right.destroy_message(message)
        raise TooLarge(length)
    return message
