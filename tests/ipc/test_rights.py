"""What names denote: five kinds of rights, user references, dead names."""

import pytest

from kernel.interface.body import DEAD
from kernel.interface.returns import KernReturn, MachError
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
from kernel.ipc import entry, mach_port
from kernel.ipc.layout import (
    PORT_DEAD,
    RIGHT_DEAD_NAME,
    RIGHT_PORT_SET,
    RIGHT_RECEIVE,
    RIGHT_SEND,
    TYPE_DEAD_NAME,
    TYPE_PORT_SET,
    TYPE_RECEIVE,
    TYPE_SEND,
    TYPE_SEND_ONCE,
    UREFS_MAX,
)
from tests.ipc.node import Node, Program, error_of


@pytest.fixture
def node():
    node = Node(64)
    yield node
    node.check()


def test_a_new_port_has_only_a_receive_right(node: Node) -> None:
    task = node.task()
    name = task.port()
    assert task.type(name) == TYPE_RECEIVE
    assert task.refs(name, RIGHT_RECEIVE) == 1
    assert task.refs(name, RIGHT_SEND) == 0


def test_send_and_receive_rights_share_a_name_and_send_rights_coalesce(node: Node) -> None:
    task = node.task()
    name = task.port()
    assert [task.give_send(name, task) for _ in range(3)] == [name] * 3
    assert task.type(name) == TYPE_SEND | TYPE_RECEIVE
    assert task.refs(name, RIGHT_SEND) == 3
    other = node.task()
    theirs = task.give_send(name, other)
    assert task.give_send(name, other) == theirs
    assert other.refs(theirs, RIGHT_SEND) == 2
    assert task.space.entries[name].port.srights == 2  # one a name, however many references


def test_each_send_once_right_has_a_name_of_its_own(node: Node) -> None:
    task = node.task()
    name = task.port()
    rights = [mach_port.mach_port_extract_right(task.space, name, MAKE_SEND_ONCE) for _ in range(3)]
    names = {entry.copyout(task.space, right.port, PORT_SEND_ONCE) for right in rights}
    assert len(names) == 3 and name not in names
    assert all(task.type(each) == TYPE_SEND_ONCE for each in names)
    assert mach_port.mach_port_get_receive_status(task.space, name).mps_sorights == 3


def test_names_are_index_and_generation_and_stale_ones_are_noticed(node: Node) -> None:
    task = node.task()
    name = task.port()
    mach_port.mach_port_destroy(task.space, name)
    again = task.port()
    assert again >> 8 == name >> 8 and again != name
    assert error_of(mach_port.mach_port_type, task.space, name) == KernReturn.INVALID_NAME
    seen = {again}
    for _ in range(255):
        mach_port.mach_port_destroy(task.space, again)
        again = task.port()
        seen.add(again)
    assert len(seen) == 256


def test_a_name_that_the_kernel_would_choose_next_may_be_taken_by_the_program(node: Node) -> None:
    task = node.task()
    first = task.port()
    for generation in range(256):
        name = (first & ~0xFF) + 0x100 | generation
        mach_port.mach_port_allocate_name(task.space, RIGHT_DEAD_NAME, name)
    assert task.port() >> 8 != (first >> 8) + 1


def test_when_the_space_is_full_nothing_is_allocated(node: Node) -> None:
    task = node.task(limit=3)
    for _ in range(3):
        task.port()
    for which in (RIGHT_RECEIVE, RIGHT_PORT_SET, RIGHT_DEAD_NAME):
        assert error_of(mach_port.mach_port_allocate, task.space, which) == KernReturn.NO_SPACE
        assert (
            error_of(mach_port.mach_port_allocate_name, task.space, which, 0x7777)
            == KernReturn.RESOURCE_SHORTAGE
        )
    assert mach_port.mach_reply_port(task.space) == 0


# What each disposition needs, and what it leaves behind.

NEEDED = {
    MAKE_SEND: TYPE_RECEIVE,
    MAKE_SEND_ONCE: TYPE_RECEIVE,
    MOVE_RECEIVE: TYPE_RECEIVE,
    COPY_SEND: TYPE_SEND,
    MOVE_SEND: TYPE_SEND,
    MOVE_SEND_ONCE: TYPE_SEND_ONCE,
}


def one_of_each(task: Program, other: Program) -> dict[int, int]:
    """A name of every type of right."""
    received, both, distant = task.port(), task.port(), other.port()
    task.give_send(both, task)
    once = mach_port.mach_port_extract_right(other.space, distant, MAKE_SEND_ONCE)
    return {
        TYPE_RECEIVE: received,
        TYPE_SEND | TYPE_RECEIVE: both,
        TYPE_SEND: other.give_send(distant, task),
        TYPE_SEND_ONCE: entry.copyout(task.space, once.port, PORT_SEND_ONCE),
        TYPE_PORT_SET: mach_port.mach_port_allocate(task.space, RIGHT_PORT_SET),
        TYPE_DEAD_NAME: mach_port.mach_port_allocate(task.space, RIGHT_DEAD_NAME),
    }


@pytest.mark.parametrize("disposition", NEEDED)
def test_a_disposition_takes_only_the_right_it_needs(node: Node, disposition: int) -> None:
    other = node.task()
    for types in one_of_each(node.task(), node.task()):
        task = node.task()
        name = one_of_each(task, other)[types]
        possible = types & NEEDED[disposition] or (
            types == TYPE_DEAD_NAME and disposition in (COPY_SEND, MOVE_SEND, MOVE_SEND_ONCE)
        )
        if not possible:
            assert error_of(entry.copyin, task.space, name, disposition) == KernReturn.INVALID_RIGHT
            assert task.type(name) == types
        else:
            port = entry.copyin(task.space, name, disposition)
            if types == TYPE_DEAD_NAME:
                assert port is DEAD
            node.ipc.destroy_right(mach_port.Right(port, disposition))
        node.check()


