"""``mach_msg`` and calls of native tasks: the same rights, memory and errors as a C program's."""

import pytest

from kernel.interface.body import CarriedMemory, CarriedRights
from kernel.interface.constants import (
    MACH_MSG_TYPE_COPY_SEND,
    MACH_MSG_TYPE_MAKE_SEND,
    MACH_MSG_TYPE_MAKE_SEND_ONCE,
    MACH_MSG_TYPE_MOVE_RECEIVE,
    MACH_MSG_TYPE_MOVE_SEND,
    MACH_MSG_TYPE_MOVE_SEND_ONCE,
    MACH_PORT_RIGHT_SEND,
    MACH_PORT_TYPE_DEAD_NAME,
    MACH_PORT_TYPE_SEND,
    MACH_PORT_TYPE_SEND_RECEIVE,
    MACH_RCV_LARGE,
    MACH_RCV_MSG,
    MACH_RCV_NOTIFY,
    MACH_RCV_TIMEOUT,
    MACH_SEND_MSG,
    MACH_SEND_NOTIFY,
    MACH_SEND_TIMEOUT,
)
from kernel.interface.demultiplex import Demultiplexer
from kernel.interface.notify import mach_notify_dead_name, mach_notify_msg_accepted
from kernel.interface.returns import KernReturn, MigReturn, MsgReturn
from kernel.interface.stubs import mach, mach_port
from kernel.interface.values import Right
from kernel.user import NamedMessage, NativeTask, Region, Requests, Server, TooLarge, Unsent
from tests.user.native_node import (
    MILLISECOND,
    NativeNode,
    drop_port,
    error_of,
    new_port,
    receive,
    trial_add,
    trial_keep,
    trial_port,
    trial_reverse,
)

PAGE = 4096


def plain(port: int, body: bytes = b"", id: int = 1) -> NamedMessage:  # noqa: A002
    return NamedMessage(port, MACH_MSG_TYPE_COPY_SEND, 0, 0, id, body)


async def poll(task: NativeTask, port: int, by_value: bool = False) -> NamedMessage | None:
    return await task.mach_msg(MACH_RCV_MSG | MACH_RCV_TIMEOUT, None, port, by_value=by_value)


def test_a_message_to_oneself() -> None:
    async def scenario(task: NativeTask) -> None:
        port = await new_port(task)
        await task.send(plain(port, b"four" * 3, 77))
        got = await task.receive(port)
        assert (got.id, got.body, got.local, got.local_type) == (
            77,
            b"four" * 3,
            port,
            MACH_MSG_TYPE_MOVE_SEND,
        )
        assert (got.remote, got.carried, got.seqno) == (0, (), 0)
        await drop_port(task, port)

    NativeNode().leaves_nothing(scenario)


def test_rights_travel_by_name() -> None:
    async def scenario(task: NativeTask) -> None:
        me = task.mach_task_self
        port, other = await new_port(task), await new_port(task, sends=False)
        # The receive right of ``other`` and a send-once right for it, in one message.
        body = bytes.fromhex("10200110 00000000 12200110 00000000")
        rights = (
            CarriedRights(12, MACH_MSG_TYPE_MAKE_SEND_ONCE, (other,), True),
            CarriedRights(4, MACH_MSG_TYPE_MOVE_RECEIVE, (other,), True),
        )
        wrong = NamedMessage(port, MACH_MSG_TYPE_COPY_SEND, 0, 0, 5, body, rights)
        assert await error_of(task.send(wrong)) == MsgReturn.SEND_INVALID_TYPE
        body = bytes.fromhex("12200110 00000000 10200110 00000000")
        rights = (
            CarriedRights(4, MACH_MSG_TYPE_MAKE_SEND_ONCE, (other,), True),
            CarriedRights(12, MACH_MSG_TYPE_MOVE_RECEIVE, (other,), True),
        )
        await task.send(NamedMessage(port, MACH_MSG_TYPE_COPY_SEND, 0, 0, 5, body, rights))
        assert await error_of(mach_port.mach_port_type(task, me, other)) == KernReturn.INVALID_NAME
        got = await task.receive(port)
        once, moved = (record.ports[0] for record in got.carried if isinstance(record, CarriedRights))
        assert isinstance(once, int) and isinstance(moved, int) and moved != once
        await task.send(NamedMessage(once, MACH_MSG_TYPE_MOVE_SEND_ONCE, 0, 0, 9, b""))
        assert (await task.receive(moved)).id == 9
        await drop_port(task, moved)
        await drop_port(task, port)

    NativeNode().leaves_nothing(scenario)


