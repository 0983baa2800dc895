"""What the default pager knows of one memory object, and the work that is to be done for it."""

from collections import Counter
from dataclasses import dataclass, field

from kernel.user import PortName


@dataclass(eq=False, slots=True)
class BackingObject:
    """One object whose pages are in paging space.  Pages are numbered from its start."""

    port: PortName  # the memory object
    control: PortName  # 0 while the kernel does not use it
    name: PortName
    by_program: bool  # a program has made it, and may map it as often as it likes
    blocks: dict[int, int] = field(default_factory=dict)  # page -> block
    arriving: Counter[int] = field(default_factory=Counter)  # page -> how often it is still to be stored
    writing: set[int] = field(default_factory=set)  # pages that are being stored now
    with_kernel: set[int] = field(default_factory=set)  # there was no space for them: they went back
    lost: set[int] = field(default_factory=set)  # neither was there space, nor did the kernel use it
    jobs: int = 0  # queued or being done
    ended: bool = False  # nobody uses it any more


@dataclass(eq=False, slots=True)
class Store:
    """Pages to be stored: ``count`` of them, in memory at ``address``."""

    backing: BackingObject
    first: int
    count: int
    address: int

    @property
    def pages(self) -> range:
        return range(self.first, self.first + self.count)


@dataclass(eq=False, slots=True)
class Fetch:
    """A page that is wanted."""

    backing: BackingObject
    page: int


@dataclass(slots=True)
class PagingStatistics:
    """What was done so far."""

    objects: int = 0  # that were given to the default pager
    page_ins: int = 0  # pages read
    page_outs: int = 0  # pages written
    writes: int = 0  # transfers in which they were
    given_back: int = 0  # pages for which there was no space
    never_written: int = 0  # pages asked for that it never had
    bad_blocks: int = 0  # blocks that could not be written
    blocks: int = 0  # in the partition
    free_blocks: int = 0
