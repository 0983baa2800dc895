"""The bottom of a memory object's stack: a pager, spoken to by messages.

The pager is whoever receives on the memory object's port.  To it the kernel is a *control* port, on
which it answers (``calls.py`` takes these messages apart), and a *name* port, which only says which
object it is.  Both come into being with ``memory_object_init`` and are given to the pager with
``memory_object_terminate``.

The messages are those of ``memory_object.defs``.  The kernel never waits for room in the pager's queue;
so a pager that reads nothing collects at most one request for each page and thread that waits.

A pager that became ready by the old ``memory_object_set_attributes`` gets the old
``memory_object_data_write``.  The default pager is told of new objects by ``memory_object_create``, and
of contents that it never had by ``memory_object_data_initialize``.
"""

from typing import TYPE_CHECKING

from ..interface import memory_object as calls
from ..interface import memory_object_default as default_calls
from ..interface.body import CarriedMemory
from ..interface.declare import Routine
from ..interface.wire import PORT_SEND
from ..ipc.kernel_object import surrender
from ..ipc.layout import IKOT_NONE, IKOT_PAGER, IKOT_PAGING_NAME, IKOT_PAGING_REQUEST
from ..ipc.message import Message
from ..ipc.port import Port
from ..vm.map_copy import VmMapCopy
from .layer import KernelLayer, ReplyTo

if TYPE_CHECKING:
    from .system import XmmSystem


class PagerUser:
    """One memory object, seen from its pager."""

    __slots__ = ("_has_right", "above", "control", "is_old", "name", "port", "system")

    def __init__(self, system: "XmmSystem", port: Port, *, has_right: bool = False) -> None:
        """The memory object ``port``, not in use yet.  ``has_right``: a send right is given along."""
        self.system = system
        self.port = port  # a send right, while in use
        self._has_right = has_right
        self.above: KernelLayer | None = None
        self.control: Port | None = None
        self.name: Port | None = None
        self.is_old = False

    # ---- in and out of use

    def init(self, above: KernelLayer, page_size: int) -> None:
        port = self.port
        if not port.active:
            above.died()
            return
        self._begin(above)
        if not self._has_right:
            self.system.ipc.copy_send(port)
        self._send(calls.memory_object_init, self._control(), self._name(), page_size)

    def create(self, above: KernelLayer, default_pager: Port, size: int, page_size: int) -> None:
        """Instead of ``init``: an object that the kernel made is in use from now on, and its port goes
        to the default pager."""
        ipc = self.system.ipc
        port = self.port
        self._begin(above)
        ipc.make_send(port)
        control, name = self._control(), self._name()
        values = (surrender(port), size & 0xFFFF_FFFF, control, name, page_size)
        self._send_to(default_pager, default_calls.memory_object_create, *values)

    def _begin(self, above: KernelLayer) -> None:
        ipc = self.system.ipc
        self.above = above
        self.port.kind = IKOT_PAGER
        self.port.kobject = above
        self.control = ipc.allocate_kernel_port(IKOT_PAGING_REQUEST, self)
        self.name = ipc.allocate_kernel_port(IKOT_PAGING_NAME, self)
        self.system.in_use[self.control.number] = self

    def _end(self) -> tuple[Port, Port]:
        """The control and the name port, which stand for nothing any more."""
        assert self.control is not None and self.name is not None
        ports = self.control, self.name
        del self.system.in_use[self.control.number]
        self.above = self.control = self.name = None
        return ports

    def terminate(self) -> None:
        if self.control is None:
            return
        port = self.port
        ports = self._end()
        port.kind, port.kobject = IKOT_NONE, None
        for mine in ports:
            mine.kind, mine.kobject = IKOT_NONE, None
        # The send right is the message's.
        self._deliver(port, calls.memory_object_terminate, surrender(ports[0]), surrender(ports[1]))

    def died(self) -> None:
        """The memory object's port is dead."""
        above = self.above
        if above is None:
            return
        for mine in self._end():
            self.system.ipc.destroy_kernel_port(mine)
        above.died()

    # ---- what the kernel asks

    def copy(self, offset: int, length: int) -> "PagerUser":
        ipc = self.system.ipc
        new = ipc.allocate_kernel_port(IKOT_PAGER, None)
        copied = PagerUser(self.system, ipc.make_send(new), has_right=True)
        self._send(calls.memory_object_copy, self._control(), offset, length, surrender(new))
        return copied

    def data_request(self, offset: int, length: int, access: int) -> None:
        self._send(calls.memory_object_data_request, self._control(), offset, length, access, handoff=True)

    def data_unlock(self, offset: int, length: int, access: int) -> None:
        self._send(calls.memory_object_data_unlock, self._control(), offset, length, access, handoff=True)

    def data_return(
        self, offset: int, data: VmMapCopy, dirty: bool, kernel_copy: bool, initial: bool
    ) -> None:
        memory = CarriedMemory(0, data.size, data)
        control = self._control()
        if initial:
            self._send(default_calls.memory_object_data_initialize, control, offset, memory)
        elif self.is_old:
            self._send(calls.memory_object_data_write, control, offset, memory)
        else:
            self._send(calls.memory_object_data_return, control, offset, memory, dirty, kernel_copy)

    def lock_completed(self, reply_to: ReplyTo, offset: int, length: int) -> None:
        if reply_to is not None:
            values = (self._control(), offset, length & 0xFFFF_FFFF)
            self._complete(reply_to, calls.memory_object_lock_completed, *values)

    def supply_completed(
        self, reply_to: ReplyTo, offset: int, length: int, result: int, error_offset: int
    ) -> None:
        if reply_to is not None:
            values = (self._control(), offset, length, int(result), error_offset)
            self._complete(reply_to, calls.memory_object_supply_completed, *values)

    def change_completed(self, reply_to: ReplyTo, may_cache: bool, copy_strategy: int) -> None:
        if reply_to is not None:
            self._complete(reply_to, calls.memory_object_change_completed, may_cache, copy_strategy)

    # ---- sending

    def _control(self) -> Port | None:
        """A send right to the control port; null when the object has ended meanwhile."""
        return self.system.ipc.make_send(self.control) if self.control is not None else None

    def _name(self) -> Port:
        assert self.name is not None
        return self.system.ipc.make_send(self.name)

    def _send(self, routine: Routine, *values: object, handoff: bool = False) -> None:
        self._send_to(self.port, routine, *values, handoff=handoff)

    def _send_to(self, port: Port, routine: Routine, *values: object, handoff: bool = False) -> None:
        self._deliver(self.system.ipc.copy_send(port), routine, *values, handoff=handoff)

    def _deliver(
        self, port: Port, routine: Routine, *values: object, kind: int = PORT_SEND, handoff: bool = False
    ) -> None:
        """Send to a right of this kind, which is the message's."""
        ipc = self.system.ipc
        ipc.clock.now += ipc.message_copyin_ns
        body, carried = routine.request.encode(values)
        if ipc.trace.on:
            numbers = [
                value.size if isinstance(value, CarriedMemory) else int(value)
                for value in values
                if isinstance(value, int | CarriedMemory)
            ]
            ipc.trace.emit(routine.name, self.port.number, *numbers)
        ipc.send_from_kernel(Message(port, kind, None, 0, routine.id, body, carried), handoff=handoff)

    def _complete(self, reply_to: ReplyTo, routine: Routine, *values: object) -> None:
        assert reply_to is not None and isinstance(reply_to.port, Port)
        self._deliver(reply_to.port, routine, *values, kind=reply_to.disposition)
