"""Notifications: when each is sent, what it says, and that every send-once right yields one message."""

import pytest

from kernel.interface import notify as interface
from kernel.interface.body import DEAD, CarriedRights
from kernel.interface.returns import KernReturn
from kernel.interface.wire import COPY_SEND, MAKE_SEND_ONCE, MOVE_SEND, PORT_RECEIVE
from kernel.ipc import entry, mach_port
from kernel.ipc.check import census
from kernel.ipc.layout import (
    RIGHT_DEAD_NAME,
    RIGHT_PORT_SET,
    RIGHT_RECEIVE,
    RIGHT_SEND,
    TYPE_DEAD_NAME,
    TYPE_RECEIVE,
    TYPE_SEND,
    UREFS_MAX,
)
from tests.ipc.node import Header, Node, Program, error_of

PORT_DELETED, PORT_DESTROYED, NO_SENDERS, SEND_ONCE, DEAD_NAME = 65, 69, 70, 71, 72
request = mach_port.mach_port_request_notification


@pytest.fixture
def node():
    node = Node(64)
    yield node
    node.check()


@pytest.fixture
def task(node: Node) -> Program:
    return node.task()


@pytest.fixture
def other(node: Node) -> Program:
    return node.task()


@pytest.fixture
def watch(task: Program) -> int:
    return task.port()


# ---- dead names


def test_a_dead_name_notification_adds_a_reference(task: Program, other: Program, watch: int) -> None:
    port = other.port()
    send = other.give_send(port, task)
    other.give_send(port, task)
    assert task.request(send, DEAD_NAME, watch) is None
    assert task.notification(watch) is None
    mach_port.mach_port_destroy(other.space, port)
    assert task.notification(watch) == (DEAD_NAME, send)
    assert task.type(send) == TYPE_DEAD_NAME and task.refs(send, RIGHT_DEAD_NAME) == 3


def test_at_the_limit_of_references_the_notification_comes_all_the_same(
    task: Program, other: Program, watch: int
) -> None:
    port = other.port()
    send = other.give_send(port, task)
    mach_port.mach_port_mod_refs(task.space, send, RIGHT_SEND, UREFS_MAX - 1)
    task.request(send, DEAD_NAME, watch)
    mach_port.mach_port_destroy(other.space, port)
    assert task.notification(watch) == (DEAD_NAME, send)
    assert task.refs(send, RIGHT_DEAD_NAME) == UREFS_MAX


def test_a_dead_name_can_be_asked_for_when_it_is_dead_already(task: Program, watch: int) -> None:
    dead = mach_port.mach_port_allocate(task.space, RIGHT_DEAD_NAME)
    assert task.request(dead, DEAD_NAME, watch, sync=1) is None
    assert task.notification(watch) == (DEAD_NAME, dead)
    assert task.refs(dead, RIGHT_DEAD_NAME) == 2
    assert error_of(request, task.space, dead, DEAD_NAME, 0, None) == KernReturn.INVALID_ARGUMENT
    assert error_of(request, task.space, dead, DEAD_NAME, 1, None) == KernReturn.INVALID_ARGUMENT
    once = entry.copyin(task.space, watch, MAKE_SEND_ONCE)
    assert error_of(request, task.space, dead, DEAD_NAME, 0, once) == KernReturn.INVALID_ARGUMENT
    mach_port.mach_port_mod_refs(task.space, dead, RIGHT_DEAD_NAME, UREFS_MAX - 2)
    assert error_of(request, task.space, dead, DEAD_NAME, 1, once) == KernReturn.UREFS_OVERFLOW
    task.node.ipc.release_send_once(once)


FREEING = {
    "deallocate": lambda task, name: mach_port.mach_port_deallocate(task.space, name),
    "destroy": lambda task, name: mach_port.mach_port_destroy(task.space, name),
    "mod_refs": lambda task, name: mach_port.mach_port_mod_refs(task.space, name, RIGHT_SEND, -1),
    "move": lambda task, name: task.node.ipc.destroy_right(
        mach_port.Right(entry.copyin(task.space, name, MOVE_SEND), MOVE_SEND)
    ),
    "message": lambda task, name: task.send(Header(MOVE_SEND, remote=name)),
}


@pytest.mark.parametrize("how", FREEING)
def test_a_name_freed_before_its_port_dies_is_deleted(
    task: Program, other: Program, watch: int, how: str
) -> None:
    send = other.give_send(other.port(), task)
    task.request(send, DEAD_NAME, watch)
    FREEING[how](task, send)
    assert task.notification(watch) == (PORT_DELETED, send)
    assert task.notification(watch) is None


