"""Sending and receiving without user memory, with ports: for kernel threads.

Whoever uses these holds rights without names and must release them (``right.py``).  The coroutines run
on the current thread, which must be an ``IpcThread``.  Native tasks have names: see ``named.py``.
"""

from ..interface.returns import MachError, MsgReturn
from ..sched.thread import WaitResult
from ..sched.wait import WaitQueue
from . import kernel_object
from .client import NO_LIMIT, IpcThread
from .mach_msg_wait import wait_for_room
from .message import Message
from .port import Port
from .port_set import PortSet
from .queue import force, offer, take
from .receive import wait_for_message
from .system import IpcSystem


def _current(system: IpcSystem) -> IpcThread:
    thread = system.scheduler.current
    assert isinstance(thread, IpcThread), f"{thread} cannot send or receive"
    return thread


async def send_message(
    system: IpcSystem, message: Message, *, timeout_ns: int | None = None, handoff: bool = False
) -> None:
    """Send a message, waiting for room in the queue if need be.  MachError(SEND_TIMED_OUT or
    SEND_INTERRUPTED): it was not sent and is still the caller's."""
    if message.destination.receiver is system.kernel_space:
        answer = kernel_object.serve(system, message)
        if answer is not None and not isinstance(answer, Message):
            answer = await kernel_object.conclude_later(system, message, answer)
        if answer is not None:
            force(answer)
        return
    if offer(message, handoff):
        return
    if timeout_ns == 0:
        raise MachError(MsgReturn.SEND_TIMED_OUT)
    deadline = system.clock.now + timeout_ns if timeout_ns is not None else None
    result = await wait_for_room(_current(system), message, deadline)
    if result:
        raise MachError(result)


async def receive_message(
    system: IpcSystem, source: Port | PortSet, *, timeout_ns: int | None = None
) -> Message:
    """The next message sent to a port or to a member of a port set.  The right it was sent to is still
    in it: ``right.consume_destination``.  MachError(RCV_*)."""
    waiting: WaitQueue
    if isinstance(source, PortSet):
        if source.pending:
            return take(source.pending[0])
        waiting = source.receivers
    else:
        if source.port_set is not None:
            raise MachError(MsgReturn.RCV_IN_SET)
        if not source.active:
            raise MachError(MsgReturn.RCV_PORT_DIED)
        if source.messages:
            return take(source)
        waiting = source.own_receivers
    if timeout_ns == 0:
        raise MachError(MsgReturn.RCV_TIMED_OUT)
    deadline = system.clock.now + timeout_ns if timeout_ns is not None else None
    thread = _current(system)
    thread.receive_limit = NO_LIMIT
    message, result = await wait_for_message(thread, waiting, deadline)
    if message is not None:
        return message
    if result is WaitResult.TIMED_OUT:
        raise MachError(MsgReturn.RCV_TIMED_OUT)
    raise MachError(thread.receive_result if result is WaitResult.AWAKENED else MsgReturn.RCV_INTERRUPTED)
