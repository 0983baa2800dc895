"""Calls of the device_reply interface for native tasks.

Generated from the declarations by kernel/interface/generate/python_stubs.py.  Every function
raises MachError when the call fails.
"""

from kernel.interface import device as declared
from kernel.interface.caller import Caller, PortName
from kernel.interface.values import Memory, Right


async def device_open_reply(
    caller: Caller, reply_port: Right, return_code: int, device_port: PortName
) -> None:
    """Answer a device_open_request."""
    await caller.call(declared.device_open_reply, reply_port, return_code, device_port)


async def device_write_reply(caller: Caller, reply_port: Right, return_code: int, bytes_written: int) -> None:
    """Answer a device_write_request."""
    await caller.call(declared.device_write_reply, reply_port, return_code, bytes_written)


async def device_write_reply_inband(
    caller: Caller, reply_port: Right, return_code: int, bytes_written: int
) -> None:
    """Answer a device_write_request_inband."""
    await caller.call(declared.device_write_reply_inband, reply_port, return_code, bytes_written)


async def device_read_reply(caller: Caller, reply_port: Right, return_code: int, data: Memory) -> None:
    """Answer a device_read_request."""
    await caller.call(declared.device_read_reply, reply_port, return_code, data)


async def device_read_reply_inband(caller: Caller, reply_port: Right, return_code: int, data: bytes) -> None:
    """Answer a device_read_request_inband."""
    await caller.call(declared.device_read_reply_inband, reply_port, return_code, data)
