"""The conformance suite, run against pagers that only tests have.  (The default pager and the examples
run it beside their own tests.)"""

import pytest

from kernel.interface import memory_object as calls
from kernel.interface.body import CarriedMemory
from kernel.interface.stubs import mach, mach_port
from kernel.interface.wire import PORT_SEND
from kernel.ipc import entry
from kernel.ipc.port import Port
from kernel.user import NamedMessage, NativeTask, PortName, Requests, Server
from kernel.vm import pager as vm_pager
from kernel.vm.map_copy import VmMapCopy
from kernel.vm.object import VmObject
from tests.user.native_node import MILLISECOND, NativeNode, receive
from tests.xmm.conformance import CHECKS, Check, K, play

PAGES = 6


class Store:
    """A native task that stores pages: a pager without a fault."""

    pages = PAGES
    is_writable = True
    remembers = True

    def __init__(
        self,
        *,
        strategy: int = 2,
        may_cache: bool = False,
        lock: int = 0,
        delay_ms: int = 0,
        old: bool = False,
    ) -> None:
        self.strategy = strategy
        self.may_cache = may_cache
        self.lock = lock
        self.delay_ms = delay_ms
        self.old = old
        self.stored: dict[int, bytes] = {}
        self.port: Port | None = None
        self.task: NativeTask | None = None

    def contents(self, page: int) -> bytes:
        return bytes([page * 16 + 3]) * K

    def start(self, node: NativeNode) -> None:
        self.port = node.port()
        node.start("store", self._main, object=receive(self.port))
        self._ipc = node.kernel.ipc

    async def open(self, client: NativeTask) -> PortName:
        assert self.port is not None
        return entry.copyout(client.door.space, self._ipc.make_send(self.port), PORT_SEND)

    async def _main(self, task: NativeTask) -> None:
        self.task = task
        requests: Requests = Requests()
        requests.serve(calls.memory_object_init, self._init)
        requests.serve(calls.memory_object_terminate, self._terminate)
        requests.serve(calls.memory_object_data_request, self._request)
        requests.serve(calls.memory_object_data_unlock, self._unlock)
        requests.serve(calls.memory_object_data_return, self._return)
        requests.serve(calls.memory_object_data_write, self._write)
        await Server(task, requests, task.ports["object"], by_value=True).run()

    async def _init(self, message: NamedMessage, control: int, name: int, page_size: int) -> None:
        assert self.task is not None
        await self.task.sleep(self.delay_ms * MILLISECOND)
        if self.old:
            await mach.memory_object_set_attributes(self.task, control, True, self.may_cache, self.strategy)
        else:
            await mach.memory_object_ready(self.task, control, self.may_cache, self.strategy)

    async def _terminate(self, message: NamedMessage, control: int, name: int) -> None:
        assert self.task is not None
        for port in (control, name):
            await mach_port.mach_port_destroy(self.task, self.task.mach_task_self, port)

    async def _request(
        self, message: NamedMessage, control: int, offset: int, length: int, access: int
    ) -> None:
        assert self.task is not None
        await self.task.sleep(self.delay_ms * MILLISECOND)
        data = self.stored.get(offset // K, self.contents(offset // K))
        if self.old:
            await mach.memory_object_data_provided(self.task, control, offset, data, self.lock)
        else:
            await mach.memory_object_data_supply(self.task, control, offset, data, self.lock, False, 0)

    async def _unlock(
        self, message: NamedMessage, control: int, offset: int, length: int, access: int
    ) -> None:
        assert self.task is not None
        await self.task.sleep(self.delay_ms * MILLISECOND)
        await mach.memory_object_lock_request(self.task, control, offset, length, 0, False, 0, 0)

    def _return(
        self, message: NamedMessage, control: int, offset: int, data: CarriedMemory, dirty: bool, kept: bool
    ) -> None:
        contents = data.memory
        assert isinstance(contents, bytes)
        for at in range(0, len(contents), K):
            self.stored[(offset + at) // K] = contents[at : at + K]

    def _write(self, message: NamedMessage, control: int, offset: int, data: CarriedMemory) -> None:
        self._return(message, control, offset, data, True, False)


class KernelStore:
    """Memory that the kernel itself provides, as of a device, and at once."""

    pages = PAGES
    is_writable = True
    remembers = True

    def __init__(self) -> None:
        self.stored: dict[int, bytes] = {}

    def contents(self, page: int) -> bytes:
        return bytes([page + 77]) * K

    def start(self, node: NativeNode) -> None:
        self._memory = node.kernel.vm.memory
        self._ipc = node.kernel.ipc
        self._port = node.machine.node.memory_objects.kernel_pager(self)

    async def open(self, client: NativeTask) -> PortName:
        return entry.copyout(client.door.space, self._ipc.make_send(self._port), PORT_SEND)

    def initialize(self, vm_object: VmObject) -> None:
        vm_pager.ready(vm_object, False, 2)

    def data_request(self, vm_object: VmObject, offset: int, length: int, access: int) -> None:
        frame = self._memory.allocate()
        assert frame is not None
        self._memory.write(frame, 0, self.stored.get(offset, self.contents(offset // K)))
        assert vm_pager.supply(vm_object, offset, frame, 2, False)

    def data_unlock(self, vm_object: VmObject, offset: int, length: int, access: int) -> None:
        vm_pager.lock_page(vm_object.pages[offset], 0)

    def data_return(
        self, vm_object: VmObject, offset: int, data: VmMapCopy, dirty: bool, kernel_copy: bool
    ) -> None:
        contents = data.read()
        data.discard()
        for at in range(0, len(contents), K):
            self.stored[offset + at] = contents[at : at + K]

    def copy(self, vm_object: VmObject, offset: int, length: int) -> "KernelStore":
        raise AssertionError("its strategy is to delay")

    def terminate(self, vm_object: VmObject) -> None:
        pass


PAGERS = {
    "plain": Store,
    "copied at once": lambda: Store(strategy=0),
    "temporary": lambda: Store(strategy=3),
    "kept": lambda: Store(may_cache=True),
    "locked": lambda: Store(lock=2),
    "locked against reading": lambda: Store(lock=7),
    "slow": lambda: Store(delay_ms=30, lock=2),
    "old": lambda: Store(old=True, lock=2),
    "of the kernel": KernelStore,
}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", PAGERS)
def test_pager(name: str, check: Check) -> None:
    made = PAGERS[name]()
    if name == "temporary":
        made.remembers = False
    play(made, check)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_with_several_processors(check: Check) -> None:
    play(Store(lock=2), check, "smp:2")
