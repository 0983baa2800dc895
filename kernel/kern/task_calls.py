"""The calls on tasks: creation, end, suspension, special and registered ports, emulation, information."""

import struct
from typing import TYPE_CHECKING

from ..interface import mach
from ..interface.body import CarriedMemory
from ..interface.declare import Routine
from ..interface.returns import KernReturn, MachError
from ..interface.values import unpack_words
from ..ipc.port import Port
from .information import check_room, time_value
from .memory import memory_bytes
from .serve import Implementation
from .task import REGISTERED_PORTS, Task

if TYPE_CHECKING:
    from .mach_kernel import MachKernel

TASK_KERNEL_PORT = 1
TASK_EXCEPTION_PORT = 3
TASK_BOOTSTRAP_PORT = 4

TASK_BASIC_INFO = 1
TASK_EVENTS_INFO = 2
TASK_THREAD_TIMES_INFO = 3

EMULATION_MINIMUM = -9 - 100
"""Lowest system call number that can be redirected (Mach 3.0's emulators took -9 and some below)."""
EMULATION_MAXIMUM = 1024
"""Bound of the numbers that can be redirected; leaves room for every Linux and 4.3BSD call."""


def task_create(kernel: "MachKernel", parent: Task, inherit_memory: bool) -> Port | None:
    child = kernel.create_task(parent, bool(inherit_memory))
    assert child.port is not None
    return kernel.ipc.make_send(child.port)


def task_terminate(kernel: "MachKernel", task: Task) -> None:
    kernel.terminate_task(task)


def task_threads(kernel: "MachKernel", task: Task) -> tuple[Port | None, ...]:
    return tuple(
        kernel.ipc.make_send(thread.port) for thread in task.threads if thread.active and thread.port
    )


def task_suspend(kernel: "MachKernel", task: Task) -> None:
    kernel.suspend_task(task)


def task_resume(kernel: "MachKernel", task: Task) -> None:
    kernel.resume_task(task)


def task_get_special_port(kernel: "MachKernel", task: Task, which: int) -> Port | None:
    match which:
        case 1:
            assert task.port is not None
            return kernel.ipc.make_send(task.port)
        case 3:
            return kernel.ipc.copy_send(task.exception_port)
        case 4:
            return kernel.ipc.copy_send(task.bootstrap_port)
    raise MachError(KernReturn.INVALID_ARGUMENT)


def task_set_special_port(kernel: "MachKernel", task: Task, which: int, port: object) -> None:
    right = kernel.as_send_right(port)
    match which:
        case 3:
            old, task.exception_port = task.exception_port, right
        case 4:
            old, task.bootstrap_port = task.bootstrap_port, right
        case 1:
            # The self port can be interposed upon: mach_task_self() gives what was set here.
            old, task.self_port = task.self_port, right
        case _:
            raise MachError(KernReturn.INVALID_ARGUMENT)
    kernel.ipc.release_send(old)


def mach_ports_register(kernel: "MachKernel", task: Task, ports: tuple[object, ...]) -> None:
    if len(ports) > REGISTERED_PORTS:
        raise MachError(KernReturn.INVALID_ARGUMENT)
    rights = [kernel.as_send_right(port) for port in ports]
    old = task.registered
    task.registered = rights + [None] * (REGISTERED_PORTS - len(rights))
    for right in old:
        kernel.ipc.release_send(right)


def mach_ports_lookup(kernel: "MachKernel", task: Task) -> tuple[Port | None, ...]:
    return tuple(kernel.ipc.copy_send(port) for port in task.registered)


def task_set_emulation(kernel: "MachKernel", task: Task, entry: int, number: int) -> None:
    if not EMULATION_MINIMUM <= number < EMULATION_MAXIMUM:
        raise MachError(KernReturn.INVALID_ARGUMENT)
    if entry:
        task.emulation[number] = entry
    else:
        task.emulation.pop(number, None)


def task_get_emulation_vector(kernel: "MachKernel", task: Task) -> tuple[int, bytes]:
    if not task.emulation:
        return 0, b""
    first, last = min(task.emulation), max(task.emulation)
    vector = [task.emulation.get(number, 0) for number in range(first, last + 1)]
    return first, struct.pack(f"<{len(vector)}I", *vector)


def task_set_emulation_vector(kernel: "MachKernel", task: Task, start: int, vector: CarriedMemory) -> None:
    entries = unpack_words(memory_bytes(vector))
    if not (start >= EMULATION_MINIMUM and start + len(entries) <= EMULATION_MAXIMUM):
        raise MachError(KernReturn.INVALID_ARGUMENT)
    for number, entry in enumerate(entries, start):
        task_set_emulation(kernel, task, entry, number)
    kernel.ipc.destroy_carried((vector,))


def task_info(kernel: "MachKernel", task: Task, flavor: int, room: int) -> tuple[int, ...]:
    match flavor:
        case 1:
            check_room(room, 8)
            return (
                task.suspend_count,
                task.priority,
                task.map.size,
                task.map.pmap.resident * 4096,
                *time_value(task.terminated_user_time),
                *time_value(task.terminated_system_time),
            )
        case 2:
            check_room(room, 7)
            return (
                task.faults,
                task.zero_fills,
                0,
                0,
                task.copy_on_write_faults,
                task.space.messages_sent,
                task.space.messages_received,
            )
        case 3:
            check_room(room, 4)
            return (
                *time_value(sum(thread.user_time for thread in task.threads)),
                *time_value(sum(thread.system_time for thread in task.threads)),
            )
    raise MachError(KernReturn.INVALID_ARGUMENT)


TASK_CALLS: dict[Routine, Implementation] = {
    mach.task_create: task_create,
    mach.task_terminate: task_terminate,
    mach.task_threads: task_threads,
    mach.task_suspend: task_suspend,
    mach.task_resume: task_resume,
    mach.task_get_special_port: task_get_special_port,
    mach.task_set_special_port: task_set_special_port,
    mach.mach_ports_register: mach_ports_register,
    mach.mach_ports_lookup: mach_ports_lookup,
    mach.task_set_emulation: task_set_emulation,
    mach.task_get_emulation_vector: task_get_emulation_vector,
    mach.task_set_emulation_vector: task_set_emulation_vector,
    mach.task_info: task_info,
}
