"""Pagers that do not give up what they are sent: they delay nobody else."""

from itertools import pairwise

from kernel.interface import memory_object as calls
from kernel.interface.body import CarriedMemory
from kernel.interface.constants import VM_INHERIT_NONE, VM_PROT_ALL, VM_PROT_DEFAULT
from kernel.interface.returns import KernReturn
from kernel.interface.stubs import mach, mach_host, mach_port
from kernel.user import NamedMessage, NativeTask, PortName, Region, Requests, Server
from kernel.vm.page_scan import LAUNDRY_TIMEOUT_NS

from ..user.native_node import SECOND, error_of, receive
from .paging_node import K, PagingNode, allocate, contents, fill, verify

FRAMES, BLOCKS = 64, 1024
COPY_NONE = 0


class Hoarder:
    """Keeps all that it is sent in its memory, which is as pageable as any."""

    def __init__(self, node: PagingNode) -> None:
        self.port = node.port()
        self.kept: dict[int, int] = {}  # page -> address
        self.returned = 0
        self.deaf_after = 1 << 30  # requests that it listens to

    async def main(self, task: NativeTask) -> None:
        self.task = task
        requests: Requests = Requests()
        requests.serve(calls.memory_object_init, self.init)
        requests.serve(calls.memory_object_data_request, self.data_request)
        requests.serve(calls.memory_object_data_return, self.data_return)
        requests.serve(calls.memory_object_terminate, lambda *_: None)
        await Server(task, requests, task.ports["object"]).run()

    async def init(self, message: NamedMessage, control: PortName, name: PortName, page_size: int) -> None:
        await mach.memory_object_ready(self.task, control, False, COPY_NONE)

    async def data_request(
        self, message: NamedMessage, control: PortName, offset: int, length: int, access: int
    ) -> None:
        address = self.kept.get(offset // K)
        if address is None:
            await mach.memory_object_data_unavailable(self.task, control, offset, length)
        else:
            data = CarriedMemory(0, K, Region(address))
            await mach.memory_object_data_supply(self.task, control, offset, data, 0, False, 0)

    async def data_return(
        self,
        message: NamedMessage,
        control: PortName,
        offset: int,
        data: CarriedMemory,
        dirty: bool,
        kernel_copy: bool,
    ) -> None:
        assert isinstance(data.memory, Region)
        for at in range(0, data.size, K):
            self.kept[(offset + at) // K] = data.memory.address + at
            self.returned += 1
        while self.returned > self.deaf_after:
            await self.task.sleep(1000 * SECOND)


def start_hoarder(node: PagingNode) -> Hoarder:
    hoarder = Hoarder(node)
    node.start("hoarder", hoarder.main, object=receive(hoarder.port))
    return hoarder


async def map_object(task: NativeTask, memory_object: int, pages: int) -> int:
    return await mach.vm_map(
        task,
        task.mach_task_self,
        0,
        pages * K,
        0,
        True,
        memory_object,
        0,
        False,
        VM_PROT_DEFAULT,
        VM_PROT_ALL,
        VM_INHERIT_NONE,
    )


def test_a_pager_that_keeps_everything_in_its_memory() -> None:
    """Its memory is paged out as any other's: what it keeps is paged twice."""
    node = PagingNode(FRAMES, BLOCKS)
    node.listen("laundry_late")
    hoarder = start_hoarder(node)

    async def main(task: NativeTask) -> int:
        name = node.kernel.ipc.copyout_send(task.door.space, hoarder.port)
        address = await map_object(task, name, 2 * FRAMES)
        for version in range(2):
            await fill(task, address, 2 * FRAMES, version)
            await verify(task, address, 2 * FRAMES, version)
        return 1

    assert node.run(main) == 1, node.said
    assert hoarder.returned > 2 * FRAMES and node.page_out.scan.late > 0
    assert len(node.events) == 1, "once late, an object has no grace any more"


def test_a_pager_that_stops_listening() -> None:
    """Those who map its object wait in vain; a task that does not goes on at the speed of the disk."""
    node = PagingNode(FRAMES, BLOCKS)
    hoarder = start_hoarder(node)
    hoarder.deaf_after = 20
    verified: list[int] = []

    async def innocent(task: NativeTask) -> None:
        address = await allocate(task, FRAMES)
        await fill(task, address, FRAMES)
        while True:
            await verify(task, address, FRAMES)
            verified.append(task.now_ns)
            await task.sleep(SECOND // 10)

    async def main(task: NativeTask) -> int:
        name = node.kernel.ipc.copyout_send(task.door.space, hoarder.port)
        address = await map_object(task, name, 3 * FRAMES)
        for page in range(3 * FRAMES):
            code = await error_of(task.write(address + page * K, contents(page)))
            if code:
                return code
        return 0

    node.start("innocent", innocent)
    assert node.run(main) == KernReturn.MEMORY_ERROR, node.said
    gaps = [later - earlier for earlier, later in pairwise(verified)]
    assert len(gaps) > 10 and max(gaps) < LAUNDRY_TIMEOUT_NS + 10 * SECOND, max(gaps)


def test_a_pager_that_supplies_although_it_is_short_of_memory_itself() -> None:
    """What an ordinary pager supplies by value needs frames: it waits for them as anybody does."""
    node = PagingNode(FRAMES, BLOCKS)
    hoarder = start_hoarder(node)

    async def main(task: NativeTask) -> int:
        own = await allocate(task, FRAMES)
        await fill(task, own, FRAMES)
        name = node.kernel.ipc.copyout_send(task.door.space, hoarder.port)
        address = await map_object(task, name, FRAMES)
        await fill(task, address, FRAMES)
        for _ in range(2):
            await verify(task, own, FRAMES)
            await verify(task, address, FRAMES)
        return 2

    assert node.run(main) == 2, node.said


def test_wired_memory_stays() -> None:
    node = PagingNode(FRAMES, BLOCKS)
    host = node.kernel.host.priv_port
    assert host is not None

    async def main(task: NativeTask) -> int:
        priv = node.kernel.ipc.copyout_send(task.door.space, host)
        wired = await allocate(task, 8)
        await fill(task, wired, 8)
        await mach_host.vm_wire(task, priv, task.mach_task_self, wired, 8 * K, 3)
        assert node.vm.pages.wire_count >= 8
        other = await allocate(task, 2 * FRAMES)
        await fill(task, other, 2 * FRAMES)
        pageins = node.vm.statistics.pageins
        await verify(task, wired, 8)
        assert node.vm.statistics.pageins == pageins
        code = await error_of(mach_host.vm_wire(task, priv, task.mach_task_self, other, 2 * FRAMES * K, 3))
        assert code == KernReturn.RESOURCE_SHORTAGE
        await mach_host.vm_wire(task, priv, task.mach_task_self, other, 16 * K, 3)
        await mach_host.vm_wire(task, priv, task.mach_task_self, other, 16 * K, 0)
        await verify(task, other, 2 * FRAMES)
        await mach_port.mach_port_deallocate(task, task.mach_task_self, priv)
        return 3

    assert node.run(main) == 3, node.said
