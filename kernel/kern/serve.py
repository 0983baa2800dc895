"""Messages to kernel ports: find the routine, turn ports into kernel objects, call, reply.

A table maps each routine's declaration to the function that serves it.  The function gets the kernel,
then the object behind the request port, then the request's values, ports of a kernel-object type being
turned into their objects (``task_t`` -> Task); it returns the routine's result (None, one value, or a
tuple) or raises MachError, or returns a coroutine that does.

Rights in a request.  Those of a kernel-object type are given back after the call.  Any other right
(``mach_port_t`` ...) belongs to the function once it succeeds; when it fails the message's rights are
destroyed here.  Ports in a result are rights that the function gives away.
"""

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..interface.codec import error_body
from ..interface.constants import D_NO_SUCH_DEVICE
from ..interface.declare import Routine
from ..interface.errors import errors_of
from ..interface.returns import KernReturn, MachError, MigReturn
from ..interface.wire import OutOfLineArray
from ..interface.wire import Port as PortShape
from ..ipc.kernel_object import KernelAnswer
from ..ipc.message import Message
from ..ipc.port import Port
from ..sched.thread import WaitResult
from ..vm.fault import PageWait, fault_wait
from .pending_reply import PendingReply

if TYPE_CHECKING:
    from .mach_kernel import MachKernel

Implementation = Callable[..., object]


@dataclass(frozen=True, slots=True)
class Background:
    """A call that is answered later: the function gets a PendingReply before the request's values."""

    function: Callable[..., None]


Table = Mapping[Routine, Implementation | Background]

REFUSALS: Mapping[str, int] = {
    "task_t": KernReturn.INVALID_TASK,
    "vm_task_t": KernReturn.INVALID_TASK,
    "ipc_space_t": KernReturn.INVALID_TASK,
    "host_t": KernReturn.INVALID_HOST,
    "host_priv_t": KernReturn.INVALID_HOST,
    "device_t": D_NO_SUCH_DEVICE,
}
"""What calls return when the port they are sent to is not of the kind they need, if they are documented
to return that; all others return INVALID_ARGUMENT."""


class Entry:
    """A routine with what serves it."""

    __slots__ = ("background", "function", "object_arguments", "refusal", "routine", "target_kind")

    def __init__(self, routine: Routine, served_by: Implementation | Background) -> None:
        self.routine = routine
        self.background = isinstance(served_by, Background)
        self.function = served_by.function if isinstance(served_by, Background) else served_by
        shape = routine.request_port.shape
        assert isinstance(shape, PortShape)
        self.target_kind = shape.c_name
        refusal = REFUSALS.get(shape.c_name)
        documented = refusal in errors_of(routine.name)
        self.refusal = int(refusal if refusal is not None and documented else KernReturn.INVALID_ARGUMENT)
        self.object_arguments = tuple(
            (index, item.c_name)
            for index, (_, item) in enumerate(routine.ins)
            if isinstance(item, PortShape) and item.c_name in OBJECT_TYPES
        )


OBJECT_TYPES = frozenset(
    {
        "task_t",
        "vm_task_t",
        "ipc_space_t",
        "thread_t",
        "host_t",
        "host_priv_t",
        "processor_t",
        "processor_set_t",
        "processor_set_name_t",
    }
)
"""Port types that the kernel turns into its own objects."""


