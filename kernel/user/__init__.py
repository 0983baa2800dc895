"""What a native (Python) task may see: the only door out of the kernel.

A program that runs as a native task imports this package and ``kernel.interface``, nothing else of the
kernel.  It deals in port names, bytes and numbers, never in kernel objects.  See docs/native-tasks.md.

=====================  ==================================================================
``NativeTask``         its own task: ``mach_msg``, ``call``, memory, threads, time, costs
``Server``             receives requests, calls functions, replies
``Mutex, Condition``   for the threads of one task
``NamedMessage``       a message, for ``mach_msg``
``Region``             memory of the task, as a message carries it
=====================  ==================================================================
"""

from ..ipc.client import NO_LIMIT
from ..ipc.named_message import Damaged, NamedMessage, Region, TooLarge, Unsent
from ..kern.native import ThreadTerminated
from .mutex import Condition, Mutex
from .server import Requests, Server, late_reply
from .task import ByValue, Main, NativeTask, PortName
from .thread import NativeThread

__all__ = [
    "NO_LIMIT",
    "ByValue",
    "Condition",
    "Damaged",
    "Main",
    "Mutex",
    "NamedMessage",
    "NativeTask",
    "NativeThread",
    "PortName",
    "Region",
    "Requests",
    "Server",
    "ThreadTerminated",
    "TooLarge",
    "Unsent",
    "late_reply",
]
