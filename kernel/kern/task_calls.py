"""The calls on tasks: creation, end, suspension, special and registered ports, emulation, information."""

import struct
from typing import TYPE_CHECKING

from ..interface import mach
from ..interface.body import CarriedMemory
from ..interface.constants import (
    TASK_BASIC_INFO,
    TASK_BOOTSTRAP_PORT,
    TASK_EVENTS_INFO,
    TASK_EXCEPTION_PORT,
    TASK_KERNEL_PORT,
    TASK_PORT_REGISTER_MAX,
    TASK_RAS_CONTROL_INSTALL_ONE,
    TASK_RAS_CONTROL_PURGE_ALL,
    TASK_RAS_CONTROL_PURGE_ALL_AND_INSTALL_ONE,
    TASK_RAS_CONTROL_PURGE_ONE,
    TASK_THREAD_TIMES_INFO,
)
from ..interface.declare import Routine
from ..interface.returns import KernReturn, MachError
from ..interface.values import unpack_words
from ..ipc.port import Port
from ..machine.memory import PAGE_SIZE
from ..machine.mmu import KERNEL_BASE
from .information import check_room, time_value
from .memory import memory_bytes
from .serve import Implementation
from .task import Task

if TYPE_CHECKING:
    from .mach_kernel import MachKernel

EMULATION_MINIMUM = -9 - 100
"""Lowest system call number that can be redirected (Mach 3.0's emulators took -9 and some below)."""
EMULATION_MAXIMUM = 1024
"""Bound of the numbers that can be redirected; leaves room for every Linux and 4.3BSD call."""

RAS_MAX = 8
"""Restartable sequences that a task can have (an estimate: Mach 3.0's had a small table too)."""


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
    if which == TASK_KERNEL_PORT:
        assert task.port is not None
        return kernel.ipc.make_send(task.port)
    if which == TASK_EXCEPTION_PORT:
        return kernel.ipc.copy_send(task.exception_port)
    if which == TASK_BOOTSTRAP_PORT:
        return kernel.ipc.copy_send(task.bootstrap_port)
    raise MachError(KernReturn.INVALID_ARGUMENT)


def task_set_special_port(kernel: "MachKernel", task: Task, which: int, port: object) -> None:
    right = kernel.as_send_right(port)
    if which == TASK_EXCEPTION_PORT:
        old, task.exception_port = task.exception_port, right
    elif which == TASK_BOOTSTRAP_PORT:
        old, task.bootstrap_port = task.bootstrap_port, right
    elif which == TASK_KERNEL_PORT:
        # The self port can be interposed upon: mach_task_self() gives what was set here.
        old, task.self_port = task.self_port, right
    else:
        raise MachError(KernReturn.INVALID_ARGUMENT)
    kernel.ipc.release_send(old)


def mach_ports_register(kernel: "MachKernel", task: Task, ports: tuple[object, ...]) -> None:
    if len(ports) > TASK_PORT_REGISTER_MAX:
        raise MachError(KernReturn.INVALID_ARGUMENT)
    rights = [kernel.as_send_right(port) for port in ports]
    old = task.registered
    task.registered = rights + [None] * (TASK_PORT_REGISTER_MAX - len(rights))
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


def task_ras_control(kernel: "MachKernel", task: Task, start: int, end: int, flavor: int) -> None:
    """Threads preempted in [start, end) go on at start: how mutexes work without atomic instructions."""
    sequences = dict(task.restartable_sequences)
    if flavor == TASK_RAS_CONTROL_PURGE_ALL:
        sequences.clear()
    elif flavor == TASK_RAS_CONTROL_PURGE_ONE:
        if sequences.pop(start, None) != end:
            raise MachError(KernReturn.INVALID_ADDRESS)
    elif flavor in (TASK_RAS_CONTROL_INSTALL_ONE, TASK_RAS_CONTROL_PURGE_ALL_AND_INSTALL_ONE):
        if not start < end <= KERNEL_BASE:
            raise MachError(KernReturn.INVALID_ADDRESS)
        if flavor == TASK_RAS_CONTROL_PURGE_ALL_AND_INSTALL_ONE:
            sequences.clear()
        elif len(sequences) == RAS_MAX:
            raise MachError(KernReturn.RESOURCE_SHORTAGE)
        sequences[start] = end
    else:
        raise MachError(KernReturn.INVALID_VALUE)
    task.restartable_sequences = sequences
    for thread in task.threads:
        thread.restartable = bool(sequences)


def task_info(kernel: "MachKernel", task: Task, flavor: int, room: int) -> tuple[int, ...]:
    if flavor == TASK_BASIC_INFO:
        check_room(room, 8)
        return (
            task.suspend_count,
            task.priority,
            task.map.size,
            task.map.pmap.resident * PAGE_SIZE,
            *time_value(task.terminated_user_time),
            *time_value(task.terminated_system_time),
        )
    if flavor == TASK_EVENTS_INFO:
        check_room(room, 7)
        return (
            task.faults,
            task.zero_fills,
            0,  # reactivations and page-ins: there is no page-out yet
            0,
            task.copy_on_write_faults,
            task.space.messages_sent,
            task.space.messages_received,
        )
    if flavor == TASK_THREAD_TIMES_INFO:
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
    mach.task_ras_control: task_ras_control,
}
