"""The calls on processors and processor sets, and on how threads are scheduled."""

from typing import TYPE_CHECKING

from ..interface import mach_host
from ..interface.constants import (
    CPU_SUBTYPE_AT386,
    POLICY_FIXEDPRI,
    POLICY_TIMESHARE,
    PROCESSOR_BASIC_INFO,
    PROCESSOR_SET_BASIC_INFO,
    PROCESSOR_SET_SCHED_INFO,
)
from ..interface.declare import Routine
from ..interface.returns import KernReturn, MachError
from ..ipc.port import Port
from ..sched.assignment import assign, join, part
from ..sched.priority import set_policy, set_priority, undepress
from ..sched.processor import WORST_PRIORITY, ProcessorSet
from .host import Host, HostProcessor, HostProcessorSet
from .host_calls import cpu_type, load_figures
from .information import check_room
from .serve import Implementation
from .task import Task
from .thread import TaskThread

if TYPE_CHECKING:
    from .mach_kernel import MachKernel


def _name_right(kernel: "MachKernel", entry: HostProcessorSet) -> Port | None:
    assert entry.name_port is not None
    return kernel.ipc.make_send(entry.name_port)


def _entry_of(kernel: "MachKernel", processor_set: ProcessorSet | None) -> HostProcessorSet:
    for entry in kernel.host.processor_sets:
        if entry.processor_set is processor_set:
            return entry
    raise MachError(KernReturn.INVALID_ARGUMENT)


# ---- processors


def host_processors(kernel: "MachKernel", host: Host) -> tuple[Port | None, ...]:
    return tuple(kernel.ipc.make_send(entry.port) for entry in host.processors if entry.port is not None)


def processor_start(kernel: "MachKernel", entry: HostProcessor) -> None:
    processor = entry.processor
    if not processor.shut_down:
        raise MachError(KernReturn.FAILURE)
    processor.shut_down = False
    join(kernel.scheduler, processor, kernel.scheduler.default_set)


def processor_exit(kernel: "MachKernel", entry: HostProcessor) -> None:
    processor = entry.processor
    working = [each for each in kernel.scheduler.processors if not each.shut_down]
    if processor.shut_down or len(working) == 1 or processor.number == 0:
        raise MachError(KernReturn.FAILURE)  # the master, node's last, must stay
    processor.shut_down = True
    part(processor)


def processor_control(kernel: "MachKernel", entry: HostProcessor, command: tuple[int, ...]) -> None:
    raise MachError(KernReturn.FAILURE)  # the i386 knows no commands


def processor_info(
    kernel: "MachKernel", entry: HostProcessor, flavor: int, room: int
) -> tuple[Port | None, tuple[int, ...]]:
    if flavor != PROCESSOR_BASIC_INFO:
        raise MachError(KernReturn.INVALID_ARGUMENT)
    check_room(room, 5)
    processor = entry.processor
    host = kernel.host
    assert host.port is not None
    info = (
        cpu_type(host),
        CPU_SUBTYPE_AT386,
        int(not processor.shut_down),
        processor.number,
        int(processor.number == 0),
    )
    return kernel.ipc.make_send(host.port), info


def processor_assign(
    kernel: "MachKernel", entry: HostProcessor, target: HostProcessorSet | None, wait: bool
) -> None:
    processor = entry.processor
    if target is None or not target.active:
        raise MachError(KernReturn.INVALID_ARGUMENT)
    if processor.shut_down or (processor.number == 0 and not target.processor_set.is_default):
        raise MachError(KernReturn.FAILURE)  # the default set keeps the master
    part(processor)
    join(kernel.scheduler, processor, target.processor_set)


def processor_get_assignment(kernel: "MachKernel", entry: HostProcessor) -> Port | None:
    if entry.processor.shut_down:
        raise MachError(KernReturn.FAILURE)
    return _name_right(kernel, _entry_of(kernel, entry.processor.processor_set))


# ---- processor sets


def processor_set_default(kernel: "MachKernel", host: Host) -> Port | None:
    return _name_right(kernel, host.processor_sets[0])


def host_processor_sets(kernel: "MachKernel", host: Host) -> tuple[Port | None, ...]:
    return tuple(_name_right(kernel, entry) for entry in host.processor_sets)


def host_processor_set_priv(kernel: "MachKernel", host: Host, entry: HostProcessorSet | None) -> Port | None:
    if entry is None or not entry.active:
        raise MachError(KernReturn.INVALID_ARGUMENT)
    assert entry.port is not None
    return kernel.ipc.make_send(entry.port)


def processor_set_create(kernel: "MachKernel", host: Host) -> tuple[Port | None, Port | None]:
    scheduler = kernel.scheduler
    number = scheduler.processor_sets[-1].number + 1
    processor_set = ProcessorSet(number)
    scheduler.processor_sets.append(processor_set)
    entry = kernel.add_processor_set(HostProcessorSet(processor_set))
    assert entry.port is not None
    return kernel.ipc.make_send(entry.port), _name_right(kernel, entry)


