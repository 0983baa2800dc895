"""What kernel work costs on a machine model: named figures, read from one TOML file a model.

Each figure of a file stands with its source (``source = "..."``) or is marked ``estimated = "why"``.
Kernel code charges by name: ``clock.now += costs.trap``; copies are charged by the byte.
"""

import tomllib
from dataclasses import dataclass, fields
from pathlib import Path

_FOLDER = Path(__file__).parent / "costs"


@dataclass(frozen=True, slots=True)
class Costs:
    """Virtual nanoseconds of each kind of work (``*_ps``: picoseconds a byte)."""

    instruction: int  # one user instruction, on average
    # Entering and leaving the kernel
    trap: int  # a system call trap in and out, doing nothing
    emulation: int  # redirecting a system call to the emulation library, beyond the trap
    exception: int  # any other exception of a processor, in and out
    interrupt: int  # a device or network interrupt, in and out
    # Scheduling
    context_switch: int  # from one thread to another, same or other address space
    handoff: int  # giving the processor to a known thread, without the scheduler
    schedule: int  # putting a thread on, or choosing one from, the run queue
    # Messages
    message_copyin: int  # checking and copying in a header (bytes are charged apart)
    message_copyout: int
    right_copyin: int  # each port right in a message
    right_copyout: int
    message_queue: int  # putting on or taking from a port's queue
    kernel_call: int  # finding and entering the routine that serves a message to a kernel port
    # Memory
    map_lookup: int  # finding an entry in an address map
    map_entry: int  # making, clipping or removing an entry
    object_create: int  # making, shadowing or freeing a memory object
    fault: int  # machine-independent part of a page fault
    page_allocate: int  # taking or returning a resident page
    pmap_enter: int  # making one page accessible
    pmap_remove: int  # taking rights away from one page
    zero_page: int  # clearing 4,096 bytes
    copy_byte_ps: int  # memory copied by the kernel
    # Tasks and threads
    task_create: int  # beyond the address space
    thread_create: int
    # Devices (the machine's, not the disk's own mechanics)
    device_start: int  # starting a transfer

    def copy(self, size: int) -> int:
        """Nanoseconds to copy ``size`` bytes of memory."""
        return size * self.copy_byte_ps // 1000


def models() -> list[str]:
    """The machine models there are, by name."""
    return sorted(path.stem for path in _FOLDER.glob("*.toml"))


def load_costs(model: str) -> Costs:
    """The cost table of a machine model such as ``i486_33``; ValueError if there is no such model,
    or if its file names a figure that does not exist, leaves one out, or gives one no source."""
    path = _FOLDER / f"{model}.toml"
    if not path.exists():
        raise ValueError(f"no machine model '{model}'; there are: {', '.join(models())}")
    table = tomllib.loads(path.read_text())["costs"]
    names = {field.name for field in fields(Costs)}
    if wrong := set(table) ^ names:
        raise ValueError(f"{path.name}: figures missing or unknown: {', '.join(sorted(wrong))}")
    for name, entry in table.items():
        if not (entry.get("source") or entry.get("estimated")):
            raise ValueError(f"{path.name}: figure '{name}' has neither a source nor 'estimated'")
    return Costs(
        **{name: int(entry["ns"] if "ns" in entry else entry["ps"]) for name, entry in table.items()}
    )
