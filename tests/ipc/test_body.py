"""Message bodies: typed items of both forms, rights and memory in line and out of line."""

import struct

import pytest

from kernel.interface.returns import (
    MACH_MSG_IPC_SPACE,
    MACH_MSG_VM_KERNEL,
    MACH_MSG_VM_SPACE,
    KernReturn,
    MsgReturn,
)
from kernel.interface.wire import (
    COPY_SEND,
    MAKE_SEND,
    MAKE_SEND_ONCE,
    MOVE_RECEIVE,
    MOVE_SEND,
    PORT_RECEIVE,
    PORT_SEND,
    PORT_SEND_ONCE,
)
from kernel.ipc import mach_port
from kernel.ipc.check import census
from kernel.ipc.layout import (
    BITS_COMPLEX,
    PORT_DEAD,
    PORT_NULL,
    QLIMIT_DEFAULT,
    RIGHT_DEAD_NAME,
    RIGHT_SEND,
    SEND_MSG,
    SEND_TIMEOUT,
    TYPE_DEAD_NAME,
    TYPE_RECEIVE,
    TYPE_SEND,
    TYPE_SEND_ONCE,
)
from kernel.machine.mmu import KERNEL_BASE
from kernel.vm.access import copyin, copyout
from tests.ipc.bodies import (
    BYTE,
    COMPLEX_SEND,
    DEALLOCATE,
    INLINE,
    INT32,
    LONG,
    PAGE,
    UNUSED,
    Pair,
    long_form,
    short,
    words,
)
from tests.ipc.node import BUFFER, Header, Node, error_of


@pytest.fixture
def node():
    node = Node()
    yield node
    node.check()


@pytest.fixture
def pair(node: Node) -> Pair:
    return Pair(node)


# ---- descriptors


def test_data_in_line_passes_unchanged(pair: Pair) -> None:
    body = (
        short(INT32, 32, 2)
        + words(1, 2)
        + short(BYTE, 8, 5)
        + b"hello\0\0\0"
        + long_form(12, 80 * 8, 1)
        + bytes(80)
        + short(0, 1, 1)
        + words(1)
    )
    header = Header(COMPLEX_SEND, remote=pair.send)
    assert pair.client.send(header, body) == 0 and pair.server.receive(pair.port) == 0
    assert pair.server.body() == body
    assert not pair.server.header().bits & BITS_COMPLEX  # nothing in it is


def test_a_simple_body_is_not_looked_at(pair: Pair) -> None:
    body = words(0xFFFFFFFF, 0x12345678)
    assert pair.client.send(Header(COPY_SEND, remote=pair.send), body) == 0
    assert pair.server.receive(pair.port) == 0 and pair.server.body() == body


TOO_SMALL, INVALID_TYPE = MsgReturn.SEND_MSG_TOO_SMALL, MsgReturn.SEND_INVALID_TYPE
MALFORMED = [
    (short(INT32, 32, 1), TOO_SMALL),  # no data
    (short(INT32, 32, 3) + words(1, 2), TOO_SMALL),
    (short(BYTE, 8, 5) + words(1), TOO_SMALL),  # padding counts
    (long_form(INT32, 32, 1)[:8], TOO_SMALL),
    (long_form(INT32, 32, 0xFFFFFFFF) + words(1), TOO_SMALL),
    (short(BYTE, 8, 4, flags=0), TOO_SMALL),  # no address
    (short(COPY_SEND, 32, 2) + words(0), TOO_SMALL),
    (short(COPY_SEND, 16, 1) + words(0), INVALID_TYPE),  # names have 32 bits
    (long_form(MOVE_RECEIVE, 8, 4) + words(0), INVALID_TYPE),
    (short(INT32, 32, 1, flags=INLINE | DEALLOCATE) + words(0), INVALID_TYPE),
    (short(INT32, 32, 1, flags=INLINE | UNUSED) + words(0), INVALID_TYPE),
    (words(LONG | INLINE | 1) + long_form(INT32, 32, 1)[4:] + words(0), INVALID_TYPE),
]


@pytest.mark.parametrize(("body", "error"), MALFORMED)
def test_malformed_items(pair: Pair, body: bytes, error: int) -> None:
    before = census(pair.node.ipc)
    assert pair.refuse(body) == error
    assert pair.refuse(short(INT32, 32, 1) + words(7) + body) == error
    assert census(pair.node.ipc) == before


# ---- rights


