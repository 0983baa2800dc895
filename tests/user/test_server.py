"""The server loop: how many work at once, who replies, and what becomes of rights."""

import pytest

from kernel.interface.constants import (
    MACH_MSG_TYPE_COPY_SEND,
    MACH_MSG_TYPE_MAKE_SEND,
    MACH_PORT_RIGHT_PORT_SET,
    MACH_PORT_RIGHT_SEND,
    MACH_RCV_MSG,
    MACH_RCV_TIMEOUT,
    MACH_SEND_MSG,
)
from kernel.interface.demultiplex import Demultiplexer
from kernel.interface.notify import mach_notify_no_senders
from kernel.interface.returns import KernReturn, MachError, MigReturn, MsgReturn
from kernel.interface.stubs import mach_port
from kernel.interface.values import Right
from kernel.user import NamedMessage, NativeTask, NativeThread, Requests, Server, late_reply
from tests.user.native_node import (
    MILLISECOND,
    NativeNode,
    drop_port,
    error_of,
    new_port,
    trial_add,
    trial_keep,
    trial_note,
    trial_port,
    trial_wait,
)


class Counting:
    """A server's functions, and how many of them are at work."""

    def __init__(self, task: NativeTask) -> None:
        self.task = task
        self.working = 0
        self.most = 0
        self.notes: list[object] = []
        self.kept: list[NamedMessage] = []
        self.requests: Requests = Demultiplexer()
        self.requests.serve(trial_add, self.add)
        self.requests.serve(trial_wait, self.wait)
        self.requests.serve(trial_note, self.note)
        self.requests.serve(trial_keep, self.refuse)
        self.requests.serve(trial_port, self.postpone)
        self.requests.serve(mach_notify_no_senders, self.note)

    def add(self, request: NamedMessage, left: int, right: int) -> int:
        if left == right:
            raise MachError(KernReturn.INVALID_VALUE)
        return left + right

    async def wait(self, request: NamedMessage, milliseconds: int) -> None:
        self.working += 1
        self.most = max(self.most, self.working)
        await self.task.sleep(milliseconds * MILLISECOND)
        self.working -= 1

    def note(self, request: NamedMessage, number: object) -> None:
        self.notes.append(number)
        if number == 13:
            raise MachError(KernReturn.FAILURE)

    async def refuse(self, request: NamedMessage, right: object) -> None:
        raise MachError(KernReturn.NO_ACCESS)

    def postpone(self, request: NamedMessage) -> None:
        self.kept.append(request)
        raise MachError(MigReturn.NO_REPLY)


async def start(task: NativeTask, threads: int, port: int = 0) -> tuple[int, Counting, NativeThread[None]]:
    port = port or await new_port(task)
    counting = Counting(task)
    server = Server(task, counting.requests, port, threads=threads)
    return port, counting, await task.fork(server.run, name="server")


async def stop(task: NativeTask, port: int, thread: NativeThread[None]) -> None:
    await drop_port(task, port)
    await thread.join()


