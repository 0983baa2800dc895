"""Calls that need a page which a pager has yet to provide: they wait, and cost nothing meanwhile."""

import struct

import pytest

from kernel.interface.returns import (
    KernReturn,
    MsgReturn,
)
from kernel.interface.wire import (
    COPY_SEND,
    MAKE_SEND,
    MAKE_SEND_ONCE,
    MOVE_RECEIVE,
    MOVE_SEND,
    PORT_SEND,
)
from kernel.ipc import entry, mach_port
from kernel.ipc.check import census
from kernel.ipc.layout import (
    BITS_COMPLEX,
    RCV_MSG,
    SEND_MSG,
    TYPE_RECEIVE,
)
from kernel.sched.thread import WaitResult
from kernel.vm import pager
from kernel.vm.access import copyin
from kernel.vm.object import VmObject
from tests.ipc.bodies import (
    BYTE,
    COMPLEX_SEND,
    PAGE,
    Pair,
    long_form,
    short,
    words,
)
from tests.ipc.node import BLOCKED, Header, Node, Program, error_of


@pytest.fixture
def node():
    node = Node()
    yield node
    node.check()


@pytest.fixture
def pair(node: Node) -> Pair:
    return Pair(node)


class SlowPager:
    """Provides pages when told to."""

    def __init__(self, node: Node, size: int) -> None:
        self.node = node
        self.wanted: list[int] = []
        self.object: VmObject = node.vm.object_for(self, size)

    def initialize(self, vm_object: VmObject) -> None:
        pager.ready(vm_object, False, 0)

    def data_request(self, vm_object: VmObject, offset: int, length: int, access: int) -> None:
        self.wanted.append(offset)

    def data_unlock(self, vm_object: VmObject, offset: int, length: int, access: int) -> None:
        raise AssertionError

    def terminate(self, vm_object: VmObject) -> None:
        pass

    def supply(self, contents: bytes = b"") -> None:
        memory = self.node.vm.memory
        for offset in self.wanted:
            frame = memory.allocate()
            assert frame is not None
            memory.zero(frame)
            memory.write(frame, 0, contents)
            assert pager.supply(self.object, offset, frame, 0, False)
        self.wanted.clear()
        self.node.run()


def mapped(task: Program, pages: int = 4) -> tuple[SlowPager, int]:
    slow = SlowPager(task.node, pages * PAGE)
    address = task.map.enter(task.map.lowest, pages * PAGE, anywhere=True, vm_object=slow.object)
    return slow, address


def test_a_message_in_a_page_that_is_not_there_yet(node: Node, pair: Pair) -> None:
    client = pair.client
    slow, address = mapped(client)
    assert client.call(SEND_MSG, send_size=24, address=address) is BLOCKED
    assert slow.wanted == [0]
    slow.supply(Header(COPY_SEND, remote=pair.send, id=8).pack(24))
    assert client.result() == 0
    assert pair.server.receive(pair.port) == 0 and pair.server.header().id == 8


def test_names_in_a_page_that_is_not_there_yet_cost_nothing_meanwhile(node: Node, pair: Pair) -> None:
    client = pair.client
    slow, address = mapped(client)
    port = client.port()
    before = census(node.ipc)
    body = short(MOVE_RECEIVE, 32, 1) + words(port) + short(MAKE_SEND, 32, 1, flags=0) + words(address)
    header = Header(BITS_COMPLEX | MOVE_SEND, remote=pair.send)
    assert client.send(header, body) is BLOCKED
    assert census(node.ipc) == before
    slow.supply(words(client.port()))
    assert client.result() == 0
    assert pair.server.receive(pair.port) == 0


def test_a_receive_into_a_page_that_is_not_there_yet(node: Node, pair: Pair) -> None:
    server = pair.server
    slow, address = mapped(server)
    assert server.receive(pair.port, address=address) is BLOCKED
    assert not slow.wanted
    assert pair.client.send(Header(COPY_SEND, remote=pair.send, id=8), b"late") == 0
    assert server.is_blocked() and slow.wanted == [0]
    slow.supply()
    assert server.result() == 0
    assert copyin(server.map, address + 24, 4) == b"late"


