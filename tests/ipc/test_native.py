"""Native tasks and the kernel send and receive without user memory, by the same rules."""

import pytest

from kernel.interface.body import CarriedMemory, CarriedRights
from kernel.interface.returns import KernReturn, MachError, MsgReturn
from kernel.interface.wire import (
    COPY_SEND,
    MAKE_SEND,
    MAKE_SEND_ONCE,
    MOVE_RECEIVE,
    MOVE_SEND,
    MOVE_SEND_ONCE,
    PORT_RECEIVE,
    PORT_SEND,
    PORT_SEND_ONCE,
)
from kernel.ipc import entry, mach_port, right
from kernel.ipc.check import census
from kernel.ipc.layout import (
    IKOT_TASK,
    QLIMIT_DEFAULT,
    RCV_MSG,
    RCV_TIMEOUT,
    RIGHT_PORT_SET,
    SEND_MSG,
    SEND_TIMEOUT,
    TYPE_RECEIVE,
    TYPE_SEND,
)
from kernel.ipc.message import Message
from kernel.ipc.named import mach_msg
from kernel.ipc.named_copy import copyout_plain
from kernel.ipc.named_message import Damaged, NamedMessage, Unsent
from kernel.ipc.native import receive_message, send_message
from kernel.sched.thread import ThreadState, WaitResult
from tests.ipc.node import MILLISECOND, Header, Node, Program, error_of

SIZE = 4096


def right_body(kind: int) -> bytes:
    """A body that says that one right follows in line."""
    return (0x1001_2000 | kind).to_bytes(4, "little") + bytes(4)


