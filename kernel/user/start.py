"""Starting native tasks: for whoever assembles a node, and for tests; programs do not import this.

A native task is a task like any other, with a map and a name space of its own.  What it may do depends
on the rights it is given: ``ports``, and its bootstrap port.
"""

from collections.abc import Mapping

from ..interface.returns import MachError
from ..interface.stubs.bootstrap import bootstrap_exit
from ..interface.values import Right
from ..ipc import entry as names
from ..ipc.port import Port
from ..kern.kinds import IKOT_BOOTSTRAP
from ..kern.mach_kernel import MachKernel
from ..kern.task import Task
from .door import Door
from .task import Main, NativeTask, start_main


def start_native(
    kernel: MachKernel,
    name: str,
    main: Main,
    *,
    ports: Mapping[str, Port | Right] | None = None,
    bootstrap: Port | None = None,
) -> Task:
    """Start a native task.  ``main`` finds the names of ``ports`` in ``NativeTask.ports``: for each port
    a send right is made, and each ``Right`` (to a ``Port``) is handed over.  MachError when memory runs
    out."""
    task = kernel.create_task(None, False, name)
    given: dict[str, int] = {}
    for label, right in (ports or {}).items():
        if isinstance(right, Port):
            given[label] = kernel.ipc.copyout_send(task.space, right)
        else:
            assert isinstance(right.port, Port)
            given[label] = names.copyout(task.space, right.port, right.disposition)
    if bootstrap is not None:
        task.bootstrap_port = kernel.ipc.make_send(bootstrap)
    start_main(Door(kernel, task), main, given)
    return task


def boot_native(kernel: MachKernel, name: str, main: Main) -> Task:
    """Start a native program as the first task.  Its bootstrap port is the kernel's, which gives the
    privileged host port and the device master port; what ``main`` returns, or 0, is the exit status."""
    port = kernel.ipc.allocate_kernel_port(IKOT_BOOTSTRAP, kernel)

    async def first(task: NativeTask) -> None:
        status = await main(task)
        try:
            await bootstrap_exit(task, task.bootstrap_port, status if isinstance(status, int) else 0)
        except MachError:  # the program gave up its bootstrap port
            return

    task = start_native(kernel, name, first, bootstrap=port)
    kernel.first_task = task
    return task
