"""A whole server, used by a C program and by native ones; and that such a server sees only Mach."""

from pathlib import Path

import pytest

from kernel.interface.body import CarriedMemory
from kernel.interface.stubs import device, mach_port
from kernel.ipc.port import Port
from kernel.kern.bootstrap import boot
from kernel.user import NativeTask
from machsh import cc
from tests.test_walls import imports_of, is_in
from tests.user.drum import RECORD, serve_drum
from tests.user.native_node import SECOND, NativeNode, error_of, receive

HERE = Path(__file__).parent
TOPOLOGIES = ("uni", "smp:2")


@pytest.fixture(scope="module")
def client(built: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The C program."""
    program = tmp_path_factory.mktemp("client") / "drum_client"
    assert cc.main([str(HERE / "drum_client.c"), "-o", str(program)]) == 0
    return program.read_bytes()


def run_c_client(client: bytes, topology: str, *, traced: bool = False) -> NativeNode:
    node = NativeNode(topology, traced=traced)
    service = node.port()
    right = node.kernel.ipc.make_send(service)
    node.start("drum", serve_drum, service=receive(service))
    task = boot(node.kernel, "client", client, [b"client"], [])
    task.registered[0] = right
    node.machine.engine.restamp(0)
    assert node.machine.run() == 0, node.said
    node.check()
    assert not node.said
    return node


@pytest.mark.parametrize("topology", TOPOLOGIES)
def test_a_c_program_uses_a_native_server(client: bytes, topology: str) -> None:
    node = run_c_client(client, topology)
    assert node.output.getvalue() == b"4096 bytes equal\nfirst byte 0\n"


async def use(task: NativeTask, master: int, number: int) -> None:
    """A native client."""
    drum = await device.device_open(task, master, 0, f"drum{number}")
    data = bytes([number]) * RECORD * 2
    assert await device.device_write(task, drum, 0, 4 * number, data) == len(data)
    back = await device.device_read(task.by_value, drum, 0, 4 * number, len(data))
    assert isinstance(back, CarriedMemory) and back.memory == data
    assert await error_of(device.device_read(task, drum, 0, 1000, 1)) == 2507
    await device.device_close(task, drum)
    await mach_port.mach_port_deallocate(task, task.mach_task_self, drum)


def run_native_clients(topology: str, *, traced: bool = False) -> NativeNode:
    node = NativeNode(topology, traced=traced)
    service = node.port()
    node.start("drum", serve_drum, service=receive(service))
    masters: list[int] = []

    async def scenario(task: NativeTask) -> None:
        if not masters:
            masters.append(give(node, service))
        clients = [await task.fork(use, task, masters[0], number) for number in range(6)]
        for thread in clients:
            await thread.join()
        await task.sleep(SECOND)

    node.leaves_nothing(scenario)
    return node


def give(node: NativeNode, port: Port) -> int:
    """Give the first task a right."""
    first = node.kernel.first_task
    assert first is not None
    return node.kernel.ipc.copyout_send(first.space, port)


@pytest.mark.parametrize("topology", TOPOLOGIES)
def test_native_programs_use_it(topology: str) -> None:
    run_native_clients(topology)


@pytest.mark.parametrize("topology", TOPOLOGIES)
def test_the_same_again_is_the_same_trace(client: bytes, topology: str) -> None:
    digests = {run_c_client(client, topology, traced=True).machine.node.trace.digest() for _ in range(2)}
    digests_native = {run_native_clients(topology, traced=True).machine.node.trace.digest() for _ in range(2)}
    assert len(digests) == len(digests_native) == 1 and digests != digests_native


def test_the_server_imports_only_what_a_server_may() -> None:
    path = HERE / "drum.py"
    imported = [name for _, name in imports_of(path.read_text(), "tests.user.drum", is_package=False)]
    assert imported
    for name in imported:
        assert is_in(name, "kernel.user") or is_in(name, "kernel.interface"), name
    allowed = {"kernel.user.start"}  # for whoever assembles a node
    assert not any(is_in(name, other) for name in imported for other in allowed)
