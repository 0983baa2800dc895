"""Calls of the mach interface for native tasks.

Generated from the declarations by kernel/interface/generate/python_stubs.py.  Every function
raises MachError when the call fails.
"""

from collections.abc import Sequence
from typing import cast

from kernel.interface import mach as declared
from kernel.interface.body import CarriedMemory
from kernel.interface.caller import Caller, PortName, Value, taken_words
from kernel.interface.values import Memory, Words


async def task_create(caller: Caller, target_task: PortName, inherit_memory: bool) -> PortName:
    """Make a task, with its parent's memory as each region's inheritance says, or with none."""
    outs = await caller.call(declared.task_create, target_task, inherit_memory)
    (child_task,) = cast("tuple[PortName]", outs)
    return child_task


async def task_terminate(caller: Caller, target_task: PortName) -> None:
    """Destroy a task with its threads, memory and port rights."""
    await caller.call(declared.task_terminate, target_task)


async def task_get_emulation_vector(caller: Caller, task: PortName) -> tuple[int, tuple[int, ...]]:
    """Tell which system call numbers are redirected into the task, and where to."""
    outs = await caller.call(declared.task_get_emulation_vector, task)
    vector_start, emulation_vector = cast("tuple[int, Value]", outs)
    return vector_start, await taken_words(caller, emulation_vector)


async def task_set_emulation_vector(
    caller: Caller, task: PortName, vector_start: int, emulation_vector: Words
) -> None:
    """Redirect a range of system call numbers into the task."""
    await caller.call(declared.task_set_emulation_vector, task, vector_start, emulation_vector)


async def task_threads(caller: Caller, target_task: PortName) -> tuple[PortName, ...]:
    """List a task's threads."""
    outs = await caller.call(declared.task_threads, target_task)
    (thread_list,) = cast("tuple[tuple[PortName, ...]]", outs)
    return thread_list


async def task_info(caller: Caller, target_task: PortName, flavor: int) -> tuple[int, ...]:
    """Report on a task: basic figures, events, or the times of its live threads."""
    outs = await caller.call(declared.task_info, target_task, flavor, 1024)
    (task_info_out,) = cast("tuple[tuple[int, ...]]", outs)
    return task_info_out


async def thread_terminate(caller: Caller, target_thread: PortName) -> None:
    """Destroy a thread."""
    await caller.call(declared.thread_terminate, target_thread)


async def thread_get_state(caller: Caller, target_thread: PortName, flavor: int) -> tuple[int, ...]:
    """Read a thread's registers."""
    outs = await caller.call(declared.thread_get_state, target_thread, flavor, 1024)
    (old_state,) = cast("tuple[tuple[int, ...]]", outs)
    return old_state


async def thread_set_state(
    caller: Caller, target_thread: PortName, flavor: int, new_state: Sequence[int]
) -> None:
    """Set a thread's registers."""
    await caller.call(declared.thread_set_state, target_thread, flavor, new_state)


async def thread_info(caller: Caller, target_thread: PortName, flavor: int) -> tuple[int, ...]:
    """Report on a thread: basic figures, or how it is scheduled."""
    outs = await caller.call(declared.thread_info, target_thread, flavor, 1024)
    (thread_info_out,) = cast("tuple[tuple[int, ...]]", outs)
    return thread_info_out


async def vm_allocate(caller: Caller, target_task: PortName, address: int, size: int, anywhere: bool) -> int:
    """Allocate zero-filled memory, at an address or anywhere."""
    outs = await caller.call(declared.vm_allocate, target_task, address, size, anywhere)
    (address,) = cast("tuple[int]", outs)
    return address


async def vm_deallocate(caller: Caller, target_task: PortName, address: int, size: int) -> None:
    """Give up a range of addresses."""
    await caller.call(declared.vm_deallocate, target_task, address, size)


async def vm_protect(
    caller: Caller, target_task: PortName, address: int, size: int, set_maximum: bool, new_protection: int
) -> None:
    """Set the current, or the greatest possible, access to a range."""
    await caller.call(declared.vm_protect, target_task, address, size, set_maximum, new_protection)


async def vm_inherit(
    caller: Caller, target_task: PortName, address: int, size: int, new_inheritance: int
) -> None:
    """Say what a child task gets of a range: it shared, a copy, or nothing."""
    await caller.call(declared.vm_inherit, target_task, address, size, new_inheritance)


async def vm_read(caller: Caller, target_task: PortName, address: int, size: int) -> CarriedMemory:
    """Read another task's memory."""
    outs = await caller.call(declared.vm_read, target_task, address, size)
    (data,) = cast("tuple[CarriedMemory]", outs)
    return data


async def vm_write(caller: Caller, target_task: PortName, address: int, data: Memory) -> None:
    """Overwrite another task's memory."""
    await caller.call(declared.vm_write, target_task, address, data)


