"""Devices: what a device port stands for.  Names lead to devices through the device master port.

A device that is opened twice is one device with one port and a count of opens (as in Mach 3.0); its
port dies when it was closed as often, or when nobody has a right to it any more.
"""

from collections.abc import Callable
from enum import IntEnum
from typing import TYPE_CHECKING

from ..ipc.port import Port
from ..vm.map_copy import VmMapCopy

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


class DeviceError(Exception):
    """A device operation failed."""

    def __init__(self, code: DeviceReturn) -> None:
        super().__init__(code.name)
        self.code = code


ReadDone = Callable[[DeviceReturn, "bytes | VmMapCopy"], None]
"""How a read ends: with data if it succeeded (else ignored), as bytes or as pages."""

WriteDone = Callable[[DeviceReturn, int], None]
"""How a write ends: with the number of bytes written."""


class Device:
    """What every device offers; operations it lacks raise DeviceError(INVALID_OPERATION).

    Reads and writes end by calling ``done``, at once or some time later.  What cannot even begin raises
    DeviceError.  Written data belong to the device only until then.
    """

    __slots__ = ("kernel", "name", "open_count", "port")

    def __init__(self, kernel: "MachKernel", name: str) -> None:
        self.kernel = kernel
        self.name = name
        self.port: Port | None = None
        self.open_count = 0

    def write(self, mode: int, record: int, data: "bytes | VmMapCopy", done: WriteDone) -> None:
        """Write ``data`` at record number ``record``."""
        raise DeviceError(DeviceReturn.INVALID_OPERATION)

    def read(self, mode: int, record: int, wanted: int, done: ReadDone) -> None:
        """Read up to ``wanted`` bytes from record number ``record`` on."""
        raise DeviceError(DeviceReturn.INVALID_OPERATION)

    def get_status(self, flavor: int) -> tuple[int, ...]:
        """The words of a status flavor."""
        raise DeviceError(DeviceReturn.INVALID_OPERATION)

    def set_status(self, flavor: int, status: tuple[int, ...]) -> None:
        """Set what a status flavor stands for."""
        raise DeviceError(DeviceReturn.INVALID_OPERATION)

    def closed(self) -> None:
        """Nobody has it open any more."""


class DeviceMaster:
    """The devices of a node, by name."""

    __slots__ = ("_makers", "_open", "kernel", "pages_copied", "pages_moved")

    def __init__(self, kernel: "MachKernel") -> None:
        self.kernel = kernel
        self._makers: dict[str, Callable[[], Device]] = {}
        self._open: dict[str, Device] = {}
        self.pages_moved = 0  # transferred in place
        self.pages_copied = 0  # with the option ipc.pages=copy

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
        if device.open_count:
            return False
        device.closed()
        return True