DISPOSITIONS = [
    (MAKE_SEND, PORT_SEND, TYPE_SEND),
    (MAKE_SEND_ONCE, PORT_SEND_ONCE, TYPE_SEND_ONCE),
    (MOVE_RECEIVE, PORT_RECEIVE, TYPE_RECEIVE),
]


@pytest.mark.parametrize("descriptor", [short, long_form])
@pytest.mark.parametrize(("sent", "received", "types"), DISPOSITIONS)
def test_rights_in_line(pair: Pair, descriptor, sent: int, received: int, types: int) -> None:
    ports = [pair.client.port() for _ in range(3)]
    body = descriptor(sent, 32, 3) + words(*ports)
    got = pair.transfer(body)
    assert struct.pack(f"<{len(got)}I", *got)[: len(descriptor(0, 0, 0))] == descriptor(received, 32, 3)
    names = got[-3:]
    assert len(set(names)) == 3 and [pair.server.type(name) for name in names] == [types] * 3
    assert pair.server.header().bits & BITS_COMPLEX


@pytest.mark.parametrize("descriptor", [short, long_form])
@pytest.mark.parametrize(("sent", "received", "types"), DISPOSITIONS)
def test_rights_out_of_line(pair: Pair, descriptor, sent: int, received: int, types: int) -> None:
    ports = [pair.client.port() for _ in range(3)]
    where = pair.client.map.allocate(0, PAGE, True)
    copyout(pair.client.map, where + 100, words(*ports))
    got = pair.transfer(descriptor(sent, 32, 3, flags=0) + words(where + 100))
    names = struct.unpack("<3I", copyin(pair.server.map, got[-1], 12))
    assert [pair.server.type(name) for name in names] == [types] * 3
    assert copyin(pair.client.map, where + 100, 12) == words(*ports)  # the names' memory stays


def test_the_memory_of_an_array_of_names_can_be_given_away(pair: Pair) -> None:
    where = pair.client.map.allocate(0, PAGE, True)
    pair.transfer(short(COPY_SEND, 32, 2, flags=DEALLOCATE) + words(where))
    assert error_of(copyin, pair.client.map, where, 4) == KernReturn.INVALID_ADDRESS


def test_null_and_dead_may_stand_for_any_right(pair: Pair) -> None:
    dead = mach_port.mach_port_allocate(pair.client.space, RIGHT_DEAD_NAME)
    got = pair.transfer(
        short(MAKE_SEND, 32, 2) + words(PORT_NULL, PORT_DEAD) + short(MOVE_SEND, 32, 1) + words(dead)
    )
    assert got[1:3] == (PORT_NULL, PORT_DEAD) and got[4] == PORT_DEAD
    assert error_of(mach_port.mach_port_type, pair.client.space, dead) == KernReturn.INVALID_NAME


def test_empty_arrays(pair: Pair) -> None:
    got = pair.transfer(
        short(COPY_SEND, 32, 0)
        + short(COPY_SEND, 32, 0, flags=0)
        + words(0x1234)
        + long_form(BYTE, 8, 0, flags=0)
        + words(0x5678)
    )
    assert got[2] == 0 and got[-1] == 0


def test_a_right_that_dies_on_the_way_arrives_dead(pair: Pair) -> None:
    port = pair.client.port()
    body = short(MAKE_SEND, 32, 1) + words(port)
    assert pair.client.send(Header(COMPLEX_SEND, remote=pair.send), body) == 0
    mach_port.mach_port_destroy(pair.client.space, port)
    assert pair.server.receive(pair.port) == 0
    assert pair.server.body()[4:] == words(PORT_DEAD)


def test_a_right_that_the_sender_does_not_have(pair: Pair) -> None:
    mine = pair.client.port()
    assert pair.refuse(short(COPY_SEND, 32, 1) + words(mine)) == MsgReturn.SEND_INVALID_RIGHT
    assert pair.refuse(short(MAKE_SEND, 32, 1) + words(0x9999)) == MsgReturn.SEND_INVALID_RIGHT


def test_what_was_copied_in_before_an_error_is_destroyed(pair: Pair) -> None:
    client = pair.client
    first, second, watch = client.port(), client.port(), client.port()
    body = (
        short(MOVE_RECEIVE, 32, 1)
        + words(first)
        + short(MAKE_SEND_ONCE, 32, 2)
        + words(watch, 0x9999)
        + short(MOVE_RECEIVE, 32, 1)
        + words(second)
    )
    assert pair.refuse(body) == MsgReturn.SEND_INVALID_RIGHT
    assert error_of(mach_port.mach_port_type, client.space, first) == KernReturn.INVALID_NAME
    assert client.type(second) == TYPE_RECEIVE
    assert client.poll(watch).id == 71


