"""Reading and writing a native task's own memory, as the instructions of a C program would.

The access goes through the page tables of the task's map.  Pages that are not there are faulted in, each
charged as the page fault of a program, and waited for if a pager provides them.  Where that is so the
access goes on page by page, so that it ends even if not all its pages fit into memory at once.
"""

from ..interface.returns import MachError
from ..kern.native import ThreadTerminated
from ..kern.thread import TaskThread
from ..machine.memory import PAGE_SIZE
from ..vm.access import copyin, copyout
from ..vm.fault import PageWait, fault_wait
from .door import Door


async def read(door: Door, thread: TaskThread, address: int, size: int) -> bytes:
    """``size`` bytes at ``address``; MachError as a fault's."""
    statistics = thread.map.system.statistics
    before = statistics.faults, statistics.zero_fill, statistics.cow_faults
    try:
        return copyin(thread.map, address, size)
    except PageWait as wait:
        needed = wait
    finally:
        _count(door, before)
    await _bring(door, thread, needed)
    parts: list[bytes] = []
    end = address + size
    while address < end:
        part = min(end, (address | PAGE_SIZE - 1) + 1) - address
        try:
            parts.append(copyin(thread.map, address, part))
            address += part
        except PageWait as wait:
            await _bring(door, thread, wait)
    return b"".join(parts)


async def write(door: Door, thread: TaskThread, address: int, data: bytes | bytearray | memoryview) -> None:
    """Store ``data`` at ``address``; MachError as a fault's."""
    statistics = thread.map.system.statistics
    before = statistics.faults, statistics.zero_fill, statistics.cow_faults
    view = memoryview(data)
    try:
        copyout(thread.map, address, view)
        return
    except PageWait as wait:
        needed = wait
    finally:
        _count(door, before)
    await _bring(door, thread, needed)
    done = 0
    while done < len(view):
        part = min(len(view) - done, PAGE_SIZE - (address + done) % PAGE_SIZE)
        try:
            copyout(thread.map, address + done, view[done : done + part])
            done += part
        except PageWait as wait:
            await _bring(door, thread, wait)


def _count(door: Door, before: tuple[int, int, int]) -> None:
    """Count and charge the faults of an access: those of a program would be exceptions of its processor."""
    statistics = door.map.system.statistics
    faults = statistics.faults - before[0]
    if faults:
        task = door.task
        task.faults += faults
        task.zero_fills += statistics.zero_fill - before[1]
        task.copy_on_write_faults += statistics.cow_faults - before[2]
        door.clock.now += faults * door.costs.exception


async def _bring(door: Door, thread: TaskThread, wait: PageWait) -> None:
    """Wait for a page."""
    door.clock.now += door.costs.exception
    code = await fault_wait(wait.map, wait.address, wait.access)
    if thread.aborted:
        raise ThreadTerminated
    if code:
        raise MachError(code)
