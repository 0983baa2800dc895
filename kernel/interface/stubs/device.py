# ruff: noqa: A002 - values have the names that Mach gave them
"""Calls of the device interface for native tasks.

Generated from the declarations by kernel/interface/generate/python_stubs.py.  Every function
raises MachError when the call fails.
"""

from collections.abc import Sequence
from typing import cast

from kernel.interface import device as declared
from kernel.interface.body import CarriedMemory
from kernel.interface.caller import Caller, PortName
from kernel.interface.values import Memory, Right


async def device_open(caller: Caller, master_port: PortName, mode: int, name: str) -> PortName:
    """Open a device by name."""
    outs = await caller.call(declared.device_open, master_port, mode, name)
    (device,) = cast("tuple[PortName]", outs)
    return device


async def device_close(caller: Caller, device: PortName) -> None:
    """Close a device."""
    await caller.call(declared.device_close, device)


async def device_write(caller: Caller, device: PortName, mode: int, recnum: int, data: Memory) -> int:
    """Write to a device."""
    outs = await caller.call(declared.device_write, device, mode, recnum, data)
    (bytes_written,) = cast("tuple[int]", outs)
    return bytes_written


async def device_write_inband(caller: Caller, device: PortName, mode: int, recnum: int, data: bytes) -> int:
    """Write a little to a device."""
    outs = await caller.call(declared.device_write_inband, device, mode, recnum, data)
    (bytes_written,) = cast("tuple[int]", outs)
    return bytes_written


async def device_read(
    caller: Caller, device: PortName, mode: int, recnum: int, bytes_wanted: int
) -> CarriedMemory:
    """Read from a device."""
    outs = await caller.call(declared.device_read, device, mode, recnum, bytes_wanted)
    (data,) = cast("tuple[CarriedMemory]", outs)
    return data


async def device_read_inband(
    caller: Caller, device: PortName, mode: int, recnum: int, bytes_wanted: int
) -> bytes:
    """Read a little from a device."""
    outs = await caller.call(declared.device_read_inband, device, mode, recnum, bytes_wanted)
    (data,) = cast("tuple[bytes]", outs)
    return data


async def device_map(
    caller: Caller, device: PortName, prot: int, offset: int, size: int, unmap: int
) -> PortName:
    """Get a memory object that stands for a device."""
    outs = await caller.call(declared.device_map, device, prot, offset, size, unmap)
    (pager,) = cast("tuple[PortName]", outs)
    return pager


async def device_set_status(caller: Caller, device: PortName, flavor: int, status: Sequence[int]) -> None:
    """Set something about a device."""
    await caller.call(declared.device_set_status, device, flavor, status)


async def device_get_status(caller: Caller, device: PortName, flavor: int) -> tuple[int, ...]:
    """Ask something about a device."""
    outs = await caller.call(declared.device_get_status, device, flavor, 1024)
    (status,) = cast("tuple[tuple[int, ...]]", outs)
    return status


async def device_set_filter(
    caller: Caller, device: PortName, receive_port: Right, priority: int, filter: Sequence[int]
) -> None:
    """Choose which packets of a network interface are sent to a port."""
    await caller.call(declared.device_set_filter, device, receive_port, priority, filter)
