"""The calls on name spaces: every one, and every error that Mach 3.0 documents."""

import pytest

from kernel.interface.body import DEAD
from kernel.interface.returns import KernReturn
from kernel.interface.values import Right
from kernel.interface.wire import COPY_SEND, MAKE_SEND, MAKE_SEND_ONCE, MOVE_RECEIVE, MOVE_SEND_ONCE
from kernel.ipc import entry, mach_port
from kernel.ipc.layout import (
    PORT_DEAD,
    PORT_NULL,
    QLIMIT_DEFAULT,
    QLIMIT_MAX,
    RIGHT_DEAD_NAME,
    RIGHT_PORT_SET,
    RIGHT_RECEIVE,
    RIGHT_SEND,
    RIGHT_SEND_ONCE,
    TYPE_DEAD_NAME,
    TYPE_DNREQUEST,
    TYPE_PORT_SET,
    TYPE_RECEIVE,
    TYPE_SEND,
    TYPE_SEND_ONCE,
)
from tests.ipc.node import Node, Program, error_of

NOWHERE = 0x12345
INVALID_NAME = KernReturn.INVALID_NAME
INVALID_RIGHT = KernReturn.INVALID_RIGHT
INVALID_VALUE = KernReturn.INVALID_VALUE


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


def send_once_name(task: Program, of: Program, port: int) -> int:
    return entry.copyout(task.space, entry.copyin(of.space, port, MAKE_SEND_ONCE), 18)


def test_allocate(task: Program) -> None:
    wanted = {RIGHT_RECEIVE: TYPE_RECEIVE, RIGHT_PORT_SET: TYPE_PORT_SET, RIGHT_DEAD_NAME: TYPE_DEAD_NAME}
    for which, types in wanted.items():
        assert task.type(mach_port.mach_port_allocate(task.space, which)) == types
    for which in (RIGHT_SEND, RIGHT_SEND_ONCE, 5, -1):
        assert error_of(mach_port.mach_port_allocate, task.space, which) == INVALID_VALUE


def test_allocate_name(task: Program) -> None:
    call = mach_port.mach_port_allocate_name
    call(task.space, RIGHT_RECEIVE, 77)
    assert task.type(77) == TYPE_RECEIVE
    assert error_of(call, task.space, RIGHT_RECEIVE, 77) == KernReturn.NAME_EXISTS
    for name in (PORT_NULL, PORT_DEAD):
        assert error_of(call, task.space, RIGHT_RECEIVE, name) == INVALID_VALUE
    assert error_of(call, task.space, RIGHT_SEND, 78) == INVALID_VALUE


def test_names_and_types(task: Program, other: Program) -> None:
    receive = task.port()
    send = other.give_send(other.port(), task)
    assert mach_port.mach_port_names(task.space) == ([receive, send], [TYPE_RECEIVE, TYPE_SEND])
    assert error_of(mach_port.mach_port_type, task.space, NOWHERE) == INVALID_NAME
    mach_port.mach_port_request_notification(
        task.space, send, 72, 0, entry.copyin(task.space, receive, MAKE_SEND_ONCE)
    )
    assert task.type(send) == TYPE_SEND | TYPE_DNREQUEST


def test_rename_takes_everything_along(node: Node, task: Program, other: Program) -> None:
    receive = task.port()
    kept = task.give_send(receive, other)
    port_set = mach_port.mach_port_allocate(task.space, RIGHT_PORT_SET)
    mach_port.mach_port_move_member(task.space, receive, port_set)
    send = other.give_send(other.port(), task)
    for old, new in ((receive, 1000), (port_set, 1001), (send, 1002)):
        types = task.type(old)
        mach_port.mach_port_rename(task.space, old, new)
        assert error_of(mach_port.mach_port_type, task.space, old) == INVALID_NAME
        assert task.type(new) == types
        node.check()
    assert mach_port.mach_port_get_receive_status(task.space, 1000).mps_pset == 1001
    assert mach_port.mach_port_get_set_status(task.space, 1001) == [1000]
    assert task.port() >> 8 in {receive >> 8, port_set >> 8, send >> 8}  # the old indices are free again
    mach_port.mach_port_destroy(task.space, 1000)
    assert other.type(kept) == TYPE_DEAD_NAME


def test_rename_errors(task: Program) -> None:
    name, busy = task.port(), task.port()
    call = mach_port.mach_port_rename
    assert error_of(call, task.space, name, busy) == KernReturn.NAME_EXISTS
    assert error_of(call, task.space, name, name) == KernReturn.NAME_EXISTS
    assert error_of(call, task.space, NOWHERE, 9999) == INVALID_NAME
    for new in (PORT_NULL, PORT_DEAD):
        assert error_of(call, task.space, name, new) == INVALID_VALUE


