"""The memory objects of a node: which port is which, and what the kernel's own memory is paged to.

``install`` makes a kernel serve external pagers: it adds the calls on control ports (``calls.py``), the
kinds of ports, and the way from ``vm_map`` to here.

Invariants
- A memory object's port has the kind IKOT_PAGER, and its top layer as kernel object, exactly while the
  kernel uses it; so mapping the same port again finds the same object.
- The kernel holds one send right to each, and one to the default pager.
- A port's death ends its use at once: whoever waits for the pager gets a memory failure.
"""

from ..interface import mach
from ..interface.body import DEAD
from ..interface.returns import KernReturn, MachError
from ..interface.wire import PORT_SEND
from ..ipc.layout import IKOT_NONE, IKOT_PAGER, IKOT_PAGING_REQUEST
from ..ipc.port import Port
from ..ipc.system import HeldRights, IpcSystem
from ..kern.mach_kernel import MachKernel
from ..vm.object import VmObject
from ..vm.pager import Pager
from ..vm.system import VmSystem
from .calls import PAGER_CALLS
from .server import VmServer
from .user import PagerUser


class KernelPager:
    """What stands behind the port of a memory object whose pages the kernel itself provides."""

    __slots__ = ("pager",)

    def __init__(self, pager: Pager) -> None:
        self.pager = pager


class XmmSystem:
    """One per node."""

    __slots__ = ("default_pager", "in_use", "ipc", "vm")

    def __init__(self, vm: VmSystem, ipc: IpcSystem) -> None:
        self.vm = vm
        self.ipc = ipc
        self.in_use: dict[int, PagerUser] = {}  # by number of the control port
        self.default_pager: Port | None = None  # a send right
        vm.default_pager = self
        ipc.object_port_died = self.port_died
        ipc.add_holder(self.held_rights)

    # ---- ports and objects (``kern.memory.MemoryObjects``)

    def pager_for(self, port: Port) -> Pager:
        """Who provides the pages of a memory object; INVALID_ARGUMENT if the port is none.  What comes
        of a port not in use yet is in use when the virtual memory calls its ``initialize``."""
        if port.active:
            target = port.kobject
            if port.kind == IKOT_PAGER and isinstance(target, VmServer):
                return target
            if port.kind == IKOT_PAGER and isinstance(target, KernelPager):
                return target.pager
            if port.kind == IKOT_NONE and port.receiver is not self.ipc.kernel_space:
                return VmServer(PagerUser(self, port))
        raise MachError(KernReturn.INVALID_ARGUMENT)

    def name_of(self, vm_object: VmObject) -> Port | None:
        """A send right to the name port of a memory object; None if it has no external pager."""
        server = vm_object.pager
        if isinstance(server, VmServer) and isinstance(server.below, PagerUser):
            name = server.below.name
            if name is not None:
                return self.ipc.make_send(name)
        return None

    def control_of(self, port: Port) -> PagerUser | None:
        """The memory object that a control port stands for."""
        target = port.kobject
        if port.kind == IKOT_PAGING_REQUEST and isinstance(target, PagerUser):
            return target
        return None

    def kernel_pager(self, pager: Pager) -> Port:
        """A memory object that is the kernel's own (of a device that can be mapped, for instance): its
        port, whose receive right the kernel has.  ``pager`` may answer within the call that asks."""
        return self.ipc.allocate_kernel_port(IKOT_PAGER, KernelPager(pager))

    def port_died(self, port: Port) -> None:
        """A port with a kernel object behind it has died."""
        server = port.kobject
        if isinstance(server, VmServer) and isinstance(server.below, PagerUser):
            server.below.died()

    def held_rights(self) -> HeldRights:
        """The send rights that are held here, for the checker."""
        held: list[tuple[Port | None, int]] = [(user.port, PORT_SEND) for user in self.in_use.values()]
        held.append((self.default_pager, PORT_SEND))
        return held

    # ---- the default pager

    def create(self, vm_object: VmObject) -> Pager | None:
        """A pager for an internal object (``vm.pager.DefaultPager``): the default pager is told of the
        new object, and need not answer before it is given pages."""
        default_pager = self.default_pager
        if default_pager is None or not default_pager.active:
            return None
        port = self.ipc.allocate_kernel_port(IKOT_PAGER, None)
        user = PagerUser(self, port, has_right=True)
        server = VmServer(user)
        server.vm_object = vm_object
        user.create(server, default_pager, vm_object.size, self.vm.page_size)
        return server

    def set_default_pager(self, kernel: MachKernel, host: object, port: object) -> Port | None:
        """``vm_set_default_memory_manager``: the previous default pager, none if it has died; a null
        port changes nothing."""
        previous = self.default_pager
        if previous is not None and not previous.active:
            previous = self.default_pager = None
        if port is None or port is DEAD:
            return self.ipc.copy_send(previous)
        assert isinstance(port, Port)
        self.default_pager = port
        return previous


def install(kernel: MachKernel) -> XmmSystem:
    """Let a kernel serve external pagers."""
    system = XmmSystem(kernel.vm, kernel.ipc)
    kernel.memory_objects = system
    kernel.converters["memory_object_control_t"] = system.control_of
    kernel.server.add(PAGER_CALLS)
    kernel.server.add({mach.vm_set_default_memory_manager: system.set_default_pager})
    kernel.vm.copy_pages = kernel.options.ipc_pages == "copy"
    kernel.vm.pager_timeout_ns = kernel.options.vm_pager_timeout * 1_000_000_000
    return system
