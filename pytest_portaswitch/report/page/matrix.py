"""The peer matrix as shapes: a square a pair of hosts, readable from 4 hosts to 100."""

from __future__ import annotations

from collections import defaultdict

import msgspec

from pytest_portaswitch.report.evidence import Evidence
from pytest_portaswitch.report.page.paths import Pair, pairs_of
from pytest_portaswitch.tables.ladder import Grade, reaches

LETTERS: dict[Grade, str] = {
    "in-use": "I",
    "answered": "A",
    "connected": "C",
    "delivered": "D",
    "silent": "S",
    "refused": "R",
    "unreachable": "U",
}
_WIDE = 7.0
"""Units that a character of a label takes, at most."""


class Cell(msgspec.Struct, frozen=True):
    """One pair, drawn by itself because it can be read or pointed at."""

    x: float
    y: float
    kind: str
    letter: str
    title: str


class Label(msgspec.Struct, frozen=True):
    """The name of a line or of a column."""

    at: float
    text: str


class Matrix(msgspec.Struct, frozen=True):
    """What the template draws; lengths are units of the picture."""

    width: float
    height: float
    left: float
    top: float
    size: float
    font: float
    rows: tuple[Label, ...]
    columns: tuple[Label, ...]
    cells: tuple[Cell, ...]
    masses: tuple[tuple[str, str], ...]
    """Kind and path: squares too many to be shapes of their own."""
    own: str
    """Path of the squares where a host meets itself."""


def matrix_of(evidence: Evidence, order: list[str]) -> Matrix | None:
    """The matrix, its lines and columns in a given order; None where nothing reaches out."""
    pairs = pairs_of(evidence)
    if not pairs:
        return None
    rank = {name: at for at, name in enumerate(order)}
    sources = sorted({s for s, _ in pairs}, key=lambda name: (rank.get(name, len(rank)), name))
    targets = sorted({d for _, d in pairs}, key=lambda name: (rank.get(name, len(rank)), name))
    many = max(len(sources), len(targets))
    size = 34.0 if many <= 16 else 22.0 if many <= 32 else 12.0
    font = 12.0 if many <= 32 else 9.0
    longest = max(len(name[:24]) for name in [*sources, *targets])
    left = top = longest * _WIDE * font / 12 + 12
    at = {
        (source, target): (left + x * size, top + y * size)
        for y, source in enumerate(sources)
        for x, target in enumerate(targets)
    }
    cells: list[Cell] = []
    masses: dict[str, list[str]] = defaultdict(list)
    square = f"h{size - 2:g}v{size - 2:g}h-{size - 2:g}z"
    for ends, pair in sorted(pairs.items()):
        x, y = at[ends]
        kind = _kind(pair)
        if many > 32 and pair.verdict == "pass":
            masses[kind].append(f"M{x + 1:g} {y + 1:g}{square}")
        else:
            letter = LETTERS[pair.grade] if pair.grade else "?" if pair.unseen else ""
            cells.append(Cell(x + 1, y + 1, kind, letter if many <= 32 else "", pair.text))
    own = [at[name, name] for name in sources if name in targets]
    return Matrix(
        width=left + len(targets) * size + 4,
        height=top + len(sources) * size + 4,
        left=left,
        top=top,
        size=size,
        font=font,
        rows=tuple(Label(top + y * size + size / 2, n[:24]) for y, n in enumerate(sources)),
        columns=tuple(Label(left + x * size + size / 2, n[:24]) for x, n in enumerate(targets)),
        cells=tuple(cells),
        masses=tuple((kind, "".join(parts)) for kind, parts in sorted(masses.items())),
        own="".join(f"M{x + size * 0.3:g} {y + size / 2:g}h{size * 0.4:g}" for x, y in own),
    )


def _kind(pair: Pair) -> str:
    """The class of the square: the verdict, a pass on a low grade told apart."""
    if pair.verdict == "pass" and not (pair.grade and reaches(pair.grade, "answered")):
        return "pass weak"
    return pair.verdict
