"""How a trip without a reply ended: everything that its classification may look at."""

from __future__ import annotations

import re
from typing import Literal

import msgspec

Stage = Literal["connecting", "shell", "password", "none", "refused", "ready"]
"""The last thing heard from the host. ``connecting``: nothing yet. ``shell``: our command runs.
``password``: that, and sudo was sent its password. ``none``: there is nothing to run the program.
``refused``: sudo does not run it. ``ready``: the program takes its request."""

_ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.)?")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]+")
# What ssh says at -v and LogLevel=VERBOSE in the ordinary course of things.
_ORDINARY = re.compile(
    r"debug\d: |OpenSSH_\d|Authenticated (to|using) |Transferred: |Bytes per second: "
    r"|Warning: Permanently added |Killed by signal |Connection (to|closed by) UNKNOWN "
    r"|\*\* |@{5}"
)
_WORDS = 300


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """What was seen of a trip that brought no reply."""

    status: int | None
    """Exit status of the local command; negative: a signal's number; None: it was cut."""
    stage: Stage
    stderr: str
    stdout: str = ""
    """The end of what was said before our command spoke: messages of a login shell."""
    client: str = "ssh"
    """The local command: ``ssh``, ``docker``, ``/bin/sh``."""
    jump: str = ""
    sudo: bool = False
    seconds: float = 0.0
    """How long it took."""

    @property
    def hops(self) -> tuple[str, ...]:
        """The jump hosts, first the one that is logged in to first."""
        return tuple(self.jump.split(",")) if self.jump else ()

    @property
    def logins(self) -> int:
        """How many hosts, jump hosts included, said that we are logged in."""
        return len(re.findall(r"^Authenticated to ", self.stderr, re.MULTILINE))

    @property
    def lines(self) -> tuple[str, ...]:
        """What was said on standard error, clean, without ssh's ordinary remarks."""
        return tuple(line for raw in self.stderr.splitlines() if (line := _line(raw)))

    @property
    def last_words(self) -> str:
        """The last line that anybody said, or empty."""
        said = self.lines or tuple(filter(None, map(clean, self.stdout.splitlines())))
        return said[-1] if said else ""


def clean(text: str) -> str:
    """Return ``text`` as one line without control characters or escapes, cut to a bound."""
    line = " ".join(_CONTROL.sub(" ", _ESCAPE.sub("", text)).split())
    return line if len(line) <= _WORDS else line[: _WORDS - 1] + "…"


def _line(raw: str) -> str:
    line = clean(raw)
    return "" if _ORDINARY.match(line) else line
