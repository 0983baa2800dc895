"""The calls on devices.  What one device cannot do, it refuses with D_INVALID_OPERATION.

Reads and writes are answered when the device is done; callers may wait, or go on and receive the answer
later on a port of their own (``device_read_request`` and the like are the same messages).
"""

from typing import TYPE_CHECKING

from ..interface import device as calls
from ..interface.body import CarriedMemory
from ..interface.constants import IO_INBAND_MAX
from ..interface.declare import Routine
from ..interface.returns import MachError
from ..ipc.port import Port
from ..vm.map_copy import VmMapCopy
from .device import Device, DeviceError, DeviceMaster, DeviceReturn
from .kinds import IKOT_DEVICE
from .pending_reply import PendingReply
from .serve import Background, Implementation

if TYPE_CHECKING:
    from .mach_kernel import MachKernel


def _device(target: object) -> Device:
    if not isinstance(target, Device):
        raise MachError(DeviceReturn.NO_SUCH_DEVICE)
    return target


def device_open(kernel: "MachKernel", master: object, mode: int, name: str) -> Port:
    if not isinstance(master, DeviceMaster):
        raise MachError(DeviceReturn.INVALID_OPERATION)
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


def _write(
    device: object,
    pending: PendingReply,
    mode: int,
    record: int,
    data: bytes | VmMapCopy,
    owned: CarriedMemory | None,
) -> None:
    target = _device(device)

    def done(code: DeviceReturn, written: int) -> None:
        if owned is not None:
            target.kernel.ipc.destroy_carried((owned,))
        if code:
            pending.refuse(code)
        else:
            pending.answer(written)

    try:
        target.write(mode, record, data, done)
    except DeviceError as error:
        raise MachError(error.code) from None


def device_write(
    kernel: "MachKernel", device: object, pending: PendingReply, mode: int, record: int, data: CarriedMemory
) -> None:
    memory = data.memory
    assert isinstance(memory, bytes | VmMapCopy)
    _write(device, pending, mode, record, memory, data)


def device_write_inband(
    kernel: "MachKernel", device: object, pending: PendingReply, mode: int, record: int, data: bytes
) -> None:
    _write(device, pending, mode, record, data, None)


def device_read(
    kernel: "MachKernel", device: object, pending: PendingReply, mode: int, record: int, wanted: int
) -> None:
    def done(code: DeviceReturn, data: bytes | VmMapCopy) -> None:
        if code:
            pending.refuse(code)
        else:
            size = len(data) if isinstance(data, bytes) else data.size
            pending.answer(CarriedMemory(0, size, data))

    try:
        _device(device).read(mode, record, wanted, done)
    except DeviceError as error:
        raise MachError(error.code) from None


def device_read_inband(
    kernel: "MachKernel", device: object, pending: PendingReply, mode: int, record: int, wanted: int
) -> None:
    def done(code: DeviceReturn, data: bytes | VmMapCopy) -> None:
        if code:
            pending.refuse(code)
        elif isinstance(data, bytes):
            pending.answer(data)
        else:
            text = data.read()
            data.discard()
            pending.answer(text)

    try:
        _device(device).read(mode, record, min(wanted, IO_INBAND_MAX), done)
    except DeviceError as error:
        raise MachError(error.code) from None


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


DEVICE_CALLS: dict[Routine, Implementation | Background] = {
    calls.device_open: device_open,
    calls.device_close: device_close,
    calls.device_write: Background(device_write),
    calls.device_write_inband: Background(device_write_inband),
    calls.device_read: Background(device_read),
    calls.device_read_inband: Background(device_read_inband),
    calls.device_get_status: device_get_status,
    calls.device_set_status: device_set_status,
}
