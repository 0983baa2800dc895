"""Address spaces as a flat model: what the random operations are compared with.

A map is a dictionary of pages; a page's contents are a ``Cell``, which several maps may share.
"""

from dataclasses import dataclass

from kernel.interface.returns import KernReturn
from kernel.machine.memory import PAGE_SIZE
from kernel.vm.map_copy import VmMapCopy

COPY = 1  # VM_INHERIT_COPY


class Cell:
    """The contents of a page, seen by everybody who shares it."""

    def __init__(self, data: bytes = bytes(PAGE_SIZE)) -> None:
        self.data = bytearray(data)

    def copy(self) -> "Cell":
        return Cell(bytes(self.data))


@dataclass(frozen=True)
class Page:
    """A page of a map."""

    cell: Cell
    protection: int = 3
    maximum: int = 7
    inheritance: int = COPY
    wired: int = 0


class Model:
    """An address space: page number -> Page."""

    def __init__(self) -> None:
        self.pages: dict[int, Page] = {}

    def look(self, address: int, size: int, access: int) -> KernReturn | None:
        """The error of accessing a range in one go, page by page upwards; None if it is allowed."""
        for number in range(address // PAGE_SIZE, -(-(address + size) // PAGE_SIZE)):
            page = self.pages.get(number)
            if page is None:
                return KernReturn.INVALID_ADDRESS
            if page.protection & access != access:
                return KernReturn.PROTECTION_FAILURE
        return None

    def read(self, address: int, size: int) -> bytes:
        first = address // PAGE_SIZE
        last = -(-(address + size) // PAGE_SIZE)
        whole = b"".join(bytes(self.pages[number].cell.data) for number in range(first, last))
        return whole[address % PAGE_SIZE :][:size]

    def write(self, address: int, data: bytes) -> None:
        for at, byte_run in by_page(address, data):
            cell = self.pages[at // PAGE_SIZE].cell
            cell.data[at % PAGE_SIZE : at % PAGE_SIZE + len(byte_run)] = byte_run


def by_page(address: int, data: bytes) -> list[tuple[int, bytes]]:
    parts = []
    while data:
        count = min(len(data), PAGE_SIZE - address % PAGE_SIZE)
        parts.append((address, data[:count]))
        address += count
        data = data[count:]
    return parts


@dataclass
class Held:
    """A copy in transit, and what its pages should contain."""

    copy: VmMapCopy
    cells: list[Cell]
    offset: int
    size: int

    def bytes(self) -> bytes:
        return b"".join(bytes(cell.data) for cell in self.cells)[self.offset :][: self.size]
