"""Messages and calls of a native task: half of what ``NativeTask`` offers.

Names and errors are Mach's: ``mach_msg`` and ``call`` raise MachError with the number that a C program
would be returned.  A call is a request and a reply, except where C programs have a trap for it.
"""

from typing import cast

from ..interface.constants import (
    MACH_MSG_TYPE_MAKE_SEND_ONCE,
    MACH_RCV_INTERRUPT,
    MACH_RCV_MSG,
    MACH_SEND_INTERRUPT,
    MACH_SEND_MSG,
)
from ..interface.declare import Routine
from ..interface.notify import mach_notify_send_once
from ..interface.returns import MachError, MigReturn, MsgReturn
from ..interface.values import Right
from ..interface.wire import Port as PortShape
from ..ipc import mach_port
from ..ipc.client import NO_LIMIT
from ..ipc.named import mach_msg
from ..ipc.named_message import NamedMessage, Unsent
from ..kern.thread import TaskThread
from .destroy import destroy_message
from .door import Door
from .rights import check_message, outgoing
from .short_cut import SHORT_CUTS, short_cut

PortName = int

_RPC = MACH_SEND_MSG | MACH_RCV_MSG


class MachCalls:
    """Sends and receives for the calling thread, which is one of the task's."""

    __slots__ = ("_reply_ports", "door")

    def __init__(self, door: Door) -> None:
        self.door = door  # for the modules of this package
        self._reply_ports: dict[TaskThread, PortName] = {}

    # ---- messages

    async def mach_msg(
        self,
        option: int,
        message: NamedMessage | None = None,
        receive: PortName = 0,
        *,
        size: int = NO_LIMIT,
        timeout_ns: int = 0,
        notify: PortName = 0,
        by_value: bool = False,
    ) -> NamedMessage | None:
        """Send ``message``, receive from the port or port set ``receive``, or both, as the MACH_ bits in
        ``option`` say; the message received.  ``size`` is the longest one that is welcome, header
        included; ``by_value``: memory in it shall arrive as bytes.  The time-out counts if its bits are
        set.  An interrupted call is restarted unless MACH_SEND_INTERRUPT, MACH_RCV_INTERRUPT are set.

        MachError(SEND_*, RCV_*); ``Unsent``, ``TooLarge``, ``Damaged`` say more.
        """
        for number in (option, receive, size, timeout_ns, notify):
            if not isinstance(number, int):
                raise TypeError(f"an argument of mach_msg is no number: {number!r}")
        if option & MACH_SEND_MSG:
            check_message(message)
        return await self.exchange(option, message, receive, size, timeout_ns, notify, by_value)

    async def exchange(
        self,
        option: int,
        message: NamedMessage | None,
        receive: PortName,
        size: int = NO_LIMIT,
        timeout_ns: int = 0,
        notify: PortName = 0,
        by_value: bool = False,
    ) -> NamedMessage | None:
        """``mach_msg``, for the modules of this package, which make well-formed messages."""
        door = self.door
        scheduler = door.scheduler
        while True:
            if scheduler.native_user_ns:
                await door.give_way()
            thread = door.enter()
            try:
                received = await mach_msg(
                    thread, option, message, receive, size, timeout_ns, notify, by_value
                )
            except MachError as error:
                await door.leave(thread)
                if error.code == MsgReturn.SEND_INTERRUPTED and not option & MACH_SEND_INTERRUPT:
                    assert isinstance(error, Unsent)
                    message = error.message
                    continue
                if error.code == MsgReturn.RCV_INTERRUPTED and not option & MACH_RCV_INTERRUPT:
                    option &= ~MACH_SEND_MSG
                    continue
                raise
            if scheduler.must_pause(thread):
                await door.leave(thread)
            return received

    async def send(self, message: NamedMessage) -> None:
        """Send, waiting for room as long as it takes."""
        await self.mach_msg(MACH_SEND_MSG, message)

    async def receive(self, name: PortName, *, by_value: bool = False) -> NamedMessage:
        """The next message from a port or port set, however long it takes."""
        received = await self.mach_msg(MACH_RCV_MSG, None, name, by_value=by_value)
        assert received is not None
        return received

    def destroy(self, message: NamedMessage) -> None:
        """Give up what a message that was received has in it: the reply right, the rights and the memory
        in its body (``mach_msg_destroy``)."""
        destroy_message(self.door, message)

    async def mach_reply_port(self) -> PortName:
        """A new port."""
        thread = self.door.enter()
        name = mach_port.mach_reply_port(thread.space)
        await self.door.leave(thread)
        return name

    async def mach_thread_self(self) -> PortName:
        """A send right to the calling thread, with one more user reference."""
        thread = self.door.enter()
        port = thread.self_port or thread.port
        assert port is not None
        name = self.door.ipc.copyout_send(thread.space, port)
        await self.door.leave(thread)
        return name

    # ---- calls

    async def call(
        self, routine: Routine, port: PortName | Right, *ins: object, reply_port: PortName = 0
    ) -> tuple[object, ...]:
        """Call a declared routine: send the request, wait for the reply, return its outs.  See
        ``interface.caller.Caller``.  Memory among the outs is in this task's map."""
        return await self._call(routine, port, ins, reply_port, False)

    async def _call(
        self,
        routine: Routine,
        port: PortName | Right,
        ins: tuple[object, ...],
        reply_port: PortName,
        by_value: bool,
    ) -> tuple[object, ...]:
        if routine in SHORT_CUTS and isinstance(port, int):
            outs = await short_cut(self.door, routine, port, ins)
            if outs is not None:
                return outs
        body, carried = routine.request.encode(ins)
        if carried:
            body, carried = outgoing(routine.port_ins, body, carried)
        if isinstance(port, Right):
            remote, remote_type = cast(PortName, port.port), port.disposition
        else:
            remote, remote_type = port, cast(PortShape, routine.parameters[0].shape).sends
        if routine.is_one_way:
            local_type = MACH_MSG_TYPE_MAKE_SEND_ONCE if reply_port else 0
            request = NamedMessage(remote, remote_type, reply_port, local_type, routine.id, body, carried)
            await self.exchange(MACH_SEND_MSG, request, 0)
            return ()
        local = reply_port or self._reply_ports.get(self.door.current()) or self._new_reply_port()
        request = NamedMessage(
            remote, remote_type, local, MACH_MSG_TYPE_MAKE_SEND_ONCE, routine.id, body, carried
        )
        reply = await self.exchange(_RPC, request, local, by_value=by_value)
        assert reply is not None
        if reply.id != routine.reply_id:
            self.destroy(reply)
            died = reply.id == mach_notify_send_once.id
            raise MachError(MigReturn.SERVER_DIED if died else MigReturn.REPLY_MISMATCH)
        try:
            code, outs = routine.decode_reply(reply.body, reply.carried)
        except MachError:
            self.destroy(reply)
            raise
        if code:
            self.destroy(reply)
            raise MachError(code)
        return outs

    def _new_reply_port(self) -> PortName:
        """The calling thread's own reply port, which it keeps (the C library's ``mig_get_reply_port``)."""
        thread = self.door.enter()
        name = self._reply_ports[thread] = mach_port.mach_reply_port(thread.space)
        return name

    def thread_ended(self, thread: TaskThread) -> None:
        """For ``run_thread``: give up what the task keeps for a thread."""
        name = self._reply_ports.pop(thread, 0)
        if name and thread.space.active and name in thread.space.entries:
            mach_port.mach_port_destroy(thread.space, name)
