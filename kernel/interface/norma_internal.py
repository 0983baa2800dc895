"""What kernels ask of each other (ids from 556000)."""

from kernel.interface.declare import Out, Subsystem
from kernel.interface.mach_types import (
    host_priv_t,
    int_t,
    mach_port_copy_send_t,
    mach_port_make_send_t,
    mach_port_move_send_once_t,
    mach_port_move_send_t,
    mach_port_t,
    short_t,
    task_t,
    vm_offset_t,
    vm_size_t,
    vm_task_t,
)

norma_internal = Subsystem("norma_internal", 556000)


@norma_internal.routine(556000)
def norma_task_allocate(host_priv: host_priv_t, task: Out[task_t]) -> None:
    """Make an empty task for a parent on another node."""


@norma_internal.routine(556001)
def task_get_inherited_ports(
    task: task_t,
    port0: Out[mach_port_t],
    port1: Out[mach_port_t],
    port2: Out[mach_port_t],
    port3: Out[mach_port_t],
    exception: Out[mach_port_t],
    bootstrap: Out[mach_port_t],
) -> None:
    """Get the ports that a child would inherit."""


@norma_internal.routine(556002)
def task_set_inherited_ports(
    task: task_t,
    port0: mach_port_t,
    port1: mach_port_t,
    port2: mach_port_t,
    port3: mach_port_t,
    exception: mach_port_t,
    bootstrap: mach_port_t,
) -> None:
    """Set the ports that a child inherits."""


@norma_internal.routine(556003)
def norma_copy_create(
    task: vm_task_t, start: vm_offset_t, size: vm_size_t, memory_object: Out[mach_port_make_send_t]
) -> None:
    """Make a memory object that stands for a copy of a range."""


@norma_internal.routine(556004)
def norma_ipc_pull_receive(
    host_priv: host_priv_t,
    uid: int_t,
    dest_node: int_t,
    stransit: Out[int_t],
    sotransit: Out[int_t],
    nsrequest: Out[mach_port_move_send_once_t],
    pdrequest: Out[mach_port_move_send_once_t],
    dnrequest_list: Out[int_t],
    dnrequest_count: Out[int_t],
    seqno: Out[short_t],
    qlimit: Out[short_t],
) -> None:
    """Fetch a receive right from the node that holds it."""


@norma_internal.simpleroutine(556005)
def norma_ipc_no_local_senders(host_priv: host_priv_t, uid: int_t, stransit: int_t) -> None:
    """Tell that a node has no more send rights to a port."""


@norma_internal.routine(556006)
def norma_ipc_stransit_request(host_priv: host_priv_t, uid: int_t, stransit: Out[int_t]) -> None:
    """Ask for more credit to send a port's send rights on."""


@norma_internal.routine(556007)
def norma_xmm_object_by_memory_object(
    host_priv: host_priv_t, memory_object: mach_port_copy_send_t, xmm_object: Out[mach_port_move_send_t]
) -> None:
    """Find the object that keeps a memory object coherent."""


@norma_internal.simpleroutine(556008)
def norma_xmm_object_release(host_priv: host_priv_t, memory_object: mach_port_copy_send_t) -> None:
    """Give up the object that keeps a memory object coherent."""
