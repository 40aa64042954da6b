"""The cluster as a map: boxes of hosts that share their roles, and the paths between the boxes."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from pytest_portaswitch.judge.verdict import VerdictWord
from pytest_portaswitch.report.evidence import Evidence, JudgedCheck
from pytest_portaswitch.report.page.checks import count, ends
from pytest_portaswitch.report.page.paths import pairs_of
from pytest_portaswitch.report.page.words import GRAVEST, standing, worst

WIDTH = 1080.0
MOST_COLUMNS = 4
BOX = 216.0
CHIP = 26.0
HEAD = 32.0
GAP = 38.0
SIDE = 10.0

Flows = dict[tuple[int, int], list[tuple[str, VerdictWord]]]
"""By the numbers of two boxes: the pairs of hosts between them, in words, with their verdicts."""


@dataclass(frozen=True)
class Chip:
    """One host within its box."""

    x: float
    y: float
    width: float
    text: str
    verdict: VerdictWord
    title: str


@dataclass
class Box:
    """Hosts that share their roles."""

    title: str
    hosts: tuple[str, ...]
    virtual: tuple[str, ...]
    column: int = 0
    x: float = 0.0
    y: float = 0.0
    height: float = 0.0
    chips: tuple[Chip, ...] = ()


@dataclass(frozen=True)
class Edge:
    """All paths from one box to another."""

    path: str
    verdict: VerdictWord
    title: str
    label: str
    x: float
    y: float


@dataclass(frozen=True)
class Map:
    """What the template draws."""

    width: float
    height: float
    boxes: tuple[Box, ...]
    edges: tuple[Edge, ...]
    order: list[str] = field(default_factory=list)
    """Host names and virtual IPs, box by box: the order of the matrix as well."""


def map_of(evidence: Evidence) -> Map:
    """Lay out the boxes in columns, who asks on the left, who is asked on the right."""
    boxes = _boxes(evidence)
    home = {name: at for at, box in enumerate(boxes) for name in (*box.hosts, *box.virtual)}
    flows: Flows = defaultdict(list)
    for (source, destination), pair in sorted(pairs_of(evidence).items()):
        if source in home and destination in home and home[source] != home[destination]:
            between = home[source], home[destination]
            # The Configuration server connects to all: drawn only where it does not.
            if pair.ports or pair.verdict != "pass":
                flows[between].append((f"{source} → {destination}", pair.verdict))
    _place(boxes, flows)
    _fill(boxes, evidence)
    edges = _edges(boxes, flows)
    drawn = sorted(boxes, key=lambda box: (box.column, box.y))
    return Map(
        width=WIDTH,
        height=max((box.y + box.height for box in boxes), default=0) + 12,
        boxes=tuple(drawn),
        edges=tuple(sorted(edges, key=lambda edge: -GRAVEST.index(edge.verdict))),
        order=[name for box in drawn for name in (*box.virtual, *box.hosts)],
    )


def _boxes(evidence: Evidence) -> list[Box]:
    groups: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for host in evidence.site.hosts.values():
        groups[host.roles].append(host.name)
    boxes = []
    for roles, hosts in groups.items():
        titles = [evidence.tables.roles.get(role) or role for role in roles]
        virtual = [vip.name for vip in evidence.site.virtual_ips if vip.hosts[0] in hosts]
        boxes.append(Box(" + ".join(titles), tuple(hosts), tuple(virtual)))
    return boxes


def _place(boxes: list[Box], flows: Flows) -> None:
    """Who asks stands left of who is asked, as far as they do not ask each other."""
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
        lines = -(-(len(box.hosts) + len(box.virtual)) // _per_line(box))
        box.height = HEAD + lines * CHIP + 8
        box.x = SIDE + box.column * (WIDTH - 2 * SIDE - BOX) / max(columns - 1, 1)
        box.y = heights[box.column]
        heights[box.column] += box.height + GAP
    for box in boxes:
        box.y += 8 + (max(heights) - heights[box.column]) / 2


def _per_line(box: Box) -> int:
    many = len(box.hosts) + len(box.virtual)
    return 2 if many <= 8 else 3


def _fill(boxes: list[Box], evidence: Evidence) -> None:
    own: dict[str, list[JudgedCheck]] = defaultdict(list)
    for check in evidence.checks:
        if not ends(check)[1]:  # paths are drawn as lines
            own[check.host].append(check)
    for box in boxes:
        per = _per_line(box)
        width = (BOX - 16) / per
        fits = int((width - 22) / 6.2)
        chips = []
        for at, name in enumerate((*box.virtual, *box.hosts)):
            chips.append(
                Chip(
                    x=box.x + 8 + (at % per) * width,
                    y=box.y + HEAD + (at // per) * CHIP,
                    width=width - 4,
                    text=name if len(name) <= fits else f"…{name[1 - fits :]}",
                    verdict=standing(own[name]),
                    title=f"{name}: {count(c.verdict for c in own[name]).text or 'no checks'}",
                )
            )
        box.chips = tuple(chips)


def _edges(boxes: list[Box], flows: Flows) -> list[Edge]:
    slots = _slots(boxes, flows)
    found = []
    for (a, b), pairs in flows.items():
        one, two = boxes[a], boxes[b]
        (x1, y1), (x2, y2) = slots[a, b, 0], slots[a, b, 1]
        if one.column == two.column:
            # Around the side on which there is room.
            out = 46.0 if one.x < WIDTH / 2 else -46.0
            path = (
                f"M{x1:.1f} {y1:.1f}C{x1 + out:.1f} {y1:.1f} "
                f"{x2 + out:.1f} {y2:.1f} {x2:.1f} {y2:.1f}"
            )
            middle = (x1 + out * 0.75, (y1 + y2) / 2)
        else:
            half = (x2 - x1) / 2
            path = (
                f"M{x1:.1f} {y1:.1f}C{x1 + half:.1f} {y1:.1f} "
                f"{x2 - half:.1f} {y2:.1f} {x2:.1f} {y2:.1f}"
            )
            middle = ((x1 + x2) / 2, (y1 + y2) / 2)
        verdict = worst([word for _, word in pairs])
        bad = [names for names, word in pairs if word == verdict]
        lines = [f"{one.title} → {two.title}: {count(w for _, w in pairs).text} (pairs of hosts)"]
        if verdict != "pass":
            lines += bad[:20]
        label = f"{len(bad)} of {len(pairs):,}" if verdict == "fail" else ""
        found.append(Edge(path, verdict, "\n".join(lines), label, *middle))
    return found


def _slots(boxes: list[Box], flows: Flows) -> dict[tuple[int, int, int], tuple[float, float]]:
    """Where each edge leaves and enters: spread over the sides of the boxes, without crossing."""
    sides: dict[tuple[int, bool], list[tuple[float, int, int, int]]] = defaultdict(list)
    for a, b in flows:
        for end, (me, other) in enumerate(((a, b), (b, a))):
            here, there = boxes[me], boxes[other]
            same = here.column == there.column
            right = here.x < WIDTH / 2 if same else here.column < there.column
            sides[me, right].append((there.y + there.height / 2 + end, a, b, end))
    slots = {}
    for (me, right), entries in sides.items():
        box = boxes[me]
        for at, (_, a, b, end) in enumerate(sorted(entries), 1):
            y = box.y + box.height * at / (len(entries) + 1)
            slots[a, b, end] = (box.x + (BOX if right else 0), y)
    return slots
