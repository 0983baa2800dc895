"""Calls that may have to wait for a pager.

The calls of this room are plain functions.  One that needs a page that is not resident, or an object
that is not ready, undoes what it began and raises PageWait or ObjectWait.  ``complete`` waits for that,
and repeats the call until it went through.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from ..interface.returns import KernReturn, MachError
from ..sched.thread import WaitResult
from .fault import PageWait, fault_wait
from .pager import ObjectWait, give_up

if TYPE_CHECKING:
    from .object import VmObject
    from .system import VmSystem

_T = TypeVar("_T")


async def complete(system: "VmSystem", call: Callable[[], _T]) -> _T:
    """The result of ``call()``.  MachError: its own, that of a fault, ABORTED when interrupted, or
    MEMORY_ERROR when a pager took too long."""
    held: list[VmObject] = []
    deadline = system.clock.now + system.pager_timeout_ns
    try:
        while True:
            try:
                return call()
            except PageWait as wait:
                code = await fault_wait(wait.map, wait.address, wait.access)
                if code:
                    raise MachError(code) from None
            except ObjectWait as wait:
                held.append(wait.vm_object)
                system.waited_for.append(wait.vm_object)
                assert system.scheduler is not None, "a call waits on a node without a scheduler"
                result = await system.scheduler.wait(wait.queue, deadline=deadline)
                if result == WaitResult.TIMED_OUT:
                    give_up(wait.queue)
                    raise MachError(KernReturn.MEMORY_ERROR) from None
                if result != WaitResult.AWAKENED:
                    raise MachError(KernReturn.ABORTED) from None
    finally:
        for vm_object in held:
            system.waited_for.remove(vm_object)
            vm_object.deallocate()
