"""The host: the node as programs see it, with its time of day and its processors' and sets' ports."""

from dataclasses import dataclass, field

from ..ipc.port import Port
from ..sched.processor import Processor, ProcessorSet

ADJUSTMENT_PPM = 500
"""How much faster or slower the time of day goes while it is adjusted: Mach 3.0's tickadj, 5 us in a
tick of 10 ms."""
LARGE_ADJUSTMENT_NS = 1_000_000_000
"""Adjustments of more than this (Mach 3.0's bigadj) go ten times as fast."""


@dataclass(slots=True, eq=False)
class HostProcessor:
    """A processor with the port that controls it."""

    processor: Processor
    port: Port | None = None


@dataclass(slots=True, eq=False)
class HostProcessorSet:
    """A processor set with the port that controls it and the port that merely names it."""

    processor_set: ProcessorSet
    port: Port | None = None
    name_port: Port | None = None
    active: bool = True


@dataclass(slots=True, eq=False)
class Host:
    """One node's host structure."""

    node: int
    memory_size: int  # bytes
    machine: str  # the cost model's name
    port: Port | None = None
    priv_port: Port | None = None
    device_port: Port | None = None
    processors: list[HostProcessor] = field(default_factory=list)
    processor_sets: list[HostProcessorSet] = field(default_factory=list)
    special_ports: dict[int, Port] = field(default_factory=dict)  # send rights, by number
    # What is added to virtual time for the time of day: an offset, and an adjustment that grows with
    # time until it is complete (there is no clock tick, so it is worked out when somebody looks).
    _offset_ns: int = 0
    _adjustment_ns: int = 0
    _adjusting_since_ns: int = 0

    def _adjusted_ns(self, now_ns: int) -> int:
        """How much of the adjustment has been done."""
        rate_ppm = ADJUSTMENT_PPM * (10 if abs(self._adjustment_ns) > LARGE_ADJUSTMENT_NS else 1)
        done = min((now_ns - self._adjusting_since_ns) * rate_ppm // 1_000_000, abs(self._adjustment_ns))
        return done if self._adjustment_ns >= 0 else -done

    def time_offset_ns(self, now_ns: int) -> int:
        """To be added to virtual time."""
        return self._offset_ns + self._adjusted_ns(now_ns)

    def set_time_offset(self, offset_ns: int) -> None:
        """Change the time of day at once."""
        self._offset_ns = offset_ns
        self._adjustment_ns = 0

    def adjust_time(self, now_ns: int, adjustment_ns: int) -> int:
        """Begin to correct the time of day by that much; what was left of the last correction."""
        done = self._adjusted_ns(now_ns)
        left = self._adjustment_ns - done
        self._offset_ns += done
        self._adjustment_ns, self._adjusting_since_ns = adjustment_ns, now_ns
        return left
