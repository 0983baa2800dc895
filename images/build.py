"""Builds the userland: headers, libraries and programs, into ``images/built/``.

    built/include/              <mach.h>, <cthreads.h>, ...: generated ones and those of userland/include
    built/standalone/include/   <stdio.h>, ...: for programs that run without Unix
    built/lib/                  crt0.o, libmach.a, libthreads.a, libstandalone.a, libcheck.a
    built/examples/, tests/, bench/   one program for each C file of the folder of that name

Nothing is built twice: an output is made again only if the hash of what it is made from (contents,
options, compiler) is not the one noted when it was made.  Outputs appear whole or not at all, and one
process builds at a time.  ``images/objects/`` holds what is needed only to build; both folders are
ignored by git, and only ``built`` goes into a wheel.
"""

import fcntl
import hashlib
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from images.compiler import COMPILE, LINK, TARGET, CompilerMissing, compiler_version, run_zig

ROOT = Path(__file__).resolve().parent.parent

LIBRARIES = ("libcheck", "libstandalone", "libthreads", "libmach")
"""In the order in which they are linked."""

PROGRAMS = ("examples", "tests", "bench")
"""Folders of userland/ of which every C file is a program of its own."""

_WARNINGS = ("-std=gnu11", "-Os", "-Wall", "-Wextra", "-Wno-unused-parameter", "-Werror")


class BuildError(Exception):
    """The userland cannot be built; the text says which file, and what the compiler said."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where a build takes its sources from, and where it puts what it makes."""

    top: Path  # the tree: paths in messages and in debugging information start here

    @property
    def userland(self) -> Path:
        """C sources."""
        return self.top / "userland"

    @property
    def built(self) -> Path:
        """Finished products."""
        return self.top / "images" / "built"

    @property
    def objects(self) -> Path:
        """Intermediate products, and the notes about what is up to date."""
        return self.top / "images" / "objects"

    @property
    def generated(self) -> Path:
        """What is generated from the interface declarations: include/ and libmach/."""
        return self.objects / "generated"

    @property
    def include(self) -> Path:
        return self.built / "include"

    @property
    def standalone_include(self) -> Path:
        return self.built / "standalone" / "include"

    @property
    def lib(self) -> Path:
        return self.built / "lib"


TREE = Layout(ROOT)


def ensure_built() -> Path:
    """Bring ``images/built`` up to date and return it.  In an installed copy, where the build came with
    the package, there is nothing to do."""
    if not (ROOT / "pyproject.toml").exists():
        return TREE.built
    Build(TREE).run()
    return TREE.built


def generate_interface(destination: Path) -> None:
    """Write the headers and stubs that come from the interface declarations."""
    if str(ROOT) not in sys.path:  # a build hook does not run from the tree
        sys.path.insert(0, str(ROOT))
    from kernel.interface.generate import generate_c  # noqa: PLC0415 - only a build that must generate

    generate_c(destination)


