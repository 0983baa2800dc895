"""Exceptions become messages: ``exception_raise`` to the thread's exception port, then to the task's.

The message carries send rights to the thread and the task, so that the server can look and repair.
A reply of KERN_SUCCESS lets the thread go on from its state as it then is; any other reply, no reply
at all (the reply right dies), or no port, tries the next; with none left the task is terminated.
(Mach 3.0; the idea is Black, Golub et al., "The Mach Exception Handling Facility", 1988.)
"""

import struct
from typing import Protocol

from ..interface.constants import (
    EXC_ARITHMETIC,
    EXC_BAD_ACCESS,
    EXC_BAD_INSTRUCTION,
    EXC_BREAKPOINT,
    EXC_EMULATION,
    EXC_SOFTWARE,
)
from ..interface.exc import exception_raise
from ..interface.returns import KernReturn
from ..interface.wire import PORT_SEND, PORT_SEND_ONCE
from ..ipc.message import Message
from ..ipc.port import Port
from ..ipc.system import IpcSystem
from ..machine.trace import Trace
from ..sched.scheduler import Scheduler
from ..sched.thread import KEEP_REGISTERS, WaitResult
from ..sched.wait import WaitQueue
from .kinds import IKOT_EXCEPTION_REPLY
from .thread import TaskThread

NAMES = {
    EXC_BAD_ACCESS: "bad access",
    EXC_BAD_INSTRUCTION: "bad instruction",
    EXC_ARITHMETIC: "arithmetic",
    EXC_EMULATION: "emulation",
    EXC_SOFTWARE: "software",
    EXC_BREAKPOINT: "breakpoint",
}


class TaskTerminator(Protocol):
    """What is left to do when nobody takes an exception."""

    def unhandled_exception(self, thread: TaskThread, exception: int, code: int, subcode: int) -> None: ...


class ExceptionRaiser:
    """Sends exceptions of this node's threads and takes the answers."""

    __slots__ = ("_ipc", "_scheduler", "_terminator", "_trace", "_waiting")

    def __init__(
        self, ipc: IpcSystem, scheduler: Scheduler, trace: Trace, terminator: TaskTerminator
    ) -> None:
        self._ipc = ipc
        self._scheduler = scheduler
        self._trace = trace
        self._terminator = terminator
        self._waiting = WaitQueue("reply to an exception")

    async def raise_on(self, thread: TaskThread, exception: int, code: int, subcode: int) -> int:
        """Tell the thread's or the task's exception port; the result is for the dispatcher."""
        if self._trace.on:
            self._trace.emit("exception", thread.number, exception, code, subcode)
        for port in (thread.exception_port, thread.task.exception_port):
            if thread.aborted:
                return KEEP_REGISTERS
            if port is None or not port.active:
                continue
            answer = await self._ask(port, thread, exception, code, subcode)
            if answer in (KernReturn.SUCCESS, KernReturn.ABORTED):
                return KEEP_REGISTERS
        self._terminator.unhandled_exception(thread, exception, code, subcode)
        return KEEP_REGISTERS

    async def _ask(self, port: Port, thread: TaskThread, exception: int, code: int, subcode: int) -> int:
        ipc = self._ipc
        # A port for this one question, so that no late answer can be taken for that to another.
        reply = thread.exception_reply = ipc.allocate_kernel_port(IKOT_EXCEPTION_REPLY, thread)
        thread.exception_result = None
        assert thread.port is not None and thread.task.port is not None
        body, carried = exception_raise.encode_request(
            ipc.make_send(thread.port),
            ipc.make_send(thread.task.port),
            exception,
            signed(code),
            signed(subcode),
        )
        destination = ipc.copy_send(port)
        assert isinstance(destination, Port)
        ipc.send_from_kernel(
            Message(
                destination,
                PORT_SEND,
                ipc.make_send_once(reply),
                PORT_SEND_ONCE,
                exception_raise.id,
                body,
                carried,
            ),
            handoff=True,
        )
        result = await self._answer(thread)
        thread.exception_reply = None
        ipc.destroy_kernel_port(reply)
        return result

    async def _answer(self, thread: TaskThread) -> int:
        """Wait until ``exception_result`` is set; ABORTED if the wait is broken off."""
        while True:
            if thread.exception_result is not None:
                return thread.exception_result
            if await self._scheduler.wait(self._waiting) is WaitResult.INTERRUPTED:
                return KernReturn.ABORTED

    def answered(self, thread: TaskThread, message: Message) -> None:
        """A message arrived on the thread's exception reply port."""
        result = int(KernReturn.FAILURE)
        if message.id == exception_raise.reply_id and len(message.body) >= 8:
            result = struct.unpack_from("<i", message.body, 4)[0]
        thread.exception_result = result
        if thread.wait_on is self._waiting:
            self._waiting.remove(thread)
            self._scheduler.handoff(thread)


def signed(word: int) -> int:
    """A 32-bit word as C's ``int``."""
    return word - 0x100000000 if word & 0x80000000 else word
