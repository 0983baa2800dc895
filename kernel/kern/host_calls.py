"""The calls on the host: information, time of day, wiring, halting; and the node calls of one node."""

from typing import TYPE_CHECKING

from ..interface import bootstrap, mach_host, mach_norma
from ..interface.constants import (
    CPU_SUBTYPE_AT386,
    CPU_TYPE_I386,
    CPU_TYPE_I486,
    HOST_BASIC_INFO,
    HOST_LOAD_INFO,
    HOST_PROCESSOR_SLOTS,
    HOST_SCHED_INFO,
    LOAD_SCALE,
    MAX_SPECIAL_ID,
    MAX_SPECIAL_KERNEL_ID,
    NORMA_DEVICE_PORT,
    NORMA_HOST_PORT,
    NORMA_HOST_PRIV_PORT,
    TIME_MICROS_MAX,
)
from ..interface.declare import Routine
from ..interface.returns import KernReturn, MachError
from ..ipc.port import Port
from ..vm import user as vm_user
from .host import Host
from .information import check_room, time_value
from .serve import Implementation
from .task import Task
from .thread import TaskThread

if TYPE_CHECKING:
    from .mach_kernel import MachKernel

VERSION = "Mach 3.0 (machsh)"

EPOCH_SECONDS = 709_084_800
"""The time of day when the machine is switched on: 21 June 1992, 00:00 UTC.  Fixed, so that a run is
the same whenever it is made."""

SECOND_NS = 1_000_000_000

THIS_NODE = -1
"""As a node number: the one that serves the call."""


def cpu_type(host: Host) -> int:
    """Mach's number for the processors: programs are i386 code on every machine model."""
    return CPU_TYPE_I486 if host.machine.startswith("i486") else CPU_TYPE_I386


def host_info(kernel: "MachKernel", host: Host, flavor: int, room: int) -> tuple[int, ...]:
    if flavor == HOST_BASIC_INFO:
        check_room(room, 5)
        working = sum(not entry.processor.shut_down for entry in host.processors)
        return len(host.processors), working, host.memory_size, cpu_type(host), CPU_SUBTYPE_AT386
    if flavor == HOST_PROCESSOR_SLOTS:
        slots = len(host.processors)
        check_room(room, slots)
        return tuple(range(slots))
    if flavor == HOST_SCHED_INFO:
        check_room(room, 2)
        return 1, kernel.scheduler.default_set.quantum // 1_000_000
    if flavor == HOST_LOAD_INFO:
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
    return EPOCH_SECONDS * SECOND_NS + kernel.clock.now + kernel.host.time_offset_ns(kernel.clock.now)


def host_get_time(kernel: "MachKernel", host: Host) -> tuple[int, int]:
    return time_value(time_of_day_ns(kernel))


def host_set_time(kernel: "MachKernel", host: Host, new_time: tuple[int, ...]) -> None:
    """At once; what host_adjust_time still had to do is dropped."""
    seconds, microseconds = new_time
    if not 0 <= microseconds < TIME_MICROS_MAX:
        raise MachError(KernReturn.INVALID_ARGUMENT)
    now = kernel.clock.now
    wanted = seconds * SECOND_NS + microseconds * 1000
    host.set_time_offset(wanted - now - EPOCH_SECONDS * SECOND_NS)


def host_adjust_time(kernel: "MachKernel", host: Host, adjustment: tuple[int, ...]) -> tuple[int, int]:
    """Corrects little by little; tells what an earlier correction still had to do, which is dropped."""
    seconds, microseconds = adjustment
    left_ns = host.adjust_time(kernel.clock.now, seconds * SECOND_NS + microseconds * 1000)
    whole = abs(left_ns) // 1000
    sign = -1 if left_ns < 0 else 1
    return sign * (whole // TIME_MICROS_MAX), sign * (whole % TIME_MICROS_MAX)


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


def _check_node(kernel: "MachKernel", node: int) -> None:
    if node not in (THIS_NODE, kernel.host.node):
        raise MachError(KernReturn.INVALID_ARGUMENT)


def norma_get_special_port(kernel: "MachKernel", host: Host, node: int, which: int) -> Port | None:
    _check_node(kernel, node)
    own = {
        NORMA_DEVICE_PORT: host.device_port,
        NORMA_HOST_PORT: host.port,
        NORMA_HOST_PRIV_PORT: host.priv_port,
    }.get(which)
    if own is not None:
        return kernel.ipc.make_send(own)
    if not MAX_SPECIAL_KERNEL_ID < which <= MAX_SPECIAL_ID:
        raise MachError(KernReturn.INVALID_ARGUMENT)
    return kernel.ipc.copy_send(host.special_ports.get(which))


def norma_set_special_port(kernel: "MachKernel", host: Host, which: int, port: object) -> None:
    if not MAX_SPECIAL_KERNEL_ID < which <= MAX_SPECIAL_ID:
        raise MachError(KernReturn.INVALID_ARGUMENT)
    old = host.special_ports.pop(which, None)
    right = kernel.as_send_right(port)
    if right is not None:
        host.special_ports[which] = right
    kernel.ipc.release_send(old)


def norma_task_create(kernel: "MachKernel", parent: Task, inherit: bool, node: int) -> Port | None:
    _check_node(kernel, node)
    child = kernel.create_task(parent, bool(inherit))
    assert child.port is not None
    return kernel.ipc.make_send(child.port)


def task_set_child_node(kernel: "MachKernel", task: Task, node: int) -> None:
    _check_node(kernel, node)


def norma_port_location_hint(kernel: "MachKernel", task: Task, port: object) -> int:
    right = kernel.as_send_right(port)
    if right is None:
        raise MachError(KernReturn.INVALID_ARGUMENT)
    kernel.ipc.release_send(right)
    return kernel.host.node


# ---- what the first task asks of whoever booted it


def _check_booter(kernel: "MachKernel", booter: object) -> None:
    """Only the port that the first task was given has these powers."""
    if booter is not kernel:
        raise MachError(KernReturn.INVALID_ARGUMENT)


def bootstrap_privileged_ports(kernel: "MachKernel", booter: object) -> tuple[Port | None, Port | None]:
    _check_booter(kernel, booter)
    host = kernel.host
    assert host.priv_port is not None and host.device_port is not None
    return kernel.ipc.make_send(host.priv_port), kernel.ipc.make_send(host.device_port)


def bootstrap_exit(kernel: "MachKernel", booter: object, status: int) -> None:
    _check_booter(kernel, booter)
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
