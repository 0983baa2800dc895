"""The calls on devices.  What one device cannot do, it refuses with D_INVALID_OPERATION."""

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING

from ..interface import device as calls
from ..interface.body import CarriedMemory
from ..interface.declare import Routine
from ..interface.returns import MachError
from ..ipc.port import Port
from ..sched.thread import WaitResult
from .device import Device, DeviceError, DeviceMaster, DeviceReturn
from .kinds import IKOT_DEVICE
from .memory import memory_bytes
from .serve import Implementation

if TYPE_CHECKING:
    from .mach_kernel import MachKernel

IN_BAND_MAX = 128
"""Bytes that an in-band transfer holds (IO_INBAND_MAX)."""


def device_open(kernel: "MachKernel", master: object, mode: int, name: str) -> Port:
    if not isinstance(master, DeviceMaster):
        raise MachError(DeviceReturn.NO_SUCH_DEVICE)
    try:
        device = master.open(name)
    except DeviceError as error:
        raise MachError(error.code) from None
    if device.port is None:
        device.port = kernel.ipc.allocate_kernel_port(IKOT_DEVICE, device)
    return kernel.ipc.make_send(device.port)


def device_close(kernel: "MachKernel", device: object) -> None:
    opened = _device(device)
    if kernel.devices.close(opened) and opened.port is not None:
        kernel.ipc.destroy_kernel_port(opened.port)
        opened.port = None


def _device(target: object) -> Device:
    if not isinstance(target, Device):
        raise MachError(DeviceReturn.NO_SUCH_DEVICE)
    return target


def _write(device: object, mode: int, record: int, data: bytes) -> int:
    try:
        return _device(device).write(mode, record, data)
    except DeviceError as error:
        raise MachError(error.code) from None


def device_write(kernel: "MachKernel", device: object, mode: int, record: int, data: CarriedMemory) -> int:
    written = _write(device, mode, record, memory_bytes(data))
    kernel.ipc.destroy_carried((data,))
    return written


def device_write_inband(kernel: "MachKernel", device: object, mode: int, record: int, data: bytes) -> int:
    return _write(device, mode, record, data)


def _read(device: object, mode: int, record: int, wanted: int, wrap: Callable[[bytes], object]) -> object:
    try:
        got = _device(device).read(mode, record, wanted)
    except DeviceError as error:
        raise MachError(error.code) from None
    if isinstance(got, bytes):
        return wrap(got)
    return _read_later(got, wrap)


async def _read_later(pending: Coroutine[None, WaitResult, bytes], wrap: Callable[[bytes], object]) -> object:
    try:
        return wrap(await pending)
    except DeviceError as error:
        raise MachError(error.code) from None


def device_read(kernel: "MachKernel", device: object, mode: int, record: int, wanted: int) -> object:
    return _read(device, mode, record, wanted, lambda data: CarriedMemory(0, len(data), data))


def device_read_inband(kernel: "MachKernel", device: object, mode: int, record: int, wanted: int) -> object:
    return _read(device, mode, record, min(wanted, IN_BAND_MAX), lambda data: data)


def device_get_status(kernel: "MachKernel", device: object, flavor: int, room: int) -> tuple[int, ...]:
    try:
        status = _device(device).get_status(flavor)
    except DeviceError as error:
        raise MachError(error.code) from None
    if len(status) > room:
        raise MachError(DeviceReturn.INVALID_SIZE)
    return status


def device_set_status(kernel: "MachKernel", device: object, flavor: int, status: tuple[int, ...]) -> None:
    try:
        _device(device).set_status(flavor, status)
    except DeviceError as error:
        raise MachError(error.code) from None


DEVICE_CALLS: dict[Routine, Implementation] = {
    calls.device_open: device_open,
    calls.device_close: device_close,
    calls.device_write: device_write,
    calls.device_write_inband: device_write_inband,
    calls.device_read: device_read,
    calls.device_read_inband: device_read_inband,
    calls.device_get_status: device_get_status,
    calls.device_set_status: device_set_status,
}