def test_move_send_takes_one_reference_and_the_name_with_the_last(node: Node) -> None:
    task, other = node.task(), node.task()
    name = other.give_send(other.port(), task)
    mach_port.mach_port_mod_refs(task.space, name, RIGHT_SEND, 1)
    first = entry.copyin(task.space, name, MOVE_SEND)
    assert task.refs(name, RIGHT_SEND) == 1
    second = entry.copyin(task.space, name, MOVE_SEND)
    assert first is second and first.srights == 2
    assert error_of(mach_port.mach_port_type, task.space, name) == KernReturn.INVALID_NAME
    assert entry.copyout(task.space, first, PORT_SEND) == entry.copyout(task.space, second, PORT_SEND)


def test_move_receive_leaves_the_send_right_and_resets_the_counts(node: Node) -> None:
    task, other = node.task(), node.task()
    name = task.port()
    task.give_send(name, task)
    mach_port.mach_port_set_seqno(task.space, name, 9)
    port = entry.copyin(task.space, name, MOVE_RECEIVE)
    assert task.type(name) == TYPE_SEND
    there = entry.copyout(other.space, port, PORT_RECEIVE)
    status = mach_port.mach_port_get_receive_status(other.space, there)
    assert (status.mps_seqno, status.mps_mscount, status.mps_srights) == (0, 0, 1)
    # It comes back under the name of the send right that stayed.
    assert entry.copyout(task.space, entry.copyin(other.space, there, MOVE_RECEIVE), PORT_RECEIVE) == name


def test_rights_to_a_dead_port_are_dead_names_with_their_references(node: Node) -> None:
    task, other = node.task(), node.task()
    name = other.port()
    send = other.give_send(name, task)
    mach_port.mach_port_mod_refs(task.space, send, RIGHT_SEND, 4)
    once = entry.copyout(task.space, entry.copyin(other.space, name, MAKE_SEND_ONCE), PORT_SEND_ONCE)
    mach_port.mach_port_destroy(other.space, name)
    assert task.type(send) == task.type(once) == TYPE_DEAD_NAME
    assert task.refs(send, RIGHT_DEAD_NAME) == 5 and task.refs(once, RIGHT_DEAD_NAME) == 1
    assert entry.copyin(task.space, send, COPY_SEND) is DEAD
    assert entry.copyin(task.space, send, MOVE_SEND) is DEAD
    assert task.refs(send, RIGHT_DEAD_NAME) == 4
    mach_port.mach_port_mod_refs(task.space, send, RIGHT_DEAD_NAME, -4)
    mach_port.mach_port_deallocate(task.space, once)
    assert mach_port.mach_port_names(task.space) == ([], [])


def test_a_right_to_a_port_that_died_on_the_way_arrives_as_dead(node: Node) -> None:
    task, other = node.task(), node.task()
    name = other.port()
    port = entry.copyin(other.space, name, MAKE_SEND)
    mach_port.mach_port_destroy(other.space, name)
    assert entry.copyout(task.space, port, PORT_SEND) == PORT_DEAD


def test_user_references_stop_at_their_limit(node: Node) -> None:
    task, other = node.task(), node.task()
    name = other.port()
    send = other.give_send(name, task)
    mach_port.mach_port_mod_refs(task.space, send, RIGHT_SEND, UREFS_MAX - 1)
    assert (
        error_of(mach_port.mach_port_mod_refs, task.space, send, RIGHT_SEND, 1) == KernReturn.UREFS_OVERFLOW
    )
    # A message's right is received all the same, without a reference of its own.
    assert other.give_send(name, task) == send
    assert task.refs(send, RIGHT_SEND) == UREFS_MAX
    # insert_right refuses.
    right = mach_port.mach_port_extract_right(other.space, name, MAKE_SEND)
    assert error_of(mach_port.mach_port_insert_right, task.space, send, right) == KernReturn.UREFS_OVERFLOW
    node.ipc.destroy_right(right)


def test_destroying_a_space_gives_everything_up(node: Node) -> None:
    task, other = node.task(), node.task()
    names = one_of_each(task, other)
    mach_port.mach_port_move_member(task.space, names[TYPE_RECEIVE], names[TYPE_PORT_SET])
    kept = task.give_send(names[TYPE_RECEIVE], other)
    node.ipc.destroy_space(task.space)
    assert other.type(kept) == TYPE_DEAD_NAME
    with pytest.raises(MachError) as failure:
        mach_port.mach_port_allocate(task.space, RIGHT_RECEIVE)
    assert failure.value.code == KernReturn.INVALID_TASK


def test_the_deepest_chain_of_ports_in_queues_dies_without_recursion(node: Node) -> None:
    """Port after port, each in a message queued at the next: more than any stack holds."""
    task = node.task()
    outer = task.port()
    from kernel.interface.body import CarriedRights
    from kernel.ipc import queue, right
    from kernel.ipc.message import Message

    before = len(node.ipc.ports)
    for _ in range(3000):
        inner, outer = outer, task.port()
        port = task.space.entries[outer].port
        carried = (CarriedRights(4, PORT_RECEIVE, (entry.copyin(task.space, inner, MOVE_RECEIVE),), True),)
        queue.force(Message(right.make_send(port), PORT_SEND, None, 0, 1, bytes(8), carried))
    mach_port.mach_port_destroy(task.space, outer)
    assert len(node.ipc.ports) == before - 1
