"""The shape of a difference, as it stands in evidence."""

from __future__ import annotations

from typing import Literal

import msgspec

from pytest_portaswitch.difference.standing import Standing, Word

Aspect = Literal[
    "release",
    "tables",
    "system",
    "kernel",
    "process",
    "listening address",
    "address",
    "certificate",
    "undeclared listener",
    "warning",
]
"""What of a cluster is different though no verdict need be."""


class Baseline(msgspec.Struct, frozen=True, kw_only=True):
    """The audit that came before."""

    started: str
    """ISO 8601 with time zone."""
    release: str
    version: str
    """Of pytest-portaswitch; empty where the evidence does not say."""
    sha256: str
    """Of its ``evidence.json``, in hex: which audit it was, wherever the file lies now."""


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """A check that does not stand as it stood."""

    id: str
    standing: Standing
    before: Word
    now: Word
    title: str
    message: str
    """The message of the later of its verdicts; empty where it passes now."""


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was seen, and is otherwise now. Both are words of hosts."""

    aspect: Aspect
    where: str
    """A host, with a port where it is about one; empty: the cluster."""
    before: str
    """Empty: there was none."""
    now: str
    """Empty: there is none."""


class Uncompared(msgspec.Struct, frozen=True, kw_only=True):
    """A host of which what was seen could not be compared."""

    host: str
    why: str


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is different from an earlier audit of the same cluster."""

    baseline: Baseline
    checks: tuple[Moved, ...]
    """All whose standing is another than ``unchanged``, by standing and id."""
    unchanged: int
    """Checks that passed and pass, or were waived and are. With ``checks`` these are all checks
    that either audit planned."""
    changes: tuple[Change, ...]
    uncompared: tuple[Uncompared, ...]

    def count(self, standing: Standing) -> int:
        """How many checks stand so."""
        return sum(moved.standing == standing for moved in self.checks)
