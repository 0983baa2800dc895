"""What the kernel tells an exception port (id 2400)."""

from kernel.interface.declare import Subsystem
from kernel.interface.mach_types import int_t, mach_port_t

exc = Subsystem("exc", 2400, served_by="exception handlers")


@exc.routine(2400)
def exception_raise(
    exception_port: mach_port_t,
    thread: mach_port_t,
    task: mach_port_t,
    exception: int_t,
    code: int_t,
    subcode: int_t,
) -> None:
    """Tell of a thread's exception; the thread goes on when the answer is success."""
