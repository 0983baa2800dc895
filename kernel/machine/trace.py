"""Trace events: what the kernels did, when.

Nothing is spent when nobody listens: a place that can trace tests ``trace.on`` first::

    if trace.on:
        trace.emit("fault", thread.number, address)

The events of a node form one stream, in the order in which the node did them; the hash of a cluster's
trace is built from the nodes' own hashes, so it does not depend on how the nodes were interleaved.
"""

import hashlib
from collections.abc import Callable, Mapping

from .clock import Clock

Listener = Callable[[int, int, str, tuple[object, ...]], None]
"""Called with (virtual time in ns, node, kind, fields)."""


class Trace:
    """The trace of one node.  ``on`` is true while anybody listens or the hash is wanted."""

    __slots__ = ("_clock", "_hash", "_listeners", "node", "on")

    def __init__(self, clock: Clock, node: int) -> None:
        self._clock = clock
        self.node = node
        self.on = False
        self._listeners: list[Listener] = []
        self._hash: hashlib.blake2b | None = None

    def start_hash(self) -> None:
        """Hash every event from now on (order, time, kind and fields)."""
        self._hash = hashlib.blake2b(digest_size=16)
        self.on = True

    def digest(self) -> str:
        """The hash so far, as hexadecimal digits; empty when no hash was started."""
        return self._hash.hexdigest() if self._hash is not None else ""

    def listen(self, listener: Listener) -> None:
        self._listeners.append(listener)
        self.on = True

    def unlisten(self, listener: Listener) -> None:
        self._listeners.remove(listener)
        self.on = bool(self._listeners) or self._hash is not None

    def emit(self, kind: str, *fields: object) -> None:
        """Record an event; fields are ints, strings and bytes whose repr is the same on every host."""
        now = self._clock.now
        if self._hash is not None:
            self._hash.update(repr((now, kind, fields)).encode())
        for listener in self._listeners:
            listener(now, self.node, kind, fields)


def combine_digests(digests: Mapping[int, str]) -> str:
    """The hash of a cluster's trace, from its nodes' own digests by node number."""
    combined = hashlib.blake2b(digest_size=16)
    for node in sorted(digests):
        combined.update(f"{node} {digests[node]}\n".encode())
    return combined.hexdigest()