@pytest.mark.parametrize("by_value", [False, True])
@pytest.mark.parametrize("by_address", [False, True])
def test_memory_travels(by_value: bool, by_address: bool) -> None:
    async def scenario(task: NativeTask) -> None:
        me = task.mach_task_self
        port = await new_port(task)
        data = bytes(range(200)) * 50
        memory: object = data
        if by_address:
            address = await mach.vm_allocate(task, me, 0, len(data), True)
            await task.write(address, data)
            memory = Region(address, deallocate=True)
        body = bytes.fromhex("00000020 0900 0800 10270000 00000000")
        await task.send(
            NamedMessage(
                port, MACH_MSG_TYPE_COPY_SEND, 0, 0, 5, body, (CarriedMemory(12, len(data), memory),)
            )
        )
        if by_address:
            assert await error_of(task.read(address, 1)) == KernReturn.INVALID_ADDRESS
        got = await task.receive(port, by_value=by_value)
        (record,) = got.carried
        assert isinstance(record, CarriedMemory) and record.size == len(data)
        assert isinstance(record.memory, bytes if by_value else Region)
        assert await task.read(record) == data
        if isinstance(record.memory, Region):
            assert await error_of(task.read(record.memory.address, 1)) == KernReturn.INVALID_ADDRESS
        await drop_port(task, port)

    NativeNode().leaves_nothing(scenario)


def test_errors_of_sending_and_receiving() -> None:
    async def scenario(task: NativeTask) -> None:
        me = task.mach_task_self
        port = await new_port(task)
        wrong = [
            (plain(0x7777), MsgReturn.SEND_INVALID_DEST),
            (plain(port, b"odd"), MsgReturn.SEND_MSG_TOO_SMALL),
            (plain(port, bytes(1 << 18)), MsgReturn.SEND_NO_BUFFER),
            (NamedMessage(port, 99, 0, 0, 1, b""), MsgReturn.SEND_INVALID_HEADER),
            (
                NamedMessage(port, MACH_MSG_TYPE_COPY_SEND, 0x7777, MACH_MSG_TYPE_MAKE_SEND, 1, b""),
                MsgReturn.SEND_INVALID_REPLY,
            ),
            (
                NamedMessage(
                    port,
                    MACH_MSG_TYPE_COPY_SEND,
                    0,
                    0,
                    1,
                    bytes.fromhex("11200110 00000000"),
                    (CarriedRights(4, MACH_MSG_TYPE_COPY_SEND, (0x7777,), True),),
                ),
                MsgReturn.SEND_INVALID_RIGHT,
            ),
            (
                NamedMessage(
                    port,
                    MACH_MSG_TYPE_COPY_SEND,
                    0,
                    0,
                    1,
                    bytes.fromhex("00000020 0900 0800 04000000 00000000"),
                    (CarriedMemory(12, 4, Region(0x1000)),),
                ),
                MsgReturn.SEND_INVALID_MEMORY,
            ),
        ]
        for message, code in wrong:
            assert await error_of(task.send(message)) == code
        assert await error_of(task.receive(0x7777)) == MsgReturn.RCV_INVALID_NAME
        assert await error_of(poll(task, port)) == MsgReturn.RCV_TIMED_OUT
        began = task.now_ns
        waits = task.mach_msg(MACH_RCV_MSG | MACH_RCV_TIMEOUT, None, port, timeout_ns=3 * MILLISECOND)
        assert await error_of(waits) == MsgReturn.RCV_TIMED_OUT
        assert 3 * MILLISECOND <= task.now_ns - began < 4 * MILLISECOND
        await drop_port(task, port)
        assert await mach_port.mach_port_type(task, me, task.bootstrap_port) == MACH_PORT_TYPE_SEND

    NativeNode().leaves_nothing(scenario)


def test_a_message_that_is_too_large() -> None:
    async def scenario(task: NativeTask) -> None:
        port = await new_port(task)
        await task.send(plain(port, bytes(400)))
        for _ in range(2):
            with pytest.raises(TooLarge) as caught:
                await task.mach_msg(MACH_RCV_MSG | MACH_RCV_LARGE, None, port, size=100)
            assert caught.value.size == 424
        assert await error_of(task.mach_msg(MACH_RCV_MSG, None, port, size=100)) == MsgReturn.RCV_TOO_LARGE
        assert await error_of(poll(task, port)) == MsgReturn.RCV_TIMED_OUT
        await drop_port(task, port)

    NativeNode().leaves_nothing(scenario)


