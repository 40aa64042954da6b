"""What is different since a baseline, in words and lines."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence

from pytest_portaswitch.difference import (
    STANDINGS,
    Baseline,
    Change,
    Difference,
    Moved,
    Standing,
    Word,
)

WORDS: Mapping[Standing, str] = {
    "new": "new failure",
    "newly-unknown": "newly unknown",
    "added": "added",
    "still-failing": "still failing",
    "still-unknown": "still unknown",
    "newly-waived": "newly waived",
    "gone": "gone from the plan",
    "left-out": "left out by this run",
    "fixed": "fixed",
    "now-known": "known now, and passing",
    "unchanged": "unchanged",
}
"""In the order in which they are told."""

_PLURAL: Mapping[Standing, str] = {"new": "new failures"}
_BEFORE: Mapping[Word, str] = {
    "pass": "passed before",
    "fail": "failed before",
    "unknown": "was unknown before",
    "waived": "was waived before",
    "absent": "was not planned before",
    "left-out": "was left out before",
}
_NOW: Mapping[Word, str] = {
    "pass": "passes",
    "fail": "fails",
    "unknown": "is unknown",
    "waived": "is waived",
    "absent": "is not planned",
    "left-out": "is left out",
}


def tally(since: Difference) -> str:
    """Such as ``2 new failures, 1 fixed, 3 other changes, 390 unchanged``."""
    counts = [
        f"{number:,} {_words(each, number)}" for each in STANDINGS if (number := since.count(each))
    ]
    return ", ".join([*counts, *_rest(len(since.changes)), f"{since.unchanged:,} unchanged"])


def _words(standing: Standing, number: int) -> str:
    return _PLURAL.get(standing, WORDS[standing]) if number > 1 else WORDS[standing]


def _rest(changes: int) -> Iterator[str]:
    if changes:
        yield f"{changes:,} other change{'' if changes == 1 else 's'}"


def which(baseline: Baseline) -> str:
    """Which audit the baseline is: when, and of which release."""
    when = datetime.datetime.fromisoformat(baseline.started).astimezone(datetime.timezone.utc)
    release = f", {baseline.release}" if baseline.release else ""
    return f"{when:%Y-%m-%d %H:%M} UTC{release}"


def groups(since: Difference) -> Iterator[tuple[Standing, Sequence[Moved]]]:
    """The checks that moved, by how they stand, what a run fails by first."""
    for each in STANDINGS:
        found = [moved for moved in since.checks if moved.standing == each]
        if found:
            yield each, found


def heading(standing: Standing, number: int) -> str:
    """Such as ``new failures (3)``."""
    return f"{_words(standing, number)} ({number:,})"


def line(moved: Moved) -> str:
    """The id, which says what the check is and is what somebody searches for, and what was."""
    if moved.standing in ("still-failing", "still-unknown"):
        return moved.id
    if moved.standing == "added":
        return f"{moved.id} ({_NOW[moved.now]})"
    return f"{moved.id} ({_BEFORE[moved.before]})"


def change_words(change: Change) -> str:
    """Such as ``release of bill1: MR118 -> MR119``."""
    place = f" of {change.where or 'the cluster'}"
    if not change.before:
        return f"{change.aspect}{place}: new: {change.now}"
    if not change.now:
        return f"{change.aspect}{place}: gone: {change.before}"
    return f"{change.aspect}{place}: {change.before} -> {change.now}"
