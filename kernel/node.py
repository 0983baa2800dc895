"""A node: one machine with its kernel, assembled.  The only place that knows every room.

A node is an actor of the engine: it has its own clock, event queue, memory, processors and kernel, and
meets the rest of the world only through packets and its terminal line.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from .ipc.system import IpcSystem
from .kern.console import Console
from .kern.disk_device import DiskDevice
from .kern.host import Host
from .kern.mach_kernel import MachKernel
from .kern.options import KernelOptions
from .machine.clock import Clock
from .machine.costs import load_costs
from .machine.disk import Disk
from .machine.engine import Engine, Horizon
from .machine.events import EventQueue
from .machine.memory import PhysicalMemory
from .machine.processor import MachinePages, Processor, ProcessorState
from .machine.store import MemoryStore
from .machine.terminal import TerminalLine
from .machine.trace import Trace
from .sched.assignment import join
from .sched.dispatch import Dispatcher
from .sched.processor import Processor as ScheduledProcessor
from .sched.scheduler import Scheduler
from .sched.thread import Thread, ThreadState
from .vm.pageout import PageOut
from .vm.system import VmSystem
from .xmm.system import install as install_memory_objects


@dataclass(frozen=True, slots=True)
class NodeConfiguration:
    """What a node is made of."""

    machine: str  # cost model, such as "i486_33"
    processors: int = 1
    memory_bytes: int = 16 << 20
    options: KernelOptions = field(default_factory=KernelOptions)
    paging_bytes: int = 0  # a disk with so much paging space, the device "paging"; 0: none


class KernelPanic(Exception):
    """The kernel of a node found itself in an impossible state; the text tells where and after what."""


class Node:
    """One node."""

    def __init__(
        self,
        number: int,
        configuration: NodeConfiguration,
        engine: Engine,
        console_sink: Callable[[bytes], None],
        operator: Callable[[str], None],
    ) -> None:
        """``console_sink`` gets the bytes of the console line; ``operator`` what the kernel itself says."""
        self._number = number
        self._engine = engine
        self.configuration = configuration
        self.clock = Clock()
        self._events = EventQueue(self.clock, number)
        self.trace = Trace(self.clock, number)
        self.costs = load_costs(configuration.machine)
        self.memory = PhysicalMemory(configuration.memory_bytes)
        pages = MachinePages(self.memory)
        self.machine_frames = len(pages.frames)  # that belong to no address space
        self.scheduler = Scheduler(self.clock, self.costs, self.trace, self._events)
        for index in range(configuration.processors):
            processor = ScheduledProcessor(index, Processor(self.memory, pages))
            self.scheduler.processors.append(processor)
            join(self.scheduler, processor, self.scheduler.default_set)
        self.vm = VmSystem(
            self.memory,
            self.clock,
            self.costs,
            self.trace,
            pages.directory,
            scheduler=self.scheduler,
            processors=configuration.processors,
        )
        PageOut(self.vm, self.scheduler)
        self.ipc = IpcSystem(self.clock, self.costs, self.trace, self.scheduler)
        host = Host(number, configuration.memory_bytes, configuration.machine)
        self.halted: tuple[str, int] | None = None
        empty = self.vm.create_map()
        self._empty_map = empty
        self.kernel = MachKernel(
            self.clock,
            self.costs,
            self.trace,
            self.scheduler,
            self.vm,
            self.ipc,
            host,
            lambda: ProcessorState(empty.pmap),
            self._halt,
            operator,
            configuration.options,
        )
        self.memory_objects = install_memory_objects(self.kernel)
        self.console = TerminalLine(self.clock, self._events, console_sink)
        self.kernel.devices.add("console", lambda: Console(self.kernel, self.console))
        self.paging_disk: Disk | None = None
        if configuration.paging_bytes:
            disk = self.paging_disk = Disk(self.clock, self._events, MemoryStore(configuration.paging_bytes))
            self.kernel.devices.add(
                "paging", lambda: DiskDevice(self.kernel, "paging", disk, 0, disk.sectors)
            )
        self.dispatcher = Dispatcher(
            self.clock, self._events, self.scheduler, self.kernel, self.costs.instruction
        )

    def _halt(self, reason: str, status: int) -> None:
        """The machine stops after what it is doing now."""
        if self.halted is None:
            self.halted = (reason, status)
        self._engine.stop()

    # ---- an actor of the engine

    @property
    def number(self) -> int:
        return self._number

    @property
    def events(self) -> EventQueue:
        return self._events

    def next_time(self) -> int:
        """See ``machine.engine.Actor``."""
        return self.dispatcher.next_time()

    def progress_time(self) -> int:
        """See ``machine.engine.Actor``."""
        return self.dispatcher.progress_time()

    def advance(self, horizon: Horizon) -> None:
        """See ``machine.engine.Actor``; KernelPanic on any internal inconsistency."""
        try:
            self.dispatcher.advance(horizon)
        except Exception as error:
            raise KernelPanic(self._describe(error)) from error

    def receive(self, source: int, packet: bytes) -> None:
        """See ``machine.engine.Actor``; a node without neighbours gets no packets."""
        raise AssertionError(f"node {self._number} got a packet from {source} but has no network")

    def _describe(self, error: Exception) -> str:
        current = self.scheduler.current
        lines = [
            f"panic on node {self._number} at {self.clock.now} ns, in {current}:",
            f"  {type(error).__name__}: {error}",
            "last kernel entries (time in ns, thread, vector, EAX or address):",
        ]
        lines += [
            f"  {time:>15} {thread:>5} {vector:>4} {value & 0xFFFFFFFF:#010x}"
            for time, thread, vector, value in self.kernel.recent_entries()
        ]
        return "\n".join(lines)

    def waits(self) -> list[str]:
        """Who waits for what, a line each: the answer to why nothing moves."""
        found = []
        for thread in self.kernel.threads.values():
            if thread.state is ThreadState.WAITING:
                found.append(f"{thread.name} waits for {_what(thread)}")
            elif thread.state is ThreadState.SUSPENDED:
                found.append(f"{thread.name} is suspended ({thread.suspend_count})")
        return found


def _what(thread: Thread) -> str:
    waitable = thread.wait_on
    return getattr(waitable, "name", "an event") if waitable is not None else "an event"
