"""A machine with a pager that tests can direct, and programs that use its memory objects.

Everything happens in the first task, which is native: its first thread runs the test, another serves
the memory objects, one message after the other, and more are forked as needed.  So a test can do what
the pager would do, and look at what it was told: ``log`` has each message as (what, file, ...).
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from kernel.interface import memory_object as calls
from kernel.interface.body import CarriedMemory
from kernel.interface.constants import MACH_MSG_TYPE_MAKE_SEND, MACH_PORT_RIGHT_PORT_SET
from kernel.interface.returns import MachError
from kernel.interface.stubs import mach, mach_port
from kernel.interface.values import Right
from kernel.user import NamedMessage, NativeTask, PortName, Region, Requests, Server
from kernel.user.thread import NativeThread
from kernel.vm.object import VmObject
from tests.user.native_node import MILLISECOND, NativeNode, new_port
from tests.xmm.history import History

K = 4096
READ, WRITE, ALL = 1, 3, 7
NONE, DIRTY, EVERYTHING = 0, 1, 2  # what a lock_request returns
NO_CHANGE = 8
COPY_NONE, COPY_CALL, COPY_DELAY, COPY_TEMPORARY = range(4)

Entry = tuple[object, ...]
Answer = Callable[["File", int, int, int], Awaitable[None]]


@dataclass
class File:
    """A memory object of the test's pager: what it holds, and how the pager behaves."""

    number: int
    port: PortName
    fill: Callable[[int], bytes] = lambda number: bytes([number + 1]) * K
    pages: dict[int, bytes] = field(default_factory=dict)  # by page number; others are filled
    control: PortName = 0
    name: PortName = 0
    # Behaviour
    says_ready: bool = True
    old_ready: bool = False
    may_cache: bool = False
    strategy: int = COPY_DELAY
    lock: int = 0
    precious: bool = False
    unlocks: bool = True
    delays_ms: list[int] = field(default_factory=list)  # of the next answers, last first
    answer: str | Answer = "supply"  # or "unavailable", "error", "nothing"
    copied_from: "tuple[File, int, int] | None" = None  # the original, the page there, how many

    def page(self, number: int) -> bytes:
        return self.pages[number] if number in self.pages else self.fill(number)

    def __repr__(self) -> str:
        return f"<file {self.number}>"


