"""Port sets: one receive for many ports, in order of arrival."""

import pytest

from kernel.interface.wire import COPY_SEND, MOVE_RECEIVE, MOVE_SEND_ONCE
from kernel.ipc import entry, mach_port
from kernel.ipc.layout import QLIMIT_DEFAULT, RIGHT_PORT_SET
from tests.ipc.node import BLOCKED, BUFFER, Header, Node, Program


@pytest.fixture
def node():
    node = Node(64)
    yield node
    node.check()


class Set:
    """A server with three ports in a set, and a client with send rights."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.server, self.client = node.task(), node.task()
        self.name = mach_port.mach_port_allocate(self.server.space, RIGHT_PORT_SET)
        self.ports = [self.server.port() for _ in range(3)]
        self.sends = [self.server.give_send(port, self.client) for port in self.ports]

    def put(self, *indices: int, into: int | None = None) -> None:
        for index in indices:
            name = self.name if into is None else into
            mach_port.mach_port_move_member(self.server.space, self.ports[index], name)

    def send(self, index: int, number: int) -> int | None:
        return self.client.send(Header(COPY_SEND, remote=self.sends[index], id=number))

    def drain(self) -> list[int]:
        ids = []
        while (header := self.server.poll(self.name)) is not None:
            assert header.local in self.ports
            ids.append(header.id)
            self.node.check()
        return ids


@pytest.fixture
def some(node: Node) -> Set:
    return Set(node)


def test_messages_come_in_order_of_arrival_over_all_members(some: Set) -> None:
    some.put(0, 1, 2)
    for number, index in enumerate([0, 2, 1, 1, 0]):
        some.send(index, number)
    assert some.drain() == [0, 1, 2, 3, 4]


def test_a_thread_waits_for_all_members(some: Set) -> None:
    some.put(0, 1)
    assert some.server.receive(some.name) is BLOCKED
    some.send(1, 9)
    assert some.server.result() == 0
    assert (some.server.header().id, some.server.header().local) == (9, some.ports[1])


def test_sequence_numbers_are_the_ports_own(some: Set) -> None:
    some.put(0, 1)
    for index in (0, 1, 1):
        some.send(index, 0)
    seen = [(header.local, header.seqno) for header in iter(lambda: some.server.poll(some.name), None)]
    assert seen == [(some.ports[0], 0), (some.ports[1], 0), (some.ports[1], 1)]


def test_a_port_takes_its_messages_in_and_out_of_a_set(some: Set) -> None:
    some.put(0)
    some.send(0, 1)
    some.send(1, 2)
    some.put(1)
    some.send(0, 3)
    assert some.drain() == [1, 2, 3]
    for number in (4, 5):
        some.send(0, number)
        some.send(1, 10 + number)
    some.put(0, into=0)
    assert some.drain() == [14, 15]
    assert [some.server.poll(some.ports[0]).id for _ in range(2)] == [4, 5]


def test_a_port_with_messages_that_joins_feeds_the_threads_waiting_there(some: Set) -> None:
    second = some.server.another_thread()
    some.send(0, 1)
    some.send(0, 2)
    some.send(0, 3)
    assert some.server.receive(some.name) is BLOCKED
    assert some.server.receive(some.name, thread=second, address=BUFFER + 0x1000) is BLOCKED
    some.put(0)
    assert some.server.result() == 0 and some.server.result(second) == 0
    assert some.server.header().id == 1
    assert some.drain() == [3]


def test_a_receive_from_an_empty_set_waits_for_members_to_come(some: Set) -> None:
    assert some.server.receive(some.name) is BLOCKED
    some.put(2)
    assert some.server.is_blocked()
    some.send(2, 5)
    assert some.server.result() == 0


def test_threads_stay_with_the_set_when_a_member_leaves_or_dies(some: Set) -> None:
    some.put(0, 1)
    assert some.server.receive(some.name) is BLOCKED
    some.put(0, into=0)
    mach_port.mach_port_destroy(some.server.space, some.ports[1])
    assert some.server.is_blocked()
    some.send(0, 1)
    assert some.server.is_blocked()
    some.put(0)
    assert some.server.result() == 0


def test_a_member_that_moves_away_leaves_the_set(some: Set) -> None:
    heir: Program = some.node.task()
    some.put(0, 1)
    some.send(0, 1)
    some.send(1, 2)
    port = entry.copyin(some.server.space, some.ports[0], MOVE_RECEIVE)
    name = entry.copyout(heir.space, port, MOVE_RECEIVE)
    assert some.drain() == [2]
    assert heir.poll(name).id == 1


def test_each_member_has_its_own_limit(some: Set) -> None:
    some.put(0, 1)
    for number in range(QLIMIT_DEFAULT):
        assert some.send(0, number) == 0
        assert some.send(1, number) == 0
    assert some.send(0, 77) is BLOCKED
    assert some.server.receive(some.name) == 0
    some.node.run()
    assert not some.client.is_blocked()
    assert some.drain()[-1] == 77


def test_notifications_reach_sets(some: Set) -> None:
    some.put(0)
    once = some.server.give_send_once(some.ports[0], some.client)
    assert some.server.receive(some.name) is BLOCKED
    mach_port.mach_port_deallocate(some.client.space, once)
    assert some.server.result() == 0 and some.server.header().id == 71
    assert some.server.header().bits == MOVE_SEND_ONCE << 8
