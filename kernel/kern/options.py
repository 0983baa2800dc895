"""The kernel's switches (``--option NAME=VALUE``): what the paper compares, each with its default."""

from dataclasses import dataclass, fields, replace
from typing import Final, Literal, cast

PagesOption = Literal["map", "copy"]


@dataclass(frozen=True, slots=True)
class KernelOptions:
    """Field ``ipc_pages`` is the option ``ipc.pages``, and so on."""

    ipc_pages: PagesOption = "map"
    """Whole pages in messages and replies change hands (``map``), or are copied at both ends."""

    vm_pager_timeout: int = 60
    """Seconds for which a thread waits for an external pager; then it gets a memory error."""


VALUES: Final[dict[str, tuple[str, ...]]] = {"ipc.pages": ("map", "copy")}
"""What each option may be set to; the first is the default."""


NUMBERS: Final[frozenset[str]] = frozenset({"vm.pager_timeout"})
"""Options that are set to a positive number."""


def with_option(options: KernelOptions, text: str) -> KernelOptions:
    """``options`` with ``NAME=VALUE`` set; ValueError says what was expected."""
    name, equals, value = text.partition("=")
    if (name not in VALUES and name not in NUMBERS) or not equals:
        known = ", ".join(sorted({*VALUES, *NUMBERS}))
        raise ValueError(f"there is no option '{name}'; there are: {known}")
    field = name.replace(".", "_")
    assert field in {each.name for each in fields(KernelOptions)}
    if name in NUMBERS:
        if not value.isascii() or not value.isdigit() or int(value) == 0:
            raise ValueError(f"{name} is a positive number, not '{value}'")
        return replace(options, **{field: int(value)})  # type: ignore[arg-type]
    if value not in VALUES[name]:
        raise ValueError(f"{name} is one of {', '.join(VALUES[name])}, not '{value}'")
    return replace(options, **{field: cast(PagesOption, value)})  # type: ignore[arg-type]
