# ruff: noqa: A001, A002 - values have the names that Mach gave them
"""Calls of the mach_debug interface for native tasks.

Generated from the declarations by kernel/interface/generate/python_stubs.py.  Every function
raises MachError when the call fails.
"""

from typing import cast

from kernel.interface import mach_debug as declared
from kernel.interface.caller import Caller, PortName, Value, taken_array
from kernel.interface.values import Memory


async def host_zone_info(
    caller: Caller, host: PortName
) -> tuple[tuple[bytes, ...], tuple[tuple[int, ...], ...]]:
    """Report on the kernel's pools of objects."""
    outs = await caller.call(declared.host_zone_info, host, 25, 56)
    names, info = cast("tuple[Value, Value]", outs)
    names = await taken_array(caller, declared.host_zone_info.outs[0][1], names)
    info = await taken_array(caller, declared.host_zone_info.outs[1][1], info)
    return cast("tuple[bytes, ...]", names), cast("tuple[tuple[int, ...], ...]", info)


async def mach_port_get_srights(caller: Caller, task: PortName, name: int) -> int:
    """Count the send rights to a port."""
    outs = await caller.call(declared.mach_port_get_srights, task, name)
    (srights,) = cast("tuple[int]", outs)
    return srights


async def host_ipc_hash_info(caller: Caller, host: PortName) -> tuple[int, ...]:
    """Report on the kernel's table of names by port."""
    outs = await caller.call(declared.host_ipc_hash_info, host, 512)
    (info,) = cast("tuple[Value]", outs)
    info = await taken_array(caller, declared.host_ipc_hash_info.outs[0][1], info)
    return cast("tuple[int, ...]", info)


async def host_ipc_marequest_info(caller: Caller, host: PortName) -> tuple[int, tuple[int, ...]]:
    """Report on the kernel's table of message-accepted requests."""
    outs = await caller.call(declared.host_ipc_marequest_info, host, 512)
    max_requests, info = cast("tuple[int, Value]", outs)
    info = await taken_array(caller, declared.host_ipc_marequest_info.outs[1][1], info)
    return max_requests, cast("tuple[int, ...]", info)


async def mach_port_space_info(
    caller: Caller, task: PortName
) -> tuple[tuple[int, ...], tuple[tuple[int, ...], ...], tuple[tuple[int, ...], ...]]:
    """Report on every name of a task."""
    outs = await caller.call(declared.mach_port_space_info, task, 56, 46)
    info, table_info, tree_info = cast("tuple[tuple[int, ...], Value, Value]", outs)
    table_info = await taken_array(caller, declared.mach_port_space_info.outs[1][1], table_info)
    tree_info = await taken_array(caller, declared.mach_port_space_info.outs[2][1], tree_info)
    return (
        info,
        cast("tuple[tuple[int, ...], ...]", table_info),
        cast("tuple[tuple[int, ...], ...]", tree_info),
    )


async def mach_port_dnrequest_info(caller: Caller, task: PortName, name: int) -> tuple[int, int]:
    """Count the dead-name requests of a port."""
    outs = await caller.call(declared.mach_port_dnrequest_info, task, name)
    total, used = cast("tuple[int, int]", outs)
    return total, used


async def host_stack_usage(caller: Caller, host: PortName) -> tuple[int, int, int, int, int, int]:
    """Report on the kernel stacks of a host."""
    outs = await caller.call(declared.host_stack_usage, host)
    reserved, total, space, resident, maxusage, maxstack = cast("tuple[int, int, int, int, int, int]", outs)
    return reserved, total, space, resident, maxusage, maxstack


async def processor_set_stack_usage(caller: Caller, pset: PortName) -> tuple[int, int, int, int, int]:
    """Report on the kernel stacks of a processor set's threads."""
    outs = await caller.call(declared.processor_set_stack_usage, pset)
    total, space, resident, maxusage, maxstack = cast("tuple[int, int, int, int, int]", outs)
    return total, space, resident, maxusage, maxstack


async def host_virtual_physical_table_info(caller: Caller, host: PortName) -> tuple[int, ...]:
    """Report on the kernel's table of resident pages."""
    outs = await caller.call(declared.host_virtual_physical_table_info, host, 512)
    (info,) = cast("tuple[Value]", outs)
    info = await taken_array(caller, declared.host_virtual_physical_table_info.outs[0][1], info)
    return cast("tuple[int, ...]", info)


async def host_load_symbol_table(
    caller: Caller, host: PortName, task: PortName, name: str, symtab: Memory
) -> None:
    """Give the kernel debugger a task's symbols."""
    await caller.call(declared.host_load_symbol_table, host, task, name, symtab)


async def mach_port_kernel_object(caller: Caller, task: PortName, name: int) -> tuple[int, int]:
    """Tell which kernel object a port stands for."""
    outs = await caller.call(declared.mach_port_kernel_object, task, name)
    object_type, object_addr = cast("tuple[int, int]", outs)
    return object_type, object_addr


async def mach_vm_region_info(
    caller: Caller, task: PortName, address: int
) -> tuple[tuple[int, ...], PortName]:
    """Describe a map entry."""
    outs = await caller.call(declared.mach_vm_region_info, task, address)
    region, object = cast("tuple[tuple[int, ...], PortName]", outs)
    return region, object


async def mach_vm_object_info(caller: Caller, object: PortName) -> tuple[tuple[int, ...], PortName, PortName]:
    """Describe a memory object as the kernel holds it."""
    outs = await caller.call(declared.mach_vm_object_info, object)
    info, shadow, copy = cast("tuple[tuple[int, ...], PortName, PortName]", outs)
    return info, shadow, copy


async def mach_vm_object_pages(caller: Caller, object: PortName) -> tuple[tuple[int, ...], ...]:
    """Describe the resident pages of a memory object."""
    outs = await caller.call(declared.mach_vm_object_pages, object, 85)
    (pages,) = cast("tuple[Value]", outs)
    pages = await taken_array(caller, declared.mach_vm_object_pages.outs[0][1], pages)
    return cast("tuple[tuple[int, ...], ...]", pages)
