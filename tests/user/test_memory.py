"""A native task's memory is real: frames in its own map, which fault, wait and fail."""

import pytest

from kernel.interface.body import CarriedMemory
from kernel.interface.constants import MACH_MSG_TYPE_COPY_SEND, VM_PROT_READ
from kernel.interface.returns import KernReturn
from kernel.interface.stubs import mach
from kernel.kern.task import Task
from kernel.user import NamedMessage, NativeTask, Region
from kernel.vm import pager
from kernel.vm import user as vm_user
from kernel.vm.map_copy import VmMapCopy
from kernel.vm.object import VmObject
from tests.user.native_node import MILLISECOND, NativeNode, drop_port, error_of, new_port

PAGE = 4096
PAGES = 4


class SlowPager:
    """Supplies pages full of their own number after a millisecond; the last one is an error."""

    def __init__(self, node: NativeNode) -> None:
        self._node = node.machine.node
        self._system = node.kernel.vm
        self.requests = 0

    def initialize(self, vm_object: VmObject) -> None:
        pager.ready(vm_object, False, 0)

    def data_request(self, vm_object: VmObject, offset: int, length: int, access: int) -> None:
        self.requests += 1
        events = self._node.events
        events.schedule(self._node.clock.now + MILLISECOND, self._supply, vm_object, offset)

    def _supply(self, vm_object: VmObject, offset: int) -> None:
        if not vm_object.alive:
            return
        number = offset // PAGE
        if number == PAGES - 1:
            pager.error(vm_object, offset)
            return
        frame = self._system.memory.allocate()
        assert frame is not None
        self._system.memory.write(frame, 0, bytes([number]) * PAGE)
        if not pager.supply(vm_object, offset, frame, 0, False):
            self._system.memory.free(frame)

    def data_unlock(self, vm_object: VmObject, offset: int, length: int, access: int) -> None:
        raise AssertionError("nothing is locked")

    def data_return(
        self, vm_object: VmObject, offset: int, data: VmMapCopy, dirty: bool, kernel_copy: bool
    ) -> None:
        data.discard()

    def copy(self, vm_object: VmObject, offset: int, length: int) -> "SlowPager":
        raise AssertionError("nobody copies by call here")

    def terminate(self, vm_object: VmObject) -> None:
        pass


def own(task: NativeTask, node: NativeNode) -> Task:
    return next(each for each in node.kernel.tasks.values() if each.name == task.name)


def map_pager(task: NativeTask, node: NativeNode) -> int:
    """Memory of a slow pager in the task's map."""
    target = own(task, node).map
    return vm_user.vm_map(target, 0, PAGES * PAGE, 0, True, SlowPager(node), 0, False)


def test_reads_and_writes_fault_pages_in() -> None:
    node = NativeNode()

    async def scenario(task: NativeTask) -> None:
        me = task.mach_task_self
        address = await mach.vm_allocate(task, me, 0, PAGES * PAGE, True)
        before = own(task, node).faults, own(task, node).zero_fills
        began = task.now_ns
        data = bytes(range(256)) * 40
        await task.write(address + 100, data)
        pages = (100 + len(data)) // PAGE + 1
        assert own(task, node).faults - before[0] == own(task, node).zero_fills - before[1] == pages
        costs = node.kernel.costs
        least = pages * (costs.exception + costs.fault + costs.zero_page) + costs.copy(len(data))
        assert least <= task.now_ns - began < 2 * least
        assert await task.read(address + 100, len(data)) == data
        assert await task.read(address + 3 * PAGE, 10) == bytes(10)
        assert await task.read(address, 0) == b""
        assert own(task, node).faults - before[0] == pages + 1
        await mach.vm_deallocate(task, me, address, PAGES * PAGE)

    node.leaves_nothing(scenario)


