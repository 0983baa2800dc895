"""What every pager must do, whoever wrote it: seen by programs that map its memory.

``play(pager, check)`` runs one check against one pager, on a machine of its own; ``CHECKS`` are all of
them.  A pager is described by a ``PagerUnderTest``: how it is started, how a program comes by one of its
memory objects, and what is in that.  The checks never speak to the pager themselves, so they hold for one
written in C as for one in Python, for the default pager as for a device that can be mapped.  Besides
what the checks see, the messages between kernel and pager must follow the protocol (``history.py``), and
when a check is over, nothing of what it mapped may be left.
"""

from collections.abc import Awaitable, Callable
from typing import Protocol

from kernel.interface.constants import VM_INHERIT_COPY, VM_INHERIT_SHARE, VM_PROT_ALL, VM_PROT_DEFAULT
from kernel.interface.constants import VM_PROT_READ as READ
from kernel.interface.returns import KernReturn, MachError
from kernel.interface.stubs import mach
from kernel.user import NativeTask, PortName
from kernel.user.thread import NativeThread
from tests.user.native_node import MILLISECOND, SECOND, NativeNode
from tests.xmm.history import History

K = 4096


class PagerUnderTest(Protocol):
    """A pager, and what is known of it.  One is made for each check."""

    pages: int  # of a memory object; at least 4
    is_writable: bool  # programs may write to it
    remembers: bool  # what they wrote is there when an object is mapped again

    def start(self, node: NativeNode) -> None:
        """Before the machine runs: start its tasks."""

    async def open(self, client: NativeTask) -> PortName:
        """A memory object that nobody has mapped yet: a send right in the client's name space."""

    def contents(self, page: int) -> bytes:
        """What is in a page of a new memory object."""


class Client:
    """A program that uses one memory object."""

    def __init__(self, task: NativeTask, pager: PagerUnderTest, port: PortName) -> None:
        self.task = task
        self.pager = pager
        self.port = port
        self.mappings: list[tuple[PortName, int, int]] = []

    async def map(
        self,
        *,
        first: int = 0,
        pages: int = 0,
        copy: bool = False,
        inheritance: int = VM_INHERIT_COPY,
        task: PortName = 0,
    ) -> int:
        """Map it, or some pages of it; the address."""
        pages = pages or self.pager.pages - first
        target = task or self.task.mach_task_self
        protection = VM_PROT_DEFAULT if copy or self.pager.is_writable else READ
        rights = (protection, VM_PROT_ALL, inheritance)
        at = await mach.vm_map(self.task, target, 0, pages * K, 0, True, self.port, first * K, copy, *rights)
        self.mappings.append((target, at, pages))
        return at

    async def unmap_all(self) -> None:
        for target, at, pages in self.mappings:
            await mach.vm_deallocate(self.task, target, at, pages * K)
        self.mappings.clear()

    async def page(self, at: int, number: int) -> bytes:
        return await self.task.read(at + number * K, K)

    async def check(self, at: int, *numbers: int, first: int = 0) -> None:
        """Pages of a mapping are as they should be."""
        for number in numbers:
            assert await self.page(at, number) == self.pager.contents(first + number), f"page {number}"

    async def fork(
        self, function: Callable[..., Awaitable[object]], *arguments: object
    ) -> NativeThread[object]:
        return await self.task.fork(function, *arguments)


Check = Callable[[Client], Awaitable[None]]


async def every_page_has_its_contents(client: Client) -> None:
    at = await client.map()
    numbers = range(client.pager.pages)
    await client.check(at, *reversed(numbers))
    await client.check(at, *numbers)


async def a_window_shows_its_part(client: Client) -> None:
    at = await client.map(first=2, pages=2)
    await client.check(at, 1, 0, first=2)
    other = await client.map(first=3)
    await client.check(other, 0, first=3)


async def mapped_again_it_is_the_same(client: Client) -> None:
    for _ in range(3):
        await client.check(await client.map(), 1, 3)
        await client.unmap_all()
        await client.task.sleep(20 * MILLISECOND)


async def many_threads_want_the_same_pages(client: Client) -> None:
    at = await client.map()
    threads = [await client.fork(client.page, at, number % 3) for number in range(9)]
    for number, thread in enumerate(threads):
        assert await thread.join() == client.pager.contents(number % 3)