def test_an_error_in_the_body_also_costs_the_rights_in_the_header(pair: Pair) -> None:
    client = pair.client
    reply = client.port()
    header = Header(BITS_COMPLEX | MOVE_SEND | MAKE_SEND_ONCE << 8, remote=pair.send, local=reply)
    assert client.send(header, short(COPY_SEND, 32, 1) + words(0x9999)) == MsgReturn.SEND_INVALID_RIGHT
    assert error_of(mach_port.mach_port_type, client.space, pair.send) == KernReturn.INVALID_NAME
    assert client.poll(reply).id == 71


def test_a_header_error_comes_first_and_costs_nothing(pair: Pair) -> None:
    before = census(pair.node.ipc)
    body = short(MOVE_RECEIVE, 32, 2) + words(pair.client.port(), 0x9999) + words(0xFFFFFFFF)
    header = Header(COMPLEX_SEND, remote=0x9999)
    assert pair.client.send(header, body) == MsgReturn.SEND_INVALID_DEST
    assert census(pair.node.ipc).names == before.names + 1


def test_names_run_out_in_the_middle_of_a_body(node: Node) -> None:
    server, client = node.task(limit=2), node.task()
    port = server.port()
    send = server.give_send(port, client)
    watch = client.port()
    body = short(MAKE_SEND_ONCE, 32, 3) + words(watch, watch, watch)
    assert client.send(Header(COMPLEX_SEND, remote=send), body) == 0
    assert server.receive(port) == MsgReturn.RCV_BODY_ERROR | MACH_MSG_IPC_SPACE
    names = struct.unpack("<3I", server.body()[4:])
    assert server.type(names[0]) == TYPE_SEND_ONCE and names[1:] == (PORT_NULL, PORT_NULL)
    assert [client.poll(watch).id for _ in range(2)] == [71, 71]


# ---- memory


@pytest.mark.parametrize(("offset", "size"), [(0, PAGE), (0, 3 * PAGE), (100, 50), (4000, 2 * PAGE + 7)])
def test_memory_out_of_line_is_a_copy(pair: Pair, offset: int, size: int) -> None:
    client, server = pair.client, pair.server
    where = client.map.allocate(0, 4 * PAGE, True) + offset
    data = bytes(index * 7 & 0xFF for index in range(size))
    copyout(client.map, where, data)
    got = pair.transfer(long_form(BYTE, 8, size, flags=0) + words(where))
    copyout(client.map, where, bytes(size))
    assert copyin(server.map, got[-1], size) == data
    assert got[0] & DEALLOCATE  # the receiver is to deallocate it


def test_memory_that_is_deallocated_moves(pair: Pair) -> None:
    client, server = pair.client, pair.server
    where = client.map.allocate(0, 2 * PAGE, True)
    copyout(client.map, where, b"moved")
    got = pair.transfer(long_form(BYTE, 8, 2 * PAGE, flags=DEALLOCATE) + words(where))
    assert copyin(server.map, got[-1], 5) == b"moved"
    assert error_of(copyin, client.map, where, 1) == KernReturn.INVALID_ADDRESS


@pytest.mark.parametrize("name", [BYTE, COPY_SEND])
def test_memory_that_is_not_there(pair: Pair, name: int) -> None:
    watch = pair.client.port()
    bits = 8 if name == BYTE else 32
    for address in (0, 0x5000, KERNEL_BASE, 0xFFFFFFF0):
        body = short(MAKE_SEND_ONCE, 32, 1) + words(watch) + short(name, bits, 16, flags=0) + words(address)
        assert pair.refuse(body) == MsgReturn.SEND_INVALID_MEMORY
        assert pair.client.poll(watch).id == 71
    huge = long_form(name, bits, 0x3FFFFFFF, flags=0) + words(BUFFER)
    assert pair.refuse(huge) == MsgReturn.SEND_INVALID_MEMORY


