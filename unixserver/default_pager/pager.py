"""The default pager: keeps pages of memory that the kernel made in the paging partition of a disk.

Page-out depends on it, so it must never wait for page-out: all its threads are of the reserved class
(``thread_wire``), it touches no memory of its own, and what it receives goes to the disk, and what it
reads to the kernel, by out-of-line memory, without a byte being copied.

One thread receives and never waits for a disk.  What it cannot answer at once it puts down as work for
the *storing* and the *fetching* threads; storing never waits for fetching, which needs frames.

Order.  The kernel sends what it has to say of an object in order, and this order is kept page by page:
a page that is still to be stored (``arriving``) is not fetched, and the same page is not stored twice
at a time.  So what is fetched is what was sent last.

No space.  A page for which there is no block goes back to the kernel as *precious*: the kernel keeps
it, knows that paging space is full, and looks for memory elsewhere; nothing is lost.  A request for it
that the kernel made before it had the page back needs no answer.  When space is scarce, a page that is
fetched leaves its block, which another page can have then, and is precious too: so even when all blocks
are taken and memory is full, pages can change places.  Should a block be bad, another is taken.

After Mach 3.0's default pager, which panicked when its space was full.
"""

from collections import deque
from collections.abc import Coroutine

from kernel.interface import memory_object as calls
from kernel.interface import memory_object_default as default_calls
from kernel.interface import notify
from kernel.interface.body import CarriedMemory
from kernel.interface.constants import (
    D_IO_ERROR,
    MACH_MSG_TYPE_MAKE_SEND,
    MACH_MSG_TYPE_MAKE_SEND_ONCE,
    MACH_NOTIFY_NO_SENDERS,
    MACH_PORT_RIGHT_PORT_SET,
    MACH_PORT_RIGHT_RECEIVE,
    MEMORY_OBJECT_COPY_DELAY,
)
from kernel.interface.returns import KernReturn, MachError
from kernel.interface.stubs import mach, mach_host, mach_port
from kernel.interface.values import Right
from kernel.user import Condition, Mutex, NamedMessage, NativeTask, PortName, Region, Requests, Server

from .backing import BackingObject, Fetch, PagingStatistics, Store
from .paging_disk import PAGE_SIZE, PATIENCE_NS, PagingDisk
from .paging_space import NOWHERE, PagingSpace, runs_of

STORING_THREADS = 2
FETCHING_THREADS = 2
"""Two each, so that one prepares a transfer while the disk does another's (a choice)."""

SCARCE = 8
"""Space is scarce when less than this part of it is free (a choice)."""


