"""The cluster as a map: boxes of hosts that share their roles, and the paths between the boxes."""

from __future__ import annotations

from collections import defaultdict

import msgspec

from pytest_portaswitch.report.evidence import Evidence
from pytest_portaswitch.report.page.boxes import BOX, WIDTH, Box, Flows, boxes_of, fill, fit, place
from pytest_portaswitch.report.page.edges import Edge, edges_of, lanes_of
from pytest_portaswitch.report.page.labels import shared_end
from pytest_portaswitch.report.page.paths import pairs_of
from pytest_portaswitch.report.page.words import GRAVEST

_MARGIN = 8.0


class Map(msgspec.Struct, frozen=True):
    """What the template draws."""

    width: float
    height: float
    box: float
    """Width of each box."""
    boxes: tuple[Box, ...]
    edges: tuple[Edge, ...]
    dropped: str
    """What all names end in, and what is therefore not written; empty where all is."""
    order: list[str] = msgspec.field(default_factory=list)
    """Host names and virtual IPs, box by box: the order of the matrix as well."""


def map_of(evidence: Evidence) -> Map:
    """Lay out the boxes in columns, who asks on the left, who is asked on the right."""
    boxes = boxes_of(evidence)
    home = {name: at for at, box in enumerate(boxes) for name in box.names}
    flows: Flows = defaultdict(list)
    for (source, destination), pair in sorted(pairs_of(evidence).items()):
        if source in home and destination in home and home[source] != home[destination]:
            between = home[source], home[destination]
            # The Configuration server connects to all: drawn only where it does not.
            if pair.ports or pair.verdict != "pass":
                flows[between].append((f"{source} → {destination}", pair.verdict))
    whole = all(fit(box.names, 2) for box in boxes)
    dropped = "" if whole else shared_end(list(evidence.site.hosts))
    place(boxes, flows, dropped)
    lanes = lanes_of(boxes, flows)
    heights = [y for lane in lanes.values() for y in lane.values()]
    down = max(0.0, _MARGIN - min(heights, default=_MARGIN))
    for box in boxes:
        box.y += down
    lanes = lanes_of(boxes, flows)
    fill(boxes, evidence, dropped)
    drawn = sorted(boxes, key=lambda box: (box.column, box.y))
    return Map(
        width=WIDTH,
        height=max([*heights, *(box.y + box.height for box in boxes)], default=0) + down + 12,
        box=BOX,
        boxes=tuple(drawn),
        edges=tuple(
            sorted(edges_of(boxes, flows, lanes), key=lambda edge: -GRAVEST.index(edge.verdict))
        ),
        dropped=dropped,
        order=[name for box in drawn for name in box.names],
    )
