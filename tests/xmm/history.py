"""What a pager may expect to be told, and in which order, as code.

``History`` listens to the trace of a node: each message between the kernel and a pager is an event with
the number of the memory object's port first.  Whatever breaks the protocol is a complaint:

1. ``init`` comes first, once, and nothing else before it; nothing comes after ``terminate`` except
   completions of what was asked before, or a new ``init``.
2. No data_request before the pager said that it is ready, nor for a page that was asked for already and
   not answered, nor for one that the kernel has.
3. No data_unlock except for pages that were locked against that access; no pages are returned that the
   kernel cannot have.
4. A lock_request and a data_supply with a reply port are completed once, in the order in which they were
   heard, and nothing else is heard of the same object in between.

That contents are right, and all that is dirty is returned before ``terminate``, the random test knows.
What a lying pager may be told is no less: the kernel keeps to this whatever it hears.
"""

from collections import Counter
from dataclasses import dataclass, field

PAGE = 4096


_ASKED = frozenset({"memory_object_lock_request", "memory_object_data_supply"})
_RETURNS = frozenset({"memory_object_data_return", "memory_object_data_write"})


@dataclass
class _Object:
    """One memory object, in the pager's eyes."""

    ready: bool = False
    asked: set[int] = field(default_factory=set)  # pages asked for, not answered
    supplied: set[int] = field(default_factory=set)  # pages that the kernel may have
    locked: dict[int, int] = field(default_factory=dict)
    promised: list[tuple[str, int]] = field(default_factory=list)  # completions, and for which offset


