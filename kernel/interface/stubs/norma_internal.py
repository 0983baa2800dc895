"""Calls of the norma_internal interface for native tasks.

Generated from the declarations by kernel/interface/generate/python_stubs.py.  Every function
raises MachError when the call fails.
"""

from typing import cast

from kernel.interface import norma_internal as declared
from kernel.interface.caller import Caller, PortName


async def norma_task_allocate(caller: Caller, host_priv: PortName) -> PortName:
    """Make an empty task for a parent on another node."""
    outs = await caller.call(declared.norma_task_allocate, host_priv)
    (task,) = cast("tuple[PortName]", outs)
    return task


async def task_get_inherited_ports(
    caller: Caller, task: PortName
) -> tuple[PortName, PortName, PortName, PortName, PortName, PortName]:
    """Get the ports that a child would inherit."""
    outs = await caller.call(declared.task_get_inherited_ports, task)
    port0, port1, port2, port3, exception, bootstrap = cast(
        "tuple[PortName, PortName, PortName, PortName, PortName, PortName]", outs
    )
    return port0, port1, port2, port3, exception, bootstrap


async def task_set_inherited_ports(
    caller: Caller,
    task: PortName,
    port0: PortName,
    port1: PortName,
    port2: PortName,
    port3: PortName,
    exception: PortName,
    bootstrap: PortName,
) -> None:
    """Set the ports that a child inherits."""
    await caller.call(
        declared.task_set_inherited_ports, task, port0, port1, port2, port3, exception, bootstrap
    )


async def norma_copy_create(caller: Caller, task: PortName, start: int, size: int) -> PortName:
    """Make a memory object that stands for a copy of a range."""
    outs = await caller.call(declared.norma_copy_create, task, start, size)
    (memory_object,) = cast("tuple[PortName]", outs)
    return memory_object


async def norma_ipc_pull_receive(
    caller: Caller, host_priv: PortName, uid: int, dest_node: int
) -> tuple[int, int, PortName, PortName, int, int, int, int]:
    """Fetch a receive right from the node that holds it."""
    outs = await caller.call(declared.norma_ipc_pull_receive, host_priv, uid, dest_node)
    stransit, sotransit, nsrequest, pdrequest, dnrequest_list, dnrequest_count, seqno, qlimit = cast(
        "tuple[int, int, PortName, PortName, int, int, int, int]", outs
    )
    return stransit, sotransit, nsrequest, pdrequest, dnrequest_list, dnrequest_count, seqno, qlimit


async def norma_ipc_no_local_senders(caller: Caller, host_priv: PortName, uid: int, stransit: int) -> None:
    """Tell that a node has no more send rights to a port."""
    await caller.call(declared.norma_ipc_no_local_senders, host_priv, uid, stransit)


async def norma_ipc_stransit_request(caller: Caller, host_priv: PortName, uid: int) -> int:
    """Ask for more credit to send a port's send rights on."""
    outs = await caller.call(declared.norma_ipc_stransit_request, host_priv, uid)
    (stransit,) = cast("tuple[int]", outs)
    return stransit


async def norma_xmm_object_by_memory_object(
    caller: Caller, host_priv: PortName, memory_object: PortName
) -> PortName:
    """Find the object that keeps a memory object coherent."""
    outs = await caller.call(declared.norma_xmm_object_by_memory_object, host_priv, memory_object)
    (xmm_object,) = cast("tuple[PortName]", outs)
    return xmm_object


async def norma_xmm_object_release(caller: Caller, host_priv: PortName, memory_object: PortName) -> None:
    """Give up the object that keeps a memory object coherent."""
    await caller.call(declared.norma_xmm_object_release, host_priv, memory_object)
