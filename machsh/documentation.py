"""Writes the generated pages of ``docs/``: ``python -m machsh.documentation``."""

import io
from pathlib import Path

from kernel.interface.generate.documentation import calls_page

from .machine import Machine, Settings
from .topology import parse_topology

DOCS = Path(__file__).resolve().parent.parent / "docs"


def generated_pages() -> dict[str, str]:
    """File name -> text of every generated page."""
    kernel = Machine(Settings(parse_topology("uni")), io.BytesIO()).node.kernel
    return {"calls.md": calls_page(kernel.server.served() | kernel.trap_entry.served())}


def main() -> None:
    """Write them."""
    for name, text in generated_pages().items():
        (DOCS / name).write_text(text)


if __name__ == "__main__":
    main()
