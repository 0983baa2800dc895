"""What can be booted: the topologies, by the names that people type."""

import re
from dataclasses import dataclass

from kernel.node import NodeConfiguration


class UsageError(Exception):
    """What was typed cannot be done; the text says what was expected."""


@dataclass(frozen=True, slots=True)
class Topology:
    """A parsed topology such as ``smp:4``."""

    name: str
    nodes: int
    processors: int  # of each node
    machine: str  # cost model of each node

    def node_configuration(self, memory_bytes: int) -> NodeConfiguration:
        """What each node is made of."""
        return NodeConfiguration(self.machine, self.processors, memory_bytes)


@dataclass(frozen=True, slots=True)
class Kind:
    """A family of topologies."""

    name: str
    summary: str
    picture: str


KINDS = (
    Kind(
        "uni",
        "one node with one processor (i486, 33 MHz)",
        """\
    +-----------+
    | cpu | ram |--- console
    +-----------+""",
    ),
    Kind(
        "smp:N",
        "one node with N processors, 2 to 16, that share its memory (i486, 33 MHz)",
        """\
    +-----+ +-----+     +-----+
    | cpu | | cpu | ... | cpu |
    +--+--+ +--+--+     +--+--+
       +-------+--+--------+
               | ram |--- console
               +-----+""",
    ),
)

MAX_SMP_PROCESSORS = 16
DEFAULT_MACHINE = "i486_33"


def parse_topology(text: str) -> Topology:
    """The topology that ``text`` names; UsageError if there is none."""
    if text == "uni":
        return Topology(text, 1, 1, DEFAULT_MACHINE)
    match = re.fullmatch(r"smp:(\d+)", text)
    if match:
        processors = int(match[1])
        if not 2 <= processors <= MAX_SMP_PROCESSORS:
            raise UsageError(f"smp:N has 2 to {MAX_SMP_PROCESSORS} processors, not {processors}")
        return Topology(text, 1, processors, DEFAULT_MACHINE)
    known = ", ".join(kind.name for kind in KINDS)
    raise UsageError(f"there is no topology '{text}'; there are: {known} (see 'machsh topologies')")


def describe_topologies() -> str:
    """All of them, each with a picture."""
    return "\n\n".join(f"{kind.name}: {kind.summary}\n{kind.picture}" for kind in KINDS)


_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}
MIN_MEMORY = 1 << 20
MAX_MEMORY = 1 << 30


MAX_PAGING = 1 << 32


def parse_bytes(text: str) -> int:
    """Bytes from ``16M`` and the like; UsageError if it is none."""
    match = re.fullmatch(r"(\d+)([kKmMgG]?)(?:i?[bB])?", text)
    if not match:
        raise UsageError(f"'{text}' is not a size; write 8M, 512K or a number of bytes")
    return int(match[1]) * _UNITS[match[2].lower()]


def parse_paging(text: str) -> int:
    """Bytes of paging space; UsageError if it is no size that it can have."""
    size = parse_bytes(text)
    if size > MAX_PAGING:
        raise UsageError(f"there is paging space of up to 4G, not {text}")
    return size & ~4095


def parse_size(text: str) -> int:
    """Bytes of memory from ``16M`` and the like; UsageError if it is none, or not what a node can have."""
    size = parse_bytes(text)
    if not MIN_MEMORY <= size <= MAX_MEMORY:
        raise UsageError(f"a node has 1M to 1G of memory, not {text}")
    return size & ~4095
