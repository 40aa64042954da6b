"""Commands to paste into a shell, of our own words and of what the cluster file says.

What hosts, peers or ssh said never becomes a part of one.
"""

from __future__ import annotations

import re
import shlex

_MARKS = re.compile(r"#(?=#)|(?:section|travis)(?=_)")

_READ_IN_QUOTES = frozenset('"$`\\!')
"""What a shell reads otherwise between double quotes."""


def quote(word: str) -> str:
    """A word that a shell takes for itself.

    In it no CI system finds a command: these are parted by quotes, which mean nothing to a shell.
    """
    if "'" in word and not _READ_IN_QUOTES.intersection(word):
        return _MARKS.sub(r'\g<0>""', f'"{word}"')
    return _MARKS.sub(r"\g<0>''", shlex.quote(word))


def shell(*words: str | int) -> str:
    """A command line of these words, each quoted where it has to be."""
    return " ".join(quote(str(word)) for word in words)


def on(host: str, command: str = "", *options: str) -> str:
    """The command line that runs a command line on a host; ``options`` are ssh's.

    Quoted as a whole: the shell over there reads it once more.
    """
    remote = (command,) if command else ()
    return shell("ssh", *options, *end_of_options(host), host, *remote)


def end_of_options(word: str) -> tuple[str, ...]:
    """What stands before a word that a program would take for an option."""
    return ("--",) if word.startswith("-") else ()


def run(host: str, *words: str | int) -> str:
    """The command line that runs these words on a host, with no quotes where none are needed."""
    command = shell(*words)
    plain = command == " ".join(map(str, words))
    return f"{on(host)} {command}" if plain else on(host, command)
