"""Calls that know of nodes, for programs (ids from 555000).  Node -1 is the node of the port's kernel."""

from kernel.interface.declare import Out, Subsystem
from kernel.interface.mach_types import boolean_t, host_priv_t, host_t, int_t, mach_port_t, task_t

mach_norma = Subsystem("mach_norma", 555000)


@mach_norma.routine(555001)
def task_set_child_node(target_task: task_t, child_node: int_t) -> None:
    """Choose the node of the tasks that a task will create."""


@mach_norma.routine(555002)
def norma_node_self(host: host_t, node: Out[int_t]) -> None:
    """Tell a host's node number."""


@mach_norma.routine(555006)
def norma_task_create(
    target_task: task_t, inherit_memory: boolean_t, child_node: int_t, child_task: Out[task_t]
) -> None:
    """Make a task on a given node."""


@mach_norma.routine(555007)
def norma_get_special_port(host_priv: host_priv_t, node: int_t, which: int_t, port: Out[mach_port_t]) -> None:
    """Get one of a node's special ports."""


@mach_norma.routine(555008)
def norma_set_special_port(host_priv: host_priv_t, which: int_t, port: mach_port_t) -> None:
    """Set one of this node's special ports."""


@mach_norma.routine(555012)
def norma_port_location_hint(task: task_t, port: mach_port_t, node: Out[int_t]) -> None:
    """Name a node where a port once was."""
