"""Full queues: senders wait, give up, or force a message in; what comes back to them."""

import pytest

from kernel.interface.returns import MACH_MSG_IPC_SPACE, MsgReturn
from kernel.interface.wire import (
    COPY_SEND,
    MAKE_SEND,
    MAKE_SEND_ONCE,
    MOVE_SEND,
    MOVE_SEND_ONCE,
    PORT_SEND_ONCE,
)
from kernel.ipc import entry, mach_port
from kernel.ipc.layout import (
    PORT_NULL,
    QLIMIT_DEFAULT,
    QUEUED_BYTES_KERNEL,
    QUEUED_BYTES_MAX,
    RIGHT_SEND,
    SEND_CANCEL,
    SEND_MSG,
    SEND_NOTIFY,
    SEND_TIMEOUT,
    TYPE_MAREQUEST,
    TYPE_SEND,
    TYPE_SEND_ONCE,
)
from kernel.sched.thread import WaitResult
from tests.ipc.node import BLOCKED, MILLISECOND, Header, Node
from tests.ipc.pair import BOTH, RPC, Pair


@pytest.fixture
def node():
    node = Node(64)
    yield node
    node.check()


@pytest.fixture
def pair(node: Node) -> Pair:
    return Pair(node)


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


# ---- limits


def test_a_queue_limit_of_zero_lets_nothing_in(node: Node, pair: Pair) -> None:
    mach_port.mach_port_set_qlimit(pair.server.space, pair.port, 0)
    assert pair.server.receive(pair.port) is BLOCKED
    assert pair.client.send(Header(COPY_SEND, remote=pair.send)) is BLOCKED
    mach_port.mach_port_set_qlimit(pair.server.space, pair.port, 1)
    node.run()
    assert not pair.client.is_blocked() and pair.server.result() == 0


def test_a_task_cannot_fill_the_kernel_with_messages(node: Node, pair: Pair) -> None:
    client = pair.client
    mine = client.port()
    size = 0x1000
    sent = 0
    while (result := client.send(Header(MAKE_SEND_ONCE, remote=mine, id=1), bytes(size))) == 0:
        sent += 1
    assert result == MsgReturn.SEND_NO_BUFFER
    assert QUEUED_BYTES_MAX < sent * (size + 320) < QUEUED_BYTES_MAX + 2 * (size + 320)
    assert pair.server.send(Header(MAKE_SEND, remote=pair.port)) == 0  # others are not concerned
    assert client.poll(mine).id == 1 and client.poll(mine).id == 1
    assert client.send(Header(COPY_SEND, remote=pair.send)) == 0
    mach_port.mach_port_destroy(client.space, mine)
    assert client.space.queued_bytes < 1000


def test_notifications_that_a_task_lets_pile_up_are_lost_in_the_end(node: Node, pair: Pair) -> None:
    client = pair.client
    mine = client.port()
    port = client.space.entries[mine].port
    client.space.queued_bytes += QUEUED_BYTES_KERNEL - 1000  # as if much had come already
    for _ in range(100):
        mach_port.mach_port_deallocate(pair.server.space, client.give_send_once(mine, pair.server))
    assert 0 < len(port.messages) < 10 and port.sorights == len(port.messages)
    client.space.queued_bytes -= QUEUED_BYTES_KERNEL - 1000
