"""Structures pack into the integers that travel, and are as long as their routines say."""

import pytest

from kernel.interface import mach_types
from kernel.interface.structs import STRUCTURES, i386_thread_state, task_basic_info, time_value
from kernel.interface.structure import Structure


def test_nested_and_negative() -> None:
    info = task_basic_info(1, -2, 4096, 8192, time_value(3, 4), time_value(5, 6))
    assert info.as_integers() == (1, 0xFFFFFFFE, 4096, 8192, 3, 4, 5, 6)
    assert task_basic_info.from_integers((*info.as_integers(), 99)) == info


def test_every_structure_comes_back() -> None:
    for structure in STRUCTURES:
        integers = tuple(range(structure.size()))
        assert structure.from_integers(integers).as_integers() == integers


def test_register_order() -> None:
    names = " ".join(field.name for field in i386_thread_state.FIELDS)
    assert names == "gs fs es ds edi esi ebp esp ebx edx ecx eax eip cs efl uesp ss"


@pytest.mark.parametrize("structure", STRUCTURES, ids=lambda structure: structure.__name__)
def test_sizes_agree_with_the_types_that_travel(structure: type[Structure]) -> None:
    name = structure.__name__
    for type_name in (f"{name}_t", f"{name}_data_t"):
        declared = getattr(mach_types, type_name, None)
        shape = declared.__metadata__[0] if declared is not None else None
        if shape is not None and hasattr(shape, "number"):
            assert structure.size() == shape.number


def test_time_from_nanoseconds() -> None:
    assert time_value.from_ns(1_234_567_899) == time_value(1, 234_567)
