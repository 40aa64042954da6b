"""Text from outside, made harmless where it comes in."""

from __future__ import annotations

import re
from typing import NewType

from pytest_portaswitch.text.characters import with_replaced

Text = NewType("Text", str)
"""Text from outside that ``clean`` made: one line of characters that may be shown, bounded."""

NO_TEXT = Text("")
LONGEST = 600
"""Characters of a text, where nothing else is said."""
_SAID = 300
"""Characters of a line that a program said, of which no more than ``_READ`` are looked at."""
_READ = 10_000

# Escape sequences as terminals read them (ECMA-48): CSI, OSC and other strings, two characters.
_SEQUENCE = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\x07\x1b]{0,4096}(?:\x07|\x1b\\)?|[ -/]*[0-~])?"
)
# JSON writes what it escapes as \", \\, \/, \b, \f, \n, \r, \t or \uXXXX, two of them a pair.
_ESCAPED = re.compile(
    r"\\(?:u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|([bfnrt])"
    r"|(.))|([^\x00-\x7e]+)",
    re.DOTALL,
)
REPLACEMENT = "\ufffd"
"""What stands in the place of a character that may not be shown."""


def clean(words: str, most: int = LONGEST) -> Text:
    """Return the words as one line, at most ``most`` characters of them.

    In the place of a character that may not be shown, line ends among them, and of combining marks
    beyond the fourth in a row stands ``REPLACEMENT``: two different texts of a host, such as paths,
    must not become one that we know.
    """
    return Text(with_replaced(words[:most], lambda _: REPLACEMENT))


def without_sequences(words: str) -> str:
    """Return the words without the escape sequences by which programs colour them."""
    return _SEQUENCE.sub("", words)


def clean_line(words: str) -> Text:
    """Return what a program said as one short line: without escape sequences, with single blanks,
    cut to a bound with a sign of it."""
    shown = clean(without_sequences(words[:_READ]), _READ).replace(REPLACEMENT, " ")
    line = " ".join(shown.split())
    return Text(line if len(line) <= _SAID else f"{line[: _SAID - 1]}…")


def clean_json(content: bytes) -> bytes:
    """Return JSON in which each string, names included, holds only what may be shown.

    Lengths are as before. Raises ``UnicodeDecodeError``.
    """
    return _ESCAPED.sub(_json_part, content.decode()).encode()


def _json_part(found: re.Match[str]) -> str:
    high, low, unit, letter, other, plain = found.groups()
    if plain is not None:
        return clean(plain, len(plain))
    if letter:
        return REPLACEMENT
    if other is not None:
        return found[0]
    character = bytes.fromhex(unit or high + low).decode("utf-16-be", "surrogatepass")
    if character in '"\\':
        return f"\\{character}"
    return clean(character)
