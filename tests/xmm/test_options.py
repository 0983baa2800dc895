"""The switches that concern pagers reach the virtual memory."""

import pytest

from kernel.kern.options import KernelOptions, with_option
from kernel.machine.engine import Engine
from kernel.node import Node, NodeConfiguration


def test_switches() -> None:
    options = with_option(with_option(KernelOptions(), "ipc.pages=copy"), "vm.pager_timeout=5")
    node = Node(
        0,
        NodeConfiguration("i486_33", memory_bytes=1 << 20, options=options),
        Engine(1000),
        lambda data: None,
        lambda text: None,
    )
    assert node.vm.copy_pages and node.vm.pager_timeout_ns == 5_000_000_000


@pytest.mark.parametrize("text", ["vm.pager_timeout", "vm.pager_timeout=0", "vm.pager_timeout=-1", "no=1"])
def test_what_they_cannot_be_set_to(text: str) -> None:
    with pytest.raises(ValueError, match=r"vm\.pager_timeout"):
        with_option(KernelOptions(), text)