class NativeTask:
    """A task whose program is Python: coroutines on a thread of its own."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.program = node.task()
        self.space = self.program.space
        self.thread = self.program.thread
        self.thread.user_state = None
        self.results: list[object] = []

    def start(self, coroutine) -> "NativeTask":
        """Let the thread run a coroutine until it waits or ends."""

        async def life() -> int:
            try:
                self.results.append(await coroutine)
            except MachError as error:
                self.results.append(error)
            return 0

        self.node.enter(self.thread)
        if self.node.drive(self.thread, life()) is not None:
            self.thread.state = ThreadState.WAITING
        self.node.run()
        return self

    async def send(self, message: NamedMessage, timeout_ns: int | None = None) -> None:
        option = SEND_MSG if timeout_ns is None else SEND_MSG | SEND_TIMEOUT
        await mach_msg(self.thread, option, message, 0, 0, timeout_ns or 0, 0, True)

    async def receive(self, name: int, timeout_ns: int | None = None) -> NamedMessage:
        option = RCV_MSG if timeout_ns is None else RCV_MSG | RCV_TIMEOUT
        got = await mach_msg(self.thread, option, None, name, SIZE, timeout_ns or 0, 0, True)
        assert got is not None
        return got

    @property
    def result(self):
        assert self.results, "it still waits"
        return self.results[-1]


@pytest.fixture
def node():
    node = Node(64)
    yield node
    node.check()


@pytest.fixture
def native(node: Node) -> NativeTask:
    return NativeTask(node)


@pytest.fixture
def client(node: Node) -> Program:
    return node.task()


def test_a_native_server_and_a_program(node: Node, native: NativeTask, client: Program) -> None:
    async def serve() -> int:
        request = await native.receive(port)
        assert request.body == b"ping" and request.local == port and request.seqno == 0
        await native.send(NamedMessage(request.remote, request.remote_type, 0, 0, 200, b"pong"))
        return request.id

    port = native.program.port()
    send = native.program.give_send(port, client)
    reply = client.port()
    native.start(serve())
    header = Header(COPY_SEND | MAKE_SEND_ONCE << 8, remote=send, local=reply, id=100)
    client.send(header, b"ping", option=3, name=reply)
    assert native.result == 100
    assert client.result() == 0 and (client.header().id, client.body()) == (200, b"pong")


def test_a_native_client_and_a_program(node: Node, native: NativeTask, client: Program) -> None:
    server = client
    port = server.port()
    send = server.give_send(port, native.program)
    reply = native.program.port()

    async def call() -> bytes:
        await native.send(NamedMessage(send, COPY_SEND, reply, MAKE_SEND_ONCE, 5, b"question"))
        return (await native.receive(reply)).body

    assert server.receive(port) is None
    native.start(call())
    assert server.body() == b"question"
    server.send(Header(MOVE_SEND_ONCE, remote=server.header().remote), b"answer!!")
    node.run()
    assert native.result == b"answer!!"


def test_rights_and_memory_in_native_messages(node: Node, native: NativeTask, client: Program) -> None:
    port = client.port()
    send = client.give_send(port, native.program)
    mine, given = native.program.port(), native.program.port()
    body = (
        (0x1001_2010).to_bytes(4, "little")
        + bytes(4)
        + (0x2000_0000).to_bytes(4, "little")
        + (0x0008_0009).to_bytes(4, "little")
        + (5).to_bytes(4, "little")
        + bytes(4)
    )
    carried = (
        CarriedRights(4, MOVE_RECEIVE, (given,), True),
        CarriedMemory(20, 5, b"bytes"),
    )
    native.start(native.send(NamedMessage(send, COPY_SEND, mine, MAKE_SEND, 6, body, carried)))
    assert native.result is None
    assert client.receive(port) == 0
    words = memoryview(client.body()).cast("I")
    assert client.type(words[1]) == TYPE_RECEIVE
    from kernel.vm.access import copyin

    assert copyin(client.map, words[5], 5) == b"bytes"


def test_native_errors(node: Node, native: NativeTask, client: Program) -> None:
    space = native.space
    port = native.program.port()
    for message, code in (
        (NamedMessage(0x999, COPY_SEND, 0, 0, 1, b""), MsgReturn.SEND_INVALID_DEST),
        (NamedMessage(port, COPY_SEND, 0, 0, 1, b""), MsgReturn.SEND_INVALID_DEST),
        (NamedMessage(port, 99, 0, 0, 1, b""), MsgReturn.SEND_INVALID_HEADER),
        (
            NamedMessage(
                port, MAKE_SEND, 0, 0, 1, right_body(17), (CarriedRights(4, COPY_SEND, (0x999,), True),)
            ),
            MsgReturn.SEND_INVALID_RIGHT,
        ),
    ):
        assert native.start(native.send(message)).result.code == code
    assert native.start(native.receive(0x999)).result.code == MsgReturn.RCV_INVALID_NAME
    assert native.start(native.receive(port, timeout_ns=0)).result.code == MsgReturn.RCV_TIMED_OUT
    port_set = mach_port.mach_port_allocate(space, RIGHT_PORT_SET)
    mach_port.mach_port_move_member(space, port, port_set)
    assert native.start(native.receive(port)).result.code == MsgReturn.RCV_IN_SET
    native.start(native.receive(port_set))
    mach_port.mach_port_destroy(space, port_set)
    node.run()
    assert native.result.code == MsgReturn.RCV_PORT_DIED


def test_waits_end_by_time_and_by_interruption(node: Node, native: NativeTask) -> None:
    port = native.program.port()
    native.start(native.receive(port, timeout_ns=MILLISECOND))
    node.let_pass(2 * MILLISECOND)
    assert native.result.code == MsgReturn.RCV_TIMED_OUT
    native.start(native.receive(port))
    node.scheduler.wake(native.thread, WaitResult.INTERRUPTED)
    node.run()
    assert native.result.code == MsgReturn.RCV_INTERRUPTED


def test_an_unsent_message_comes_back_by_name(node: Node, native: NativeTask, client: Program) -> None:
    port = client.port()
    send = client.give_send(port, native.program)
    for _ in range(QLIMIT_DEFAULT):
        native.start(native.send(NamedMessage(send, COPY_SEND, 0, 0, 1, b"")))
    given = native.program.port()
    carried = (CarriedRights(4, MOVE_RECEIVE, (given,), True),)
    message = NamedMessage(send, MOVE_SEND, 0, 0, 7, right_body(16), carried)
    native.start(native.send(message, timeout_ns=MILLISECOND))
    node.let_pass(2 * MILLISECOND)
    unsent = native.result
    assert isinstance(unsent, Unsent) and unsent.code == MsgReturn.SEND_TIMED_OUT
    assert native.program.type(unsent.message.remote) == TYPE_SEND
    record = unsent.message.carried[0]
    assert isinstance(record, CarriedRights) and native.program.type(record.ports[0]) == TYPE_RECEIVE
    native.start(native.send(unsent.message))  # waits until there is room
    for _ in range(QLIMIT_DEFAULT + 1):
        assert client.receive(port) == 0
        node.run()
    assert client.header().id == 7


def test_a_native_thread_taken_apart_leaves_nothing(node: Node, native: NativeTask, client: Program) -> None:
    port = client.port()
    send = client.give_send(port, native.program)
    for _ in range(QLIMIT_DEFAULT):
        client.send(Header(MAKE_SEND, remote=port))
    native.start(native.send(NamedMessage(send, MOVE_SEND, 0, 0, 1, b"")))
    node.check()
    blocked = client.space.entries[port].port.blocked
    native.thread.coroutine.close()
    blocked.threads.clear()
    node.check()
    mine = native.program.port()
    native.start(native.receive(mine))
    native.program.give_send_once(mine, client)
    client.node.ipc.destroy_space(client.space)  # the notification is delivered, but not yet taken
    native.thread.coroutine.close()
    native.thread.message = None


def test_names_run_out_for_a_native_task(node: Node, client: Program) -> None:
    native = NativeTask(node)
    native.space.limit = 1
    port = native.program.port()
    send = native.program.give_send(port, client)
    reply = client.port()
    client.send(Header(COPY_SEND | MAKE_SEND_ONCE << 8, remote=send, local=reply))
    native.start(native.receive(port))
    assert native.result.code & ~0x3C00 == MsgReturn.RCV_HEADER_ERROR
    assert client.poll(reply).id == 71
    other = NativeTask(node)
    there = native.program.give_send(port, other.program)
    mine = other.program.port()
    carried = (CarriedRights(4, MAKE_SEND_ONCE, (mine,), True),)
    other.start(other.send(NamedMessage(there, COPY_SEND, 0, 0, 1, right_body(18), carried)))
    native.start(native.receive(port))
    damaged = native.result
    assert isinstance(damaged, Damaged) and damaged.message.carried[0].ports == (0,)
    assert other.program.poll(mine).id == 71


# ---- with ports


def test_messages_with_ports(node: Node, native: NativeTask, client: Program) -> None:
    port = native.program.space.entries[native.program.port()].port
    message = Message(right.make_send(port), PORT_SEND, None, 0, 9, b"data")
    native.start(send_message(node.ipc, message))
    got = native.start(receive_message(node.ipc, port)).result
    assert got is message
    right.consume_destination(got)


def test_a_native_call_on_the_kernel(node: Node, native: NativeTask) -> None:
    kernel_port = node.ipc.allocate_kernel_port(IKOT_TASK, None)
    node.ipc.kernel_server = lambda message: Message.reply_to(message, 8, message.body[::-1])
    send = node.ipc.copyout_send(native.space, kernel_port)
    reply = native.program.port()

    async def call() -> bytes:
        await native.send(NamedMessage(send, COPY_SEND, reply, MAKE_SEND_ONCE, 7, b"abcd"))
        return (await native.receive(reply)).body

    assert native.start(call()).result == b"dcba"


def test_receiving_when_the_port_has_died_or_moved(node: Node, native: NativeTask, client: Program) -> None:
    name = native.program.port()
    port = native.space.entries[name].port
    entry.copyout(client.space, right.make_send(port), PORT_SEND)
    message = Message(right.make_send(port), PORT_SEND, None, 0, 9, b"")
    native.start(send_message(node.ipc, message))
    got = native.start(receive_message(node.ipc, port)).result
    moved = entry.copyin(native.space, name, MOVE_RECEIVE)
    entry.copyout(client.space, moved, PORT_RECEIVE)
    # Received, but the space has no longer the port it came from.
    thread = native.thread
    assert copyout_plain(thread, got, 0).local == 0
    once = Message(right.make_send_once(port), PORT_SEND_ONCE, None, 0, 9, b"")
    assert copyout_plain(thread, once, 0).local == 0
    assert port.messages[-1].id == 71
    mach_port.mach_port_destroy(client.space, port.receiver_name)
    assert native.start(receive_message(node.ipc, port)).result.code == MsgReturn.RCV_PORT_DIED
    assert copyout_plain(thread, Message(port, PORT_SEND, None, 0, 9, b""), 0).local == 0xFFFFFFFF
    assert error_of(mach_port.mach_port_type, native.space, name) == KernReturn.INVALID_NAME
    assert census(node.ipc).ports == 0
