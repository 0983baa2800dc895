"""Calls on tasks, threads and address spaces, and what a pager asks of the kernel (ids from 2000).

Ids that are missing belonged to Mach 2.5 forms of these calls.
"""

from kernel.interface.declare import CountInOut, InOut, MaybeDealloc, Out, Subsystem, UserReplyPort
from kernel.interface.mach_types import (
    boolean_t,
    emulation_vector_t,
    host_priv_t,
    int_t,
    kern_return_t,
    mach_port_array_t,
    mach_port_make_send_once_t,
    mach_port_make_send_t,
    mach_port_t,
    memory_object_control_t,
    memory_object_copy_strategy_t,
    memory_object_name_move_send_t,
    memory_object_return_t,
    memory_object_t,
    pointer_t,
    reply_to_t,
    task_info_t,
    task_t,
    thread_array_t,
    thread_info_t,
    thread_state_t,
    thread_t,
    vm_address_t,
    vm_inherit_t,
    vm_machine_attribute_t,
    vm_machine_attribute_val_t,
    vm_offset_t,
    vm_prot_t,
    vm_size_t,
    vm_statistics_data_t,
    vm_task_t,
)

mach = Subsystem("mach", 2000)


# Tasks.


@mach.routine(2007)
def task_create(target_task: task_t, inherit_memory: boolean_t, child_task: Out[task_t]) -> None:
    """Make a task, with its parent's memory as each region's inheritance says, or with none."""


@mach.routine(2008)
def task_terminate(target_task: task_t) -> None:
    """Destroy a task with its threads, memory and port rights."""


@mach.routine(2009)
def task_get_emulation_vector(
    task: task_t, vector_start: Out[int_t], emulation_vector: Out[emulation_vector_t]
) -> None:
    """Tell which system call numbers are redirected into the task, and where to."""


@mach.routine(2010)
def task_set_emulation_vector(
    task: task_t, vector_start: int_t, emulation_vector: emulation_vector_t
) -> None:
    """Redirect a range of system call numbers into the task."""


@mach.routine(2011)
def task_threads(target_task: task_t, thread_list: Out[thread_array_t]) -> None:
    """List a task's threads."""


@mach.routine(2012)
def task_info(target_task: task_t, flavor: int_t, task_info_out: CountInOut[task_info_t]) -> None:
    """Report on a task: basic figures, events, or the times of its live threads."""


# Threads.


@mach.routine(2016)
def thread_terminate(target_thread: thread_t) -> None:
    """Destroy a thread."""


@mach.routine(2017)
def thread_get_state(target_thread: thread_t, flavor: int_t, old_state: CountInOut[thread_state_t]) -> None:
    """Read a thread's registers."""


@mach.routine(2018)
def thread_set_state(target_thread: thread_t, flavor: int_t, new_state: thread_state_t) -> None:
    """Set a thread's registers."""


@mach.routine(2019)
def thread_info(target_thread: thread_t, flavor: int_t, thread_info_out: CountInOut[thread_info_t]) -> None:
    """Report on a thread: basic figures, or how it is scheduled."""


# Address spaces.


@mach.routine(2022)
def vm_allocate(
    target_task: vm_task_t, address: InOut[vm_address_t], size: vm_size_t, anywhere: boolean_t
) -> None:
    """Allocate zero-filled memory, at an address or anywhere."""


@mach.routine(2024)
def vm_deallocate(target_task: vm_task_t, address: vm_address_t, size: vm_size_t) -> None:
    """Give up a range of addresses."""


@mach.routine(2025)
def vm_protect(
    target_task: vm_task_t,
    address: vm_address_t,
    size: vm_size_t,
    set_maximum: boolean_t,
    new_protection: vm_prot_t,
) -> None:
    """Set the current, or the greatest possible, access to a range."""


@mach.routine(2026)
def vm_inherit(
    target_task: vm_task_t, address: vm_address_t, size: vm_size_t, new_inheritance: vm_inherit_t
) -> None:
    """Say what a child task gets of a range: it shared, a copy, or nothing."""


