"""Random i386 code for the processor's tests: well-formed instructions that end, and arbitrary bytes."""

import hashlib
import random
import struct
import sys

from kernel.machine.processor import (
    EAX,
    EBP,
    EBX,
    ECX,
    EDI,
    EDX,
    EFLAGS,
    EIP,
    ESI,
    ESP,
    Exit,
    ProcessorState,
)

from .machine_bench import CODE, DATA, EXECUTE, READ, STACK_TOP, WRITE, AddressSpace, Machine

GENERAL = (EAX, ECX, EDX, EBX, ESP, EBP, ESI, EDI, EIP, EFLAGS)
INTERESTING = (0, 1, 0xFFFFFFFF, 0x7FFFFFFF, 0x80000000)


def register_instruction(r: random.Random) -> bytes:
    """One instruction on EAX, ECX, EDX and EBX that sets or reads flags."""
    registers = 0xC0 | r.randrange(4) << 3 | r.randrange(4)
    one = 0xC0 | r.randrange(4)
    shift = r.choice((0, 1, 2, 3, 4, 5, 7)) << 3
    return r.choice(
        (
            bytes((r.choice((0x01, 0x09, 0x11, 0x19, 0x21, 0x29, 0x31, 0x39, 0x85)), registers)),
            bytes((r.choice((0x40, 0x48)) + r.randrange(4),)),  # inc, dec
            bytes((0xD1, one | shift)),  # shift or rotate by one
            bytes((0xC1, one | shift, r.randrange(34))),  # by a constant
            bytes((0x0F, 0x90 + r.randrange(16), one)),  # set on condition
            bytes((0x0F, 0x40 + r.randrange(16), registers)),  # move on condition
            bytes((0x70 + r.randrange(16), 0)),  # jump to the next instruction
            bytes((0xF7, one | r.choice((3, 4, 5)) << 3)),  # neg, mul, imul
            b"\x0f" + bytes((r.choice((0xAF, 0xA3, 0xBC, 0xB1, 0xC1)), registers)),
            r.choice((b"\xf5", b"\xf8", b"\xf9", b"\x9e", b"\x9f", b"\x9c\x58")),
        )
    )


def memory_instruction(r: random.Random) -> bytes:
    """One instruction with a memory operand at EDI + 0 to 119, or a string instruction around there.

    Left out, because the engine gets them wrong: cmpxchg8b spoils the flags beside zero; rotations through
    carry of an operand in memory lose the carry when the store faults.
    """
    place = r.randrange(120)

    def operand(field: int) -> bytes:
        return bytes((0x47 | field << 3, place))

    register = r.randrange(4)
    lock = r.choice((b"", b"\xf0"))
    kind = r.randrange(12)
    if kind == 0:
        return lock + b"\x0f" + r.choice((b"\xc1", b"\xb1")) + operand(register)  # xadd, cmpxchg
    if kind == 1:
        return lock + bytes((r.choice((0x01, 0x09, 0x11, 0x19, 0x21, 0x29, 0x31)),)) + operand(register)
    if kind == 2:
        return lock + b"\x87" + operand(register)  # xchg
    if kind == 3:
        return r.choice((b"\x8f" + operand(0), b"\xff" + operand(6)))  # pop, push
    if kind == 4:
        return b"\x0f" + r.choice((b"\xa4", b"\xac")) + operand(register) + bytes((r.randrange(32),))
    if kind == 5:
        return lock + b"\x0f\xba" + operand(r.choice((5, 6, 7))) + bytes((r.randrange(32),))  # bts, btr, btc
    if kind == 6:
        return r.choice((b"\xd1", b"\xd3")) + operand(r.choice((0, 1, 4, 5, 7)))
    if kind == 7:
        return lock + r.choice((b"\xfe", b"\xff")) + operand(r.randrange(2))  # inc, dec
    if kind == 8:
        return r.choice((b"\xd9", b"\xdd", b"\xdb", b"\xdf")) + operand(r.choice((0, 2, 3)))  # fld, fst
    if kind == 9:
        sse = (b"\x0f\x10", b"\x0f\x11", b"\xf3\x0f\x6f", b"\xf3\x0f\x7f", b"\x0f\x58")
        return r.choice(sse) + operand(register)
    if kind == 10:
        loads = (b"\x03", b"\x13", b"\x1b", b"\x3b", b"\x85", b"\x0f\xb6", b"\x0f\xaf", b"\x0f\xbf")
        return r.choice(loads) + operand(register)
    # push edi, esi, ecx; both pointers somewhere near; ecx up to 23; perhaps std; perhaps rep; the rest
    return (
        b"\x57\x8d\x7f"
        + bytes((r.randrange(100),))
        + b"\x56\x8d\x77"
        + bytes((r.randrange(100),))
        + b"\x51\xb9"
        + struct.pack("<I", r.randrange(24))
        + r.choice((b"", b"\xfd"))
        + r.choice((b"", b"\xf2", b"\xf3"))
        + bytes((r.choice((0xA4, 0xA5, 0xA6, 0xA7, 0xAA, 0xAB, 0xAC, 0xAE)),))
        + b"\xfc\x59\x5e\x5f"
    )


