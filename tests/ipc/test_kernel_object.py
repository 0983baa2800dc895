"""Kernel ports: a message is a call, and its answer comes at once."""

import pytest

from kernel.interface.body import CarriedRights
from kernel.interface.returns import MsgReturn
from kernel.interface.wire import (
    COPY_SEND,
    MAKE_SEND,
    MAKE_SEND_ONCE,
    PORT_RECEIVE,
    PORT_SEND,
    PORT_SEND_ONCE,
)
from kernel.ipc import kernel_object, mach_port
from kernel.ipc.check import census
from kernel.ipc.layout import (
    IKOT_HOST,
    IKOT_TASK,
    QLIMIT_MAX,
    RCV_MSG,
    RIGHT_PORT_SET,
    SEND_MSG,
    TYPE_DEAD_NAME,
    TYPE_SEND_ONCE,
)
from kernel.ipc.message import Message
from kernel.sched.wait import WaitQueue
from tests.ipc.node import BLOCKED, Header, Node, Program

BOTH = SEND_MSG | RCV_MSG
RPC = COPY_SEND | MAKE_SEND_ONCE << 8


class Service:
    """A kernel server that answers with what it was asked."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.served: list[Message] = []
        self.gate = WaitQueue("the gate")
        self.port = node.ipc.allocate_kernel_port(IKOT_TASK, self)
        node.ipc.kernel_server = self.serve

    def serve(self, message: Message):
        self.served.append(message)
        if message.id == 1:  # one way
            return None
        if message.id == 2:
            return self.later(message)
        if message.id == 3:  # the answer will come in another way
            self.reply, self.reply_type = message.take_reply()
            return None
        if message.id == 4:  # makes a right
            carried = (CarriedRights(4, PORT_SEND, (self.node.ipc.make_send(self.port),), True),)
            return Message.reply_to(message, 104, bytes(8), carried)
        return Message.reply_to(message, message.id + 100, message.body)

    async def later(self, message: Message):
        await self.node.scheduler.wait(self.gate)
        return Message.reply_to(message, 102, b"late")


@pytest.fixture
def node():
    node = Node(64)
    yield node
    node.check()


@pytest.fixture
def service(node: Node) -> Service:
    return Service(node)


@pytest.fixture
def task(node: Node) -> Program:
    return node.task()


def test_the_answer_is_received_by_the_call_that_asked(node: Node, service: Service, task: Program) -> None:
    send = node.ipc.copyout_send(task.space, service.port)
    reply = task.port()
    assert task.send(Header(RPC, remote=send, local=reply, id=50), b"echo", option=BOTH, name=reply) == 0
    got = task.header()
    assert (got.bits, got.remote, got.local, got.id) == (PORT_SEND_ONCE << 8, 0, reply, 150)
    assert task.body() == b"echo"
    assert task.space.entries[reply].port.sorights == 0 and service.port.srights == 1
    assert [task.send(Header(RPC, remote=send, local=reply), option=BOTH, name=reply) for _ in range(2)] == [
        0,
        0,
    ]
    assert task.header().seqno == 2


def test_an_answer_that_cannot_be_received_at_once_is_queued(
    node: Node, service: Service, task: Program
) -> None:
    send = node.ipc.copyout_send(task.space, service.port)
    reply, other = task.port(), task.port()
    header = Header(RPC, remote=send, local=reply, id=50)
    assert task.send(header) == 0
    assert task.poll(reply).id == 150
    # Another message is there first.
    task.send(Header(RPC, remote=send, local=reply, id=51))
    assert task.send(header, option=BOTH, name=reply) == 0
    assert task.header().id == 151 and task.poll(reply).id == 150
    # It is received from somewhere else.
    assert task.send(header, option=BOTH | 0x100, name=other) == MsgReturn.RCV_TIMED_OUT
    assert task.poll(reply).id == 150
    # The reply port is in a set.
    port_set = mach_port.mach_port_allocate(task.space, RIGHT_PORT_SET)
    mach_port.mach_port_move_member(task.space, reply, port_set)
    assert task.send(header, option=BOTH, name=port_set) == 0 and task.header().id == 150
    assert task.send(header, option=BOTH, name=reply) == MsgReturn.RCV_IN_SET
    assert task.poll(port_set).id == 150


def test_too_large_an_answer_is_treated_like_any_message(node: Node, service: Service, task: Program) -> None:
    send = node.ipc.copyout_send(task.space, service.port)
    reply = task.port()
    header = Header(RPC, remote=send, local=reply, id=50)
    result = task.send(header, bytes(80), option=BOTH, name=reply, receive_size=48)
    assert result == MsgReturn.RCV_TOO_LARGE and task.header().size == 104


def test_the_kernel_ignores_queue_limits(node: Node, service: Service, task: Program) -> None:
    send = node.ipc.copyout_send(task.space, service.port)
    reply = task.port()
    mach_port.mach_port_set_qlimit(task.space, reply, 0)
    for _ in range(QLIMIT_MAX + 2):
        assert task.send(Header(COPY_SEND | MAKE_SEND << 8, remote=send, local=reply, id=9)) == 0
    assert mach_port.mach_port_get_receive_status(task.space, reply).mps_msgcount == QLIMIT_MAX + 2


def test_rights_of_a_call_are_used_up(node: Node, service: Service, task: Program) -> None:
    send = node.ipc.copyout_send(task.space, service.port)
    reply = task.port()
    before = census(node.ipc)
    task.send(Header(RPC, remote=send, local=reply, id=1))  # one way, with a reply port all the same
    assert task.poll(reply).id == 71
    task.send(Header(COPY_SEND, remote=send, id=9))  # a call without a reply port
    task.send(Header(COPY_SEND, remote=send, id=4))  # its result is destroyed
    assert census(node.ipc) == before
    task.send(Header(RPC, remote=send, local=reply, id=3))  # answered later, by other means
    node.ipc.send_from_kernel(Message(service.reply, service.reply_type, None, 0, 303, b""))
    assert task.poll(reply).id == 303
    assert census(node.ipc) == before


def test_a_call_that_must_wait(node: Node, service: Service, task: Program) -> None:
    send = node.ipc.copyout_send(task.space, service.port)
    reply = task.port()
    header = Header(RPC, remote=send, local=reply, id=2)
    assert task.send(header, option=BOTH, name=reply) is BLOCKED
    node.check()
    node.scheduler.wake_all(service.gate)
    node.run()
    assert task.result() == 0 and task.header().id == 102


def test_a_call_from_the_kernel_that_must_wait_gets_a_thread(
    node: Node, service: Service, task: Program
) -> None:
    reply = task.port()
    port = task.space.entries[reply].port
    message = Message.from_kernel(2, node.ipc.make_send(service.port), node.ipc.make_send_once(port), b"")
    node.ipc.send_from_kernel(message)
    assert task.poll(reply) is None
    node.run()
    node.scheduler.wake_all(service.gate)
    node.run()
    assert task.poll(reply).id == 102


def test_a_thread_that_is_taken_apart_in_a_call_leaves_nothing(
    node: Node, service: Service, task: Program
) -> None:
    send = node.ipc.copyout_send(task.space, service.port)
    reply = task.port()
    task.send(Header(RPC, remote=send, local=reply, id=2), option=BOTH, name=reply)
    task.thread.coroutine.close()
    service.gate.threads.clear()
    node.check()
    assert not node.ipc.in_service
    assert task.space.entries[reply].port.messages[0].id == 71


def test_notifications_to_kernel_ports_are_calls(node: Node, service: Service, task: Program) -> None:
    port = task.port()
    send = task.give_send(port, task)
    once = node.ipc.make_send_once(service.port)
    mach_port.mach_port_request_notification(task.space, port, 70, 0, once)
    mach_port.mach_port_deallocate(task.space, send)
    assert [message.id for message in service.served] == [70]
    assert service.port.sorights == 0


def test_convert_and_destroy(node: Node, service: Service, task: Program) -> None:
    send = node.ipc.copyout_send(task.space, service.port)
    assert kernel_object.convert(service.port, IKOT_TASK) is service
    assert kernel_object.convert(service.port, IKOT_HOST) is None
    assert kernel_object.convert(None, IKOT_TASK) is None
    node.ipc.destroy_kernel_port(service.port)
    node.ipc.destroy_kernel_port(service.port)
    assert kernel_object.convert(service.port, IKOT_TASK) is None
    assert task.type(send) == TYPE_DEAD_NAME
    assert task.send(Header(COPY_SEND, remote=send)) == MsgReturn.SEND_INVALID_DEST


def test_a_kernel_port_may_die_of_the_call_it_serves(node: Node, service: Service, task: Program) -> None:
    send = node.ipc.copyout_send(task.space, service.port)
    reply = task.port()
    once = mach_port.mach_port_extract_right(task.space, reply, MAKE_SEND_ONCE)

    def terminate(message: Message):
        node.ipc.destroy_kernel_port(service.port)
        return Message.reply_to(message, 7, b"")

    node.ipc.kernel_server = terminate
    node.ipc.destroy_right(once)
    task.poll(reply)
    assert task.send(Header(RPC, remote=send, local=reply), option=BOTH, name=reply) == 0
    assert task.type(send) == TYPE_DEAD_NAME
    assert TYPE_SEND_ONCE not in mach_port.mach_port_names(task.space)[1]


def test_what_the_kernel_holds_is_shown_to_the_checker(node: Node, task: Program) -> None:
    port = task.port()
    held = node.ipc.make_send(task.space.entries[port].port)
    with pytest.raises(AssertionError, match="send rights"):
        node.check()
    node.ipc.add_holder(lambda: [(held, PORT_SEND)])
    node.check()


def test_a_kernel_port_can_be_given_away(node: Node, service: Service, task: Program) -> None:
    """Its object ends, and the receive right goes to a task: an ordinary port from then on."""
    send = node.ipc.copyout_send(task.space, service.port)
    receiver = task.port()
    port = kernel_object.surrender(service.port)
    port.kind, port.kobject = 0, None
    body = (CarriedRights(4, PORT_RECEIVE, (port,), True),)
    destination = node.ipc.make_send(task.space.entries[receiver].port)
    node.ipc.send_from_kernel(Message(destination, PORT_SEND, None, 0, 77, bytes(8), body))
    node.check()
    assert task.poll(receiver).id == 77
    assert port.receiver is task.space and port.receiver_name == send
    task.send(Header(COPY_SEND, remote=send, id=9))
    assert not service.served and task.poll(send).id == 9


def test_the_kernel_is_told_when_the_port_of_its_object_dies(
    node: Node, service: Service, task: Program
) -> None:
    died = []
    node.ipc.object_port_died = lambda port: died.append(port.kobject)
    name = task.port()
    task.space.entries[name].port.kobject = service
    other = task.port()
    for each in (name, other):
        mach_port.mach_port_destroy(task.space, each)
    assert died == [service]
