"""Every served call, with a right and a wrong target, with wrong ports and with damaged requests: each
is answered once, and no right or memory is lost or counted twice."""

import os

import pytest

from kernel.interface.body import Carried
from kernel.interface.codec import return_code
from kernel.interface.declare import Routine
from kernel.interface.errors import errors_of
from kernel.interface.returns import KernReturn, MigReturn
from kernel.interface.values import Right
from kernel.interface.wire import (
    PORT_SEND,
    PORT_SEND_ONCE,
    Integers,
    OutOfLineArray,
    Shape,
    Text,
)
from kernel.interface.wire import Port as PortShape
from kernel.ipc import check as ipc_check
from kernel.ipc import kernel_object, right
from kernel.ipc.message import Message
from kernel.ipc.port import Port
from kernel.kern.kinds import IKOT_BOOTSTRAP
from kernel.kern.mach_kernel import MachKernel
from kernel.kern.serve import REFUSALS
from kernel.kern.tables import served_tables
from kernel.kern.task import Task
from kernel.kern.thread import TaskThread
from kernel.vm import check as vm_check
from machsh.machine import Machine, Settings
from machsh.topology import parse_topology

ROUTINES = [routine for table in served_tables() for routine in table]


class Caller:
    """A machine with a task that has sent a request, and waits for the answer on a port of its own."""

    def __init__(self) -> None:
        with open(os.devnull, "wb") as output:
            self.machine = Machine(Settings(parse_topology("smp:2"), 1 << 20), output)
        kernel = self.kernel = self.machine.node.kernel
        self.task: Task = kernel.create_task(None, False, "caller")
        self.victim: Task = kernel.create_task(None, False, "victim")
        self.thread: TaskThread = kernel.create_thread(self.victim)
        self.reply_port = self.task.space.allocate_port()
        self.other_port = self.task.space.allocate_port()  # stands where a call wants just any port
        self.bootstrap_port = kernel.ipc.allocate_kernel_port(IKOT_BOOTSTRAP, kernel)

    def target(self, kind: str) -> Port:
        """A port of the kind that a call needs."""
        host, kernel = self.kernel.host, self.kernel
        port = {
            "task_t": self.victim.port,
            "vm_task_t": self.victim.port,
            "ipc_space_t": self.victim.port,
            "thread_t": self.thread.port,
            "host_t": host.port,
            "host_priv_t": host.priv_port,
            "processor_t": host.processors[1].port,
            "processor_set_t": host.processor_sets[0].port,
            "processor_set_name_t": host.processor_sets[0].name_port,
            "device_t": host.device_port,
            "mach_port_t": self.bootstrap_port,
        }[kind]
        assert port is not None, kernel
        return port

    def argument(self, shape: Shape, objects: bool) -> object:
        """Some value: numbers are 0, ports of the kind that is wanted, or all the same one."""
        if isinstance(shape, Integers):
            return 0 if shape.number == 1 else (0,) * shape.number
        if isinstance(shape, Text):
            return "nothing"
        if isinstance(shape, PortShape):
            port = right.make_send(self.port(shape, objects))
            return Right(port, PORT_SEND) if shape.is_polymorphic else self.converted(port, shape)
        if isinstance(shape, OutOfLineArray) and isinstance(shape.element, PortShape):
            return right.make_send(self.other_port), right.make_send(self.other_port)
        return b"" if isinstance(shape, OutOfLineArray) else ()

    def port(self, shape: PortShape, objects: bool) -> Port:
        known = shape.c_name in {*REFUSALS, "thread_t", "processor_set_t", "processor_set_name_t"}
        return self.target(shape.c_name) if objects and known else self.other_port

    def converted(self, port: Port, shape: PortShape) -> Port:
        """The right that the shape wants in place of a send right."""
        if shape.receives == PORT_SEND_ONCE:
            right.release_send(port)
            return right.make_send_once(port)
        return port

    def request(self, routine: Routine, target: Port, objects: bool = True) -> Message:
        values = tuple(self.argument(shape, objects) for _, shape in routine.ins)
        body, carried = routine.request.encode(values)
        return self.message(routine.id, target, body, carried)

    def message(self, message_id: int, target: Port, body: bytes, carried: tuple[Carried, ...]) -> Message:
        reply = right.make_send_once(self.reply_port)
        return Message(right.make_send(target), PORT_SEND, reply, PORT_SEND_ONCE, message_id, body, carried)

    def call(self, message: Message) -> int | None:
        """Send; the return code in the answer, or None if the call waits for ever."""
        kernel_object.handle(self.kernel.ipc, message)
        self.check()
        self.machine.engine.restamp(0)
        self.machine.engine.run()
        self.check()
        if not self.reply_port.messages:
            return None
        [answer] = self.reply_port.messages
        assert answer.id == message.id + 100
        return return_code(answer.body)

    def check(self) -> None:
        ipc_check.check(self.kernel.ipc)
        vm_check.check(self.kernel.vm, other_frames=self.machine.node.machine_frames)


