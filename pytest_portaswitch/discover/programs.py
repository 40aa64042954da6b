"""The own names of programs, as far as they can stand in a pin."""

from __future__ import annotations

import re

from pytest_portaswitch.facts import Process
from pytest_portaswitch.source.bounded_regex import found
from pytest_portaswitch.tables.pattern import of_program

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]{0,62}")
_RUNS_OTHERS = re.compile(
    r"(platform-)?(python|pypy|perl|ruby|php|node|java)[\d.]*(-.*)?|(ba|da|k|z|tc|c)?sh|busybox"
    r"|systemd|init|x?inetd|docker-proxy|rootlessport|conmon|tini|dumb-init"
)
"""Programs of which the name says nothing of what they serve."""


def program_of(process: Process) -> str:
    """The own name of what a process runs, as ``program`` of a pin has it.

    Empty where such a pin would not find it, or would find whatever the same interpreter runs.
    """
    for word in (process.command or process.name).split():
        name = re.sub(r"\.(py|pyc|pl)$", "", word.rpartition("/")[2].rstrip(":"))
        if not _NAME.fullmatch(name) or _RUNS_OTHERS.fullmatch(name):
            continue
        pinned = of_program(escaped(name))
        if found(pinned, process.command) or found(pinned, process.name):
            return name
    return ""


def escaped(name: str) -> str:
    """A name as a regular expression, with no more escapes than it needs."""
    return re.sub(r"([.+])", r"\\\1", name)
