"""Toy nodes: small actors with random programs, which do everything that a real node does to the engine.

A toy has a processor that runs instructions in slices and traps into a kernel, whose work takes time
and may end beyond the horizon; timers, which it sets and cancels; housekeeping, which may send, and may
start work again; and packets of bytes to other toys.  What it does next depends on everything that
happened to it before, in order (``_mix``), so that any difference in order spreads.  Its program ends
when its fuel is used up.
"""

from collections.abc import Callable
from dataclasses import dataclass

from kernel.machine.clock import Clock
from kernel.machine.engine import Horizon
from kernel.machine.events import NEVER, Event, EventQueue
from kernel.machine.trace import Trace

LOOKAHEAD_NS = 1_000
INSTRUCTION_NS = 7  # so that no slice ends where an instruction does

Send = Callable[[int, int, int, bytes], None]


@dataclass(frozen=True)
class ToyProgram:
    """Where a toy starts from."""

    number: int
    seed: int
    fuel: int  # actions until it stops
    start_ns: int  # of its first action, or NEVER to begin idle
    housekeeping_ns: int  # its period, or 0 for none


class ToyNode:
    def __init__(self, program: ToyProgram, toys: int, send: Send) -> None:
        self.number = program.number
        self.clock = Clock()
        self.events = EventQueue(self.clock, self.number)
        self.trace = Trace(self.clock, self.number)
        self.trace.start_hash()
        self._toys = toys
        self._send = send
        self._state = program.seed
        self._fuel = program.fuel
        self._period_ns = program.housekeeping_ns
        self._left = 0  # instructions until the processor traps; 0 when it has no work
        self._timers: list[Event] = []
        if program.start_ns < NEVER:
            self.events.schedule(program.start_ns, self._act, b"start")
        if self._period_ns:
            self.events.schedule(self._period_ns, self._keep_house, housekeeping=True)

    # ------------------------------------------------------------------ what the engine calls

    def next_time(self) -> int:
        return min(self.clock.now, self.events.next_time()) if self._left else self.events.next_time()

    def progress_time(self) -> int:
        return self.clock.now if self._left else self.events.progress_time()

    def receive(self, source: int, packet: bytes) -> None:
        self._act(b"%d:" % source + packet)

    def advance(self, horizon: Horizon) -> None:
        while True:
            event_ns = self.events.next_time()
            if self._left and self.clock.now < event_ns:
                if self.clock.now >= horizon.time:
                    return
                self._compute(horizon, min(horizon.time, event_ns))
                continue
            if event_ns >= horizon.time:
                return
            if not self._left and not self.events.progress and event_ns >= horizon.housekeeping:
                return
            horizon.now = event_ns
            self.events.run_first()

    def _compute(self, horizon: Horizon, limit: int) -> None:
        """Run the instructions that begin before ``limit``, and the trap after the last."""
        room = -(-(limit - self.clock.now) // INSTRUCTION_NS)
        count = min(room, self._left)
        self.clock.now += count * INSTRUCTION_NS
        self._left -= count
        if self._left:
            horizon.now = self.clock.now
        else:  # the last instruction is the trap
            horizon.now = self.clock.now - INSTRUCTION_NS
            self._act(b"trap")

    # ------------------------------------------------------------------ what it does

    def _mix(self, data: bytes) -> None:
        for byte in data:
            self._state = (self._state * 1103515245 + byte + 12345) & 0xFFFFFFFF

    def _luck(self, count: int) -> int:
        self._mix(b".")
        return (self._state >> 8) % count

    def _act(self, why: bytes) -> None:
        began = self.clock.now
        self._mix(why + b"%d" % began)
        self.trace.emit("act", why, self._state)
        if self._fuel <= 0:
            return
        self._fuel -= 1
        self.clock.now += self._luck(900)  # the kernel's work
        for _ in range(1 + self._luck(2)):
            self._do_something(began)

    def _do_something(self, began: int) -> None:
        now = self.clock.now
        match self._luck(6):
            case 0 | 1 if self._toys > 1:
                to = (self.number + 1 + self._luck(self._toys - 1)) % self._toys
                earliest = max(began + LOOKAHEAD_NS, now)
                coarse = (earliest // 500 + 1 + self._luck(6)) * 500  # so that many arrive together
                arrival = coarse if self._luck(2) else earliest
                self._send(self.number, to, arrival, b"%d" % self._state)
            case 2:
                self._timers.append(self.events.schedule(now + self._luck(5_000), self._act, b"timer"))
            case 3 if self._timers:
                self._timers.pop(self._luck(len(self._timers))).cancel()
            case 4 if not self._left:
                self._left = 1 + self._luck(800)
            case 5:
                self.events.schedule(now + self._luck(3) * 500, self._act, b"again")

    def _keep_house(self) -> None:
        began = self.clock.now
        self._mix(b"house")
        self.trace.emit("housekeeping", self._state)
        if self._luck(4) == 0 and self._fuel > 0:
            self._fuel -= 1
            self._do_something(began)
        self.events.schedule(began + self._period_ns, self._keep_house, housekeeping=True)
