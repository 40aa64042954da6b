"""How a trip without a reply ended: everything that its classification may look at."""

from __future__ import annotations

from typing import Literal

import msgspec

from pytest_portaswitch.text import clean_line

Stage = Literal["connecting", "shell", "password", "none", "refused", "ready"]
"""The last thing heard from the host. ``connecting``: nothing yet. ``shell``: our command runs.
``password``: that, and sudo was sent its password. ``none``: there is nothing to run the program.
``refused``: sudo does not run it. ``ready``: the program takes its request."""

KeyTrouble = Literal["", "missing", "unreadable", "open", "encrypted"]
"""What is amiss with the key file that the cluster file names, as we see it ourselves."""


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """What was seen of a trip that brought no reply."""

    status: int | None
    """Exit status of the local command; negative: a signal's number; None: it was cut."""
    stage: Stage
    stderr: str = ""
    """What ssh, the host's banner and whatever runs on the host said, all mixed."""
    stdout: str = ""
    """The end of what was said before our command spoke: messages of a login shell."""
    log: str = ""
    """The log of ssh, which nobody else writes to."""
    hop_logs: tuple[str, ...] = ()
    """Those of the jump hosts' own ssh, first the one that is logged in to first."""
    staged: bool = True
    """Whether the logs tell how far ssh came, and not only what failed."""
    client: str = "ssh"
    """The local command: ``ssh``, ``docker``, ``/bin/sh``."""
    jump: str = ""
    target: str = ""
    """The host as known_hosts names it, by what the cluster file says."""
    known_hosts: str = ""
    """The file, where the cluster file names one."""
    key: KeyTrouble = ""
    sudo: bool = False
    asked: int = 0
    """How often sudo asked for a password."""
    seconds: float = 0.0
    """How long it took."""

    @property
    def hops(self) -> tuple[str, ...]:
        """The jump hosts, first the one that is logged in to first."""
        return tuple(self.jump.split(",")) if self.jump else ()

    @property
    def lines(self) -> tuple[str, ...]:
        """What was said on standard error, clean."""
        return tuple(filter(None, map(clean_line, self.stderr.splitlines())))

    @property
    def last_words(self) -> str:
        """The last two lines that anybody said, as one, or empty.

        Before our command runs, standard output comes first: no banner stands there.
        """
        output = tuple(filter(None, map(clean_line, self.stdout.splitlines())))
        said = (output or self.lines) if self.stage == "connecting" else (self.lines or output)
        return clean_line(" / ".join(said[-2:]))
