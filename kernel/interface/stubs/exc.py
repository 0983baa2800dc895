"""Calls of the exc interface for native tasks.

Generated from the declarations by kernel/interface/generate/python_stubs.py.  Every function
raises MachError when the call fails.
"""

from kernel.interface import exc as declared
from kernel.interface.caller import Caller, PortName


async def exception_raise(
    caller: Caller,
    exception_port: PortName,
    thread: PortName,
    task: PortName,
    exception: int,
    code: int,
    subcode: int,
) -> None:
    """Tell of a thread's exception; the thread goes on when the answer is success."""
    await caller.call(declared.exception_raise, exception_port, thread, task, exception, code, subcode)
