"""Calls of the bootstrap interface for native tasks.

Generated from the declarations by kernel/interface/generate/python_stubs.py.  Every function
raises MachError when the call fails.
"""

from typing import cast

from kernel.interface import bootstrap as declared
from kernel.interface.caller import Caller, PortName


async def bootstrap_privileged_ports(caller: Caller, bootstrap: PortName) -> tuple[PortName, PortName]:
    """Get the privileged host port and the device master port."""
    outs = await caller.call(declared.bootstrap_privileged_ports, bootstrap)
    priv_host, priv_device = cast("tuple[PortName, PortName]", outs)
    return priv_host, priv_device


async def bootstrap_exit(caller: Caller, bootstrap: PortName, status: int) -> None:
    """Say that the first task is done, with its exit status; the machine stops."""
    await caller.call(declared.bootstrap_exit, bootstrap, status)
