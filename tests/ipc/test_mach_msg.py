"""Sending and receiving: the header, and sends and receives that fail at once or in the end."""

import pytest

from kernel.interface.returns import MACH_MSG_IPC_SPACE, MsgReturn
from kernel.interface.wire import (
    COPY_SEND,
    MAKE_SEND,
    MAKE_SEND_ONCE,
    MOVE_RECEIVE,
    MOVE_SEND,
    MOVE_SEND_ONCE,
    PORT_SEND,
    PORT_SEND_ONCE,
)
from kernel.ipc import entry, mach_port
from kernel.ipc.check import census
from kernel.ipc.layout import (
    MESSAGE_SIZE_MAX,
    PORT_DEAD,
    PORT_NULL,
    QLIMIT_DEFAULT,
    RCV_LARGE,
    RCV_MSG,
    RCV_NOTIFY,
    RCV_TIMEOUT,
    RIGHT_DEAD_NAME,
    RIGHT_PORT_SET,
    RIGHT_SEND,
    SEND_MSG,
    TYPE_DNREQUEST,
    TYPE_RECEIVE,
    TYPE_SEND,
    TYPE_SEND_ONCE,
)
from kernel.sched.thread import WaitResult
from tests.ipc.node import BLOCKED, BUFFER, MILLISECOND, Header, Node, error_of
from tests.ipc.pair import RPC, Pair


@pytest.fixture
def node():
    node = Node(64)
    yield node
    node.check()


@pytest.fixture
def pair(node: Node) -> Pair:
    return Pair(node)


# ---- the usual


def test_a_message_arrives_with_its_header_reversed(pair: Pair) -> None:
    reply = pair.client.port()
    header = Header(RPC, remote=pair.send, local=reply, id=42, seqno=99)
    assert pair.client.send(header, b"question") == 0
    assert pair.server.receive(pair.port) == 0
    got = pair.server.header()
    assert got.bits == PORT_SEND_ONCE | PORT_SEND << 8
    assert (got.size, got.local, got.seqno, got.id) == (32, pair.port, 0, 42)
    assert pair.server.type(got.remote) == TYPE_SEND_ONCE
    assert pair.server.body() == b"question"
    assert pair.server.send(Header(MOVE_SEND_ONCE, remote=got.remote, id=142), b"answer!!") == 0
    assert pair.client.receive(reply) == 0
    got = pair.client.header()
    assert (got.bits, got.remote, got.local, got.id) == (PORT_SEND_ONCE << 8, PORT_NULL, reply, 142)


def test_a_waiting_receiver_gets_the_message_at_once(node: Node, pair: Pair) -> None:
    assert pair.server.receive(pair.port) is BLOCKED
    assert pair.client.send(Header(COPY_SEND, remote=pair.send, id=1), b"data") == 0
    assert not pair.server.is_blocked() and pair.server.result() == 0
    assert (pair.server.header().id, pair.server.body()) == (1, b"data")


def test_messages_come_in_order_with_sequence_numbers(pair: Pair) -> None:
    pair.fill()
    for number in range(QLIMIT_DEFAULT):
        assert pair.server.receive(pair.port) == 0
        got = pair.server.header()
        assert (got.id, got.seqno) == (number, number)
    mach_port.mach_port_set_seqno(pair.server.space, pair.port, 0xFFFFFFFF)
    for expected in (0xFFFFFFFF, 0):
        assert pair.client.send(Header(COPY_SEND, remote=pair.send)) == 0
        assert pair.server.receive(pair.port) == 0
        assert pair.server.header().seqno == expected


def test_several_threads_wait_first_come_first_served(pair: Pair) -> None:
    second = pair.server.another_thread()
    assert pair.server.receive(pair.port) is BLOCKED
    assert pair.server.receive(pair.port, thread=second, address=BUFFER + 0x1000) is BLOCKED
    assert pair.client.send(Header(COPY_SEND, remote=pair.send, id=1)) == 0
    assert not pair.server.is_blocked() and pair.server.is_blocked(second)


def test_neither_send_nor_receive_does_nothing(pair: Pair) -> None:
    assert pair.client.call(0, send_size=7, name=12345) == 0


# ---- sends that fail and did nothing


