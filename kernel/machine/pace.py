"""Pace: holds virtual time back, so that it is never ahead of wall time times the pace.

This is the only file of the machine that knows of wall time, and it only chooses how far the engine
may run and when to wait; what happens at which virtual time does not depend on it, except through the
times at which inputs enter, and those are in the log.  The wall clock and the way to wait are given,
so that tests need neither.
"""

from collections.abc import Callable

from .engine import Engine, Reason
from .events import NEVER

_GRAIN_NS = 1_000_000  # wall time that it is worth waiting for
_WINDOW_NS = 20_000_000  # virtual time that may pass without asking for inputs


class Pace:
    """Runs an engine at ``rate`` virtual seconds a wall second, at most.

    ``wall_ns`` is a clock that never goes back; ``wait(timeout_ns)`` returns when something has come
    from outside, or after the wall time given.
    """

    __slots__ = ("_engine", "_virtual_start", "_wait", "_wall_ns", "_wall_start", "rate")

    def __init__(
        self, engine: Engine, rate: float, wall_ns: Callable[[], int], wait: Callable[[int], None]
    ) -> None:
        if not rate > 0:
            raise ValueError(f"a pace of {rate} lets no time pass; it must be positive")
        self.rate = rate
        self._engine = engine
        self._wall_ns = wall_ns
        self._wait = wait
        self._wall_start = wall_ns()
        self._virtual_start = engine.now

    def restart(self, rate: float | None = None) -> None:
        """Count from this moment on (after the machine was held), perhaps at another pace."""
        if rate is not None:
            self.rate = rate
        self._wall_start = self._wall_ns()
        self._virtual_start = self._engine.now

    def allowed_ns(self) -> int:
        """How far virtual time may be now."""
        return self._virtual_start + int((self._wall_ns() - self._wall_start) * self.rate)

    def run(
        self,
        until_ns: int | None = None,
        stop: Callable[[], bool] | None = None,
        poll: Callable[[], bool] | None = None,
    ) -> Reason:
        """As :meth:`Engine.run`, but held back.

        ``poll`` lets through the door what has come from outside, and says whether anything did.  It
        is called when virtual time has come as far as it may.
        """
        until = NEVER if until_ns is None else until_ns
        engine = self._engine
        while True:
            allowed = self.allowed_ns()
            limit = min(allowed, until, max(engine.now, engine.next_time()) + _WINDOW_NS)
            reason = engine.run(limit, stop, housekeeping=True)
            if reason is Reason.STOPPED:
                return reason
            if poll is not None and poll():
                continue
            if engine.now >= until:
                return reason
            if limit < allowed:
                continue
            if reason is Reason.IDLE:
                return reason
            ahead_ns = min(engine.next_time(), until) - self._virtual_start
            at = self._wall_start + -int(-ahead_ns / self.rate // 1)
            self._wait(max(at - self._wall_ns(), _GRAIN_NS))
