"""Threads of tasks: what the kern room adds to a schedulable thread."""

from typing import TYPE_CHECKING

from ..ipc.client import IpcThread
from ..ipc.port import Port

if TYPE_CHECKING:
    from .task import Task


class TaskThread(IpcThread):
    """A thread of a task: self port, exception port, counts."""

    __slots__ = (
        "active",
        "exception_port",
        "exception_reply",
        "exception_result",
        "port",
        "self_port",
        "task",
        "user_suspend_count",
    )

    def __init__(self, number: int, task: "Task") -> None:
        super().__init__(number, f"{task.name}.{number}", task.space, task.map)
        self.task = task
        self.active = True
        self.port: Port | None = None
        self.exception_port: Port | None = None  # a send right that the thread structure holds
        self.exception_reply: Port | None = None  # kernel port on which exception servers answer
        self.exception_result: int | None = None
        self.self_port: Port | None = None  # what mach_thread_self() gives, if it was interposed upon
        self.user_suspend_count = 0
