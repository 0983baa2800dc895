"""The calls on threads: creation, end, suspension, state, special ports, information."""

from typing import TYPE_CHECKING

from ..interface import mach
from ..interface.constants import (
    POLICY_TIMESHARE,
    TH_STATE_HALTED,
    TH_STATE_RUNNING,
    TH_STATE_STOPPED,
    TH_STATE_UNINTERRUPTIBLE,
    TH_STATE_WAITING,
    TH_USAGE_SCALE,
    THREAD_BASIC_INFO,
    THREAD_EXCEPTION_PORT,
    THREAD_KERNEL_PORT,
    THREAD_SCHED_INFO,
)
from ..interface.declare import Routine
from ..interface.returns import KernReturn, MachError
from ..ipc.port import Port
from ..sched.priority import undepress
from ..sched.thread import ThreadState
from .information import check_room, time_value
from .serve import Implementation
from .task import Task
from .thread import TaskThread
from .thread_state import get_state, set_state

if TYPE_CHECKING:
    from .mach_kernel import MachKernel


def thread_create(kernel: "MachKernel", task: Task) -> Port | None:
    thread = kernel.create_thread(task)
    assert thread.port is not None
    return kernel.ipc.make_send(thread.port)


def thread_terminate(kernel: "MachKernel", thread: TaskThread) -> None:
    kernel.terminate_thread(thread)


def thread_suspend(kernel: "MachKernel", thread: TaskThread) -> None:
    kernel.suspend_thread(thread)


def thread_resume(kernel: "MachKernel", thread: TaskThread) -> None:
    kernel.resume_thread(thread)


def thread_abort(kernel: "MachKernel", thread: TaskThread) -> None:
    if thread is kernel.scheduler.current:
        raise MachError(KernReturn.INVALID_ARGUMENT)
    undepress(kernel.scheduler, thread)
    kernel.abort_thread(thread)


def thread_get_state(kernel: "MachKernel", thread: TaskThread, flavor: int, room: int) -> tuple[int, ...]:
    state = thread.user_state
    if thread is kernel.scheduler.current or state is None:
        raise MachError(KernReturn.INVALID_ARGUMENT)
    return get_state(state, flavor, room)


def thread_set_state(kernel: "MachKernel", thread: TaskThread, flavor: int, words: tuple[int, ...]) -> None:
    state = thread.user_state
    if thread is kernel.scheduler.current or state is None:
        raise MachError(KernReturn.INVALID_ARGUMENT)
    set_state(state, flavor, words)


def thread_get_special_port(kernel: "MachKernel", thread: TaskThread, which: int) -> Port | None:
    if which == THREAD_KERNEL_PORT:
        assert thread.port is not None
        return kernel.ipc.make_send(thread.port)
    if which == THREAD_EXCEPTION_PORT:
        return kernel.ipc.copy_send(thread.exception_port)
    raise MachError(KernReturn.INVALID_ARGUMENT)


def thread_set_special_port(kernel: "MachKernel", thread: TaskThread, which: int, port: object) -> None:
    right = kernel.as_send_right(port)
    if which == THREAD_EXCEPTION_PORT:
        old, thread.exception_port = thread.exception_port, right
    elif which == THREAD_KERNEL_PORT:
        old, thread.self_port = thread.self_port, right
    else:
        raise MachError(KernReturn.INVALID_ARGUMENT)
    kernel.ipc.release_send(old)


def run_state(thread: TaskThread) -> int:
    """``run_state`` of thread_basic_info."""
    if thread.state is ThreadState.HALTED:
        return TH_STATE_HALTED
    if thread.state is ThreadState.WAITING:
        return TH_STATE_WAITING if thread.interruptible else TH_STATE_UNINTERRUPTIBLE
    if thread.state is ThreadState.SUSPENDED or thread.suspend_count:
        return TH_STATE_STOPPED
    return TH_STATE_RUNNING


def cpu_usage(thread: TaskThread) -> int:
    """Recent share of a processor, times TH_USAGE_SCALE: the decayed usage over its steady value of one
    processor, 8/3 s."""
    return min(TH_USAGE_SCALE, thread.sched_usage * 3 * TH_USAGE_SCALE // (8 * 1_000_000_000))


def thread_info(kernel: "MachKernel", thread: TaskThread, flavor: int, room: int) -> tuple[int, ...]:
    if flavor == THREAD_BASIC_INFO:
        check_room(room, 11)
        return (
            *time_value(thread.user_time),
            *time_value(thread.system_time),
            cpu_usage(thread),
            thread.base_priority,
            thread.sched_priority,
            run_state(thread),
            0,
            thread.user_suspend_count,
            0,
        )
    if flavor == THREAD_SCHED_INFO:
        check_room(room, 7)
        depressed = thread.depressed_priority >= 0
        home = thread.processor_set
        quantum = thread.quantum or (home.quantum if home is not None else 0)
        return (
            thread.policy,
            0 if thread.policy == POLICY_TIMESHARE else quantum // 1_000_000,
            thread.base_priority,
            thread.max_priority,
            thread.sched_priority,
            int(depressed),
            thread.depressed_priority & 0xFFFFFFFF,
        )
    raise MachError(KernReturn.INVALID_ARGUMENT)


THREAD_CALLS: dict[Routine, Implementation] = {
    mach.thread_create: thread_create,
    mach.thread_terminate: thread_terminate,
    mach.thread_suspend: thread_suspend,
    mach.thread_resume: thread_resume,
    mach.thread_abort: thread_abort,
    mach.thread_get_state: thread_get_state,
    mach.thread_set_state: thread_set_state,
    mach.thread_get_special_port: thread_get_special_port,
    mach.thread_set_special_port: thread_set_special_port,
    mach.thread_info: thread_info,
}
