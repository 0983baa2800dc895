# ruff: noqa: A002 - values have the names that Mach gave them
"""Calls of the mach_port interface for native tasks.

Generated from the declarations by kernel/interface/generate/python_stubs.py.  Every function
raises MachError when the call fails.
"""

from typing import cast

from kernel.interface import mach_port as declared
from kernel.interface.caller import Caller, PortName, Value, taken_words
from kernel.interface.values import Right


async def mach_port_names(caller: Caller, task: PortName) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """List a task's names and what each of them denotes."""
    outs = await caller.call(declared.mach_port_names, task)
    names, types = cast("tuple[Value, Value]", outs)
    return await taken_words(caller, names), await taken_words(caller, types)


async def mach_port_type(caller: Caller, task: PortName, name: int) -> int:
    """Tell what a name denotes."""
    outs = await caller.call(declared.mach_port_type, task, name)
    (ptype,) = cast("tuple[int]", outs)
    return ptype


async def mach_port_rename(caller: Caller, task: PortName, old_name: int, new_name: int) -> None:
    """Give rights another name."""
    await caller.call(declared.mach_port_rename, task, old_name, new_name)


async def mach_port_allocate_name(caller: Caller, task: PortName, right: int, name: int) -> None:
    """Make a port, a port set or a dead name, under a given name."""
    await caller.call(declared.mach_port_allocate_name, task, right, name)


async def mach_port_allocate(caller: Caller, task: PortName, right: int) -> int:
    """Make a port, a port set or a dead name."""
    outs = await caller.call(declared.mach_port_allocate, task, right)
    (name,) = cast("tuple[int]", outs)
    return name


async def mach_port_destroy(caller: Caller, task: PortName, name: int) -> None:
    """Give up all rights under a name."""
    await caller.call(declared.mach_port_destroy, task, name)


async def mach_port_deallocate(caller: Caller, task: PortName, name: int) -> None:
    """Give up one reference of a send right, a send-once right or a dead name."""
    await caller.call(declared.mach_port_deallocate, task, name)


async def mach_port_get_refs(caller: Caller, task: PortName, name: int, right: int) -> int:
    """Count the references of a right."""
    outs = await caller.call(declared.mach_port_get_refs, task, name, right)
    (refs,) = cast("tuple[int]", outs)
    return refs


async def mach_port_mod_refs(caller: Caller, task: PortName, name: int, right: int, delta: int) -> None:
    """Add references of a right, or take some away."""
    await caller.call(declared.mach_port_mod_refs, task, name, right, delta)


async def old_mach_port_get_receive_status(caller: Caller, task: PortName, name: int) -> tuple[int, ...]:
    """Report on a port, without its sequence number."""
    outs = await caller.call(declared.old_mach_port_get_receive_status, task, name)
    (status,) = cast("tuple[tuple[int, ...]]", outs)
    return status


async def mach_port_set_qlimit(caller: Caller, task: PortName, name: int, qlimit: int) -> None:
    """Limit how many messages may wait at a port."""
    await caller.call(declared.mach_port_set_qlimit, task, name, qlimit)


async def mach_port_set_mscount(caller: Caller, task: PortName, name: int, mscount: int) -> None:
    """Set the count of send rights made from a receive right."""
    await caller.call(declared.mach_port_set_mscount, task, name, mscount)


async def mach_port_get_set_status(caller: Caller, task: PortName, name: int) -> tuple[int, ...]:
    """List the members of a port set."""
    outs = await caller.call(declared.mach_port_get_set_status, task, name)
    (members,) = cast("tuple[Value]", outs)
    return await taken_words(caller, members)


async def mach_port_move_member(caller: Caller, task: PortName, member: int, after: int) -> None:
    """Move a receive right into a port set, or out of any."""
    await caller.call(declared.mach_port_move_member, task, member, after)


async def mach_port_request_notification(
    caller: Caller, task: PortName, name: int, id: int, sync: int, notify: Right
) -> PortName:
    """Ask to be told when a name dies, a port is destroyed or has no more senders."""
    outs = await caller.call(declared.mach_port_request_notification, task, name, id, sync, notify)
    (previous,) = cast("tuple[PortName]", outs)
    return previous


async def mach_port_insert_right(caller: Caller, task: PortName, name: int, poly: Right) -> None:
    """Put a right into a task, under a given name."""
    await caller.call(declared.mach_port_insert_right, task, name, poly)


async def mach_port_extract_right(caller: Caller, task: PortName, name: int, msgt_name: int) -> Right:
    """Take a right out of a task, as if it had sent it."""
    outs = await caller.call(declared.mach_port_extract_right, task, name, msgt_name)
    (poly,) = cast("tuple[Right]", outs)
    return poly


async def mach_port_get_receive_status(caller: Caller, task: PortName, name: int) -> tuple[int, ...]:
    """Report on a port."""
    outs = await caller.call(declared.mach_port_get_receive_status, task, name)
    (status,) = cast("tuple[tuple[int, ...]]", outs)
    return status


async def mach_port_set_seqno(caller: Caller, task: PortName, name: int, seqno: int) -> None:
    """Set the sequence number that the next message from a port will have."""
    await caller.call(declared.mach_port_set_seqno, task, name, seqno)
