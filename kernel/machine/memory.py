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

PAGE_SIZE = 4096
PAGE_SHIFT = 12
PAGE_MASK = PAGE_SIZE - 1


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
        "mixed",
        "size",
        "view",
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

    @property
    def free_count(self) -> int:
        """Frames that ``allocate`` can still hand out."""
        return self.frames - self._unused + len(self._free)

    def allocate(self) -> int | None:
        """A frame with undefined contents, or None when there is none left."""
        if self._free:
            frame = self._free.pop()
            if self.executed[frame]:
                self.executed[frame] = 0
                self.code_generation += 1
            return frame
        if self._unused < self.frames:
            self._unused += 1
            return self._unused - 1
        return None

    def free(self, frame: int) -> None:
        """Give a frame back; nothing may map it any more."""
        if self.executed[frame]:
            self.mixed.discard(frame)
        self._free.append(frame)

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
