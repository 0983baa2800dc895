"""Native threads: threads of tasks whose program is a Python coroutine.

Such a thread has no registers; its whole life is one coroutine, driven by the dispatcher.  What is user
mode for a C program is here the code between two calls; every call ends at ``boundary``, where the
thread stops while it is suspended, gives way to whatever is due, and learns that it was terminated.

How a native thread ends.  Its coroutine returns; or it was terminated, and then its next boundary raises
:class:`ThreadTerminated`, and so does every call it makes while it unwinds; or an error escapes, which is
a bug of that program: the operator gets the traceback, and the thread an exception (EXC_SOFTWARE), which
ends its task unless somebody takes it.  An error raised inside the kernel on the program's behalf is a
bug of the kernel, and stops the machine as any other.
"""

import traceback
from collections.abc import Coroutine
from types import TracebackType
from typing import TYPE_CHECKING

from ..interface.constants import EXC_SOFTWARE
from ..interface.returns import MachError
from .task import Task
from .thread import TaskThread

if TYPE_CHECKING:
    from .mach_kernel import MachKernel

NATIVE_ERROR = 1
"""Code of the exception that an escaped Python error becomes."""

Program = Coroutine[object, object, object]


class ThreadTerminated(GeneratorExit):
    """Unwinds a native thread that was terminated.  Programs must let it pass; a call made while it
    passes raises it again.  (It is what closing a coroutine raises: that is what happens here.)"""


def create_native_thread(
    kernel: "MachKernel", task: Task, program: Program, name: str = "", *, ends_task: bool = False
) -> TaskThread:
    """A thread that runs ``program``, held by one suspend count.  ``ends_task``: the task ends when the
    program does.  MachError(FAILURE) if the task is gone."""
    try:
        thread = kernel.create_thread(task, native=True)
    except MachError:
        program.close()
        raise
    if name:
        thread.name = f"{task.name}.{name}"
    thread.coroutine = _life(kernel, thread, program, ends_task)
    return thread


async def boundary(kernel: "MachKernel", thread: TaskThread) -> None:
    """The thread is about to run on as its program: not before everything else that is due, and not
    while it is suspended.  ThreadTerminated: never."""
    if kernel.scheduler.must_pause(thread):
        await kernel.scheduler.pause(thread)
        if thread.aborted:
            raise ThreadTerminated


async def _life(kernel: "MachKernel", thread: TaskThread, program: Program, ends_task: bool) -> int:
    """What the dispatcher drives."""
    try:
        await boundary(kernel, thread)
        await program
    except ThreadTerminated:
        return 0
    except Exception as error:
        if _is_of_kernel(error):
            raise
        text = "".join(traceback.format_exception(error)).rstrip()
        kernel.console_log(f"{thread.name}: an error escaped from a native thread:\n{text}")
        await kernel.exceptions.raise_on(thread, EXC_SOFTWARE, NATIVE_ERROR, 0)
    finally:
        program.close()
    if ends_task and not thread.aborted:
        kernel.terminate_task(thread.task)
    return 0


def _is_of_kernel(error: Exception) -> bool:
    """Whether an error came from the kernel's own code and not from the program that called it."""
    if isinstance(error, MachError):
        return False
    room = ""
    step: TracebackType | None = error.__traceback__
    while step is not None:
        module = step.tb_frame.f_globals.get("__name__", "")
        if module.startswith("kernel.") and not module.startswith("kernel.interface."):
            room = module
        step = step.tb_next
    return room != __name__ and not room.startswith("kernel.user")
