"""Every call that this kernel serves: one table a family, joined here."""

from .device_calls import DEVICE_CALLS
from .host_calls import HOST_CALLS
from .port_calls import PORT_CALLS
from .processor_calls import PROCESSOR_CALLS
from .serve import Table
from .task_calls import TASK_CALLS
from .thread_calls import THREAD_CALLS
from .vm_calls import VM_CALLS


def served_tables() -> tuple[Table, ...]:
    """The tables of routines and what serves them."""
    return TASK_CALLS, THREAD_CALLS, VM_CALLS, PORT_CALLS, HOST_CALLS, PROCESSOR_CALLS, DEVICE_CALLS
