"""Devices: what a device port stands for.  Names lead to devices through the device master port.

A device that is opened twice is one device with one port and a count of opens (as in Mach 3.0); its
port dies when it was closed as often, or when nobody has a right to it any more.
"""

from collections import Counter
from collections.abc import Callable
from enum import IntEnum
from typing import TYPE_CHECKING

from ..interface import constants
from ..ipc.port import Port
from ..vm.map_copy import VmMapCopy

if TYPE_CHECKING:
    from .mach_kernel import MachKernel


class DeviceReturn(IntEnum):
    """What device calls return (device/device_types.h)."""

    IO_QUEUED = constants.D_IO_QUEUED
    SUCCESS = constants.D_SUCCESS
    IO_ERROR = constants.D_IO_ERROR
    WOULD_BLOCK = constants.D_WOULD_BLOCK
    NO_SUCH_DEVICE = constants.D_NO_SUCH_DEVICE
    ALREADY_OPEN = constants.D_ALREADY_OPEN
    DEVICE_DOWN = constants.D_DEVICE_DOWN
    INVALID_OPERATION = constants.D_INVALID_OPERATION
    INVALID_RECNUM = constants.D_INVALID_RECNUM
    INVALID_SIZE = constants.D_INVALID_SIZE
    NO_MEMORY = constants.D_NO_MEMORY
    READ_ONLY = constants.D_READ_ONLY


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

    __slots__ = ("_makers", "_open", "in_transfer", "kernel", "pages_copied", "pages_moved")

    def __init__(self, kernel: "MachKernel") -> None:
        self.kernel = kernel
        self._makers: dict[str, Callable[[], Device]] = {}
        self._open: dict[str, Device] = {}
        self.in_transfer: Counter[int] = Counter()  # frames that devices use now, which are wired
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
