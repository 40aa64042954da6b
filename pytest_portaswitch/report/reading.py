"""Reading evidence that somebody else may have written."""

from __future__ import annotations

from pathlib import Path

import msgspec

from pytest_portaswitch.report.evidence import FORMAT, VERSION, Evidence
from pytest_portaswitch.source.problem import BadInput, Problem


class _Header(msgspec.Struct, frozen=True):
    format: str
    version: int


def read_evidence(path: Path) -> Evidence:
    """Read a file of evidence. Raises ``BadInput``, with the place of what is wrong in it."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise _refusal(path, f"cannot be read: {error.strerror}") from None
    return decode(content, path)


def decode(content: bytes, path: Path) -> Evidence:
    """Evidence from the bytes of a file. Raises ``BadInput``."""
    try:
        header = msgspec.json.decode(content, type=_Header)
        if header.format != FORMAT:
            raise _refusal(path, f"is {header.format!r}, not {FORMAT!r}")
        if header.version != VERSION:
            raise _refusal(
                path,
                f"has version {header.version} of the format; this program reads {VERSION}",
                "use the version of pytest-portaswitch that made it",
            )
        return msgspec.json.decode(content, type=Evidence)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _refusal(path, f"is not evidence: {error}") from None


def _refusal(path: Path, rule: str, fix: str = "") -> BadInput:
    return BadInput([Problem(str(path), 0, "", "", rule, fix)])
