"""The IPC system of a node: its ports, its name spaces, and the kernel's own way of sending.

What the kernel holds besides names and messages (a task's bootstrap port, for instance) it must show to
the checker: ``add_holder`` registers a function that lists such rights.
"""

from collections import deque
from collections.abc import Callable, Iterable

from ..interface.body import DEAD, Carried
from ..interface.body import _Dead as Dead
from ..interface.returns import KernReturn, MachError
from ..interface.values import Right
from ..interface.wire import COPY_SEND, MAKE_SEND_ONCE, MOVE_RECEIVE, PORT_SEND
from ..machine.clock import Clock
from ..machine.costs import Costs
from ..machine.trace import Trace
from ..sched.scheduler import Scheduler
from ..sched.wait import WaitQueue
from . import entry as names
from . import kernel_object, queue, right
from .kernel_object import KernelServer
from .layout import PORT_DEAD, PORT_NULL
from .message import Message
from .port import Port
from .remote import RemoteTransport
from .right import AnyPortValue, PortValue
from .space import ENTRIES_MAX, IpcSpace

HeldRights = Iterable[tuple[Port | None, int]]
"""Rights held without a name: the port and PORT_SEND, PORT_SEND_ONCE or PORT_RECEIVE."""


def no_server(message: Message) -> Message | None:
    """The kernel server of a node that has none yet."""
    right.destroy_carried(message.carried)
    return None


class IpcSystem:
    """One per node.  Everything of the room hangs here; there is no other state."""

    __slots__ = (
        "clock",
        "copy_byte_ps",
        "costs",
        "dead_port",
        "doomed",
        "holders",
        "in_service",
        "kernel_server",
        "kernel_space",
        "message_copyin_ns",
        "message_copyout_ns",
        "next_port_number",
        "next_space_number",
        "nobody",
        "object_port_died",
        "ports",
        "scheduler",
        "spaces",
        "trace",
        "transport",
    )

    def __init__(self, clock: Clock, costs: Costs, trace: Trace, scheduler: Scheduler) -> None:
        self.clock = clock
        self.costs = costs
        self.message_copyin_ns = costs.message_copyin
        self.message_copyout_ns = costs.message_copyout
        self.copy_byte_ps = costs.copy_byte_ps
        self.trace = trace
        self.scheduler = scheduler
        self.next_port_number = 1
        self.next_space_number = 0
        self.ports: dict[int, Port] = {}  # the living, by number
        self.spaces: dict[int, IpcSpace] = {}
        self.nobody = WaitQueue("a message to a kernel port")  # where nobody can wait
        self.kernel_space = IpcSpace(self, 0)
        del self.spaces[self.kernel_space.number]
        self.kernel_server: KernelServer = no_server
        self.object_port_died: Callable[[Port], None] = lambda port: None  # one with a kernel object
        self.transport: RemoteTransport | None = None
        self.doomed: deque[tuple[Port, list[tuple[Port, int]]]] = deque()  # see death.py
        self.in_service: dict[Message, None] = {}  # kernel calls that wait for something
        self.holders: list[Callable[[], HeldRights]] = []
        self.dead_port = Port(self, None, 0)  # stands for a reply port that does not exist
        self.dead_port.active = False
        del self.ports[self.dead_port.number]

    # ---- spaces

    def create_space(self, limit: int = ENTRIES_MAX) -> IpcSpace:
        """An empty name space, for at most ``limit`` names."""
        return IpcSpace(self, limit)

    def destroy_space(self, space: IpcSpace) -> None:
        """Destroy every right in a space.  Its threads must not use it any more."""
        names.destroy_space(space)

    # ---- kernel ports

    def allocate_kernel_port(self, kind: int, kobject: object) -> Port:
        """A port of the kernel's own that stands for ``kobject``."""
        return kernel_object.allocate(self, kind, kobject)

    def destroy_kernel_port(self, port: Port) -> None:
        """The object is gone: its port dies."""
        kernel_object.destroy(port)

    # ---- rights that the kernel holds

    def make_send(self, port: Port) -> Port:
        """A send right to a port whose receive right the kernel holds."""
        return right.make_send(port)

    def make_send_once(self, port: Port) -> Port:
        """A send-once right to a port whose receive right the kernel holds."""
        return right.make_send_once(port)

    def copy_send(self, port: AnyPortValue) -> AnyPortValue:
        """Another send right beside one that the kernel holds."""
        return right.copy_send(port)

    def release_send(self, port: PortValue) -> None:
        """Give up a send right."""
        right.release_send(port)

    def release_send_once(self, port: PortValue) -> None:
        """Destroy a send-once right, which yields a send-once notification."""
        right.release_send_once(port)

    def destroy_right(self, given: Right) -> None:
        """Destroy a right of any kind."""
        if isinstance(given.port, Port):
            right.release(given.port, names.CARRIED_AS[given.disposition])

    def destroy_carried(self, carried: tuple[Carried, ...]) -> None:
        """Destroy the rights and the memory that a message carried."""
        right.destroy_carried(carried)

    def add_holder(self, list_rights: Callable[[], HeldRights]) -> None:
        """Tell the checker of rights that the kernel holds."""
        self.holders.append(list_rights)

    # ---- between names and rights, for traps

    def copyin_right(self, space: IpcSpace, name: int, disposition: int) -> Right:
        """Take a right out of a space; INVALID_VALUE, INVALID_NAME or INVALID_RIGHT."""
        if not MOVE_RECEIVE <= disposition <= MAKE_SEND_ONCE:
            raise MachError(KernReturn.INVALID_VALUE)
        if name in (PORT_NULL, PORT_DEAD):
            return Right(DEAD if name else None, names.CARRIED_AS[disposition])
        return Right(names.copyin(space, name, disposition), names.CARRIED_AS[disposition])

    def copyin_send(self, space: IpcSpace, name: int) -> Port | Dead | None:
        """A copy of the send right that a name denotes."""
        if name in (PORT_NULL, PORT_DEAD):
            return DEAD if name else None
        return names.copyin(space, name, COPY_SEND)

    def copyout_send(self, space: IpcSpace, port: Port) -> int:
        """Make a send right to a kernel port and name it in a space; PORT_NULL if there is no room."""
        right.make_send(port)
        try:
            return names.copyout(space, port, PORT_SEND)
        except MachError:
            right.release_send(port)
            return PORT_NULL

    # ---- sending

    def send_from_kernel(self, message: Message, *, handoff: bool = False) -> None:
        """Send a message of the kernel's own, whatever the queue limit; never waits.  ``handoff``: the
        receiver is to get this processor next."""
        queue.force(message, handoff)
