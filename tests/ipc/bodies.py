"""Message bodies made by hand, and a pair of tasks that send them to each other."""

import struct

from kernel.interface.wire import COPY_SEND
from kernel.ipc.layout import BITS_COMPLEX
from tests.ipc.node import BLOCKED, Header, Node

INLINE, LONG, DEALLOCATE, UNUSED = 0x1000_0000, 0x2000_0000, 0x4000_0000, 0x8000_0000
COMPLEX_SEND = BITS_COMPLEX | COPY_SEND
INT32, BYTE = 2, 9
PAGE = 4096


def short(name: int, bits: int, number: int, flags: int = INLINE) -> bytes:
    return struct.pack("<I", name | bits << 8 | number << 16 | flags)


def long_form(name: int, bits: int, number: int, flags: int = INLINE) -> bytes:
    return struct.pack("<IHHI", LONG | flags, name, bits, number)


def words(*values: int) -> bytes:
    return struct.pack(f"<{len(values)}I", *values)


class Pair:
    """A server with a port, and a client with a send right to it and ports of its own."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.server, self.client = node.task(), node.task()
        self.port = self.server.port()
        self.send = self.server.give_send(self.port, self.client)

    def transfer(self, body: bytes) -> tuple[int, ...]:
        """Send a complex message to the server; the words of the body that arrives."""
        assert self.client.send(Header(COMPLEX_SEND, remote=self.send), body) == 0
        self.node.check()
        assert self.server.receive(self.port) == 0
        self.node.check()
        body = self.server.body()
        return struct.unpack(f"<{len(body) // 4}I", body)

    def refuse(self, body: bytes) -> int:
        """Send a complex message that is refused; the error code."""
        result = self.client.send(Header(COMPLEX_SEND, remote=self.send), body)
        assert result not in (0, BLOCKED)
        self.node.check()
        assert self.server.poll(self.port) is None
        return result