def test_the_message_must_be_there_and_of_a_possible_size(pair: Pair) -> None:
    client = pair.client
    for size in (0, 20, 25, 26):
        assert client.call(SEND_MSG, send_size=size) == MsgReturn.SEND_MSG_TOO_SMALL
    for address in (0, 0xC0000000, 0xFFFFFFF0, 0x5000):
        assert client.call(SEND_MSG, send_size=24, address=address) == MsgReturn.SEND_INVALID_DATA
    for size in (MESSAGE_SIZE_MAX + 4, 0xFFFFFFFC):
        assert client.call(SEND_MSG, send_size=size) == MsgReturn.SEND_NO_BUFFER


BAD_HEADERS = [
    (0, 0),
    (MOVE_RECEIVE, 0),
    (COPY_SEND | MOVE_RECEIVE << 8, 0),
    (COPY_SEND | 9 << 8, 0),
    (22, 0),
    (COPY_SEND, 1),  # a reply port without a disposition
]


@pytest.mark.parametrize(("bits", "local"), BAD_HEADERS)
def test_dispositions_must_be_of_send_rights(pair: Pair, bits: int, local: int) -> None:
    assert pair.client.send(Header(bits, remote=pair.send, local=local)) == MsgReturn.SEND_INVALID_HEADER


def test_the_destination_must_be_a_right_of_that_kind(node: Node, pair: Pair) -> None:
    client = pair.client
    mine = client.port()
    port_set = mach_port.mach_port_allocate(client.space, RIGHT_PORT_SET)
    dead = mach_port.mach_port_allocate(client.space, RIGHT_DEAD_NAME)
    for name in (PORT_NULL, PORT_DEAD, 0x9999, mine, port_set, dead):
        assert client.send(Header(COPY_SEND, remote=name)) == MsgReturn.SEND_INVALID_DEST
    for disposition in (MAKE_SEND, MAKE_SEND_ONCE, MOVE_SEND_ONCE):
        assert client.send(Header(disposition, remote=pair.send)) == MsgReturn.SEND_INVALID_DEST
    mach_port.mach_port_destroy(pair.server.space, pair.port)
    assert client.send(Header(COPY_SEND, remote=pair.send)) == MsgReturn.SEND_INVALID_DEST


def test_the_reply_right_must_be_of_its_kind_and_the_header_is_atomic(node: Node, pair: Pair) -> None:
    client = pair.client
    before = census(node.ipc)
    for disposition, local in ((MAKE_SEND_ONCE, 0x9999), (MAKE_SEND, pair.send), (MOVE_SEND_ONCE, pair.send)):
        header = Header(MOVE_SEND | disposition << 8, remote=pair.send, local=local)
        assert client.send(header) == MsgReturn.SEND_INVALID_REPLY
    assert census(node.ipc) == before and client.refs(pair.send, RIGHT_SEND) == 1


def test_one_reference_can_be_moved_and_copied_but_not_moved_twice(node: Node, pair: Pair) -> None:
    client = pair.client
    twice = Header(MOVE_SEND | MOVE_SEND << 8, remote=pair.send, local=pair.send)
    assert client.send(twice) == MsgReturn.SEND_INVALID_REPLY
    assert client.send(Header(MOVE_SEND | COPY_SEND << 8, remote=pair.send, local=pair.send)) == 0
    assert error_of(mach_port.mach_port_type, client.space, pair.send)
    assert pair.server.receive(pair.port) == 0
    assert pair.server.header().remote == pair.server.header().local == pair.port
    assert pair.server.type(pair.port) == TYPE_SEND | TYPE_RECEIVE


def test_send_once_right_as_destination_and_reply_at_once_is_refused(pair: Pair) -> None:
    once = entry.copyout(
        pair.client.space, entry.copyin(pair.server.space, pair.port, MAKE_SEND_ONCE), PORT_SEND_ONCE
    )
    header = Header(MOVE_SEND_ONCE | MOVE_SEND_ONCE << 8, remote=once, local=once)
    assert pair.client.send(header) == MsgReturn.SEND_INVALID_REPLY
    assert pair.client.type(once) == TYPE_SEND_ONCE


