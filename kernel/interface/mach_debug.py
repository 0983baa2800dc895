# ruff: noqa: A002 - parameters have the names that Mach gave them
"""Calls that look into the kernel (ids from 3000)."""

from kernel.interface.declare import CountInOut, Out, Subsystem
from kernel.interface.mach_types import (
    hash_info_bucket_array_t,
    host_priv_t,
    host_t,
    ipc_info_name_array_t,
    ipc_info_space_t,
    ipc_info_tree_name_array_t,
    ipc_space_t,
    mach_port_name_t,
    mach_port_rights_t,
    memory_object_name_move_send_t,
    memory_object_name_t,
    pointer_t,
    processor_set_name_t,
    symtab_name_t,
    task_t,
    unsigned_t,
    vm_address_t,
    vm_object_info_t,
    vm_offset_t,
    vm_page_info_array_t,
    vm_region_info_t,
    vm_size_t,
    vm_task_t,
    zone_info_array_t,
    zone_name_array_t,
)

mach_debug = Subsystem("mach_debug", 3000)


@mach_debug.routine(3005)
def host_zone_info(
    host: host_t, names: CountInOut[zone_name_array_t], info: CountInOut[zone_info_array_t]
) -> None:
    """Report on the kernel's pools of objects."""


@mach_debug.routine(3007)
def mach_port_get_srights(
    task: ipc_space_t, name: mach_port_name_t, srights: Out[mach_port_rights_t]
) -> None:
    """Count the send rights to a port."""


@mach_debug.routine(3008)
def host_ipc_hash_info(host: host_t, info: CountInOut[hash_info_bucket_array_t]) -> None:
    """Report on the kernel's table of names by port."""


@mach_debug.routine(3009)
def host_ipc_marequest_info(
    host: host_t, max_requests: Out[unsigned_t], info: CountInOut[hash_info_bucket_array_t]
) -> None:
    """Report on the kernel's table of message-accepted requests."""


@mach_debug.routine(3010)
def mach_port_space_info(
    task: ipc_space_t,
    info: Out[ipc_info_space_t],
    table_info: CountInOut[ipc_info_name_array_t],
    tree_info: CountInOut[ipc_info_tree_name_array_t],
) -> None:
    """Report on every name of a task."""


@mach_debug.routine(3011)
def mach_port_dnrequest_info(
    task: ipc_space_t, name: mach_port_name_t, total: Out[unsigned_t], used: Out[unsigned_t]
) -> None:
    """Count the dead-name requests of a port."""


@mach_debug.routine(3019)
def host_stack_usage(
    host: host_t,
    reserved: Out[vm_size_t],
    total: Out[unsigned_t],
    space: Out[vm_size_t],
    resident: Out[vm_size_t],
    maxusage: Out[vm_size_t],
    maxstack: Out[vm_offset_t],
) -> None:
    """Report on the kernel stacks of a host."""


@mach_debug.routine(3020)
def processor_set_stack_usage(
    pset: processor_set_name_t,
    total: Out[unsigned_t],
    space: Out[vm_size_t],
    resident: Out[vm_size_t],
    maxusage: Out[vm_size_t],
    maxstack: Out[vm_offset_t],
) -> None:
    """Report on the kernel stacks of a processor set's threads."""


@mach_debug.routine(3021)
def host_virtual_physical_table_info(host: host_t, info: CountInOut[hash_info_bucket_array_t]) -> None:
    """Report on the kernel's table of resident pages."""


@mach_debug.routine(3023)
def host_load_symbol_table(host: host_priv_t, task: task_t, name: symtab_name_t, symtab: pointer_t) -> None:
    """Give the kernel debugger a task's symbols."""


@mach_debug.routine(3025)
def mach_port_kernel_object(
    task: ipc_space_t,
    name: mach_port_name_t,
    object_type: Out[unsigned_t],
    object_addr: Out[vm_offset_t],
) -> None:
    """Tell which kernel object a port stands for."""


@mach_debug.routine(3027)
def mach_vm_region_info(
    task: vm_task_t,
    address: vm_address_t,
    region: Out[vm_region_info_t],
    object: Out[memory_object_name_move_send_t],
) -> None:
    """Describe a map entry."""


@mach_debug.routine(3028)
def mach_vm_object_info(
    object: memory_object_name_t,
    info: Out[vm_object_info_t],
    shadow: Out[memory_object_name_move_send_t],
    copy: Out[memory_object_name_move_send_t],
) -> None:
    """Describe a memory object as the kernel holds it."""


@mach_debug.routine(3029)
def mach_vm_object_pages(object: memory_object_name_t, pages: CountInOut[vm_page_info_array_t]) -> None:
    """Describe the resident pages of a memory object."""
