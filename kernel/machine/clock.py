"""Virtual time of one node.

``now`` is the clock, in integer nanoseconds of virtual time, of the processor that is in the kernel
of this node at the moment; the dispatcher loads it when a processor enters the kernel and saves it
when the processor leaves.  Kernel code charges its work with ``clock.now += costs.something``.
"""


class Clock:
    """The node's clock; ``now`` in nanoseconds since the machine was switched on."""

    __slots__ = ("now",)

    def __init__(self) -> None:
        self.now = 0
