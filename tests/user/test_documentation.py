"""The example of docs/native-tasks.md is run as it stands."""

import ast
import re
from pathlib import Path
from types import ModuleType

from kernel.user import NativeTask
from tests.test_walls import imports_of, is_in
from tests.user.native_node import NativeNode

PAGE = Path(__file__).parents[2] / "docs" / "native-tasks.md"


def example() -> str:
    (code,) = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    return str(code)


def test_the_example_runs() -> None:
    module = ModuleType("example")
    exec(compile(example(), str(PAGE), "exec"), module.__dict__)
    assert NativeNode().run(module.main) == 10

    async def main(task: NativeTask) -> None:
        await module.main(task)

    NativeNode().leaves_nothing(main)


def test_the_example_sees_only_mach() -> None:
    for _, name in imports_of(example(), "example", is_package=False):
        assert is_in(name, "kernel.user") or is_in(name, "kernel.interface"), name


def test_the_page_names_what_there_is() -> None:
    """Every method of a task that the page names exists."""
    names = set(re.findall(r"`task\.(\w+)", PAGE.read_text()))
    assert names and all(hasattr(NativeTask, name) for name in names), names
    ast.parse(example())
