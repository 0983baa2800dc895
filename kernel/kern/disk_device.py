"""The disk device: sectors to and from pages, without a copy.

Data read arrive in fresh frames, which become the reply's out-of-line memory; data written go from the
frames that the request's memory has, wired until the transfer is over.  With the option
``ipc.pages=copy`` the kernel copies them instead, as systems did that could not.
"""

from typing import TYPE_CHECKING

from ..interface.constants import DEV_GET_SIZE
from ..interface.returns import MachError
from ..machine.disk import SECTOR_SIZE, Disk, DiskStatus
from ..machine.memory import PAGE_SIZE
from ..vm.map_copy import VmMapCopy, copy_to_fill
from ..vm.page import VmPage
from .device import Device, DeviceError, DeviceReturn, ReadDone, WriteDone

if TYPE_CHECKING:
    from .mach_kernel import MachKernel

MAX_TRANSFER = 1 << 20
"""Bytes in one transfer at most (a choice: so that nobody ties up all of memory with one request)."""

_RETURNS = {
    DiskStatus.OK: DeviceReturn.SUCCESS,
    DiskStatus.OUT_OF_RANGE: DeviceReturn.INVALID_RECNUM,
    DiskStatus.BAD_SECTOR: DeviceReturn.IO_ERROR,
    DiskStatus.NO_POWER: DeviceReturn.DEVICE_DOWN,
}


class DiskDevice(Device):
    """A disk; records are sectors of 512 bytes, sizes multiples of that."""

    __slots__ = ("_disk", "_first", "_sectors")

    def __init__(self, kernel: "MachKernel", name: str, disk: Disk, first: int, sectors: int) -> None:
        """``sectors`` sectors of ``disk`` from ``first`` on: a partition, or all of it."""
        super().__init__(kernel, name)
        self._disk = disk
        self._first = first
        self._sectors = sectors

    def _check(self, record: int, size: int) -> int:
        """The sector of the disk where a transfer begins."""
        if size <= 0 or size % SECTOR_SIZE or size > MAX_TRANSFER:
            raise DeviceError(DeviceReturn.INVALID_SIZE)
        if record + size // SECTOR_SIZE > self._sectors:
            raise DeviceError(DeviceReturn.INVALID_RECNUM)
        return self._first + record

    def read(self, mode: int, record: int, wanted: int, done: ReadDone) -> None:
        kernel = self.kernel
        sector = self._check(record, wanted)
        try:
            copy = copy_to_fill(kernel.vm, wanted)
        except MachError:
            raise DeviceError(DeviceReturn.NO_MEMORY) from None
        pages = _whole(copy)
        self._start(pages, wanted)

        def finished(status: DiskStatus) -> None:
            self._finish(pages)
            if status is DiskStatus.OK:
                done(DeviceReturn.SUCCESS, copy)
            else:
                copy.discard()
                done(_RETURNS[status], b"")

        self._disk.read(sector, self._memory(pages, 0, wanted), finished)

    def write(self, mode: int, record: int, data: bytes | VmMapCopy, done: WriteDone) -> None:
        size = len(data) if isinstance(data, bytes) else data.size
        sector = self._check(record, size)
        if isinstance(data, bytes):
            self._start([], size)
            self._disk.write(sector, [data], lambda status: self._written(status, [], size, done))
            return
        pages = data.pages()
        resident = [page for page in pages if page is not None]
        self._start(resident, size)
        memory = self._memory(pages, data.offset, size)
        self._disk.write(sector, memory, lambda status: self._written(status, resident, size, done))

    def _written(self, status: DiskStatus, pages: list[VmPage], size: int, done: WriteDone) -> None:
        self._finish(pages)
        done(_RETURNS[status], size)

    def _memory(
        self, pages: "list[VmPage | None] | list[VmPage]", offset: int, size: int
    ) -> list[memoryview]:
        """The bytes of the frames, from ``offset`` in the first page on."""
        frame = self.kernel.vm.memory.frame
        views = [memoryview(_ZEROES) if page is None else frame(page.frame) for page in pages]
        views[0] = views[0][offset:]
        excess = sum(len(view) for view in views) - size
        views[-1] = views[-1][: len(views[-1]) - excess]
        return views

    def _start(self, pages: list[VmPage], size: int) -> None:
        kernel = self.kernel
        kernel.clock.now += kernel.costs.device_start
        if kernel.options.ipc_pages == "copy":
            kernel.clock.now += kernel.costs.copy(size)
            kernel.devices.pages_copied += -(-size // PAGE_SIZE)
        else:
            kernel.devices.pages_moved += len(pages)
        for page in pages:
            kernel.vm.pages.wire(page)
            kernel.devices.in_transfer[page.frame] += 1

    def _finish(self, pages: list[VmPage]) -> None:
        kernel = self.kernel
        kernel.clock.now += kernel.costs.interrupt
        for page in pages:
            kernel.vm.pages.unwire(page)
            kernel.devices.in_transfer[page.frame] -= 1

    def get_status(self, flavor: int) -> tuple[int, ...]:
        if flavor != DEV_GET_SIZE:
            raise DeviceError(DeviceReturn.INVALID_OPERATION)
        return self._sectors * SECTOR_SIZE, SECTOR_SIZE


def _whole(copy: VmMapCopy) -> list[VmPage]:
    return [page for page in copy.pages() if page is not None]


_ZEROES = bytes(PAGE_SIZE)
