# ruff: noqa: A001, A002 - values have the names that Mach gave them
"""Calls of the mach_host interface for native tasks.

Generated from the declarations by kernel/interface/generate/python_stubs.py.  Every function
raises MachError when the call fails.
"""

from collections.abc import Sequence
from typing import cast

from kernel.interface import mach_host as declared
from kernel.interface.caller import Caller, PortName


async def host_processors(caller: Caller, host_priv: PortName) -> tuple[PortName, ...]:
    """List the processors of a host."""
    outs = await caller.call(declared.host_processors, host_priv)
    (processor_list,) = cast("tuple[tuple[PortName, ...]]", outs)
    return processor_list


async def processor_start(caller: Caller, processor: PortName) -> None:
    """Start a processor."""
    await caller.call(declared.processor_start, processor)


async def processor_exit(caller: Caller, processor: PortName) -> None:
    """Stop a processor."""
    await caller.call(declared.processor_exit, processor)


async def processor_set_default(caller: Caller, host: PortName) -> PortName:
    """Name the processor set that everything starts in."""
    outs = await caller.call(declared.processor_set_default, host)
    (default_set,) = cast("tuple[PortName]", outs)
    return default_set


async def processor_set_create(caller: Caller, host: PortName) -> tuple[PortName, PortName]:
    """Make an empty processor set."""
    outs = await caller.call(declared.processor_set_create, host)
    new_set, new_name = cast("tuple[PortName, PortName]", outs)
    return new_set, new_name


async def processor_set_destroy(caller: Caller, set: PortName) -> None:
    """Destroy a processor set; what it had goes to the default set."""
    await caller.call(declared.processor_set_destroy, set)


async def processor_assign(caller: Caller, processor: PortName, new_set: PortName, wait: bool) -> None:
    """Move a processor to a processor set."""
    await caller.call(declared.processor_assign, processor, new_set, wait)


async def processor_get_assignment(caller: Caller, processor: PortName) -> PortName:
    """Name the processor set that a processor is in."""
    outs = await caller.call(declared.processor_get_assignment, processor)
    (assigned_set,) = cast("tuple[PortName]", outs)
    return assigned_set


async def thread_assign(caller: Caller, thread: PortName, new_set: PortName) -> None:
    """Move a thread to a processor set."""
    await caller.call(declared.thread_assign, thread, new_set)


async def thread_assign_default(caller: Caller, thread: PortName) -> None:
    """Move a thread to the default processor set."""
    await caller.call(declared.thread_assign_default, thread)


async def thread_get_assignment(caller: Caller, thread: PortName) -> PortName:
    """Name the processor set that a thread is in."""
    outs = await caller.call(declared.thread_get_assignment, thread)
    (assigned_set,) = cast("tuple[PortName]", outs)
    return assigned_set


async def task_assign(caller: Caller, task: PortName, new_set: PortName, assign_threads: bool) -> None:
    """Move a task, perhaps with its threads, to a processor set."""
    await caller.call(declared.task_assign, task, new_set, assign_threads)


async def task_assign_default(caller: Caller, task: PortName, assign_threads: bool) -> None:
    """Move a task, perhaps with its threads, to the default processor set."""
    await caller.call(declared.task_assign_default, task, assign_threads)


async def task_get_assignment(caller: Caller, task: PortName) -> PortName:
    """Name the processor set that a task is in."""
    outs = await caller.call(declared.task_get_assignment, task)
    (assigned_set,) = cast("tuple[PortName]", outs)
    return assigned_set


async def host_kernel_version(caller: Caller, host: PortName) -> str:
    """Tell which kernel runs."""
    outs = await caller.call(declared.host_kernel_version, host)
    (kernel_version,) = cast("tuple[str]", outs)
    return kernel_version


async def thread_priority(caller: Caller, thread: PortName, priority: int, set_max: bool) -> None:
    """Set a thread's priority, and perhaps its limit."""
    await caller.call(declared.thread_priority, thread, priority, set_max)


async def thread_max_priority(
    caller: Caller, thread: PortName, processor_set: PortName, max_priority: int
) -> None:
    """Set the limit of a thread's priority."""
    await caller.call(declared.thread_max_priority, thread, processor_set, max_priority)


async def task_priority(caller: Caller, task: PortName, priority: int, change_threads: bool) -> None:
    """Set the priority of a task's new threads, and perhaps of those it has."""
    await caller.call(declared.task_priority, task, priority, change_threads)


async def processor_set_max_priority(
    caller: Caller, processor_set: PortName, max_priority: int, change_threads: bool
) -> None:
    """Set the limit of priorities in a processor set."""
    await caller.call(declared.processor_set_max_priority, processor_set, max_priority, change_threads)


async def thread_policy(caller: Caller, thread: PortName, policy: int, data: int) -> None:
    """Choose how a thread is scheduled: time shared, or at a fixed priority."""
    await caller.call(declared.thread_policy, thread, policy, data)


