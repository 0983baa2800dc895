"""Random use of memory objects, with a pager that is honest but slow, against a flat model.

The model knows files (a list of pages), windows on them, and snapshots.  Whatever the kernel caches,
returns, flushes, locks or asks for again must not show.  After every step the whole state of the node is
checked, the pager's history is legal, every fault completes, and in the end the pager has what the model
has.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings

from kernel.interface.body import CarriedMemory
from kernel.interface.stubs import mach
from kernel.user.thread import NativeThread
from tests.user.native_node import MILLISECOND
from tests.xmm.world import DIRTY, EVERYTHING, NONE, File, K, World, play

PAGES = 4
FILES = 2

Step = tuple[str, int, int, int, int]


def steps() -> st.SearchStrategy[list[Step]]:
    names = [
        *("map", "copy", "unmap", "read", "read", "read", "write", "write", "write", "write"),
        *("clean", "flush", "lock", "return_all", "take", "look", "attributes", "supply", "delay"),
        *("start", "join", "wire", "hold"),
    ]
    small = st.integers(0, 11)
    return st.lists(st.tuples(st.sampled_from(names), small, small, small, small), min_size=20, max_size=80)


@dataclass
class Window:
    """A mapping: of a file, whose contents it shows, or of a copy."""

    file: int
    address: int
    first: int
    count: int
    snapshot: list[bytes] | None = None
    wired: int = 0


@dataclass
class Taken:
    """Memory on its way, as it was when it was taken."""

    data: CarriedMemory
    contents: list[bytes]


def which(number: int) -> int:
    """Most of what happens, happens to the first file."""
    return 1 if number == 11 else 0


class Model:
    """What there should be."""

    def __init__(self, world: World, files: list[File]) -> None:
        self.world = world
        self.files = files
        self.contents = [[file.fill(number) for number in range(PAGES)] for file in files]
        self.windows: list[Window] = []
        self.taken: list[Taken] = []
        self.started: list[tuple[NativeThread[object], bytes]] = []
        self.busy: set[tuple[int, int]] = set()  # pages that a thread is reading

    def expected(self, window: Window, page: int) -> bytes:
        if window.snapshot is not None:
            return window.snapshot[page]
        return self.contents[window.file][window.first + page]

    # ---- the steps

    async def map(self, a: int, b: int, c: int, d: int, *, copy: bool = False) -> None:
        if len(self.windows) >= 6:
            return
        number, first = which(a), b % 2
        count = 1 + c % (PAGES - first)
        address = await self.world.map(self.files[number], count, first=first, copy=copy, inheritance=d % 3)
        snapshot = self.contents[number][first : first + count] if copy else None
        self.windows.append(Window(number, address, first, count, snapshot))

    async def copy(self, a: int, b: int, c: int, d: int) -> None:
        await self.map(a, b, c, d, copy=True)

    def pick(self, a: int, b: int) -> tuple[Window, int] | None:
        if not self.windows:
            return None
        window = self.windows[a % len(self.windows)]
        return window, b % window.count

    async def unmap(self, a: int, b: int, c: int, d: int) -> None:
        if self.windows and not self.started and (len(self.windows) > 1 or b % 4 == 0):
            window = self.windows.pop(a % len(self.windows))
            await self.world.unmap(window.address, window.count)

    async def read(self, a: int, b: int, c: int, d: int) -> None:
        if picked := self.pick(a, b):
            window, page = picked
            assert await self.world.read(window.address, page, K) == self.expected(window, page)

    async def write(self, a: int, b: int, c: int, d: int) -> None:
        picked = self.pick(a, b)
        if picked is None:
            return
        window, page = picked
        number = window.first + page
        if (window.file, number) in self.busy:
            return
        text = bytes([65 + c, 97 + d])
        at = 2 * (c * 12 + d)
        new = bytearray(self.expected(window, page))
        new[at : at + 2] = text
        await self.world.task.write(window.address + page * K + at, text)
        if window.snapshot is not None:
            window.snapshot[page] = bytes(new)
        else:
            self.contents[window.file][number] = bytes(new)

    async def _request(self, a: int, b: int, c: int, returns: int, flush: bool, lock: int) -> None:
        file = self.files[which(a)]
        if file.control:
            first = b % PAGES
            await self.world.lock(file, first, 1 + c % (PAGES - first), returns, flush, lock)

    async def clean(self, a: int, b: int, c: int, d: int) -> None:
        await self._request(a, b, c, DIRTY, False, 8)

    async def flush(self, a: int, b: int, c: int, d: int) -> None:
        await self._request(a, b, c, DIRTY, True, 8)

    async def return_all(self, a: int, b: int, c: int, d: int) -> None:
        await self._request(a, b, c, EVERYTHING, d % 2 == 0, 2 if d % 3 == 0 else 8)

    async def lock(self, a: int, b: int, c: int, d: int) -> None:
        await self._request(a, b, c, NONE, False, (2, 7)[d % 2])

    async def take(self, a: int, b: int, c: int, d: int) -> None:
        """Memory leaves for a message."""
        if picked := self.pick(a, b):
            window, page = picked
            count = 1 + c % (window.count - page)
            me = self.world.task.mach_task_self
            data = await mach.vm_read(self.world.task, me, window.address + page * K, count * K)
            pages = [self.expected(window, number) for number in range(page, page + count)]
            self.taken.append(Taken(data, pages))

    async def look(self, a: int, b: int, c: int, d: int) -> None:
        """It is looked at, and goes."""
        if self.taken:
            taken = self.taken.pop(a % len(self.taken))
            assert await self.world.task.read(taken.data) == b"".join(taken.contents)

    async def attributes(self, a: int, b: int, c: int, d: int) -> None:
        file = self.files[which(a)]
        file.may_cache, file.strategy = b % 2 == 0, c % 3  # temporary contents may be lost
        if file.control:
            await mach.memory_object_change_attributes(
                self.world.task, file.control, file.may_cache, file.strategy, 0
            )

    async def supply(self, a: int, b: int, c: int, d: int) -> None:
        """Pages that nobody asked for, and that the pager is allowed to give: those that the kernel has
        not, and has not in a message."""
        file = self.files[which(a)]
        number = b % PAGES
        await self.world.settle()
        if not file.control or self.world.returning or file.delays_ms:
            return
        vm_object = self.world.object(file)
        page = vm_object.pages.get(number * K)
        if page is None and number * K < vm_object.size:
            lock = 2 if self.world._is_copied(file, number) else 0
            await self.world.supply(file, number, reply=c % 2 == 0, lock=lock)

    async def delay(self, a: int, b: int, c: int, d: int) -> None:
        self.files[which(a)].delays_ms += [b, c, d][: 1 + a % 3]

    async def start(self, a: int, b: int, c: int, d: int) -> None:
        """Another thread reads, and may have to wait."""
        if picked := self.pick(a, b):
            window, page = picked
            self.busy.add((window.file, window.first + page))
            thread = await self.world.fork(self.world.read, window.address, page, K)
            self.started.append((thread, self.expected(window, page)))

    async def join(self, *_: int) -> None:
        for thread, expected in self.started:
            assert await thread.join() == expected
        self.started.clear()
        self.busy.clear()

    async def wire(self, a: int, b: int, c: int, d: int) -> None:
        """Keep memory resident for a while."""
        if (picked := self.pick(a, b)) and not self.started:
            window, page = picked
            address_map = self.world.task.door.map
            await self.world.read(window.address, page)
            await self.world.write(window.address, page, self.expected(window, page)[:1])
            address_map.wire(window.address + page * K, K, 3)
            self.world.node.check()
            await self._request(a, b, c, EVERYTHING, True, 2)
            assert await self.world.read(window.address, page, K) == self.expected(window, page)
            address_map.wire(window.address + page * K, K, 0)

    async def hold(self, a: int, b: int, c: int, d: int) -> None:
        """The pager gives back the memory it got only after a while, and looks at it again then."""
        self.world.holds_ms = b % 4 * (1 + c)
        await self.world.task.sleep(a % 3 * MILLISECOND)


def play_steps(chosen: list[Step], strategy: int, precious: bool, option: str) -> None:
    async def scenario(world: World) -> None:
        fills: list[Callable[[int], bytes]] = [
            lambda number: bytes([number + 1]) * K,
            lambda number: bytes([number + 101]) * K,
        ]
        files = [await world.file(strategy=strategy, precious=precious, fill=fill) for fill in fills]
        model = Model(world, files)
        await model.map(0, 0, PAGES - 1, 1)
        for name, *numbers in chosen:
            step: Callable[..., Awaitable[None]] = getattr(model, name)
            await step(*numbers)
            world.node.check()
        await model.join()
        for window in model.windows:
            for page in range(window.count):
                assert await world.read(window.address, page, K) == model.expected(window, page)
        for taken in model.taken:
            assert await world.task.read(taken.data) == b"".join(taken.contents)
        for window in model.windows:
            await world.unmap(window.address, window.count)
        for file in files:
            if file.control:
                await mach.memory_object_change_attributes(world.task, file.control, False, strategy, 0)
        await world.settle()
        for file, contents in zip(files, model.contents, strict=True):
            assert [file.page(number) for number in range(PAGES)] == contents
        world.mappings.clear()

    play(scenario, option=option)


QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.mark.long  # finds a stale translation: docs/status.md
@given(steps(), st.sampled_from([0, 1, 2]), st.booleans(), st.sampled_from(["map", "map", "copy"]))
@QUICK
def test_random_use(chosen: list[Step], strategy: int, precious: bool, option: str) -> None:
    play_steps(chosen, strategy, precious, option)
