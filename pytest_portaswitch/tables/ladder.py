"""The evidence ladder: what a probe proves, from nothing to most."""

from __future__ import annotations

from typing import Literal, get_args

Grade = Literal["unreachable", "refused", "silent", "delivered", "connected", "answered", "in-use"]

LADDER: tuple[Grade, ...] = get_args(Grade)
"""Lowest first; the order is what ``Grade`` says."""

PASSING: tuple[Grade, ...] = LADDER[LADDER.index("delivered") :]
"""What a row may name as its least grade: below, nothing is seen to arrive."""


def reaches(grade: Grade, least: Grade) -> bool:
    """Whether a grade is at least as high as the one a row names."""
    return LADDER.index(grade) >= LADDER.index(least)


def lower(one: Grade, other: Grade) -> Grade:
    """The lower of two grades."""
    return min(one, other, key=LADDER.index)