async def processor_set_policy_enable(caller: Caller, processor_set: PortName, policy: int) -> None:
    """Allow a scheduling policy in a processor set."""
    await caller.call(declared.processor_set_policy_enable, processor_set, policy)


async def processor_set_policy_disable(
    caller: Caller, processor_set: PortName, policy: int, change_threads: bool
) -> None:
    """Forbid a scheduling policy in a processor set."""
    await caller.call(declared.processor_set_policy_disable, processor_set, policy, change_threads)


async def processor_set_tasks(caller: Caller, processor_set: PortName) -> tuple[PortName, ...]:
    """List the tasks of a processor set."""
    outs = await caller.call(declared.processor_set_tasks, processor_set)
    (task_list,) = cast("tuple[tuple[PortName, ...]]", outs)
    return task_list


async def processor_set_threads(caller: Caller, processor_set: PortName) -> tuple[PortName, ...]:
    """List the threads of a processor set."""
    outs = await caller.call(declared.processor_set_threads, processor_set)
    (thread_list,) = cast("tuple[tuple[PortName, ...]]", outs)
    return thread_list


async def host_processor_sets(caller: Caller, host: PortName) -> tuple[PortName, ...]:
    """List the processor sets of a host, by name."""
    outs = await caller.call(declared.host_processor_sets, host)
    (processor_sets,) = cast("tuple[tuple[PortName, ...]]", outs)
    return processor_sets


async def host_processor_set_priv(caller: Caller, host_priv: PortName, set_name: PortName) -> PortName:
    """Turn a processor set's name into the right to control it."""
    outs = await caller.call(declared.host_processor_set_priv, host_priv, set_name)
    (set,) = cast("tuple[PortName]", outs)
    return set


async def thread_depress_abort(caller: Caller, thread: PortName) -> None:
    """End a thread's depressed priority."""
    await caller.call(declared.thread_depress_abort, thread)


async def host_set_time(caller: Caller, host_priv: PortName, new_time: Sequence[int]) -> None:
    """Set the host's time of day."""
    await caller.call(declared.host_set_time, host_priv, new_time)


async def host_adjust_time(
    caller: Caller, host_priv: PortName, new_adjustment: Sequence[int]
) -> tuple[int, ...]:
    """Correct the host's time of day little by little."""
    outs = await caller.call(declared.host_adjust_time, host_priv, new_adjustment)
    (old_adjustment,) = cast("tuple[tuple[int, ...]]", outs)
    return old_adjustment


async def host_get_time(caller: Caller, host: PortName) -> tuple[int, ...]:
    """Tell the host's time of day."""
    outs = await caller.call(declared.host_get_time, host)
    (current_time,) = cast("tuple[tuple[int, ...]]", outs)
    return current_time


async def host_reboot(caller: Caller, host_priv: PortName, options: int) -> None:
    """Halt or restart the host."""
    await caller.call(declared.host_reboot, host_priv, options)


async def vm_wire(
    caller: Caller, host_priv: PortName, task: PortName, address: int, size: int, access: int
) -> None:
    """Keep a range resident, or let it go again (no access)."""
    await caller.call(declared.vm_wire, host_priv, task, address, size, access)


async def thread_wire(caller: Caller, host_priv: PortName, thread: PortName, wired: bool) -> None:
    """Let a thread have memory when others must wait for it."""
    await caller.call(declared.thread_wire, host_priv, thread, wired)


async def host_info(caller: Caller, host: PortName, flavor: int) -> tuple[int, ...]:
    """Report on a host: basic figures, processor slots, scheduling, or load."""
    outs = await caller.call(declared.host_info, host, flavor, 1024)
    (host_info_out,) = cast("tuple[tuple[int, ...]]", outs)
    return host_info_out


async def processor_info(
    caller: Caller, processor: PortName, flavor: int
) -> tuple[PortName, tuple[int, ...]]:
    """Report on a processor."""
    outs = await caller.call(declared.processor_info, processor, flavor, 1024)
    host, processor_info_out = cast("tuple[PortName, tuple[int, ...]]", outs)
    return host, processor_info_out


async def processor_set_info(
    caller: Caller, set_name: PortName, flavor: int
) -> tuple[PortName, tuple[int, ...]]:
    """Report on a processor set."""
    outs = await caller.call(declared.processor_set_info, set_name, flavor, 1024)
    host, info_out = cast("tuple[PortName, tuple[int, ...]]", outs)
    return host, info_out


async def processor_control(caller: Caller, processor: PortName, processor_cmd: Sequence[int]) -> None:
    """Give a processor a command of its machine."""
    await caller.call(declared.processor_control, processor, processor_cmd)


async def host_get_boot_info(caller: Caller, host_priv: PortName) -> str:
    """Tell how the host was booted."""
    outs = await caller.call(declared.host_get_boot_info, host_priv)
    (boot_info,) = cast("tuple[str]", outs)
    return boot_info