def test_a_full_queue() -> None:
    async def scenario(task: NativeTask) -> None:
        me = task.mach_task_self
        port, news = await new_port(task), await new_port(task, sends=False)
        await mach_port.mach_port_set_qlimit(task, me, port, 1)
        await task.send(plain(port))
        # Back after a time, with the right it carried, and ready to be sent again.
        carried = (CarriedRights(4, MACH_MSG_TYPE_MAKE_SEND, (news,), True),)
        body = bytes.fromhex("11200110 00000000")
        message = NamedMessage(port, MACH_MSG_TYPE_COPY_SEND, 0, 0, 2, body, carried)
        with pytest.raises(Unsent) as caught:
            await task.mach_msg(MACH_SEND_MSG | MACH_SEND_TIMEOUT, message, timeout_ns=MILLISECOND)
        assert caught.value.code == MsgReturn.SEND_TIMED_OUT
        assert await mach_port.mach_port_type(task, me, news) == MACH_PORT_TYPE_SEND_RECEIVE
        back = caught.value.message
        assert back.remote == port and back.carried[0].ports == (news,)  # type: ignore[union-attr]
        # Forced in, with a notification when there is room again.
        option = MACH_SEND_MSG | MACH_SEND_NOTIFY
        will = MsgReturn.SEND_WILL_NOTIFY
        assert await error_of(task.mach_msg(option, back, notify=news)) == will
        await task.receive(port)
        task.destroy(await task.receive(port))
        assert (await task.receive(news)).id == mach_notify_msg_accepted.id
        await drop_port(task, news)
        await drop_port(task, port)

    NativeNode().leaves_nothing(scenario)


def test_the_death_of_a_client_is_notified() -> None:
    async def scenario(task: NativeTask) -> None:
        port, news = await new_port(task), await new_port(task, sends=False)
        client = await new_port(task, sends=False)
        request = NamedMessage(port, MACH_MSG_TYPE_COPY_SEND, client, MACH_MSG_TYPE_MAKE_SEND_ONCE, 1, b"")
        await task.send(request)
        got = await task.mach_msg(MACH_RCV_MSG | MACH_RCV_NOTIFY, None, port, notify=news)
        assert got is not None and got.remote_type == MACH_MSG_TYPE_MOVE_SEND_ONCE
        await drop_port(task, client)
        assert (await task.receive(news)).id == mach_notify_dead_name.id
        kind = await mach_port.mach_port_type(task, task.mach_task_self, got.remote)
        assert kind == MACH_PORT_TYPE_DEAD_NAME
        for name in (got.remote, news, port):
            await drop_port(task, name)

    NativeNode().leaves_nothing(scenario)


def test_calls_of_the_kernel() -> None:
    async def scenario(task: NativeTask) -> None:
        me = task.mach_task_self
        address = await mach.vm_allocate(task, me, 0, 2 * PAGE, True)
        await task.write(address + 10, b"hello")
        data = await mach.vm_read(task, me, address, PAGE)
        assert isinstance(data.memory, Region) and data.memory.address != address
        assert (await task.read(data))[10:15] == b"hello"
        data = await mach.vm_read(task.by_value, me, address, PAGE)
        assert isinstance(data.memory, bytes) and data.memory[10:15] == b"hello"
        await mach.vm_write(task, me, address + PAGE, data.memory)
        assert await task.read(address + PAGE + 8, 8) == b"\0\0hello\0"
        await mach.vm_deallocate(task, me, address, 2 * PAGE)
        names, _ = await mach_port.mach_port_names(task, me)
        assert me in names and task.mach_host_self in names
        assert await error_of(mach.vm_deallocate(task, 0x7777, 0, PAGE)) == MsgReturn.SEND_INVALID_DEST
        assert await error_of(mach.vm_read(task, me, 0, PAGE)) == KernReturn.INVALID_ADDRESS
        assert await error_of(mach.thread_resume(task, me)) == KernReturn.INVALID_ARGUMENT

    NativeNode().leaves_nothing(scenario)


def test_calls_of_another_native_task() -> None:
    """Ports and memory both ways, errors, and what the server must destroy of a request that fails."""
    node = NativeNode()
    service = node.port()
    kept: list[int] = []

    async def server(task: NativeTask) -> None:
        requests: Requests = Demultiplexer()

        async def keep(request: NamedMessage, name: object) -> None:
            assert isinstance(name, int)
            kept.append(name)
            await mach_port.mach_port_deallocate(task, task.mach_task_self, name)

        async def reverse(request: NamedMessage, data: object) -> bytes:
            assert isinstance(data, CarriedMemory)
            return (await task.read(data))[::-1]

        requests.serve(trial_add, lambda request, left, right: left + right)
        requests.serve(trial_keep, keep)
        requests.serve(trial_reverse, reverse)
        requests.serve(trial_port, lambda request: Right(request.local, MACH_MSG_TYPE_MAKE_SEND))
        await Server(task, requests, task.ports["service"], threads=2).run()

    node.start("server", server, service=receive(service))

    async def scenario(task: NativeTask) -> None:
        server = names[task]
        assert await task.call(trial_add, server, 2, 3) == (5,)
        ((data),) = await task.by_value.call(trial_reverse, server, b"abc" * 3000)
        assert isinstance(data, CarriedMemory) and data.memory == b"cba" * 3000
        (data,) = await task.call(trial_reverse, server, b"xy" * 3000)
        assert isinstance(data, CarriedMemory) and await task.read(data) == b"yx" * 3000
        assert await task.call(trial_port, server) == (server,)
        await mach_port.mach_port_deallocate(task, task.mach_task_self, server)
        port = await new_port(task)
        await task.call(trial_keep, server, port)
        assert kept[-1] != port
        refs = mach_port.mach_port_get_refs(task, task.mach_task_self, port, MACH_PORT_RIGHT_SEND)
        assert await refs == 0
        assert await error_of(task.call(mach_notify_msg_accepted, Right(server, 19), 1)) == 0
        await drop_port(task, port)

    names: dict[NativeTask, int] = {}

    async def first(task: NativeTask) -> None:
        if task not in names:
            names[task] = node.kernel.ipc.copyout_send(node.kernel.first_task.space, service)  # type: ignore[union-attr]
        await scenario(task)

    node.leaves_nothing(first)