def processor_set_destroy(kernel: "MachKernel", entry: HostProcessorSet) -> None:
    scheduler, host = kernel.scheduler, kernel.host
    processor_set = entry.processor_set
    if processor_set.is_default:
        raise MachError(KernReturn.FAILURE)
    entry.active = False
    host.processor_sets.remove(entry)
    for processor in list(processor_set.processors):
        part(processor)
        join(scheduler, processor, scheduler.default_set)
    for task in kernel.tasks.values():
        if task.processor_set is processor_set:
            task.processor_set = scheduler.default_set
    for thread in list(processor_set.threads.values()):
        assign(scheduler, thread, scheduler.default_set)
    scheduler.processor_sets.remove(processor_set)
    assert entry.port is not None and entry.name_port is not None
    kernel.ipc.destroy_kernel_port(entry.port)
    kernel.ipc.destroy_kernel_port(entry.name_port)


def _tasks_of(kernel: "MachKernel", processor_set: ProcessorSet) -> list[Task]:
    return [task for task in kernel.tasks.values() if task.processor_set is processor_set]


def processor_set_tasks(kernel: "MachKernel", entry: HostProcessorSet) -> tuple[Port | None, ...]:
    return tuple(
        kernel.ipc.make_send(task.port) for task in _tasks_of(kernel, entry.processor_set) if task.port
    )


def processor_set_threads(kernel: "MachKernel", entry: HostProcessorSet) -> tuple[Port | None, ...]:
    return tuple(
        kernel.ipc.make_send(thread.port)
        for thread in entry.processor_set.threads.values()
        if isinstance(thread, TaskThread) and thread.port is not None and thread.active
    )


def processor_set_info(
    kernel: "MachKernel", entry: HostProcessorSet, flavor: int, room: int
) -> tuple[Port | None, tuple[int, ...]]:
    processor_set = entry.processor_set
    if flavor == PROCESSOR_SET_BASIC_INFO:
        check_room(room, 5)
        load, factor = load_figures(kernel)
        info: tuple[int, ...] = (
            len(processor_set.processors),
            len(_tasks_of(kernel, processor_set)),
            sum(isinstance(thread, TaskThread) for thread in processor_set.threads.values()),
            load,
            factor,
        )
    elif flavor == PROCESSOR_SET_SCHED_INFO:
        check_room(room, 2)
        policies = POLICY_TIMESHARE | (POLICY_FIXEDPRI if processor_set.fixed_priority_enabled else 0)
        info = (policies, processor_set.max_priority)
    else:
        raise MachError(KernReturn.INVALID_ARGUMENT)
    host = kernel.host
    assert host.port is not None
    return kernel.ipc.make_send(host.port), info


def processor_set_max_priority(
    kernel: "MachKernel", entry: HostProcessorSet, priority: int, change_threads: bool
) -> None:
    _check_priority(priority)
    entry.processor_set.max_priority = priority
    if change_threads:
        for thread in list(entry.processor_set.threads.values()):
            if isinstance(thread, TaskThread):
                _limit_priority(kernel, thread, priority)


def processor_set_policy_enable(kernel: "MachKernel", entry: HostProcessorSet, policy: int) -> None:
    if policy not in (POLICY_TIMESHARE, POLICY_FIXEDPRI):
        raise MachError(KernReturn.INVALID_ARGUMENT)
    if policy == POLICY_FIXEDPRI:
        entry.processor_set.fixed_priority_enabled = True


def processor_set_policy_disable(
    kernel: "MachKernel", entry: HostProcessorSet, policy: int, change_threads: bool
) -> None:
    if policy != POLICY_FIXEDPRI:  # time sharing cannot be forbidden
        raise MachError(KernReturn.INVALID_ARGUMENT)
    entry.processor_set.fixed_priority_enabled = False
    if change_threads:
        for thread in list(entry.processor_set.threads.values()):
            if thread.policy == POLICY_FIXEDPRI:
                set_policy(kernel.scheduler, thread, POLICY_TIMESHARE, 0)


# ---- assignment


def thread_assign(kernel: "MachKernel", thread: TaskThread, entry: HostProcessorSet | None) -> None:
    if entry is None or not entry.active:
        raise MachError(KernReturn.INVALID_ARGUMENT)
    assign(kernel.scheduler, thread, entry.processor_set)


def thread_assign_default(kernel: "MachKernel", thread: TaskThread) -> None:
    assign(kernel.scheduler, thread, kernel.scheduler.default_set)


def thread_get_assignment(kernel: "MachKernel", thread: TaskThread) -> Port | None:
    return _name_right(kernel, _entry_of(kernel, thread.processor_set))


