"""What is made from the interface declarations: C headers and stubs, Python stubs, documentation.

Each generator is a pure function to {path: text}; only :func:`generate_c` writes files.
"""

from pathlib import Path

from kernel.interface.generate.c_headers import NOTICE, c_headers
from kernel.interface.generate.c_servers import c_servers
from kernel.interface.generate.c_stubs import c_stubs


def c_files() -> dict[str, str]:
    """Return every generated C file: headers under include/, sources under libmach/."""
    files = {f"include/{path}": text for path, text in c_headers().items()}
    sources = c_stubs() | c_servers(NOTICE)
    files |= {f"libmach/{path}": text for path, text in sources.items()}
    return files


def generate_c(destination: Path) -> list[Path]:
    """Write the C headers and stubs below ``destination``; return the files, in the order of their paths."""
    written: list[Path] = []
    files = {destination / name: text for name, text in c_files().items()}
    for path, text in sorted(files.items()):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        written.append(path)
    return written