async def vm_copy(
    caller: Caller, target_task: PortName, source_address: int, size: int, dest_address: int
) -> None:
    """Copy a range to another address of the same task."""
    await caller.call(declared.vm_copy, target_task, source_address, size, dest_address)


async def vm_region(
    caller: Caller, target_task: PortName, address: int
) -> tuple[int, int, int, int, int, bool, PortName, int]:
    """Describe the region at an address, or the next one above it."""
    outs = await caller.call(declared.vm_region, target_task, address)
    address, size, protection, max_protection, inheritance, is_shared, object_name, offset = cast(
        "tuple[int, int, int, int, int, int, PortName, int]", outs
    )
    return address, size, protection, max_protection, inheritance, bool(is_shared), object_name, offset


async def vm_statistics(caller: Caller, target_task: PortName) -> tuple[int, ...]:
    """Count pages and faults of the whole host."""
    outs = await caller.call(declared.vm_statistics, target_task)
    (vm_stats,) = cast("tuple[tuple[int, ...]]", outs)
    return vm_stats


async def mach_ports_register(
    caller: Caller, target_task: PortName, init_port_set: Sequence[PortName]
) -> None:
    """Set the few ports that a task hands to its children."""
    await caller.call(declared.mach_ports_register, target_task, init_port_set)


async def mach_ports_lookup(caller: Caller, target_task: PortName) -> tuple[PortName, ...]:
    """Get a task's registered ports."""
    outs = await caller.call(declared.mach_ports_lookup, target_task)
    (init_port_set,) = cast("tuple[tuple[PortName, ...]]", outs)
    return init_port_set


async def memory_object_data_provided(
    caller: Caller, memory_control: PortName, offset: int, data: Memory, lock_value: int
) -> None:
    """Supply data of a memory object (old form of memory_object_data_supply)."""
    await caller.call(declared.memory_object_data_provided, memory_control, offset, data, lock_value)


async def memory_object_data_unavailable(
    caller: Caller, memory_control: PortName, offset: int, size: int
) -> None:
    """Say that there is no data: the kernel fills with zeroes, or takes what the copied object has."""
    await caller.call(declared.memory_object_data_unavailable, memory_control, offset, size)


async def memory_object_get_attributes(caller: Caller, memory_control: PortName) -> tuple[bool, bool, int]:
    """Tell a memory object's attributes."""
    outs = await caller.call(declared.memory_object_get_attributes, memory_control)
    object_ready, may_cache, copy_strategy = cast("tuple[int, int, int]", outs)
    return bool(object_ready), bool(may_cache), copy_strategy


async def vm_set_default_memory_manager(
    caller: Caller, host_priv: PortName, default_manager: PortName
) -> PortName:
    """Set the port of the default pager, or ask for it by giving a null port."""
    outs = await caller.call(declared.vm_set_default_memory_manager, host_priv, default_manager)
    (default_manager,) = cast("tuple[PortName]", outs)
    return default_manager


async def memory_object_lock_request(
    caller: Caller,
    memory_control: PortName,
    offset: int,
    size: int,
    should_return: int,
    should_flush: bool,
    lock_value: int,
    reply_to: PortName,
) -> None:
    """Have cached data returned, flushed, or locked against some accesses."""
    await caller.call(
        declared.memory_object_lock_request,
        memory_control,
        offset,
        size,
        should_return,
        should_flush,
        lock_value,
        reply_to,
    )


async def task_suspend(caller: Caller, target_task: PortName) -> None:
    """Stop all threads of a task; counted."""
    await caller.call(declared.task_suspend, target_task)


async def task_resume(caller: Caller, target_task: PortName) -> None:
    """Take back one task_suspend."""
    await caller.call(declared.task_resume, target_task)


async def task_get_special_port(caller: Caller, task: PortName, which_port: int) -> PortName:
    """Get a task's kernel, exception or bootstrap port."""
    outs = await caller.call(declared.task_get_special_port, task, which_port)
    (special_port,) = cast("tuple[PortName]", outs)
    return special_port


async def task_set_special_port(
    caller: Caller, task: PortName, which_port: int, special_port: PortName
) -> None:
    """Set a task's kernel, exception or bootstrap port."""
    await caller.call(declared.task_set_special_port, task, which_port, special_port)


async def thread_create(caller: Caller, parent_task: PortName) -> PortName:
    """Make a thread, suspended."""
    outs = await caller.call(declared.thread_create, parent_task)
    (child_thread,) = cast("tuple[PortName]", outs)
    return child_thread


async def thread_suspend(caller: Caller, target_thread: PortName) -> None:
    """Stop a thread; counted."""
    await caller.call(declared.thread_suspend, target_thread)


async def thread_resume(caller: Caller, target_thread: PortName) -> None:
    """Take back one thread_suspend."""
    await caller.call(declared.thread_resume, target_thread)


