"""Tables of measurements, for people and as JSON."""

import json
from dataclasses import asdict, dataclass, field


@dataclass(frozen=True, slots=True)
class Line:
    """One measurement."""

    name: str
    value: float
    unit: str  # "/s", "ns", ...
    ratio: float | None = None  # to the floor that the note or the table names
    target: float | None = None  # the ratio should be at least this
    virtual_us: float | None = None  # virtual microseconds each
    note: str = ""


@dataclass(slots=True)
class Table:
    """A named list of measurements."""

    name: str
    title: str
    lines: list[Line] = field(default_factory=list)

    def add(self, line: Line) -> None:
        self.lines.append(line)

    def as_text(self) -> str:
        """For people: aligned columns."""
        rows = [("", "measured", "", "ratio", "at least", "virtual time")]
        for line in self.lines:
            rows.append(
                (
                    line.name,
                    f"{line.value:,.0f}",
                    line.unit,
                    "" if line.ratio is None else f"{line.ratio:.3f}",
                    line.note if line.target is None else f"{line.target:g}",
                    "" if line.virtual_us is None else f"{line.virtual_us:,.1f} us",
                )
            )
        widths = [max(len(row[column]) for row in rows) for column in range(6)]
        text = [f"{self.name}: {self.title}"]
        for row in rows:
            cells = [row[0].ljust(widths[0]), row[1].rjust(widths[1]), row[2].ljust(widths[2])]
            cells += [row[3].rjust(widths[3]), row[4].ljust(widths[4]), row[5].rjust(widths[5])]
            text.append("  ".join(cells).rstrip())
        return "\n".join(text)

    def as_json(self) -> str:
        """For programs."""
        return json.dumps(asdict(self))
