"""What a first task asks on its bootstrap port (ids from 1000000)."""

from kernel.interface.declare import Out, Subsystem
from kernel.interface.mach_types import int_t, mach_port_t

bootstrap = Subsystem("bootstrap", 999999)


@bootstrap.routine(1000000)
def bootstrap_privileged_ports(
    bootstrap: mach_port_t, priv_host: Out[mach_port_t], priv_device: Out[mach_port_t]
) -> None:
    """Get the privileged host port and the device master port."""


@bootstrap.routine(1000001)
def bootstrap_exit(bootstrap: mach_port_t, status: int_t) -> None:
    """Say that the first task is done, with its exit status; the machine stops."""
