"""The disk of the default pager: whole pages to and from blocks, without touching a byte."""

from kernel.interface.body import CarriedMemory
from kernel.interface.constants import (
    D_NO_MEMORY,
    D_READ,
    D_WRITE,
    DEV_GET_SIZE,
    DEV_GET_SIZE_DEVICE_SIZE,
    DEV_GET_SIZE_RECORD_SIZE,
)
from kernel.interface.returns import KernReturn, MachError
from kernel.interface.stubs import device
from kernel.user import NativeTask, PortName, Region

PAGE_SIZE = 4096

PATIENCE_NS = 1_000_000
"""How long a thread waits before it looks for space, or for a frame, once more (a choice)."""


class PagingDisk:
    """A partition, in blocks of a page."""

    __slots__ = ("_device", "_sectors_per_page", "_task")

    def __init__(self, task: NativeTask) -> None:
        self._task = task
        self._device: PortName = 0
        self._sectors_per_page = 0

    async def open(self, master: PortName, name: str) -> int:
        """How many blocks it has.  MachError: there is no such device."""
        self._device = await device.device_open(self._task, master, D_READ | D_WRITE, name)
        status = await device.device_get_status(self._task, self._device, DEV_GET_SIZE)
        self._sectors_per_page = PAGE_SIZE // status[DEV_GET_SIZE_RECORD_SIZE]
        return status[DEV_GET_SIZE_DEVICE_SIZE] // PAGE_SIZE

    async def write(self, address: int, block: int, count: int) -> int:
        """Write pages in memory, which stay there, to adjacent blocks; the error, or 0."""
        data = CarriedMemory(0, count * PAGE_SIZE, Region(address))
        try:
            await device.device_write(self._task, self._device, 0, block * self._sectors_per_page, data)
        except MachError as error:
            return error.code
        return 0

    async def read(self, block: int) -> int:
        """The address of the contents of a block, in new memory; 0 if they cannot be read."""
        while True:
            try:
                data = await device.device_read(
                    self._task, self._device, 0, block * self._sectors_per_page, PAGE_SIZE
                )
            except MachError as error:
                if error.code not in (D_NO_MEMORY, KernReturn.RESOURCE_SHORTAGE):
                    return 0
                await self._task.sleep(PATIENCE_NS)
            else:
                assert isinstance(data.memory, Region)
                return data.memory.address
