"""The calls on name spaces, as messages to the task's port."""

import struct
from typing import TYPE_CHECKING

from ..interface import mach_port as calls
from ..interface.declare import Routine
from ..interface.values import Right
from ..ipc import mach_port
from ..ipc.port import Port
from ..ipc.right import PortValue
from .serve import Implementation
from .task import Task

if TYPE_CHECKING:
    from .mach_kernel import MachKernel


def _words(values: list[int]) -> bytes:
    return struct.pack(f"<{len(values)}I", *values)


def mach_port_names(kernel: "MachKernel", task: Task) -> tuple[bytes, bytes]:
    names, types = mach_port.mach_port_names(task.space)
    return _words(names), _words(types)


def mach_port_get_set_status(kernel: "MachKernel", task: Task, name: int) -> bytes:
    return _words(mach_port.mach_port_get_set_status(task.space, name))


def mach_port_type(kernel: "MachKernel", task: Task, name: int) -> int:
    return mach_port.mach_port_type(task.space, name)


def mach_port_rename(kernel: "MachKernel", task: Task, old_name: int, new_name: int) -> None:
    mach_port.mach_port_rename(task.space, old_name, new_name)


def mach_port_allocate_name(kernel: "MachKernel", task: Task, right: int, name: int) -> None:
    mach_port.mach_port_allocate_name(task.space, right, name)


def mach_port_allocate(kernel: "MachKernel", task: Task, right: int) -> int:
    return mach_port.mach_port_allocate(task.space, right)


def mach_port_destroy(kernel: "MachKernel", task: Task, name: int) -> None:
    mach_port.mach_port_destroy(task.space, name)


def mach_port_deallocate(kernel: "MachKernel", task: Task, name: int) -> None:
    mach_port.mach_port_deallocate(task.space, name)


def mach_port_get_refs(kernel: "MachKernel", task: Task, name: int, right: int) -> int:
    return mach_port.mach_port_get_refs(task.space, name, right)


def mach_port_mod_refs(kernel: "MachKernel", task: Task, name: int, right: int, delta: int) -> None:
    mach_port.mach_port_mod_refs(task.space, name, right, delta)


def old_mach_port_get_receive_status(kernel: "MachKernel", task: Task, name: int) -> tuple[int, ...]:
    return mach_port.old_mach_port_get_receive_status(task.space, name)


def mach_port_get_receive_status(kernel: "MachKernel", task: Task, name: int) -> tuple[int, ...]:
    return mach_port.mach_port_get_receive_status(task.space, name)


def mach_port_set_qlimit(kernel: "MachKernel", task: Task, name: int, qlimit: int) -> None:
    mach_port.mach_port_set_qlimit(task.space, name, qlimit)


def mach_port_set_mscount(kernel: "MachKernel", task: Task, name: int, mscount: int) -> None:
    mach_port.mach_port_set_mscount(task.space, name, mscount)


def mach_port_set_seqno(kernel: "MachKernel", task: Task, name: int, seqno: int) -> None:
    mach_port.mach_port_set_seqno(task.space, name, seqno)


def mach_port_move_member(kernel: "MachKernel", task: Task, member: int, after: int) -> None:
    mach_port.mach_port_move_member(task.space, member, after)


def mach_port_request_notification(
    kernel: "MachKernel", task: Task, name: int, which: int, sync: int, notify: PortValue
) -> Port | None:
    return mach_port.mach_port_request_notification(task.space, name, which, sync, notify)


def mach_port_insert_right(kernel: "MachKernel", task: Task, name: int, poly: Right) -> None:
    mach_port.mach_port_insert_right(task.space, name, poly)


def mach_port_extract_right(kernel: "MachKernel", task: Task, name: int, disposition: int) -> Right:
    return mach_port.mach_port_extract_right(task.space, name, disposition)


PORT_CALLS: dict[Routine, Implementation] = {
    calls.mach_port_names: mach_port_names,
    calls.mach_port_get_set_status: mach_port_get_set_status,
    calls.mach_port_type: mach_port_type,
    calls.mach_port_rename: mach_port_rename,
    calls.mach_port_allocate_name: mach_port_allocate_name,
    calls.mach_port_allocate: mach_port_allocate,
    calls.mach_port_destroy: mach_port_destroy,
    calls.mach_port_deallocate: mach_port_deallocate,
    calls.mach_port_get_refs: mach_port_get_refs,
    calls.mach_port_mod_refs: mach_port_mod_refs,
    calls.old_mach_port_get_receive_status: old_mach_port_get_receive_status,
    calls.mach_port_get_receive_status: mach_port_get_receive_status,
    calls.mach_port_set_qlimit: mach_port_set_qlimit,
    calls.mach_port_set_mscount: mach_port_set_mscount,
    calls.mach_port_set_seqno: mach_port_set_seqno,
    calls.mach_port_move_member: mach_port_move_member,
    calls.mach_port_request_notification: mach_port_request_notification,
    calls.mach_port_insert_right: mach_port_insert_right,
    calls.mach_port_extract_right: mach_port_extract_right,
}
