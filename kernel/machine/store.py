"""Where a disk's bytes are kept on the host: in memory, or in a file.

A store in memory is a private mapping: a ``fork`` of the whole simulator is a checkpoint of it, and what
was never written costs nothing.  It may start as the contents of a file, which it never changes.  A store
in a file persists, and is no part of a checkpoint.
"""

import errno
import fcntl
import mmap
import os
from pathlib import Path
from typing import Protocol


class Store(Protocol):
    """``size`` bytes; reads and writes must lie within."""

    @property
    def size(self) -> int: ...

    def read(self, offset: int, into: memoryview) -> None: ...

    def write(self, offset: int, data: memoryview) -> None: ...


class MemoryStore:
    """Bytes in memory, gone when the simulator ends."""

    __slots__ = ("_view", "size")

    def __init__(self, size: int, image: Path | None = None) -> None:
        """Zeroes, or the contents of ``image`` and zeroes after it; ValueError if it is larger than
        ``size``."""
        self.size = size
        flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
        self._view = memoryview(mmap.mmap(-1, size, flags=flags))
        if image is not None:
            length = image.stat().st_size
            if length > size:
                raise ValueError(f"{image} has {length} bytes, more than the disk's {size}")
            with image.open("rb", buffering=0) as file:
                done = 0
                while count := file.readinto(self._view[done:length]):
                    done += count

    def read(self, offset: int, into: memoryview) -> None:
        assert offset >= 0 and offset + len(into) <= self.size
        into[:] = self._view[offset : offset + len(into)]

    def write(self, offset: int, data: memoryview) -> None:
        assert offset >= 0 and offset + len(data) <= self.size
        self._view[offset : offset + len(data)] = data


class FileStore:
    """Bytes in a host file, which no other simulator may use at the same time."""

    __slots__ = ("_file", "path", "size")

    def __init__(self, path: Path, size: int | None = None) -> None:
        """Opens the file, or creates it with ``size`` bytes, sparse; ValueError if that is not possible
        for a reason that whoever named the file can do something about."""
        self.path = path
        if size is None and not path.exists():
            raise ValueError(f"there is no disk {path}, and no size to make one of")
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise ValueError(f"the disk {path} cannot be opened: {error.strerror}") from None
        try:
            self._lock()
            length = os.fstat(self._file).st_size
            if length == 0 and size is not None:
                os.ftruncate(self._file, size)
                length = size
            if size is not None and length != size:
                raise ValueError(f"the disk {path} has {length} bytes, not {size}")
        except BaseException:
            os.close(self._file)
            raise
        self.size = length

    def _lock(self) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
                raise ValueError(f"the disk {self.path} is in use by another machine") from None
            raise

    def read(self, offset: int, into: memoryview) -> None:
        assert offset >= 0 and offset + len(into) <= self.size
        done = 0
        while done < len(into):
            count = os.preadv(self._file, [into[done:]], offset + done)
            if count == 0:  # somebody else cut the file short
                raise OSError(errno.EIO, f"the disk {self.path} ends at {offset + done} bytes")
            done += count

    def write(self, offset: int, data: memoryview) -> None:
        assert offset >= 0 and offset + len(data) <= self.size
        done = 0
        while done < len(data):
            done += os.pwrite(self._file, data[done:], offset + done)

    def close(self) -> None:
        """Let others use the file."""
        os.close(self._file)
