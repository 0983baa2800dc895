"""Paging space: which blocks of the paging partition are taken.

A block holds one page.  Blocks are found next-fit, so that pages that go out together lie together and
the arm moves little.  Numbers only: nothing here waits, or knows of disks.

Invariant: ``free`` is the number of blocks that are neither taken nor bad.
"""


class PagingSpace:
    """The blocks of a partition, numbered from 0."""

    __slots__ = ("_next", "_taken", "blocks", "free")

    def __init__(self, blocks: int) -> None:
        self.blocks = blocks
        self.free = blocks
        self._taken = bytearray(blocks)  # 1: taken, or bad
        self._next = 0  # where to look first

    def allocate(self, count: int) -> list[int]:
        """Up to ``count`` blocks, adjacent ones if there are; fewer when the space is full."""
        start = self._find_run(count)
        if start < 0:
            return self._scattered(min(count, self.free))
        for block in range(start, start + count):
            self._taken[block] = 1
        self.free -= count
        self._next = start + count
        return list(range(start, start + count))

    def _find_run(self, count: int) -> int:
        """The first of ``count`` adjacent free blocks, from where the search ended last on; -1: none."""
        if count > self.free:
            return -1
        wanted = bytes(count)
        start = self._taken.find(wanted, self._next)
        return start if start >= 0 else self._taken.find(wanted, 0)

    def _scattered(self, count: int) -> list[int]:
        found: list[int] = []
        at = 0
        for _ in range(count):
            at = self._taken.index(0, at)
            self._taken[at] = 1
            found.append(at)
        self.free -= len(found)
        return found

    def release(self, block: int) -> None:
        """The block's contents are not needed any more."""
        assert self._taken[block], f"block {block} is free already"
        self._taken[block] = 0
        self.free += 1


NOWHERE = -1
"""Instead of a block: there was none."""


def runs_of(blocks: list[int]) -> list[tuple[int, int]]:
    """Adjacent ones of ``blocks``, in their order: (index of the first, how many)."""
    runs: list[tuple[int, int]] = []
    last = -2
    for index, block in enumerate(blocks):
        if runs and block == (NOWHERE if last == NOWHERE else last + 1):
            runs[-1] = runs[-1][0], runs[-1][1] + 1
        else:
            runs.append((index, 1))
        last = block
    return runs