def test_no_room_in_the_receivers_address_space(pair: Pair) -> None:
    client, server = pair.client, pair.server
    where = client.map.allocate(0, PAGE, True)
    while True:  # leave no two pages free
        try:
            server.map.allocate(0, 0x10000000, True)
        except Exception:
            break
    size = 0x10000000
    while size >= PAGE:
        if error_of(server.map.allocate, 0, size, True):
            size //= 2
    watch = client.port()
    body = (
        long_form(BYTE, 8, PAGE, flags=0)
        + words(where)
        + short(MAKE_SEND_ONCE, 32, 1, flags=0)
        + words(where + 8)
        + short(INT32, 32, 1)
        + words(77)
    )
    copyout(client.map, where + 8, words(watch))
    assert client.send(Header(COMPLEX_SEND, remote=pair.send), body) == 0
    assert server.receive(pair.port) == MsgReturn.RCV_BODY_ERROR | MACH_MSG_VM_SPACE
    got = struct.unpack("<8I", server.body())
    assert got[3] == 0 and got[1] >> 16 == 0  # null address, unit size zero
    assert got[5] == 0 and got[4] >> 8 & 0xFF == 0
    assert got[7] == 77
    assert client.poll(watch).id == 71


def test_no_frame_for_an_array_of_names(pair: Pair) -> None:
    client, server = pair.client, pair.server
    watch = client.port()
    where = client.map.allocate(0, PAGE, True)
    copyout(client.map, where, words(watch))
    body = short(MAKE_SEND_ONCE, 32, 1, flags=0) + words(where)
    assert client.send(Header(COMPLEX_SEND, remote=pair.send), body) == 0
    memory = pair.node.vm.memory
    taken = []
    while (frame := memory.allocate()) is not None:
        taken.append(frame)
    copies = census(pair.node.ipc)
    result = server.receive(pair.port)
    for frame in taken:
        memory.free(frame)
    assert result == MsgReturn.RCV_BODY_ERROR | MACH_MSG_VM_KERNEL
    assert copies.messages == 1 and client.poll(watch).id == 71


def test_a_destroyed_message_discards_its_memory(pair: Pair) -> None:
    client = pair.client
    before = pair.node.vm.census()
    where = client.map.allocate(0, PAGE, True)
    copyout(client.map, where, b"x")
    body = long_form(BYTE, 8, PAGE, flags=DEALLOCATE) + words(where)
    assert client.send(Header(COMPLEX_SEND, remote=pair.send), body) == 0
    assert pair.node.vm.census().copies == before.copies + 1
    assert pair.server.receive(pair.port, receive_size=24) == MsgReturn.RCV_TOO_LARGE
    after = pair.node.vm.census()
    assert (after.copies, after.objects, after.pages) == (before.copies, before.objects, before.pages)


def test_a_pseudo_receive_gives_everything_in_the_body_back(pair: Pair) -> None:
    client = pair.client
    for _ in range(QLIMIT_DEFAULT):
        assert client.send(Header(COPY_SEND, remote=pair.send)) == 0
    port = client.port()
    where = client.map.allocate(0, PAGE, True)
    copyout(client.map, where, b"kept")
    body = (
        short(MOVE_RECEIVE, 32, 1) + words(port) + long_form(BYTE, 8, PAGE, flags=DEALLOCATE) + words(where)
    )
    header = Header(COMPLEX_SEND, remote=pair.send)
    assert client.send(header, body, option=SEND_MSG | SEND_TIMEOUT) == MsgReturn.SEND_TIMED_OUT
    got = struct.unpack("<6I", client.body())
    assert client.type(got[1]) == TYPE_RECEIVE
    assert copyin(client.map, got[5], 4) == b"kept"
    assert client.refs(pair.send, RIGHT_SEND) == 2


# ---- circles


def test_a_receive_right_sent_to_itself_is_collected(pair: Pair) -> None:
    client = pair.client
    port = client.port()
    mine = client.give_send(port, client)
    assert mine == port
    before = census(pair.node.ipc)
    body = short(MOVE_RECEIVE, 32, 1) + words(port)
    assert client.send(Header(COMPLEX_SEND, remote=port), body) == 0
    after = census(pair.node.ipc)
    assert after.ports == before.ports - 1 and after.messages == before.messages
    assert client.type(port) == TYPE_DEAD_NAME


def test_a_circle_through_several_ports_is_collected(pair: Pair) -> None:
    client = pair.client
    ports = [client.port() for _ in range(4)]
    for port in ports:
        client.give_send(port, client)
    before = census(pair.node.ipc)
    for index, port in enumerate(ports):
        body = short(MOVE_RECEIVE, 32, 1) + words(port)
        assert client.send(Header(COMPLEX_SEND, remote=ports[(index + 1) % 4]), body) == 0
        pair.node.check()
    assert census(pair.node.ipc).ports == before.ports - 4
