"""The top of a memory object's stack: between the kernel's virtual memory and the layers.

``VmServer`` is the ``Pager`` that the virtual memory calls, and the ``KernelLayer`` that the layers
call.  It is where a pager's words are checked: what has a sense at all was checked by the layer that
took the message apart, what has one now (the object is still in use, the page was asked for, ...) is
checked here and in the virtual memory.

Order: everything that a call of the pager leads to (pages that go back, most of all) is sent before
its completion, and whatever ended an object has sent all pages back before ``terminate``.
"""

from ..interface.returns import KernReturn
from ..vm import pager
from ..vm.map_copy import VmMapCopy, copy_from_bytes, copy_part
from ..vm.object import VmObject
from ..vm.page_return import lock_request
from ..vm.page_supply import Refused, supply_pages
from .layer import Attributes, PagerLayer, ReplyTo


class VmServer:
    """One memory object, seen from the virtual memory."""

    __slots__ = ("below", "vm_object")

    def __init__(self, below: PagerLayer) -> None:
        self.below = below
        self.vm_object: VmObject | None = None  # while it is in use

    # ---- what the virtual memory asks (``vm.pager.Pager``)

    def initialize(self, vm_object: VmObject) -> None:
        self.vm_object = vm_object
        self.below.init(self, vm_object.system.page_size)

    def data_request(self, vm_object: VmObject, offset: int, length: int, access: int) -> None:
        self.below.data_request(offset, length, access)

    def data_unlock(self, vm_object: VmObject, offset: int, length: int, access: int) -> None:
        self.below.data_unlock(offset, length, access)

    def data_return(
        self, vm_object: VmObject, offset: int, data: VmMapCopy, dirty: bool, kernel_copy: bool
    ) -> None:
        paged_out = vm_object.paged_out
        initial = paged_out is not None and offset not in paged_out
        self.below.data_return(offset, data, dirty, kernel_copy, initial)

    def copy(self, vm_object: VmObject, offset: int, length: int) -> "VmServer":
        return VmServer(self.below.copy(offset, length))

    def terminate(self, vm_object: VmObject) -> None:
        self.vm_object = None
        self.below.terminate()

    # ---- what the pager says (``KernelLayer``)

    def set_ready(self, may_cache: bool, copy_strategy: int) -> None:
        if self.vm_object is not None:
            pager.ready(self.vm_object, may_cache, copy_strategy)

    def get_attributes(self) -> Attributes:
        vm_object = self.vm_object
        if vm_object is None:
            return Attributes(False, False, 0)
        return Attributes(vm_object.ready, vm_object.may_cache, int(vm_object.copy_strategy))

    def change_attributes(self, may_cache: bool, copy_strategy: int, reply_to: ReplyTo) -> None:
        below = self.below
        if self.vm_object is not None:
            pager.set_attributes(self.vm_object, may_cache, copy_strategy)
        below.change_completed(reply_to, may_cache, copy_strategy)

    def data_supply(
        self, offset: int, data: VmMapCopy | bytes, lock: int, precious: bool, reply_to: ReplyTo
    ) -> None:
        if isinstance(data, VmMapCopy) and data.offset:
            data = data.read()
        size = len(data) if isinstance(data, bytes) else data.size
        vm_object = self.vm_object
        if vm_object is None:
            self.below.supply_completed(reply_to, offset, size, KernReturn.MEMORY_FAILURE, offset)
            return
        refused = supply_pages(vm_object, offset, data, lock, precious)
        if not refused:
            self.below.supply_completed(reply_to, offset, size, KernReturn.SUCCESS, 0)
            return
        if precious:
            self._give_back(offset, data, refused)
        first = refused[0]
        self.below.supply_completed(reply_to, offset, size, first.reason, first.offset)

    def _give_back(self, offset: int, data: VmMapCopy | bytes, refused: list[Refused]) -> None:
        """Precious pages that were not taken return, each run of adjacent ones together."""
        assert self.vm_object is not None
        system = self.vm_object.system
        page_size = system.page_size
        at = 0
        while at < len(refused):
            start = end = refused[at].offset
            while at < len(refused) and refused[at].offset == end:
                end += page_size
                at += 1
            if isinstance(data, bytes):
                part = copy_from_bytes(system, data[start - offset : end - offset])
            else:
                part = copy_part(data, start - offset, end - start)
            self.below.data_return(start, part, False, False, False)

    def data_unavailable(self, offset: int, size: int) -> None:
        if self.vm_object is not None:
            pager.unavailable(self.vm_object, offset, size)

    def data_error(self, offset: int, size: int, error: int) -> None:
        if self.vm_object is not None:
            pager.error(self.vm_object, offset, size)

    def lock_request(
        self, offset: int, size: int, should_return: int, should_flush: bool, lock: int, reply_to: ReplyTo
    ) -> None:
        if self.vm_object is not None:
            lock_request(self.vm_object, offset, size, should_return, should_flush, lock)
        self.below.lock_completed(reply_to, offset, size)

    def destroy(self, reason: int) -> None:
        self.died()
        self.below.terminate()

    def died(self) -> None:
        vm_object, self.vm_object = self.vm_object, None
        if vm_object is not None:
            pager.fail(vm_object)
