"""What pagers ask of the kernel, on the control ports of memory objects.

Here a pager's words are taken apart, and what has no sense is refused: offsets that are not those of
pages, ranges beyond the end of the address space, unknown rights, strategies and wishes.  These calls
have no reply; one that is refused is destroyed with all that it carries, so that whoever was to get a
completion gets a send-once notification instead.  Only a refused ``memory_object_data_supply`` is
answered, by ``memory_object_supply_completed`` with KERN_INVALID_ARGUMENT.
"""

from typing import TYPE_CHECKING

from ..interface import mach
from ..interface.body import CarriedMemory
from ..interface.constants import VM_PROT_ALL, VM_PROT_NO_CHANGE
from ..interface.declare import Routine
from ..interface.returns import KernReturn, MachError
from ..interface.values import Right
from ..interface.wire import PORT_RECEIVE
from ..ipc.port import Port
from ..kern.serve import Implementation
from ..machine.memory import PAGE_MASK
from ..vm.map_copy import VmMapCopy
from ..vm.object import CopyStrategy
from ..vm.page_return import RETURN_ALL, RETURN_NONE
from ..vm.protection import ADDRESS_SPACE, round_page
from .layer import Attributes, KernelLayer, ReplyTo
from .user import PagerUser

if TYPE_CHECKING:
    from ..kern.mach_kernel import MachKernel


def _heard(control: PagerUser, call: Routine, *numbers: int) -> KernelLayer:
    """The layer that a pager's call goes to; INVALID_ARGUMENT when the object has ended meanwhile."""
    if control.above is None:
        raise MachError(KernReturn.INVALID_ARGUMENT)
    trace = control.system.ipc.trace
    if trace.on:
        trace.emit(call.name, control.port.number, *numbers)
    return control.above


def _range(offset: int, size: int) -> int:
    """The size of a range of whole pages; INVALID_ARGUMENT if there is no such range."""
    if offset & PAGE_MASK or offset + size > ADDRESS_SPACE:
        raise MachError(KernReturn.INVALID_ARGUMENT)
    return round_page(size)


def _strategy(copy_strategy: int) -> int:
    if not CopyStrategy.NONE <= copy_strategy <= CopyStrategy.TEMPORARY:
        raise MachError(KernReturn.INVALID_ARGUMENT)
    return copy_strategy


def _reply_to(given: Right) -> ReplyTo:
    """The right that a completion goes to; INVALID_ARGUMENT for a receive right."""
    if not isinstance(given.port, Port):
        return None
    if given.disposition == PORT_RECEIVE:
        raise MachError(KernReturn.INVALID_ARGUMENT)
    return given


def _supplied(data: CarriedMemory) -> VmMapCopy | bytes:
    memory = data.memory
    assert isinstance(memory, VmMapCopy | bytes)
    return memory


# ---- contents


def data_supply(
    kernel: "MachKernel",
    control: PagerUser,
    offset: int,
    data: CarriedMemory,
    lock_value: int,
    precious: bool,
    reply_to: Right,
) -> None:
    reply = _reply_to(reply_to)
    contents = _supplied(data)
    if (
        offset & PAGE_MASK
        or data.size & PAGE_MASK
        or offset + data.size > ADDRESS_SPACE
        or lock_value & ~VM_PROT_ALL
    ):
        control.supply_completed(reply, offset, data.size, KernReturn.INVALID_ARGUMENT, offset)
    else:
        numbers = (offset, data.size, lock_value, precious, reply is not None)
        above = _heard(control, mach.memory_object_data_supply, *numbers)
        above.data_supply(offset, contents, lock_value, bool(precious), reply)
    if isinstance(contents, VmMapCopy):
        contents.discard()


def data_provided(
    kernel: "MachKernel", control: PagerUser, offset: int, data: CarriedMemory, lock_value: int
) -> None:
    data_supply(kernel, control, offset, data, lock_value, False, Right(None, 0))


def data_unavailable(kernel: "MachKernel", control: PagerUser, offset: int, size: int) -> None:
    size = _range(offset, size)
    _heard(control, mach.memory_object_data_unavailable, offset, size).data_unavailable(offset, size)


def data_error(kernel: "MachKernel", control: PagerUser, offset: int, size: int, error: int) -> None:
    size = _range(offset, size)
    _heard(control, mach.memory_object_data_error, offset, size, error).data_error(offset, size, error)


def lock_request(
    kernel: "MachKernel",
    control: PagerUser,
    offset: int,
    size: int,
    should_return: int,
    should_flush: bool,
    lock_value: int,
    reply_to: Right,
) -> None:
    reply = _reply_to(reply_to)
    size = _range(offset, size)
    if not RETURN_NONE <= should_return <= RETURN_ALL:
        raise MachError(KernReturn.INVALID_ARGUMENT)
    if lock_value & ~VM_PROT_ALL and lock_value != VM_PROT_NO_CHANGE:
        raise MachError(KernReturn.INVALID_ARGUMENT)
    numbers = (offset, size, should_return, should_flush, lock_value, reply is not None)
    above = _heard(control, mach.memory_object_lock_request, *numbers)
    above.lock_request(offset, size, should_return, bool(should_flush), lock_value, reply)


# ---- attributes


def ready(kernel: "MachKernel", control: PagerUser, may_cache: bool, copy_strategy: int) -> None:
    strategy = _strategy(copy_strategy)
    above = _heard(control, mach.memory_object_ready, may_cache, strategy)
    above.set_ready(bool(may_cache), strategy)


def set_attributes(
    kernel: "MachKernel", control: PagerUser, object_ready: bool, may_cache: bool, copy_strategy: int
) -> None:
    """The old form: once ready, an object stays so."""
    strategy = _strategy(copy_strategy)
    above = _heard(control, mach.memory_object_set_attributes, object_ready, may_cache, strategy)
    if object_ready and not above.get_attributes().ready:
        control.is_old = True
        above.set_ready(bool(may_cache), strategy)
    else:
        above.change_attributes(bool(may_cache), strategy, None)


def change_attributes(
    kernel: "MachKernel", control: PagerUser, may_cache: bool, copy_strategy: int, reply_to: Right
) -> None:
    reply = _reply_to(reply_to)
    strategy = _strategy(copy_strategy)
    above = _heard(control, mach.memory_object_change_attributes, may_cache, strategy)
    above.change_attributes(bool(may_cache), strategy, reply)


def get_attributes(kernel: "MachKernel", control: PagerUser) -> Attributes:
    return _heard(control, mach.memory_object_get_attributes).get_attributes()


def destroy(kernel: "MachKernel", control: PagerUser, reason: int) -> None:
    _heard(control, mach.memory_object_destroy, reason).destroy(reason)


PAGER_CALLS: dict[Routine, Implementation] = {
    mach.memory_object_data_supply: data_supply,
    mach.memory_object_data_provided: data_provided,
    mach.memory_object_data_unavailable: data_unavailable,
    mach.memory_object_data_error: data_error,
    mach.memory_object_lock_request: lock_request,
    mach.memory_object_ready: ready,
    mach.memory_object_set_attributes: set_attributes,
    mach.memory_object_change_attributes: change_attributes,
    mach.memory_object_get_attributes: get_attributes,
    mach.memory_object_destroy: destroy,
}
