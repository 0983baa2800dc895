"""Calls of the notify interface for native tasks.

Generated from the declarations by kernel/interface/generate/python_stubs.py.  Every function
raises MachError when the call fails.
"""

from kernel.interface import notify as declared
from kernel.interface.caller import Caller, PortName
from kernel.interface.values import Right


async def mach_notify_port_deleted(caller: Caller, notify: PortName, name: int) -> None:
    """Tell that a name with a dead-name request was freed or used for something else."""
    await caller.call(declared.mach_notify_port_deleted, notify, name)


async def mach_notify_msg_accepted(caller: Caller, notify: PortName, name: int) -> None:
    """Tell that a port has room again for the message that went over its limit."""
    await caller.call(declared.mach_notify_msg_accepted, notify, name)


async def mach_notify_port_destroyed(caller: Caller, notify: PortName, rights: Right) -> None:
    """Give back the receive right of a port that would have been destroyed."""
    await caller.call(declared.mach_notify_port_destroyed, notify, rights)


async def mach_notify_no_senders(caller: Caller, notify: PortName, mscount: int) -> None:
    """Tell that no send rights to a port are left."""
    await caller.call(declared.mach_notify_no_senders, notify, mscount)


async def mach_notify_send_once(caller: Caller, notify: PortName) -> None:
    """Tell that a send-once right was given up without having been used."""
    await caller.call(declared.mach_notify_send_once, notify)


async def mach_notify_dead_name(caller: Caller, notify: PortName, name: int) -> None:
    """Tell that a name's port died; the name has gained one reference."""
    await caller.call(declared.mach_notify_dead_name, notify, name)
