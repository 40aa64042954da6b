"""Texts that fit: what is written into a picture cannot grow its box."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile

_EM = {
    0.28: "ijl",
    0.32: " ,.!'|",
    0.37: "f-:;/\\",
    0.42: "rt()[]",
    0.53: "csz_",
    0.60: "kvxyaeoJLFET",
    0.72: "ABCKPRSVXYZ",
    0.80: "DGHNOQU&",
    0.83: "w",
    1.00: "mMW@%",
}
_WIDTHS = {character: em for em, characters in _EM.items() for character in characters}
"""Of a wide font among those that a reader may have (DejaVu Sans), in its size."""


def width(text: str, size: float) -> float:
    """How wide a text may become."""
    return sum(_WIDTHS.get(c, 0.64 if c.isascii() else 1.0) for c in text) * size


def cut(text: str, room: float, size: float) -> str:
    """The text, its middle left out where it is too long: what tells names apart is at the ends."""
    if width(text, size) <= room:
        return text
    for kept in range(len(text) - 1, 1, -1):
        end = min(2, kept // 3)
        short = f"{text[: kept - end]}…{text[len(text) - end :]}"
        if width(short, size) <= room:
            return short
    return f"{text[:1]}…"


def lines(text: str, room: float, size: float) -> list[str]:
    """The text in as many lines as it takes."""
    found: list[str] = []
    for word in text.split():
        if found and width(f"{found[-1]} {word}", size) <= room:
            found[-1] += f" {word}"
        else:
            found.append(cut(word, room, size))
    return found


def shared_end(names: Sequence[str]) -> str:
    """What all names end in, from a separator on, such as ``-frankfurt``; empty without any."""
    backwards = zip(*(name[::-1] for name in names), strict=False)
    same = takewhile(lambda column: len(set(column)) == 1, backwards)
    common = "".join(column[0] for column in same)[::-1]
    ends = (common[at:] for at, c in enumerate(common) if c in "-._")
    # Something must be left of each name.
    return next((end for end in ends if len(names) > 1 and end not in names), "")
