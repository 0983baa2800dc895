"""Reads what an ELF executable says about itself (System V ABI, i386 supplement)."""

import struct
from dataclasses import dataclass
from typing import ClassVar

_LOAD, _INTERPRETER = 1, 3
_EXECUTE, _WRITE = 1, 2


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of the file that is loaded into memory."""

    offset: int
    address: int
    file_size: int
    memory_size: int
    executable: bool
    writable: bool

    def contains(self, address: int) -> bool:
        return self.address <= address < self.address + self.memory_size


@dataclass(frozen=True, slots=True)
class Elf:
    I386: ClassVar[int] = 3
    EXECUTABLE: ClassVar[int] = 2

    bits: int
    machine: int
    kind: int
    entry: int
    interpreter: bool
    loaded: tuple[Segment, ...]


def read_elf(data: bytes) -> Elf:
    """Parse a little-endian 32-bit ELF file; ValueError if it is none."""
    if data[:4] != b"\x7fELF" or data[4] != 1 or data[5] != 1:
        raise ValueError("not a little-endian 32-bit ELF file")
    kind, machine, _, entry, table = struct.unpack_from("<HHIII", data, 16)
    entry_size, count = struct.unpack_from("<HH", data, 42)
    headers = [struct.unpack_from("<8I", data, table + number * entry_size) for number in range(count)]
    loaded = tuple(
        Segment(offset, address, file_size, memory_size, bool(flags & _EXECUTE), bool(flags & _WRITE))
        for what, offset, address, _, file_size, memory_size, flags, _ in headers
        if what == _LOAD
    )
    return Elf(32, machine, kind, entry, any(header[0] == _INTERPRETER for header in headers), loaded)
