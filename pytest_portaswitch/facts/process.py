"""The processes of a host, as far as checks need them."""

from __future__ import annotations

import msgspec

from pytest_portaswitch.text import NO_TEXT, Text


class Process(msgspec.Struct, frozen=True, kw_only=True):
    """A process that a pattern of the plan matches, that holds a socket, or between two such."""

    pid: int
    parent: int
    name: Text
    command: Text
    """What of the command line cannot hold a secret, ``...`` for the rest; empty where nothing of
    it was asked for, and for zombies."""
    user: Text
    started: float
    """Seconds since the epoch, by the host's clock."""
    unit: Text = NO_TEXT
    """The systemd unit (the last part of the cgroup path), or empty."""
    state: Text = NO_TEXT
    """The state letter of /proc/PID/stat: R, S, D, T (stopped), Z (zombie) ..."""
    container: bool = False
    """Whether it lives in another PID namespace than the host's own processes."""
    matches: tuple[int, ...] = ()
    """Which of ``HostFacts.patterns`` are found in its name or whole command line, by place."""
    undecided: tuple[int, ...] = ()
    """Of which of them that could not be decided: it took too long, or the line was too long."""


class OtherProcesses(msgspec.Struct, frozen=True, kw_only=True):
    """Processes of one name, user and unit of which no check speaks."""

    name: Text
    user: Text
    unit: Text = NO_TEXT
    count: int = 1
