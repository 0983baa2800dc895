"""Every subsystem, and every routine by its message id."""

from types import MappingProxyType
from typing import Final

from kernel.interface.bootstrap import bootstrap
from kernel.interface.declare import Routine, Subsystem
from kernel.interface.device import device, device_reply, device_request
from kernel.interface.exc import exc
from kernel.interface.mach import mach
from kernel.interface.mach4 import mach4
from kernel.interface.mach_debug import mach_debug
from kernel.interface.mach_host import mach_host
from kernel.interface.mach_norma import mach_norma
from kernel.interface.mach_port import mach_port
from kernel.interface.memory_object import memory_object
from kernel.interface.memory_object_default import memory_object_default
from kernel.interface.norma_internal import norma_internal
from kernel.interface.notify import notify

SUBSYSTEMS: Final[tuple[Subsystem, ...]] = (
    notify,
    mach,
    memory_object,
    memory_object_default,
    exc,
    mach_host,
    device,
    device_request,
    device_reply,
    mach_debug,
    mach_port,
    mach4,
    mach_norma,
    norma_internal,
    bootstrap,
)

ROUTINES: Final = MappingProxyType(
    {
        routine.id: routine
        for subsystem in SUBSYSTEMS
        if not subsystem.view_of
        for routine in subsystem.routines
    }
)


def routine_by_id(message_id: int) -> Routine | None:
    """Return the routine whose request has this id."""
    return ROUTINES.get(message_id)
