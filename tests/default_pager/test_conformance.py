"""The default pager as a pager like any other: programs make objects with it, and map them."""

import pytest

from kernel.interface.stubs import mach, mach_port, memory_object_default
from kernel.kern.disk_device import DiskDevice
from kernel.machine.disk import SECTOR_SIZE, Disk
from kernel.machine.store import MemoryStore
from kernel.user import NativeTask, PortName
from kernel.user.start import start_native
from tests.user.native_node import NativeNode, new_port
from tests.xmm.conformance import CHECKS, Check, K, play
from unixserver.default_pager import DefaultPager

BLOCKS = 64


class Paged:
    """Memory objects of the default pager."""

    pages = 6
    is_writable = True
    remembers = True

    def __init__(self) -> None:
        self.pager = DefaultPager()

    def contents(self, page: int) -> bytes:
        return bytes(K)

    def start(self, node: NativeNode) -> None:
        self.node = node
        machine, kernel = node.machine.node, node.kernel
        disk = Disk(machine.clock, machine.events, MemoryStore(BLOCKS * K))
        kernel.devices.add("paging", lambda: DiskDevice(kernel, "paging", disk, 0, BLOCKS * K // SECTOR_SIZE))
        host = kernel.host
        assert host.priv_port is not None and host.device_port is not None
        ports = {"host_priv": host.priv_port, "device_master": host.device_port}
        start_native(kernel, "default_pager", self.pager.main, ports=ports)

    async def open(self, client: NativeTask) -> PortName:
        priv = self.node.kernel.host.priv_port
        assert priv is not None
        host = self.node.kernel.ipc.copyout_send(client.door.space, priv)
        service = await mach.vm_set_default_memory_manager(client, host, 0)
        port = await new_port(client)
        await memory_object_default.memory_object_create(client, service, port, self.pages * K, 0, 0, K)
        await mach_port.mach_port_deallocate(client, client.mach_task_self, host)
        return port


@pytest.mark.parametrize("topology", ["uni", "smp:2"])
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_default_pager(check: Check, topology: str) -> None:
    play(Paged(), check, topology)


def test_an_object_ends_when_nobody_has_a_right_to_it() -> None:
    paged = Paged()
    node = NativeNode()
    paged.start(node)

    async def main(task: NativeTask) -> int:
        await task.sleep(100_000_000)
        port = await paged.open(task)
        at = await mach.vm_map(task, task.mach_task_self, 0, 4 * K, 0, True, port, 0, False, 3, 7, 2)
        for page in range(4):
            await task.write(at + page * K, b"x")
        await mach.vm_deallocate(task, task.mach_task_self, at, 4 * K)
        await task.sleep(1_000_000_000)
        assert paged.pager.statistics.free_blocks == BLOCKS - 4
        await mach_port.mach_port_deallocate(task, task.mach_task_self, port)
        await task.sleep(1_000_000_000)
        assert paged.pager.statistics.free_blocks == BLOCKS
        return 4

    assert node.run(main) == 4, node.said
