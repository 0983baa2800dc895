"""What a declared C structure is: a dataclass that packs into the 32-bit integers which travel.

Declared once (``structs.py``): the C structures are generated from the fields, whose C types stand in
the annotations.  ``as_integers`` gives what a routine takes (unsigned, as arrays of ``natural_t`` are),
and ``from_integers`` reads it back; a structure that travels in an information array may be read from a
longer one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar, Self, get_args, get_origin

_SIGNED = frozenset(("integer_t", "int", "cpu_type_t", "cpu_subtype_t"))


@dataclass(frozen=True, slots=True)
class Field:
    """One field as C sees it: a number of 32-bit integers."""

    name: str
    c_type: str
    count: int
    structure: "type[Structure] | None" = None

    @property
    def is_signed(self) -> bool:
        return self.c_type in _SIGNED


class Structure:
    """What the structures below have in common."""

    __slots__ = ()
    HEADER: ClassVar[str]
    FIELDS: ClassVar[tuple[Field, ...]]

    def __init_subclass__(cls) -> None:
        cls.FIELDS = tuple(_field(name, hint) for name, hint in cls.__annotations__.items())

    def as_integers(self) -> tuple[int, ...]:
        """Return the fields as unsigned 32-bit integers."""
        integers: list[int] = []
        for field in self.FIELDS:
            value = getattr(self, field.name)
            if field.structure is not None:
                integers += value.as_integers()
            elif field.count > 1:
                integers += [part & 0xFFFF_FFFF for part in value]
            else:
                integers.append(value & 0xFFFF_FFFF)
        return tuple(integers)

    @classmethod
    def from_integers(cls, integers: Sequence[int]) -> Self:
        """Read the structure from the head of ``integers``."""
        values: list[object] = []
        at = 0
        for field in cls.FIELDS:
            part = integers[at : at + field.count]
            at += field.count
            if field.structure is not None:
                values.append(field.structure.from_integers(part))
                continue
            if field.is_signed:
                part = [(word & 0xFFFF_FFFF ^ 0x8000_0000) - 0x8000_0000 for word in part]
            values.append(part[0] if field.count == 1 else tuple(part))
        return cls(*values)

    @classmethod
    def size(cls) -> int:
        """How many integers the structure takes (``TASK_BASIC_INFO_COUNT`` and so on)."""
        return sum(field.count for field in cls.FIELDS)


def _field(name: str, hint: object) -> Field:
    if get_origin(hint) is Annotated:
        _, c_type, *count = get_args(hint)
        return Field(name, c_type, count[0] if count else 1)
    assert isinstance(hint, type) and issubclass(hint, Structure), hint
    return Field(name, f"{hint.__name__}_t", hint.size(), hint)
