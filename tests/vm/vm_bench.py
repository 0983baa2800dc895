"""How long faults and forks take in Python, without a processor.  Run as ``python -m tests.vm.vm_bench``."""

import gc
import time
from collections.abc import Callable
from functools import partial

from kernel.machine.memory import PAGE_SIZE
from kernel.vm.access import copyin, copyout
from kernel.vm.fault import fault
from kernel.vm.map import VmMap
from kernel.vm.map_copy import map_copyin, map_copyout

from .toy import READ, WRITE, toy_system

PAGES = 4096
TIMES = 5


def timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1e6


def touch(space: VmMap, at: int, access: int) -> None:
    for address in range(at, at + PAGES * PAGE_SIZE, PAGE_SIZE):
        fault(space, address, access)


def process(space: VmMap) -> None:
    """Ten regions and 200 resident pages, like a small Unix process."""
    for number in range(10):
        at = space.allocate(0x8000000 + number * 0x100000, 40 * PAGE_SIZE, False)
        for page in range(20):
            fault(space, at + page * PAGE_SIZE, WRITE)
        space.protect(at, PAGE_SIZE, False, READ)


def main() -> None:
    best: dict[str, float] = {}

    def note(name: str, microseconds: float) -> None:
        best[name] = min(best.get(name, microseconds), microseconds)

    gc.freeze()
    system = toy_system(frames=4 * PAGES)
    for _ in range(TIMES):
        space = system.create_map()
        at = space.allocate(0, PAGES * PAGE_SIZE, True)
        note("zero-fill fault", timed(partial(touch, space, at, WRITE)) / PAGES)
        child = space.fork()
        note("copy-on-write fault", timed(partial(touch, space, at, WRITE)) / PAGES)
        note("soft fault (resident page, read)", timed(partial(touch, child, at, READ)) / PAGES)
        note("soft fault (resident page, write)", timed(partial(touch, child, at, WRITE)) / PAGES)
        note("exit, a page", timed(child.deallocate) / PAGES)
        space.deallocate()

        space = system.create_map()
        process(space)
        note("fork, 200 pages in 20 entries", timed(space.fork))
        children = list(system.address_maps.values())[1:]
        note("fork again, nothing written since", timed(space.fork))
        at = 0x8000000

        def load(s: VmMap = space, a: int = at) -> None:
            for _ in range(1000):
                copyin(s, a, 24)

        note("copyin 24 bytes", timed(load) / 1000)
        at = space.allocate(0, 8 * PAGE_SIZE, True)
        copyout(space, at, bytes(8 * PAGE_SIZE))

        def store(s: VmMap = space, a: int = at, data: bytes = bytes(24)) -> None:
            for _ in range(1000):
                copyout(s, a, data)

        note("copyout 24 bytes", timed(store) / 1000)

        def send(s: VmMap = space, a: int = at) -> None:
            for _ in range(100):
                s.deallocate_range(map_copyout(s, map_copyin(s, a, 4 * PAGE_SIZE)), 4 * PAGE_SIZE)

        note("4 pages out of line: copyin, copyout, deallocate", timed(send) / 100)
        del children
        for vm_map in list(system.address_maps.values()):
            note("exit, 20 entries", timed(vm_map.deallocate))
    for name, microseconds in best.items():
        print(f"{name:50} {microseconds:8.2f} us")


if __name__ == "__main__":
    main()
