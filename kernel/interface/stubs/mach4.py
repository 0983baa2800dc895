"""Calls of the mach4 interface for native tasks.

Generated from the declarations by kernel/interface/generate/python_stubs.py.  Every function
raises MachError when the call fails.
"""

from typing import cast

from kernel.interface import mach4 as declared
from kernel.interface.caller import Caller, PortName


async def task_enable_pc_sampling(caller: Caller, host: PortName, flavor: int) -> int:
    """Begin to sample where a task's threads are."""
    outs = await caller.call(declared.task_enable_pc_sampling, host, flavor)
    (tick,) = cast("tuple[int]", outs)
    return tick


async def task_disable_pc_sampling(caller: Caller, host: PortName) -> int:
    """Stop sampling a task."""
    outs = await caller.call(declared.task_disable_pc_sampling, host)
    (samplecnt,) = cast("tuple[int]", outs)
    return samplecnt


async def task_get_sampled_pcs(
    caller: Caller, host: PortName, seqno: int
) -> tuple[int, tuple[tuple[int, ...], ...]]:
    """Fetch the samples of a task taken since the last fetch."""
    outs = await caller.call(declared.task_get_sampled_pcs, host, seqno)
    seqno, sampled_pcs = cast("tuple[int, tuple[tuple[int, ...], ...]]", outs)
    return seqno, sampled_pcs


async def thread_enable_pc_sampling(caller: Caller, host: PortName, flavor: int) -> int:
    """Begin to sample where a thread is."""
    outs = await caller.call(declared.thread_enable_pc_sampling, host, flavor)
    (tick,) = cast("tuple[int]", outs)
    return tick


async def thread_disable_pc_sampling(caller: Caller, host: PortName) -> int:
    """Stop sampling a thread."""
    outs = await caller.call(declared.thread_disable_pc_sampling, host)
    (samplecnt,) = cast("tuple[int]", outs)
    return samplecnt


async def thread_get_sampled_pcs(
    caller: Caller, host: PortName, seqno: int
) -> tuple[int, tuple[tuple[int, ...], ...]]:
    """Fetch the samples of a thread taken since the last fetch."""
    outs = await caller.call(declared.thread_get_sampled_pcs, host, seqno)
    seqno, sampled_pcs = cast("tuple[int, tuple[tuple[int, ...], ...]]", outs)
    return seqno, sampled_pcs
