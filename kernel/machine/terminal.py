"""A terminal line: bytes in from the door, bytes out to whoever shows them, and a modem's signals.

The line knows nothing of characters, echo or editing; it is 8-bit clean.  Input comes as it entered
the door.  Output goes at ``byte_ns`` a byte (a 9,600-baud line takes about 1,041,667; 0 is as fast as
it is written), in bursts, as from the FIFO of a serial chip; the driver hears of it when all has gone.
"""

from collections.abc import Callable

from .clock import Clock
from .door import Door
from .events import Event, EventQueue

_BURST = 16  # bytes in the FIFO of a serial chip (an NS16550 has 16)


def _ignore(*_: object) -> None:
    """Nobody is interested yet."""


class TerminalLine:
    """One line of a node; ``rows``, ``columns`` and ``carrier`` are what the other end last said."""

    def __init__(
        self,
        clock: Clock,
        events: EventQueue,
        sink: Callable[[bytes], None],
        *,
        byte_ns: int = 0,
        rows: int = 24,
        columns: int = 80,
    ) -> None:
        self.rows = rows
        self.columns = columns
        self.carrier = True
        self._clock = clock
        self._events = events
        self._sink = sink
        self._byte_ns = byte_ns
        self._output = bytearray()  # what has not gone out yet
        self._unheard: list[bytes] = []  # input that came before the driver
        self._sending: Event | None = None
        self._receive: Callable[[bytes], None] | None = None
        self._transmitted: Callable[[], None] = _ignore
        self._changed: Callable[[], None] = _ignore

    def attach(
        self,
        receive: Callable[[bytes], None],
        transmitted: Callable[[], None] = _ignore,
        changed: Callable[[], None] = _ignore,
    ) -> None:
        """The driver: ``receive`` takes input, ``transmitted`` says that everything written has gone
        out, ``changed`` that the window's size or the carrier is another."""
        self._receive = receive
        self._transmitted = transmitted
        self._changed = changed
        unheard, self._unheard = self._unheard, []
        for data in unheard:
            receive(data)

    # ------------------------------------------------------------------ the node's end

    @property
    def busy(self) -> bool:
        """Whether something written has not gone out yet."""
        return self._sending is not None

    def write(self, data: bytes) -> None:
        """Send bytes, after those that have not gone out yet; without a carrier they are lost."""
        if not data:
            return
        self._output += data
        if self._byte_ns == 0:
            self._send(len(self._output))
        if self._sending is None:
            self._send_later()

    def discard(self) -> int:
        """Forget what has not gone out yet; how many bytes that was."""
        count = len(self._output)
        self._output.clear()
        if self._sending is not None:
            self._sending.cancel()
            self._sending = None
        return count

    def _send_later(self) -> None:
        burst = min(len(self._output), _BURST)
        self._sending = self._events.schedule(self._clock.now + burst * self._byte_ns, self._sent, burst)

    def _sent(self, burst: int) -> None:
        """So many bytes have left the FIFO."""
        self._send(burst)
        if self._output:
            self._send_later()
            return
        self._sending = None
        self._transmitted()

    def _send(self, count: int) -> None:
        data = bytes(self._output[:count])
        del self._output[:count]
        if data and self.carrier:
            self._sink(data)

    # ------------------------------------------------------------------ the outer end

    def connect(self, door: Door, node: int, name: str) -> None:
        """Let input in through the door: ``name`` takes bytes, ``name.window`` a text such as ``24 80``
        (rows and columns), ``name.carrier`` ``on`` or ``off``."""
        door.attach(node, name, self.input)
        door.attach(node, f"{name}.window", lambda text: self.resize(*parse_window(text)), parse_window)
        door.attach(
            node, f"{name}.carrier", lambda text: self.set_carrier(parse_carrier(text)), parse_carrier
        )

    def input(self, data: bytes) -> None:
        """Bytes have come in."""
        if self._receive is None:
            self._unheard.append(data)
        else:
            self._receive(data)

    def resize(self, rows: int, columns: int) -> None:
        """The window at the other end has another size."""
        if (rows, columns) != (self.rows, self.columns):
            self.rows, self.columns = rows, columns
            self._changed()

    def set_carrier(self, carrier: bool) -> None:
        """The other end has hung up, or has come back."""
        if carrier != self.carrier:
            self.carrier = carrier
            self._changed()


def parse_window(text: bytes) -> tuple[int, int]:
    """Rows and columns of a text such as ``24 80``; else ValueError."""
    match text.split():
        case [rows, columns] if rows.isdigit() and columns.isdigit():
            return int(rows), int(columns)
    raise ValueError(f"{text!r}: a window is its rows and columns, such as '24 80'")


def parse_carrier(text: bytes) -> bool:
    """Whether there is a carrier, of ``on`` or ``off``; else ValueError."""
    if text not in (b"on", b"off"):
        raise ValueError(f"{text!r}: a carrier is 'on' or 'off'")
    return text == b"on"
