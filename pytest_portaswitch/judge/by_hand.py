"""Commands that reproduce by hand what was seen."""

from __future__ import annotations

from shlex import quote


def on(host: str, command: str) -> str:
    """The command line that runs a command on a host.

    Quoted as a whole: the shell over there reads it once more, and would take ``>`` and brackets
    for its own.
    """
    return f"ssh {quote(host)} {quote(command)}"
