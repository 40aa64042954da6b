"""What is blocked between hosts: one pair, one host and all, or two groups.

Of all pairs of hosts between which the same goes wrong, the largest block of sources and
destinations is one cause, then the largest of what remains. Where nothing comes through, it does
not matter how each probe ended, nor which of the two hosts sent it.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from pytest_portaswitch.causes.ends import ENDS, UNINFORMATIVE
from pytest_portaswitch.causes.group import Group, Ways, everyone, remaining, title
from pytest_portaswitch.causes.item import Item
from pytest_portaswitch.causes.severed import Edge, Pair, Severed, only_arrived
from pytest_portaswitch.judge.fault import Fault, fault

ALL = "all"
"""In an id: every peer that tried."""

NAMED = 3
"""An id names so many hosts or ports; more are a checksum of their names."""

BOTH_WAYS = "both-ways"
"""In an id: whichever of the two sends."""


class Blocks(NamedTuple):
    """What was found: the fault of each check, and what is said of each fault."""

    faults: dict[str, Fault]
    titles: dict[Fault, str]
    remaining: dict[Fault, str]
    """What the evidence does not decide between."""


def blocks(items: Sequence[Item], all_items: Sequence[Item], severed: Severed) -> Blocks:
    """Group checks of paths that fail, against all probes that were sent."""
    mine = {item.check.id for item in items}
    tried: dict[Pair, set[str]] = defaultdict(set)
    # What the service itself explains says nothing of the path, whichever way it ended.
    telling: dict[Pair, set[str]] = defaultdict(set)
    arriving: set[Pair] = set()
    for item in all_items:
        if item.path and (item.holds or item.code in ENDS - UNINFORMATIVE):
            tried[_pair(item)].add(item.words)
            if only_arrived(item) and _pair(item) in severed.edges:
                arriving.add(_pair(item))
            elif item.holds or item.check.id in mine:
                telling[_pair(item)].add(item.words)
    kinds, mutual = _of_edges(items, severed)
    failing: dict[str, dict[Pair, list[Item]]] = defaultdict(lambda: defaultdict(list))
    between: dict[str, dict[Edge, list[Item]]] = defaultdict(lambda: defaultdict(list))
    for item in items:
        edge = severed.edges.get(_pair(item))
        if edge in mutual:
            between[kinds[edge]][edge].append(item)
        else:
            failing[kinds[edge] if edge else _kind(item)][_pair(item)].append(item)
    found = Blocks({}, {}, {})
    for kind, pairs in sorted(failing.items()):
        for group in _groups(kind, pairs, telling):
            members = [i for s in group.sources for d in group.destinations for i in pairs[s, d]]
            _add(found, group, members, tried, arriving)
    for kind, edges in sorted(between.items()):
        for group in _mutual_groups(kind, edges):
            sides = [_edge(s, d) for s in group.sources for d in group.destinations]
            members = [item for edge in sides for item in edges[edge]]
            _add(found, group, members, _neighbours(tried, severed.hosts), arriving)
    return found


def _add(
    blocks: Blocks,
    group: Group,
    members: Sequence[Item],
    tried: Mapping[Pair, set[str]],
    arriving: AbstractSet[Pair],
) -> None:
    found = _fault(group, tried)
    surely = any(item.verdict.verdict != "unknown" for item in members)
    what = ", ".join(sorted(group.ways)) or "all that was tried"
    if not group.ways and any(_pair(item) in arriving for item in members):
        what = "all that wants an answer"
    blocks.titles[found] = f"{title(group, tried, surely=surely)}: {what}"
    blocks.remaining[found] = remaining(group, tried, {item.code for item in members})
    blocks.faults.update((item.check.id, found) for item in members)


def _of_edges(items: Sequence[Item], severed: Severed) -> tuple[dict[Edge, str], set[Edge]]:
    """Of hosts between which nothing comes through: what stops it, and where both of them tried."""
    kinds: dict[Edge, set[str]] = defaultdict(set)
    senders: dict[Edge, set[str]] = defaultdict(set)
    for item in items:
        edge = severed.edges.get(_pair(item))
        if edge:
            kinds[edge].add(_kind(item))
            senders[edge].add(_pair(item)[0])
    told = {edge: min(found, key=_TELLING.index) for edge, found in kinds.items()}
    return told, {edge for edge, found in senders.items() if len(found) > 1}


def _mutual_groups(kind: str, edges: Mapping[Edge, Sequence[Item]]) -> Iterator[Group]:
    left = {pair for one, other in edges for pair in ((one, other), (other, one))}
    while left:
        # Each block is there twice, with its sides exchanged.
        one, other = max(_rectangles(left), key=_size)
        left -= {pair for s in one for d in other for pair in ((s, d), (d, s))}
        first, second = sorted((one, other), key=lambda side: (len(side), side))
        yield Group(kind, first, second, both_ways=True)


def _neighbours(tried: Mapping[Pair, set[str]], hosts: Mapping[str, str]) -> dict[Pair, set[str]]:
    """Who tried anything with whom, whichever of the two did."""
    found: dict[Pair, set[str]] = defaultdict(set)
    for (source, place), ways in tried.items():
        host = hosts.get(place, place)
        found[source, host] |= ways
        found[host, source] |= ways
    return found


def _edge(one: str, other: str) -> Edge:
    return (one, other) if one < other else (other, one)


def _pair(item: Item) -> Pair:
    assert item.path is not None
    return item.path[0], item.path[1].name


def _kind(item: Item) -> str:
    if item.code in ("mute", "ignored", "may-be-silent", "hung-up", "may-ignore"):
        return "not-answered"
    if item.code == "rejected":
        return "rejected"
    if item.verdict.grade == "unreachable":
        return "no-path"
    return "rejected" if item.verdict.grade == "refused" else "blocked"


_TELLING = ("rejected", "no-path", "blocked", "not-answered")
"""Kinds, the most telling first: a firewall that rejects does not do so every time."""


def _groups(
    kind: str, pairs: Mapping[Pair, Sequence[Item]], tried: Mapping[Pair, set[str]]
) -> Iterator[Group]:
    """Blocks of sources and destinations with the same ways, the largest first."""
    by_ways: dict[Ways, set[Pair]] = defaultdict(set)
    for pair, ways in _ways(pairs, tried).items():
        by_ways[ways].add(pair)
    for ways, left in sorted(by_ways.items(), key=lambda entry: sorted(entry[0])):
        while left:
            sources, destinations = max(_rectangles(left), key=_size)
            left -= {(s, d) for s in sources for d in destinations}
            yield Group(kind, sources, destinations, ways)


def _ways(pairs: Mapping[Pair, Sequence[Item]], tried: Mapping[Pair, set[str]]) -> dict[Pair, Ways]:
    """What fails between each two hosts; empty stands for everything that was tried.

    Where only one thing is tried it may be a part or everything: as its neighbours have it.
    """
    failing = {pair: frozenset(item.words for item in items) for pair, items in pairs.items()}
    whole = {pair for pair, ways in failing.items() if ways >= tried[pair]}
    surely = {pair for pair in whole if len(tried[pair]) > 1}
    ends = {("from", pair[0]) for pair in surely} | {("to", pair[1]) for pair in surely}
    return {
        pair: frozenset[str]()
        if pair in surely or (pair in whole and {("from", pair[0]), ("to", pair[1])} & ends)
        else ways
        for pair, ways in failing.items()
    }


_Rectangle = tuple[tuple[str, ...], tuple[str, ...]]


def _rectangles(pairs: set[Pair]) -> Iterator[_Rectangle]:
    """For each host, the largest block that has it and all that it fails with."""
    to: dict[str, set[str]] = defaultdict(set)
    of: dict[str, set[str]] = defaultdict(set)
    for source, destination in pairs:
        to[source].add(destination)
        of[destination].add(source)
    for common in {frozenset(found) for found in to.values()}:
        yield _sorted({s for s in to if to[s] >= common}, common)
    for common in {frozenset(found) for found in of.values()}:
        yield _sorted(common, {d for d in of if of[d] >= common})


def _sorted(sources: AbstractSet[str], destinations: AbstractSet[str]) -> _Rectangle:
    return tuple(sorted(sources)), tuple(sorted(destinations))


def _size(rectangle: _Rectangle) -> tuple[int, int, _Rectangle]:
    sources, destinations = rectangle
    return len(sources) * len(destinations), -len(sources) - len(destinations), rectangle


def _fault(group: Group, tried: Mapping[Pair, set[str]]) -> Fault:
    all_sources, all_destinations = everyone(group, tried)
    ways = (_joined(sorted(w.replace("/", "-") for w in group.ways)),) if group.ways else ()
    return fault(
        group.kind,
        ALL if all_sources else _joined(group.sources),
        ALL if all_destinations and not all_sources else _joined(group.destinations),
        *ways,
        *((BOTH_WAYS,) if group.both_ways else ()),
    )


def _joined(names: Sequence[str]) -> str:
    if len(names) <= NAMED:
        return "+".join(name.replace(" ", "-") for name in names)
    return hashlib.sha256(" ".join(names).encode()).hexdigest()[:10]
