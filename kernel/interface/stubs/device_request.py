"""Calls of the device_request interface for native tasks.

Generated from the declarations by kernel/interface/generate/python_stubs.py.  Every function
raises MachError when the call fails.
"""

from kernel.interface import device as declared
from kernel.interface.caller import Caller, PortName
from kernel.interface.values import Memory


async def device_open_request(
    caller: Caller, device_server_port: PortName, reply_port: PortName, mode: int, name: str
) -> None:
    """Open a device; the answer is device_open_reply."""
    await caller.call(declared.device_open_request, device_server_port, mode, name, reply_port=reply_port)


async def device_write_request(
    caller: Caller, device: PortName, reply_port: PortName, mode: int, recnum: int, data: Memory
) -> None:
    """Write to a device; the answer is device_write_reply."""
    await caller.call(declared.device_write_request, device, mode, recnum, data, reply_port=reply_port)


async def device_write_request_inband(
    caller: Caller, device: PortName, reply_port: PortName, mode: int, recnum: int, data: bytes
) -> None:
    """Write a little to a device; the answer is device_write_reply_inband."""
    await caller.call(declared.device_write_request_inband, device, mode, recnum, data, reply_port=reply_port)


async def device_read_request(
    caller: Caller, device: PortName, reply_port: PortName, mode: int, recnum: int, bytes_wanted: int
) -> None:
    """Read from a device; the answer is device_read_reply."""
    await caller.call(declared.device_read_request, device, mode, recnum, bytes_wanted, reply_port=reply_port)


async def device_read_request_inband(
    caller: Caller, device: PortName, reply_port: PortName, mode: int, recnum: int, bytes_wanted: int
) -> None:
    """Read a little from a device; the answer is device_read_reply_inband."""
    await caller.call(
        declared.device_read_request_inband, device, mode, recnum, bytes_wanted, reply_port=reply_port
    )
