"""The way from a native task into the kernel, for the modules of this package alone.

A program never holds the door itself, only objects that use it.  Each call enters here, is charged a
trap, and leaves here (``kern.native.boundary``).
"""

from ..kern.mach_kernel import MachKernel
from ..kern.native import ThreadTerminated
from ..kern.task import Task
from ..kern.thread import TaskThread


class Door:
    """One task's way into the kernel."""

    __slots__ = ("clock", "costs", "ipc", "kernel", "map", "scheduler", "space", "task", "trap_ns")

    def __init__(self, kernel: MachKernel, task: Task) -> None:
        self.kernel = kernel
        self.task = task
        self.space = task.space
        self.map = task.map
        self.ipc = kernel.ipc
        self.clock = kernel.clock
        self.costs = kernel.costs
        self.scheduler = kernel.scheduler
        self.trap_ns = kernel.costs.trap

    def current(self) -> TaskThread:
        """The calling thread, which must be one of this task's."""
        thread = self.scheduler.current
        if isinstance(thread, TaskThread) and thread.task is self.task:
            return thread
        if thread is None:  # its node is being thrown away
            raise ThreadTerminated
        raise RuntimeError(f"{thread.name} makes a call of {self.task.name}, which is another task")

    def living(self) -> TaskThread:
        """The calling thread; ThreadTerminated if it may make no calls any more."""
        thread = self.current()
        if thread.aborted:
            raise ThreadTerminated
        return thread

    def enter(self) -> TaskThread:
        """A trap of the calling thread; ThreadTerminated if it may make no calls any more."""
        thread = self.living()
        self.clock.now += self.trap_ns
        return thread

    async def give_way(self) -> None:
        """Before a call of a thread that has computed for a while (``scheduler.native_user_ns``): what was
        due meanwhile comes first, and so does whoever entered the kernel before on another processor."""
        thread = self.living()
        scheduler = self.scheduler
        if len(scheduler.processors) > 1 or scheduler.must_pause(thread):
            await scheduler.pause(thread)
        scheduler.native_user_ns = 0

    async def leave(self, thread: TaskThread) -> None:
        """Back to the program; see ``kern.native.boundary``."""
        scheduler = self.scheduler
        if scheduler.must_pause(thread):
            await scheduler.pause(thread)
            if thread.aborted:
                raise ThreadTerminated
