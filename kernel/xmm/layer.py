"""The one interface between the layers of a memory object.

A memory object is a small stack.  At its top is the kernel's virtual memory (``server.py``), at its
bottom a pager (``user.py``).  What the kernel wants goes down through ``PagerLayer``, what the pager
says comes up through ``KernelLayer``; offsets and sizes are in bytes, whole pages.  A layer in between
offers both and changes what passes: coherence among many kernels, a network, a splitter.

No call waits, and none returns what has to be asked of the other side.  A call that goes down may be
answered by one that comes up before it returned.

After the XMM layers of Mach 3.0 (``norma/xmm_*.c``), whose methods these are.
"""

from typing import NamedTuple, Protocol

from ..interface.values import Right
from ..vm.map_copy import VmMapCopy

ReplyTo = Right | None
"""A send or send-once right to which a completion goes; None if it is not wanted.  Whoever gets one
passes it on, sends to it, or destroys it."""


class Attributes(NamedTuple):
    """What a pager may set."""

    ready: bool
    may_cache: bool
    copy_strategy: int


class KernelLayer(Protocol):
    """What a pager, or the layer below, says to whoever uses the memory object."""

    def set_ready(self, may_cache: bool, copy_strategy: int) -> None:
        """The pager is ready to serve requests."""

    def get_attributes(self) -> Attributes:
        """What was set."""

    def change_attributes(self, may_cache: bool, copy_strategy: int, reply_to: ReplyTo) -> None:
        """Set attributes; answered by ``change_completed``."""

    def data_supply(
        self, offset: int, data: VmMapCopy | bytes, lock: int, precious: bool, reply_to: ReplyTo
    ) -> None:
        """Contents of pages.  A copy stays the caller's, less the pages that were taken from it.
        Answered by ``supply_completed``.  PageWait when a page of the copy must be brought in first;
        nothing has happened then."""

    def data_unavailable(self, offset: int, size: int) -> None:
        """There are no contents: zeroes, or what a copied object has."""

    def data_error(self, offset: int, size: int, error: int) -> None:
        """Contents cannot be had."""

    def lock_request(
        self, offset: int, size: int, should_return: int, should_flush: bool, lock: int, reply_to: ReplyTo
    ) -> None:
        """Return, flush or lock what is resident; answered by ``lock_completed``."""

    def destroy(self, reason: int) -> None:
        """The pager gives the object up; answered by ``terminate``."""

    def died(self) -> None:
        """The pager is gone; ``terminate`` need not be called."""


class PagerLayer(Protocol):
    """What the kernel, or the layer above, asks of whoever provides the memory object."""

    def init(self, above: KernelLayer, page_size: int) -> None:
        """The object is in use from now on."""

    def terminate(self) -> None:
        """The object is not used any more."""

    def copy(self, offset: int, length: int) -> "PagerLayer":
        """A part of the object was copied; who provides the copy."""

    def data_request(self, offset: int, length: int, access: int) -> None:
        """Contents are wanted."""

    def data_unlock(self, offset: int, length: int, access: int) -> None:
        """A prohibited access is wanted."""

    def data_return(
        self, offset: int, data: VmMapCopy, dirty: bool, kernel_copy: bool, initial: bool
    ) -> None:
        """Contents to be kept; takes over ``data``.  ``initial``: the kernel made the object, and the
        pager never had these pages."""

    def lock_completed(self, reply_to: ReplyTo, offset: int, length: int) -> None:
        """A ``lock_request`` is done."""

    def supply_completed(
        self, reply_to: ReplyTo, offset: int, length: int, result: int, error_offset: int
    ) -> None:
        """What became of a ``data_supply``."""

    def change_completed(self, reply_to: ReplyTo, may_cache: bool, copy_strategy: int) -> None:
        """A ``change_attributes`` is done."""
