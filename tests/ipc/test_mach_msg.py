"""Sending and receiving: the header, queues and their limits, time-outs, what a failed call leaves."""

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
    SEND_CANCEL,
    SEND_MSG,
    SEND_NOTIFY,
    SEND_TIMEOUT,
    TYPE_DNREQUEST,
    TYPE_MAREQUEST,
    TYPE_RECEIVE,
    TYPE_SEND,
    TYPE_SEND_ONCE,
)
from kernel.sched.thread import WaitResult
from tests.ipc.node import BLOCKED, BUFFER, MILLISECOND, Header, Node, error_of

BOTH = SEND_MSG | RCV_MSG
RPC = COPY_SEND | MAKE_SEND_ONCE << 8


@pytest.fixture
def node():
    node = Node(64)
    yield node
    node.check()


class Pair:
    """A server with a port and a client with a send right to it."""

    def __init__(self, node: Node) -> None:
        self.server, self.client = node.task(), node.task()
        self.port = self.server.port()
        self.send = self.server.give_send(self.port, self.client)
        self.kernel_port = self.server.space.entries[self.port].port

    def fill(self) -> None:
        """Fill the port's queue."""
        for number in range(QLIMIT_DEFAULT):
            assert self.client.send(Header(COPY_SEND, remote=self.send, id=number)) == 0


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


# ---- full queues


def test_a_sender_waits_while_the_queue_is_full(node: Node, pair: Pair) -> None:
    pair.fill()
    reply = pair.client.port()
    assert pair.client.send(Header(RPC, remote=pair.send, local=reply, id=77)) is BLOCKED
    node.check()
    assert pair.server.receive(pair.port) == 0
    node.run()
    assert pair.client.result() == 0
    for _ in range(QLIMIT_DEFAULT):
        assert pair.server.receive(pair.port) == 0
    assert pair.server.header().id == 77


def test_a_blocked_rpc_goes_on_to_its_receive(node: Node, pair: Pair) -> None:
    pair.fill()
    reply = pair.client.port()
    header = Header(RPC, remote=pair.send, local=reply, id=77)
    assert pair.client.send(header, option=BOTH, name=reply) is BLOCKED
    for _ in range(QLIMIT_DEFAULT + 1):
        assert pair.server.receive(pair.port) == 0
        node.run()
    answer = Header(MOVE_SEND_ONCE, remote=pair.server.header().remote, id=177)
    assert pair.server.send(answer) == 0
    node.run()
    assert pair.client.result() == 0 and pair.client.header().id == 177


def test_a_raised_limit_lets_blocked_senders_in(node: Node, pair: Pair) -> None:
    pair.fill()
    threads = [pair.client.another_thread() for _ in range(3)]
    for number, thread in enumerate(threads):
        assert pair.client.send(Header(COPY_SEND, remote=pair.send, id=10 + number), thread=thread) is BLOCKED
    mach_port.mach_port_set_qlimit(pair.server.space, pair.port, QLIMIT_DEFAULT + 2)
    node.run()
    assert [pair.client.is_blocked(thread) for thread in threads] == [False, False, True]
    assert [message.id for message in pair.kernel_port.messages][QLIMIT_DEFAULT:] == [10, 11]
    node.check()
    while (got := pair.server.poll(pair.port)) is not None:
        node.run()
    assert got is None and not pair.client.is_blocked(threads[2])


def test_send_once_rights_ignore_the_limit(pair: Pair) -> None:
    pair.fill()
    once = entry.copyout(
        pair.client.space, entry.copyin(pair.server.space, pair.port, MAKE_SEND_ONCE), PORT_SEND_ONCE
    )
    assert pair.client.send(Header(MOVE_SEND_ONCE, remote=once)) == 0
    assert len(pair.kernel_port.messages) == QLIMIT_DEFAULT + 1


def test_a_timed_out_message_comes_back_ready_to_be_sent_again(node: Node, pair: Pair) -> None:
    pair.fill()
    client = pair.client
    reply = client.port()
    header = Header(MOVE_SEND | MAKE_SEND_ONCE << 8, remote=pair.send, local=reply, id=5)
    result = client.send(header, b"precious", option=SEND_MSG | SEND_TIMEOUT, timeout=20)
    assert result is BLOCKED
    node.let_pass(19 * MILLISECOND)
    assert client.is_blocked()
    node.let_pass(2 * MILLISECOND)
    assert client.result() == MsgReturn.SEND_TIMED_OUT
    got = client.header()
    assert got.bits == MOVE_SEND | MOVE_SEND_ONCE << 8 and (got.size, got.id) == (32, 5)
    assert client.type(got.remote) == TYPE_SEND and client.type(got.local) == TYPE_SEND_ONCE
    assert client.body() == b"precious"
    assert pair.server.receive(pair.port) == 0
    assert client.call(SEND_MSG, send_size=32) == 0  # just as it stands


def test_a_zero_timeout_does_not_wait(pair: Pair) -> None:
    pair.fill()
    header = Header(COPY_SEND, remote=pair.send)
    assert pair.client.send(header, option=SEND_MSG | SEND_TIMEOUT) == MsgReturn.SEND_TIMED_OUT
    assert pair.client.refs(pair.send, RIGHT_SEND) == 2  # the copy came back as a right of its own


def test_an_interrupted_send_comes_back(node: Node, pair: Pair) -> None:
    pair.fill()
    assert pair.client.send(Header(MOVE_SEND, remote=pair.send)) is BLOCKED
    node.scheduler.wake(pair.client.thread, WaitResult.INTERRUPTED)
    node.run()
    assert pair.client.result() == MsgReturn.SEND_INTERRUPTED
    assert pair.client.type(pair.client.header().remote) == TYPE_SEND