def test_a_receive_right_given_up_is_deleted_too_but_its_send_right_dies(task: Program, watch: int) -> None:
    alone, both = task.port(), task.port()
    task.give_send(both, task)
    for name in (alone, both):
        task.request(name, DEAD_NAME, watch)
        mach_port.mach_port_mod_refs(task.space, name, RIGHT_RECEIVE, -1)
    assert task.notification(watch) == (PORT_DELETED, alone)
    assert task.notification(watch) == (DEAD_NAME, both)


def test_one_request_replaces_another_or_takes_it_off(task: Program, other: Program, watch: int) -> None:
    send = other.give_send(other.port(), task)
    task.request(send, DEAD_NAME, watch)
    previous = task.request(send, DEAD_NAME, watch)
    assert previous is task.space.entries[watch].port
    task.node.ipc.release_send_once(previous)
    assert task.notification(watch) == (SEND_ONCE, 0)
    task.node.ipc.release_send_once(request(task.space, send, DEAD_NAME, 0, None))
    assert task.notification(watch) == (SEND_ONCE, 0)
    assert request(task.space, send, DEAD_NAME, 0, None) is None


def test_a_request_for_a_dead_name_follows_a_rename(task: Program, other: Program, watch: int) -> None:
    port = other.port()
    send = other.give_send(port, task)
    task.request(send, DEAD_NAME, watch)
    mach_port.mach_port_rename(task.space, send, 0x4242)
    mach_port.mach_port_destroy(other.space, port)
    assert task.notification(watch) == (DEAD_NAME, 0x4242)


# ---- no senders


def test_no_senders_when_the_last_send_right_goes(task: Program, other: Program, watch: int) -> None:
    port = task.port()
    task.give_send(port, other)
    mine = task.give_send(port, task)
    theirs = task.give_send(port, other)
    assert task.request(port, NO_SENDERS, watch, sync=3) is None
    mach_port.mach_port_deallocate(task.space, mine)
    mach_port.mach_port_deallocate(other.space, theirs)
    assert task.notification(watch) is None
    mach_port.mach_port_deallocate(other.space, theirs)
    assert task.notification(watch) == (NO_SENDERS, 3)
    task.give_send(port, task)
    mach_port.mach_port_deallocate(task.space, mine)
    assert task.notification(watch) is None  # a request is good for one


def test_no_senders_waits_for_the_make_send_count(task: Program, watch: int) -> None:
    port = task.port()
    task.request(port, NO_SENDERS, watch, sync=1)
    assert task.notification(watch) is None
    task.node.ipc.release_send_once(request(task.space, port, NO_SENDERS, 0, None))
    assert task.notification(watch) == (SEND_ONCE, 0)
    task.request(port, NO_SENDERS, watch, sync=0)
    assert task.notification(watch) == (NO_SENDERS, 0)


def test_a_send_right_in_a_queue_is_a_sender(task: Program, other: Program, watch: int) -> None:
    port = task.port()
    send = task.give_send(port, other)
    task.request(port, NO_SENDERS, watch)
    assert other.send(Header(MOVE_SEND, remote=send)) == 0
    assert task.notification(watch) is None
    assert task.receive(port) == 0
    assert task.notification(watch) == (NO_SENDERS, 1)


def test_a_dying_port_gives_the_no_senders_right_back(task: Program, watch: int) -> None:
    port = task.port()
    task.request(port, NO_SENDERS, watch, sync=1)
    mach_port.mach_port_destroy(task.space, port)
    assert task.notification(watch) == (SEND_ONCE, 0)


def test_destroying_both_rights_of_a_name_is_noticed_as_no_senders(task: Program, watch: int) -> None:
    port = task.port()
    task.give_send(port, task)
    task.request(port, NO_SENDERS, watch)
    mach_port.mach_port_destroy(task.space, port)
    assert task.notification(watch) == (NO_SENDERS, 1)
    assert task.notification(watch) is None


# ---- port destroyed


