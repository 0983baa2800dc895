"""Port queues: putting a message to a port, and taking the next one.

A message to a port for which a thread waits is handed to that thread at once; the thread's own receive
is then completed on its behalf (its continuation runs, see ``mach_msg.py``).  Otherwise it is queued, up
to the port's limit, which messages to send-once rights and from the kernel ignore.  Sequence numbers are
given when a message leaves the queue.
"""

from typing import TYPE_CHECKING

from ..interface.body import CarriedRights
from ..interface.returns import MsgReturn
from ..interface.wire import PORT_RECEIVE, PORT_SEND
from ..sched.thread import Thread
from ..sched.wait import WaitQueue
from . import death, kernel_object, notify, right
from .client import IpcThread
from .layout import HEADER_SIZE, QUEUED_BYTES_KERNEL
from .message import ForcedMessage, Message
from .port import Port

if TYPE_CHECKING:
    from .port_set import PortSet
    from .space import IpcSpace

# ---- sending


def offer(message: Message, handoff: bool, payer: "IpcSpace | None" = None) -> bool:
    """Send to a port that is not the kernel's; False if the queue is full (the message is then still the
    caller's).  A message to a port that has died is destroyed, and so is one whose receive rights would
    go round in a circle: both count as sent.  The message is charged to ``payer`` while it is queued."""
    port = message.destination
    if message.carried and not enter_transit(message):
        return True
    if (
        port.receivers.threads
        and (port.qlimit or message.destination_type != PORT_SEND)
        and hand_over(port, message, handoff)
    ):
        return True
    if not port.active:
        right.destroy_message(message)
        return True
    if message.destination_type == PORT_SEND and len(port.messages) >= port.qlimit:
        return False
    append(port, message, payer)
    return True


def force(message: Message, handoff: bool = False) -> None:
    """Send, whatever the queue limit (MACH_SEND_ALWAYS).  A task that lets more than
    QUEUED_BYTES_KERNEL of such messages pile up loses what comes on top."""
    port = message.destination
    if port.receiver is port.system.kernel_space:
        kernel_object.handle(port.system, message)
        return
    if message.carried and not enter_transit(message):
        return
    if port.receivers.threads and hand_over(port, message, handoff):
        return
    if not port.active:
        right.destroy_message(message)
        return
    payer = port.receiver
    if payer is not None and payer.queued_bytes > QUEUED_BYTES_KERNEL and type(message) is Message:
        if port.system.trace.on:
            port.system.trace.emit("message_lost", port.number, message.id)
        right.drop_message(message)
        return
    append(port, message, payer)


def enter_transit(message: Message) -> bool:
    """Mark the receive rights in a message as on their way to its destination; False if that would make
    a circle, in which case the message was destroyed."""
    destination = message.destination
    for record in message.carried:
        if type(record) is CarriedRights and record.disposition == PORT_RECEIVE:
            for port in record.ports:
                if isinstance(port, Port):
                    if death.is_circular(port, destination):
                        right.destroy_message(message)
                        return False
                    port.destination = destination
    return True


def hand_over(port: Port, message: Message, handoff: bool) -> bool:
    """Give the message to one of the threads that wait for it; False if none can take it.  Threads that
    asked not to receive messages of this size are told so."""
    waiting = port.receivers
    thread: Thread | None = waiting.threads[0]
    assert isinstance(thread, IpcThread)
    if HEADER_SIZE + len(message.body) <= thread.receive_limit:
        waiting.threads.popleft()
    else:
        thread = next_receiver(waiting, message.size)
        if thread is None:
            return False
    message.seqno = port.seqno
    port.seqno += 1
    thread.message = message
    if handoff:
        port.system.scheduler.handoff(thread)
    else:
        port.system.scheduler.wake(thread)
    return True


def next_receiver(waiting: WaitQueue, size: int) -> IpcThread | None:
    """Take the first thread out of ``waiting`` that can receive a message of this size."""
    threads = waiting.threads
    while threads:
        thread = threads.popleft()
        assert isinstance(thread, IpcThread)
        if size <= thread.receive_limit:
            return thread
        thread.receive_result = MsgReturn.RCV_TOO_LARGE
        thread.receive_size = size
        thread.space.system.scheduler.wake(thread)
    return None


def append(port: Port, message: Message, payer: "IpcSpace | None") -> None:
    """Put a message at the end of the queue, at the expense of ``payer``."""
    system = port.system
    if payer is not None:
        message.payer = payer
        payer.queued_bytes += message.weight
    system.clock.now += system.costs.message_queue
    port.messages.append(message)
    if port.port_set is not None:
        port.port_set.pending.append(port)
    if system.trace.on:
        system.trace.emit("message_queued", port.number, message.id, len(port.messages))
    if port.remote is not None and system.transport is not None:
        system.transport.message_queued(port)


# ---- receiving


def take(port: Port) -> Message:
    """The first message of the queue; a blocked sender gets the room that it leaves."""
    system = port.system
    system.clock.now += system.costs.message_queue
    messages = port.messages
    message = messages.pop(0)
    refund(message)
    message.seqno = port.seqno
    port.seqno += 1
    port_set = port.port_set
    if port_set is not None:
        if port_set.pending[0] is port:
            port_set.pending.popleft()
        else:
            port_set.pending.remove(port)
    if port.blocked is not None:
        admit(port)
    if type(message) is ForcedMessage:
        notify.msg_accepted(message.request)
    return message


def refund(message: Message) -> None:
    """The message is in no queue any more."""
    payer = message.payer
    if payer is not None:
        payer.queued_bytes -= message.weight
        message.payer = None


def admit(port: Port) -> None:
    """Queue messages of blocked senders, first come, first served, while there is room."""
    blocked = port.blocked
    assert blocked is not None
    scheduler = port.system.scheduler
    while blocked.threads and len(port.messages) < port.qlimit:
        thread = blocked.threads.popleft()
        assert isinstance(thread, IpcThread) and thread.message is not None
        message = thread.message
        thread.message = None
        # Threads wait to receive beside blocked senders when the limit was 0.
        if not (port.receivers.threads and hand_over(port, message, handoff=False)):
            append(port, message, thread.space)
        scheduler.wake(thread)
    if not blocked.threads:
        port.blocked = None


def feed(port_set: "PortSet") -> None:
    """Messages came into a set for which threads wait: hand them over."""
    while port_set.pending and port_set.receivers.threads:
        port = port_set.pending[0]
        thread = next_receiver(port_set.receivers, port.messages[0].size)
        if thread is not None:
            thread.message = take(port)
            port.system.scheduler.wake(thread)


# ---- when a port changes under those who wait


def fail_receivers(waiting: WaitQueue, result: MsgReturn) -> None:
    """End every wait on ``waiting`` with an error code."""
    while waiting.threads:
        thread = waiting.threads.popleft()
        assert isinstance(thread, IpcThread)
        thread.receive_result = result
        thread.space.system.scheduler.wake(thread)


def release_senders(port: Port) -> None:
    """The port has died: what blocked senders wanted to send is destroyed, which they count as sent."""
    blocked = port.blocked
    port.blocked = None
    while blocked is not None and blocked.threads:
        thread = blocked.threads.popleft()
        assert isinstance(thread, IpcThread) and thread.message is not None
        message = thread.message
        thread.message = None
        right.destroy_message(message)
        port.system.scheduler.wake(thread)
