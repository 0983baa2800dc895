"""A node on which native tasks are tested: start some, run, look at what is left.

A test's first task may look into the node with ``census`` and ``check``; whatever else it does it does as
a program.
"""

import io
from collections.abc import Awaitable, Callable
from dataclasses import astuple

from kernel.interface.constants import MACH_MSG_TYPE_MAKE_SEND, MACH_PORT_RIGHT_RECEIVE
from kernel.interface.declare import Out, Subsystem
from kernel.interface.mach_types import int_t, mach_port_move_send_t, mach_port_t, pointer_t
from kernel.interface.returns import MachError
from kernel.interface.stubs import mach_port
from kernel.interface.values import Right
from kernel.interface.wire import PORT_RECEIVE
from kernel.ipc import check as ipc_check
from kernel.ipc.port import Port
from kernel.kern.task import Task
from kernel.user import Main, NativeTask, PortName
from kernel.user.start import start_native
from kernel.vm import check as vm_check
from machsh.machine import Machine, Settings
from machsh.topology import parse_topology

MILLISECOND = 1_000_000
SECOND = 1_000_000_000

trial = Subsystem("trial", 5000, served_by="tests")


@trial.routine(5001)
def trial_add(server: mach_port_t, left: int_t, right: int_t, total: Out[int_t]) -> None:
    """Add."""


@trial.routine(5002)
def trial_wait(server: mach_port_t, milliseconds: int_t) -> None:
    """Answer after a time."""


@trial.routine(5003)
def trial_keep(server: mach_port_t, right: mach_port_move_send_t) -> None:
    """Take a right."""


@trial.routine(5004)
def trial_reverse(server: mach_port_t, data: pointer_t, reversed: Out[pointer_t]) -> None:  # noqa: A002
    """Turn out-of-line data round."""


@trial.simpleroutine(5005)
def trial_note(server: mach_port_t, number: int_t) -> None:
    """Take note, without an answer."""


@trial.routine(5006)
def trial_port(server: mach_port_t, port: Out[mach_port_t]) -> None:
    """Give a right."""


class NativeNode:
    """One machine."""

    def __init__(self, topology: str = "uni", *, traced: bool = False) -> None:
        self.output = io.BytesIO()
        self.machine = Machine(Settings(parse_topology(topology)), self.output)
        self.kernel = self.machine.node.kernel
        if traced:
            self.machine.node.trace.start_hash()

    @property
    def said(self) -> str:
        """What the kernel told the operator."""
        return "\n".join(self.machine.said)

    def start(self, name: str, main: Main, **ports: Port | Right) -> Task:
        return start_native(self.kernel, name, main, ports=ports)

    def port(self) -> Port:
        """A port for a task yet to be started: give ``receive(port)`` to it."""
        return Port(self.kernel.ipc, None, 0)

    def run(self, main: Main, name: str = "first") -> int:
        """Boot ``main`` as the first task and run until the machine halts; the exit status."""
        self.machine.boot_native(name, main)
        status = self.machine.run()
        self.check()
        return status

    def check(self) -> None:
        ipc_check.check(self.kernel.ipc)
        vm_check.check(
            self.kernel.vm,
            other_frames=self.machine.node.machine_frames,
            in_transfer=self.kernel.devices.in_transfer,
        )

    def census(self) -> tuple[object, ...]:
        """What there is; equal before and after something that cleans up behind itself."""
        kernel = self.kernel
        return (
            astuple(ipc_check.census(kernel.ipc)),
            astuple(kernel.vm.census()),
            len(kernel.tasks),
            len(kernel.threads),
        )

    def leaves_nothing(self, scenario: Callable[[NativeTask], Awaitable[None]]) -> None:
        """Run a scenario in the first task: after some rounds, in which threads get their reply ports,
        another must leave nothing behind."""

        async def main(task: NativeTask) -> int:
            for _ in range(4):
                await scenario(task)
                await task.sleep(SECOND)
            before = self.census()
            for _ in range(2):
                await scenario(task)
                await task.sleep(SECOND)
                assert self.census() == before, f"{before} has become {self.census()}"
            return 7

        assert self.run(main) == 7, self.said


def receive(port: Port) -> Right:
    """The receive right of a port that nobody has yet."""
    return Right(port, PORT_RECEIVE)


async def new_port(task: NativeTask, *, sends: bool = True) -> PortName:
    """A port of the task's own, with a send right under the same name."""
    name = await mach_port.mach_port_allocate(task, task.mach_task_self, MACH_PORT_RIGHT_RECEIVE)
    if sends:
        await mach_port.mach_port_insert_right(
            task, task.mach_task_self, name, Right(name, MACH_MSG_TYPE_MAKE_SEND)
        )
    return name


async def drop_port(task: NativeTask, name: PortName) -> None:
    await mach_port.mach_port_destroy(task, task.mach_task_self, name)


async def error_of(call: Awaitable[object]) -> int:
    """The code with which a call fails; 0 if it does not."""
    try:
        await call
    except MachError as error:
        return error.code
    return 0