class KernelServer:
    """Serves messages to the kernel ports of one node."""

    __slots__ = ("_by_id", "_kernel")

    def __init__(self, kernel: "MachKernel", tables: tuple[Table, ...]) -> None:
        self._kernel = kernel
        self._by_id: dict[int, Entry] = {}
        for table in tables:
            self.add(table)

    def add(self, table: Table) -> None:
        """Serve more routines: those of rooms that this one does not know."""
        for routine, function in table.items():
            assert routine.id not in self._by_id, f"{routine} is served twice"
            self._by_id[routine.id] = Entry(routine, function)

    def served(self) -> frozenset[int]:
        """Ids of the routines that are served."""
        return frozenset(self._by_id)

    def implementation(self, routine: Routine) -> Implementation:
        """What serves a routine."""
        return self._by_id[routine.id].function

    def serve(self, message: Message) -> Message | KernelAnswer | None:
        """Do what a message to a kernel port asks; the reply, if one is wanted."""
        kernel = self._kernel
        kernel.clock.now += kernel.costs.kernel_call
        port = message.destination
        entry = self._by_id.get(message.id)
        if entry is None:
            handled = kernel.special_message(port, message)
            return None if handled else self._refuse(message, MigReturn.BAD_ID)
        target = kernel.convert(port, entry.target_kind)
        if target is None:
            return self._refuse(message, entry.refusal)
        ins = entry.routine.request.decode
        try:
            values = ins(message.body, message.carried)
        except MachError as error:
            return self._refuse(message, error.code)
        if entry.object_arguments:
            arguments = list(values)
            for index, kind in entry.object_arguments:
                value = values[index]
                arguments[index] = kernel.convert(value, kind) if isinstance(value, Port) else None
            values = tuple(arguments)
        if entry.background:
            pending = PendingReply(kernel, entry.routine, message)
            values = (pending, *values)
        try:
            result = entry.function(kernel, target, *values)
        except MachError as error:
            return self._refuse(message, error.code)
        except PageWait as wait:
            result = self._again(entry, target, values, wait)
        else:
            if entry.background:
                pending.keep()
        if isinstance(result, Coroutine):
            return self._finish(entry, message, result)
        return self._answer(entry, message, result)

    async def _again(
        self, entry: Entry, target: object, values: tuple[object, ...], wait: PageWait
    ) -> object:
        """The call met an absent page before it had any effect: bring the page in, start over."""
        while True:
            code = await fault_wait(wait.map, wait.address, wait.access)
            if code:
                raise MachError(code)
            try:
                result = entry.function(self._kernel, target, *values)
            except PageWait as another:
                wait = another
                continue
            if entry.background:
                assert isinstance(values[0], PendingReply)
                values[0].keep()
            return await result if isinstance(result, Coroutine) else result

    async def _finish(
        self, entry: Entry, message: Message, pending: Coroutine[None, WaitResult, object]
    ) -> Message | None:
        try:
            result = await pending
        except MachError as error:
            return self._refuse(message, error.code)
        return self._answer(entry, message, result)

    def _answer(self, entry: Entry, message: Message, result: object) -> Message | None:
        if entry.object_arguments:
            self._give_back(entry, message)
        routine = entry.routine
        reply = message.reply
        if routine.is_one_way or entry.background:
            return None
        if not isinstance(result, tuple) or len(routine.outs) == 1:
            outs: tuple[object, ...] = () if not routine.outs else (result,)
        else:
            outs = result
        body, carried = routine.reply.encode(outs)
        if not message.reply_type or not isinstance(reply, Port):  # nobody wants it, or nobody lives
            self._kernel.ipc.destroy_carried(carried)
            return None
        return Message(reply, message.reply_type, None, 0, routine.id + 100, body, carried)

    def _refuse(self, message: Message, code: int) -> Message | None:
        """The call failed: rights and memory in the request go, the answer is the code alone."""
        self._kernel.ipc.destroy_carried(message.carried)
        reply = message.reply
        if not message.reply_type or not isinstance(reply, Port):
            return None
        return Message(reply, message.reply_type, None, 0, (message.id + 100) & 0xFFFF_FFFF, error_body(code))

    def _give_back(self, entry: Entry, message: Message) -> None:
        """Destroy the rights by which the request named kernel objects."""
        routine = entry.routine
        ports = 0
        wanted = {index for index, _ in entry.object_arguments}
        for index, (_, item) in enumerate(routine.ins):
            if isinstance(item, PortShape | OutOfLineArray):
                if index in wanted:
                    self._kernel.ipc.destroy_carried(message.carried[ports : ports + 1])
                ports += 1