def test_a_pseudo_receive_without_room_for_names_says_so(node: Node) -> None:
    server, client = node.task(), node.task(limit=2)
    port = server.port()
    send = server.give_send(port, client)
    reply = client.port()
    for _ in range(QLIMIT_DEFAULT):
        assert client.send(Header(COPY_SEND, remote=send)) == 0
    header = Header(MOVE_SEND | MAKE_SEND_ONCE << 8, remote=send, local=reply)
    result = client.send(header, option=SEND_MSG | SEND_TIMEOUT)
    assert result == MsgReturn.SEND_TIMED_OUT | MACH_MSG_IPC_SPACE
    assert client.header().local == PORT_NULL
    assert client.poll(reply).id == 71  # the send-once right that found no name


def test_when_the_port_dies_what_blocked_senders_sent_is_lost_but_sent(node: Node, pair: Pair) -> None:
    pair.fill()
    reply = pair.client.port()
    header = Header(RPC, remote=pair.send, local=reply)
    assert pair.client.send(header, option=BOTH, name=reply) is BLOCKED
    mach_port.mach_port_destroy(pair.server.space, pair.port)
    node.run()
    assert pair.client.result() == 0 and pair.client.header().id == 71


# ---- MACH_SEND_NOTIFY


def test_a_forced_message_is_announced_when_it_is_accepted(node: Node, pair: Pair) -> None:
    pair.fill()
    client = pair.client
    notify = client.port()
    forced = SEND_MSG | SEND_NOTIFY
    header = Header(COPY_SEND, remote=pair.send, id=66)
    assert client.send(header, option=forced, notify=notify) == MsgReturn.SEND_WILL_NOTIFY
    assert client.type(pair.send) == TYPE_SEND | TYPE_MAREQUEST
    result = client.send(header, option=forced, notify=notify)
    assert result == MsgReturn.SEND_NOTIFY_IN_PROGRESS
    for _ in range(QLIMIT_DEFAULT):
        pair.server.receive(pair.port)
    assert client.poll(notify) is None
    pair.server.receive(pair.port)
    assert client.poll(notify).id == 66
    assert client.body()[4:] == pair.send.to_bytes(4, "little")
    assert client.type(pair.send) == TYPE_SEND


def test_send_notify_needs_a_receive_right_and_takes_effect_after_the_timeout(node: Node, pair: Pair) -> None:
    pair.fill()
    client = pair.client
    header = Header(COPY_SEND, remote=pair.send)
    result = client.send(header, option=SEND_MSG | SEND_NOTIFY, notify=pair.send)
    assert result == MsgReturn.SEND_INVALID_NOTIFY
    option = SEND_MSG | SEND_NOTIFY | SEND_TIMEOUT
    assert client.send(header, option=option, notify=client.port(), timeout=5) is BLOCKED
    node.let_pass(6 * MILLISECOND)
    assert client.result() == MsgReturn.SEND_WILL_NOTIFY


def test_a_forced_message_whose_port_dies_yields_a_send_once_notification(node: Node, pair: Pair) -> None:
    pair.fill()
    client = pair.client
    notify = client.port()
    header = Header(COPY_SEND, remote=pair.send)
    client.send(header, option=SEND_MSG | SEND_NOTIFY, notify=notify)
    mach_port.mach_port_destroy(pair.server.space, pair.port)
    assert client.poll(notify).id == 71


def test_a_forced_message_whose_send_right_is_gone_is_accepted_without_a_name(node: Node, pair: Pair) -> None:
    pair.fill()
    client = pair.client
    notify = client.port()
    client.send(Header(COPY_SEND, remote=pair.send), option=SEND_MSG | SEND_NOTIFY, notify=notify)
    mach_port.mach_port_destroy(client.space, pair.send)
    for _ in range(QLIMIT_DEFAULT + 1):
        pair.server.receive(pair.port)
    assert client.poll(notify).id == 66 and client.body()[4:] == bytes(4)


# ---- MACH_SEND_CANCEL


def watched_send_once(pair: Pair, notify: int) -> int:
    """A send-once name of the client's with a dead-name request."""
    client = pair.client
    right = entry.copyin(pair.server.space, pair.port, MAKE_SEND_ONCE)
    once = entry.copyout(client.space, right, PORT_SEND_ONCE)
    requester = entry.copyin(client.space, notify, MAKE_SEND_ONCE)
    mach_port.mach_port_request_notification(client.space, once, 72, 0, requester)
    return once


def test_using_a_watched_right_up_sends_port_deleted_unless_cancelled(node: Node, pair: Pair) -> None:
    client = pair.client
    notify = client.port()
    once = watched_send_once(pair, notify)
    assert client.send(Header(MOVE_SEND_ONCE, remote=once)) == 0
    assert client.poll(notify).id == 65 and client.body()[4:] == once.to_bytes(4, "little")
    once = watched_send_once(pair, notify)
    header = Header(MOVE_SEND_ONCE, remote=once)
    assert client.send(header, option=SEND_MSG | SEND_CANCEL, notify=notify) == 0
    assert client.poll(notify) is None
    once = watched_send_once(pair, notify)
    header = Header(MOVE_SEND_ONCE, remote=once)
    result = client.send(header, option=SEND_MSG | SEND_CANCEL, notify=pair.send)
    assert result == MsgReturn.SEND_INVALID_NOTIFY
    assert client.send(header, option=SEND_MSG | SEND_CANCEL, notify=client.port()) == 0
    assert client.poll(notify).id == 65


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
