"""The sums of input files, by which evidence says what an audit was made of."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path


def sums_of(files: Mapping[str, Path]) -> dict[str, str]:
    """The SHA-256 of each, or why it could not be read.

    For the moment at which they are read: whoever edits one while the audit runs changes nothing.
    """
    return {name: _sha256(path) for name, path in files.items()}


def _sha256(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        return f"unreadable: {error.strerror}"
