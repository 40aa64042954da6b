"""Making answers. Everything in one came from a host and is hostile: it is cleaned and bounded."""

from __future__ import annotations

from collections.abc import Mapping

from pytest_portaswitch.facts import clean
from pytest_portaswitch.facts.answer import GOOD, Answer, Finding
from pytest_portaswitch.text.clean import CUT

WORDS = 200
DETAIL = 120
DETAILS = 16
_READ = 1024


def answer(finding: Finding, words: str, details: Mapping[str, str] | None = None) -> Answer:
    """It replied as itself."""
    return _made(True, finding, words, details or {})


def silence(finding: Finding, words: str, details: Mapping[str, str] | None = None) -> Answer:
    """It did not reply as itself."""
    return _made(False, finding, words, details or {})


def no_answer(received: tuple[bytes, ...]) -> Answer | None:
    """The answer where nothing came at all, otherwise None."""
    if any(received):
        return None
    return silence("no-answer", "it took the question and said nothing")


def stranger(protocol: str, reply: bytes) -> Answer:
    """The answer where something else came than ``protocol``."""
    return silence("not-this-protocol", f"not {protocol}: it said {excerpt(reply)}")


def excerpt(data: bytes, most: int = 40) -> str:
    """The beginning of some bytes, as a line for people."""
    return repr(data[:most])[1:] + ("..." if len(data) > most else "")


def text(data: bytes) -> str:
    """Bytes as one clean line, with a sign where it is cut."""
    words = " ".join(data[:_READ].decode("utf-8", "replace").split())
    return clean.text(words if len(data) <= _READ else f"{words}{CUT}", DETAIL)


def _made(answered: bool, finding: Finding, words: str, details: Mapping[str, str]) -> Answer:
    kept = [(name, value) for name, value in details.items() if value][:DETAILS]
    return Answer(
        answered=answered,
        finding=finding,
        words=clean.text(words, WORDS),
        details={name: clean.text(value, DETAIL) for name, value in kept},
    )


__all__ = [
    "DETAIL",
    "DETAILS",
    "GOOD",
    "WORDS",
    "Answer",
    "Finding",
    "answer",
    "excerpt",
    "no_answer",
    "silence",
    "stranger",
    "text",
]