class History:
    """Checks the messages of a node's pagers."""

    def __init__(self) -> None:
        self.complaints: list[str] = []
        self.counts: Counter[str] = Counter()
        self.events: list[tuple[str, tuple[int, ...]]] = []
        self._objects: dict[int, _Object] = {}
        self._ended: set[int] = set()

    def event(self, time: int, node: int, kind: str, fields: tuple[object, ...]) -> None:
        if kind == "port_died":
            self._objects.pop(int(str(fields[0])), None)  # nobody will be told any more
        elif kind == "pager_timeout":
            for found in self._objects.values():
                found.asked.discard(int(str(fields[1])))
        if not kind.startswith("memory_object_"):
            return
        numbers = tuple(int(number) for number in fields if isinstance(number, int))
        self.counts[kind] += 1
        self.events.append((kind, numbers))
        handler = getattr(self, "_" + kind.removeprefix("memory_object_"), None)
        if handler is not None:
            handler(*numbers)
        self._check_promises(kind, numbers)

    def _check_promises(self, kind: str, numbers: tuple[int, ...]) -> None:
        """What the pager asked is completed before it is heard again; only what it asked to be returned
        comes in between."""
        found = self._objects.get(numbers[0])
        if found is None or kind in _ASKED | _RETURNS:
            return
        if found.promised and found.promised[0][0] == "lock":
            self._complain(f"{kind} before {found.promised[0]} is completed")

    def finish(self) -> None:
        """Nothing is in use any more."""
        for port in self._objects:
            self._complain(f"object {port} was never terminated")

    def _complain(self, text: str) -> None:
        self.complaints.append(f"{text}; before: {self.events[-6:]}")

    def _object(self, port: int, what: str) -> _Object:
        found = self._objects.get(port)
        if found is None:
            self._complain(f"{what} for object {port}, which is not in use")
            return _Object()
        return found

    # ---- what the kernel says

    def _init(self, port: int, page_size: int) -> None:
        if port in self._objects:
            self._complain(f"a second init for object {port}")
        self._objects[port] = _Object()

    def _create(self, port: int, size: int, page_size: int) -> None:
        self._init(port, page_size)
        self._objects[port].ready = True

    def _terminate(self, port: int) -> None:
        found = self._object(port, "terminate")
        if any(what == "lock" for what, _ in found.promised):  # a supply may have failed
            self._complain(f"object {port} ends before {found.promised}")
        self._objects.pop(port, None)
        self._ended.add(port)

    def _copy(self, port: int, offset: int, length: int) -> None:
        found = self._object(port, "copy")
        for at in range(offset, offset + length, PAGE):
            found.locked[at] = found.locked.get(at, 0) | 2

    def _data_request(self, port: int, offset: int, length: int, access: int) -> None:
        found = self._object(port, "data_request")
        if not found.ready:
            self._complain(f"data_request for object {port} before it is ready")
        if offset % PAGE or length != PAGE or not access & 7:
            self._complain(f"an odd data_request: {offset:#x} {length:#x} {access}")
        if offset in found.asked:
            self._complain(f"page {offset:#x} of object {port} was asked for twice")
        found.asked.add(offset)

    def _data_unlock(self, port: int, offset: int, length: int, access: int) -> None:
        found = self._object(port, "data_unlock")
        if not found.locked.get(offset, 0) & access:
            self._complain(f"data_unlock of page {offset:#x} for {access}, which is not locked")

    def _data_return(self, port: int, offset: int, size: int, dirty: int, kernel_copy: int) -> None:
        found = self._object(port, "data_return")
        for at in range(offset, offset + size, PAGE):
            if at not in found.supplied:
                self._complain(f"page {at:#x} of object {port} is returned, but was never there")
            if not kernel_copy and dirty:
                found.supplied.discard(at)
                found.locked.pop(at, None)

    def _data_write(self, port: int, offset: int, size: int) -> None:
        self._data_return(port, offset, size, 1, 1)

    def _lock_completed(self, port: int, offset: int, length: int) -> None:
        self._keep_promise(port, "lock", offset)

    def _supply_completed(self, port: int, offset: int, size: int, result: int, error_offset: int) -> None:
        found = self._objects.get(port)
        if result != 4 or (found is not None and ("supply", offset) in found.promised):
            self._keep_promise(port, "supply", offset)  # else it was refused unheard

    def _keep_promise(self, port: int, what: str, offset: int) -> None:
        found = self._object(port, f"{what}_completed")
        if not found.promised or found.promised.pop(0) != (what, offset):
            self._complain(f"{what}_completed for {offset:#x} out of turn")

    # ---- what the pager says

    def _ready(self, port: int, may_cache: int, strategy: int) -> None:
        self._object(port, "ready").ready = True

    def _set_attributes(self, port: int, ready: int, may_cache: int, strategy: int) -> None:
        if ready:
            self._object(port, "set_attributes").ready = True

    def _data_supply(self, port: int, offset: int, size: int, lock: int, precious: int, replies: int) -> None:
        found = self._objects.get(port)
        if found is None:
            return
        if replies and ("supply", offset) not in found.promised:  # one that waited is heard again
            found.promised.append(("supply", offset))
        for at in range(offset, offset + size, PAGE):
            found.asked.discard(at)
            found.supplied.add(at)
            found.locked[at] = found.locked.get(at, 0) | lock

    def _data_unavailable(self, port: int, offset: int, size: int) -> None:
        found = self._objects.get(port)
        if found is None:
            return
        for at in [at for at in found.asked if offset <= at < offset + size]:
            found.asked.discard(at)
            found.supplied.add(at)  # a page of zeroes may come back

    def _data_error(self, port: int, offset: int, size: int, error: int) -> None:
        found = self._objects.get(port)
        if found is not None:
            found.asked -= {at for at in found.asked if offset <= at < offset + size}

    def _lock_request(
        self, port: int, offset: int, size: int, returns: int, flush: int, lock: int, replies: int
    ) -> None:
        found = self._objects.get(port)
        if found is None:
            return
        if replies:
            found.promised.append(("lock", offset))
        for at in found.supplied:
            if lock != 8 and offset <= at < offset + size:
                found.locked[at] = found.locked.get(at, 0) | lock


__all__ = ["PAGE", "History"]
