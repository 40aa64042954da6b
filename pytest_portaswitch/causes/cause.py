"""The shape of a cause."""

from __future__ import annotations

from typing import Literal

import msgspec

Severity = Literal[
    "failed", "not-observed", "unanswered", "not-assessable", "waived", "warning"
]  # fmt: skip
"""What kind of result a cause stands for, gravest first. ``unanswered``: an answer was due, which
over UDP proves nothing. ``warning``: its checks pass."""

Effect = Literal["outage", "degraded", "at-risk", "unknown", "none"]
"""What a cause does to the cluster, gravest first.

``outage``: somebody is left without a service. ``degraded``: another server still serves all of
them. ``at-risk``: they are still served. ``unknown``: nobody could look. ``none``: excused, worth a
warning only, or nothing depends on it."""


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """One reason and everything it explains."""

    id: str
    """Kind and subject, such as ``frozen:bill1:radius``: the same in every run."""
    kind: str
    """The code of the fault, such as ``frozen``; ``other`` where a judge gave only words."""
    title: str
    severity: Severity
    """The gravest verdict among its checks."""
    seen: tuple[str, ...]
    """What was observed, a line each, the most telling first."""
    checks: tuple[str, ...]
    """Ids, sorted."""
    effect: Effect
    impact: str
    """What it takes down and who still serves, in words."""
    next: str
    """The next step, as a command that can be pasted where there is one."""
