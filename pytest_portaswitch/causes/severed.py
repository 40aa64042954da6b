"""Hosts between which nothing comes through that was tried, whatever each probe met.

One firewall makes probes end in many ways: TCP gets no answer, a datagram is seen arriving and is
not answered, what is rejected often is dropped, and the answers to what the other host sends are
lost. Put together by how they end, they would be several causes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from pytest_portaswitch.causes.ends import ENDS, SERVED
from pytest_portaswitch.causes.item import Item
from pytest_portaswitch.judge.fault import Fault

Pair = tuple[str, str]
"""Names of the source and the place."""

Edge = tuple[str, str]
"""Names of two hosts, sorted; of a virtual IP that nobody seen holds, its own."""

FORBIDDEN = "own-firewall"


class Severed(NamedTuple):
    """Pairs of which nothing comes through."""

    edges: Mapping[Pair, Edge]
    """The two hosts of each pair."""
    hosts: Mapping[str, str]
    """The host behind each place, where it is not that place."""
    forbidding: Mapping[Edge, Mapping[str, Fault]]
    """By host: its own kernel says that it may not send."""

    def own_firewall(self, pair: Pair) -> Fault | None:
        """The firewall of which a kernel says that it stops what goes between the two."""
        found = self.forbidding.get(self.edges.get(pair, pair), {})
        return found.get(pair[0]) or next((found[host] for host in sorted(found)), None)


def severed(
    items: Sequence[Item],
    hosts: Mapping[str, str],
    elsewhere: Callable[[Item], bool],
    of_the_path: Callable[[Item], bool],
) -> Severed:
    """Find them, from all probes but those that something else explains.

    ``of_the_path``: whether an item shows by itself that the path is to blame; what is only silent
    does not, unless something else between the two hosts does.
    """
    failing: dict[Pair, list[Item]] = defaultdict(list)
    through: set[Pair] = set()
    for item in items:
        if item.path is None:
            continue
        pair = item.path[0], item.path[1].name
        if _came_through(item):
            through.add(pair)
        elif item.code in ENDS | {FORBIDDEN} and not item.holds and not elsewhere(item):
            failing[pair].append(item)
    for item in items:
        # What only arrives may be dropped behind that; where other datagrams are lost it differs.
        if item.path and only_arrived(item):
            pair = item.path[0], item.path[1].name
            if any(other.code == "lost-on-the-way" for other in failing.get(pair, ())):
                through.add(pair)
    edges = {pair: _edge(pair, hosts) for pair in failing if pair not in through}
    surely = set()
    forbidding: dict[Edge, dict[str, Fault]] = defaultdict(dict)
    for pair, edge in edges.items():
        for item in failing[pair]:
            if item.code == FORBIDDEN and item.verdict.fault:
                forbidding[edge][pair[0]] = item.verdict.fault
            if item.code == FORBIDDEN or of_the_path(item):
                surely.add(edge)
    return Severed({p: edge for p, edge in edges.items() if edge in surely}, hosts, forbidding)


def only_arrived(item: Item) -> bool:
    """Whether it holds for having been seen at the destination, which nobody answered."""
    return item.holds and item.verdict.grade == "delivered"


def _came_through(item: Item) -> bool:
    grade = item.verdict.grade
    if item.holds:
        return grade != "delivered"
    if grade == "refused":
        return item.code not in ("rejected", "nothing-listens")
    return grade in SERVED - {"delivered"} or item.code in (
        "wrong-protocol",
        "reply-from-another-address",
    )


def _edge(pair: Pair, hosts: Mapping[str, str]) -> Edge:
    one, other = sorted((pair[0], hosts.get(pair[1], pair[1])))
    return one, other