def test_deallocate(task: Program, other: Program) -> None:
    call = mach_port.mach_port_deallocate
    port = other.port()
    send = other.give_send(port, task)
    other.give_send(port, task)
    call(task.space, send)
    assert task.refs(send, RIGHT_SEND) == 1
    call(task.space, send)
    assert error_of(call, task.space, send) == INVALID_NAME
    call(task.space, send_once_name(task, other, port))
    both = task.port()
    task.give_send(both, task)
    call(task.space, both)
    assert task.type(both) == TYPE_RECEIVE
    assert error_of(call, task.space, both) == INVALID_RIGHT
    port_set = mach_port.mach_port_allocate(task.space, RIGHT_PORT_SET)
    assert error_of(call, task.space, port_set) == INVALID_RIGHT


def test_get_refs(task: Program, other: Program) -> None:
    call = mach_port.mach_port_get_refs
    name = task.port()
    task.give_send(name, task)
    assert [call(task.space, name, which) for which in range(5)] == [1, 1, 0, 0, 0]
    once = send_once_name(task, other, other.port())
    assert [call(task.space, once, which) for which in range(5)] == [0, 0, 1, 0, 0]
    port_set = mach_port.mach_port_allocate(task.space, RIGHT_PORT_SET)
    assert [call(task.space, port_set, which) for which in range(5)] == [0, 0, 0, 1, 0]
    dead = mach_port.mach_port_allocate(task.space, RIGHT_DEAD_NAME)
    assert [call(task.space, dead, which) for which in range(5)] == [0, 0, 0, 0, 1]
    assert error_of(call, task.space, name, 5) == INVALID_VALUE
    assert error_of(call, task.space, NOWHERE, RIGHT_SEND) == INVALID_NAME


def test_mod_refs_destroys_one_right_at_a_time(task: Program, other: Program) -> None:
    call = mach_port.mach_port_mod_refs
    name = task.port()
    task.give_send(name, task)
    call(task.space, name, RIGHT_SEND, 2)
    assert task.refs(name, RIGHT_SEND) == 3
    call(task.space, name, RIGHT_RECEIVE, -1)
    assert task.type(name) == TYPE_DEAD_NAME and task.refs(name, RIGHT_DEAD_NAME) == 3
    call(task.space, name, RIGHT_DEAD_NAME, -3)
    assert error_of(call, task.space, name, RIGHT_DEAD_NAME, -1) == INVALID_NAME
    once = send_once_name(task, other, other.port())
    call(task.space, once, RIGHT_SEND_ONCE, -1)
    port_set = mach_port.mach_port_allocate(task.space, RIGHT_PORT_SET)
    call(task.space, port_set, RIGHT_PORT_SET, -1)
    assert mach_port.mach_port_names(task.space) == ([], [])


def test_mod_refs_errors(task: Program, other: Program) -> None:
    call = mach_port.mach_port_mod_refs
    name = task.port()
    send = other.give_send(other.port(), task)
    once = send_once_name(task, other, other.port())
    port_set = mach_port.mach_port_allocate(task.space, RIGHT_PORT_SET)
    dead = mach_port.mach_port_allocate(task.space, RIGHT_DEAD_NAME)
    assert error_of(call, task.space, name, 5, 1) == INVALID_VALUE
    assert error_of(call, task.space, NOWHERE, RIGHT_SEND, 1) == INVALID_NAME
    assert error_of(call, task.space, name, RIGHT_SEND, 1) == INVALID_RIGHT
    for single, which in ((name, RIGHT_RECEIVE), (once, RIGHT_SEND_ONCE), (port_set, RIGHT_PORT_SET)):
        call(task.space, single, which, 0)
        for delta in (1, -2):
            assert error_of(call, task.space, single, which, delta) == INVALID_VALUE
    for many, which in ((send, RIGHT_SEND), (dead, RIGHT_DEAD_NAME)):
        call(task.space, many, which, 0)
        assert error_of(call, task.space, many, which, -2) == INVALID_VALUE
        assert error_of(call, task.space, many, which, 0xFFFF) == KernReturn.UREFS_OVERFLOW


def test_receive_status(task: Program) -> None:
    name = task.port()
    task.give_send(name, task)
    status = mach_port.mach_port_get_receive_status(task.space, name)
    assert status == (0, 0, 1, QLIMIT_DEFAULT, 0, 0, 1, 0, 0)
    assert mach_port.old_mach_port_get_receive_status(task.space, name) == (
        0,
        1,
        QLIMIT_DEFAULT,
        0,
        0,
        1,
        0,
        0,
    )
    mach_port.mach_port_set_qlimit(task.space, name, QLIMIT_MAX)
    mach_port.mach_port_set_mscount(task.space, name, 17)
    mach_port.mach_port_set_seqno(task.space, name, 23)
    status = mach_port.mach_port_get_receive_status(task.space, name)
    assert (status.mps_qlimit, status.mps_mscount, status.mps_seqno) == (QLIMIT_MAX, 17, 23)


RECEIVE_CALLS = [
    mach_port.mach_port_get_receive_status,
    mach_port.old_mach_port_get_receive_status,
    lambda space, name: mach_port.mach_port_set_qlimit(space, name, 1),
    lambda space, name: mach_port.mach_port_set_mscount(space, name, 1),
    lambda space, name: mach_port.mach_port_set_seqno(space, name, 1),
    lambda space, name: mach_port.mach_port_move_member(space, name, 0),
]


