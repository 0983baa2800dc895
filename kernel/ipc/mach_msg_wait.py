"""``mach_msg`` calls that have to wait, other than for a message: as coroutines.

They wait for a page of the sender's memory, for room in a queue, or for the kernel to finish what it was
asked; then they go on to the receive, if the call has one.
"""

from collections.abc import Coroutine
from typing import TYPE_CHECKING

from ..interface.returns import MsgReturn
from ..sched.thread import WaitResult
from ..sched.wait import WaitQueue
from ..vm.fault import PageWait, fault_wait
from . import kernel_object, right
from .client import NO_LIMIT, IpcThread
from .copyin import BodyCopyin, copyin_message
from .copyout import PseudoReceive, receive_into
from .layout import (
    MESSAGE_TIMEOUT_NS,
    RCV_LARGE,
    RCV_MSG,
    RCV_TIMEOUT,
    SEND_NOTIFY,
    SEND_TIMEOUT,
    TYPE_RECEIVE,
)
from .message import AcceptRequest, ForcedMessage, Message
from .queue import force, offer
from .receive import failed, next_message, take_answer, wait_for_message

if TYPE_CHECKING:
    from .space import IpcSpace

KernelAnswer = Coroutine[None, WaitResult, Message | None]


class WaitingCall:
    """The arguments of a ``mach_msg`` that waits."""

    __slots__ = (
        "address",
        "notify",
        "option",
        "receive_name",
        "receive_size",
        "send_size",
        "system",
        "thread",
        "timeout",
    )

    def __init__(
        self,
        thread: IpcThread,
        address: int,
        option: int,
        send_size: int,
        receive_size: int,
        receive_name: int,
        timeout: int,
        notify: int,
    ) -> None:
        self.thread = thread
        self.system = thread.space.system
        self.address = address
        self.option = option
        self.send_size = send_size
        self.receive_size = receive_size
        self.receive_name = receive_name
        self.timeout = timeout
        self.notify = notify

    # ---- where the call stands when it has to wait

    async def start_over(self, wait: PageWait) -> int:
        """The message could not be read yet: nothing has happened."""
        while True:
            if await fault_wait(wait.map, wait.address, wait.access):
                return MsgReturn.SEND_INVALID_DATA
            try:
                message = copyin_message(self.thread, self.address, self.option, self.send_size, self.notify)
            except PageWait as again:
                wait = again
                continue
            if isinstance(message, BodyCopyin):
                return await self.finish_body(message)
            return message if isinstance(message, int) else await self._send(message)

    async def finish_body(self, body: BodyCopyin) -> int:
        """Memory in the body could not be copied yet; what comes before it is copied in."""
        while True:
            wait = body.wait
            assert wait is not None
            if await fault_wait(wait.map, wait.address, wait.access):
                return body.fail(MsgReturn.SEND_INVALID_MEMORY)
            try:
                message = body.run()
            except PageWait as again:
                body.wait = again
                continue
            return message if isinstance(message, int) else await self._send(message)

    async def await_kernel(self, message: Message, pending: KernelAnswer) -> int:
        """The kernel does not answer at once."""
        answer = await kernel_object.conclude_later(self.system, message, pending)
        if answer is not None:
            if self.option & RCV_MSG and take_answer(
                self.thread, answer, self.receive_name, self.receive_size
            ):
                result = receive_into(
                    self.thread, answer, self.address, self.receive_size, self.option, self.notify
                )
                return result if isinstance(result, int) else await result
            force(answer)
        return await self._receive()

    async def wait_for_room(self, message: Message) -> int:
        """The destination's queue is full."""
        result = await self._queue(message)
        if result:
            return result
        return await self._receive()

    # ---- the parts

    async def _send(self, message: Message) -> int:
        system = self.system
        self.thread.space.messages_sent += 1
        if message.destination.receiver is system.kernel_space:
            answer = kernel_object.serve(system, message)
            if isinstance(answer, Message):
                force(answer)
            elif answer is not None:
                return await self.await_kernel(message, answer)
            return await self._receive()
        if not offer(message, self.option & RCV_MSG != 0, self.thread.space):
            return await self.wait_for_room(message)
        return await self._receive()

    async def _queue(self, message: Message) -> int:
        """Queue a message as soon as there is room; else force it or give it back, as the options say."""
        result: int = MsgReturn.SEND_TIMED_OUT
        waits_for_ever = not self.option & (SEND_TIMEOUT | SEND_NOTIFY)
        timeout = self.timeout if self.option & SEND_TIMEOUT else 0
        if waits_for_ever or timeout:
            deadline = None if waits_for_ever else self.system.clock.now + timeout * MESSAGE_TIMEOUT_NS
            result = await wait_for_room(self.thread, message, deadline)
            if not result:
                return 0
        if result == MsgReturn.SEND_TIMED_OUT and self.option & SEND_NOTIFY:
            request = request_accepted(self.thread.space, message, self.notify)
            if isinstance(request, AcceptRequest):
                force(ForcedMessage(message, request))
                return MsgReturn.SEND_WILL_NOTIFY
            result = request
        return await PseudoReceive(self.thread, message, self.address).finish(result)

    async def _receive(self) -> int:
        if not self.option & RCV_MSG:
            return 0
        thread = self.thread
        found = next_message(thread, self.address, self.option, self.receive_size, self.receive_name)
        if isinstance(found, WaitQueue):
            deadline: int | None = None
            if self.option & RCV_TIMEOUT:
                if not self.timeout:
                    return MsgReturn.RCV_TIMED_OUT
                deadline = self.system.clock.now + self.timeout * MESSAGE_TIMEOUT_NS
            thread.receive_limit = self.receive_size if self.option & RCV_LARGE else NO_LIMIT
            message, result = await wait_for_message(thread, found, deadline)
            found = message if message is not None else failed(thread, self.address, result)
        if isinstance(found, Message):
            found = receive_into(thread, found, self.address, self.receive_size, self.option, self.notify)
        return found if isinstance(found, int) else await found


async def wait_for_room(thread: IpcThread, message: Message, deadline: int | None) -> int:
    """Wait until the message is queued (0); SEND_TIMED_OUT or SEND_INTERRUPTED leave it to the caller."""
    port = message.destination
    if port.blocked is None:
        port.blocked = WaitQueue(f"room in the queue of port {port.number}")
    thread.message = message
    try:
        result = await port.system.scheduler.wait(port.blocked, deadline=deadline)
    except GeneratorExit:  # the thread is taken apart
        if thread.message is not None:
            thread.message = None
            right.destroy_message(message)
        raise
    if result is WaitResult.AWAKENED:
        return 0
    thread.message = None
    if result is WaitResult.TIMED_OUT:
        return MsgReturn.SEND_TIMED_OUT
    return MsgReturn.SEND_INTERRUPTED


def request_accepted(space: "IpcSpace", message: Message, notify_name: int) -> AcceptRequest | int:
    """Register for a msg-accepted notification (MACH_SEND_NOTIFY), or say why not."""
    receiver = space.lookup(notify_name)
    if receiver is None or not receiver.type & TYPE_RECEIVE:
        return MsgReturn.SEND_INVALID_NOTIFY
    port = message.destination
    entry = space.find(port) if port.active else None
    if entry is not None and entry.accept is not None:
        return MsgReturn.SEND_NOTIFY_IN_PROGRESS
    assert receiver.port is not None
    request = AcceptRequest(right.make_send_once(receiver.port), entry)
    if entry is not None:
        entry.accept = request
    return request
