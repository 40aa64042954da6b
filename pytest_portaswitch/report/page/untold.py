"""The checks that are unknown: how many could not be looked at or told, and what explains them."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from pytest_portaswitch.report.assessment import Unassessed
from pytest_portaswitch.report.evidence import Evidence
from pytest_portaswitch.report.page.causes import CauseCard
from pytest_portaswitch.report.page.checks import Checks, Shown


class Explained(msgspec.Struct, frozen=True):
    """Those that one cause explains, with a link to it."""

    number: int
    anchor: str
    title: str


class Untold(msgspec.Struct, frozen=True):
    """Checks that are unknown for one kind of reason."""

    words: str
    number: int
    causes: tuple[Explained, ...]
    others: tuple[Shown, ...]
    """Those that no cause explains."""
    cards: tuple[CauseCard, ...]
    """Causes that stand nowhere else: they explain nothing that fails or could not be seen."""


class NotAssessed(msgspec.Struct, frozen=True):
    """A subcomponent that could not be assessed, with where the page speaks of it."""

    anchor: str
    what: Unassessed


def subjects_of(evidence: Evidence) -> tuple[NotAssessed, ...]:
    """All of them, those that nobody accepts first."""
    found = evidence.assessment.unassessed if evidence.assessment else ()
    return tuple(NotAssessed(f"u{at}", one) for at, one in enumerate(found, 1))


def untold_of(
    evidence: Evidence,
    checks: Checks,
    cards: Sequence[CauseCard],
    subjects: Sequence[NotAssessed],
) -> tuple[Untold, ...]:
    """What was looked at first; nothing where every check passes, fails or is waived."""
    unknown = [check for check in evidence.checks if check.verdict == "unknown"]
    seen = {check.id for check in unknown if check.why_unknown == "not-assessable"}
    asked = {check.id for check in unknown if check.why_unknown == "unanswered"}
    unseen = {check.id for check in unknown} - seen - asked
    told = {check for one in subjects for check in one.what.checks}
    own = tuple(
        card
        for card, cause in zip(cards, evidence.causes, strict=True)
        if card.severity == "not-assessable" and not told.issuperset(cause.checks)
    )
    parts = (
        ("Looked at, and cannot be told", seen, own),
        ("Asked, and not answered, which over UDP proves nothing", asked, ()),
        ("Could not be looked at", unseen, ()),
    )
    return tuple(
        _untold(words, ids, evidence, checks, cards, own, subjects)
        for words, ids, own in parts
        if ids
    )


def _untold(
    words: str,
    left: set[str],
    evidence: Evidence,
    checks: Checks,
    cards: Sequence[CauseCard],
    own: tuple[CauseCard, ...],
    subjects: Sequence[NotAssessed],
) -> Untold:
    number = len(left)
    causes = []
    for one in subjects:
        if mine := left.intersection(one.what.checks):
            causes.append(Explained(len(mine), one.anchor, one.what.title))
            left = left - mine
    for card, cause in zip(cards, evidence.causes, strict=True):
        if mine := left.intersection(cause.checks):
            causes.append(Explained(len(mine), card.anchor, card.title))
            left = left - mine
    return Untold(words, number, tuple(causes), checks.of(left), own)
