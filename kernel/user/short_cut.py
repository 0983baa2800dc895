"""Calls for which C programs have a trap: no message is sent where the target is a task of this node.

See ``interface/traps.py``.  Those whose arguments are numbers alone are done here; where a short cut does
not apply, nothing has happened and the message is sent.
"""

from ..interface import mach, mach_port
from ..interface.declare import Routine
from ..interface.traps import SHORT_CUTS as TRAPS
from ..kern.kinds import IKOT_TASK
from .door import Door

SHORT_CUTS = frozenset(
    {
        mach.vm_allocate,
        mach.vm_deallocate,
        mach.task_terminate,
        mach.task_suspend,
        mach_port.mach_port_allocate,
        mach_port.mach_port_allocate_name,
        mach_port.mach_port_deallocate,
    }
)
assert all(routine.name in TRAPS for routine in SHORT_CUTS)

_WORD = range(1 << 32)


async def short_cut(
    door: Door, routine: Routine, port: int, ins: tuple[object, ...]
) -> tuple[object, ...] | None:
    """Do the call on the task that ``port`` names; None if the message must be sent instead."""
    entry = door.space.entries.get(port)
    if entry is None or entry.port is None or entry.port.kind != IKOT_TASK:
        return None
    target = door.kernel.convert(entry.port, "task_t")
    if target is None or len(ins) != len(routine.ins):
        return None
    if not all(isinstance(value, int) and value in _WORD for value in ins):
        return None  # the codec will say what is wrong with them
    if door.scheduler.native_user_ns:
        await door.give_way()
    thread = door.enter()
    function = door.kernel.server.implementation(routine)
    try:
        result = function(door.kernel, target, *ins)
    finally:
        await door.leave(thread)
    return () if result is None else (result,)
