"""A server and a client that can send to it: what most tests of messages begin with."""

from kernel.interface.wire import COPY_SEND, MAKE_SEND_ONCE
from kernel.ipc.layout import QLIMIT_DEFAULT, RCV_MSG, SEND_MSG
from tests.ipc.node import Header, Node

BOTH = SEND_MSG | RCV_MSG
RPC = COPY_SEND | MAKE_SEND_ONCE << 8


class Pair:
    """A server with a port and a client with a send right to it."""

    def __init__(self, node: Node) -> None:
        self.server, self.client = node.task(), node.task()
        self.port = self.server.port()
        self.send = self.server.give_send(self.port, self.client)
        self.kernel_port = self.server.space.entries[self.port].port

    def fill(self) -> None:
        """Fill the port's queue."""
        for number in range(QLIMIT_DEFAULT):
            assert self.client.send(Header(COPY_SEND, remote=self.send, id=number)) == 0