def test_a_receive_whose_wait_for_the_page_is_interrupted(node: Node, pair: Pair) -> None:
    server = pair.server
    _, address = mapped(server)
    assert pair.client.send(Header(COPY_SEND, remote=pair.send)) == 0
    assert server.receive(pair.port, address=address) is BLOCKED
    node.scheduler.wake(server.thread, WaitResult.INTERRUPTED)
    node.run()
    assert server.result() == MsgReturn.RCV_INVALID_DATA


def test_memory_that_must_be_copied_now_and_is_not_there(node: Node, pair: Pair) -> None:
    """An object whose pager allows no delayed copies: its pages are waited for in mid-body."""
    client = pair.client
    slow, address = mapped(client)
    port = client.port()
    body = short(MOVE_RECEIVE, 32, 1) + words(port) + long_form(BYTE, 8, 2 * PAGE, flags=0) + words(address)
    result = client.send(Header(COMPLEX_SEND, remote=pair.send), body)
    if result is BLOCKED:
        for _ in range(4):
            slow.supply(b"paged")
        assert client.result() == 0
    assert pair.server.receive(pair.port) == 0
    got = struct.unpack("<6I", pair.server.body())
    assert pair.server.type(got[1]) == TYPE_RECEIVE
    for _ in range(3):
        slow.supply(b"paged")
    assert copyin(pair.server.map, got[5], 5) == b"paged"


def test_an_rpc_whose_request_must_be_waited_for_goes_on_to_its_receive(node: Node, pair: Pair) -> None:
    client = pair.client
    slow, address = mapped(client)
    reply = client.port()
    result = client.call(SEND_MSG | RCV_MSG, send_size=24, address=address, name=reply)
    assert result is BLOCKED
    slow.supply(Header(COPY_SEND | MAKE_SEND_ONCE << 8, remote=pair.send, local=reply, id=8).pack(24))
    assert pair.server.receive(pair.port) == 0
    once = pair.server.header().remote
    assert pair.server.send(Header(18, remote=once, id=108)) == 0
    node.run()
    assert client.result() == 0
    assert struct.unpack("<6I", copyin(client.map, address, 24))[5] == 108


def test_unsupplied_pages_that_fail_are_invalid_memory(node: Node, pair: Pair) -> None:
    client = pair.client
    slow, address = mapped(client)
    assert client.call(SEND_MSG, send_size=24, address=address) is BLOCKED
    pager.error(slow.object, 0)
    node.run()
    assert client.result() == MsgReturn.SEND_INVALID_DATA


def test_a_task_that_ends_while_it_waits_to_receive_gets_nothing(node: Node, pair: Pair) -> None:
    server, client = pair.server, pair.client
    slow, address = mapped(server)
    reply, watch = client.port(), client.port()
    assert server.receive(pair.port, address=address) is BLOCKED
    body = short(MAKE_SEND_ONCE, 32, 1) + words(watch)
    header = Header(BITS_COMPLEX | COPY_SEND | MAKE_SEND_ONCE << 8, remote=pair.send, local=reply)
    assert client.send(header, body) == 0
    node.ipc.destroy_space(server.space)
    assert [client.poll(port).id for port in (reply, watch)] == [71, 71]
    node.scheduler.wake(server.thread, WaitResult.INTERRUPTED)
    node.run()
    assert slow.wanted


def test_a_task_that_ends_while_its_message_waits_for_a_page(node: Node, pair: Pair) -> None:
    client = pair.client
    _, address = mapped(client)
    assert client.call(SEND_MSG, send_size=24, address=address) is BLOCKED
    node.ipc.destroy_space(client.space)
    node.scheduler.wake(client.thread, WaitResult.INTERRUPTED)
    node.run()
    assert client.result() == MsgReturn.SEND_INVALID_DATA


def test_nothing_can_be_put_into_a_space_that_is_gone(node: Node, pair: Pair) -> None:
    right = mach_port.mach_port_extract_right(pair.server.space, pair.port, MAKE_SEND)
    node.ipc.destroy_space(pair.client.space)
    assert error_of(entry.copyout, pair.client.space, right.port, PORT_SEND) == KernReturn.NO_SPACE
    node.ipc.destroy_right(right)