class Build:
    """One run of the build over a layout."""

    def __init__(
        self,
        layout: Layout,
        *,
        generate: Callable[[Path], None] = generate_interface,
        interface: Path = ROOT / "kernel" / "interface",
    ) -> None:
        self.layout = layout
        self.made: list[str] = []  # outputs made by this run, from the top of the tree
        self._failures: list[str] = []  # what the compiler said of each file that fails
        self._generate = generate
        self._interface = interface
        self._keys: dict[str, str] = {}  # output -> hash of what it was made from
        self._compiler = ""
        self._headers = ""

    def run(self) -> list[str]:
        """Make what is not up to date; the outputs made.  BuildError names every file that fails."""
        self.layout.objects.mkdir(parents=True, exist_ok=True)
        with _locked(self.layout.objects / "lock"):
            self._keys = _read_notes(self._notes)
            try:
                self._compiler = compiler_version()
                self._make_all()
            except CompilerMissing as missing:
                raise BuildError(f"the userland cannot be built: {missing}") from None
            finally:
                _write(self._notes, json.dumps(self._keys, indent=0, sort_keys=True).encode())
        return self.made

    @property
    def _notes(self) -> Path:
        return self.layout.objects / "notes.json"

    def _make_all(self) -> None:
        layout = self.layout
        self._make_generated()
        self._make_headers(layout.include, [layout.generated / "include", layout.userland / "include"])
        libraries = [layout.userland / name / "include" for name in LIBRARIES]
        self._make_headers(layout.standalone_include, libraries)
        self._headers = _tree_hash(
            [layout.include, layout.standalone_include, *self._private_folders()], ".h"
        )
        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            objects = self._make_each(pool, self._make_object, self._sources())
            if any(name.parts[0] in LIBRARIES for name in self._sources().keys() - objects.keys()):
                raise BuildError("\n\n".join(self._failures))
            start = self._make_start(objects)
            inputs = [start, *(self._make_library(name, objects) for name in LIBRARIES)]
            programs = {name: path for name, path in objects.items() if name.parts[0] in PROGRAMS}
            self._make_each(pool, lambda name, path: self._make_program(name, path, inputs), programs)
        if self._failures:
            raise BuildError("\n\n".join(self._failures))
        self._sweep(objects, programs)

    def _make_each(
        self, pool: ThreadPoolExecutor, make: Callable[[Path, Path], Path], sources: Mapping[Path, Path]
    ) -> dict[Path, Path]:
        """What ``make(name, source)`` made, by name; failures are noted, so that one run names them all."""
        pending = {name: pool.submit(make, name, source) for name, source in sources.items()}
        made = {}
        for name, future in pending.items():
            try:
                made[name] = future.result()
            except BuildError as failure:
                self._failures.append(str(failure))
        return made

    # ------------------------------------------------------------ headers

    def _make_generated(self) -> None:
        """Generate headers and stubs anew if the interface declarations changed."""
        key = _tree_hash([self._interface], ".py", ".toml", ".h", ".c")
        if self._fresh(self.layout.generated, key):
            return
        shutil.rmtree(self.layout.generated, ignore_errors=True)
        self._generate(self.layout.generated)
        self._made(self.layout.generated, key)

    def _make_headers(self, destination: Path, sources: list[Path]) -> None:
        """Copy the headers of ``sources`` into one folder; a header may come from one of them only."""
        headers: dict[Path, Path] = {}
        for source in sources:
            for path in _files(source, ".h"):
                name = path.relative_to(source)
                if name in headers:
                    raise BuildError(f"the header <{name}> is there twice: {headers[name]} and {path}")
                headers[name] = path
        key = _hash(str(name) + "=" + _file_hash(path) for name, path in sorted(headers.items()))
        if self._fresh(destination, key):
            return
        shutil.rmtree(destination, ignore_errors=True)
        destination.mkdir(parents=True)
        for name, path in headers.items():
            _write(destination / name, path.read_bytes())
        self._made(destination, key)

    def _private_folders(self) -> list[Path]:
        """Folders whose sources include headers of their own."""
        return [self.layout.userland / name for name in (*LIBRARIES, *PROGRAMS)]

    # ------------------------------------------------------------ objects

    def _sources(self) -> dict[Path, Path]:
        """Every source, by its name: library or program folder, then the path in it."""
        sources: dict[Path, Path] = {}
        for folder in (*LIBRARIES, *PROGRAMS):
            for base in (self.layout.userland / folder, self.layout.generated / folder):
                for path in _files(base, ".c", ".S"):
                    name = Path(folder) / path.relative_to(base)
                    if name in sources:
                        raise BuildError(f"{name} is there twice: {sources[name]} and {path}")
                    sources[name] = path
        return sources

    def _make_object(self, name: Path, source: Path) -> Path:
        output = self.layout.objects / name.parent / (name.name + ".o")
        options = [*TARGET, *COMPILE, *_WARNINGS, "-isystem", self._name(self.layout.include)]
        options += ["-I", self._name(self.layout.standalone_include)]
        key = _hash([self._compiler, *options, self._headers, _file_hash(source)])
        if not self._fresh(output, key):
            shown = self._name(source)
            self._zig("cc", [*options, "-c", shown, "-o"], output, f"{shown}: does not compile")
            self._made(output, key)
        return output

    # ------------------------------------------------------------ libraries and programs

    def _make_library(self, name: str, objects: dict[Path, Path]) -> Path:
        members = [
            path for source, path in objects.items() if source.parts[0] == name and source.name != "crt0.S"
        ]
        output = self.layout.lib / f"{name}.a"
        key = self._key_of(members)
        if not self._fresh(output, key):
            self._zig("ar", ["rcsD"], output, f"{name}: cannot be archived", members)
            self._made(output, key)
        return output

    def _make_start(self, objects: dict[Path, Path]) -> Path:
        """The start-up code is an object of its own: nothing refers to it, so no library would give it."""
        source = objects[Path("libmach/crt0.S")]
        output = self.layout.lib / "crt0.o"
        key = self._key_of([source])
        if not self._fresh(output, key):
            _write(output, source.read_bytes())
            self._made(output, key)
        return output

    def _make_program(self, name: Path, program: Path, inputs: list[Path]) -> Path:
        output = self.layout.built / name.with_suffix("")
        key = self._key_of([program, *inputs])
        if not self._fresh(output, key):
            failure = f"{self._name(self.layout.userland / name)}: does not link"
            self._zig("cc", [*TARGET, *LINK, "-s", "-o"], output, failure, [program, *inputs])
            self._made(output, key)
        return output

    def _sweep(self, objects: dict[Path, Path], programs: Iterable[Path]) -> None:
        """Remove what sources that are gone had left behind."""
        layout = self.layout
        wanted = {*objects.values(), layout.generated, layout.include, layout.standalone_include}
        wanted |= {layout.lib / "crt0.o", *(layout.lib / f"{name}.a" for name in LIBRARIES)}
        wanted |= {layout.built / name.with_suffix("") for name in programs}
        for gone in self._keys.keys() - {self._name(path) for path in wanted}:
            (layout.top / gone).unlink(missing_ok=True)
            del self._keys[gone]

    # ------------------------------------------------------------ what is up to date

    def _name(self, path: Path) -> str:
        """A path as messages and notes have it: from the top of the tree."""
        return str(path.relative_to(self.layout.top))

    def _fresh(self, output: Path, key: str) -> bool:
        return self._keys.get(self._name(output)) == key and output.exists()

    def _made(self, output: Path, key: str) -> None:
        self._keys[self._name(output)] = key
        self.made.append(self._name(output))

    def _key_of(self, inputs: Sequence[Path]) -> str:
        return _hash(
            [self._compiler, *LINK, *(self._name(path) + self._keys[self._name(path)] for path in inputs)]
        )

    def _zig(
        self, tool: str, arguments: list[str], output: Path, failure: str, inputs: Sequence[Path] = ()
    ) -> None:
        """Run the compiler into ``output``, which appears only when it succeeded."""
        output.parent.mkdir(parents=True, exist_ok=True)
        partial = output.with_name(f".{output.name}")
        partial.unlink(missing_ok=True)
        files = [self._name(path) for path in (partial, *inputs)]
        result = run_zig(tool, [*arguments, *files], folder=self.layout.top)
        if result.returncode != 0:
            raise BuildError(f"{failure}\n{result.stdout.rstrip()}")
        partial.replace(output)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the build's lock: one process builds, the others wait and then find everything made."""
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _read_notes(path: Path) -> dict[str, str]:
    try:
        return {str(name): str(key) for name, key in json.loads(path.read_text()).items()}
    except (FileNotFoundError, ValueError):  # ValueError: a build was killed while it wrote
        return {}


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}")
    partial.write_bytes(data)
    partial.replace(path)


def _files(folder: Path, *endings: str) -> list[Path]:
    """Files below a folder, which need not exist, in the same order everywhere."""
    return sorted(path for path in folder.rglob("*") if path.suffix in endings and path.is_file())


def _hash(parts: Iterable[str]) -> str:
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=16).hexdigest()


def _file_hash(path: Path) -> str:
    return hashlib.blake2b(path.read_bytes(), digest_size=16).hexdigest()


def _tree_hash(folders: Iterable[Path], *endings: str) -> str:
    """Of the files below the folders with these endings: what sources are compiled or generated with."""
    return _hash(
        f"{path.relative_to(folder)}={_file_hash(path)}"
        for folder in folders
        for path in _files(folder, *endings)
    )


def main() -> int:
    """``python -m images.build``: bring the tree's build up to date, and say what was made."""
    try:
        for name in Build(TREE).run():
            print(name)
    except BuildError as failure:
        print(failure, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
