"""Commands to paste into a shell, of our own words and of what the cluster file says.

What hosts, peers or ssh said never becomes a part of one.
"""

from __future__ import annotations

import re
import shlex

from pytest_portaswitch.text.characters import all_shown, is_shown

_MARKS = re.compile(r"#(?=#)|(?:section|travis)(?=_)")


def quote(word: str) -> str:
    """A word that a shell takes for itself, on one line.

    In it no CI system finds a command: these are parted by quotes, which mean nothing to a shell.
    """
    if all_shown(word):
        return _MARKS.sub(r"\g<0>''", shlex.quote(word))
    return f"$'{''.join(map(_escaped, word))}'"


def _escaped(character: str) -> str:
    if is_shown(character) and character not in "\\'":
        return character
    return "".join(f"\\x{byte:02x}" for byte in character.encode("utf-8", "surrogatepass"))


def shell(*words: str | int) -> str:
    """A command line of these words, each quoted where it has to be."""
    return " ".join(quote(str(word)) for word in words)


def on(host: str, command: str, *options: str) -> str:
    """The command line that runs a command line on a host; ``options`` are ssh's.

    Quoted as a whole: the shell over there reads it once more.
    """
    return shell("ssh", *options, host, command)
