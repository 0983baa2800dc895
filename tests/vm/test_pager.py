"""Objects whose pages a pager provides: a fault asks, waits, and starts over."""

from collections.abc import Callable, Coroutine, Generator
from typing import Any

import pytest

from kernel.interface.returns import KernReturn, MachError
from kernel.machine.memory import PAGE_SIZE
from kernel.sched.thread import Thread, WaitResult
from kernel.sched.wait import WaitQueue
from kernel.vm import pager, user
from kernel.vm.access import copyin, copyout
from kernel.vm.check import check
from kernel.vm.fault import PageWait, fault, fault_wait
from kernel.vm.map import VmMap
from kernel.vm.map_copy import VmMapCopy, map_copyin
from kernel.vm.object import CopyStrategy, VmObject
from kernel.vm.system import VmSystem
from kernel.vm.waiting import complete

from .toy import READ, WRITE, ToyProcessor

K = PAGE_SIZE


class _Pause:
    def __await__(self) -> Generator[None, WaitResult, WaitResult]:
        return (yield)


class ToyScheduler:
    """Runs one thread at a time; ``meanwhile`` is what happens while it waits."""

    def __init__(self) -> None:
        self.meanwhile: Callable[[], None] | None = None
        self.waits: list[str] = []
        self.woken = False
        self.interrupt = False

    async def wait(
        self, queue: WaitQueue, *, interruptible: bool = True, deadline: int | None = None
    ) -> WaitResult:
        self.waits.append(queue.name)
        queue.append(Thread(1, "waiter"))
        return await _Pause()

    def wake_all(self, queue: WaitQueue) -> int:
        count = len(queue)
        queue.threads.clear()
        self.woken = True
        return count

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        result = None
        for _ in range(20):
            try:
                coroutine.send(result)
            except StopIteration as stop:
                return stop.value
            self.woken = False
            if self.interrupt:
                result = WaitResult.INTERRUPTED
                continue
            assert self.meanwhile is not None
            self.meanwhile()
            assert self.woken, "nobody woke the thread"
            result = WaitResult.AWAKENED
        raise AssertionError("waits for ever")


