"""A machine with little memory and some paging space, on which native tasks run."""

import io

from kernel.interface.stubs import mach
from kernel.user import NativeTask
from kernel.vm.pageout import PageOut
from machsh.machine import Machine, Settings
from machsh.topology import parse_topology
from unixserver.default_pager import DefaultPager

from ..user.native_node import NativeNode

K = 4096


class PagingNode(NativeNode):
    """One machine; sizes in pages."""

    def __init__(self, frames: int, blocks: int, topology: str = "uni", *, traced: bool = False) -> None:
        self.output = io.BytesIO()
        settings = Settings(parse_topology(topology), frames * K, paging_bytes=blocks * K)
        self.machine = Machine(settings, self.output)
        self.kernel = self.machine.node.kernel
        self.vm = self.machine.node.vm
        self.events: list[tuple[str, tuple[object, ...]]] = []
        if traced:
            self.machine.node.trace.start_hash()

    def listen(self, *kinds: str) -> None:
        """Keep the trace events of these kinds in ``events``."""

        def note(time: int, node: int, kind: str, fields: tuple[object, ...]) -> None:
            if kind in kinds:
                self.events.append((kind, fields))

        self.machine.node.trace.listen(note)

    @property
    def page_out(self) -> PageOut:
        assert self.vm.page_out is not None
        return self.vm.page_out

    @property
    def pager(self) -> DefaultPager:
        assert self.machine.default_pager is not None
        return self.machine.default_pager


async def allocate(task: NativeTask, pages: int) -> int:
    return await mach.vm_allocate(task, task.mach_task_self, 0, pages * K, True)


async def deallocate(task: NativeTask, address: int, pages: int) -> None:
    await mach.vm_deallocate(task, task.mach_task_self, address, pages * K)


def contents(page: int, version: int = 0) -> bytes:
    """What a test puts into a page."""
    return (b"%d.%d " % (page, version)).ljust(64, b"x")


async def fill(task: NativeTask, address: int, pages: int, version: int = 0) -> None:
    for page in range(pages):
        await task.write(address + page * K, contents(page, version))


async def verify(task: NativeTask, address: int, pages: int, version: int = 0) -> None:
    for page in range(pages):
        assert await task.read(address + page * K, 64) == contents(page, version), page
