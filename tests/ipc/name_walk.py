"""A walk of random operations on names over three spaces, done to the kernel and to the model alike."""

import hypothesis.strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from kernel.interface.returns import KernReturn, MachError
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
from kernel.ipc.layout import (
    PORT_NULL,
    RIGHT_DEAD_NAME,
    RIGHT_PORT_SET,
    RIGHT_RECEIVE,
    RIGHT_SEND,
    RIGHT_SEND_ONCE,
)
from kernel.ipc.port import Port
from tests.ipc.model import Model, ModelEntry, ModelPort
from tests.ipc.node import BUFFER, Node

SPACES = 3
DISPOSITIONS = [MOVE_RECEIVE, MOVE_SEND, MOVE_SEND_ONCE, COPY_SEND, MAKE_SEND, MAKE_SEND_ONCE]
NAMES_AT = BUFFER + 0x1000

space_index = st.integers(0, SPACES - 1)
pick = st.tuples(st.integers(0, 11), st.sampled_from(["fitting"] * 8 + ["any"] * 2 + ["unknown"]))
disposition_of = st.sampled_from(DISPOSITIONS)
sendable = st.sampled_from(DISPOSITIONS[1:])


Pick = tuple[int, str]


class NameWalk(RuleBasedStateMachine):
    """Each rule does the same to the kernel and to the model."""

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
