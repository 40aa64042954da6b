"""What is different since the baseline, as the page shows it."""

from __future__ import annotations

import msgspec

from pytest_portaswitch.difference import Difference, Moved, Standing
from pytest_portaswitch.judge.verdict import VerdictWord
from pytest_portaswitch.report import since
from pytest_portaswitch.report.page.checks import Checks

LISTED = 200
"""Checks of one standing, and changes, that the page lists; the evidence has all."""

_TONE: dict[Standing, VerdictWord] = {
    "new": "fail",
    "still-failing": "fail",
    "newly-unknown": "unknown",
    "still-unknown": "unknown",
    "left-out": "unknown",
    "gone": "unknown",
    "newly-waived": "waived",
}


class MovedLine(msgspec.Struct, frozen=True):
    """A check that moved."""

    id: str
    anchor: str
    """Of its evidence on the page; empty where it has none now."""
    words: str


class MovedGroup(msgspec.Struct, frozen=True):
    """The checks that stand alike."""

    tone: VerdictWord
    title: str
    number: int
    lines: tuple[MovedLine, ...]


class ChangeLine(msgspec.Struct, frozen=True):
    """Something that is otherwise, whatever the verdicts."""

    aspect: str
    where: str
    before: str
    now: str


class Since(msgspec.Struct, frozen=True):
    """What the template gets."""

    baseline: str
    sha256: str
    tally: str
    groups: tuple[MovedGroup, ...]
    changes: tuple[ChangeLine, ...]
    more_changes: int
    uncompared: tuple[tuple[str, str], ...]


def since_of(found: Difference | None, checks: Checks) -> Since | None:
    """Prepare the section; None where the run was given no baseline."""
    if found is None:
        return None
    return Since(
        baseline=since.which(found.baseline),
        sha256=found.baseline.sha256,
        tally=since.tally(found),
        groups=tuple(
            MovedGroup(
                _TONE.get(standing, "pass"),
                since.WORDS[standing],
                len(moved),
                tuple(_line(one, checks) for one in moved[:LISTED]),
            )
            for standing, moved in since.groups(found)
        ),
        changes=tuple(
            ChangeLine(one.aspect, one.where or "the cluster", one.before or "-", one.now or "-")
            for one in found.changes[:LISTED]
        ),
        more_changes=max(0, len(found.changes) - LISTED),
        uncompared=tuple((one.host, one.why) for one in found.uncompared),
    )


def _line(moved: Moved, checks: Checks) -> MovedLine:
    shown = checks.shown.get(moved.id)
    words = since.line(moved).removeprefix(moved.id)
    return MovedLine(moved.id, shown.anchor if shown else "", words)
