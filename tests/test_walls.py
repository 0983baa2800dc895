"""The walls between the rooms (docs/architecture.md), file sizes, and what ruff and mypy have to say.

An import counts wherever it stands, also inside a function or under ``TYPE_CHECKING``: a room that
knows the type of something below it depends on it all the same, and is to declare the interface that
it needs instead.
"""

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# Each room, and what it may import besides itself, kernel.interface and the standard library.
_MACHINE = ("kernel.machine",)
_SCHED = (*_MACHINE, "kernel.sched")
_VM = (*_SCHED, "kernel.vm")
_IPC = (*_VM, "kernel.ipc")
_KERN = (*_IPC, "kernel.kern")
_XMM = (*_KERN, "kernel.xmm")
_NORMA = (*_XMM, "kernel.norma")
_KERNEL = (*_NORMA, "kernel.user", "kernel.node")
WALLS: dict[str, tuple[str, ...]] = {
    "kernel.interface": (),
    "kernel.machine": _MACHINE,
    "kernel.sched": _SCHED,
    "kernel.vm": _VM,
    "kernel.ipc": _IPC,
    "kernel.kern": _KERN,
    "kernel.xmm": _XMM,
    "kernel.norma": _NORMA,
    "kernel.user": _XMM,
    "kernel.node": _KERNEL,
    "unixserver": ("kernel.user", "unixserver"),
    "images": ("images",),
}

# Packages from elsewhere that a room may use; machsh and tests may use any.
FOREIGN: dict[str, tuple[str, ...]] = {"kernel.machine": ("unicorn",), "images": ("hatchling",)}

OURS = ("kernel", "unixserver", "images", "machsh", "tests", "userland")

LONGEST_FILE = 450


def is_in(module: str, package: str) -> bool:
    """Whether ``module`` is ``package`` or lies in it."""
    return module == package or module.startswith(package + ".")


def room_of(module: str) -> str | None:
    """The room that a module lies in; None where there are no walls."""
    return next((room for room in WALLS if is_in(module, room)), None)


def imports_of(source: str, module: str, *, is_package: bool) -> Iterator[tuple[int, str]]:
    """Line and full name of every module that the source of ``module`` imports.

    ``from a import b`` counts as an import of a.b, which is the narrower of what it may be.
    """
    package = module.split(".") if is_package else module.split(".")[:-1]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            for alias in node.names:
                yield node.lineno, ".".join([*base, *filter(None, [node.module]), alias.name])


def breach(module: str, imported: str) -> str | None:
    """Why ``module`` may not import ``imported``; None if it may."""
    room = room_of(module)
    if room is None:
        return None
    top = imported.split(".", maxsplit=1)[0]
    if top not in OURS:
        if top in sys.stdlib_module_names or top in FOREIGN.get(room, ()):
            return None
        return f"{room} uses the package '{top}' from elsewhere"
    if any(is_in(imported, allowed) for allowed in (*WALLS[room], room, "kernel.interface")):
        return None
    return f"{room} imports {imported}"


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def python_files(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def test_rooms_import_only_what_is_above_them() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {why}"
        for path in python_files("kernel", "unixserver", "images")
        for line, imported in imports_of(
            path.read_text(), module_name(path), is_package=path.name == "__init__.py"
        )
        if (why := breach(module_name(path), imported))
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("module", "source", "reason"),
    [
        ("kernel.vm.fault", "from ..ipc.port import Port", "kernel.vm imports kernel.ipc.port.Port"),
        ("kernel.vm.fault", "import kernel.kern.task", "kernel.vm imports kernel.kern.task"),
        ("kernel.vm.fault", "from kernel import node", "kernel.vm imports kernel.node"),
        ("kernel.machine.clock", "from ..sched import wait", "kernel.machine imports kernel.sched.wait"),
        (
            "kernel.interface.body",
            "from ..machine.mmu import X",
            "kernel.interface imports kernel.machine.mmu.X",
        ),
        ("kernel.sched.wait", "import unicorn", "kernel.sched uses the package 'unicorn' from elsewhere"),
        ("unixserver.main", "from kernel.ipc import port", "unixserver imports kernel.ipc.port"),
        (
            "kernel.kern.task",
            "def f():\n    from kernel.norma import x",
            "kernel.kern imports kernel.norma.x",
        ),
        (
            "kernel.sched.thread",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from ..vm.map import VmMap",
            "kernel.sched imports kernel.vm.map.VmMap",
        ),
        ("kernel.vm.fault", "from ..sched.wait import WaitQueue\nfrom .page import P\nimport re", None),
        ("kernel.machine.processor", "import unicorn, ctypes", None),
        ("kernel.node", "from .user import Task\nfrom .norma import transport", None),
        ("unixserver.main", "from kernel.user import Task\nfrom kernel.interface import returns", None),
        ("machsh.main", "from kernel.node import Node\nimport rich", None),
    ],
)
def test_a_breach_is_seen(module: str, source: str, reason: str | None) -> None:
    found = [breach(module, imported) for _, imported in imports_of(source, module, is_package=False)]
    assert [why for why in found if why] == ([reason] if reason else [])