def _assign_task(kernel: "MachKernel", task: Task, home: ProcessorSet, assign_threads: bool) -> None:
    task.processor_set = home
    if assign_threads:
        for thread in list(task.threads):
            assign(kernel.scheduler, thread, home)


def task_assign(
    kernel: "MachKernel", task: Task, entry: HostProcessorSet | None, assign_threads: bool
) -> None:
    if entry is None or not entry.active:
        raise MachError(KernReturn.INVALID_ARGUMENT)
    _assign_task(kernel, task, entry.processor_set, bool(assign_threads))


def task_assign_default(kernel: "MachKernel", task: Task, assign_threads: bool) -> None:
    _assign_task(kernel, task, kernel.scheduler.default_set, bool(assign_threads))


def task_get_assignment(kernel: "MachKernel", task: Task) -> Port | None:
    return _name_right(kernel, _entry_of(kernel, task.processor_set))


# ---- priorities and policies


def _check_priority(priority: int) -> None:
    if not 0 <= priority <= WORST_PRIORITY:
        raise MachError(KernReturn.INVALID_ARGUMENT)


def _limit_priority(kernel: "MachKernel", thread: TaskThread, limit: int) -> None:
    thread.max_priority = limit
    if thread.base_priority < limit:
        set_priority(kernel.scheduler, thread, limit)


def thread_priority(kernel: "MachKernel", thread: TaskThread, priority: int, set_max: bool) -> None:
    _check_priority(priority)
    if priority < thread.max_priority:  # better than allowed
        raise MachError(KernReturn.FAILURE)
    if set_max:
        thread.max_priority = priority
    set_priority(kernel.scheduler, thread, priority)


def thread_max_priority(
    kernel: "MachKernel", thread: TaskThread, entry: HostProcessorSet | None, priority: int
) -> None:
    _check_priority(priority)
    if entry is None:
        raise MachError(KernReturn.INVALID_ARGUMENT)
    if thread.processor_set is not entry.processor_set:
        raise MachError(KernReturn.FAILURE)
    _limit_priority(kernel, thread, priority)


def task_priority(kernel: "MachKernel", task: Task, priority: int, change_threads: bool) -> None:
    _check_priority(priority)
    task.priority = priority
    failed = False
    if change_threads:
        for thread in list(task.threads):
            if priority < thread.max_priority:
                failed = True
            else:
                set_priority(kernel.scheduler, thread, priority)
    if failed:
        raise MachError(KernReturn.FAILURE)


def thread_policy(kernel: "MachKernel", thread: TaskThread, policy: int, data: int) -> None:
    if policy not in (POLICY_TIMESHARE, POLICY_FIXEDPRI):
        raise MachError(KernReturn.INVALID_ARGUMENT)
    home = thread.processor_set
    if policy == POLICY_FIXEDPRI:
        if home is None or not home.fixed_priority_enabled:
            raise MachError(KernReturn.FAILURE)
        if data < 0:
            raise MachError(KernReturn.INVALID_ARGUMENT)
    set_policy(kernel.scheduler, thread, policy, data * 1_000_000 if policy == POLICY_FIXEDPRI else 0)


def thread_depress_abort(kernel: "MachKernel", thread: TaskThread) -> None:
    if not undepress(kernel.scheduler, thread):
        raise MachError(KernReturn.FAILURE)


PROCESSOR_CALLS: dict[Routine, Implementation] = {
    mach_host.host_processors: host_processors,
    mach_host.processor_start: processor_start,
    mach_host.processor_exit: processor_exit,
    mach_host.processor_control: processor_control,
    mach_host.processor_info: processor_info,
    mach_host.processor_assign: processor_assign,
    mach_host.processor_get_assignment: processor_get_assignment,
    mach_host.processor_set_default: processor_set_default,
    mach_host.host_processor_sets: host_processor_sets,
    mach_host.host_processor_set_priv: host_processor_set_priv,
    mach_host.processor_set_create: processor_set_create,
    mach_host.processor_set_destroy: processor_set_destroy,
    mach_host.processor_set_tasks: processor_set_tasks,
    mach_host.processor_set_threads: processor_set_threads,
    mach_host.processor_set_info: processor_set_info,
    mach_host.processor_set_max_priority: processor_set_max_priority,
    mach_host.processor_set_policy_enable: processor_set_policy_enable,
    mach_host.processor_set_policy_disable: processor_set_policy_disable,
    mach_host.thread_assign: thread_assign,
    mach_host.thread_assign_default: thread_assign_default,
    mach_host.thread_get_assignment: thread_get_assignment,
    mach_host.task_assign: task_assign,
    mach_host.task_assign_default: task_assign_default,
    mach_host.task_get_assignment: task_get_assignment,
    mach_host.thread_priority: thread_priority,
    mach_host.thread_max_priority: thread_max_priority,
    mach_host.task_priority: task_priority,
    mach_host.thread_policy: thread_policy,
    mach_host.thread_depress_abort: thread_depress_abort,
}
