"""Ports of the kernel's own: a message to one is a call on the kernel object behind it.

The kernel holds the receive right.  Nothing is queued: the message goes at once to
``system.kernel_server``, and the answer, if any, to the reply port, whatever its queue limit.

Who owns what: the server takes over what the message carries.  The right to the kernel port is given up
after the call, and the reply right goes into the answer; without an answer it is destroyed (a send-once
right then yields a send-once notification), unless the server took it (``Message.take_reply``).
"""

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING

from ..sched.thread import WaitResult
from ..sched.wait import WaitQueue
from . import death, queue, right
from .layout import IKOT_NONE
from .message import Message
from .port import KERNEL_NAME, Port

if TYPE_CHECKING:
    from .system import IpcSystem

KernelAnswer = Coroutine[None, WaitResult, Message | None]
KernelServer = Callable[[Message], "Message | KernelAnswer | None"]


def allocate(system: "IpcSystem", kind: int, kobject: object) -> Port:
    """A port whose receive right the kernel holds, standing for ``kobject``."""
    port = Port(system, system.kernel_space, KERNEL_NAME)
    port.kind = kind
    port.kobject = kobject
    return port


def destroy(port: Port) -> None:
    """The kernel object is gone: its port dies.  Nothing if it died already."""
    if port.active:
        assert port.receiver is port.system.kernel_space
        port.kind = IKOT_NONE
        port.kobject = None
        death.destroy_port(port)


def surrender(port: Port) -> Port:
    """The kernel's receive right leaves it, to travel in a message; what the port stands for (``kind``)
    is the caller's to change, before or after.  Whoever gets the right finds an ordinary port."""
    assert port.receiver is port.system.kernel_space
    port.receiver = None
    port.receiver_name = 0
    port.mscount = 0
    port.own_receivers = port.receivers = WaitQueue(f"a message to port {port.number}")
    return port


def convert(port: object, kind: int) -> object:
    """The kernel object of this kind behind a port, or None."""
    if isinstance(port, Port) and port.active and port.kind == kind:
        return port.kobject
    return None


def serve(system: "IpcSystem", message: Message) -> Message | KernelAnswer | None:
    """Do what a message to a kernel port asks; its answer, or a coroutine that must be awaited through
    :func:`conclude_later`."""
    answer = system.kernel_server(message)
    if answer is None or isinstance(answer, Message):
        _conclude(message, answer)
    else:
        system.in_service[message] = None
    return answer


def _conclude(message: Message, answer: Message | None) -> None:
    """The call was served: give up its rights."""
    if answer is None:
        if message.reply_type:
            reply, kind = message.take_reply()
            right.release(reply, kind)
    else:
        assert not answer.reply_type
        message.take_reply()  # its right is the answer's destination now
    right.consume_destination(message)


async def conclude_later(system: "IpcSystem", message: Message, pending: KernelAnswer) -> Message | None:
    """Await the answer of a call that could not be served at once."""
    try:
        answer = await pending
    except GeneratorExit:  # the thread is taken apart
        del system.in_service[message]
        _conclude(message, None)
        raise
    del system.in_service[message]
    _conclude(message, answer)
    return answer


def handle(system: "IpcSystem", message: Message) -> None:
    """A message to a kernel port from the kernel itself, a notification or a packet: nobody waits for
    the call, and if it must wait it gets a thread of its own."""
    answer = serve(system, message)
    if isinstance(answer, Message):
        queue.force(answer)
    elif answer is not None:
        system.scheduler.spawn(f"kernel call {message.id}", _handle_later(system, message, answer))


async def _handle_later(system: "IpcSystem", message: Message, pending: KernelAnswer) -> int:
    answer = await conclude_later(system, message, pending)
    if answer is not None:
        queue.force(answer)
    return 0