@pytest.mark.parametrize("threads", [1, 3, 8])
def test_as_many_at_once_as_allowed(threads: int) -> None:
    async def scenario(task: NativeTask) -> None:
        port, counting, server = await start(task, threads)
        clients = [await task.fork(task.call, trial_wait, port, 20) for _ in range(6)]
        began = task.now_ns
        for client in clients:
            assert await client.join() == ()
        assert counting.most == min(threads, 6)
        rounds = -(-6 // threads)
        assert rounds * 20 <= (task.now_ns - began) // MILLISECOND < rounds * 20 + 10
        await stop(task, port, server)

    NativeNode().leaves_nothing(scenario)


def test_plain_functions_need_no_other_thread() -> None:
    node = NativeNode()

    async def scenario(task: NativeTask) -> None:
        port, _, server = await start(task, 5)
        for number in range(10):
            assert await task.call(trial_add, port, number, 100) == (number + 100,)
            assert len(node.kernel.threads) == 2
        assert await error_of(task.call(trial_add, port, 5, 5)) == KernReturn.INVALID_VALUE
        await stop(task, port, server)

    node.leaves_nothing(scenario)


def test_one_way_requests() -> None:
    async def scenario(task: NativeTask) -> None:
        port, counting, server = await start(task, 1)
        for number in (1, 13, 2):
            assert await task.call(trial_note, port, number) == ()
        reply = await new_port(task, sends=False)
        await task.call(trial_note, port, 3, reply_port=reply)  # nobody will use it
        assert (await task.receive(reply)).id == 71  # so it is given up
        assert counting.notes == [1, 13, 2, 3]
        await drop_port(task, reply)
        await stop(task, port, server)

    NativeNode().leaves_nothing(scenario)


def test_rights_of_a_refused_request_are_destroyed() -> None:
    async def scenario(task: NativeTask) -> None:
        port, _, server = await start(task, 2)
        other = await new_port(task)
        assert await error_of(task.call(trial_keep, port, other)) == KernReturn.NO_ACCESS
        status = await mach_port.mach_port_get_receive_status(task, task.mach_task_self, other)
        assert status[6] == 0  # no send rights are left
        await drop_port(task, other)
        await stop(task, port, server)

    NativeNode().leaves_nothing(scenario)


def test_a_late_reply() -> None:
    async def scenario(task: NativeTask) -> None:
        port, counting, server = await start(task, 1)
        client = await task.fork(task.call, trial_port, port)
        refused = await task.fork(error_of, task.call(trial_port, port))
        await task.sleep(MILLISECOND)
        assert await task.call(trial_add, port, 1, 2) == (3,)  # the server goes on meanwhile
        assert not client.done and len(counting.kept) == 2
        given = Right(port, MACH_MSG_TYPE_MAKE_SEND)
        await task.send(late_reply(counting.kept.pop(0), trial_port, given))
        await task.send(late_reply(counting.kept.pop(), trial_port, code=KernReturn.NO_ACCESS))
        assert await client.join() == (port,)
        assert await refused.join() == KernReturn.NO_ACCESS
        await stop(task, port, server)

    NativeNode().leaves_nothing(scenario)


def test_a_request_that_is_dropped_tells_its_client() -> None:
    async def scenario(task: NativeTask) -> None:
        port, counting, server = await start(task, 1)
        client = await task.fork(error_of, task.call(trial_port, port))
        await task.sleep(MILLISECOND)
        task.destroy(counting.kept.pop())
        assert await client.join() == MigReturn.SERVER_DIED
        await stop(task, port, server)

    NativeNode().leaves_nothing(scenario)


def test_a_client_that_does_not_receive_holds_nobody_up() -> None:
    """Its reply port is full, and the reply goes to a send right, not to a send-once right."""

    async def scenario(task: NativeTask) -> None:
        port, _, server = await start(task, 1)
        full = await new_port(task, sends=False)
        await mach_port.mach_port_set_qlimit(task, task.mach_task_self, full, 1)
        body, _ = trial_add.encode_request(1, 2)
        request = NamedMessage(
            port, MACH_MSG_TYPE_COPY_SEND, full, MACH_MSG_TYPE_MAKE_SEND, trial_add.id, body
        )
        for _ in range(3):
            await task.mach_msg(MACH_SEND_MSG, request)
        assert await task.call(trial_add, port, 1, 2) == (3,)
        assert (await task.receive(full)).id == trial_add.reply_id
        poll = task.mach_msg(MACH_RCV_MSG | MACH_RCV_TIMEOUT, None, full)
        assert await error_of(poll) == MsgReturn.RCV_TIMED_OUT
        await drop_port(task, full)
        await stop(task, port, server)

    NativeNode().leaves_nothing(scenario)


def test_a_client_that_is_gone() -> None:
    async def scenario(task: NativeTask) -> None:
        port, counting, server = await start(task, 2)
        reply = await new_port(task, sends=False)
        body, _ = trial_wait.encode_request(5)
        await task.send(NamedMessage(port, MACH_MSG_TYPE_COPY_SEND, reply, 21, trial_wait.id, body))
        await task.sleep(MILLISECOND)
        assert counting.working == 1
        await drop_port(task, reply)
        await task.sleep(10 * MILLISECOND)
        assert counting.working == 0
        await stop(task, port, server)

    NativeNode().leaves_nothing(scenario)


def test_a_port_set_and_notifications() -> None:
    async def scenario(task: NativeTask) -> None:
        me = task.mach_task_self
        ports = [await new_port(task) for _ in range(3)]
        everything = await mach_port.mach_port_allocate(task, me, MACH_PORT_RIGHT_PORT_SET)
        for port in ports:
            await mach_port.mach_port_move_member(task, me, port, everything)
        _, counting, server = await start(task, 2, everything)
        for number, port in enumerate(ports):
            assert await task.call(trial_add, port, number, 10) == (number + 10,)
        for port in ports:
            notify = Right(ports[0], 21)
            await mach_port.mach_port_request_notification(task, me, port, 70, 0, notify)
        await mach_port.mach_port_mod_refs(task, me, ports[2], MACH_PORT_RIGHT_SEND, -1)
        await task.sleep(MILLISECOND)
        assert counting.notes == [1]  # made once
        await stop(task, everything, server)
        for port in ports:
            await drop_port(task, port)

    NativeNode().leaves_nothing(scenario)


def test_malformed_requests_are_refused() -> None:
    async def scenario(task: NativeTask) -> None:
        port, _, server = await start(task, 1)
        reply = await new_port(task, sends=False)
        for body in (b"", bytes(16), trial_add.encode_request(1, 2)[0] + bytes(4)):
            await task.send(NamedMessage(port, MACH_MSG_TYPE_COPY_SEND, reply, 21, trial_add.id, body))
            answer = await task.receive(reply)
            assert answer.id == trial_add.reply_id
            assert trial_add.decode_reply(answer.body, answer.carried) == (MigReturn.BAD_ARGUMENTS, ())
        await drop_port(task, reply)
        await stop(task, port, server)

    NativeNode().leaves_nothing(scenario)
