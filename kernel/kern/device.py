"""Devices: what a device port stands for.  Names lead to devices through the device master port.

A device that is opened twice is one device with one port and a count of opens (as in Mach 3.0); its
port dies when it was closed as often, or when nobody has a right to it any more.
"""

from collections import deque
from collections.abc import Callable, Coroutine
from enum import IntEnum
from typing import TYPE_CHECKING

from ..ipc.port import Port
from ..machine.terminal import TerminalLine
from ..sched.thread import WaitResult
from ..sched.wait import WaitQueue

if TYPE_CHECKING:
    from .mach_kernel import MachKernel

D_READ = 1
D_WRITE = 2
D_NODELAY = 4
D_NOWAIT = 8


class DeviceReturn(IntEnum):
    """What device calls return (device/device_types.h)."""

    IO_QUEUED = -1
    SUCCESS = 0
    IO_ERROR = 2500
    WOULD_BLOCK = 2501
    NO_SUCH_DEVICE = 2502
    ALREADY_OPEN = 2503
    DEVICE_DOWN = 2504
    INVALID_OPERATION = 2505
    INVALID_RECNUM = 2506
    INVALID_SIZE = 2507
    NO_MEMORY = 2508
    READ_ONLY = 2509


Transfer = "bytes | Coroutine[None, WaitResult, bytes]"


class Device:
    """What every device offers; operations it lacks answer INVALID_OPERATION."""

    __slots__ = ("kernel", "name", "open_count", "port")

    def __init__(self, kernel: "MachKernel", name: str) -> None:
        self.kernel = kernel
        self.name = name
        self.port: Port | None = None
        self.open_count = 0

    def write(self, mode: int, record: int, data: bytes) -> int:
        """Write; the number of bytes written."""
        raise DeviceError(DeviceReturn.INVALID_OPERATION)

    def read(self, mode: int, record: int, wanted: int) -> "bytes | Coroutine[None, WaitResult, bytes]":
        """Read up to ``wanted`` bytes; may have to wait."""
        raise DeviceError(DeviceReturn.INVALID_OPERATION)

    def get_status(self, flavor: int) -> tuple[int, ...]:
        raise DeviceError(DeviceReturn.INVALID_OPERATION)

    def set_status(self, flavor: int, status: tuple[int, ...]) -> None:
        raise DeviceError(DeviceReturn.INVALID_OPERATION)


class DeviceError(Exception):
    """A device operation failed."""

    def __init__(self, code: DeviceReturn) -> None:
        super().__init__(code.name)
        self.code = code


class Console(Device):
    """The console line: bytes as they come, without echo or editing (a server's terminal driver does
    those).  A read waits until there is something, and returns what there is."""

    __slots__ = ("_input", "_line", "_readers")

    def __init__(self, kernel: "MachKernel", line: TerminalLine) -> None:
        super().__init__(kernel, "console")
        self._line = line
        self._input: deque[int] = deque()
        self._readers = WaitQueue("console input")
        line.attach(self._received)

    def _received(self, data: bytes) -> None:
        kernel = self.kernel
        kernel.clock.now += kernel.costs.interrupt
        self._input.extend(data)
        kernel.scheduler.wake_all(self._readers)

    def write(self, mode: int, record: int, data: bytes) -> int:
        kernel = self.kernel
        kernel.clock.now += kernel.costs.device_start + kernel.costs.copy(len(data))
        self._line.write(data)
        return len(data)

    def read(self, mode: int, record: int, wanted: int) -> "bytes | Coroutine[None, WaitResult, bytes]":
        if wanted < 0:
            raise DeviceError(DeviceReturn.INVALID_SIZE)
        if self._input or not wanted:
            return self._take(wanted)
        if mode & D_NOWAIT:
            raise DeviceError(DeviceReturn.WOULD_BLOCK)
        return self._read_later(wanted)

    async def _read_later(self, wanted: int) -> bytes:
        while not self._input:
            if await self.kernel.scheduler.wait(self._readers) is WaitResult.INTERRUPTED:
                raise DeviceError(DeviceReturn.IO_ERROR)
        return self._take(wanted)

    def _take(self, wanted: int) -> bytes:
        count = min(wanted, len(self._input))
        return bytes(self._input.popleft() for _ in range(count))


class DeviceMaster:
    """The devices of a node, by name."""

    __slots__ = ("_makers", "_open", "kernel")

    def __init__(self, kernel: "MachKernel") -> None:
        self.kernel = kernel
        self._makers: dict[str, Callable[[], Device]] = {}
        self._open: dict[str, Device] = {}

    def add(self, name: str, maker: Callable[[], Device]) -> None:
        """Let ``device_open`` find a device under this name."""
        self._makers[name] = maker

    def open(self, name: str) -> Device:
        """The device of that name, opened once more."""
        device = self._open.get(name)
        if device is None:
            maker = self._makers.get(name)
            if maker is None:
                raise DeviceError(DeviceReturn.NO_SUCH_DEVICE)
            device = self._open[name] = maker()
        device.open_count += 1
        return device

    def close(self, device: Device) -> bool:
        """Close once; whether that was the last."""
        device.open_count -= 1
        return device.open_count == 0
