"""Ports whose receive right is on another node: what a transport sees of them."""

import pytest

from kernel.interface.wire import COPY_SEND, PORT_SEND, PORT_SEND_ONCE
from kernel.ipc import entry, mach_port, queue, right
from kernel.ipc.death import destroy_port
from kernel.ipc.layout import QLIMIT_DEFAULT, TYPE_DEAD_NAME
from kernel.ipc.message import Message
from kernel.ipc.port import Port
from kernel.ipc.remote import RemotePort
from tests.ipc.node import BLOCKED, Header, Node, Program


class Wire:
    """A transport that only notes what it was told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, Port]] = []

    def message_queued(self, port: Port) -> None:
        self.told.append(("message", port))

    def no_local_senders(self, port: Port) -> None:
        self.told.append(("no senders", port))

    def watch_death(self, port: Port) -> None:
        self.told.append(("watch", port))


@pytest.fixture
def node():
    node = Node(64)
    node.ipc.transport = Wire()
    yield node
    node.check()


@pytest.fixture
def task(node: Node) -> Program:
    return node.task()


@pytest.fixture
def proxy(node: Node) -> Port:
    port = Port(node.ipc, None, 0)
    port.remote = RemotePort(0x100021)
    return port


def test_messages_wait_for_the_transport_under_the_usual_limit(
    node: Node, task: Program, proxy: Port
) -> None:
    send = entry.copyout(task.space, right.make_send(proxy), PORT_SEND)
    for number in range(QLIMIT_DEFAULT):
        assert task.send(Header(COPY_SEND, remote=send, id=number)) == 0
    assert node.ipc.transport.told == [("message", proxy)] * QLIMIT_DEFAULT
    assert task.send(Header(COPY_SEND, remote=send, id=99)) is BLOCKED
    sent = []
    while proxy.messages:
        message = queue.take(proxy)
        right.consume_destination(message)
        sent.append(message.id)
    node.run()
    assert sent == [0, 1, 2, 3, 4, 99] and task.result() == 0


def test_the_transport_learns_of_the_last_sender(node: Node, task: Program, proxy: Port) -> None:
    send = entry.copyout(task.space, right.make_send(proxy), PORT_SEND)
    mach_port.mach_port_deallocate(task.space, send)
    assert node.ipc.transport.told == [("no senders", proxy)]


def test_the_transport_watches_for_the_death_that_it_will_report(
    node: Node, task: Program, proxy: Port
) -> None:
    send = entry.copyout(task.space, right.make_send(proxy), PORT_SEND)
    watch = task.port()
    task.request(send, 72, watch)
    previous = task.request(send, 72, watch)
    assert node.ipc.transport.told == [("watch", proxy)]
    node.ipc.release_send_once(previous)
    task.poll(watch)
    destroy_port(proxy)
    assert task.notification(watch) == (72, send) and task.type(send) == TYPE_DEAD_NAME


def test_a_destroyed_send_once_right_is_a_message_to_the_other_side(
    node: Node, task: Program, proxy: Port
) -> None:
    once = entry.copyout(task.space, right.make_send_once(proxy), PORT_SEND_ONCE)
    mach_port.mach_port_deallocate(task.space, once)
    assert [message.id for message in proxy.messages] == [71]


def test_a_message_for_a_node_without_transport_waits(task: Program, proxy: Port) -> None:
    task.node.ipc.transport = None
    queue.force(Message(right.make_send(proxy), PORT_SEND, None, 0, 1, b""))
    assert len(proxy.messages) == 1
