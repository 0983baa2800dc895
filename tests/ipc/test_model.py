"""Random port and message operations over three spaces, against the model of rights, step by step."""

import struct

import hypothesis.strategies as st
import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from kernel.interface.returns import KernReturn, MachError, MsgReturn
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
from kernel.ipc import entry as names
from kernel.ipc import mach_port
from kernel.ipc.check import census
from kernel.ipc.layout import (
    BITS_COMPLEX,
    PORT_NULL,
    RCV_MSG,
    RCV_TIMEOUT,
    RIGHT_DEAD_NAME,
    RIGHT_PORT_SET,
    RIGHT_RECEIVE,
    RIGHT_SEND,
    RIGHT_SEND_ONCE,
    SEND_MSG,
    SEND_TIMEOUT,
    TYPE_DNREQUEST,
)
from kernel.ipc.port import Port
from kernel.vm.access import copyin, copyout
from tests.ipc.model import DEAD, Model, ModelEntry, ModelMessage, ModelPort
from tests.ipc.node import BUFFER, Header, Node

SPACES = 3
DISPOSITIONS = [MOVE_RECEIVE, MOVE_SEND, MOVE_SEND_ONCE, COPY_SEND, MAKE_SEND, MAKE_SEND_ONCE]
NAMES_AT = BUFFER + 0x1000

space_index = st.integers(0, SPACES - 1)
pick = st.tuples(st.integers(0, 11), st.sampled_from(["fitting"] * 8 + ["any"] * 2 + ["unknown"]))
disposition_of = st.sampled_from(DISPOSITIONS)
sendable = st.sampled_from(DISPOSITIONS[1:])


Pick = tuple[int, str]


