"""Write what is generated and checked in: ``python -m kernel.interface.generate``."""

from pathlib import Path

from kernel.interface.generate.python_stubs import python_stubs


def main() -> None:
    """Write the Python stubs."""
    folder = Path(__file__).parent.parent / "stubs"
    for name, text in python_stubs().items():
        (folder / name).write_text(text)
    (folder / "__init__.py").write_text("")


if __name__ == "__main__":
    main()
