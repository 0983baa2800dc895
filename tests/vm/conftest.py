"""Fixtures of this room: a memory system, a processor that accesses it, and a leak check around each."""

from collections.abc import Iterator

import pytest

from kernel.vm.check import check
from kernel.vm.map import VmMap
from kernel.vm.system import VmSystem

from .toy import ToyProcessor, toy_system


@pytest.fixture
def system() -> Iterator[VmSystem]:
    """The virtual memory of a node with one processor; checked when the test is done."""
    system = toy_system()
    yield system
    check(system)


@pytest.fixture
def space(system: VmSystem) -> Iterator[VmMap]:
    """An address space; when it is gone, so must be everything else."""
    before = system.census()
    space = system.create_map()
    yield space
    check(system)
    for vm_map in list(system.address_maps.values()):
        vm_map.deallocate()
    for copy in list(system.copies.values()):
        copy.discard()
    assert system.census() == before


@pytest.fixture
def cpu(system: VmSystem) -> ToyProcessor:
    return ToyProcessor(system)
