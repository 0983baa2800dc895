"""Random port and message operations over three spaces, against the model of rights, step by step."""

import struct

import hypothesis.strategies as st
import pytest
from hypothesis import settings
from hypothesis.stateful import invariant, precondition, rule

from kernel.interface.returns import MsgReturn
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
from kernel.ipc import mach_port
from kernel.ipc.check import census
from kernel.ipc.layout import (
    BITS_COMPLEX,
    PORT_NULL,
    RCV_MSG,
    RCV_TIMEOUT,
    SEND_MSG,
    SEND_TIMEOUT,
    TYPE_DNREQUEST,
)
from kernel.ipc.port import Port
from kernel.vm.access import copyin, copyout
from tests.ipc.model import DEAD, ModelMessage, ModelPort
from tests.ipc.name_walk import NAMES_AT, NameWalk, Pick, disposition_of, pick, sendable, space_index
from tests.ipc.node import Header


class Rights(NameWalk):
    """The walk with messages, compared with the model after every step."""

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
        moved_twice = local == remote and disposition == local_type in (MOVE_SEND, MOVE_SEND_ONCE)
        if moved_twice and table[remote].send < 2:
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
