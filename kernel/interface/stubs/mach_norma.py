"""Calls of the mach_norma interface for native tasks.

Generated from the declarations by kernel/interface/generate/python_stubs.py.  Every function
raises MachError when the call fails.
"""

from typing import cast

from kernel.interface import mach_norma as declared
from kernel.interface.caller import Caller, PortName


async def task_set_child_node(caller: Caller, target_task: PortName, child_node: int) -> None:
    """Choose the node of the tasks that a task will create."""
    await caller.call(declared.task_set_child_node, target_task, child_node)


async def norma_node_self(caller: Caller, host: PortName) -> int:
    """Tell a host's node number."""
    outs = await caller.call(declared.norma_node_self, host)
    (node,) = cast("tuple[int]", outs)
    return node


async def norma_task_create(
    caller: Caller, target_task: PortName, inherit_memory: bool, child_node: int
) -> PortName:
    """Make a task on a given node."""
    outs = await caller.call(declared.norma_task_create, target_task, inherit_memory, child_node)
    (child_task,) = cast("tuple[PortName]", outs)
    return child_task


async def norma_get_special_port(caller: Caller, host_priv: PortName, node: int, which: int) -> PortName:
    """Get one of a node's special ports."""
    outs = await caller.call(declared.norma_get_special_port, host_priv, node, which)
    (port,) = cast("tuple[PortName]", outs)
    return port


async def norma_set_special_port(caller: Caller, host_priv: PortName, which: int, port: PortName) -> None:
    """Set one of this node's special ports."""
    await caller.call(declared.norma_set_special_port, host_priv, which, port)


async def norma_port_location_hint(caller: Caller, task: PortName, port: PortName) -> int:
    """Name a node where a port once was."""
    outs = await caller.call(declared.norma_port_location_hint, task, port)
    (node,) = cast("tuple[int]", outs)
    return node
