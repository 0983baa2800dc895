"""The host: the node as programs see it, with its time of day and its processors' and sets' ports."""

from dataclasses import dataclass, field

from ..ipc.port import Port
from ..sched.processor import Processor, ProcessorSet

MAX_SPECIAL_PORT = 32
"""Special ports a node can have (Mach 3.0's MAX_SPECIAL_ID)."""


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
    time_offset_ns: int = 0  # added to virtual time for the time of day
    adjustment_ns: int = 0  # what host_adjust_time still has to add
    special_ports: dict[int, Port] = field(default_factory=dict)  # send rights, by number