def test_null_and_dead_reply_ports(pair: Pair) -> None:
    client = pair.client
    dead = mach_port.mach_port_allocate(client.space, RIGHT_DEAD_NAME)
    for local, arrives in ((PORT_NULL, PORT_NULL), (PORT_DEAD, PORT_DEAD), (dead, PORT_DEAD)):
        assert client.send(Header(COPY_SEND | COPY_SEND << 8, remote=pair.send, local=local)) == 0
        assert pair.server.receive(pair.port) == 0
        assert pair.server.header().remote == arrives


# ---- receives that fail


def test_what_can_be_received_from(pair: Pair) -> None:
    server = pair.server
    port_set = mach_port.mach_port_allocate(server.space, RIGHT_PORT_SET)
    dead = mach_port.mach_port_allocate(server.space, RIGHT_DEAD_NAME)
    for name in (PORT_NULL, PORT_DEAD, 0x9999, dead):
        assert server.receive(name) == MsgReturn.RCV_INVALID_NAME
    assert pair.client.receive(pair.send) == MsgReturn.RCV_INVALID_NAME
    mach_port.mach_port_move_member(server.space, pair.port, port_set)
    assert server.receive(pair.port) == MsgReturn.RCV_IN_SET


def test_receive_timeouts(node: Node, pair: Pair) -> None:
    option = RCV_MSG | RCV_TIMEOUT
    assert pair.server.receive(pair.port, option=option) == MsgReturn.RCV_TIMED_OUT
    assert pair.server.receive(pair.port, option=option, timeout=10) is BLOCKED
    node.let_pass(9 * MILLISECOND)
    assert pair.server.is_blocked()
    node.let_pass(2 * MILLISECOND)
    assert pair.server.result() == MsgReturn.RCV_TIMED_OUT


def test_an_interrupted_receive(node: Node, pair: Pair) -> None:
    assert pair.server.receive(pair.port) is BLOCKED
    node.scheduler.wake(pair.server.thread, WaitResult.INTERRUPTED)
    assert pair.server.result() == MsgReturn.RCV_INTERRUPTED


def test_a_receive_ends_when_its_port_dies_moves_or_joins_a_set(node: Node, pair: Pair) -> None:
    server = pair.server
    port_set = mach_port.mach_port_allocate(server.space, RIGHT_PORT_SET)

    def outcome_of(name: int, change) -> int:
        assert server.receive(name) is BLOCKED
        change()
        return server.result()

    moved = outcome_of(pair.port, lambda: mach_port.mach_port_move_member(server.space, pair.port, port_set))
    assert moved == MsgReturn.RCV_PORT_CHANGED
    mach_port.mach_port_move_member(server.space, pair.port, 0)
    gone = outcome_of(pair.port, lambda: entry.copyin(server.space, pair.port, MOVE_RECEIVE))
    assert gone == MsgReturn.RCV_PORT_DIED
    node.ipc.destroy_right(mach_port.Right(pair.kernel_port, MOVE_RECEIVE))
    port = server.port()
    died = outcome_of(port, lambda: mach_port.mach_port_destroy(server.space, port))
    assert died == MsgReturn.RCV_PORT_DIED
    died = outcome_of(port_set, lambda: mach_port.mach_port_destroy(server.space, port_set))
    assert died == MsgReturn.RCV_PORT_DIED


def test_too_large_a_message_is_destroyed(node: Node, pair: Pair) -> None:
    reply = pair.client.port()
    header = Header(RPC, remote=pair.send, local=reply, id=9)
    assert pair.client.send(header, bytes(100)) == 0
    assert pair.server.receive(pair.port, receive_size=123) == MsgReturn.RCV_TOO_LARGE
    got = pair.server.header()
    assert (got.size, got.local, got.remote, got.id) == (124, pair.port, PORT_NULL, 9)
    assert pair.client.poll(reply).id == 71  # its reply right is gone


def test_with_rcv_large_it_stays(node: Node, pair: Pair) -> None:
    header = Header(COPY_SEND, remote=pair.send, id=9)
    assert pair.client.send(header, bytes(100)) == 0
    option = RCV_MSG | RCV_LARGE
    assert pair.server.receive(pair.port, option=option, receive_size=24) == MsgReturn.RCV_TOO_LARGE
    assert pair.server.header().size == 124
    assert pair.server.receive(pair.port, option=option, receive_size=124) == 0
    assert pair.server.header().seqno == 0


