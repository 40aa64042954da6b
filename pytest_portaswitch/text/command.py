"""Commands to paste into a shell, of our own words and of what the cluster file says.

What hosts, peers or ssh said never becomes a part of one. A judge says what to run on which host;
``cluster.by_hand`` makes of it the line that goes there as the audit went.
"""

from __future__ import annotations

import re
import shlex

import msgspec

_MARKS = re.compile(r"#(?=#)|(?:section|travis)(?=_)")

_READ_IN_QUOTES = frozenset('"$`\\!')
"""What a shell reads otherwise between double quotes."""


class Remote(msgspec.Struct, frozen=True):
    """A command line to run on a host of the cluster file."""

    host: str
    line: str
    """Shell text, as the shell over there reads it."""
    sudo: bool = False
    """Whether it needs root."""
    asks: bool = False
    """Whether it asks for a password, for which it needs a terminal."""
    words: bool = False
    """Whether it is a program and its arguments: read twice they need no quotes if plain."""


Command = tuple[Remote | str, ...]
"""What to paste: what runs on hosts, with the shell text around it here. Empty: nothing."""


def quote(word: str) -> str:
    """A word that a shell takes for itself.

    In it no CI system finds a command: these are parted by quotes, which mean nothing to a shell.
    """
    if "'" in word and not _READ_IN_QUOTES.intersection(word):
        return _MARKS.sub(r'\g<0>""', f'"{word}"')
    return _MARKS.sub(r"\g<0>''", shlex.quote(word))


def quote_path(path: str) -> str:
    """The path of a file as one word, in which the shell still reads ``~/`` as the home."""
    return f"~/{quote(path[2:])}" if path[2:] and path.startswith("~/") else quote(path)


def shell(*words: str | float) -> str:
    """A command line of these words, each quoted where it has to be."""
    return " ".join(quote(str(word)) for word in words)


def end_of_options(word: str) -> tuple[str, ...]:
    """What stands before a word that a program would take for an option."""
    return ("--",) if word.startswith("-") else ()


def on(host: str, line: str, *, sudo: bool = False, asks: bool = False) -> Command:
    """Run a command line on a host; see ``Remote``."""
    return (Remote(host, line, sudo, asks),)


def run(host: str, *words: str | float, sudo: bool = False) -> Command:
    """Run these words on a host."""
    return (Remote(host, shell(*words), sudo, words=True),)
