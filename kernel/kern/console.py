"""The console device: the node's terminal line, byte for byte.

There is no echo or editing; a server's terminal driver does those.  A read waits until there is input
and returns what there is; reads are answered in the order in which they came.
"""

from collections import deque
from typing import TYPE_CHECKING

from ..interface.constants import B9600, D_NOWAIT, TTY_FLUSH, TTY_STATUS
from ..machine.terminal import TerminalLine
from ..vm.map_copy import VmMapCopy
from .device import Device, DeviceError, DeviceReturn, ReadDone, WriteDone

if TYPE_CHECKING:
    from .mach_kernel import MachKernel

CONSOLE_WINDOW = 0x74_0100
"""Status flavor of our own: (rows, columns, carrier); set_status is refused."""

TTY_FLUSH_READ, TTY_FLUSH_WRITE = 1, 2


class Console(Device):
    """The device called ``console``."""

    __slots__ = ("_input", "_line", "_readers")

    def __init__(self, kernel: "MachKernel", line: TerminalLine) -> None:
        super().__init__(kernel, "console")
        self._line = line
        self._input: deque[int] = deque()
        self._readers: deque[tuple[int, ReadDone]] = deque()  # (bytes wanted, how to answer)
        line.attach(self._received)

    def _received(self, data: bytes) -> None:
        kernel = self.kernel
        kernel.clock.now += kernel.costs.interrupt
        self._input.extend(data)
        while self._readers and self._input:
            wanted, done = self._readers.popleft()
            done(DeviceReturn.SUCCESS, self._take(wanted))

    def write(self, mode: int, record: int, data: bytes | VmMapCopy, done: WriteDone) -> None:
        kernel = self.kernel
        text = data if isinstance(data, bytes) else data.read()
        kernel.clock.now += kernel.costs.device_start + kernel.costs.copy(len(text))
        self._line.write(text)
        done(DeviceReturn.SUCCESS, len(text))

    def read(self, mode: int, record: int, wanted: int, done: ReadDone) -> None:
        if wanted < 0:
            raise DeviceError(DeviceReturn.INVALID_SIZE)
        if self._input or not wanted:
            done(DeviceReturn.SUCCESS, self._take(wanted))
        elif mode & D_NOWAIT:
            raise DeviceError(DeviceReturn.WOULD_BLOCK)
        else:
            self._readers.append((wanted, done))

    def _take(self, wanted: int) -> bytes:
        count = min(wanted, len(self._input))
        return bytes(self._input.popleft() for _ in range(count))

    def get_status(self, flavor: int) -> tuple[int, ...]:
        if flavor == CONSOLE_WINDOW:
            return self._line.rows, self._line.columns, int(self._line.carrier)
        if flavor == TTY_STATUS:
            return B9600, B9600, 0, 0
        raise DeviceError(DeviceReturn.INVALID_OPERATION)

    def set_status(self, flavor: int, status: tuple[int, ...]) -> None:
        if flavor != TTY_FLUSH or len(status) != 1:
            raise DeviceError(DeviceReturn.INVALID_OPERATION)
        which = status[0] or TTY_FLUSH_READ | TTY_FLUSH_WRITE
        if which & TTY_FLUSH_READ:
            self._input.clear()
        if which & TTY_FLUSH_WRITE:
            self._line.discard()

    def closed(self) -> None:
        """Whoever still waits for input gets none."""
        while self._readers:
            self._readers.popleft()[1](DeviceReturn.DEVICE_DOWN, b"")
