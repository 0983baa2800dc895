"""Which files can be the first task: what is wrong with the others is said in plain words."""

import struct
from pathlib import Path

import pytest

from kernel.kern.bootstrap import STACK_SIZE, STACK_TOP, BadProgram, Program, page_ranges
from machsh.machine import Machine, Settings
from machsh.topology import parse_topology

HEADER = struct.Struct("<16sHHIIIIIHHHHHH")
SEGMENT = struct.Struct("<8I")
CODE = b"\xeb\xfe"
ADDRESS = 0x8048000

Segment = tuple[int, int, int, int, int]
"""Type, address, bytes in the file, bytes in memory, flags."""

TEXT: Segment = (1, ADDRESS, HEADER.size + SEGMENT.size + len(CODE), 0x1000, 5)


def elf(
    *segments: Segment,
    bits: int = 1,
    order: int = 1,
    kind: int = 2,
    machine: int = 3,
    size: int = SEGMENT.size,
) -> bytes:
    """A file with these segments, each of which begins at the file's first byte."""
    ident = b"\x7fELF" + bytes((bits, order, 1)) + bytes(9)
    header = HEADER.pack(
        ident, kind, machine, 1, ADDRESS, HEADER.size, 0, 0, HEADER.size, size, len(segments), 0, 0, 0
    )
    table = b"".join(
        SEGMENT.pack(type_, 0, address, address, in_file, in_memory, flags, 0x1000)
        for type_, address, in_file, in_memory, flags in segments
    )
    return header + table + CODE


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"", "not an ELF executable"),
        (b"#!/bin/sh\necho hello\n" + bytes(64), "not an ELF executable"),
        (elf(TEXT)[:40], "not an ELF executable"),
        (elf(TEXT, bits=2), "not an executable for the i386"),
        (elf(TEXT, order=2), "not an executable for the i386"),
        (elf(TEXT, machine=62), "not an executable for the i386"),
        (elf(TEXT, kind=3), "not a static executable"),
        (elf(TEXT, kind=1), "not a static executable"),
        (elf(TEXT, size=8), "program headers are damaged"),
        (elf(TEXT)[: HEADER.size + 8], "program headers are damaged"),
        (elf((3, ADDRESS, 4, 4, 4), TEXT), "wants a dynamic linker"),
        (elf(), "nothing to load"),
        (elf((1, ADDRESS, 0, 0, 5)), "nothing to load"),
        (elf((1, ADDRESS, 10_000, 20_000, 5)), "outside of the file or of memory"),
        (elf((1, ADDRESS, 10, 5, 5)), "outside of the file or of memory"),
        (elf((1, STACK_TOP - STACK_SIZE, 1, 1, 5)), "outside of the file or of memory"),
        (elf((1, 0xFFFFF000, 1, 0x2000, 5)), "outside of the file or of memory"),
    ],
)
def test_a_bad_file_is_refused_with_the_reason(data: bytes, complaint: str) -> None:
    with pytest.raises(BadProgram, match=complaint):
        Program(data)


def booted(data: bytes, arguments: list[bytes] | None = None, memory: int = 1 << 20) -> Machine:
    with Path("/dev/null").open("wb") as output:
        machine = Machine(Settings(parse_topology("uni"), memory), output)
    machine.boot("program", data, arguments or [])
    return machine


def test_a_program_larger_than_memory_is_refused() -> None:
    with pytest.raises(BadProgram, match="does not fit into the node's memory"):
        booted(elf((1, ADDRESS, 1 << 20, 1 << 20, 6)) + bytes(1 << 20), memory=1 << 19)


def test_arguments_larger_than_the_stack_are_refused() -> None:
    with pytest.raises(BadProgram, match="arguments do not fit on the stack"):
        booted(elf(TEXT), [b"x" * STACK_SIZE])


def test_segments_that_share_a_page_get_what_both_need() -> None:
    text: Segment = (1, ADDRESS, 100, 0x1800, 5)
    data: Segment = (1, ADDRESS + 0x1800, 100, 0x1800, 6)
    assert page_ranges(Program(elf(text, data))) == [
        (ADDRESS, ADDRESS + 0x1000, 5),
        (ADDRESS + 0x1000, ADDRESS + 0x2000, 7),
        (ADDRESS + 0x2000, ADDRESS + 0x3000, 3),
    ]
    task = booted(elf(text, data)).node.kernel.first_task
    assert task is not None
    protections = [
        task.map.lookup(address).protection  # type: ignore[union-attr]
        for address in range(ADDRESS, ADDRESS + 0x3000, 0x1000)
    ]
    assert protections == [5, 7, 3]
