"""What Python's own parser makes of a regular expression."""

from __future__ import annotations

import importlib
import re
from collections.abc import Sequence
from typing import Any

_PARSER = getattr(re, "_parser", None) or importlib.import_module("sre_parse")
"""Of Python 3.11 and later, and before; it has no public name."""

Part = tuple[Any, Any]
"""What the part is, and what belongs to it."""


def parts(pattern: str) -> list[Part]:
    """The parts of a pattern. Raises what ``re.compile`` does, and RecursionError."""
    return [*_PARSER.parse(pattern)]


def inside(name: Any, value: Any) -> list[list[Part]]:
    """The sequences that are within one part."""
    if is_repeat(name):
        return [[*value[2]]]
    match str(name):
        case "SUBPATTERN":
            return [[*value[3]]]
        case "BRANCH":
            return [[*one] for one in value[1]]
        case "ASSERT" | "ASSERT_NOT":
            return [[*value[1]]]
        case "GROUPREF_EXISTS":
            return [[*one] for one in value[1:] if one]
        case "ATOMIC_GROUP":
            return [[*value]]
    return []


def is_repeat(name: Any) -> bool:
    """Whether the part repeats another, ``?`` included; its value: least, most, what."""
    return str(name) in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT")


def size(sequence: Sequence[Part], most: int) -> int:
    """How many parts there are when repeats are written out; ``most`` at most.

    A repeat counts for once more than its number, one without an end for two: ``regex`` takes them
    so, and ``((a+)+)+`` grows twofold with each level.
    """
    found = 0
    for name, value in sequence:
        within = max(sum(size(one, most) for one in inside(name, value)), 1)
        found += within * (_times(value[0], value[1]) if is_repeat(name) else 1)
        if found >= most:
            return most
    return found


def _times(least: Any, most: Any) -> int:
    is_endless = str(most) == "MAXREPEAT"
    times = max(int(least if is_endless else most), 1)
    return times + (is_endless or times > 1)
