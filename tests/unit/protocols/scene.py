"""Case files: replies as they were recorded, and the answer that follows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from pytest_portaswitch.cluster.secret import Secret
from pytest_portaswitch.protocols.ask import Ask

FILES = sorted((Path(__file__).parent / "cases").glob("*.yaml"))
NONCE = b"recorded-in-the-lab"


def load(file: Path) -> dict[str, Any]:
    """A case file."""
    document: dict[str, Any] = yaml.safe_load(file.read_text())
    return document


def ask(case: dict[str, Any]) -> Ask:
    """What was asked in a case."""
    words = dict(case["ask"])
    secret = words.pop("secret", "")
    return Ask(nonce=NONCE, secret=Secret(secret) if secret else None, **words)


def received(case: dict[str, Any]) -> tuple[bytes, ...]:
    """What came back: hexadecimal, or text where it is text."""
    return tuple(
        bytes.fromhex(one["hex"]) if "hex" in one else one["text"].encode("latin-1")
        for one in case["received"]
    )