def test_errors_are_those_of_a_fault() -> None:
    async def scenario(task: NativeTask) -> None:
        me = task.mach_task_self
        address = await mach.vm_allocate(task, me, 0, 2 * PAGE, True)
        await mach.vm_protect(task, me, address + PAGE, PAGE, False, VM_PROT_READ)
        assert await error_of(task.write(address + PAGE - 2, b"four")) == KernReturn.PROTECTION_FAILURE
        assert await task.read(address + PAGE - 2, 4) == bytes(4)  # nothing was written
        assert await error_of(task.read(address + PAGE, PAGE + 1)) == KernReturn.INVALID_ADDRESS
        for wrong in (0, -1, 0xC0000000, 0xFFFFFFFF, 1 << 40):
            assert await error_of(task.read(wrong, 4)) == KernReturn.INVALID_ADDRESS
            assert await error_of(task.write(wrong, b"four")) == KernReturn.INVALID_ADDRESS
        await mach.vm_deallocate(task, me, address, 2 * PAGE)

    NativeNode().leaves_nothing(scenario)


@pytest.mark.parametrize("topology", ["uni", "smp:2"])
def test_a_fault_waits_for_a_pager_and_others_run(topology: str) -> None:
    node = NativeNode(topology)

    async def scenario(task: NativeTask) -> None:
        address = map_pager(task, node)
        order: list[str] = []

        async def reads() -> None:
            data = await task.read(address + PAGE - 3, PAGE + 6)
            assert data == b"\0\0\0" + b"\1" * PAGE + b"\2\2\2"
            order.append("read")

        async def writes() -> None:
            await task.write(address + PAGE - 1, b"abcd")
            order.append("written")

        reader = await task.fork(reads)
        began = task.now_ns
        await task.sleep(MILLISECOND // 2)
        order.append("ran")
        await reader.join()
        assert 3 * MILLISECOND <= task.now_ns - began < 5 * MILLISECOND
        await (await task.fork(writes)).join()
        assert order == ["ran", "read", "written"]
        assert await task.read(address + PAGE - 2, 6) == b"\0abcd\1"
        error = KernReturn.MEMORY_ERROR
        assert await error_of(task.read(address + (PAGES - 1) * PAGE, 1)) == error
        assert await error_of(task.write(address + (PAGES - 1) * PAGE - 1, b"xy")) == error
        await mach.vm_deallocate(task, task.mach_task_self, address, PAGES * PAGE)

    node.leaves_nothing(scenario)


def test_terminated_while_it_waits_for_a_page() -> None:
    node = NativeNode()

    async def scenario(task: NativeTask) -> None:
        address = map_pager(task, node)
        ended: list[str] = []

        async def reads() -> None:
            try:
                await task.read(address, PAGE)
            finally:
                ended.append("unwound")

        thread = await task.fork(reads)
        name = await thread.port()
        await task.sleep(MILLISECOND // 4)
        await mach.thread_terminate(task, name)
        assert await error_of(thread.join()) == KernReturn.ABORTED
        assert ended == ["unwound"]
        await drop_port(task, name)
        await task.sleep(2 * MILLISECOND)
        assert await task.read(address, 2) == b"\0\0"
        await mach.vm_deallocate(task, task.mach_task_self, address, PAGES * PAGE)

    node.leaves_nothing(scenario)


def test_memory_of_a_pager_in_a_message() -> None:
    """Out-of-line memory that must be brought in when it is received as bytes."""
    node = NativeNode()

    async def scenario(task: NativeTask) -> None:
        address = map_pager(task, node)
        port = await new_port(task)
        body = bytes.fromhex("00000020 0900 0800 06000000 00000000")
        carried = (CarriedMemory(12, 6, Region(address + PAGE - 3)),)
        await task.send(NamedMessage(port, MACH_MSG_TYPE_COPY_SEND, 0, 0, 1, body, carried))
        got = await task.receive(port, by_value=True)
        assert got.carried == (CarriedMemory(12, 6, b"\0\0\0\1\1\1"),)
        await mach.vm_deallocate(task, task.mach_task_self, address, PAGES * PAGE)
        await drop_port(task, port)

    node.leaves_nothing(scenario)


def test_a_shortage_of_memory_is_an_error() -> None:
    node = NativeNode()

    async def main(task: NativeTask) -> int:
        me = task.mach_task_self
        size = 64 << 20  # four times what there is
        address = await mach.vm_allocate(task, me, 0, size, True)
        code = await error_of(task.write(address, bytes(size)))
        assert code == KernReturn.RESOURCE_SHORTAGE
        await mach.vm_deallocate(task, me, address, size)
        return 4

    assert node.run(main) == 4, node.said
