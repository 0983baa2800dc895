"""``mach_msg``: send a message, receive one, or both in one call.

A plain function does everything that need not wait.  A receive that must wait puts the thread to wait
with a continuation: the thread is then no more than a record, which the sender of a message completes,
writing it into the receiver's memory and handing the processor over (Draves, Bershad, Rashid and Dean,
"Using Continuations to Implement Thread Management and Communication in Operating Systems", 1991).
Everything else that waits is a coroutine of ``mach_msg_wait.py``.
"""

from ..interface.returns import MsgReturn
from ..machine.processor_state import EAX
from ..sched.thread import Outcome, Thread, WaitResult
from ..sched.wait import WaitQueue
from ..vm.fault import PageWait
from . import kernel_object
from .client import NO_LIMIT, IpcThread
from .copyin import BodyCopyin, copyin_message
from .copyout import receive_into
from .layout import MESSAGE_TIMEOUT_NS, RCV_LARGE, RCV_MSG, RCV_TIMEOUT, SEND_MSG
from .mach_msg_wait import WaitingCall
from .message import Message
from .queue import force, offer
from .receive import failed, next_message, take_answer


def mach_msg_trap(
    thread: IpcThread,
    address: int,
    option: int,
    send_size: int,
    receive_size: int,
    receive_name: int,
    timeout: int,
    notify: int,
) -> Outcome:
    """The trap of Mach 3.0: ``address`` is the message buffer, ``timeout`` in milliseconds."""
    space = thread.space
    system = space.system
    if option & SEND_MSG:
        try:
            message = copyin_message(thread, address, option, send_size, notify)
        except PageWait as wait:
            return WaitingCall(
                thread, address, option, send_size, receive_size, receive_name, timeout, notify
            ).start_over(wait)
        if type(message) is not Message:
            if isinstance(message, int):
                return int(message)
            assert isinstance(message, BodyCopyin)
            return WaitingCall(
                thread, address, option, send_size, receive_size, receive_name, timeout, notify
            ).finish_body(message)
        space.messages_sent += 1
        if system.trace.on:
            system.trace.emit(
                "message_sent", thread.number, message.destination.number, message.id, send_size
            )
        if message.destination.receiver is system.kernel_space:
            answer = kernel_object.serve(system, message)
            if answer is not None:
                if not isinstance(answer, Message):
                    return WaitingCall(
                        thread, address, option, send_size, receive_size, receive_name, timeout, notify
                    ).await_kernel(message, answer)
                if option & RCV_MSG and take_answer(thread, answer, receive_name, receive_size):
                    return receive_into(thread, answer, address, receive_size, option, notify)
                force(answer)
        elif not offer(message, option & RCV_MSG != 0, space):
            return WaitingCall(
                thread, address, option, send_size, receive_size, receive_name, timeout, notify
            ).wait_for_room(message)
    if not option & RCV_MSG:
        return 0
    found = next_message(thread, address, option, receive_size, receive_name)
    if type(found) is not WaitQueue:
        if isinstance(found, Message):
            return receive_into(thread, found, address, receive_size, option, notify)
        assert not isinstance(found, WaitQueue)
        return found
    deadline: int | None = None
    if option & RCV_TIMEOUT:
        if not timeout:
            return int(MsgReturn.RCV_TIMED_OUT)
        deadline = system.clock.now + timeout * MESSAGE_TIMEOUT_NS
    if thread.aborted:
        return int(MsgReturn.RCV_INTERRUPTED)
    thread.receive_limit = receive_size if option & RCV_LARGE else NO_LIMIT
    thread.receive_arguments = (address, receive_size, option, notify)
    found.threads.append(thread)
    system.scheduler.block(thread, found, receive_continue, deadline=deadline)
    return None


def receive_continue(thread: Thread, result: WaitResult) -> None:
    """A thread's wait for a message is over: finish its call on its behalf."""
    assert isinstance(thread, IpcThread)
    message = thread.message
    outcome: Outcome
    if message is not None:
        thread.message = None
        address, size, option, notify = thread.receive_arguments
        outcome = receive_into(thread, message, address, size, option, notify)
    else:
        outcome = failed(thread, thread.receive_arguments[0], result)
    if isinstance(outcome, int):
        state = thread.user_state
        assert state is not None
        state.q[EAX] = outcome
    else:
        thread.coroutine = outcome
