# ruff: noqa: A002 - parameters have the names that Mach gave them
"""Calls on hosts, processors and processor sets, and on how threads are scheduled (ids from 2600)."""

from kernel.interface.declare import CountInOut, Out, Subsystem
from kernel.interface.mach_types import (
    boolean_t,
    host_info_t,
    host_priv_t,
    host_t,
    int_t,
    kernel_boot_info_t,
    kernel_version_t,
    processor_array_t,
    processor_info_t,
    processor_set_info_t,
    processor_set_name_array_t,
    processor_set_name_t,
    processor_set_t,
    processor_t,
    task_array_t,
    task_t,
    thread_array_t,
    thread_t,
    time_value_t,
    vm_address_t,
    vm_prot_t,
    vm_size_t,
    vm_task_t,
)

mach_host = Subsystem("mach_host", 2600)


# Processors and processor sets.


@mach_host.routine(2600)
def host_processors(host_priv: host_priv_t, processor_list: Out[processor_array_t]) -> None:
    """List the processors of a host."""


@mach_host.routine(2603)
def processor_start(processor: processor_t) -> None:
    """Start a processor."""


@mach_host.routine(2604)
def processor_exit(processor: processor_t) -> None:
    """Stop a processor."""


@mach_host.routine(2606)
def processor_set_default(host: host_t, default_set: Out[processor_set_name_t]) -> None:
    """Name the processor set that everything starts in."""


@mach_host.routine(2608)
def processor_set_create(
    host: host_t, new_set: Out[processor_set_t], new_name: Out[processor_set_name_t]
) -> None:
    """Make an empty processor set."""


@mach_host.routine(2609)
def processor_set_destroy(set: processor_set_t) -> None:
    """Destroy a processor set; what it had goes to the default set."""


@mach_host.routine(2611)
def processor_assign(processor: processor_t, new_set: processor_set_t, wait: boolean_t) -> None:
    """Move a processor to a processor set."""


@mach_host.routine(2612)
def processor_get_assignment(processor: processor_t, assigned_set: Out[processor_set_name_t]) -> None:
    """Name the processor set that a processor is in."""


@mach_host.routine(2613)
def thread_assign(thread: thread_t, new_set: processor_set_t) -> None:
    """Move a thread to a processor set."""


@mach_host.routine(2614)
def thread_assign_default(thread: thread_t) -> None:
    """Move a thread to the default processor set."""


@mach_host.routine(2615)
def thread_get_assignment(thread: thread_t, assigned_set: Out[processor_set_name_t]) -> None:
    """Name the processor set that a thread is in."""


@mach_host.routine(2616)
def task_assign(task: task_t, new_set: processor_set_t, assign_threads: boolean_t) -> None:
    """Move a task, perhaps with its threads, to a processor set."""


@mach_host.routine(2617)
def task_assign_default(task: task_t, assign_threads: boolean_t) -> None:
    """Move a task, perhaps with its threads, to the default processor set."""


@mach_host.routine(2618)
def task_get_assignment(task: task_t, assigned_set: Out[processor_set_name_t]) -> None:
    """Name the processor set that a task is in."""


@mach_host.routine(2619)
def host_kernel_version(host: host_t, kernel_version: Out[kernel_version_t]) -> None:
    """Tell which kernel runs."""


# Priorities and policies.


@mach_host.routine(2620)
def thread_priority(thread: thread_t, priority: int_t, set_max: boolean_t) -> None:
    """Set a thread's priority, and perhaps its limit."""


@mach_host.routine(2621)
def thread_max_priority(thread: thread_t, processor_set: processor_set_t, max_priority: int_t) -> None:
    """Set the limit of a thread's priority."""


@mach_host.routine(2622)
def task_priority(task: task_t, priority: int_t, change_threads: boolean_t) -> None:
    """Set the priority of a task's new threads, and perhaps of those it has."""


@mach_host.routine(2623)
def processor_set_max_priority(
    processor_set: processor_set_t, max_priority: int_t, change_threads: boolean_t
) -> None:
    """Set the limit of priorities in a processor set."""


@mach_host.routine(2624)
def thread_policy(thread: thread_t, policy: int_t, data: int_t) -> None:
    """Choose how a thread is scheduled: time shared, or at a fixed priority."""


@mach_host.routine(2625)
def processor_set_policy_enable(processor_set: processor_set_t, policy: int_t) -> None:
    """Allow a scheduling policy in a processor set."""


@mach_host.routine(2626)
def processor_set_policy_disable(
    processor_set: processor_set_t, policy: int_t, change_threads: boolean_t
) -> None:
    """Forbid a scheduling policy in a processor set."""


@mach_host.routine(2627)
def processor_set_tasks(processor_set: processor_set_t, task_list: Out[task_array_t]) -> None:
    """List the tasks of a processor set."""


@mach_host.routine(2628)
def processor_set_threads(processor_set: processor_set_t, thread_list: Out[thread_array_t]) -> None:
    """List the threads of a processor set."""


@mach_host.routine(2629)
def host_processor_sets(host: host_t, processor_sets: Out[processor_set_name_array_t]) -> None:
    """List the processor sets of a host, by name."""


@mach_host.routine(2630)
def host_processor_set_priv(
    host_priv: host_priv_t, set_name: processor_set_name_t, set: Out[processor_set_t]
) -> None:
    """Turn a processor set's name into the right to control it."""


@mach_host.routine(2631)
def thread_depress_abort(thread: thread_t) -> None:
    """End a thread's depressed priority."""


# Time, and the host itself.


@mach_host.routine(2632)
def host_set_time(host_priv: host_priv_t, new_time: time_value_t) -> None:
    """Set the host's time of day."""


@mach_host.routine(2633)
def host_adjust_time(
    host_priv: host_priv_t, new_adjustment: time_value_t, old_adjustment: Out[time_value_t]
) -> None:
    """Correct the host's time of day little by little."""


@mach_host.routine(2634)
def host_get_time(host: host_t, current_time: Out[time_value_t]) -> None:
    """Tell the host's time of day."""


@mach_host.routine(2635)
def host_reboot(host_priv: host_priv_t, options: int_t) -> None:
    """Halt or restart the host."""


@mach_host.routine(2636)
def vm_wire(
    host_priv: host_priv_t, task: vm_task_t, address: vm_address_t, size: vm_size_t, access: vm_prot_t
) -> None:
    """Keep a range resident, or let it go again (no access)."""


@mach_host.routine(2637)
def thread_wire(host_priv: host_priv_t, thread: thread_t, wired: boolean_t) -> None:
    """Let a thread have memory when others must wait for it."""


@mach_host.routine(2638)
def host_info(host: host_t, flavor: int_t, host_info_out: CountInOut[host_info_t]) -> None:
    """Report on a host: basic figures, processor slots, scheduling, or load."""


@mach_host.routine(2639)
def processor_info(
    processor: processor_t,
    flavor: int_t,
    host: Out[host_t],
    processor_info_out: CountInOut[processor_info_t],
) -> None:
    """Report on a processor."""


@mach_host.routine(2640)
def processor_set_info(
    set_name: processor_set_name_t,
    flavor: int_t,
    host: Out[host_t],
    info_out: CountInOut[processor_set_info_t],
) -> None:
    """Report on a processor set."""


@mach_host.routine(2641)
def processor_control(processor: processor_t, processor_cmd: processor_info_t) -> None:
    """Give a processor a command of its machine."""


@mach_host.routine(2642)
def host_get_boot_info(host_priv: host_priv_t, boot_info: Out[kernel_boot_info_t]) -> None:
    """Tell how the host was booted."""
