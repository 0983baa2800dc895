"""copyin and copyout: the kernel reads and writes a program's memory."""

import pytest

from kernel.interface.returns import KernReturn, MachError
from kernel.machine.memory import PAGE_SIZE
from kernel.vm.access import copyin, copyin_string, copyin_words, copyout, read_word
from kernel.vm.map import VmMap

from .toy import READ, ToyProcessor, code_of, toy_system

K = PAGE_SIZE


def test_within_a_page_and_across(space: VmMap, cpu: ToyProcessor) -> None:
    at = space.allocate(0, 3 * K, True)
    for address, data in ((at, b"abc"), (at + K - 2, b"across"), (at + 10, b"z" * 2 * K)):
        copyout(space, address, data)
        assert copyin(space, address, len(data)) == data
        assert cpu.read(space, address, len(data)) == data


def test_words_and_strings(space: VmMap) -> None:
    at = space.allocate(0, 2 * K, True)
    copyout(space, at + K - 2, bytes.fromhex("04030201 78563412"))
    assert read_word(space, at + K - 2) == 0x01020304
    assert copyin_words(space, at + K - 2, 2) == (0x01020304, 0x12345678)
    copyout(space, at + K - 3, b"hello\0world")
    assert copyin_string(space, at + K - 3, 100) == b"hello"
    assert copyin_string(space, at + K - 3, 5) == b"hello"
    with pytest.raises(MachError) as error:
        copyin_string(space, at + K - 3, 4)
    assert code_of(error.value) == KernReturn.INVALID_ARGUMENT


def test_nothing_anywhere(space: VmMap) -> None:
    assert copyin(space, 0x5000, 0) == b""
    copyout(space, 0x5000, b"")


def test_a_write_by_the_kernel_is_copied_on_write(space: VmMap, cpu: ToyProcessor) -> None:
    at = space.allocate(0, K, True)
    copyout(space, at, b"old")
    child = space.fork()
    copyout(child, at, b"new")
    assert cpu.read(space, at, 3) == b"old"


def test_a_write_by_the_kernel_makes_the_page_modified(space: VmMap, cpu: ToyProcessor) -> None:
    at = space.allocate(0, K, True)
    cpu.read(space, at, 1)
    frame = space.pmap.extract(at)
    assert frame is not None and not space.system.maps.is_modified(frame)
    copyout(space, at, b"x")
    assert space.system.maps.is_modified(frame)


def test_a_write_by_the_kernel_to_code(space: VmMap, cpu: ToyProcessor) -> None:
    at = space.allocate(0, K, True)
    copyout(space, at, b"one")
    assert cpu.fetch(space, at)[:3] == b"one"
    copyout(space, at, b"two")
    assert cpu.fetch(space, at)[:3] == b"two"


@pytest.mark.parametrize(
    ("offset", "size", "reading", "writing"),
    [
        (0, 4, 0, KernReturn.PROTECTION_FAILURE),
        (K, 4, KernReturn.PROTECTION_FAILURE, KernReturn.PROTECTION_FAILURE),
        (2 * K - 1, 2, KernReturn.PROTECTION_FAILURE, KernReturn.PROTECTION_FAILURE),
        (2 * K, 4, KernReturn.INVALID_ADDRESS, KernReturn.INVALID_ADDRESS),
        (0xC0000000 - 0x10000, 4, KernReturn.INVALID_ADDRESS, KernReturn.INVALID_ADDRESS),
        (0xFFFFFFF0 - 0x10000, 0x20, KernReturn.INVALID_ADDRESS, KernReturn.INVALID_ADDRESS),
        (0x100000000 - 0x10000, 4, KernReturn.INVALID_ADDRESS, KernReturn.INVALID_ADDRESS),
        (-0x10004, 4, KernReturn.INVALID_ADDRESS, KernReturn.INVALID_ADDRESS),
        (0, 0xFFFFFFFF, KernReturn.INVALID_ADDRESS, None),
    ],
)
def test_errors(space: VmMap, offset: int, size: int, reading: int, writing: int | None) -> None:
    at = space.allocate(0x10000, 2 * K, False)
    space.protect(at, K, False, READ)
    space.protect(at + K, K, False, 0)
    if reading:
        with pytest.raises(MachError) as error:
            copyin(space, at + offset, size)
        assert code_of(error.value) == reading
    if writing:
        with pytest.raises(MachError) as error:
            copyout(space, at + offset, bytes(size))
        assert code_of(error.value) == writing


def test_all_or_nothing(space: VmMap) -> None:
    at = space.allocate(0, 2 * K, True)
    with pytest.raises(MachError):
        copyout(space, at + K, b"x" * 2 * K)
    assert copyin(space, at + K, K) == bytes(K)


def test_without_frames() -> None:
    system = toy_system(frames=6)
    space = system.create_map()
    at = space.allocate(0, 10 * K, True)
    with pytest.raises(MachError) as error:
        copyout(space, at, bytes(10 * K))
    assert code_of(error.value) == KernReturn.RESOURCE_SHORTAGE
