"""Physical memory of a node: page frames of 4,096 bytes in one private anonymous mapping.

The mapping is handed to every processor of the node, so a frame has one content, whoever looks.
It is private: a ``fork`` of the whole simulator is a checkpoint.  Untouched frames cost nothing.

Translated code.  The processors cache translations of the instructions in a frame and do not notice
when *Python* changes it (stores by guest instructions they do notice).  ``executed[frame]`` is set by
the pmap when it first lets instructions be fetched from a frame; whoever writes a frame from Python
uses the methods here, which move ``code_generation`` on, and a processor drops its translations
before it runs again.  Nor does a processor notice stores of another; the pmap sees to it that no frame
is writable and executed at once, but for those in ``mixed``, whose code stores into its own page: while
there are any, every run of a processor begins without translations.
"""

import ctypes
import mmap
from typing import Protocol

PAGE_SIZE = 4096
PAGE_SHIFT = 12
PAGE_MASK = PAGE_SIZE - 1


class FrameWatch(Protocol):
    """Who decides who gets a frame when there are few (page-out)."""

    def may_take(self, free: int) -> bool:
        """Whether whoever is in the kernel now may have one of the last ``free`` > 0 frames."""

    def freed(self) -> None:
        """A frame was given back, while ``PhysicalMemory.tell`` is set."""


class PhysicalMemory:
    """``size`` bytes of frames, numbered from 0.  Frame 0 is never handed out."""

    __slots__ = (
        "_free",
        "_map",
        "_unused",
        "address",
        "code_generation",
        "executed",
        "frames",
        "free_count",
        "low_water",
        "mixed",
        "size",
        "tell",
        "view",
        "watch",
    )

    def __init__(self, size: int) -> None:
        if size <= 0 or size & PAGE_MASK:
            raise ValueError(f"memory size {size} is not a positive multiple of {PAGE_SIZE}")
        self.size = size
        self.frames = size >> PAGE_SHIFT
        self._map = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        self.view = memoryview(self._map)
        self.address = ctypes.addressof(ctypes.c_char.from_buffer(self._map))
        self.executed = bytearray(self.frames)
        self.code_generation = 0
        self.mixed: set[int] = set()  # frames; several processors only
        self._unused = 1
        self._free: list[int] = []
        self.free_count = self.frames - 1  # frames that nobody has
        self.low_water = 0  # with so many free frames or fewer, ``watch`` is asked
        self.watch: FrameWatch | None = None
        self.tell = False  # ``watch`` wants to know of frames that are given back

    def allocate(self) -> int | None:
        """A frame with undefined contents, or None when there is none left (for the caller)."""
        free = self.free_count
        if free <= self.low_water and (
            free == 0 or (self.watch is not None and not self.watch.may_take(free))
        ):
            return None
        self.free_count = free - 1
        if self._free:
            frame = self._free.pop()
            if self.executed[frame]:
                self.executed[frame] = 0
                self.code_generation += 1
            return frame
        self._unused += 1
        return self._unused - 1

    def free(self, frame: int) -> None:
        """Give a frame back; nothing may map it any more."""
        if self.executed[frame]:
            self.mixed.discard(frame)
        self._free.append(frame)
        self.free_count += 1
        if self.tell:
            assert self.watch is not None
            self.watch.freed()

    def frame(self, frame: int) -> memoryview:
        """The bytes of a frame, to read; write with the methods below."""
        start = frame << PAGE_SHIFT
        return self.view[start : start + PAGE_SIZE]

    def zero(self, frame: int) -> None:
        start = frame << PAGE_SHIFT
        self.view[start : start + PAGE_SIZE] = _ZEROES
        if self.executed[frame]:
            self.code_generation += 1

    def copy(self, source: int, destination: int) -> None:
        """Copy one whole frame onto another."""
        start, to = source << PAGE_SHIFT, destination << PAGE_SHIFT
        self.view[to : to + PAGE_SIZE] = self.view[start : start + PAGE_SIZE]
        if self.executed[destination]:
            self.code_generation += 1

    def write(self, frame: int, offset: int, data: bytes | memoryview) -> None:
        """Put ``data`` at ``offset`` of a frame; it must not reach beyond the frame."""
        start = (frame << PAGE_SHIFT) + offset
        self.view[start : start + len(data)] = data
        if self.executed[frame]:
            self.code_generation += 1


_ZEROES = bytes(PAGE_SIZE)
