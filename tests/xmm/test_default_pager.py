"""Memory that the kernel made, and the default pager that it is paged out to.

The test plays the page-out daemon: it picks pages and calls what that calls.
"""

from kernel.interface import memory_object_default as default_calls
from kernel.interface.body import CarriedMemory
from kernel.interface.constants import MACH_MSG_TYPE_MAKE_SEND
from kernel.interface.returns import KernReturn
from kernel.interface.stubs import mach, mach_port
from kernel.interface.stubs.bootstrap import bootstrap_privileged_ports
from kernel.interface.values import Right
from kernel.user import NamedMessage, PortName
from kernel.vm.object import VmObject
from kernel.vm.page_return import return_pages
from kernel.vm.pager import assign_default_pager
from tests.user.native_node import new_port
from tests.xmm.world import READ, WRITE, File, K, World, play


class DefaultPager:
    """A default pager on the world's store: new objects become files of it."""

    def __init__(self, world: World, port: PortName) -> None:
        self.world = world
        self.port = port
        self.sizes: list[int] = []
        world.requests.serve(default_calls.memory_object_create, self._create)
        world.requests.serve(default_calls.memory_object_data_initialize, self._initialize)

    async def _create(
        self, message: NamedMessage, new: int, size: int, control: int, name: int, page_size: int
    ) -> None:
        world = self.world
        me = world.task.mach_task_self
        file = world._adopt(new)
        file.control, file.name, file.answer = control, name, "supply"
        self.sizes.append(size)
        world.log.append(("create", file))
        await mach_port.mach_port_insert_right(world.task, me, new, Right(new, MACH_MSG_TYPE_MAKE_SEND))
        await mach_port.mach_port_move_member(world.task, me, new, world.port_set)

    async def _initialize(
        self, message: NamedMessage, control: int, offset: int, data: CarriedMemory
    ) -> None:
        file = self.world.files[message.local]
        self.world.log.append(("initialize", file, offset // K, data.size // K))
        await self.world._keep(file, offset, data)
        self.world.returning += 1

    @property
    def file(self) -> File:
        return next(entry[1] for entry in self.world.log if entry[0] == "create")  # type: ignore[return-value]


async def default_pager(world: World) -> DefaultPager:
    task = world.task
    host, _master = await bootstrap_privileged_ports(task, task.bootstrap_port)
    port = await new_port(task)
    await mach_port.mach_port_move_member(task, task.mach_task_self, port, world.port_set)
    pager = DefaultPager(world, port)
    assert await mach.vm_set_default_memory_manager(task, host, port) == 0
    assert await mach.vm_set_default_memory_manager(task, host, 0) == port
    return pager


async def memory(world: World, pages: int) -> tuple[int, VmObject]:
    """Memory of the kernel's making, page n full of n + 65, and its object."""
    task = world.task
    address = await mach.vm_allocate(task, task.mach_task_self, 0, 16 * K, True)
    await mach.vm_deallocate(task, task.mach_task_self, address, K)  # so that it stands alone
    address += K
    for page in range(pages):
        await world.write(address, page, bytes([65 + page]) * K)
    entry = task.door.map.lookup(address)
    assert entry is not None and entry.object is not None
    world.mappings.append((address, 15))
    return address, entry.object


def page_out(vm_object: VmObject, *numbers: int) -> None:
    pages = [vm_object.pages[number * K] for number in numbers]
    return_pages(vm_object, pages, True)


def test_without_a_default_pager_nothing_can_be_paged_out() -> None:
    async def scenario(world: World) -> None:
        _, vm_object = await memory(world, 1)
        assert not assign_default_pager(vm_object) and vm_object.pager is None

    play(scenario)


def test_out_and_in_again() -> None:
    async def scenario(world: World) -> None:
        pager = await default_pager(world)
        address, vm_object = await memory(world, 6)
        free = world.vm.memory.free_count
        assert assign_default_pager(vm_object) and assign_default_pager(vm_object)
        page_out(vm_object, 1, 2, 4)
        await world.settle()
        assert world.seen(pager.file) == [("create",), ("initialize", 1, 2), ("initialize", 4, 1)]
        assert pager.sizes == [vm_object.size]
        assert sorted(vm_object.pages) == [0, 3 * K, 5 * K]
        assert world.vm.memory.free_count >= free + 2, "the frames are free once the pager has stored them"
        assert await world.read(address, 2) == b"CCCC"
        assert await world.read(address, 8) == bytes(4), "never paged out: the pager is not asked"
        await world.write(address, 4, b"new!")
        assert world.seen(pager.file, "request") == [("request", 2, READ), ("request", 4, WRITE)]
        page_out(vm_object, 2, 3, 4)
        await world.settle()
        assert world.seen(pager.file)[-3:] == [
            ("return", 2, 1, False, False),
            ("initialize", 3, 1),
            ("return", 4, 1, True, False),
        ]
        assert await world.read(address, 4) == b"new!" and await world.read(address, 3) == b"DDDD"
        await world.unmap(address, 15)
        await world.settle()
        assert world.seen(pager.file)[-1] == ("terminate",), "and nothing is returned that nobody needs"

    play(scenario)


def test_copies_of_what_is_paged_out() -> None:
    async def scenario(world: World) -> None:
        task = world.task
        await default_pager(world)
        address, vm_object = await memory(world, 3)
        await mach.vm_inherit(task, task.mach_task_self, address, K, 0)
        child = await mach.task_create(task, task.mach_task_self, True)
        assert assign_default_pager(vm_object)
        page_out(vm_object, 0, 1, 2)
        data = await mach.vm_read(task, task.mach_task_self, address, 3 * K)
        await world.write(address, 1, b"mine")
        contents = await task.read(data)
        assert contents == b"A" * K + b"B" * K + b"C" * K
        theirs = await task.read(await mach.vm_read(task, child, address, 3 * K))
        assert theirs == contents
        assert await world.read(address, 1) == b"mine" and await world.read(address, 2) == b"CCCC"
        await mach.task_terminate(task, child)

    play(scenario)


def test_a_default_pager_that_dies() -> None:
    async def scenario(world: World) -> None:
        task = world.task
        pager = await default_pager(world)
        address, vm_object = await memory(world, 2)
        other_address, other = await memory(world, 1)
        assert assign_default_pager(vm_object)
        page_out(vm_object, 0)
        await world.settle()
        await mach_port.mach_port_mod_refs(task, task.mach_task_self, pager.file.port, 1, -1)
        assert await world.error(world.read(address, 0)) == KernReturn.MEMORY_FAILURE
        assert await world.read(address, 1) == b"BBBB"
        assert await world.read(address, 5) == bytes(4), "fresh memory needs no pager"
        await mach_port.mach_port_mod_refs(task, task.mach_task_self, pager.port, 1, -1)
        assert not assign_default_pager(other)
        assert await world.read(other_address) == b"AAAA"

    play(scenario)


def test_what_is_on_its_way_out_does_not_change() -> None:
    async def scenario(world: World) -> None:
        await default_pager(world)
        _address, vm_object = await memory(world, 2)
        kept = world.hold_returned()
        assert assign_default_pager(vm_object)
        page_out(vm_object, 0, 1)
        world.node.check()
        await world.settle()
        contents = await world.task.read(kept[0])
        assert contents == b"A" * K + b"B" * K
        assert world.files[max(world.files)] and vm_object.paged_out == {0, K}

    play(scenario)
