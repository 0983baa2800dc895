"""A drum: a device made of memory, served by a native task.

It sees only what a server may see (``kernel.user`` and ``kernel.interface``), and has what a real server
has: an object behind each port, a port set, several threads, memory of its own, rights to give back.
"""

from kernel.interface import device, notify
from kernel.interface.body import CarriedMemory
from kernel.interface.constants import (
    MACH_MSG_TYPE_MAKE_SEND,
    MACH_MSG_TYPE_MAKE_SEND_ONCE,
    MACH_PORT_RIGHT_PORT_SET,
    MACH_PORT_RIGHT_RECEIVE,
)
from kernel.interface.demultiplex import Demultiplexer
from kernel.interface.returns import MachError
from kernel.interface.stubs import mach, mach_port
from kernel.interface.values import Right
from kernel.user import Mutex, NamedMessage, NativeTask, PortName, Region, Requests, Server

RECORD = 512  # bytes
RECORDS = 64
ROTATION_NS = 17_000_000
NO_SUCH_DEVICE, INVALID_SIZE = 2502, 2507
NOTIFY_NO_SENDERS = 70


class Drum:
    """The server's state."""

    def __init__(self, task: NativeTask, everything: PortName, address: int) -> None:
        self.task = task
        self.everything = everything  # the port set from which it serves
        self.address = address  # of the records, in its own memory
        self.arm = Mutex(task, "the arm")
        self.open: dict[PortName, str] = {}

    async def device_open(self, request: NamedMessage, mode: int, name: str) -> Right:
        if not name.startswith("drum"):
            raise MachError(NO_SUCH_DEVICE)
        task = self.task
        port = await mach_port.mach_port_allocate(task, task.mach_task_self, MACH_PORT_RIGHT_RECEIVE)
        await mach_port.mach_port_move_member(task, task.mach_task_self, port, self.everything)
        notification = Right(port, MACH_MSG_TYPE_MAKE_SEND_ONCE)
        await mach_port.mach_port_request_notification(
            task, task.mach_task_self, port, NOTIFY_NO_SENDERS, 1, notification
        )
        self.open[port] = name
        return Right(port, MACH_MSG_TYPE_MAKE_SEND)

    async def device_write(self, request: NamedMessage, mode: int, record: int, data: CarriedMemory) -> int:
        where = self._address(request, record, data.size)
        contents = await self.task.read(data)
        async with self.arm:
            await self.task.sleep(ROTATION_NS)
            await self.task.write(where, contents)
        return len(contents)

    async def device_read(self, request: NamedMessage, mode: int, record: int, wanted: int) -> CarriedMemory:
        where = self._address(request, record, wanted)
        async with self.arm:
            await self.task.sleep(ROTATION_NS)
        return CarriedMemory(0, wanted, Region(where))

    async def device_write_inband(self, request: NamedMessage, mode: int, record: int, data: bytes) -> int:
        self.task.charge_copy(len(data))
        await self.task.write(self._address(request, record, len(data)), data)
        return len(data)

    def device_close(self, request: NamedMessage) -> None:
        if request.local not in self.open:
            raise MachError(NO_SUCH_DEVICE)

    async def no_senders(self, request: NamedMessage, count: int) -> None:
        del self.open[request.local]
        await mach_port.mach_port_destroy(self.task, self.task.mach_task_self, request.local)

    def _address(self, request: NamedMessage, record: int, size: int) -> int:
        if request.local not in self.open:
            raise MachError(NO_SUCH_DEVICE)
        if not 0 <= record * RECORD <= record * RECORD + size <= RECORDS * RECORD:
            raise MachError(INVALID_SIZE)
        return self.address + record * RECORD


async def serve_drum(task: NativeTask) -> None:
    """The program: serves at the port that its creator calls ``service``."""
    me = task.mach_task_self
    everything = await mach_port.mach_port_allocate(task, me, MACH_PORT_RIGHT_PORT_SET)
    await mach_port.mach_port_move_member(task, me, task.ports["service"], everything)
    address = await mach.vm_allocate(task, me, 0, RECORDS * RECORD, True)
    drum = Drum(task, everything, address)
    requests: Requests = Demultiplexer()
    requests.serve(device.device_open, drum.device_open)
    requests.serve(device.device_close, drum.device_close)
    requests.serve(device.device_write, drum.device_write)
    requests.serve(device.device_read, drum.device_read)
    requests.serve(device.device_write_inband, drum.device_write_inband)
    requests.serve(notify.mach_notify_no_senders, drum.no_senders)
    await Server(task, requests, everything, threads=4).run()
