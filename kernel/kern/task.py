"""Tasks: an address space, a port name space, and the threads that run in them.

Invariant: an active task's self port (``port``) is owned by the kernel and names this task; once the
task was terminated its port is dead, its map and space are gone, and every call on it fails.
"""

from typing import TYPE_CHECKING

from ..interface.constants import TASK_PORT_REGISTER_MAX
from ..ipc.port import Port
from ..ipc.space import IpcSpace
from ..sched.processor import ProcessorSet
from ..sched.thread import BASE_PRIORITY_USER
from ..vm.map import VmMap

if TYPE_CHECKING:
    from .thread import TaskThread


class Task:
    """A task of this node."""

    __slots__ = (
        "active",
        "bootstrap_port",
        "copy_on_write_faults",
        "emulation",
        "exception_port",
        "faults",
        "map",
        "name",
        "number",
        "port",
        "priority",
        "processor_set",
        "registered",
        "restartable_sequences",
        "self_port",
        "space",
        "suspend_count",
        "terminated_system_time",
        "terminated_user_time",
        "threads",
        "zero_fills",
    )

    def __init__(
        self, number: int, name: str, address_map: VmMap, space: IpcSpace, home: ProcessorSet
    ) -> None:
        self.number = number  # unique on its node, in order of creation
        self.name = name  # for people; programs never see it
        self.active = True
        self.map = address_map
        self.space = space
        self.port: Port | None = None  # the kernel's end of the task's self port
        self.threads: list[TaskThread] = []
        self.suspend_count = 0
        self.priority = BASE_PRIORITY_USER
        self.processor_set = home
        self.restartable_sequences: dict[int, int] = {}  # start -> end, of code
        self.emulation: dict[int, int] = {}  # system call number -> entry point
        # Send rights that the task structure itself holds
        self.self_port: Port | None = None  # what mach_task_self() gives, if it was interposed upon
        self.exception_port: Port | None = None
        self.bootstrap_port: Port | None = None
        self.registered: list[Port | None] = [None] * TASK_PORT_REGISTER_MAX
        # Counters (task_info, flavor TASK_EVENTS_INFO)
        self.faults = 0
        self.zero_fills = 0
        self.copy_on_write_faults = 0
        self.terminated_user_time = 0  # ns, of threads that are gone
        self.terminated_system_time = 0

    def __repr__(self) -> str:
        return f"<task {self.number} {self.name}>"
