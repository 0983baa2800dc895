"""The calls on the host: information, time of day, wiring, halting; and the node calls of one node."""

from typing import TYPE_CHECKING

from ..interface import bootstrap, mach_host, mach_norma
from ..interface.declare import Routine
from ..interface.returns import KernReturn, MachError
from ..ipc.port import Port
from ..vm import user as vm_user
from .host import MAX_SPECIAL_PORT, Host
from .information import LOAD_SCALE, check_room
from .serve import Implementation
from .task import Task
from .thread import TaskThread

if TYPE_CHECKING:
    from .mach_kernel import MachKernel

VERSION = "Mach 3.0 (machsh)"

CPU_TYPE_I386 = 7
CPU_TYPE_I486 = 17
CPU_SUBTYPE_AT386 = 1

NORMA_DEVICE_PORT = 1
NORMA_HOST_PORT = 2
NORMA_HOST_PRIV_PORT = 3

EPOCH_SECONDS = 709_084_800
"""The time of day when the machine is switched on: 21 June 1992, 00:00 UTC.  Fixed, so that a run is
the same whenever it is made."""

SECOND_NS = 1_000_000_000


def cpu_type(host: Host) -> int:
    """Mach's number for the processors: programs are i386 code on every machine model."""
    return CPU_TYPE_I486 if host.machine.startswith("i486") else CPU_TYPE_I386


def host_info(kernel: "MachKernel", host: Host, flavor: int, room: int) -> tuple[int, ...]:
    match flavor:
        case 1:
            check_room(room, 5)
            working = sum(not entry.processor.shut_down for entry in host.processors)
            return len(host.processors), working, host.memory_size, cpu_type(host), CPU_SUBTYPE_AT386
        case 2:
            slots = len(host.processors)
            check_room(room, slots)
            return tuple(range(slots))
        case 3:
            check_room(room, 2)
            return 1, kernel.scheduler.default_set.quantum // 1_000_000
        case 4:
            check_room(room, 6)
            load, factor = load_figures(kernel)
            return load, load, load, factor, factor, factor
    raise MachError(KernReturn.INVALID_ARGUMENT)


def load_figures(kernel: "MachKernel") -> tuple[int, int]:
    """(load average, Mach factor), times LOAD_SCALE: threads that run or could, per processor; and the
    share of a processor that a newcomer would get.  At the moment, for a tickless kernel keeps no past."""
    scheduler = kernel.scheduler
    busy = sum(processor.thread is not None for processor in scheduler.processors)
    runnable = busy + sum(each.run_queue.count for each in scheduler.processor_sets)
    count = len(scheduler.processors)
    load = runnable * LOAD_SCALE // count
    factor = (count - runnable) * LOAD_SCALE if runnable < count else count * LOAD_SCALE // (runnable + 1)
    return load, factor


def host_kernel_version(kernel: "MachKernel", host: Host) -> str:
    return VERSION


def host_get_boot_info(kernel: "MachKernel", host: Host) -> str:
    return f"node {host.node}, {host.machine}, {host.memory_size >> 20} MB"


def time_of_day_ns(kernel: "MachKernel") -> int:
    """Time of day, ns since 1970."""
    return EPOCH_SECONDS * SECOND_NS + kernel.clock.now + kernel.host.time_offset_ns


def host_get_time(kernel: "MachKernel", host: Host) -> tuple[int, int]:
    now = time_of_day_ns(kernel)
    return now // SECOND_NS, now % SECOND_NS // 1000


def _nanoseconds(value: tuple[int, ...]) -> int:
    seconds, microseconds = value
    if not 0 <= microseconds < 1_000_000:
        raise MachError(KernReturn.INVALID_ARGUMENT)
    return seconds * SECOND_NS + microseconds * 1000


def host_set_time(kernel: "MachKernel", host: Host, new_time: tuple[int, ...]) -> None:
    host.time_offset_ns += _nanoseconds(new_time) - time_of_day_ns(kernel)


def host_adjust_time(kernel: "MachKernel", host: Host, adjustment: tuple[int, ...]) -> tuple[int, int]:
    """Corrects at once: no clock ticks over which to spread it; nothing of an earlier one is left."""
    seconds, microseconds = adjustment
    host.time_offset_ns += seconds * SECOND_NS + microseconds * 1000
    return 0, 0


