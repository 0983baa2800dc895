"""Shared by the calls that fill information arrays (``task_info``, ``host_info`` ...)."""

from ..interface.returns import KernReturn, MachError


def check_room(room: int, needed: int) -> None:
    """The caller's array must hold the whole structure."""
    if room < needed:
        raise MachError(KernReturn.INVALID_ARGUMENT)


def time_value(time_ns: int) -> tuple[int, int]:
    """``time_value_t``: seconds and microseconds."""
    return time_ns // 1_000_000_000, time_ns % 1_000_000_000 // 1000
