"""``machsh bench memory``: paging to disk, and faults that a native pager answers.

Rates are those of wall time; the floor is one bare processor trap.  Virtual times stand beside the
published ones: of a 25 MHz 386 (Dean and Armand 1992, "Data movement in kernelized systems") and of an
IBM RT (CMU-CS-88-165); the machine here is a 33 MHz i486, with the disk of ``kernel.machine.disk``.
"""

from kernel.interface import memory_object as calls
from kernel.interface.constants import MEMORY_OBJECT_COPY_NONE
from kernel.interface.stubs import mach
from kernel.interface.values import Right
from kernel.interface.wire import PORT_RECEIVE
from kernel.ipc.port import Port
from kernel.user import NamedMessage, NativeTask, PortName, Requests, Server
from kernel.user.start import start_native

from ..machine import Machine, Settings
from ..topology import parse_topology
from .floor import bare_trap_rate
from .kernel import run_program
from .table import Line, Table

MEMORY = 4 << 20
PAGING = 16 << 20
ROUNDS = 4
PAGE = bytes([7]) * 4096


async def pager(task: NativeTask) -> None:
    """A pager that has the same page everywhere, in memory of its program's."""

    async def init(message: NamedMessage, control: PortName, name: PortName, page_size: int) -> None:
        await mach.memory_object_ready(task, control, False, MEMORY_OBJECT_COPY_NONE)

    async def data_request(
        message: NamedMessage, control: PortName, offset: int, length: int, access: int
    ) -> None:
        await mach.memory_object_data_supply(task, control, offset, PAGE, 0, False, 0)

    requests: Requests = Requests()
    requests.serve(calls.memory_object_init, init)
    requests.serve(calls.memory_object_data_request, data_request)
    requests.serve(calls.memory_object_terminate, lambda *_: None)
    await Server(task, requests, task.ports["object"]).run()


def start_pager(machine: Machine) -> None:
    """Start it, and let the first task find its memory object among the registered ports."""
    kernel = machine.node.kernel
    port = Port(kernel.ipc, None, 0)
    right = kernel.ipc.make_send(port)
    start_native(kernel, "pager", pager, ports={"object": Right(port, PORT_RECEIVE)})
    assert kernel.first_task is not None
    kernel.first_task.registered[0] = right


def measure() -> Table:
    """All lines of the table."""
    small = Settings(parse_topology("uni"), MEMORY, paging_bytes=PAGING)
    found: dict[str, tuple[float, float]] = {}
    trap = 0.0
    for _ in range(ROUNDS):
        trap = max(trap, bare_trap_rate(0.1))
        stretches = {
            **run_program("object_faults", prepare=start_pager),
            **run_program("paging", small),
            **run_program("faults"),
        }
        for stretch, runs in stretches.items():
            for count, wall, virtual in runs:
                if stretch not in found or count / wall > found[stretch][0]:
                    found[stretch] = (count / wall, virtual / count / 1000)
    table = Table("memory", "one node (uni): faults and paging, against one bare trap of the processor")
    table.add(Line("bare trap, state saved and restored", trap, "/s", note="the floor"))
    for stretch, text, target, note in (
        ("pager_fault", "fault answered by a Python pager", 0.03, ""),
        ("fast_fault", "fault on a resident page", None, "published: 316 us (386, 25 MHz)"),
        ("zero_fill", "zero-fill fault", None, "published: 1,500 us (IBM RT)"),
        ("copy_on_write", "copy-on-write fault", None, ""),
        ("page_out", "page-out, 4 MB of memory, sequential", None, ""),
        ("page_in", "page-in, 4 MB of memory, sequential", None, ""),
    ):
        rate, virtual_us = found[stretch]
        table.add(Line(text, rate, "/s", rate / trap, target, virtual_us, note))
    return table