def program(r: random.Random, length: int) -> bytes:
    """A program without loops, ending in ``int 0x80``."""
    code = [r.choice((register_instruction, memory_instruction))(r) for _ in range(length)]
    return b"".join(code) + b"\x9c\x5d\xcd\x80"  # the flags into ebp


# Instructions that might do harm, and the beginnings of such.
# sysenter syscall sysexit sysret iret in out rep-ins outs cpuid rdtsc popf int into wrmsr hlt; loading ds,
# gs, ss; mov cr0; far return, jump and call; push flags and pop them; the beginnings of many others
_DANGEROUS_CODE = """
    0f34 0f05 0f35 0f07 cf e410 ee f36c 6f 0fa2 0f31 9d cd80 cc ce 0f30 f4 8ed8 8ee8 8ed0
    0f22c0 ca cb ea000000007300 9a000000007300 ff18 ff28 68020202009d
    ea 9a 0f01 0f00 0f20 66 67 f0 f2 f3 0fae 0fc7 d9 db 0f38 0f3a 62 0f0f f1
"""
_DANGEROUS = tuple(bytes.fromhex(code) for code in _DANGEROUS_CODE.split())


def arbitrary_bytes(r: random.Random, size: int) -> bytes:
    code = b""
    while len(code) < size:
        code += r.choice(_DANGEROUS) if r.random() < 0.35 else r.randbytes(r.randrange(1, 5))
    return code


def _odd_word(r: random.Random) -> int:
    selectors = (0, 7, 8, 0x10, 0x33, 0x73, 0x7B)
    flags = (0x202, 0x302, 0x4202, 0x3202, 0x20202, 0x23302)
    return r.choice(
        (*selectors, *flags, CODE + r.randrange(200), STACK_TOP - 256, 0xFFFFF000, r.getrandbits(32))
    )


class Arbitrary:
    """Runs arbitrary bytes, and what remains of them after every trap, on one machine."""

    def __init__(self) -> None:
        self.machine = Machine(1 << 20)
        self.space = AddressSpace(self.machine)
        every = READ | WRITE | EXECUTE
        self.code = self.space.map_new(CODE, every)
        self.zero = self.space.map_new(0, every)
        self.data = self.space.map_new(DATA)
        self.stack = self.space.map_new(STACK_TOP)
        memory = self.machine.memory
        memory.executed[self.code] = memory.executed[self.zero] = 1
        self.own = (self.code, self.zero, self.data, self.stack)

    def run(self, seed: int, digest: "hashlib._Hash") -> None:
        r = random.Random(seed)
        memory, processor = self.machine.memory, self.machine.processor
        code = arbitrary_bytes(r, 200)
        memory.zero(self.zero)
        memory.zero(self.code)
        memory.write(self.code, 0, code)
        for frame, offset in ((self.stack, 4096 - 512), (self.data, 0), (self.zero, 0)):
            memory.write(frame, offset, b"".join(struct.pack("<I", _odd_word(r)) for _ in range(128)))
        state = ProcessorState(self.space)
        for register in (EAX, ECX, EDX, EBX, EBP, ESI, EDI):
            state.q[register] = r.choice((_odd_word(r), DATA, DATA + 8, 3))
        state.q[EIP] = CODE
        state.q[ESP] = r.choice((0, 8, STACK_TOP - r.randrange(0, 256, 4), 0xFFFFF800))
        state.eflags = r.choice((0x202, 0x302, 0x4202, 0x602, 0x40202))
        for _ in range(12):
            reason = processor.run(state, r.randrange(1, 60))
            vector = processor.vector if reason is not Exit.BUDGET else -1
            registers = [state.q[i] for i in GENERAL]
            digest.update(repr((int(reason), vector, processor.executed, registers)).encode())
            if reason is not Exit.BUDGET:
                step = CODE + r.randrange(len(code)), state.q[EIP] + r.randrange(1, 4) & 0xFFFFFFFF
                state.q[EIP] = r.choice(step)
        digest.update(state.portable_bytes())
        for frame in self.own:
            digest.update(memory.frame(frame))


def arbitrary_digest(first: int, last: int) -> str:
    """What running the arbitrary programs ``first`` to ``last`` did, as one number."""
    digest = hashlib.blake2b(digest_size=16)
    arbitrary = Arbitrary()
    for seed in range(first, last):
        arbitrary.run(seed, digest)
    return digest.hexdigest()


if __name__ == "__main__":
    print(arbitrary_digest(int(sys.argv[1]), int(sys.argv[2])))