def kind_of(routine: Routine) -> str:
    shape = routine.request_port.shape
    assert isinstance(shape, PortShape)
    return shape.c_name


@pytest.fixture
def caller() -> Caller:
    return Caller()


@pytest.mark.parametrize("routine", ROUTINES, ids=lambda routine: routine.name)
def test_a_call_to_the_right_target_is_answered(routine: Routine, caller: Caller) -> None:
    code = caller.call(caller.request(routine, caller.target(kind_of(routine))))
    assert code is None or 0 <= code < 3000 or code in MigReturn.__members__.values()


@pytest.mark.parametrize("routine", ROUTINES, ids=lambda routine: routine.name)
def test_a_call_with_wrong_ports_is_answered(routine: Routine, caller: Caller) -> None:
    caller.call(caller.request(routine, caller.target(kind_of(routine)), objects=False))


@pytest.mark.parametrize("routine", ROUTINES, ids=lambda routine: routine.name)
def test_a_call_to_the_wrong_target_is_refused(routine: Routine, caller: Caller) -> None:
    processor = caller.kernel.host.processors[0].port
    assert processor is not None
    wrong = processor if kind_of(routine) != "processor_t" else caller.target("thread_t")
    code = caller.call(caller.request(routine, wrong))
    assert code
    documented = errors_of(routine.name)
    assert not documented or code in documented or code == KernReturn.INVALID_ARGUMENT


@pytest.mark.parametrize("routine", ROUTINES, ids=lambda routine: routine.name)
def test_damaged_requests_are_refused(routine: Routine, caller: Caller) -> None:
    target = caller.target(kind_of(routine))
    whole = caller.request(routine, target)
    damaged = whole.body + bytes(4), whole.carried
    right.release_send(whole.destination)
    caller.reply_port.sorights -= 1  # this request is not sent after all
    assert caller.call(caller.message(routine.id, target, *damaged)) == MigReturn.BAD_ARGUMENTS


def test_an_unknown_call_is_refused(caller: Caller) -> None:
    stray = right.make_send(caller.other_port)
    message = caller.request(ROUTINES[0], caller.target("host_t"))
    right.release_send(stray)
    message.id = 4711
    assert caller.call(message) == MigReturn.BAD_ID


def test_a_call_without_a_reply_port_is_done(caller: Caller) -> None:
    kernel: MachKernel = caller.kernel
    routine = next(routine for routine in ROUTINES if routine.name == "task_suspend")
    message = caller.request(routine, caller.target("task_t"))
    message.reply, message.reply_type = None, 0
    caller.reply_port.sorights -= 1
    kernel_object.handle(kernel.ipc, message)
    caller.check()
    assert caller.victim.suspend_count == 1
    assert not caller.reply_port.messages