@pytest.mark.parametrize("call", RECEIVE_CALLS)
def test_calls_that_need_a_receive_right(task: Program, other: Program, call) -> None:
    assert error_of(call, task.space, NOWHERE) == INVALID_NAME
    assert error_of(call, task.space, other.give_send(other.port(), task)) == INVALID_RIGHT
    assert (
        error_of(call, task.space, mach_port.mach_port_allocate(task.space, RIGHT_DEAD_NAME)) == INVALID_RIGHT
    )


def test_qlimit_has_bounds(task: Program) -> None:
    name = task.port()
    for qlimit in (-1, QLIMIT_MAX + 1):
        assert error_of(mach_port.mach_port_set_qlimit, task.space, name, qlimit) == INVALID_VALUE


def test_port_sets(task: Program) -> None:
    move, members = mach_port.mach_port_move_member, mach_port.mach_port_get_set_status
    one, two = (mach_port.mach_port_allocate(task.space, RIGHT_PORT_SET) for _ in range(2))
    a, b = task.port(), task.port()
    move(task.space, a, one)
    move(task.space, b, one)
    move(task.space, a, one)  # it is there already
    assert members(task.space, one) == [a, b]
    move(task.space, a, two)
    assert (members(task.space, one), members(task.space, two)) == ([b], [a])
    move(task.space, a, PORT_NULL)
    assert members(task.space, two) == []
    assert error_of(move, task.space, a, PORT_NULL) == KernReturn.NOT_IN_SET
    assert error_of(move, task.space, a, NOWHERE) == INVALID_NAME
    assert error_of(move, task.space, a, b) == INVALID_RIGHT
    assert error_of(members, task.space, NOWHERE) == INVALID_NAME
    assert error_of(members, task.space, a) == INVALID_RIGHT
    mach_port.mach_port_destroy(task.space, one)
    assert mach_port.mach_port_get_receive_status(task.space, b).mps_pset == PORT_NULL


def test_insert_right(node: Node, task: Program, other: Program) -> None:
    extract, insert = mach_port.mach_port_extract_right, mach_port.mach_port_insert_right
    port = other.port()
    insert(task.space, 500, extract(other.space, port, MAKE_SEND))
    assert task.type(500) == TYPE_SEND
    insert(task.space, 500, extract(other.space, port, MAKE_SEND))
    assert task.refs(500, RIGHT_SEND) == 2
    insert(task.space, 501, extract(other.space, port, MAKE_SEND_ONCE))
    assert task.type(501) == TYPE_SEND_ONCE
    right = extract(other.space, port, MAKE_SEND)
    assert error_of(insert, task.space, 502, right) == KernReturn.RIGHT_EXISTS
    assert error_of(insert, task.space, 501, right) == KernReturn.RIGHT_EXISTS
    node.ipc.destroy_right(right)
    right = extract(other.space, port, MAKE_SEND_ONCE)
    assert error_of(insert, task.space, 500, right) == KernReturn.NAME_EXISTS
    node.ipc.destroy_right(right)
    right = extract(other.space, other.port(), MAKE_SEND)
    assert error_of(insert, task.space, 500, right) == KernReturn.NAME_EXISTS
    node.ipc.destroy_right(right)
    insert(task.space, 500, extract(other.space, port, MOVE_RECEIVE))
    assert task.type(500) == TYPE_SEND | TYPE_RECEIVE


def test_insert_right_errors(node: Node, task: Program, other: Program) -> None:
    insert = mach_port.mach_port_insert_right
    port = other.port()
    right = mach_port.mach_port_extract_right(other.space, port, MAKE_SEND)
    for name in (PORT_NULL, PORT_DEAD):
        assert error_of(insert, task.space, name, right) == INVALID_VALUE
    assert error_of(insert, task.space, 600, Right(right.port, 9)) == INVALID_VALUE
    for nothing in (None, DEAD):
        assert error_of(insert, task.space, 600, Right(nothing, MAKE_SEND)) == KernReturn.INVALID_CAPABILITY
    mach_port.mach_port_destroy(other.space, port)
    assert error_of(insert, task.space, 600, right) == KernReturn.INVALID_CAPABILITY


def test_extract_right(node: Node, task: Program) -> None:
    extract = mach_port.mach_port_extract_right
    name = task.port()
    task.give_send(name, task)
    right = extract(task.space, name, COPY_SEND)
    assert right.disposition == 17
    node.ipc.destroy_right(right)
    assert error_of(extract, task.space, name, 9) == INVALID_VALUE
    assert error_of(extract, task.space, NOWHERE, COPY_SEND) == INVALID_NAME
    assert error_of(extract, task.space, name, MOVE_SEND_ONCE) == INVALID_RIGHT


def test_reply_port(task: Program) -> None:
    assert task.type(mach_port.mach_reply_port(task.space)) == TYPE_RECEIVE
