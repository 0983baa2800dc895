"""Calls of the memory_object_default interface for native tasks.

Generated from the declarations by kernel/interface/generate/python_stubs.py.  Every function
raises MachError when the call fails.
"""

from kernel.interface import memory_object_default as declared
from kernel.interface.caller import Caller, PortName
from kernel.interface.values import Memory


async def memory_object_create(
    caller: Caller,
    old_memory_object: PortName,
    new_memory_object: PortName,
    new_object_size: int,
    new_control_port: PortName,
    new_name: PortName,
    new_page_size: int,
) -> None:
    """Make the default pager responsible for memory that the kernel made."""
    await caller.call(
        declared.memory_object_create,
        old_memory_object,
        new_memory_object,
        new_object_size,
        new_control_port,
        new_name,
        new_page_size,
    )


async def memory_object_data_initialize(
    caller: Caller, memory_object: PortName, memory_control_port: PortName, offset: int, data: Memory
) -> None:
    """Give the default pager data that it has never seen."""
    await caller.call(
        declared.memory_object_data_initialize, memory_object, memory_control_port, offset, data
    )


async def memory_object_data_terminate(
    caller: Caller, memory_object: PortName, memory_control_port: PortName, offset: int, size: int
) -> None:
    """Tell the default pager that a range is no longer needed."""
    await caller.call(declared.memory_object_data_terminate, memory_object, memory_control_port, offset, size)
