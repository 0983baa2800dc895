"""The queues of page-out: which resident pages may go, and which are on their way out.

Every page with a frame is in exactly one of these, or wired (``VmPage.queue``):

==========  =========================================================================================
active      in use; a page enters here when it gets a frame, at the end
inactive    its reference bit was cleared: if it is touched again before its turn comes, it goes back
            (the second chance), else it is dropped or laundered
laundry     in a message to the default pager, which gives it up, or gives it back
external    the same, but to another pager, who is not waited for very long (one queue an object)
reserved    made by a thread of the reserved class, on behalf of page-out: it never waits in a queue
==========  =========================================================================================

A queue is a dictionary by frame, in order of arrival, so that a page can leave it from the middle.
Free frames are ``PhysicalMemory``'s, and need no order.

After Mach's ``vm_page_queue_active`` and ``vm_page_queue_inactive``.
"""

from collections import OrderedDict
from typing import TYPE_CHECKING

from ..sched.wait import WaitQueue

if TYPE_CHECKING:
    from .page import VmPage

PageList = OrderedDict[int, "VmPage"]


class FrameQueue(WaitQueue):
    """Threads that wait for a frame."""

    __slots__ = ()


class ExternalLaundry:
    """Pages of one object on their way to a pager that is not the default pager."""

    __slots__ = ("deadline_ns", "pages")

    def __init__(self, deadline_ns: int) -> None:
        self.pages: PageList = OrderedDict()
        self.deadline_ns = deadline_ns  # when the pager should have given up all of them


class PageQueues:
    """All queues of a node."""

    __slots__ = ("active", "external", "inactive", "laundry", "reserved")

    def __init__(self) -> None:
        self.active: PageList = OrderedDict()
        self.inactive: PageList = OrderedDict()
        self.laundry: PageList = OrderedDict()
        self.reserved: PageList = OrderedDict()
        self.external: dict[int, ExternalLaundry] = {}  # by number of the object

    def move(self, page: "VmPage", queue: PageList) -> None:
        """Take a page out of its queue and put it at the end of another."""
        old = page.queue
        if old is not None:
            del old[page.frame]
        page.queue = queue
        queue[page.frame] = page

    def remove(self, page: "VmPage") -> None:
        """Take a page out of its queue: it is wired, or loses its frame."""
        old = page.queue
        if old is not None:
            del old[page.frame]
            page.queue = None

    def external_count(self) -> int:
        """Pages on their way to other pagers than the default pager."""
        return sum(len(laundry.pages) for laundry in self.external.values())

    def lists(self) -> list[PageList]:
        """All of them, for the checker."""
        external = [laundry.pages for laundry in self.external.values()]
        return [self.active, self.inactive, self.laundry, self.reserved, *external]
