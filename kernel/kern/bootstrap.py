"""The first task: a program file becomes a task, as Mach's kernel starts its first server.

The file is a static i386 ELF executable.  Its segments are put into fresh memory, a stack below
STACK_TOP gets the arguments in the way of the System V ABI, and the one thread starts at the entry.
The task's bootstrap port is the kernel's: on it the task asks for its privileged ports, and says its
exit status.
"""

import struct
from typing import TYPE_CHECKING

from ..interface.constants import VM_PROT_EXECUTE, VM_PROT_NONE, VM_PROT_READ, VM_PROT_WRITE
from ..interface.returns import MachError
from ..machine.memory import PAGE_MASK, PAGE_SIZE
from ..machine.mmu import KERNEL_BASE
from ..machine.processor import EIP, ESP
from ..vm import user as vm_user
from ..vm.access import copyout
from ..vm.fault import PageWait
from ..vm.map import VmMap
from .kinds import IKOT_BOOTSTRAP
from .task import Task

if TYPE_CHECKING:
    from .mach_kernel import MachKernel

STACK_TOP = KERNEL_BASE - 16 * PAGE_SIZE
STACK_SIZE = 64 * 1024
"""Bytes of stack of the first thread (Mach 3.0's bootstrap gave its first task 64 KB)."""

_HEADER = struct.Struct("<16sHHIIIIIHHHHHH")
_SEGMENT = struct.Struct("<8I")
PT_LOAD = 1
AT_NULL, AT_PHDR, AT_PHENT, AT_PHNUM, AT_PAGESZ, AT_ENTRY = 0, 3, 4, 5, 6, 9


class BadProgram(Exception):
    """A file that cannot be started; the text says why."""


class Program:
    """A static i386 ELF executable, checked."""

    __slots__ = ("data", "entry", "header_count", "header_offset", "segments")

    def __init__(self, data: bytes) -> None:
        self.data = data
        if len(data) < _HEADER.size or data[:4] != b"\x7fELF":
            raise BadProgram("not an ELF executable")
        ident, kind, machine, _, entry, offset, _, _, _, size, count, *_ = _HEADER.unpack_from(data)
        if ident[4] != 1 or ident[5] != 1 or machine != 3:
            raise BadProgram("not an executable for the i386 (build it with: machsh cc)")
        if kind != 2:
            raise BadProgram("not a static executable (build it with: machsh cc)")
        if size != _SEGMENT.size or offset + count * size > len(data):
            raise BadProgram("its program headers are damaged")
        self.entry = entry
        self.header_offset = offset
        self.header_count = count
        self.segments: list[tuple[int, int, int, int, int]] = []  # offset, address, file size, size, flags
        for index in range(count):
            header = _SEGMENT.unpack_from(data, offset + index * size)
            kind, at, address, _, in_file, in_memory, flags, _ = header
            if kind == 3:
                raise BadProgram("it wants a dynamic linker; only static executables run")
            if kind != PT_LOAD or in_memory == 0:
                continue
            if (
                in_file > in_memory
                or at + in_file > len(data)
                or address + in_memory > STACK_TOP - STACK_SIZE
            ):
                raise BadProgram("a segment lies outside of the file or of memory")
            self.segments.append((at, address, in_file, in_memory, flags))
        if not self.segments:
            raise BadProgram("it has nothing to load")

    @property
    def header_address(self) -> int:
        """Where the program headers are once loaded; 0 if they are not."""
        for at, address, in_file, _, _ in self.segments:
            if at <= self.header_offset < at + in_file:
                return int(address + self.header_offset - at)
        return 0


def load_segments(address_map: VmMap, program: Program) -> None:
    """Put the segments into an empty map; MachError when memory runs out."""
    ranges = page_ranges(program)
    for start, end, _ in ranges:
        vm_user.vm_allocate(address_map, start, end - start, False)
    for at, address, in_file, _, _ in program.segments:
        copyout(address_map, address, program.data[at : at + in_file])
    for start, end, protection in ranges:
        vm_user.vm_protect(address_map, start, end - start, False, protection)


def page_ranges(program: Program) -> list[tuple[int, int, int]]:
    """(start, end, protection) of the pages that the segments need, in order, without overlap; a page
    of several segments gets what each of them needs."""
    pages: dict[int, int] = {}
    for _, address, _, size, flags in program.segments:
        for page in range(address & ~PAGE_MASK, address + size, PAGE_SIZE):
            pages[page] = pages.get(page, VM_PROT_NONE) | _protection(flags)
    ranges: list[tuple[int, int, int]] = []
    for page in sorted(pages):
        if ranges and ranges[-1][1:] == (page, pages[page]):
            ranges[-1] = ranges[-1][0], page + PAGE_SIZE, pages[page]
        else:
            ranges.append((page, page + PAGE_SIZE, pages[page]))
    return ranges


def _protection(flags: int) -> int:
    """A segment's flags (PF_X 1, PF_W 2, PF_R 4) as VM_PROT_ bits."""
    return (
        (VM_PROT_READ if flags & 4 else 0)
        | (VM_PROT_WRITE if flags & 2 else 0)
        | (VM_PROT_EXECUTE if flags & 1 else 0)
    )


def build_stack(
    address_map: VmMap, program: Program, arguments: list[bytes], environment: list[bytes]
) -> int:
    """Allocate the stack and put the arguments on it; the stack pointer at entry."""
    bottom = STACK_TOP - STACK_SIZE
    vm_user.vm_allocate(address_map, bottom, STACK_SIZE, False)
    strings = b""
    offsets: list[int] = []
    for text in arguments + environment:
        offsets.append(len(strings))
        strings += text + b"\0"
    base = (STACK_TOP - len(strings)) & ~15
    pointers = [base + offset for offset in offsets]
    auxiliary = [
        (AT_PHDR, program.header_address),
        (AT_PHENT, _SEGMENT.size),
        (AT_PHNUM, program.header_count),
        (AT_PAGESZ, PAGE_SIZE),
        (AT_ENTRY, program.entry),
        (AT_NULL, 0),
    ]
    count = len(arguments)
    words = [count, *pointers[:count], 0, *pointers[count:], 0]
    words += [word for pair in auxiliary for word in pair]
    stack = (base - 4 * len(words)) & ~15
    if stack < bottom + PAGE_SIZE:
        raise BadProgram("its arguments do not fit on the stack")
    copyout(
        address_map,
        stack,
        struct.pack(f"<{len(words)}I", *words) + bytes(base - stack - 4 * len(words)) + strings,
    )
    return stack


def boot(
    kernel: "MachKernel", name: str, data: bytes, arguments: list[bytes], environment: list[bytes]
) -> Task:
    """Start the first task; BadProgram if the file cannot be started."""
    program = Program(data)
    task = kernel.create_task(None, False, name)
    try:
        load_segments(task.map, program)
        stack = build_stack(task.map, program, arguments, environment)
    except (MachError, PageWait) as error:
        raise BadProgram(f"it does not fit into the node's memory ({error})") from None
    port = kernel.ipc.allocate_kernel_port(IKOT_BOOTSTRAP, kernel)
    task.bootstrap_port = kernel.ipc.make_send(port)
    thread = kernel.create_thread(task)
    state = thread.user_state
    assert state is not None
    state.q[EIP] = program.entry
    state.q[ESP] = stack
    kernel.first_task = task
    kernel.resume_thread(thread)
    return task
