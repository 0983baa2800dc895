"""The sequences of the pager protocol, one by one."""

from kernel.interface.returns import KernReturn
from tests.xmm.world import (
    COPY_DELAY,
    DIRTY,
    EVERYTHING,
    NONE,
    READ,
    WRITE,
    World,
    play,
)


def test_init_ready_request_supply_terminate() -> None:
    async def scenario(world: World) -> None:
        file = await world.file()
        at = await world.map(file, 4)
        assert await world.read(at, 2) == b"\3\3\3\3"
        await world.unmap(at, 4)
        await world.settle()
        assert world.seen(file) == [("init",), ("request", 2, READ), ("terminate",)]

    play(scenario)
