"""What a case of the tables says."""

from __future__ import annotations

import shlex

import msgspec

from pytest_portaswitch.causes import Severity
from pytest_portaswitch.report.readiness import Readiness


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """A fault, and the one cause that it has: its title, and exactly the checks that change."""

    fault: tuple[str, ...]
    """Name and targets, as ``lab break`` takes them."""
    options: dict[str, str] = {}
    changes: dict[str, str] = {}
    """A pattern over ids of checks, and what they are then: a verdict, ``warn`` for what passes
    with a warning, ``=`` for what an earlier pattern meant and does not change."""
    cause: str = ""
    """A pattern of the title; empty where there is to be no cause."""
    severity: Severity = "failed"
    why: str = ""
    """Why there is to be no cause."""

    @property
    def verdict(self) -> Readiness:
        """Of the cluster, with the lab's own file and with a drafted one."""
        if self.severity == "failed":
            return "blocked"
        return "ready-with-warnings" if self.severity == "warning" else "could-not-be-assessed"

    @property
    def command(self) -> str:
        """What ``lab break`` is given."""
        return shlex.join([*self.fault, *(f"{key}={value}" for key, value in self.options.items())])


class Pair(msgspec.Struct, frozen=True):
    """Names of two cases, and what is otherwise than with each alone."""

    one: str
    other: str
    effect: dict[str, str] = {}
    """As ``changes`` of a case, over those of both."""
    impacts: tuple[str, ...] = ()
    """Patterns of what the two causes are said to take down, where that is told from both."""

    @property
    def name(self) -> str:
        """Such as ``kill-radius-and-mtu``."""
        return f"{self.one}-and-{self.other}"