class DefaultPager:
    """The program and its state; one task runs it."""

    def __init__(self, device_name: str = "paging") -> None:
        self.statistics = PagingStatistics()
        self._device_name = device_name
        self._objects: dict[PortName, BackingObject] = {}  # by the memory object's port
        self._stores: deque[Store] = deque()
        self._fetches: deque[Fetch] = deque()
        self._task: NativeTask
        self._lock: Mutex  # of both queues, and of what changes when work is taken or done
        self._to_store: Condition
        self._to_fetch: Condition
        self._port_set: PortName = 0
        self._disk: PagingDisk
        self._space = PagingSpace(0)

    async def main(self, task: NativeTask) -> None:
        """The program.  ``task.ports`` has "host_priv" and "device_master"; MachError if there is no
        paging partition."""
        self._task = task
        self._lock = Mutex(task, "paging")
        self._to_store = Condition(task, self._lock, "pages to store")
        self._to_fetch = Condition(task, self._lock, "pages to fetch")
        await self._privilege()
        self._disk = PagingDisk(task)
        self._space = PagingSpace(await self._disk.open(task.ports["device_master"], self._device_name))
        self.statistics.blocks = self._space.blocks
        self._count_blocks()
        me = task.mach_task_self
        self._port_set = await mach_port.mach_port_allocate(task, me, MACH_PORT_RIGHT_PORT_SET)
        service = await mach_port.mach_port_allocate(task, me, MACH_PORT_RIGHT_RECEIVE)
        await mach_port.mach_port_move_member(task, me, service, self._port_set)
        for number in range(STORING_THREADS):
            await task.fork(self._store_for_ever, name=f"store.{number}")
        for number in range(FETCHING_THREADS):
            await task.fork(self._fetch_for_ever, name=f"fetch.{number}")
        await mach_port.mach_port_insert_right(task, me, service, Right(service, MACH_MSG_TYPE_MAKE_SEND))
        await mach.vm_set_default_memory_manager(task, task.ports["host_priv"], service)
        await Server(task, self._requests(), self._port_set).run()

    async def _privilege(self) -> None:
        """The calling thread joins the reserved class."""
        task = self._task
        thread = await task.mach_thread_self()
        await mach_host.thread_wire(task, task.ports["host_priv"], thread, True)
        await mach_port.mach_port_deallocate(task, task.mach_task_self, thread)

    def _count_blocks(self) -> None:
        self.statistics.free_blocks = self._space.free

    # ---- what the kernel says: nothing here waits for a disk

    def _requests(self) -> Requests:
        requests: Requests = Requests()
        requests.serve(default_calls.memory_object_create, self._create)
        requests.serve(default_calls.memory_object_data_initialize, self._data_initialize)
        requests.serve(default_calls.memory_object_data_terminate, self._data_terminate)
        requests.serve(calls.memory_object_data_return, self._data_return)
        requests.serve(calls.memory_object_data_request, self._data_request)
        requests.serve(calls.memory_object_data_unlock, self._data_unlock)
        requests.serve(calls.memory_object_init, self._init)
        requests.serve(calls.memory_object_terminate, self._terminate)
        requests.serve(notify.mach_notify_no_senders, self._no_senders)
        return requests

    def _backing(self, message: NamedMessage) -> BackingObject:
        """The object that a message is about."""
        backing = self._objects.get(message.local)
        if backing is None:
            raise MachError(KernReturn.INVALID_ARGUMENT)
        return backing

    async def _create(
        self,
        message: NamedMessage,
        memory_object: PortName,
        size: int,
        control: PortName,
        name: PortName,
        page_size: int,
    ) -> None:
        """A new object: of the kernel's, or, without a control port, of a program, which maps it as it
        would any pager's; it ends when nobody has a right to it any more."""
        if not memory_object or page_size != PAGE_SIZE:
            raise MachError(KernReturn.INVALID_ARGUMENT)
        self._objects[memory_object] = BackingObject(memory_object, control, name, by_program=not control)
        self.statistics.objects += 1
        task, me = self._task, self._task.mach_task_self
        await mach_port.mach_port_move_member(task, me, memory_object, self._port_set)
        if not control:
            notification = Right(memory_object, MACH_MSG_TYPE_MAKE_SEND_ONCE)
            await mach_port.mach_port_request_notification(
                task, me, memory_object, MACH_NOTIFY_NO_SENDERS, 0, notification
            )

    async def _init(self, message: NamedMessage, control: PortName, name: PortName, page_size: int) -> None:
        """A program's object is mapped."""
        backing = self._backing(message)
        if not backing.by_program or backing.control:
            raise MachError(KernReturn.INVALID_ARGUMENT)
        backing.control, backing.name = control, name
        await mach.memory_object_ready(self._task, control, False, MEMORY_OBJECT_COPY_DELAY)

    def _data_return(
        self,
        message: NamedMessage,
        control: PortName,
        offset: int,
        data: CarriedMemory,
        dirty: bool,
        kernel_copy: bool,
    ) -> None:
        self._data_initialize(message, control, offset, data)

    def _data_initialize(
        self, message: NamedMessage, control: PortName, offset: int, data: CarriedMemory
    ) -> None:
        backing = self._backing(message)
        assert isinstance(data.memory, Region)
        store = Store(backing, offset // PAGE_SIZE, data.size // PAGE_SIZE, data.memory.address)
        backing.arriving.update(store.pages)
        backing.with_kernel.difference_update(store.pages)
        backing.lost.difference_update(store.pages)
        backing.jobs += 1
        self._stores.append(store)
        self._to_store.signal()

    def _data_request(
        self, message: NamedMessage, control: PortName, offset: int, length: int, access: int
    ) -> None:
        backing = self._backing(message)
        page = offset // PAGE_SIZE
        if page in backing.with_kernel:
            return  # it has it by now
        backing.jobs += 1
        self._fetches.append(Fetch(backing, page))
        self._to_fetch.signal()

    async def _data_unlock(
        self, message: NamedMessage, control: PortName, offset: int, length: int, access: int
    ) -> None:
        """Nothing was locked; say so."""
        await mach.memory_object_lock_request(self._task, control, offset, length, 0, False, 0, 0)

    def _data_terminate(self, message: NamedMessage, control: PortName, offset: int, size: int) -> None:
        """Part of an object is not needed any more: its blocks are free, unless pages are on their way."""
        backing = self._backing(message)
        for page in range(offset // PAGE_SIZE, (offset + size) // PAGE_SIZE):
            if page in backing.blocks and not backing.arriving[page]:
                self._space.release(backing.blocks.pop(page))
        self._count_blocks()

    async def _terminate(self, message: NamedMessage, control: PortName, name: PortName) -> None:
        backing = self._backing(message)
        if not backing.control or (backing.control, backing.name) != (control, name):
            raise MachError(KernReturn.INVALID_ARGUMENT)
        backing.control = backing.name = 0
        backing.with_kernel.clear()
        task = self._task
        for port in (control, name):  # whoever is still sending to the control port fails now
            await mach_port.mach_port_destroy(task, task.mach_task_self, port)
        if not backing.by_program:
            await self._end(backing)

    async def _no_senders(self, message: NamedMessage, count: int) -> None:
        backing = self._backing(message)
        if backing.by_program and not backing.control:
            await self._end(backing)

    async def _end(self, backing: BackingObject) -> None:
        """Nobody uses the object any more."""
        del self._objects[backing.port]
        backing.ended = True
        if not backing.jobs:
            await self._forget(backing)

    async def _forget(self, backing: BackingObject) -> None:
        """An object has ended, and nothing is being done for it any more."""
        for block in backing.blocks.values():
            self._space.release(block)
        backing.blocks.clear()
        self._count_blocks()
        await mach_port.mach_port_destroy(self._task, self._task.mach_task_self, backing.port)

    async def _answer(self, backing: BackingObject, answer: Coroutine[object, object, None]) -> bool:
        """Say something about an object to the kernel; false if it is too late for that."""
        if not backing.control:
            answer.close()
            return False
        try:
            await answer
        except MachError:  # it was terminated while this waited for room in the port's queue
            assert not backing.control
        return True

    async def _done(self, backing: BackingObject) -> None:
        """One job less."""
        backing.jobs -= 1
        if backing.ended and not backing.jobs:
            await self._forget(backing)

    # ---- storing

    async def _store_for_ever(self) -> None:
        await self._privilege()
        while True:
            async with self._lock:
                while (store := self._next_store()) is None:
                    await self._to_store.wait()
                store.backing.writing.update(store.pages)
            if store.backing.ended:
                await self._release(store.address, store.count)
            else:
                await self._store(store)
            backing = store.backing
            backing.writing.difference_update(store.pages)
            for page in store.pages:
                backing.arriving[page] -= 1
                if not backing.arriving[page]:
                    del backing.arriving[page]
            self._to_store.signal()
            self._to_fetch.broadcast()
            await self._done(backing)

    def _next_store(self) -> Store | None:
        """The first that does not have to wait for another one of the same page."""
        for index, store in enumerate(self._stores):
            if store.backing.writing.isdisjoint(store.pages):
                del self._stores[index]
                return store
        return None

    async def _store(self, store: Store) -> None:
        """Write what can be written, and give back the rest."""
        backing = store.backing
        blocks = await self._blocks_for(store)
        for index, count in runs_of(blocks):
            address, first = store.address + index * PAGE_SIZE, store.first + index
            if blocks[index] == NOWHERE:
                await self._give_back(backing, first, count, address)
            elif await self._write(address, blocks[index], count) == 0:
                backing.blocks.update(zip(range(first, first + count), blocks[index:], strict=False))
                await self._release(address, count)
            else:
                for at in range(count):
                    await self._store_singly(
                        backing, first + at, blocks[index + at], address + at * PAGE_SIZE
                    )
        self._count_blocks()

    async def _store_singly(self, backing: BackingObject, page: int, block: int, address: int) -> None:
        """Write a page where that goes; a block that cannot be written is never used again."""
        error = await self._write(address, block, 1)
        while error == D_IO_ERROR:
            self.statistics.bad_blocks += 1
            backing.blocks.pop(page, None)
            new = self._space.allocate(1)
            if not new:
                await self._give_back(backing, page, 1, address)
                return
            block = new[0]
            error = await self._write(address, block, 1)
        if error:
            backing.blocks.pop(page, None)
            self._space.release(block)
            await self._give_back(backing, page, 1, address)
            return
        backing.blocks[page] = block
        await self._release(address, 1)

    async def _blocks_for(self, store: Store) -> list[int]:
        """Where each page goes; NOWHERE for those that find no space."""
        known = store.backing.blocks
        missing = [page for page in store.pages if page not in known]
        new = self._space.allocate(len(missing))
        if len(new) < len(missing):
            await self._task.sleep(PATIENCE_NS)  # an object may just be ending
            new += self._space.allocate(len(missing) - len(new))
        fresh = dict(zip(missing, new, strict=False))
        return [known.get(page, fresh.get(page, NOWHERE)) for page in store.pages]

    async def _write(self, address: int, block: int, count: int) -> int:
        """Write pages to adjacent blocks; the error, or 0."""
        error = await self._disk.write(address, block, count)
        if not error:
            self.statistics.writes += 1
            self.statistics.page_outs += count
        return error

    async def _give_back(self, backing: BackingObject, first: int, count: int, address: int) -> None:
        """Pages that cannot be stored stay with the kernel."""
        self.statistics.given_back += count
        backing.with_kernel.update(range(first, first + count))
        data = CarriedMemory(0, count * PAGE_SIZE, Region(address, deallocate=True))
        supply = mach.memory_object_data_supply(
            self._task, backing.control, first * PAGE_SIZE, data, 0, True, 0
        )
        if not await self._answer(backing, supply):
            backing.with_kernel.difference_update(range(first, first + count))
            backing.lost.update(range(first, first + count))
            await self._release(address, count)

    async def _release(self, address: int, count: int) -> None:
        await mach.vm_deallocate(self._task, self._task.mach_task_self, address, count * PAGE_SIZE)

    # ---- fetching

    async def _fetch_for_ever(self) -> None:
        await self._privilege()
        while True:
            async with self._lock:
                while (fetch := self._next_fetch()) is None:
                    await self._to_fetch.wait()
            if not fetch.backing.ended and fetch.page not in fetch.backing.with_kernel:
                await self._fetch(fetch.backing, fetch.page)
            await self._done(fetch.backing)

    def _next_fetch(self) -> Fetch | None:
        """The first whose page is not still to be stored."""
        for index, fetch in enumerate(self._fetches):
            if fetch.page not in fetch.backing.arriving:
                del self._fetches[index]
                return fetch
        return None

    async def _fetch(self, backing: BackingObject, page: int) -> None:
        """Answer a request."""
        task = self._task
        offset = page * PAGE_SIZE
        block = backing.blocks.get(page)
        if block is None and page not in backing.lost:
            self.statistics.never_written += 1
            unavailable = mach.memory_object_data_unavailable(task, backing.control, offset, PAGE_SIZE)
            await self._answer(backing, unavailable)
            return
        address = await self._disk.read(block) if block is not None else 0
        if not address:
            failure = int(KernReturn.FAILURE)
            error = mach.memory_object_data_error(task, backing.control, offset, PAGE_SIZE, failure)
            await self._answer(backing, error)
            return
        self.statistics.page_ins += 1
        scarce = self._space.free < self._space.blocks // SCARCE
        leaves = scarce and not backing.by_program and page in backing.blocks
        if leaves:
            self._space.release(backing.blocks.pop(page))
            backing.with_kernel.add(page)
            self._count_blocks()
        data = CarriedMemory(0, PAGE_SIZE, Region(address, deallocate=True))
        supply = mach.memory_object_data_supply(task, backing.control, offset, data, 0, leaves, 0)
        if not await self._answer(backing, supply):
            await self._release(address, 1)
