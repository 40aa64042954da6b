"""How one check stands beside what became of it in an earlier audit."""

from __future__ import annotations

from typing import Literal, get_args

from pytest_portaswitch.judge.verdict import VerdictWord

Word = VerdictWord | Literal["absent", "left-out"]
"""A verdict; or why there is none: the check was not planned, or the run was asked to leave it
out."""

Standing = Literal[
    "new",
    "newly-unknown",
    "added",
    "still-failing",
    "still-unknown",
    "newly-waived",
    "gone",
    "left-out",
    "fixed",
    "now-known",
    "unchanged",
]
"""``new``: it fails and did not, or nobody knew. ``newly-unknown``: it was told before, and cannot
be now. ``added``: nobody looked before, and it does not fail now.
``newly-waived``: a failure that was none, or was not excused. ``gone``: no longer planned.
``left-out``: planned, and this run was asked to leave it out, so that nothing is known of it now.
``fixed``: it failed, or was excused, and passes. ``now-known``: it was unknown and passes.
``unchanged``: it passed and passes, or was waived and is."""

STANDINGS: tuple[Standing, ...] = get_args(Standing)
"""In the order in which they are told."""

BINDING: frozenset[Standing] = frozenset({"new", "newly-unknown"})
"""What a run that has a baseline fails by."""


def standing(before: Word, now: Word) -> Standing:
    """Compare what became of a check in two audits; it must be planned in one of them.

    A check that could not be observed now is never unchanged.
    """
    if now == "absent":
        return "gone"
    if now == "left-out":
        return "left-out"
    if now == "fail":
        return "still-failing" if before == "fail" else "new"
    if now == "unknown" and before == "unknown":
        return "still-unknown"
    if before in ("absent", "left-out"):
        return "added"
    if now == "unknown":
        return "newly-unknown"
    if now == "waived":
        return "unchanged" if before == "waived" else "newly-waived"
    if before == "unknown":
        return "now-known"
    return "unchanged" if before == "pass" else "fixed"
