"""Out-of-line data that a call receives or gives back, and memory objects that a call names."""

from typing import Protocol

from ..interface.body import CarriedMemory
from ..ipc.port import Port
from ..vm.map_copy import VmMapCopy
from ..vm.object import VmObject
from ..vm.pager import Pager


class MemoryObjects(Protocol):
    """What the calls on address spaces need of the room of memory objects."""

    def pager_for(self, port: Port) -> Pager:
        """Who provides the pages of a memory object; INVALID_ARGUMENT if the port is none."""

    def name_of(self, vm_object: VmObject) -> Port | None:
        """A send right to the name port of a memory object; None if it has no external pager."""


def memory_bytes(data: CarriedMemory) -> bytes:
    """The bytes of out-of-line data; the data stays to be destroyed by whoever owns it."""
    memory = data.memory
    if isinstance(memory, VmMapCopy):
        return memory.read()
    assert isinstance(memory, bytes)
    return memory