def test_a_receive_right_is_sent_instead_of_destroyed(task: Program, other: Program, watch: int) -> None:
    port = task.port()
    send = task.give_send(port, other)
    assert other.send(Header(COPY_SEND, remote=send, id=4711)) == 0
    task.request(port, PORT_DESTROYED, watch)
    mach_port.mach_port_destroy(task.space, port)
    assert other.type(send) == TYPE_SEND
    number, back = task.notification(watch)
    assert number == PORT_DESTROYED and task.type(back) == TYPE_RECEIVE
    assert task.notification(back) == (4711, 0)  # with its messages
    mach_port.mach_port_destroy(task.space, back)
    assert other.type(send) == TYPE_DEAD_NAME


def test_a_send_right_under_the_same_name_lives_on(task: Program, other: Program, watch: int) -> None:
    port = task.port()
    task.give_send(port, task)
    task.request(port, PORT_DESTROYED, watch)
    mach_port.mach_port_mod_refs(task.space, port, RIGHT_RECEIVE, -1)
    assert task.type(port) == TYPE_SEND
    assert task.notification(watch) == (PORT_DESTROYED, port)


def test_a_right_destroyed_in_transit_comes_back_too(task: Program, other: Program, watch: int) -> None:
    port, carrier = task.port(), other.port()
    task.request(port, PORT_DESTROYED, watch)
    send = other.give_send(carrier, task)
    body = (0x1001_2010).to_bytes(4, "little") + port.to_bytes(4, "little")
    assert task.send(Header(0x8000_0000 | COPY_SEND, remote=send), body) == 0
    mach_port.mach_port_destroy(other.space, carrier)
    number, back = task.notification(watch)
    assert number == PORT_DESTROYED and task.type(back) == TYPE_RECEIVE


def test_a_port_destroyed_request_to_itself_is_collected(node: Node, task: Program) -> None:
    port = task.port()
    before = census(node.ipc).ports
    task.request(port, PORT_DESTROYED, port)
    mach_port.mach_port_destroy(task.space, port)
    assert census(node.ipc).ports == before - 1


# ---- send once


def test_every_destroyed_send_once_right_is_told(task: Program, other: Program) -> None:
    port = task.port()
    mach_port.mach_port_deallocate(other.space, task.give_send_once(port, other))
    mach_port.mach_port_destroy(other.space, task.give_send_once(port, other))
    mach_port.mach_port_mod_refs(other.space, task.give_send_once(port, other), 2, -1)
    task.give_send_once(port, other)
    task.node.ipc.destroy_space(other.space)
    assert [task.notification(port) for _ in range(5)] == [(SEND_ONCE, 0)] * 4 + [None]


# ---- the call itself


def test_errors_of_the_request(task: Program, other: Program, watch: int) -> None:
    send = other.give_send(other.port(), task)
    port_set = mach_port.mach_port_allocate(task.space, RIGHT_PORT_SET)
    for which in (PORT_DESTROYED, NO_SENDERS, DEAD_NAME):
        assert error_of(request, task.space, 0x9999, which, 0, None) == KernReturn.INVALID_NAME
        assert error_of(request, task.space, watch, which, 0, DEAD) == KernReturn.INVALID_CAPABILITY
        assert error_of(request, task.space, port_set, which, 0, None) == KernReturn.INVALID_RIGHT
    for which in (PORT_DESTROYED, NO_SENDERS):
        assert error_of(request, task.space, send, which, 0, None) == KernReturn.INVALID_RIGHT
    assert error_of(request, task.space, watch, PORT_DESTROYED, 1, None) == KernReturn.INVALID_VALUE
    assert error_of(request, task.space, watch, 66, 0, None) == KernReturn.INVALID_VALUE


def test_bodies_are_those_that_the_interface_declares(task: Program, other: Program, watch: int) -> None:
    """What goes out can be decoded by the routines that receivers use."""
    space = task.space
    port = space.entries[watch].port

    def last() -> tuple[int, bytes, tuple]:
        message = port.messages[-1]
        return message.id, message.body, message.carried

    dead = mach_port.mach_port_allocate(space, RIGHT_DEAD_NAME)
    task.request(dead, DEAD_NAME, watch, sync=1)
    assert interface.mach_notify_dead_name.decode_request(*last()[1:])[-1] == dead
    task.request(task.port(), NO_SENDERS, watch)
    assert interface.mach_notify_no_senders.decode_request(*last()[1:])[-1] == 0
    name = task.port()
    task.request(name, PORT_DESTROYED, watch)
    carried = space.entries[name].port
    mach_port.mach_port_destroy(space, name)
    assert interface.mach_notify_port_destroyed.decode_request(*last()[1:])[-1] is carried
    assert last()[2] == (CarriedRights(4, PORT_RECEIVE, (carried,), True),)
