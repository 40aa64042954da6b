"""The causes as the page shows them."""

from __future__ import annotations

import msgspec

from pytest_portaswitch.causes import Cause, Severity
from pytest_portaswitch.judge.verdict import VerdictWord
from pytest_portaswitch.report.evidence import Evidence
from pytest_portaswitch.report.page.checks import Checks, Shown

LISTED = 60
"""Checks that a cause names with links; the tables below have all."""


class CauseCard(msgspec.Struct, frozen=True):
    """A cause, its impact, and what it explains."""

    anchor: str
    title: str
    tone: VerdictWord
    severity: str
    effect: str
    seen: tuple[str, ...]
    impact: str
    next: str
    checks: tuple[Shown, ...]
    more: int


_SEVERITY: dict[Severity, VerdictWord] = {
    "failed": "fail",
    "unanswered": "unknown",
    "not-observed": "unknown",
    "not-assessable": "unknown",
    "waived": "waived",
    "warning": "waived",
}


def cards_of(evidence: Evidence, checks: Checks) -> tuple[CauseCard, ...]:
    """A card a cause, in their order."""
    # Ids of causes come from cluster files and plugins; a number cannot break a link.
    return tuple(_card(f"k{at}", cause, checks) for at, cause in enumerate(evidence.causes, 1))


def _card(anchor: str, cause: Cause, checks: Checks) -> CauseCard:
    shown = checks.of(cause.checks)
    return CauseCard(
        anchor=anchor,
        title=cause.title,
        tone=_SEVERITY[cause.severity],
        severity=cause.severity,
        effect="" if cause.effect in ("none", "unknown") else cause.effect,
        seen=cause.seen,
        impact=cause.impact,
        next=cause.next,
        checks=shown[:LISTED],
        more=max(0, len(shown) - LISTED),
    )
