"""Sampling of program counters (ids from 4000)."""

from kernel.interface.declare import InOut, Out, Subsystem
from kernel.interface.mach_types import (
    int_t,
    sampled_pc_array_t,
    sampled_pc_flavor_t,
    sampled_pc_seqno_t,
    task_t,
    thread_t,
)

mach4 = Subsystem("mach4", 4000)


@mach4.routine(4000)
def task_enable_pc_sampling(host: task_t, tick: Out[int_t], flavor: sampled_pc_flavor_t) -> None:
    """Begin to sample where a task's threads are."""


@mach4.routine(4001)
def task_disable_pc_sampling(host: task_t, samplecnt: Out[int_t]) -> None:
    """Stop sampling a task."""


@mach4.routine(4002)
def task_get_sampled_pcs(
    host: task_t, seqno: InOut[sampled_pc_seqno_t], sampled_pcs: Out[sampled_pc_array_t]
) -> None:
    """Fetch the samples of a task taken since the last fetch."""


@mach4.routine(4003)
def thread_enable_pc_sampling(host: thread_t, tick: Out[int_t], flavor: sampled_pc_flavor_t) -> None:
    """Begin to sample where a thread is."""


@mach4.routine(4004)
def thread_disable_pc_sampling(host: thread_t, samplecnt: Out[int_t]) -> None:
    """Stop sampling a thread."""


@mach4.routine(4005)
def thread_get_sampled_pcs(
    host: thread_t, seqno: InOut[sampled_pc_seqno_t], sampled_pcs: Out[sampled_pc_array_t]
) -> None:
    """Fetch the samples of a thread taken since the last fetch."""
