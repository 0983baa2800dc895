"""The kernel's switches (``--option NAME=VALUE``): what the paper compares, each with its default."""

from dataclasses import dataclass, fields, replace
from typing import Final, Literal, cast

PagesOption = Literal["map", "copy"]


@dataclass(frozen=True, slots=True)
class KernelOptions:
    """Field ``ipc_pages`` is the option ``ipc.pages``, and so on."""

    ipc_pages: PagesOption = "map"
    """Whole pages in messages and replies change hands (``map``), or are copied at both ends."""


VALUES: Final[dict[str, tuple[str, ...]]] = {"ipc.pages": ("map", "copy")}
"""What each option may be set to; the first is the default."""


def with_option(options: KernelOptions, text: str) -> KernelOptions:
    """``options`` with ``NAME=VALUE`` set; ValueError says what was expected."""
    name, equals, value = text.partition("=")
    if name not in VALUES or not equals:
        raise ValueError(f"there is no option '{name}'; there are: {', '.join(VALUES)}")
    if value not in VALUES[name]:
        raise ValueError(f"{name} is one of {', '.join(VALUES[name])}, not '{value}'")
    field = name.replace(".", "_")
    assert field in {each.name for each in fields(KernelOptions)}
    return replace(options, **{field: cast(PagesOption, value)})
