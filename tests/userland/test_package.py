"""The package: what the wheel holds, and what a failing build says."""

import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from images.build import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def test_one_compiler_version_everywhere() -> None:
    """The build, ``machsh cc`` and the tests must not disagree about the compiler."""
    extras = PROJECT["project"]["optional-dependencies"]
    wanted = {
        requirement
        for requirement in [*PROJECT["build-system"]["requires"], *extras["cc"], *extras["test"]]
        if requirement.startswith("ziglang")
    }
    assert len(wanted) == 1
    assert re.fullmatch(r"ziglang==[\d.]+", wanted.pop())


def copy_of_the_tree(destination: Path, *built: str) -> Path:
    """The sources as a fresh clone has them; ``built`` names folders of what was built to copy as well."""
    left_out = {"built", "objects", ".git", "__pycache__", ".hypothesis"} - set(built)
    shutil.copytree(ROOT, destination, ignore=shutil.ignore_patterns(*left_out, ".*_cache", "*.egg-info"))
    return destination


def build_wheel(tree: Path, destination: Path) -> subprocess.CompletedProcess[str]:
    """Make a wheel as pip does, with the build backend of this environment."""
    command = f"import hatchling.build as b; print(b.build_wheel({str(destination)!r}))"
    return subprocess.run([sys.executable, "-c", command], cwd=tree, capture_output=True, text=True)


@pytest.mark.long
def test_wheel_holds_what_was_built(tmp_path: Path) -> None:
    pytest.importorskip("hatchling")
    (tmp_path / "wheels").mkdir()
    result = build_wheel(copy_of_the_tree(tmp_path / "tree"), tmp_path / "wheels")
    assert result.returncode == 0, result.stderr
    (wheel,) = (tmp_path / "wheels").glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    for name in (
        "images/built/lib/crt0.o",
        "images/built/lib/libmach.a",
        "images/built/include/mach.h",
        "images/built/standalone/include/stdio.h",
        "images/built/examples/hello",
        "userland/examples/hello.c",
        "kernel/interface/returns.py",
        "kernel/machine/costs.py",
        "machsh/cc.py",
    ):
        assert name in names, name
    costs = {f"kernel/machine/costs/{path.name}" for path in (ROOT / "kernel/machine/costs").glob("*.toml")}
    assert costs <= names
    assert not [
        name for name in names if name.startswith(("tests/", "images/objects/", "images/built/tests/"))
    ]
    metadata = next(name for name in names if name.endswith("/METADATA"))
    assert "License-Expression: GPL-2.0-or-later" in zipfile.ZipFile(wheel).read(metadata).decode()


def test_failing_compile_is_no_traceback(built: Path, tmp_path: Path) -> None:
    pytest.importorskip("hatchling")
    tree = copy_of_the_tree(tmp_path / "tree", "built", "objects")
    (tree / "userland" / "examples" / "hello.c").write_text("int main(void) { return nothing; }\n")
    result = build_wheel(tree, tmp_path)
    assert result.returncode != 0
    assert "userland/examples/hello.c" in result.stderr
    assert "undeclared identifier 'nothing'" in result.stderr
    assert "Traceback" not in result.stderr