@mach.routine(2027)
def vm_read(target_task: vm_task_t, address: vm_address_t, size: vm_size_t, data: Out[pointer_t]) -> None:
    """Read another task's memory."""


@mach.routine(2028)
def vm_write(target_task: vm_task_t, address: vm_address_t, data: pointer_t) -> None:
    """Overwrite another task's memory."""


@mach.routine(2029)
def vm_copy(
    target_task: vm_task_t, source_address: vm_address_t, size: vm_size_t, dest_address: vm_address_t
) -> None:
    """Copy a range to another address of the same task."""


@mach.routine(2030)
def vm_region(
    target_task: vm_task_t,
    address: InOut[vm_address_t],
    size: Out[vm_size_t],
    protection: Out[vm_prot_t],
    max_protection: Out[vm_prot_t],
    inheritance: Out[vm_inherit_t],
    is_shared: Out[boolean_t],
    object_name: Out[memory_object_name_move_send_t],
    offset: Out[vm_offset_t],
) -> None:
    """Describe the region at an address, or the next one above it."""


@mach.routine(2031)
def vm_statistics(target_task: vm_task_t, vm_stats: Out[vm_statistics_data_t]) -> None:
    """Count pages and faults of the whole host."""


@mach.routine(2034)
def mach_ports_register(target_task: task_t, init_port_set: mach_port_array_t) -> None:
    """Set the few ports that a task hands to its children."""


@mach.routine(2035)
def mach_ports_lookup(target_task: task_t, init_port_set: Out[mach_port_array_t]) -> None:
    """Get a task's registered ports."""


# What a pager asks of the kernel, on a memory object's control port.


@mach.simpleroutine(2039)
def memory_object_data_provided(
    memory_control: memory_object_control_t, offset: vm_offset_t, data: pointer_t, lock_value: vm_prot_t
) -> None:
    """Supply data of a memory object (old form of memory_object_data_supply)."""


@mach.simpleroutine(2040)
def memory_object_data_unavailable(
    memory_control: memory_object_control_t, offset: vm_offset_t, size: vm_size_t
) -> None:
    """Say that there is no data: the kernel fills with zeroes, or takes what the copied object has."""


@mach.routine(2041)
def memory_object_get_attributes(
    memory_control: memory_object_control_t,
    object_ready: Out[boolean_t],
    may_cache: Out[boolean_t],
    copy_strategy: Out[memory_object_copy_strategy_t],
) -> None:
    """Tell a memory object's attributes."""


@mach.routine(2042)
def vm_set_default_memory_manager(
    host_priv: host_priv_t, default_manager: InOut[mach_port_make_send_t]
) -> None:
    """Set the port of the default pager, or ask for it by giving a null port."""


@mach.simpleroutine(2045)
def memory_object_lock_request(
    memory_control: memory_object_control_t,
    offset: vm_offset_t,
    size: vm_size_t,
    should_return: memory_object_return_t,
    should_flush: boolean_t,
    lock_value: vm_prot_t,
    reply_to: reply_to_t,
) -> None:
    """Have cached data returned, flushed, or locked against some accesses."""


# Tasks and threads again.


@mach.routine(2057)
def task_suspend(target_task: task_t) -> None:
    """Stop all threads of a task; counted."""


@mach.routine(2058)
def task_resume(target_task: task_t) -> None:
    """Take back one task_suspend."""


@mach.routine(2059)
def task_get_special_port(task: task_t, which_port: int_t, special_port: Out[mach_port_t]) -> None:
    """Get a task's kernel, exception or bootstrap port."""


@mach.routine(2060)
def task_set_special_port(task: task_t, which_port: int_t, special_port: mach_port_t) -> None:
    """Set a task's kernel, exception or bootstrap port."""


@mach.routine(2062)
def thread_create(parent_task: task_t, child_thread: Out[thread_t]) -> None:
    """Make a thread, suspended."""


@mach.routine(2063)
def thread_suspend(target_thread: thread_t) -> None:
    """Stop a thread; counted."""


@mach.routine(2064)
def thread_resume(target_thread: thread_t) -> None:
    """Take back one thread_suspend."""


