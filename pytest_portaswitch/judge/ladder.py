"""The evidence ladder: what a probe proves, from nothing to most."""

from __future__ import annotations

from typing import Literal, get_args

Grade = Literal["unreachable", "refused", "silent", "delivered", "connected", "answered", "in-use"]

LADDER: tuple[Grade, ...] = get_args(Grade)
"""Lowest first; the order is what ``Grade`` says."""


def reaches(grade: Grade, least: str) -> bool:
    """Whether a grade is at least as high as the one a row names."""
    return LADDER.index(grade) >= [str(step) for step in LADDER].index(least)