class Rights(RuleBasedStateMachine):
    """The machine: each rule does the same to the kernel and to the model."""

    def __init__(self) -> None:
        super().__init__()
        self.node = Node(96)
        self.tasks = [self.node.task() for _ in range(SPACES)]
        self.model = Model(SPACES)
        self.by_port: dict[Port, ModelPort] = {}
        self.next_id = 1000

    # ---- choosing

    def name(self, space: int, choice: "Pick", wanted: int = 0) -> int:
        """One of the names of a space: of a type in ``wanted`` if there is one, any, or one unused."""
        index, how = choice
        table = self.model.spaces[space]
        known = sorted(table)
        fitting = [name for name in known if table[name].types & wanted]
        if how == "fitting" and fitting:
            known = fitting
        return known[index % len(known)] if known and how != "unknown" else 0x7700

    def receive_name(self, space: int, choice: "Pick") -> int | None:
        known = sorted(name for name, entry in self.model.spaces[space].items() if entry.receive)
        return known[choice[0] % len(known)] if known else None

    def fails(self, call, *arguments: object) -> int:
        try:
            call(*arguments)
        except MachError as error:
            return error.code
        return 0

    # ---- making

    @initialize()
    def begin(self) -> None:
        """Two ports in each space, one of them known to all."""
        for space in range(SPACES):
            self._allocate_port(space)
            name = self._allocate_port(space)
            port = self.model.spaces[space][name].port
            for other in range(SPACES):
                arrived = self.tasks[space].give_send(name, self.tasks[other])
                port.mscount += 1
                self.model.put(other, port, PORT_SEND, arrived)

    @rule(space=space_index)
    def allocate_port(self, space: int) -> None:
        self._allocate_port(space)

    def _allocate_port(self, space: int) -> int:
        name = self.tasks[space].port()
        port = self.tasks[space].space.entries[name].port
        made = ModelPort(port.number, (space, name))
        self.by_port[port] = made
        self.model.ports.append(made)
        self.model.spaces[space][name] = ModelEntry(made, receive=True)
        return name

    @rule(space=space_index, is_set=st.booleans())
    def allocate_other(self, space: int, is_set: bool) -> None:
        which = RIGHT_PORT_SET if is_set else RIGHT_DEAD_NAME
        name = mach_port.mach_port_allocate(self.tasks[space].space, which)
        self.model.spaces[space][name] = ModelEntry(members=[]) if is_set else ModelEntry(dead=1)

    # ---- moving rights by calls

    @rule(source=space_index, there=space_index, choice=pick, disposition=disposition_of)
    def extract_and_insert(self, source: int, there: int, choice: Pick, disposition: int) -> None:
        name = self.name(source, choice)
        possible = self.model.can_take(source, name, disposition)
        try:
            right = mach_port.mach_port_extract_right(self.tasks[source].space, name, disposition)
        except MachError as error:
            assert not possible
            known = name in self.model.spaces[source]
            assert error.code == (KernReturn.INVALID_RIGHT if known else KernReturn.INVALID_NAME)
            return
        assert possible
        port, kind = self.model.take(source, name, disposition)
        # The right is the kernel's for a moment: put it where it goes before the name is tidied.
        arrived = names.copyout(self.tasks[there].space, right.port, kind)
        freed = self.model.spaces[source][name]
        if freed.empty():
            del self.model.spaces[source][name]
        self.model.put(there, port, kind, arrived)
        if freed.empty() and freed.request is not None:
            self.model.notify(freed.request, 65, name)

    @rule(space=space_index, choice=pick, other=pick)
    def insert_under_a_name(self, space: int, choice: Pick, other: Pick) -> None:
        source = self.receive_name(space, choice)
        if source is None:
            return
        target = self.name(space, other)
        port = self.model.spaces[space][source].port
        assert port is not None
        right = mach_port.mach_port_extract_right(self.tasks[space].space, source, MAKE_SEND)
        port.mscount += 1
        code = self.fails(mach_port.mach_port_insert_right, self.tasks[space].space, target, right)
        if target == source:
            assert code == 0
            self.model.put(space, port, PORT_SEND, target)
        else:
            assert code == KernReturn.RIGHT_EXISTS
            self.node.ipc.destroy_right(right)
            self.model.lost_send(port)

    # ---- giving up

    @rule(space=space_index, choice=pick, which=st.integers(0, 4), delta=st.integers(-2, 3))
    def mod_refs(self, space: int, choice: Pick, which: int, delta: int) -> None:
        name = self.name(space, choice, wanted=1 << which + 16)
        code = self.fails(mach_port.mach_port_mod_refs, self.tasks[space].space, name, which, delta)
        entry = self.model.spaces[space].get(name)
        if entry is None:
            assert code == KernReturn.INVALID_NAME
            return
        if not entry.types & 1 << which + 16:
            assert code == KernReturn.INVALID_RIGHT
            return
        if which in (RIGHT_SEND, RIGHT_DEAD_NAME):
            urefs = (entry.send if which == RIGHT_SEND else entry.dead) + delta
            if urefs < 0:
                assert code == KernReturn.INVALID_VALUE
            elif delta < 0:
                drop = self.model.drop_send if which == RIGHT_SEND else self.model.drop_dead
                drop(space, name, -delta)
            elif which == RIGHT_SEND:
                entry.send = urefs
            else:
                entry.dead = urefs
            return
        if delta not in (0, -1):
            assert code == KernReturn.INVALID_VALUE
        elif delta:
            drops = {
                RIGHT_RECEIVE: self.model.drop_receive,
                RIGHT_SEND_ONCE: self.model.drop_once,
                RIGHT_PORT_SET: self.model.drop_all,
            }
            drops[which](space, name)

    @rule(space=space_index, choice=pick)
    def deallocate(self, space: int, choice: Pick) -> None:
        name = self.name(space, choice)
        code = self.fails(mach_port.mach_port_deallocate, self.tasks[space].space, name)
        entry = self.model.spaces[space].get(name)
        if entry is None:
            assert code == KernReturn.INVALID_NAME
        elif entry.send:
            self.model.drop_send(space, name, 1)
        elif entry.once:
            self.model.drop_once(space, name)
        elif entry.dead:
            self.model.drop_dead(space, name, 1)
        else:
            assert code == KernReturn.INVALID_RIGHT

    @rule(space=space_index, choice=pick)
    def destroy(self, space: int, choice: Pick) -> None:
        name = self.name(space, choice)
        code = self.fails(mach_port.mach_port_destroy, self.tasks[space].space, name)
        if name not in self.model.spaces[space]:
            assert code == KernReturn.INVALID_NAME
        else:
            assert not code
            self.model.drop_all(space, name)

    @rule(space=space_index, chance=st.integers(0, 5))
    def kill_space(self, space: int, chance: int) -> None:
        if chance:
            return
        self.node.ipc.destroy_space(self.tasks[space].space)
        for name in list(self.model.spaces[space]):
            self.model.refresh()
            self.model.drop_all(space, name)
        self.tasks[space].map.deallocate()
        self.tasks[space] = self.node.task()

    # ---- sets, names, limits

    @rule(space=space_index, member=pick, choice=pick)
    def move_member(self, space: int, member: Pick, choice: Pick) -> None:
        name = self.receive_name(space, member)
        if name is None:
            return
        after = self.name(space, choice, wanted=8 << 16) if choice[0] % 3 else PORT_NULL
        code = self.fails(mach_port.mach_port_move_member, self.tasks[space].space, name, after)
        port = self.model.spaces[space][name].port
        sets = [entry for entry in self.model.spaces[space].values() if entry.members is not None]
        old = next((entry for entry in sets if port in entry.members), None)
        target = self.model.spaces[space].get(after)
        if after == PORT_NULL:
            assert code == (0 if old is not None else KernReturn.NOT_IN_SET)
        elif target is None:
            assert code == KernReturn.INVALID_NAME
        elif target.members is None:
            assert code == KernReturn.INVALID_RIGHT
        if not code and old is not target:
            if old is not None:
                old.members.remove(port)
            if target is not None:
                target.members.append(port)

    @rule(space=space_index, choice=pick, other=pick)
    def rename(self, space: int, choice: Pick, other: Pick) -> None:
        old = self.name(space, choice)
        new = self.name(space, other) if other[1] == "any" else 0x880000 + other[0]
        code = self.fails(mach_port.mach_port_rename, self.tasks[space].space, old, new)
        table = self.model.spaces[space]
        if new in table:
            assert code == KernReturn.NAME_EXISTS
        elif old not in table:
            assert code == KernReturn.INVALID_NAME
        else:
            assert not code
            entry = table[new] = table.pop(old)
            if entry.receive:
                entry.port.place = (space, new)

    @rule(space=space_index, choice=pick, qlimit=st.integers(0, 3))
    def set_qlimit(self, space: int, choice: Pick, qlimit: int) -> None:
        name = self.receive_name(space, choice)
        if name is not None:
            mach_port.mach_port_set_qlimit(self.tasks[space].space, name, qlimit)
            self.model.spaces[space][name].port.qlimit = qlimit

    # ---- notifications

    @rule(
        space=space_index,
        choice=pick,
        which=st.sampled_from([69, 70, 72]),
        sync=st.integers(0, 1),
        other=space_index,
        notify=pick,
    )
    def request_notification(
        self, space: int, choice: Pick, which: int, sync: int, other: int, notify: Pick
    ) -> None:
        name = self.name(space, choice, wanted={69: 2, 70: 2, 72: 7}[which] << 16)
        receiver = self.receive_name(other, notify)
        requester: ModelPort | None = None
        once: Port | None = None
        if receiver is not None and notify[1] != "unknown":
            requester = self.model.spaces[other][receiver].port
            once = names.copyin(self.tasks[other].space, receiver, MAKE_SEND_ONCE)
        try:
            previous = mach_port.mach_port_request_notification(
                self.tasks[space].space, name, which, sync, once
            )
        except MachError as error:
            assert error.code == self._request_error(space, name, which, sync, requester)
            self.node.ipc.release_send_once(once)
            self.model.release(requester, PORT_SEND_ONCE)
            return
        assert not self._request_error(space, name, which, sync, requester)
        entry = self.model.spaces[space][name]
        expected: ModelPort | None = None
        if which == 72 and entry.dead:
            entry.dead += 1
            self.model.notify(requester, 72, name)
        elif which == 72:
            expected, entry.request = entry.request, requester
        elif which == 69:
            expected, entry.port.destroyed = entry.port.destroyed, requester
        else:
            port = entry.port
            expected, port.no_senders = port.no_senders, requester
            if requester is not None and sync <= port.mscount and not self.model.count(port, PORT_SEND):
                port.no_senders = None
                self.model.notify(requester, 70, port.mscount)
        self.node.ipc.release_send_once(previous)
        if expected is not None and expected.alive:
            assert self.by_port[previous] is expected
        self.model.release(expected, PORT_SEND_ONCE)

    def _request_error(
        self, space: int, name: int, which: int, sync: int, requester: ModelPort | None
    ) -> int:
        entry = self.model.spaces[space].get(name)
        if which == 69 and sync:
            return KernReturn.INVALID_VALUE
        if entry is None:
            return KernReturn.INVALID_NAME
        if which != 72:
            return 0 if entry.receive else KernReturn.INVALID_RIGHT
        if entry.members is not None:
            return KernReturn.INVALID_RIGHT
        if entry.dead and (not sync or requester is None):
            return KernReturn.INVALID_ARGUMENT
        return 0

    # ---- messages

    @rule(
        space=space_index,
        choice=pick,
        disposition=sendable,
        reply=pick,
        reply_disposition=sendable,
        items=st.lists(st.tuples(pick, disposition_of, st.booleans()), max_size=3),
    )
    def send(
        self,
        space: int,
        choice: int,
        disposition: int,
        reply: Pick,
        reply_disposition: int,
        items: list[tuple[Pick, int, bool]],
    ) -> None:
        wanted = {MAKE_SEND: 2, MAKE_SEND_ONCE: 2, MOVE_SEND_ONCE: 4}
        remote = self.name(space, choice, wanted=wanted.get(disposition, 1) << 16)
        local, local_type = PORT_NULL, 0
        if reply[0] % 3:
            local = self.name(space, reply, wanted=wanted.get(reply_disposition, 1) << 16)
            local_type = reply_disposition
        carried = [
            (self.name(space, item, wanted={MOVE_RECEIVE: 2, **wanted}.get(kind, 1) << 16), kind, inline)
            for item, kind, inline in items
        ]
        task = self.tasks[space]
        body = b""
        for index, (name, kind, inline) in enumerate(carried):
            body += struct.pack("<I", kind | 32 << 8 | 1 << 16 | (0x1000_0000 if inline else 0))
            body += struct.pack("<I", name if inline else NAMES_AT + 4 * index)
            copyout(task.map, NAMES_AT + 4 * index, struct.pack("<I", name))
        self.next_id += 1
        bits = disposition | local_type << 8 | (BITS_COMPLEX if carried else 0)
        header = Header(bits, remote=remote, local=local, id=self.next_id)
        result = task.send(header, body, option=SEND_MSG | SEND_TIMEOUT)
        assert result == self._model_send(
            space, remote, disposition, local, local_type, [(name, kind) for name, kind, _ in carried]
        )

    def _model_send(
        self,
        space: int,
        remote: int,
        disposition: int,
        local: int,
        local_type: int,
        carried: list[tuple[int, int]],
    ) -> int:
        model = self.model
        table = model.spaces[space]
        if remote not in table:
            return MsgReturn.SEND_INVALID_DEST
        if local_type and local not in table:
            return MsgReturn.SEND_INVALID_REPLY
        if table[remote].dead or not model.can_take(space, remote, disposition):
            return MsgReturn.SEND_INVALID_DEST
        if local_type and not model.can_take(space, local, local_type):
            return MsgReturn.SEND_INVALID_REPLY
        if local == remote and disposition == local_type and local_type in (MOVE_SEND, MOVE_SEND_ONCE):
            if table[remote].send < 2:
                return MsgReturn.SEND_INVALID_REPLY
        port = table[remote].port
        message = ModelMessage(port, 0, None, 0, self.next_id)
        limbo = ModelPort(-1, None, queue=[message])  # the message counts while it is made
        model.ports.append(limbo)
        order = [(remote, disposition, True)]
        if local_type:
            order.insert(0 if local_type == COPY_SEND else 1, (local, local_type, False))
        for name, kind, is_destination in order:
            value, right = model.take(space, name, kind)
            if is_destination:
                message.destination_type = right
            else:
                message.reply, message.reply_type = value, right
        model.tidy(space, remote)
        model.tidy(space, local)
        result = 0
        for name, kind in carried:
            if not model.can_take(space, name, kind):
                result = MsgReturn.SEND_INVALID_RIGHT
                break
            value, right = model.take(space, name, kind)
            message.carried.append((right, [value]))
            model.tidy(space, name)
        model.ports.remove(limbo)
        if result:
            model.destroy_message(message)
            return result
        full = message.destination_type == PORT_SEND and len(port.queue) >= port.qlimit
        if not full or not port.alive or self._is_circular(message):
            model.deliver(message)
            return 0
        self._model_pseudo_receive(space, message)
        return MsgReturn.SEND_TIMED_OUT

    def _is_circular(self, message: ModelMessage) -> bool:
        moved = [port for kind, ports in message.carried if kind == MOVE_RECEIVE for port in ports]
        base = message.destination
        while not isinstance(base.place, tuple):
            if base in moved:
                return True
            if not isinstance(base.place, ModelMessage):
                return False
            base = base.place.destination
        return False

    def _model_pseudo_receive(self, space: int, message: ModelMessage) -> None:
        task = self.tasks[space]
        header = task.header()
        assert header.id == message.id
        values = [(message.destination, message.destination_type, header.remote)]
        if message.reply_type:
            values.append((message.reply, message.reply_type, header.local))
        self._arrive(space, values + self._body_values(space, message))

    def _body_values(self, space: int, message: ModelMessage) -> list[tuple[object, int, int]]:
        """The rights in the body just received, with the names they got."""
        task = self.tasks[space]
        values = []
        body = task.body(8 * len(message.carried))
        for index, (kind, ports) in enumerate(message.carried):
            descriptor, word = struct.unpack_from("<II", body, 8 * index)
            assert descriptor & 0xFF == kind
            if not descriptor & 0x1000_0000:
                where = word
                word = struct.unpack("<I", copyin(task.map, where, 4))[0]
                task.map.deallocate_range(where, 4)
            values.append((ports[0], kind, word))
        return values

    def _arrive(self, space: int, values: list[tuple[object, int, int]]) -> None:
        for port, kind, name in values:
            value = port if isinstance(port, ModelPort) or port is None else DEAD
            self.model.put(space, value, kind, name)

    @precondition(lambda self: any(port.queue for port in self.model.ports))
    @rule(space=space_index, choice=pick)
    def receive(self, space: int, choice: Pick) -> None:
        table = self.model.spaces[space]
        sources = sorted(name for name, entry in table.items() if entry.receive or entry.members is not None)
        full = [name for name in sources if table[name].port is not None and table[name].port.queue]
        sources = full or sources
        if not sources:
            return
        name = sources[choice[0] % len(sources)]
        entry = table[name]
        result = self.tasks[space].receive(name, option=RCV_MSG | RCV_TIMEOUT)
        in_set = entry.receive and any(entry.port in (each.members or ()) for each in table.values())
        if in_set:
            assert result == MsgReturn.RCV_IN_SET
            return
        ports = entry.members if entry.members is not None else [entry.port]
        if not any(port.queue for port in ports):
            assert result == MsgReturn.RCV_TIMED_OUT
            return
        assert result == 0
        self._model_receive(space, ports)

    def _model_receive(self, space: int, ports: list[ModelPort]) -> None:
        task = self.tasks[space]
        header = task.header()
        port = self.model.spaces[space][header.local].port
        assert port in ports
        assert header.seqno == port.seqno
        port.seqno += 1
        message = self._match(task, header, port)
        port.queue.remove(message)
        assert header.bits & 0xFFFF == message.reply_type | message.destination_type << 8
        body = self._body_values(space, message) if message.id > 1000 or message.id == 69 else []
        if message.reply_type:
            self._arrive(space, [(message.reply, message.reply_type, header.remote)])
        if message.destination_type == PORT_SEND:
            message.reply_type, held = 0, message.carried
            # What is in the body is still on its way when the destination's right is used up.
            limbo = ModelPort(-1, None, queue=[ModelMessage(port, 0, None, 0, 0, carried=held)])
            self.model.ports.append(limbo)
            self.model.lost_send(port)
            self.model.ports.remove(limbo)
        self._arrive(space, body)

    def _match(self, task, header: Header, port: ModelPort) -> ModelMessage:
        """The model's message for the one received: user messages in order, notifications in any."""
        if header.id > 1000:
            message = next(each for each in port.queue if each.id > 1000)
            assert message.id == header.id
            return message
        word = struct.unpack("<2I", task.body())[1] if header.size == 32 else 0
        for message in port.queue:
            if message.id == header.id and (message.id == 69 or message.word == word):
                if message.id != 69:
                    return message
                carried = message.carried[0][1][0]
                real = task.space.entries[word].port if word in task.space.entries else None
                if real is None or self.by_port.get(real) is carried:
                    return message
        raise AssertionError(f"an unexpected notification {header.id} of {word:#x}")

    # ---- after every step

    @invariant()
    def the_checker_agrees(self) -> None:
        self.node.check()

    @invariant()
    def the_model_agrees(self) -> None:
        model = self.model
        model.ports = [port for port in model.ports if port.alive]
        model.refresh()
        alive = {port.number for port in model.ports}
        assert set(self.node.ipc.ports) == alive
        for task, table in zip(self.tasks, model.spaces, strict=True):
            found = dict(zip(*mach_port.mach_port_names(task.space), strict=True))
            expected = {
                name: entry.types | (TYPE_DNREQUEST if entry.request is not None else 0)
                for name, entry in table.items()
            }
            assert found == expected
            for name, entry in table.items():
                assert task.space.entries[name].urefs == entry.send + entry.dead + entry.once
        for port in model.ports:
            self._compare(self.node.ipc.ports[port.number], port)

    def _compare(self, real: Port, port: ModelPort) -> None:
        model = self.model
        assert real.srights == model.count(port, PORT_SEND)
        assert real.sorights == model.count(port, PORT_SEND_ONCE)
        assert (real.mscount, real.seqno, real.qlimit) == (port.mscount, port.seqno, port.qlimit)
        assert (real.nsrequest is not None) == (port.no_senders is not None)
        assert (real.pdrequest is not None) == (port.destroyed is not None)
        ours = sorted((message.id, message.word, len(message.carried)) for message in port.queue)
        theirs = sorted((each.id, _word(each), len(each.carried)) for each in real.messages)
        assert ours == theirs

    def teardown(self) -> None:
        """When the last space is gone, nothing is left."""
        before = self.node.vm.census().copies
        for task in self.tasks:
            self.node.ipc.destroy_space(task.space)
            self.node.check()
        left = census(self.node.ipc)
        # Ports may be left in circles of notifications only if somebody still holds them: nobody does.
        assert (left.ports, left.names, left.messages) == (0, 0, 0), left
        assert before == self.node.vm.census().copies == 0


def _word(message) -> int:
    """The word of a notification."""
    if message.id > 1000 or not message.body:
        return 0
    return struct.unpack("<2I", message.body)[1] if message.id != 69 else 0


class TestRights(Rights.TestCase):
    """The same walks each time, quickly."""

    settings = settings(max_examples=120, stateful_step_count=50, deadline=None, derandomize=True)


@pytest.mark.long
class TestRightsAtLength(Rights.TestCase):
    """Other walks each time."""

    settings = settings(max_examples=2000, stateful_step_count=60, deadline=None)
