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
from typing import TYPE_CHECKING

from ..interface.codec import error_body
from ..interface.declare import Routine
from ..interface.returns import KernReturn, MachError, MigReturn
from ..interface.wire import OutOfLineArray
from ..interface.wire import Port as PortShape
from ..ipc.kernel_object import KernelAnswer
from ..ipc.message import Message
from ..ipc.port import Port
from ..sched.thread import WaitResult
from ..vm.fault import PageWait, fault_wait

if TYPE_CHECKING:
    from .mach_kernel import MachKernel

Implementation = Callable[..., object]
Table = Mapping[Routine, Implementation]

REFUSALS = {
    "ipc_space_t": KernReturn.INVALID_TASK,
    "host_t": KernReturn.INVALID_HOST,
    "host_priv_t": KernReturn.INVALID_HOST,
}
"""What a call returns when the port it was sent to is not of the kind it needs; else INVALID_ARGUMENT."""


class Entry:
    """A routine with what serves it."""

    __slots__ = ("function", "object_arguments", "refusal", "routine", "target_kind")

    def __init__(self, routine: Routine, function: Implementation) -> None:
        self.routine = routine
        self.function = function
        shape = routine.request_port.shape
        assert isinstance(shape, PortShape)
        self.target_kind = shape.c_name
        self.refusal = int(REFUSALS.get(shape.c_name, KernReturn.INVALID_ARGUMENT))
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
            for routine, function in table.items():
                assert routine.id not in self._by_id, f"{routine} is served twice"
                self._by_id[routine.id] = Entry(routine, function)

    def served(self) -> frozenset[int]:
        """Ids of the routines that are served."""
        return frozenset(self._by_id)

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
        try:
            result = entry.function(kernel, target, *values)
        except MachError as error:
            return self._refuse(message, error.code)
        except PageWait as wait:
            result = self._again(entry, target, values, wait)
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
        if routine.is_one_way or not message.reply_type:
            return None
        if not isinstance(result, tuple) or len(routine.outs) == 1:
            outs: tuple[object, ...] = () if not routine.outs else (result,)
        else:
            outs = result
        body, carried = routine.reply.encode(outs)
        if not isinstance(reply, Port):  # it died meanwhile
            self._kernel.ipc.destroy_carried(carried)
            return None
        return Message(reply, message.reply_type, None, 0, routine.id + 100, body, carried)

    def _refuse(self, message: Message, code: int) -> Message | None:
        """The call failed: rights and memory in the request go, the answer is the code alone."""
        self._kernel.ipc.destroy_carried(message.carried)
        reply = message.reply
        if not message.reply_type or not isinstance(reply, Port):
            return None
        return Message(reply, message.reply_type, None, 0, message.id + 100, error_body(code))

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