# ---------------------------------------------------------------- sizes


def test_no_file_is_too_long() -> None:
    """A file that grew beyond this holds two concepts.  Generated ones say so in their first lines."""
    sources = [
        path
        for folder in ("kernel", "unixserver", "images", "machsh", "tests", "userland")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in (".py", ".c", ".h", ".S")
        and not path.is_relative_to(ROOT / "images" / "built")
        and not path.is_relative_to(ROOT / "images" / "objects")
    ]
    assert sources
    found = []
    for path in sources:
        lines = path.read_text().splitlines()
        if len(lines) > LONGEST_FILE and not any("generated" in line.lower() for line in lines[:5]):
            found.append(f"{path.relative_to(ROOT)}: {len(lines)} lines")
    assert not found, "\n".join(found)


# ---------------------------------------------------------------- state

_MAKERS = frozenset(
    {"dict", "list", "set", "bytearray", "deque", "defaultdict", "OrderedDict", "Counter", "count"}
)
_CHANGERS = frozenset(
    {"append", "appendleft", "extend", "insert", "pop", "popleft", "popitem", "remove", "discard", "clear"}
    | {"add", "update", "setdefault", "sort", "reverse"}
)


@dataclass(frozen=True)
class Binding:
    """A name that a module binds to something that could change."""

    line: int
    name: str
    is_final: bool


def _is_mutable(value: ast.expr | None) -> bool:
    if isinstance(value, ast.Dict | ast.List | ast.Set | ast.DictComp | ast.ListComp | ast.SetComp):
        return True
    if not isinstance(value, ast.Call):
        return False
    function = value.func
    name = function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")
    return name in _MAKERS


def mutable_bindings(tree: ast.Module) -> Iterator[Binding]:
    """Module-level names bound to lists, dictionaries, sets and the like."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and _is_mutable(node.value):
            for target in node.targets:
                if isinstance(target, ast.Name) and target.id != "__all__":
                    yield Binding(node.lineno, target.id, False)
        elif (
            isinstance(node, ast.AnnAssign) and _is_mutable(node.value) and isinstance(node.target, ast.Name)
        ):
            yield Binding(node.lineno, node.target.id, "Final" in ast.unparse(node.annotation))


def changed_in_functions(tree: ast.Module) -> set[str]:
    """Names whose value some function of the module changes in place or rebinds."""
    changed = set()
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    for node in (inner for function in functions for inner in ast.walk(function)):
        if isinstance(node, ast.Global):
            changed |= set(node.names)
        elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store | ast.Del):
            changed.add(ast.unparse(node.value))
        elif (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in _CHANGERS
        ):
            changed.add(ast.unparse(node.func.value))
    return changed


def state_of(source: str) -> list[tuple[int, str]]:
    """Line and name of module-level state: what functions change, and what is not named or declared as a
    constant (``UPPER_CASE``, or ``Final``)."""
    tree = ast.parse(source)
    changed = changed_in_functions(tree)
    found = [
        (binding.line, binding.name)
        for binding in mutable_bindings(tree)
        if binding.name in changed or not (binding.is_final or binding.name == binding.name.upper())
    ]
    rebound = {name for node in ast.walk(tree) if isinstance(node, ast.Global) for name in node.names}
    return sorted({*found, *((0, name) for name in rebound if name not in {name for _, name in found})})


def test_the_kernel_keeps_no_state_in_modules() -> None:
    """Everything hangs on a node, so that nodes share nothing."""
    found = [
        f"{path.relative_to(ROOT)}:{line}: '{name}' is module-level state"
        for path in python_files("kernel")
        for line, name in state_of(path.read_text())
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("cache = {}", ["cache"]),
        ("CACHE = {}\ndef f(x):\n    CACHE[x] = 1", ["CACHE"]),
        ("QUEUE = deque()\ndef f(x):\n    QUEUE.append(x)", ["QUEUE"]),
        ("n = 0\ndef f():\n    global n\n    n += 1", ["n"]),
        ("names: list[str] = []", ["names"]),
        ("next_number = itertools.count()", ["next_number"]),
        ("NAMES = {1: 'a'}\ndef f(x):\n    return NAMES[x]", []),
        ("table: Final = {1: 'a'}", []),
        ("TABLE = {}\nTABLE[1] = 2", []),
        ("LIMIT = 5\n__all__ = ['LIMIT']", []),
    ],
)
def test_state_is_seen(source: str, names: list[str]) -> None:
    assert [name for _, name in state_of(source)] == names


# ---------------------------------------------------------------- what the checkers say


@pytest.mark.lint
@pytest.mark.parametrize(
    "command",
    [["ruff", "check", "--no-cache", "."], ["ruff", "format", "--no-cache", "--check", "."], ["mypy"]],
    ids=["ruff-check", "ruff-format", "mypy"],
)
def test_checkers_have_nothing_to_say(command: list[str]) -> None:
    result = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
