"""How a check stands beside what became of it before: every pair of words."""

from __future__ import annotations

from typing import get_args

import pytest

from pytest_portaswitch.difference import BINDING, STANDINGS, Standing, Word, standing
from pytest_portaswitch.report.since import WORDS

# Before: pass, fail, unknown, waived, absent, left-out.
TABLE: dict[Word, tuple[Standing, ...]] = {
    "pass": ("unchanged", "fixed", "now-known", "fixed", "added", "added"),
    "fail": ("new", "still-failing", "new", "new", "new", "new"),
    "unknown": ("newly-unknown", "newly-unknown", "still-unknown", "newly-unknown",
                "added", "added"),
    "waived": ("newly-waived", "newly-waived", "newly-waived", "unchanged", "added", "added"),
    "absent": ("gone", "gone", "gone", "gone"),
    "left-out": ("left-out", "left-out", "left-out", "left-out", "left-out", "left-out"),
}  # fmt: skip
BEFORE: tuple[Word, ...] = ("pass", "fail", "unknown", "waived", "absent", "left-out")
CASES = [
    (before, now, stands)
    for now, row in TABLE.items()
    for before, stands in zip(BEFORE, row, strict=False)
]


@pytest.mark.parametrize(("before", "now", "stands"), CASES)
def test_each_pair(before: Word, now: Word, stands: Standing) -> None:
    """As the table has it."""
    assert standing(before, now) == stands


def test_what_was_not_seen_now_is_never_unchanged_nor_fixed() -> None:
    """Whatever it was before."""
    quiet = {"unchanged", "fixed", "now-known"}
    for now in ("unknown", "left-out", "absent"):
        assert not {standing(before, now) for before in BEFORE[:4]} & quiet


def test_all_are_told() -> None:
    """Each standing comes about, and has its words; what binds stands first."""
    assert {stands for *_, stands in CASES} == set(STANDINGS) == set(get_args(Standing))
    assert list(WORDS) == list(STANDINGS)
    assert set(STANDINGS[: len(BINDING)]) == BINDING
