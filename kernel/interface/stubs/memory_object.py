"""Calls of the memory_object interface for native tasks.

Generated from the declarations by kernel/interface/generate/python_stubs.py.  Every function
raises MachError when the call fails.
"""

from kernel.interface import memory_object as declared
from kernel.interface.caller import Caller, PortName
from kernel.interface.values import Memory, Right


async def memory_object_init(
    caller: Caller,
    memory_object: PortName,
    memory_control: PortName,
    memory_object_name: PortName,
    memory_object_page_size: int,
) -> None:
    """Tell a pager that a kernel begins to use its memory object."""
    await caller.call(
        declared.memory_object_init,
        memory_object,
        memory_control,
        memory_object_name,
        memory_object_page_size,
    )


async def memory_object_terminate(
    caller: Caller, memory_object: PortName, memory_control: PortName, memory_object_name: PortName
) -> None:
    """Tell a pager that the kernel no longer uses its memory object."""
    await caller.call(declared.memory_object_terminate, memory_object, memory_control, memory_object_name)


async def memory_object_copy(
    caller: Caller,
    old_memory_object: PortName,
    old_memory_control: PortName,
    offset: int,
    length: int,
    new_memory_object: PortName,
) -> None:
    """Tell a pager that a range of its memory object has been copied, as a new memory object."""
    await caller.call(
        declared.memory_object_copy, old_memory_object, old_memory_control, offset, length, new_memory_object
    )


async def memory_object_data_request(
    caller: Caller,
    memory_object: PortName,
    memory_control: PortName,
    offset: int,
    length: int,
    desired_access: int,
) -> None:
    """Ask a pager for data."""
    await caller.call(
        declared.memory_object_data_request, memory_object, memory_control, offset, length, desired_access
    )


async def memory_object_data_unlock(
    caller: Caller,
    memory_object: PortName,
    memory_control: PortName,
    offset: int,
    length: int,
    desired_access: int,
) -> None:
    """Ask a pager to allow an access that it locked."""
    await caller.call(
        declared.memory_object_data_unlock, memory_object, memory_control, offset, length, desired_access
    )


async def memory_object_data_write(
    caller: Caller, memory_object: PortName, memory_control: PortName, offset: int, data: Memory
) -> None:
    """Give modified data to a pager (old form of memory_object_data_return)."""
    await caller.call(declared.memory_object_data_write, memory_object, memory_control, offset, data)


async def memory_object_lock_completed(
    caller: Caller, memory_object: Right, memory_control: PortName, offset: int, length: int
) -> None:
    """Tell a pager that its memory_object_lock_request is done."""
    await caller.call(declared.memory_object_lock_completed, memory_object, memory_control, offset, length)


async def memory_object_supply_completed(
    caller: Caller,
    memory_object: Right,
    memory_control: PortName,
    offset: int,
    length: int,
    result: int,
    error_offset: int,
) -> None:
    """Tell a pager what became of the data it supplied."""
    await caller.call(
        declared.memory_object_supply_completed,
        memory_object,
        memory_control,
        offset,
        length,
        result,
        error_offset,
    )


async def memory_object_data_return(
    caller: Caller,
    memory_object: PortName,
    memory_control: PortName,
    offset: int,
    data: Memory,
    dirty: bool,
    kernel_copy: bool,
) -> None:
    """Give modified or precious data to a pager."""
    await caller.call(
        declared.memory_object_data_return, memory_object, memory_control, offset, data, dirty, kernel_copy
    )


async def memory_object_change_completed(
    caller: Caller, memory_object: Right, may_cache: bool, copy_strategy: int
) -> None:
    """Tell a pager that its memory_object_change_attributes is done."""
    await caller.call(declared.memory_object_change_completed, memory_object, may_cache, copy_strategy)
