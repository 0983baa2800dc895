# ruff: noqa: A002 - parameters have the names that Mach gave them
"""Calls on a task's name space of ports (ids from 3200)."""

from kernel.interface.declare import Out, Subsystem
from kernel.interface.mach_types import (
    ipc_space_t,
    mach_msg_id_t,
    mach_msg_type_name_t,
    mach_port_delta_t,
    mach_port_mscount_t,
    mach_port_msgcount_t,
    mach_port_name_array_t,
    mach_port_name_t,
    mach_port_poly_t,
    mach_port_right_t,
    mach_port_send_once_t,
    mach_port_seqno_t,
    mach_port_status_t,
    mach_port_type_array_t,
    mach_port_type_t,
    mach_port_urefs_t,
    old_mach_port_status_t,
)

mach_port = Subsystem("mach_port", 3200)


@mach_port.routine(3200)
def mach_port_names(
    task: ipc_space_t, names: Out[mach_port_name_array_t], types: Out[mach_port_type_array_t]
) -> None:
    """List a task's names and what each of them denotes."""


@mach_port.routine(3201)
def mach_port_type(task: ipc_space_t, name: mach_port_name_t, ptype: Out[mach_port_type_t]) -> None:
    """Tell what a name denotes."""


@mach_port.routine(3202)
def mach_port_rename(task: ipc_space_t, old_name: mach_port_name_t, new_name: mach_port_name_t) -> None:
    """Give rights another name."""


@mach_port.routine(3203)
def mach_port_allocate_name(task: ipc_space_t, right: mach_port_right_t, name: mach_port_name_t) -> None:
    """Make a port, a port set or a dead name, under a given name."""


@mach_port.routine(3204)
def mach_port_allocate(task: ipc_space_t, right: mach_port_right_t, name: Out[mach_port_name_t]) -> None:
    """Make a port, a port set or a dead name."""


@mach_port.routine(3205)
def mach_port_destroy(task: ipc_space_t, name: mach_port_name_t) -> None:
    """Give up all rights under a name."""


@mach_port.routine(3206)
def mach_port_deallocate(task: ipc_space_t, name: mach_port_name_t) -> None:
    """Give up one reference of a send right, a send-once right or a dead name."""


@mach_port.routine(3207)
def mach_port_get_refs(
    task: ipc_space_t, name: mach_port_name_t, right: mach_port_right_t, refs: Out[mach_port_urefs_t]
) -> None:
    """Count the references of a right."""


@mach_port.routine(3208)
def mach_port_mod_refs(
    task: ipc_space_t, name: mach_port_name_t, right: mach_port_right_t, delta: mach_port_delta_t
) -> None:
    """Add references of a right, or take some away."""


@mach_port.routine(3209)
def old_mach_port_get_receive_status(
    task: ipc_space_t, name: mach_port_name_t, status: Out[old_mach_port_status_t]
) -> None:
    """Report on a port, without its sequence number."""


@mach_port.routine(3210)
def mach_port_set_qlimit(task: ipc_space_t, name: mach_port_name_t, qlimit: mach_port_msgcount_t) -> None:
    """Limit how many messages may wait at a port."""


@mach_port.routine(3211)
def mach_port_set_mscount(task: ipc_space_t, name: mach_port_name_t, mscount: mach_port_mscount_t) -> None:
    """Set the count of send rights made from a receive right."""


@mach_port.routine(3212)
def mach_port_get_set_status(
    task: ipc_space_t, name: mach_port_name_t, members: Out[mach_port_name_array_t]
) -> None:
    """List the members of a port set."""


@mach_port.routine(3213)
def mach_port_move_member(task: ipc_space_t, member: mach_port_name_t, after: mach_port_name_t) -> None:
    """Move a receive right into a port set, or out of any."""


@mach_port.routine(3214)
def mach_port_request_notification(
    task: ipc_space_t,
    name: mach_port_name_t,
    id: mach_msg_id_t,
    sync: mach_port_mscount_t,
    notify: mach_port_send_once_t,
    previous: Out[mach_port_send_once_t],
) -> None:
    """Ask to be told when a name dies, a port is destroyed or has no more senders."""


@mach_port.routine(3215)
def mach_port_insert_right(task: ipc_space_t, name: mach_port_name_t, poly: mach_port_poly_t) -> None:
    """Put a right into a task, under a given name."""


@mach_port.routine(3216)
def mach_port_extract_right(
    task: ipc_space_t,
    name: mach_port_name_t,
    msgt_name: mach_msg_type_name_t,
    poly: Out[mach_port_poly_t],
) -> None:
    """Take a right out of a task, as if it had sent it."""


@mach_port.routine(3217)
def mach_port_get_receive_status(
    task: ipc_space_t, name: mach_port_name_t, status: Out[mach_port_status_t]
) -> None:
    """Report on a port."""


@mach_port.routine(3218)
def mach_port_set_seqno(task: ipc_space_t, name: mach_port_name_t, seqno: mach_port_seqno_t) -> None:
    """Set the sequence number that the next message from a port will have."""