class ToyPager:
    """Remembers what it was asked; each page it supplies says which it is."""

    def __init__(self, system: VmSystem, strategy: int = CopyStrategy.DELAY) -> None:
        self.system = system
        self.strategy = strategy
        self.object: VmObject | None = None
        self.asked: list[tuple[str, int, int]] = []
        self.lock = 0
        self.answer = "supply"

    def initialize(self, vm_object: VmObject) -> None:
        self.object = vm_object

    def data_request(self, vm_object: VmObject, offset: int, length: int, access: int) -> None:
        self.asked.append(("request", offset, access))

    def data_unlock(self, vm_object: VmObject, offset: int, length: int, access: int) -> None:
        self.asked.append(("unlock", offset, access))

    def data_return(
        self, vm_object: VmObject, offset: int, data: VmMapCopy, dirty: bool, kernel_copy: bool
    ) -> None:
        self.asked.append(("return", offset, data.size))
        data.discard()

    def copy(self, vm_object: VmObject, offset: int, length: int) -> "ToyPager":
        raise AssertionError("nobody copies by call here")

    def terminate(self, vm_object: VmObject) -> None:
        self.asked.append(("terminate", 0, 0))
        self.object = None

    def serve(self) -> None:
        """Answer the last thing asked."""
        vm_object = self.object
        assert vm_object is not None
        if not vm_object.ready:
            pager.ready(vm_object, False, self.strategy)
            return
        what, offset, _ = self.asked[-1]
        if what == "unlock":
            pager.lock_page(vm_object.pages[offset], 0)
        elif self.answer == "supply":
            frame = self.system.memory.allocate()
            assert frame is not None
            self.system.memory.write(frame, 0, b"%d" % (offset // K) * K)
            assert pager.supply(vm_object, offset, frame, self.lock, False)
        elif self.answer == "unavailable":
            pager.unavailable(vm_object, offset)
        else:
            pager.error(vm_object, offset)


@pytest.fixture
def scheduler(system: VmSystem) -> ToyScheduler:
    scheduler = ToyScheduler()
    system.scheduler = scheduler
    return scheduler


@pytest.fixture
def file(system: VmSystem, scheduler: ToyScheduler) -> ToyPager:
    file = ToyPager(system)
    scheduler.meanwhile = file.serve
    return file


def mapped(space: VmMap, file: ToyPager, scheduler: ToyScheduler, copy: bool = False) -> int:
    call = lambda: user.vm_map(space, 0, 4 * K, 0, True, file, 0, copy)  # noqa: E731
    return int(scheduler.run(complete(space.system, call)))


def settle(scheduler: ToyScheduler, space: VmMap, address: int, access: int) -> int:
    outcome = fault(space, address, access)
    return outcome if isinstance(outcome, int) else scheduler.run(outcome)


def test_mapping_waits_until_the_pager_is_ready(
    space: VmMap, file: ToyPager, scheduler: ToyScheduler
) -> None:
    mapped(space, file, scheduler)
    assert file.object is not None and file.object.ready
    assert len(scheduler.waits) == 1


def test_a_page_is_asked_for_once(space: VmMap, file: ToyPager, scheduler: ToyScheduler) -> None:
    at = mapped(space, file, scheduler)
    first = fault(space, at + 2 * K, READ)
    second = fault(space, at + 2 * K, READ)
    assert not isinstance(first, int) and not isinstance(second, int)
    assert scheduler.run(first) == 0 and scheduler.run(second) == 0
    assert file.asked == [("request", 2 * K, READ)]
    assert copyin(space, at + 2 * K, 3) == b"222"
    assert space.system.statistics.pageins == 1


def test_the_kernel_says_what_it_waits_for(space: VmMap, file: ToyPager, scheduler: ToyScheduler) -> None:
    at = mapped(space, file, scheduler)
    with pytest.raises(PageWait) as wait:
        copyin(space, at + K - 1, 2)
    assert scheduler.run(fault_wait(wait.value.map, wait.value.address, wait.value.access)) == 0
    assert scheduler.run(complete(space.system, lambda: copyin(space, at + K - 1, 2))) == b"01"


def test_a_waiting_write_has_written_nothing(space: VmMap, file: ToyPager, scheduler: ToyScheduler) -> None:
    at = mapped(space, file, scheduler)
    settle(scheduler, space, at, WRITE)
    with pytest.raises(PageWait):
        copyout(space, at + K - 1, b"xy")
    assert copyin(space, at + K - 1, 1) == b"0"


def test_no_data_means_zeroes(space: VmMap, file: ToyPager, scheduler: ToyScheduler) -> None:
    file.answer = "unavailable"
    at = mapped(space, file, scheduler)
    assert settle(scheduler, space, at, READ) == 0
    assert copyin(space, at, 4) == bytes(4)


def test_an_error_is_a_memory_error_and_the_next_touch_asks_again(
    space: VmMap, file: ToyPager, scheduler: ToyScheduler
) -> None:
    file.answer = "error"
    at = mapped(space, file, scheduler)
    assert settle(scheduler, space, at, READ) == KernReturn.MEMORY_ERROR
    file.answer = "supply"
    assert settle(scheduler, space, at, READ) == 0
    assert len(file.asked) == 2


def test_an_interrupted_wait(space: VmMap, file: ToyPager, scheduler: ToyScheduler) -> None:
    at = mapped(space, file, scheduler)
    scheduler.interrupt = True
    assert settle(scheduler, space, at, READ) == KernReturn.ABORTED
    scheduler.interrupt = False
    file.serve()
    assert fault(space, at, READ) == 0


def test_a_locked_page_is_unlocked_when_needed(
    space: VmMap, file: ToyPager, scheduler: ToyScheduler, cpu: ToyProcessor
) -> None:
    file.lock = 2
    at = mapped(space, file, scheduler)
    assert settle(scheduler, space, at, READ) == 0
    assert cpu.read(space, at, 1) == b"0"
    assert settle(scheduler, space, at, WRITE) == 0
    cpu.write(space, at, b"x")
    assert [what for what, _, _ in file.asked] == ["request", "unlock"]


def test_locking_takes_rights_away(
    space: VmMap, file: ToyPager, scheduler: ToyScheduler, cpu: ToyProcessor
) -> None:
    at = mapped(space, file, scheduler)
    settle(scheduler, space, at, WRITE)
    assert file.object is not None
    pager.lock_page(file.object.pages[0], 2)
    check(space.system)
    assert settle(scheduler, space, at, WRITE) == 0
    assert file.asked[-1][0] == "unlock"


def test_a_private_mapping_never_writes_to_the_pager(
    space: VmMap, file: ToyPager, scheduler: ToyScheduler, cpu: ToyProcessor
) -> None:
    shared, private = mapped(space, file, scheduler), mapped(space, file, scheduler, copy=True)
    assert settle(scheduler, space, private, WRITE) == 0
    cpu.write(space, private, b"mine")
    assert settle(scheduler, space, shared, READ) == 0
    assert cpu.read(space, shared, 4) == b"0000"
    assert settle(scheduler, space, shared + K, WRITE) == 0
    cpu.write(space, shared + K, b"file")
    assert cpu.read(space, private + K, 4) == b"1111", "the old contents were pushed"


def test_a_pager_that_must_not_be_copied_lazily(
    space: VmMap, system: VmSystem, scheduler: ToyScheduler, cpu: ToyProcessor
) -> None:
    file = ToyPager(system, CopyStrategy.NONE)
    scheduler.meanwhile = file.serve
    at = mapped(space, file, scheduler, copy=True)
    assert len(file.asked) == 5, "four pages were read, then nobody needed the object"
    assert cpu.read(space, at + 3 * K, 2) == b"33"
    assert file.object is None


def test_reading_memory_that_is_not_resident(
    space: VmMap, file: ToyPager, scheduler: ToyScheduler, system: VmSystem
) -> None:
    at = mapped(space, file, scheduler)
    copy = map_copyin(space, at + K, 2 * K)
    assert scheduler.run(complete(system, copy.read)) == b"1" * K + b"2" * K
    check(system)


def test_wiring_waits_and_overwriting_waits(
    space: VmMap, file: ToyPager, scheduler: ToyScheduler, system: VmSystem, cpu: ToyProcessor
) -> None:
    at = mapped(space, file, scheduler)
    scheduler.run(complete(system, lambda: user.vm_wire(space, at, 2 * K, READ)))
    assert system.pages.wire_count == 2
    scheduler.run(complete(system, lambda: user.vm_write(space, at + 2 * K, b"abc")))
    assert cpu.read(space, at + 2 * K, 4) == b"abc2"


def test_the_last_mapping_ends_the_object(space: VmMap, file: ToyPager, scheduler: ToyScheduler) -> None:
    at = mapped(space, file, scheduler)
    settle(scheduler, space, at, WRITE)
    user.vm_deallocate(space, at, 4 * K)
    assert file.asked[-1][0] == "terminate"
    assert space.system.census().objects == 0


def test_a_pager_may_answer_what_nobody_asked(
    space: VmMap, file: ToyPager, scheduler: ToyScheduler, system: VmSystem
) -> None:
    at = mapped(space, file, scheduler)
    settle(scheduler, space, at, READ)
    vm_object = file.object
    assert vm_object is not None
    pager.unavailable(vm_object, 0)
    pager.error(vm_object, 3 * K)
    assert not pager.supply(vm_object, 0, 1, 0, False), "it is resident already"
    check(system)
    assert copyin(space, at, 1) == b"0"


def test_memory_that_goes_away_while_it_is_waited_for(
    space: VmMap, file: ToyPager, scheduler: ToyScheduler
) -> None:
    at = mapped(space, file, scheduler)
    scheduler.meanwhile = lambda: user.vm_deallocate(space, at, 4 * K)
    assert settle(scheduler, space, at, READ) == KernReturn.INVALID_ADDRESS


def test_the_same_pager_is_the_same_object(
    space: VmMap, file: ToyPager, scheduler: ToyScheduler, system: VmSystem
) -> None:
    first, second = mapped(space, file, scheduler), mapped(space, file, scheduler)
    settle(scheduler, space, first, WRITE)
    copyout(space, first, b"x")
    assert copyin(space, second, 1) == b"x"
    with pytest.raises(MachError):
        user.vm_map(space, 0, K, 0, True, file, 17, False)