class World:
    """The first task, its pager and its memory."""

    def __init__(
        self, node: NativeNode, task: NativeTask, port_set: PortName, reply: PortName, history: History
    ) -> None:
        self.node = node
        self.history = history
        self.vm = node.kernel.vm
        self.task = task
        self.port_set = port_set
        self.reply = reply  # where completions go
        self.files: dict[PortName, File] = {}
        self.log: list[Entry] = []
        self.mappings: list[tuple[int, int]] = []
        self._numbers = 0
        self.holds_ms = 0  # how long the pager keeps the memory that it got
        self.returning = 0  # data that was received, but not stored yet
        self.requests: Requests = Requests()
        for routine, function in (
            (calls.memory_object_init, self._init),
            (calls.memory_object_terminate, self._terminate),
            (calls.memory_object_copy, self._copy),
            (calls.memory_object_data_request, self._data_request),
            (calls.memory_object_data_unlock, self._data_unlock),
            (calls.memory_object_data_return, self._data_return),
            (calls.memory_object_data_write, self._data_write),
            (calls.memory_object_lock_completed, self._lock_completed),
            (calls.memory_object_supply_completed, self._supply_completed),
            (calls.memory_object_change_completed, self._change_completed),
        ):
            self.requests.serve(routine, function)

    # ---- the pager's side

    async def file(self, **behaviour: object) -> File:
        """A new memory object."""
        port = await new_port(self.task)
        file = self._adopt(port)
        for name, value in behaviour.items():
            setattr(file, name, value)
        await mach_port.mach_port_move_member(self.task, self.task.mach_task_self, port, self.port_set)
        return file

    def _adopt(self, port: PortName) -> File:
        self._numbers += 1
        file = self.files[port] = File(self._numbers, port)
        return file

    async def _init(self, message: NamedMessage, control: int, name: int, page_size: int) -> None:
        file = self.files[message.local]
        self.log.append(("init", file))
        file.control, file.name = control, name
        assert page_size == K
        if file.old_ready:
            await mach.memory_object_set_attributes(self.task, control, True, file.may_cache, file.strategy)
        elif file.says_ready:
            await self.ready(file)

    async def ready(self, file: File) -> None:
        await mach.memory_object_ready(self.task, file.control, file.may_cache, file.strategy)

    async def _terminate(self, message: NamedMessage, control: int, name: int) -> None:
        file = self.files[message.local]
        self.log.append(("terminate", file))
        for port in (control, name):
            await mach_port.mach_port_destroy(self.task, self.task.mach_task_self, port)
        file.control = file.name = 0

    def _copy(
        self, message: NamedMessage, control: int, offset: int, length: int, new_port_name: int
    ) -> Awaitable[None]:
        old = self.files[message.local]
        new = self._adopt(new_port_name)
        self.log.append(("copy", old, offset, length, new))
        new.answer = self._answer_copy
        new.copied_from = (old, offset // K, length // K)
        old.unlocks = False  # the pages of the original are pushed first: see ``_push``
        return self._serve_copy(new_port_name)

    async def _serve_copy(self, new_port_name: PortName) -> None:
        me = self.task.mach_task_self
        await mach_port.mach_port_insert_right(
            self.task, me, new_port_name, Right(new_port_name, MACH_MSG_TYPE_MAKE_SEND)
        )
        await mach_port.mach_port_move_member(self.task, me, new_port_name, self.port_set)

    async def _answer_copy(self, file: File, offset: int, length: int, access: int) -> None:
        """A copy has what was pushed into it; else what the original has."""
        if offset // K in file.pages:
            await self.supply(file, offset // K)
        else:
            await mach.memory_object_data_unavailable(self.task, file.control, offset, length)

    async def _data_request(
        self, message: NamedMessage, control: int, offset: int, length: int, access: int
    ) -> None:
        file = self.files[message.local]
        self.log.append(("request", file, offset // K, access))
        assert length == K
        if file.delays_ms:
            await self.task.fork(self._answer_later, file, offset, access, file.delays_ms.pop())
        else:
            await self._answer(file, control, offset, length, access)

    async def _answer_later(self, file: File, offset: int, access: int, delay_ms: int) -> None:
        await self.task.sleep(delay_ms * MILLISECOND)
        if file.control:
            await self._answer(file, file.control, offset, K, access)

    async def _answer(self, file: File, control: int, offset: int, length: int, access: int) -> None:
        if not isinstance(file.answer, str):
            await file.answer(file, offset, length, access)
        elif file.answer == "supply":
            lock = file.lock
            if access & 2:
                self._push(file, offset // K)
            elif self._is_copied(file, offset // K):
                lock |= 2
            await self.supply(file, offset // K, lock=lock)
        elif file.answer == "unavailable":
            await mach.memory_object_data_unavailable(self.task, control, offset, length)
        elif file.answer == "error":
            await mach.memory_object_data_error(self.task, control, offset, length, 5)
        else:
            assert file.answer == "nothing"

    async def supply(
        self, file: File, number: int, count: int = 1, *, reply: bool = False, lock: int | None = None
    ) -> None:
        data = b"".join(file.page(number + index) for index in range(count))
        await self.supply_data(file, number, data, reply=reply, lock=lock)

    async def supply_data(
        self, file: File, number: int, data: object, *, reply: bool = False, lock: int | None = None
    ) -> None:
        await mach.memory_object_data_supply(
            self.task,
            file.control,
            number * K,
            data,  # type: ignore[arg-type]
            file.lock if lock is None else lock,
            file.precious,
            self.reply if reply else 0,
        )

    async def _data_unlock(
        self, message: NamedMessage, control: int, offset: int, length: int, access: int
    ) -> None:
        file = self.files[message.local]
        number = offset // K
        self.log.append(("unlock", file, number, access))
        copies = [one for one in self.files.values() if one.copied_from and one.copied_from[0] is file]
        if copies:  # which takes time: this thread goes on with the next message
            await self.task.fork(self._unlock_copied, file, number)
        elif file.unlocks:
            await self.lock(file, number, 1, lock=0, reply=False)

    async def _unlock_copied(self, file: File, number: int) -> None:
        await self.clean(file, number, 1)
        self._push(file, number)
        await self.lock(file, number, 1, lock=0)

    def _push(self, file: File, number: int) -> None:
        """A page of ``file`` is about to change: keep it for copies."""
        for copy in self.files.values():
            if copy.copied_from is not None and copy.copied_from[0] is file:
                at = number - copy.copied_from[1]
                if 0 <= at < copy.copied_from[2] and at not in copy.pages:
                    copy.pages[at] = file.page(number)

    def _is_copied(self, file: File, number: int) -> bool:
        """Whether a copy still relies on the original for a page."""
        return any(
            copy.copied_from is not None
            and copy.copied_from[0] is file
            and 0 <= number - copy.copied_from[1] < copy.copied_from[2]
            and number - copy.copied_from[1] not in copy.pages
            for copy in self.files.values()
        )

    def _data_return(
        self,
        message: NamedMessage,
        control: int,
        offset: int,
        data: CarriedMemory,
        dirty: bool,
        kernel_copy: bool,
    ) -> Awaitable[object]:
        file = self.files[message.local]
        numbers = (offset // K, data.size // K)
        self.log.append(("return", file, *numbers, bool(dirty), bool(kernel_copy)))
        self.returning += 1
        return self._keep(file, offset, data)

    def _data_write(
        self, message: NamedMessage, control: int, offset: int, data: CarriedMemory
    ) -> Awaitable[object]:
        file = self.files[message.local]
        self.log.append(("write", file, offset // K, data.size // K))
        self.returning += 1
        return self._keep(file, offset, data)

    async def _keep(self, file: File, offset: int, data: CarriedMemory) -> None:
        if self.holds_ms:
            assert isinstance(data.memory, Region)
            contents = await self.task.read(data.memory.address, data.size)
            await self.task.fork(self._give_up_later, data, contents, self.holds_ms)
        else:
            contents = await self.task.read(data)
        self.returning -= 1
        assert len(contents) % K == 0 and offset % K == 0
        for at in range(0, len(contents), K):
            file.pages[(offset + at) // K] = contents[at : at + K]

    async def _give_up_later(self, data: CarriedMemory, contents: bytes, milliseconds: int) -> None:
        await self.task.sleep(milliseconds * MILLISECOND)
        assert await self.task.read(data) == contents, "what was returned has changed"

    def hold_returned(self) -> list[CarriedMemory]:
        """From now on the pager stores nothing, but leaves what it got in this list."""
        held: list[CarriedMemory] = []

        async def hold(file: File, offset: int, data: CarriedMemory) -> None:
            self.returning -= 1
            held.append(data)

        self._keep = hold  # type: ignore[method-assign]
        return held

    def _lock_completed(self, message: NamedMessage, control: int, offset: int, length: int) -> None:
        self.log.append(("lock_completed", self.of_control(control), offset // K, length // K))

    def _supply_completed(
        self, message: NamedMessage, control: int, offset: int, length: int, result: int, error_offset: int
    ) -> None:
        file = self.of_control(control)
        self.log.append(("supply_completed", file, offset // K, length // K, result, error_offset // K))

    def _change_completed(self, message: NamedMessage, may_cache: bool, copy_strategy: int) -> None:
        self.log.append(("change_completed", bool(may_cache), copy_strategy))

    def of_control(self, control: PortName) -> File | None:
        return next((file for file in self.files.values() if file.control == control), None)

    async def lock(
        self,
        file: File,
        number: int,
        count: int,
        returns: int = NONE,
        flush: bool = False,
        lock: int = NO_CHANGE,
        *,
        reply: bool = True,
    ) -> None:
        """A lock_request."""
        await mach.memory_object_lock_request(
            self.task, file.control, number * K, count * K, returns, flush, lock, self.reply if reply else 0
        )

    async def clean(self, file: File, number: int, count: int, *, flush: bool = False) -> None:
        """Have dirty pages returned, and wait until they were."""
        before = self.log.count(("lock_completed", file, number, count))
        await self.lock(file, number, count, DIRTY, flush)
        completed = ("lock_completed", file, number, count)
        await self.until(lambda: self.log.count(completed) > before and not self.returning)

    # ---- the side of those who map

    async def map(
        self,
        file: File,
        pages: int,
        *,
        first: int = 0,
        copy: bool = False,
        protection: int = WRITE,
        inheritance: int = 1,
        task: PortName = 0,
    ) -> int:
        target = task or self.task.mach_task_self
        arguments = (0, pages * K, 0, True, file.port, first * K, copy, protection, ALL, inheritance)
        address = await mach.vm_map(self.task, target, *arguments)
        if not task:
            self.mappings.append((address, pages))
        return address

    async def unmap(self, address: int, pages: int) -> None:
        await mach.vm_deallocate(self.task, self.task.mach_task_self, address, pages * K)

    async def read(self, address: int, page: int = 0, size: int = 4) -> bytes:
        return await self.task.read(address + page * K, size)

    async def write(self, address: int, page: int, data: bytes) -> None:
        await self.task.write(address + page * K, data)

    async def error(self, work: Awaitable[object]) -> int:
        """The code with which something fails; 0 if it does not."""
        try:
            await work
        except MachError as error:
            return error.code
        return 0

    async def fork(
        self, function: Callable[..., Awaitable[object]], *arguments: object
    ) -> NativeThread[object]:
        return await self.task.fork(function, *arguments)

    # ---- time, and looking

    async def until(self, condition: Callable[[], bool], milliseconds: int = 1000) -> None:
        """Let time pass until something is so."""
        for _ in range(milliseconds):
            if condition():
                return
            await self.task.sleep(MILLISECOND)
        raise AssertionError(f"waited in vain; the log is {self.log}")

    async def settle(self) -> None:
        """Let everything that is under way come to an end."""
        await self.task.sleep(50 * MILLISECOND)
        self.node.check()

    def seen(self, file: File, *kinds: str) -> list[Entry]:
        """What the pager was told about a file, without the file."""
        return [
            (entry[0], *entry[2:])
            for entry in self.log
            if len(entry) > 1 and entry[1] is file and (not kinds or entry[0] in kinds)
        ]

    def object(self, file: File) -> VmObject:
        """The kernel's object for a file."""
        port = self.task.door.space.entries[file.port].port
        assert port is not None and port.kobject is not None
        vm_object = port.kobject.vm_object  # type: ignore[attr-defined]
        assert isinstance(vm_object, VmObject)
        return vm_object


Scenario = Callable[[World], Awaitable[None]]


def play(scenario: Scenario, topology: str = "uni", *, option: str = "map") -> World:
    """Run a test in the first task of a new machine; afterwards nothing of its memory may be left."""
    node = NativeNode(topology)
    node.kernel.vm.copy_pages = option == "copy"
    history = History()
    node.machine.node.trace.listen(history.event)
    played: list[World] = []

    async def main(task: NativeTask) -> int:
        me = task.mach_task_self
        port_set = await mach_port.mach_port_allocate(task, me, MACH_PORT_RIGHT_PORT_SET)
        reply = await new_port(task)
        await mach_port.mach_port_move_member(task, me, reply, port_set)
        world = World(node, task, port_set, reply, history)
        played.append(world)
        await task.fork(Server(task, world.requests, port_set, threads=1).run)
        await task.sleep(10 * MILLISECOND)
        objects, copies = len(world.vm.objects), len(world.vm.copies)
        await scenario(world)
        await world.settle()
        for address, pages in world.mappings:
            await world.unmap(address, pages)
        for file in list(world.files.values()):
            if file.may_cache and file.control:
                await mach.memory_object_change_attributes(task, file.control, False, 0, 0)
        await world.settle()
        history.finish()
        kept = [one for one in world.vm.objects.values() if one.pager is not None]
        assert not kept, f"left over: {kept}"
        assert len(world.vm.copies) == copies and len(world.vm.objects) >= objects
        return 7

    status = node.run(main)
    assert status == 7, node.said
    assert not history.complaints, history.complaints
    return played[0]
