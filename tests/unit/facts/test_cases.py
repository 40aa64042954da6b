"""What the shell fallback brought back from several systems: a new case is a new pair of files."""

from __future__ import annotations

import json
import os
from pathlib import Path

import msgspec
import pytest

from pytest_portaswitch.facts.model import HostFacts
from pytest_portaswitch.facts.parse import parse_reply
from pytest_portaswitch.tables.pattern import of_program

PATTERNS = (of_program("edgeproxy"), of_program("billing[-_]?engine"), r"Daemon$", "sshd")
CASES = sorted((Path(__file__).parent / "cases" / "shell").glob("*.txt"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_shell(case: Path) -> None:
    """Everything that a recorded reply says becomes the facts beside it."""
    seen = parse_reply(
        "h",
        case.read_bytes(),
        method="shell",
        sent=1795388527.5,
        received=1795388532.0,
        took=5.0,
        patterns=PATTERNS,
        sought=3,
    )
    assert isinstance(seen, HostFacts)
    shown = json.loads(msgspec.json.encode(seen))
    if os.environ.get("RECORD"):
        case.with_suffix(".json").write_text(json.dumps(shown, indent=1) + "\n")
    assert shown == json.loads(case.with_suffix(".json").read_text())
