"""A machine that runs in this process: engine, nodes, door; the plain way to boot one program."""

import os
import sys
from dataclasses import dataclass, replace
from typing import BinaryIO

from kernel.kern.bootstrap import boot
from kernel.machine.door import Door
from kernel.machine.engine import Engine, Reason
from kernel.machine.events import NEVER
from kernel.node import Node
from kernel.user import Main
from kernel.user.start import boot_native, start_native
from unixserver.default_pager import DefaultPager

from .topology import Topology

EXIT_HALTED = 70
"""Exit status when the machine halted or got stuck (EX_SOFTWARE of sysexits.h)."""

LOOKAHEAD_NS = 1_000
"""For one node any lookahead will do: nobody else is there to be surprised."""

INPUT_CHUNK = 4096

GRAIN_NS = 20_000_000
"""Virtual time that passes between two looks at the world outside; a multiple of the dispatcher's
window, so that a run does not depend on it."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the command line says about the machine."""

    topology: Topology
    memory_bytes: int = 16 << 20
    seed: int = 0
    verbose: bool = False
    paging_bytes: int = 0
    """Paging space, and a default pager that has it; 0: neither."""


class Machine:
    """One-node machines; ``output`` gets what the console line sends."""

    def __init__(self, settings: Settings, output: BinaryIO) -> None:
        self.settings = settings
        self._output = output
        self._pending = bytearray()
        self.said: list[str] = []
        self.engine = Engine(LOOKAHEAD_NS)
        self.node = Node(
            0,
            replace(
                settings.topology.node_configuration(settings.memory_bytes),
                paging_bytes=settings.paging_bytes,
            ),
            self.engine,
            self._write,
            self._say,
        )
        self.engine.add(self.node)
        self.door = Door(self.engine)
        self.node.console.connect(self.door, 0, "console")
        self.default_pager: DefaultPager | None = None
        if settings.paging_bytes:
            self._start_default_pager()

    def _start_default_pager(self) -> None:
        """The first task that there is: memory is not short before it runs."""
        assert self.node.paging_disk is not None
        self.node.paging_disk.connect(self.door, 0, "paging")
        host = self.node.kernel.host
        assert host.priv_port is not None and host.device_port is not None
        pager = self.default_pager = DefaultPager()
        ports = {"host_priv": host.priv_port, "device_master": host.device_port}
        start_native(self.node.kernel, "default_pager", pager.main, ports=ports)

    def _write(self, data: bytes) -> None:
        self._pending += data

    def _flush(self) -> None:
        """Let out what the console line sent."""
        if self._pending:
            data, self._pending = bytes(self._pending), bytearray()
            self._output.write(data)
            self._output.flush()

    def _say(self, text: str) -> None:
        """What the kernel says to its operator goes to standard error, and is kept."""
        self.said.append(text)
        self._flush()
        print(f"machsh: {text}", file=sys.stderr, flush=True)

    def boot(self, name: str, program: bytes, arguments: list[bytes]) -> None:
        """Start the first task; ``kernel.kern.bootstrap.BadProgram`` if the file cannot be started."""
        boot(self.node.kernel, name, program, arguments, [])
        self.engine.restamp(0)

    def boot_native(self, name: str, main: Main) -> None:
        """Start a native program as the first task (docs/native-tasks.md)."""
        boot_native(self.node.kernel, name, main)
        self.engine.restamp(0)

    def run(self, keyboard: int | None = None) -> int:
        """Run until the machine halts; the exit status for the person's shell.

        ``keyboard`` is a file descriptor: what it has is given to the console line whenever nothing
        else is left to do, so virtual time stands still until then.
        """
        try:
            while True:
                halted = self.node.halted
                if halted is not None:
                    if halted[0]:
                        print(f"machsh: halted: {halted[0]}", file=sys.stderr)
                        return EXIT_HALTED if halted[1] == 0 else halted[1] & 0xFF
                    return halted[1] & 0xFF
                begins = max(self.engine.now, self.engine.next_time())
                until = min(begins, NEVER - GRAIN_NS) // GRAIN_NS * GRAIN_NS + GRAIN_NS
                reason = self.engine.run(until)
                self._flush()
                if reason is Reason.IDLE and self.node.halted is None:
                    data = os.read(keyboard, INPUT_CHUNK) if keyboard is not None else b""
                    if data:
                        self.door.enter(0, "console", data)
                        continue
                    return self._stuck()
        finally:
            self.node.scheduler.current = None  # so that native threads may be thrown away
            self._flush()

    def _stuck(self) -> int:
        """Nothing will ever happen again: say why."""
        first = self.node.kernel.first_task
        if first is None or not first.active:
            print("machsh: halted: the first task ended without an exit status", file=sys.stderr)
        else:
            print("machsh: stuck: nothing can run any more", file=sys.stderr)
            for line in self.node.waits():
                print(f"machsh:   {line}", file=sys.stderr)
        return EXIT_HALTED
