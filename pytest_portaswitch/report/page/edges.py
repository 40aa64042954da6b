"""The lines of the map: from box to box, and past the boxes that stand between."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise

import msgspec

from pytest_portaswitch.judge.verdict import VerdictWord
from pytest_portaswitch.report.page.boxes import BOX, WIDTH, Box, Flows
from pytest_portaswitch.report.page.checks import count
from pytest_portaswitch.report.page.words import worst

_APART = 7.0
"""Between lines that pass the same boxes side by side."""
_OFF = 12.0
"""Between a box and a line that passes above or below a whole column."""
_STEEP = 40.0
"""A line that climbs more can bear its label in its middle, and is seen nevertheless."""

Point = tuple[float, float]
Lane = dict[tuple[int, int], dict[int, float]]
"""By the two boxes of a line: how high it passes each column between them."""


class Edge(msgspec.Struct, frozen=True):
    """All paths from one box to another."""

    path: str
    verdict: VerdictWord
    title: str
    label: str
    x: float
    y: float


def lanes_of(boxes: list[Box], flows: Flows) -> Lane:
    """Between which boxes of a column that it has to pass each line goes, and how high."""
    by_column: dict[int, list[Box]] = defaultdict(list)
    for box in sorted(boxes, key=lambda box: box.y):
        by_column[box.column].append(box)
    wanted: dict[tuple[int, int], list[tuple[float, tuple[int, int]]]] = defaultdict(list)
    for a, b in flows:
        one, two = boxes[a], boxes[b]
        first, last = sorted((one.column, two.column))
        for column in range(first + 1, last):
            share = (column - one.column) / (two.column - one.column)
            straight = one.middle + share * (two.middle - one.middle)
            gap = _nearest(by_column[column], straight)
            wanted[column, gap].append((straight, (a, b)))
    lanes: Lane = defaultdict(dict)
    for (column, gap), lines in wanted.items():
        lines.sort()
        heights = _spread(by_column[column], gap, [straight for straight, _ in lines])
        for (_, between), y in zip(lines, heights, strict=True):
            lanes[between][column] = y
    return lanes


def _nearest(column: list[Box], straight: float) -> int:
    """The number of a gap, that above the first box being 0."""
    tops = [box.y for box in column] + [float("inf")]
    bottoms = [float("-inf")] + [box.y + box.height for box in column]
    # How far a line has to leave its straight way to come through.
    return min(
        range(len(tops)),
        key=lambda gap: max(bottoms[gap] - straight, straight - tops[gap], 0),
    )


def _spread(column: list[Box], gap: int, lines: list[float]) -> list[float]:
    """Heights for the lines of one gap, in their order from above."""
    many = len(lines)
    if 0 < gap < len(column):
        top, bottom = column[gap - 1].y + column[gap - 1].height, column[gap].y
        apart = min(_APART, (bottom - top) / (many + 1))
        return [(top + bottom) / 2 + (at - (many - 1) / 2) * apart for at in range(many)]
    if gap == 0:
        edge = column[0].y - _OFF
        return [min(y, edge - (many - 1 - at) * _APART) for at, y in enumerate(lines)]
    edge = column[-1].y + column[-1].height + _OFF
    return [max(y, edge + at * _APART) for at, y in enumerate(lines)]


def edges_of(boxes: list[Box], flows: Flows, lanes: Lane) -> list[Edge]:
    """One line for all pairs of hosts of two boxes."""
    slots = _slots(boxes, flows, lanes)
    found = []
    for (a, b), pairs in flows.items():
        one, two = boxes[a], boxes[b]
        start, end = slots[a, b, 0], slots[a, b, 1]
        path, middle = (
            _around(start, end, one)
            if one.column == two.column
            else _across(start, end, _past(boxes, one, two, lanes.get((a, b), {})))
        )
        verdict = worst([word for _, word in pairs])
        bad = [names for names, word in pairs if word == verdict]
        lines = [f"{one.title} → {two.title}: {count(w for _, w in pairs).text} (pairs of hosts)"]
        if verdict != "pass":
            lines += bad[:20]
        label = f"{len(bad)} of {len(pairs):,}" if verdict == "fail" else ""
        found.append(Edge(path, verdict, "\n".join(lines), label, *middle))
    return found


def _around(start: Point, end: Point, box: Box) -> tuple[str, Point]:
    """Within a column: around the side on which there is room."""
    (x1, y1), (x2, y2) = start, end
    out = 46.0 if box.x < WIDTH / 2 else -46.0
    path = f"M{x1:.1f} {y1:.1f}C{x1 + out:.1f} {y1:.1f} {x2 + out:.1f} {y2:.1f} {x2:.1f} {y2:.1f}"
    return path, (x1 + out * 0.75, (y1 + y2) / 2)


def _past(boxes: list[Box], one: Box, two: Box, lane: dict[int, float]) -> list[Point]:
    """Both ends of each straight piece beside the boxes that are passed, as they are met."""
    at = {box.column: box.x for box in boxes}
    points = []
    for column in sorted(lane, reverse=one.column > two.column):
        sides = sorted((at[column], at[column] + BOX), reverse=one.column > two.column)
        points += [(x, lane[column]) for x in sides]
    return points


def _across(start: Point, end: Point, past: list[Point]) -> tuple[str, Point]:
    """From column to column: curves between columns, straight where a column is passed."""
    (x1, y1), *_ = points = [start, *past, end]
    path = f"M{x1:.1f} {y1:.1f}"
    for number, ((x1, y1), (x2, y2)) in enumerate(pairwise(points)):
        half = (x2 - x1) / 2
        path += (
            f"L{x2:.1f} {y2:.1f}"
            if number % 2
            else f"C{x1 + half:.1f} {y1:.1f} {x2 - half:.1f} {y2:.1f} {x2:.1f} {y2:.1f}"
        )
    # Beside its own arrow, whose last curve tells where it leads.
    (x1, y1), (x2, y2) = points[-2:]
    steep = abs(y2 - y1) > _STEEP
    return path, ((x1 + x2) / 2, (y1 + y2) / 2 + 4 if steep else min(y1, y2) - 7)


def _slots(boxes: list[Box], flows: Flows, lanes: Lane) -> dict[tuple[int, int, int], Point]:
    """Where each edge leaves and enters: spread over the sides of the boxes, without crossing."""
    sides: dict[tuple[int, bool], list[tuple[float, int, int, int]]] = defaultdict(list)
    for a, b in flows:
        for end, (me, other) in enumerate(((a, b), (b, a))):
            here, there = boxes[me], boxes[other]
            same = here.column == there.column
            right = here.x < WIDTH / 2 if same else here.column < there.column
            near = here.column + (1 if right else -1)
            height = lanes.get((a, b), {}).get(near, there.middle)
            sides[me, right].append((height + end, a, b, end))
    slots = {}
    for (me, right), entries in sides.items():
        box = boxes[me]
        for at, (_, a, b, end) in enumerate(sorted(entries), 1):
            y = box.y + box.height * at / (len(entries) + 1)
            slots[a, b, end] = (box.x + (BOX if right else 0), y)
    return slots