def test_a_waiting_receiver_that_is_too_small_leaves_the_message_to_the_next(node: Node, pair: Pair) -> None:
    server = pair.server
    second = server.another_thread()
    assert server.receive(pair.port, option=RCV_MSG | RCV_LARGE, receive_size=24) is BLOCKED
    assert server.receive(pair.port, thread=second, address=BUFFER + 0x1000) is BLOCKED
    assert pair.client.send(Header(COPY_SEND, remote=pair.send), bytes(8)) == 0
    assert server.result() == MsgReturn.RCV_TOO_LARGE and server.header().size == 32
    assert server.result(second) == 0


def test_an_unwritable_buffer_loses_the_bytes_but_not_the_rights(pair: Pair) -> None:
    reply = pair.client.port()
    assert pair.client.send(Header(RPC, remote=pair.send, local=reply)) == 0
    assert pair.server.receive(pair.port, address=0x2000) == MsgReturn.RCV_INVALID_DATA
    assert TYPE_SEND_ONCE in mach_port.mach_port_names(pair.server.space)[1]


def test_without_a_name_for_the_reply_right_only_the_header_comes(node: Node) -> None:
    server, client = node.task(limit=1), node.task()
    port = server.port()
    send = server.give_send(port, client)
    reply = client.port()
    assert client.send(Header(RPC, remote=send, local=reply, id=3), b"lost") == 0
    assert server.receive(port) == MsgReturn.RCV_HEADER_ERROR | MACH_MSG_IPC_SPACE
    assert (server.header().local, server.header().remote, server.header().id) == (port, PORT_NULL, 3)
    assert client.poll(reply).id == 71


def test_rcv_notify_watches_a_new_reply_right(node: Node, pair: Pair) -> None:
    server, client = pair.server, pair.client
    notify = server.port()
    reply = client.port()
    option = RCV_MSG | RCV_NOTIFY
    assert client.send(Header(RPC, remote=pair.send, local=reply)) == 0
    assert server.receive(pair.port, option=option, notify=notify) == 0
    once = server.header().remote
    assert server.type(once) == TYPE_SEND_ONCE | TYPE_DNREQUEST
    mach_port.mach_port_destroy(client.space, reply)
    assert server.poll(notify).id == 72
    # A right that merges with one that is there is not new.
    reply = client.port()
    known = client.give_send(reply, server)
    assert client.send(Header(COPY_SEND | MAKE_SEND << 8, remote=pair.send, local=reply)) == 0
    assert server.receive(pair.port, option=option, notify=notify) == 0
    assert server.header().remote == known and server.type(known) == TYPE_SEND
    # The notify port must be one's own.
    assert client.send(Header(RPC, remote=pair.send, local=reply)) == 0
    result = server.receive(pair.port, option=option, notify=known)
    assert result == MsgReturn.RCV_INVALID_NOTIFY and server.header().remote == PORT_NULL
    assert client.poll(reply).id == 71


def test_a_message_for_a_right_that_moved_on_stays_with_the_port(node: Node, pair: Pair) -> None:
    pair.fill()
    heir = node.task()
    port = entry.copyin(pair.server.space, pair.port, MOVE_RECEIVE)
    name = entry.copyout(heir.space, port, 16)
    for number in range(QLIMIT_DEFAULT):
        assert heir.receive(name) == 0
        assert (heir.header().id, heir.header().seqno) == (number, number)
    assert heir.type(name) == TYPE_RECEIVE


def test_the_last_message_to_a_dead_end_leaves_nothing(node: Node, pair: Pair) -> None:
    pair.client.send(Header(MOVE_SEND, remote=pair.send))
    mach_port.mach_port_destroy(pair.server.space, pair.port)
    assert census(node.ipc).ports == 0


def test_names_of_receivers_follow_a_rename(pair: Pair) -> None:
    assert pair.server.receive(pair.port) is BLOCKED
    mach_port.mach_port_rename(pair.server.space, pair.port, 4711)
    assert pair.client.send(Header(COPY_SEND, remote=pair.send)) == 0
    assert pair.server.header().local == 4711