def test_wrong_values_are_the_callers_fault() -> None:
    """Nothing a program gives can upset the kernel: a bad value is an error in the program."""
    bad = [
        lambda task: task.call(trial_keep, task.mach_task_self, "a name"),
        lambda task: task.call(trial_keep, task.mach_task_self, Right(1, MACH_MSG_TYPE_MAKE_SEND_ONCE)),
        lambda task: task.send("no message"),
        lambda task: task.read("address", 5),
        lambda task: task.send(NamedMessage([], 19, 0, 0, 1, b"")),  # type: ignore[arg-type]
        lambda task: task.send(NamedMessage(1, 19, 0, 0, 1, "text")),  # type: ignore[arg-type]
        lambda task: task.send(NamedMessage(task.mach_task_self, 19, 0, 0, "id", b"")),  # type: ignore[arg-type]
        lambda task: task.send(NamedMessage(task.mach_task_self, 19, 0, 0, 1, b"", ("x",))),  # type: ignore[arg-type]
        lambda task: task.receive([]),
        lambda task: task.mach_msg("no option"),
        lambda task: task.sleep("long"),
    ]
    for call in bad:
        node = NativeNode()

        async def victim(task: NativeTask, call=call) -> None:  # type: ignore[no-untyped-def]
            await call(task)

        node.start("victim", victim)

        async def main(task: NativeTask) -> int:
            await task.sleep(MILLISECOND)
            return 3

        assert node.run(main) == 3
        assert "victim" in node.said and "task terminated" in node.said
        assert len(node.kernel.tasks) == 1


def test_unknown_requests_are_refused() -> None:
    node = NativeNode()
    service = node.port()

    async def server(task: NativeTask) -> None:
        await Server(task, Demultiplexer(), task.ports["service"]).run()

    node.start("server", server, service=receive(service))

    async def scenario(task: NativeTask) -> None:
        server = node.kernel.ipc.copyout_send(node.kernel.first_task.space, service)  # type: ignore[union-attr]
        port = await new_port(task)
        assert await error_of(task.call(trial_keep, server, port)) == MigReturn.BAD_ID
        await drop_port(task, port)
        await mach_port.mach_port_deallocate(task, task.mach_task_self, server)

    node.leaves_nothing(scenario)


def test_calls_cost_what_those_of_a_c_program_cost() -> None:
    node = NativeNode()

    async def scenario(task: NativeTask) -> None:
        me, costs = task.mach_task_self, node.kernel.costs
        await error_of(mach.thread_resume(task, me))  # makes the reply port
        began = task.now_ns
        await error_of(mach.thread_resume(task, me))  # refused: a request of a header, a reply of 32 bytes
        message = costs.trap + costs.message_copyin + costs.copy(24) + costs.kernel_call
        assert task.now_ns - began == message + costs.message_copyout + costs.copy(32)
        space = node.kernel.first_task.space  # type: ignore[union-attr]
        sent, began = space.messages_sent, task.now_ns
        port = await mach_port.mach_port_allocate(task, me, 1)
        assert task.now_ns - began == costs.trap  # a short cut
        assert await error_of(mach_port.mach_port_deallocate(task, me, port)) == KernReturn.INVALID_RIGHT
        address = await mach.vm_allocate(task, me, 0, PAGE, True)
        assert await error_of(mach.vm_allocate(task, me, address, PAGE, False)) == KernReturn.NO_SPACE
        await mach.vm_deallocate(task, me, address, PAGE)
        assert space.messages_sent == sent
        port_is_no_task = await error_of(mach.vm_allocate(task, port, 0, PAGE, True))
        assert port_is_no_task == MsgReturn.SEND_INVALID_DEST
        await drop_port(task, port)

    node.leaves_nothing(scenario)
