"""Out-of-line data that a call receives or gives back."""

from ..interface.body import CarriedMemory
from ..vm.map_copy import VmMapCopy, copy_from_bytes
from ..vm.system import VmSystem


def memory_bytes(data: CarriedMemory) -> bytes:
    """The bytes of out-of-line data; the data stays to be destroyed by whoever owns it."""
    memory = data.memory
    if isinstance(memory, VmMapCopy):
        return memory.read()
    assert isinstance(memory, bytes)
    return memory


def memory_copy(data: CarriedMemory, system: VmSystem) -> VmMapCopy:
    """Out-of-line data as a copy object, made when the kernel or a native task sent plain bytes."""
    memory = data.memory
    if isinstance(memory, VmMapCopy):
        return memory
    assert isinstance(memory, bytes)
    return copy_from_bytes(system, memory)