async def thread_abort(caller: Caller, target_thread: PortName) -> None:
    """Break a thread out of the kernel call it waits in."""
    await caller.call(declared.thread_abort, target_thread)


async def thread_get_special_port(caller: Caller, thread: PortName, which_port: int) -> PortName:
    """Get a thread's kernel or exception port."""
    outs = await caller.call(declared.thread_get_special_port, thread, which_port)
    (special_port,) = cast("tuple[PortName]", outs)
    return special_port


async def thread_set_special_port(
    caller: Caller, thread: PortName, which_port: int, special_port: PortName
) -> None:
    """Set a thread's kernel or exception port."""
    await caller.call(declared.thread_set_special_port, thread, which_port, special_port)


async def task_set_emulation(
    caller: Caller, target_port: PortName, routine_entry_pt: int, routine_number: int
) -> None:
    """Redirect one system call number to an address in the task."""
    await caller.call(declared.task_set_emulation, target_port, routine_entry_pt, routine_number)


async def task_ras_control(
    caller: Caller, target_task: PortName, basepc: int, boundspc: int, flavor: int
) -> None:
    """Install or remove a restartable atomic sequence."""
    await caller.call(declared.task_ras_control, target_task, basepc, boundspc, flavor)


async def htg_vm_map(
    caller: Caller,
    target_task: PortName,
    reply_port: PortName,
    address: int,
    size: int,
    mask: int,
    anywhere: bool,
    memory_object: PortName,
    offset: int,
    copy: bool,
    cur_protection: int,
    max_protection: int,
    inheritance: int,
) -> int:
    """Do vm_map, answering to a port that the caller names."""
    outs = await caller.call(
        declared.htg_vm_map,
        target_task,
        address,
        size,
        mask,
        anywhere,
        memory_object,
        offset,
        copy,
        cur_protection,
        max_protection,
        inheritance,
        reply_port=reply_port,
    )
    (address,) = cast("tuple[int]", outs)
    return address


async def vm_map(
    caller: Caller,
    target_task: PortName,
    address: int,
    size: int,
    mask: int,
    anywhere: bool,
    memory_object: PortName,
    offset: int,
    copy: bool,
    cur_protection: int,
    max_protection: int,
    inheritance: int,
) -> int:
    """Map a memory object, or zero-filled memory, into an address space."""
    outs = await caller.call(
        declared.vm_map,
        target_task,
        address,
        size,
        mask,
        anywhere,
        memory_object,
        offset,
        copy,
        cur_protection,
        max_protection,
        inheritance,
    )
    (address,) = cast("tuple[int]", outs)
    return address


async def memory_object_data_error(
    caller: Caller, memory_control: PortName, offset: int, size: int, error_value: int
) -> None:
    """Say that data cannot be had: whoever faulted gets a memory error."""
    await caller.call(declared.memory_object_data_error, memory_control, offset, size, error_value)


async def memory_object_set_attributes(
    caller: Caller, memory_control: PortName, object_ready: bool, may_cache: bool, copy_strategy: int
) -> None:
    """Set attributes (old form of memory_object_ready and memory_object_change_attributes)."""
    await caller.call(
        declared.memory_object_set_attributes, memory_control, object_ready, may_cache, copy_strategy
    )


async def memory_object_destroy(caller: Caller, memory_control: PortName, reason: int) -> None:
    """Give up a memory object: its mappings fail from now on."""
    await caller.call(declared.memory_object_destroy, memory_control, reason)


async def memory_object_data_supply(
    caller: Caller,
    memory_control: PortName,
    offset: int,
    data: Memory,
    lock_value: int,
    precious: bool,
    reply_to: PortName,
) -> None:
    """Supply data of a memory object."""
    await caller.call(
        declared.memory_object_data_supply, memory_control, offset, data, lock_value, precious, reply_to
    )


async def memory_object_ready(
    caller: Caller, memory_control: PortName, may_cache: bool, copy_strategy: int
) -> None:
    """Say that the pager is ready to serve a memory object, and with which attributes."""
    await caller.call(declared.memory_object_ready, memory_control, may_cache, copy_strategy)


async def memory_object_change_attributes(
    caller: Caller, memory_control: PortName, may_cache: bool, copy_strategy: int, reply_to: PortName
) -> None:
    """Change a memory object's attributes."""
    await caller.call(
        declared.memory_object_change_attributes, memory_control, may_cache, copy_strategy, reply_to
    )


async def vm_machine_attribute(
    caller: Caller, target_task: PortName, address: int, size: int, attribute: int, value: int
) -> int:
    """Get or set what the machine does with a range: caching, flushing."""
    outs = await caller.call(declared.vm_machine_attribute, target_task, address, size, attribute, value)
    (value,) = cast("tuple[int]", outs)
    return value
