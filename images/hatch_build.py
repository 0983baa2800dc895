"""The hook by which hatch builds the userland before it packs a wheel (or makes an editable install)."""

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # hatch runs this file from anywhere

from images.build import TREE, Build, BuildError


class UserlandBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    """Makes ``images/built``; pyproject.toml declares which of it goes into the wheel."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        try:
            Build(TREE).run()
        except BuildError as failure:
            self.app.abort(f"machsh's userland cannot be built:\n{failure}")
