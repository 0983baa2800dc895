"""Runs generated C stubs on a bare simulated processor, with the test in place of the kernel.

Everything is linked into one image with a few lines of C: ``mach_msg`` interrupts with 0x80, and each
function that a server would call interrupts with 0x81.  Trap short cuts answer
``MACH_SEND_INTERRUPTED``, so that stubs send their message.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import unicorn
from unicorn import x86_const

from images.compiler import TARGET, run_zig
from kernel.interface.generate import generate_c
from kernel.interface.generate.c_headers import USER_HEADERS
from kernel.interface.generate.c_servers import SERVERS, function_prefixes
from kernel.interface.subsystems import SUBSYSTEMS
from kernel.interface.traps import SHORT_CUTS
from tests.userland.elf import read_elf

USERLAND = Path(__file__).resolve().parents[2] / "userland"

STACK_TOP = 0x0080_0000
RETURN = 0x0001_0000  # a stub that returns comes here, and stops
SCRATCH = 0x0010_0000
SCRATCH_SIZE = 0x0001_0000

USER_STUBS = tuple(
    routine for subsystem in SUBSYSTEMS if subsystem.name in USER_HEADERS for routine in subsystem.routines
)
SERVED = tuple(
    (server, prefix, routine)
    for server in SERVERS
    for prefix, _ in function_prefixes(server)
    for routine in server.subsystem.routines
)


def _asm(name: str, text: str) -> str:
    return f'__asm__(".globl {name}\\n{name}: {text}; ret");\n'


def _harness(functions: list[str], supplied: list[str]) -> str:
    text = "#include <mach.h>\nmach_port_t mach_task_self_ = 0x203;\n"
    text += _asm("mach_msg", "int $0x80")
    for number, name in enumerate(supplied):
        text += _asm(name, f"movl ${number}, %eax; int $0x81")
    for trap in SHORT_CUTS.values():
        text += _asm(trap.name, "movl trap_answer, %eax")
    text += _asm("mig_get_reply_port", "movl $0x77, %eax")
    text += _asm("mig_put_reply_port", "incl reply_ports_kept")
    text += _asm("mig_dealloc_reply_port", "incl reply_ports_destroyed")
    text += _asm("mach_msg_destroy", "incl messages_destroyed")
    text += "int reply_ports_kept, reply_ports_destroyed, messages_destroyed, trap_answer = 0x10000007;\n"
    text += (
        "void *memcpy(void *to, const void *from, __SIZE_TYPE__ size)\n"
        "{ char *t = to; const char *f = from; while (size--) *t++ = *f++; return to; }\n"
    )
    text += "".join(f'extern char _{name}[] __asm__("{name}");\n' for name in functions)
    counters = "&reply_ports_kept, &reply_ports_destroyed, &messages_destroyed, &trap_answer"
    text += f"void *const table[] = {{ {counters}, {', '.join('_' + name for name in functions)} }};\n"
    return text


@dataclass(slots=True)
class Sent:
    """What a stub gave to mach_msg."""

    message: bytes
    option: int
    send_size: int
    receive_limit: int
    receive_name: int


@dataclass(slots=True)
class StubMachine:
    """The image, loaded, and what it did in the last call."""

    processor: Any  # a unicorn.Uc, which has no types
    addresses: dict[str, int]
    supplied: list[str]
    reply: Callable[[Sent], bytes | int] = field(default=lambda sent: 0)
    sent: list[Sent] = field(default_factory=list)
    served: list[tuple[str, tuple[int, ...]]] = field(default_factory=list)  # function, words of its stack
    result_of_served: int = 0
    failure: BaseException | None = None

    def call(self, name: str, *arguments: int) -> int:
        """Call a C function and return its (signed) result."""
        processor = self.processor
        self.sent.clear()
        self.served.clear()
        self.failure = None
        for counter in ("kept", "destroyed", "messages"):
            self.poke(self.addresses[counter], 0)
        stack = struct.pack(f"<{1 + len(arguments)}I", RETURN, *(word & 0xFFFFFFFF for word in arguments))
        pointer = STACK_TOP - 0x100 - len(stack)
        processor.mem_write(pointer, stack)
        processor.reg_write(x86_const.UC_X86_REG_ESP, pointer)
        processor.emu_start(self.addresses[name], RETURN, count=200_000)
        if self.failure is not None:
            raise self.failure
        assert processor.reg_read(x86_const.UC_X86_REG_EIP) == RETURN, f"{name} does not return"
        (result,) = struct.unpack("<i", struct.pack("<I", processor.reg_read(x86_const.UC_X86_REG_EAX)))
        return int(result)

    def counter(self, name: str) -> int:
        return self.peek(self.addresses[name])

    def peek(self, address: int) -> int:
        (word,) = struct.unpack("<I", self.processor.mem_read(address, 4))
        return int(word)

    def poke(self, address: int, word: int) -> None:
        self.processor.mem_write(address, struct.pack("<I", word & 0xFFFFFFFF))

    def interrupt(self, processor: Any, number: int, _: object) -> None:
        try:
            result = self._send() if number == 0x80 else self._serve()
        except BaseException as failure:
            self.failure = failure
            processor.emu_stop()
            return
        processor.reg_write(x86_const.UC_X86_REG_EAX, result & 0xFFFFFFFF)

    def _send(self) -> int:
        stack = self.processor.reg_read(x86_const.UC_X86_REG_ESP)
        message, option, send_size, limit, name = struct.unpack("<5I", self.processor.mem_read(stack + 4, 20))
        sent = Sent(bytes(self.processor.mem_read(message, send_size)), option, send_size, limit, name)
        self.sent.append(sent)
        reply = self.reply(sent)
        if isinstance(reply, int):
            return reply
        assert len(reply) <= limit, "the stub has no room for this reply"
        self.processor.mem_write(message, reply)
        return 0

    def _serve(self) -> int:
        number = self.processor.reg_read(x86_const.UC_X86_REG_EAX)
        stack = self.processor.reg_read(x86_const.UC_X86_REG_ESP)
        arguments = struct.unpack("<16I", self.processor.mem_read(stack + 4, 64))
        self.served.append((self.supplied[number], arguments))
        return self.result_of_served


def build(folder: Path) -> StubMachine:
    """Generate, compile, link and load every stub and server.

    Servers are linked apart: some of their functions have the names of callers' stubs.
    """
    generate_c(folder)
    stubs = [routine.name for routine in USER_STUBS]
    return _load(folder, "stubs", stubs, [], sorted((folder / "libmach").glob("*_user.c")))


def build_servers(folder: Path) -> StubMachine:
    """The same for servers."""
    generate_c(folder)
    servers = [server.name for server in SERVERS]
    servers += [f"seqnos_{server.name}" for server in SERVERS if server.has_sequence_numbers]
    supplied = [prefix + routine.name for _, prefix, routine in SERVED]
    sources = [*sorted((folder / "libmach").glob("*_server.c")), folder / "libmach" / "mach_user.c"]
    return _load(folder, "servers", servers, supplied, sources)


def _load(
    folder: Path, name: str, functions: list[str], supplied: list[str], sources: list[Path]
) -> StubMachine:
    harness = folder / f"{name}.c"
    harness.write_text(_harness(functions, supplied))
    output = folder / name
    options = [*TARGET, "-Os", "-w", "-nostdlib", "-static", "-Wl,-e,table", "-Wl,--image-base=0x400000"]
    options += ["-I", str(folder / "include"), "-I", str(USERLAND / "include"), "-o", str(output)]
    files = [str(path) for path in (harness, *sources, folder / "libmach" / "mig_call.c")]
    result = run_zig("cc", [*options, *files], folder=folder)
    assert result.returncode == 0, result.stdout

    processor: Any = unicorn.Uc(unicorn.UC_ARCH_X86, unicorn.UC_MODE_32)  # type: ignore[attr-defined, no-untyped-call]
    data = output.read_bytes()
    elf = read_elf(data)
    processor.mem_map(0x0040_0000, 0x0010_0000)
    processor.mem_map(STACK_TOP - 0x0002_0000, 0x0002_0000)
    processor.mem_map(RETURN, 0x1000)
    processor.mem_map(SCRATCH, SCRATCH_SIZE)
    for segment in elf.loaded:
        processor.mem_write(segment.address, data[segment.offset : segment.offset + segment.file_size])
    names = ["kept", "destroyed", "messages", "trap_answer", *functions]
    table = struct.unpack(f"<{len(names)}I", processor.mem_read(elf.entry, 4 * len(names)))
    machine = StubMachine(processor, dict(zip(names, table, strict=True)), supplied)
    processor.hook_add(unicorn.UC_HOOK_INTR, machine.interrupt)
    return machine
