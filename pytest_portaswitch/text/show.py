"""The ways out for text from outside, one for each kind of output.

Whatever was cleaned where it came in is cleaned again here, by the same set of characters: files
such as evidence and cluster files may have been written by anyone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TextIO

import markupsafe
import msgspec

from pytest_portaswitch.text.characters import all_shown, is_shown, only_shown, with_replaced
from pytest_portaswitch.text.clean import clean

# What CI systems take for commands: GitHub's runner, Azure and TeamCity look for ##name[ anywhere
# in a line, GitLab for section_start:, Travis for travis_fold:. At its start, blanks skipped,
# GitHub looks for ::name::, which no address is, and Buildkite for groups.
_COMMAND = re.compile(
    r"#(?=#\w*\[)|\b(?:section|travis)(?=_\w+:)"
    r"|^[ \t]*(?::(?=:[A-Za-z])(?!:[0-9A-Fa-f:.]+(?:[^\w:.-]|$))|([-+~^])(?=\1\1 ))",
    re.ASCII | re.MULTILINE,
)
_LONGEST_LINE = 10_000
"""Commands to paste, which must be whole, are shorter."""
_MARKDOWN = re.compile(r"[\\`*\[\]{}~^|#]|(?<![^\W_])_|_(?![^\W_])")


def visible(words: str, most: int = 0, keep: str = "") -> str:
    """The words with escapes such as ``\\x1b`` in the place of what may not be shown.

    ``most``: characters of the words that are shown, 0 for all. ``keep``: left as it is.
    """
    return with_replaced(words[:most] if most else words, lambda c: ascii(c)[1:-1], keep)


def line(words: str) -> str:
    """One line of a terminal or a log, which no CI system takes for a command; cut if very long."""
    more = len(words) - _LONGEST_LINE
    end = f" [... {more:,} characters more]" if more > 0 else ""
    return _COMMAND.sub(r"\g<0> ", visible(words, _LONGEST_LINE)) + end


def lines(several: Iterable[str]) -> str:
    """Several lines, each as ``line`` makes it; none of them can become two."""
    return "\n".join(map(line, several))


def write(stream: TextIO, *several: str) -> None:
    """Write lines to a stream, as ``line`` makes them, in characters that its encoding has."""
    encoding = stream.encoding or "utf-8"
    text = "".join(f"{line(one)}\n" for one in several)
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding))


def markup(words: str, most: int = 0) -> markupsafe.Markup:
    """Text, or the value of an attribute, in HTML, XML or SVG, with escapes such as
    ``\\u{202e}``. Tabs and line ends stay."""
    cut = words[:most] if most else words
    escaped = markupsafe.escape(with_replaced(cut, lambda c: f"\\u{{{ord(c):x}}}", "\t\n"))
    marked = _COMMAND.sub(lambda m: f"{m[0][:-1]}&#{ord(m[0][-1])};", escaped)
    return markupsafe.Markup(marked)  # noqa: S704 - escaped two lines above


def markdown(words: str) -> str:
    """One line of text in Markdown with HTML, as OSCAL's is; a dash where there is none."""
    return str(
        markupsafe.escape(_MARKDOWN.sub(r"\\\g<0>", clean(words, len(words)).strip() or "-"))
    )


def json(content: bytes) -> bytes:
    """JSON whose strings say the same, in which all is shown and no CI system finds a command."""
    text = _COMMAND.sub(lambda m: f"{m[0][:-1]}\\u{ord(m[0][-1]):04x}", content.decode())
    flat = text.replace("\n", " ")
    if only_shown(flat) != flat:
        text = re.sub(r"[^\x00-\x7e]", _json_character, text)
    return text.encode()


def write_json(stream: TextIO, value: object) -> None:
    """Write a value as JSON, as ``json`` makes it."""
    encoded = msgspec.json.format(msgspec.json.encode(value), indent=2)
    stream.write(f"{json(encoded).decode()}\n")


def _json_character(found: re.Match[str]) -> str:
    if is_shown(found[0]):
        return found[0]
    units = found[0].encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


def quoted(words: str, most: int = 80) -> str:
    """The words in quotes, cut where they are long, with escapes for what may not be shown."""
    return visible(repr(words if len(words) <= most else f"{words[: most - 3]}..."))


def is_one_line(words: str) -> bool:
    """Whether all of the words may be shown as they are."""
    return all_shown(words)