@mach.routine(2065)
def thread_abort(target_thread: thread_t) -> None:
    """Break a thread out of the kernel call it waits in."""


@mach.routine(2068)
def thread_get_special_port(thread: thread_t, which_port: int_t, special_port: Out[mach_port_t]) -> None:
    """Get a thread's kernel or exception port."""


@mach.routine(2069)
def thread_set_special_port(thread: thread_t, which_port: int_t, special_port: mach_port_t) -> None:
    """Set a thread's kernel or exception port."""


@mach.routine(2071)
def task_set_emulation(target_port: task_t, routine_entry_pt: vm_address_t, routine_number: int_t) -> None:
    """Redirect one system call number to an address in the task."""


@mach.routine(2072)
def task_ras_control(
    target_task: task_t, basepc: vm_address_t, boundspc: vm_address_t, flavor: int_t
) -> None:
    """Install or remove a restartable atomic sequence."""


# Mapping of memory objects.


@mach.routine(2106)
def htg_vm_map(
    target_task: vm_task_t,
    reply_port: UserReplyPort[mach_port_make_send_once_t],
    address: InOut[vm_address_t],
    size: vm_size_t,
    mask: vm_address_t,
    anywhere: boolean_t,
    memory_object: memory_object_t,
    offset: vm_offset_t,
    copy: boolean_t,
    cur_protection: vm_prot_t,
    max_protection: vm_prot_t,
    inheritance: vm_inherit_t,
) -> None:
    """Do vm_map, answering to a port that the caller names."""


@mach.routine(2107)
def vm_map(
    target_task: vm_task_t,
    address: InOut[vm_address_t],
    size: vm_size_t,
    mask: vm_address_t,
    anywhere: boolean_t,
    memory_object: memory_object_t,
    offset: vm_offset_t,
    copy: boolean_t,
    cur_protection: vm_prot_t,
    max_protection: vm_prot_t,
    inheritance: vm_inherit_t,
) -> None:
    """Map a memory object, or zero-filled memory, into an address space."""


@mach.simpleroutine(2108)
def memory_object_data_error(
    memory_control: memory_object_control_t,
    offset: vm_offset_t,
    size: vm_size_t,
    error_value: kern_return_t,
) -> None:
    """Say that data cannot be had: whoever faulted gets a memory error."""


@mach.simpleroutine(2109)
def memory_object_set_attributes(
    memory_control: memory_object_control_t,
    object_ready: boolean_t,
    may_cache: boolean_t,
    copy_strategy: memory_object_copy_strategy_t,
) -> None:
    """Set attributes (old form of memory_object_ready and memory_object_change_attributes)."""


@mach.simpleroutine(2110)
def memory_object_destroy(memory_control: memory_object_control_t, reason: kern_return_t) -> None:
    """Give up a memory object: its mappings fail from now on."""


@mach.simpleroutine(2111)
def memory_object_data_supply(
    memory_control: memory_object_control_t,
    offset: vm_offset_t,
    data: MaybeDealloc[pointer_t],
    lock_value: vm_prot_t,
    precious: boolean_t,
    reply_to: reply_to_t,
) -> None:
    """Supply data of a memory object."""


@mach.simpleroutine(2112)
def memory_object_ready(
    memory_control: memory_object_control_t,
    may_cache: boolean_t,
    copy_strategy: memory_object_copy_strategy_t,
) -> None:
    """Say that the pager is ready to serve a memory object, and with which attributes."""


@mach.simpleroutine(2113)
def memory_object_change_attributes(
    memory_control: memory_object_control_t,
    may_cache: boolean_t,
    copy_strategy: memory_object_copy_strategy_t,
    reply_to: reply_to_t,
) -> None:
    """Change a memory object's attributes."""


@mach.routine(2118)
def vm_machine_attribute(
    target_task: vm_task_t,
    address: vm_address_t,
    size: vm_size_t,
    attribute: vm_machine_attribute_t,
    value: InOut[vm_machine_attribute_val_t],
) -> None:
    """Get or set what the machine does with a range: caching, flushing."""
