"""The one door through which everything from outside enters the machine.

Keys, host data, injected faults and debugger actions are *inputs*: bytes for a device of a node.  The
door stamps each with a virtual time at which nothing has happened yet anywhere, writes it into the log,
and posts it.  Nothing else that could differ between two runs gets in, so feeding the log back gives
the same run again, event for event.
"""

import base64
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from .engine import Engine
from .events import DOOR

Handler = Callable[[bytes], object]
"""What a device does with the payload of an input; called as an event of its node."""


@dataclass(frozen=True, slots=True)
class Input:
    """Something that came from outside."""

    time_ns: int  # virtual time at which it happens
    node: int
    device: str  # what on the node it is for, such as "console"
    payload: bytes


class Door:
    """Lets inputs in, as they come; ``log`` has all of them."""

    def __init__(self, engine: Engine, recorder: Callable[[Input], None] | None = None) -> None:
        """``recorder`` is called with each input as it enters, before it happens."""
        self.log: list[Input] = []
        self._engine = engine
        self._recorder = recorder
        self._handlers: dict[tuple[int, str], Handler] = {}
        self._checks: dict[tuple[int, str], Handler] = {}

    def attach(self, node: int, device: str, handler: Handler, check: Handler | None = None) -> None:
        """From now on inputs for a device of a node go to ``handler``.

        ``check`` raises ValueError for what the device cannot use, before it enters.
        """
        assert (node, device) not in self._handlers, f"two handlers for device '{device}' of node {node}"
        self._handlers[node, device] = handler
        if check is not None:
            self._checks[node, device] = check

    def enter(self, node: int, device: str, payload: bytes) -> Input:
        """Let something in; ValueError if there is no such device, or it cannot use that.

        Only between slices: from outside :meth:`Engine.run`, or from its ``stop`` function.
        """
        if (node, device) not in self._handlers:
            there = ", ".join(f"'{name}'" for number, name in self._handlers if number == node)
            raise ValueError(f"node {node} has no device '{device}'; it has {there or 'none'}")
        if check := self._checks.get((node, device)):
            check(payload)
        entered = Input(self._engine.now, node, device, bytes(payload))
        if self._recorder is not None:
            self._recorder(entered)
        self._post(entered)
        return entered

    def _post(self, entered: Input) -> None:
        self.log.append(entered)
        actor = self._engine.actor(entered.node)
        actor.events.post(entered.time_ns, DOOR, len(self.log), self._happen, entered)
        self._engine.restamp(entered.node)

    def _happen(self, entered: Input) -> None:
        """It is time: the device gets it."""
        self._handlers[entered.node, entered.device](entered.payload)


class ReplayDoor(Door):
    """Feeds a log back; when that is used up, it lets new inputs in."""

    def __init__(
        self, engine: Engine, log: Sequence[Input], recorder: Callable[[Input], None] | None = None
    ) -> None:
        super().__init__(engine, recorder)
        self._replay = tuple(log)

    def start(self) -> None:
        """Post the whole log; call this when the machine is assembled, before it runs."""
        for entered in self._replay:
            self._post(entered)

    def enter(self, node: int, device: str, payload: bytes) -> Input:
        """As :meth:`Door.enter`; ValueError while the log is not used up."""
        if self._replay and self._engine.now <= self._replay[-1].time_ns:
            raise ValueError(
                f"nothing can enter at {self._engine.now} ns: a log is replayed "
                f"until {self._replay[-1].time_ns} ns"
            )
        return super().enter(node, device, payload)


def input_to_line(entered: Input) -> str:
    """One line of a log file, without its end: JSON, with the payload as text where it is ASCII."""
    record: dict[str, int | str] = {
        "time_ns": entered.time_ns,
        "node": entered.node,
        "device": entered.device,
    }
    if entered.payload.isascii():
        record["text"] = entered.payload.decode("ascii")
    else:
        record["base64"] = base64.b64encode(entered.payload).decode("ascii")
    return json.dumps(record)


def input_from_line(line: str) -> Input:
    """What :func:`input_to_line` wrote; ValueError says what is wrong with it."""
    record = json.loads(line)
    if not isinstance(record, dict):
        raise ValueError("not a JSON object")
    time_ns, node, device = record.get("time_ns"), record.get("node"), record.get("device")
    if not isinstance(time_ns, int) or not isinstance(node, int) or not isinstance(device, str):
        raise ValueError("'time_ns', 'node' (numbers) and 'device' (text) are needed")
    text, coded = record.get("text"), record.get("base64")
    if isinstance(text, str) and coded is None:
        payload = text.encode("ascii")
    elif isinstance(coded, str) and text is None:
        payload = base64.b64decode(coded, validate=True)
    else:
        raise ValueError("either 'text' or 'base64' is needed")
    return Input(time_ns, node, device, payload)


def save_log(path: Path, log: Iterable[Input]) -> None:
    """Write a log, one line an input."""
    with path.open("w", encoding="ascii", newline="\n") as file:
        for entered in log:
            file.write(input_to_line(entered) + "\n")


def load_log(path: Path) -> list[Input]:
    """Read a log; ValueError names the file and the line that cannot be used."""
    log: list[Input] = []
    with path.open(encoding="ascii") as file:
        for number, line in enumerate(file, 1):
            try:
                entered = input_from_line(line)
                if log and entered.time_ns < log[-1].time_ns:
                    raise ValueError(f"earlier ({entered.time_ns} ns) than the line before")
            except ValueError as error:
                raise ValueError(f"{path}, line {number}: {error}") from None
            log.append(entered)
    return log
