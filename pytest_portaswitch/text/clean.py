"""Text from outside, made harmless where it comes in."""

from __future__ import annotations

import re
from typing import NewType

from pytest_portaswitch.text.characters import REPLACEMENT, only_shown

Text = NewType("Text", str)
"""Text from outside that ``clean`` made: one line of characters that may be shown, bounded."""

NO_TEXT = Text("")
CUT = "…"
"""The end of a text that is cut: of what may not be seen, a beginning may stand before it."""
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
_UNIT = re.compile(r"\\u([0-9a-fA-F]{4})")
_ESCAPED = {'"': r"\"", "\\": "\0"}
_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")


def clean(words: str, most: int = LONGEST) -> Text:
    """Return the words as one line of at most ``most`` characters; ``CUT`` ends one that is cut.

    In the place of a character that may not be shown, line ends among them, and of combining marks
    beyond the fourth in a row stands ``REPLACEMENT``: two different texts of a host, such as paths,
    must not become one that we know.
    """
    return Text(only_shown(words if len(words) <= most else words[: most - 1] + CUT))


def without_sequences(words: str) -> str:
    """Return the words without the escape sequences by which programs colour them."""
    return _SEQUENCE.sub("", words)


def clean_line(words: str) -> Text:
    """Return what a program said as one short line: without escape sequences, with single blanks,
    cut to a bound with a sign of it."""
    read = words if len(words) <= _READ else words[:_READ] + CUT
    shown = clean(without_sequences(read), _READ + 1).replace(REPLACEMENT, " ")
    return clean(" ".join(shown.split()), _SAID)


def clean_json(content: bytes) -> bytes:
    """Return JSON in which each string, names included, holds only what may be shown.

    Lengths are as before. Raises ``UnicodeDecodeError``.
    """
    text = content.decode()
    if "\\" in text:
        text = _without_escapes(text)
    for blank in "\t\n\r":
        text = text.replace(blank, " ")  # between strings: within them there are only escapes
    return only_shown(text).encode()


def _without_escapes(text: str) -> str:
    """JSON with the very characters for escapes, but for quotes and backslashes."""
    # No JSON holds a NUL: here it stands for an escaped backslash, which begins no escape.
    text = text.replace("\0", REPLACEMENT).replace(r"\\", "\0")
    for letter in "bfnrt":
        text = text.replace(f"\\{letter}", REPLACEMENT)
    units = _Units()
    text = _UNIT.sub(lambda found: units[found[1]], text)
    if _PAIR.search(text):
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
    return text.replace("\0", r"\\")


class _Units(dict[str, str]):
    """What an escape such as ``\\u00e9`` stands for, by its digits."""

    def __missing__(self, digits: str) -> str:
        character = chr(int(digits, 16))
        is_control = character < " "
        self[digits] = found = REPLACEMENT if is_control else _ESCAPED.get(character, character)
        return found