def host_reboot(kernel: "MachKernel", host: Host, options: int) -> None:
    kernel.halt("host_reboot", 0)


def vm_wire(
    kernel: "MachKernel", host: Host, task: Task | None, address: int, size: int, access: int
) -> None:
    if task is None:
        raise MachError(KernReturn.INVALID_TASK)
    vm_user.vm_wire(task.map, address, size, access)


def thread_wire(kernel: "MachKernel", host: Host, thread: TaskThread | None, wired: bool) -> None:
    if thread is None or thread is not kernel.scheduler.current:
        raise MachError(KernReturn.INVALID_ARGUMENT)
    thread.vm_privileged = bool(wired)


# ---- the nodes, as a kernel of one node sees them


def norma_node_self(kernel: "MachKernel", host: Host) -> int:
    return host.node


def norma_get_special_port(kernel: "MachKernel", host: Host, node: int, which: int) -> Port | None:
    if node not in (-1, host.node):
        raise MachError(KernReturn.INVALID_ARGUMENT)
    match which:
        case 1:
            port = host.device_port
        case 2:
            port = host.port
        case 3:
            port = host.priv_port
        case _:
            if not 0 < which < MAX_SPECIAL_PORT:
                raise MachError(KernReturn.INVALID_ARGUMENT)
            return kernel.ipc.copy_send(host.special_ports.get(which))
    assert port is not None
    return kernel.ipc.make_send(port)


def norma_set_special_port(kernel: "MachKernel", host: Host, which: int, port: object) -> None:
    if not NORMA_HOST_PRIV_PORT < which < MAX_SPECIAL_PORT:
        raise MachError(KernReturn.INVALID_ARGUMENT)
    old = host.special_ports.pop(which, None)
    right = kernel.as_send_right(port)
    if right is not None:
        host.special_ports[which] = right
    kernel.ipc.release_send(old)


def norma_task_create(kernel: "MachKernel", parent: Task, inherit: bool, node: int) -> Port | None:
    if node not in (-1, kernel.host.node):
        raise MachError(KernReturn.INVALID_ARGUMENT)
    child = kernel.create_task(parent, bool(inherit))
    assert child.port is not None
    return kernel.ipc.make_send(child.port)


def task_set_child_node(kernel: "MachKernel", task: Task, node: int) -> None:
    if node not in (-1, kernel.host.node):
        raise MachError(KernReturn.INVALID_ARGUMENT)


def norma_port_location_hint(kernel: "MachKernel", task: Task, port: object) -> int:
    right = kernel.as_send_right(port)
    if right is None:
        raise MachError(KernReturn.INVALID_ARGUMENT)
    kernel.ipc.release_send(right)
    return kernel.host.node


# ---- what the first task asks of whoever booted it


def bootstrap_privileged_ports(kernel: "MachKernel", booter: object) -> tuple[Port | None, Port | None]:
    host = kernel.host
    assert host.priv_port is not None and host.device_port is not None
    return kernel.ipc.make_send(host.priv_port), kernel.ipc.make_send(host.device_port)


def bootstrap_exit(kernel: "MachKernel", booter: object, status: int) -> None:
    kernel.halt("", status)


HOST_CALLS: dict[Routine, Implementation] = {
    mach_host.host_info: host_info,
    mach_host.host_kernel_version: host_kernel_version,
    mach_host.host_get_boot_info: host_get_boot_info,
    mach_host.host_get_time: host_get_time,
    mach_host.host_set_time: host_set_time,
    mach_host.host_adjust_time: host_adjust_time,
    mach_host.host_reboot: host_reboot,
    mach_host.vm_wire: vm_wire,
    mach_host.thread_wire: thread_wire,
    mach_norma.norma_node_self: norma_node_self,
    mach_norma.norma_get_special_port: norma_get_special_port,
    mach_norma.norma_set_special_port: norma_set_special_port,
    mach_norma.norma_task_create: norma_task_create,
    mach_norma.task_set_child_node: task_set_child_node,
    mach_norma.norma_port_location_hint: norma_port_location_hint,
    bootstrap.bootstrap_privileged_ports: bootstrap_privileged_ports,
    bootstrap.bootstrap_exit: bootstrap_exit,
}
