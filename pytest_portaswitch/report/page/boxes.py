"""The boxes of the map: hosts that share their roles, laid out in columns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import msgspec

from pytest_portaswitch.judge.verdict import VerdictWord
from pytest_portaswitch.report.evidence import Evidence, JudgedCheck
from pytest_portaswitch.report.page.checks import count, ends
from pytest_portaswitch.report.page.labels import cut, lines, width
from pytest_portaswitch.report.page.words import standing

WIDTH = 1080.0
MOST_COLUMNS = 4
BOX = 204.0
CHIP = 26.0
HEAD = 32.0
HEAD_LINE = 15.0
GAP = 38.0
SIDE = 10.0
TEXT = 11.5
"""Size of the names, as the style has it; titles are a little larger, and bold."""
_TITLE = 12 * 1.12
_AROUND = 28.0
"""What of a chip is not there for its name: edges, the mark, spaces."""

Flows = dict[tuple[int, int], list[tuple[str, VerdictWord]]]
"""By the numbers of two boxes: the pairs of hosts between them, in words, with their verdicts."""


class Chip(msgspec.Struct, frozen=True):
    """One host within its box."""

    x: float
    y: float
    width: float
    text: str
    verdict: VerdictWord
    title: str


class Box(msgspec.Struct):
    """Hosts that share their roles."""

    title: str
    heads: tuple[str, ...]
    """The title as it is written: a line or more a role."""
    hosts: tuple[str, ...]
    virtual: tuple[str, ...]
    column: int = 0
    x: float = 0.0
    y: float = 0.0
    height: float = 0.0
    per_line: int = 2
    chips: tuple[Chip, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Of its chips, in their order."""
        return (*self.virtual, *self.hosts)

    @property
    def head(self) -> float:
        """Where the chips begin, from its top."""
        return HEAD + HEAD_LINE * (len(self.heads) - 1)

    @property
    def middle(self) -> float:
        """Of its height."""
        return self.y + self.height / 2


def boxes_of(evidence: Evidence) -> list[Box]:
    """A box for each set of roles, in the order of the cluster file."""
    groups: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for host in evidence.site.hosts.values():
        groups[host.roles].append(host.name)
    boxes = []
    for roles, hosts in groups.items():
        titles = [evidence.tables.roles.get(role) or role for role in roles]
        plus = [f"+ {title}" if at else title for at, title in enumerate(titles)]
        heads = tuple(line for title in plus for line in lines(title, BOX - 18, _TITLE))
        virtual = [vip.name for vip in evidence.site.virtual_ips if vip.hosts[0] in hosts]
        boxes.append(Box(" + ".join(titles), heads, tuple(hosts), tuple(virtual)))
    return boxes


def place(boxes: list[Box], flows: Flows, dropped: str) -> None:
    """Put clients left of their servers; boxes that ask each other share a column."""
    below = {at: {b for a, b in flows if a == at} for at in range(len(boxes))}
    for _ in boxes:  # whom it reaches over others as well
        below = {a: seen.union(*(below[b] for b in seen)) for a, seen in below.items()}
    # Those that ask each other, directly or not, are one step and share a column.
    steps = [{at} | {b for b in below[at] if at in below[b]} for at in range(len(boxes))]
    depth = [0] * len(boxes)
    for _ in boxes:
        for at, step in enumerate(steps):
            beyond = {b for member in step for b in below[member]} - step
            depth[at] = max([depth[b] + 1 for b in beyond], default=0)
    columns = min(max(depth, default=0) + 1, MOST_COLUMNS)
    heights = [0.0] * columns
    linked = {at for between in flows for at in between}
    # What no line leads to goes wherever there is room, after the others.
    for at in sorted(range(len(boxes)), key=lambda at: at not in linked):
        box = boxes[at]
        spare = heights.index(min(heights))
        box.column = max(columns - 1 - depth[at], 0) if at in linked else spare
        box.per_line = 3 if len(box.names) > 8 and fit(box.names, 3, dropped) else 2
        box.height = box.head - (-len(box.names) // box.per_line) * CHIP + 8
        box.x = SIDE + box.column * (WIDTH - 2 * SIDE - BOX) / max(columns - 1, 1)
        box.y = heights[box.column]
        heights[box.column] += box.height + GAP
    for box in boxes:
        box.y += 8 + (max(heights) - heights[box.column]) / 2


def fit(names: Iterable[str], per_line: int, dropped: str = "") -> bool:
    """Whether names fit their chips whole, without an ending that is not written."""
    room = (BOX - 16) / per_line - _AROUND
    return all(width(name.removesuffix(dropped), TEXT) <= room for name in names)


def fill(boxes: list[Box], evidence: Evidence, dropped: str) -> None:
    """A chip a host, once the boxes have their places."""
    own: dict[str, list[JudgedCheck]] = defaultdict(list)
    for check in evidence.checks:
        if not ends(check)[1]:  # paths are drawn as lines
            own[check.host].append(check)
    for box in boxes:
        wide = (BOX - 16) / box.per_line
        box.chips = tuple(
            Chip(
                x=box.x + 8 + (at % box.per_line) * wide,
                y=box.y + box.head + (at // box.per_line) * CHIP,
                width=wide - 4,
                text=cut(name.removesuffix(dropped), wide - _AROUND, TEXT),
                verdict=standing(own[name]),
                title=f"{name}: {count(c.verdict for c in own[name]).text or 'no checks'}",
            )
            for at, name in enumerate(box.names)
        )
