"""docs/claims.md tells the truth: every command in it prints what it says."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
CLAIMS = (ROOT / "docs" / "claims.md").read_text()

BLOCK = re.compile(r"^    machsh (?P<command>[^\n]+)\n\n```\n(?P<output>.*?)```$", re.MULTILINE | re.DOTALL)


def test_every_claim_has_a_sentence_a_command_and_its_output() -> None:
    sections = CLAIMS.split("\n## ")[1:]
    assert sections
    for section in sections:
        assert "\n> " in section and BLOCK.search(section), section.splitlines()[0]


COMMANDS = [match.groupdict() for match in BLOCK.finditer(CLAIMS)]


@pytest.mark.parametrize("claim", COMMANDS, ids=lambda claim: claim["command"])
def test_a_claim_is_what_its_command_prints(claim: dict[str, str], built: Path) -> None:
    command = [sys.executable, "-m", "machsh", *shlex.split(claim["command"])]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.stdout == claim["output"]
    assert done.returncode == 0