async def a_message_carries_it(client: Client) -> None:
    task = client.task
    at = await client.map()
    data = await task.read(await mach.vm_read(task, task.mach_task_self, at + K // 2, 2 * K))
    whole = b"".join(client.pager.contents(page) for page in range(3))
    assert data == whole[K // 2 : K // 2 + 2 * K]


async def two_tasks_see_the_same(client: Client) -> None:
    task = client.task
    child = await mach.task_create(task, task.mach_task_self, False)
    mine, theirs = await client.map(), await client.map(task=child)
    await client.check(mine, 0)
    if client.pager.is_writable:
        await mach.vm_write(task, child, theirs, b"theirs" + bytes(K - 6))
        assert (await client.page(mine, 0))[:6] == b"theirs"
        await task.write(mine + K, b"mine")
        assert (await task.read(await mach.vm_read(task, child, theirs + K, K)))[:4] == b"mine"
    data = await mach.vm_read(task, child, theirs + 2 * K, K)
    assert await task.read(data) == client.pager.contents(2)
    await mach.task_terminate(task, child)
    client.mappings = [one for one in client.mappings if one[0] != child]


async def a_child_shares_or_gets_a_copy(client: Client) -> None:
    task = client.task
    shared = await client.map(inheritance=VM_INHERIT_SHARE)
    copied = await client.map(inheritance=VM_INHERIT_COPY)
    child = await mach.task_create(task, task.mach_task_self, True)
    if client.pager.is_writable:
        await task.write(shared, b"later")
    for at, number in ((shared, 0), (shared, 1), (copied, 0), (copied, 2)):
        data = await task.read(await mach.vm_read(task, child, at + number * K, K))
        expected = client.pager.contents(number)
        if client.pager.is_writable and (at, number) == (shared, 0):
            expected = b"later" + expected[5:]
        assert data == expected, f"page {number} at {at:#x}"
    await mach.task_terminate(task, child)


async def a_copy_is_private(client: Client) -> None:
    copy = await client.map(copy=True)
    await client.check(copy, 0)
    await client.task.write(copy + K, b"private")
    await client.task.write(copy, b"private")
    at = await client.map()
    await client.check(at, *range(client.pager.pages))
    assert (await client.page(copy, 1))[:7] == b"private"
    assert (await client.page(copy, 1))[7:] == client.pager.contents(1)[7:]


async def a_copy_is_what_was_there(client: Client) -> None:
    if not client.pager.is_writable:
        return
    at = await client.map()
    await client.task.write(at, b"before")
    copy = await client.map(copy=True)
    await client.task.write(at, b"after!")
    await client.task.write(at + 2 * K, b"after!")
    assert (await client.page(copy, 0))[:6] == b"before"
    await client.check(copy, 2, 3)
    assert (await client.page(at, 0))[:6] == (await client.page(at, 2))[:6] == b"after!"


async def what_is_written_is_read(client: Client) -> None:
    if not client.pager.is_writable:
        return
    first, second = await client.map(), await client.map(first=1)
    for page in range(client.pager.pages):
        await client.task.write(first + page * K + page, b"page%d" % page)
    await client.task.write(second, b"second")
    for page in range(2, client.pager.pages):
        expected = bytearray(client.pager.contents(page))
        expected[page : page + 5] = b"page%d" % page
        assert await client.page(first, page) == expected
    assert (await client.page(first, 1))[:6] == b"second"


async def what_is_written_is_kept(client: Client) -> None:
    if not client.pager.remembers:
        return
    at = await client.map()
    for page in (3, 0):
        await client.task.write(at + page * K, b"keep%d" % page)
    await client.unmap_all()
    await client.task.sleep(SECOND)
    at = await client.map()
    for page in (0, 3):
        assert (await client.page(at, page))[:5] == b"keep%d" % page
    await client.check(at, 1, 2)


async def wired_memory_stays(client: Client) -> None:
    at = await client.map()
    address_map = client.task.door.map
    await client.check(at, 1, 2)
    if client.pager.is_writable:
        await client.task.write(at + K, client.pager.contents(1)[:1])
        await client.task.write(at + 2 * K, client.pager.contents(2)[:1])
    access = VM_PROT_DEFAULT if client.pager.is_writable else READ
    address_map.wire(at + K, 2 * K, access)
    await client.check(at, 1, 2, 3)
    address_map.wire(at + K, 2 * K, 0)


async def an_aborted_thread_does_no_harm(client: Client) -> None:
    at = await client.map()

    async def touch() -> bytes | int:
        try:
            return await client.page(at, 1)
        except MachError as error:
            return error.code

    thread = await client.fork(touch)
    await client.task.swtch()
    port = await thread.port()
    if port:
        await mach.thread_abort(client.task, port)
    assert await thread.join() in (client.pager.contents(1), KernReturn.ABORTED)
    await client.check(at, 1, 0)


CHECKS: tuple[Check, ...] = (
    every_page_has_its_contents,
    a_window_shows_its_part,
    mapped_again_it_is_the_same,
    many_threads_want_the_same_pages,
    a_message_carries_it,
    two_tasks_see_the_same,
    a_child_shares_or_gets_a_copy,
    a_copy_is_private,
    a_copy_is_what_was_there,
    what_is_written_is_read,
    what_is_written_is_kept,
    wired_memory_stays,
    an_aborted_thread_does_no_harm,
)


def play(pager: PagerUnderTest, check: Check, topology: str = "uni") -> None:
    """Run a check against a pager."""
    node = NativeNode(topology)
    history = History()
    node.machine.node.trace.listen(history.event)
    pager.start(node)

    async def main(task: NativeTask) -> int:
        await task.sleep(100 * MILLISECOND)
        client = Client(task, pager, await pager.open(task))
        await check(client)
        await task.sleep(SECOND)
        node.check()
        await client.unmap_all()
        await task.sleep(SECOND)
        left = [entry for entry in task.door.map.entries if entry.object and entry.object.pager]
        assert not left, f"still mapped: {left}"
        assert all(one.references == 0 for one in node.kernel.vm.objects.values() if not one.internal)
        return 7

    assert node.run(main) == 7, node.said
    assert not history.complaints, history.complaints
