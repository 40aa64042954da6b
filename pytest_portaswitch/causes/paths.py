"""What is blocked between hosts: one pair, one host and all, or two groups.

Of all pairs of hosts between which the same goes wrong, the largest block of sources and
destinations is one cause, then the largest of what remains.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from pytest_portaswitch.causes.ends import ENDS, UNINFORMATIVE
from pytest_portaswitch.causes.item import Item, listed
from pytest_portaswitch.judge.fault import Fault, fault

ALL = "all"
"""In an id: every peer that tried."""

NAMED = 3
"""An id names so many hosts or ports; more are a checksum of their names."""

Pair = tuple[str, str]
Ways = frozenset[str]


class Blocks(NamedTuple):
    """What was found: the fault of each check, and what is said of each fault."""

    faults: dict[str, Fault]
    titles: dict[Fault, str]
    remaining: dict[Fault, str]
    """What the evidence does not decide between."""


class _Group(NamedTuple):
    kind: str
    sources: tuple[str, ...]
    destinations: tuple[str, ...]
    ways: Ways


def blocks(items: Sequence[Item], all_items: Sequence[Item]) -> Blocks:
    """Group checks of paths that fail, against all probes that were sent."""
    mine = {item.check.id for item in items}
    tried: dict[Pair, set[str]] = defaultdict(set)
    # What the service itself explains says nothing of the path, whichever way it ended.
    telling: dict[Pair, set[str]] = defaultdict(set)
    for item in all_items:
        if item.path and (item.holds or item.code in ENDS - UNINFORMATIVE):
            tried[_pair(item)].add(item.words)
            if item.holds or item.check.id in mine:
                telling[_pair(item)].add(item.words)
    failing: dict[str, dict[Pair, list[Item]]] = defaultdict(lambda: defaultdict(list))
    for item in items:
        failing[_kind(item)][_pair(item)].append(item)
    faults: dict[str, Fault] = {}
    titles: dict[Fault, str] = {}
    remain: dict[Fault, str] = {}
    for kind, pairs in sorted(failing.items()):
        for group in _groups(kind, pairs, telling):
            found = _fault(group, tried)
            members = [i for s in group.sources for d in group.destinations for i in pairs[s, d]]
            surely = any(item.verdict.verdict != "unknown" for item in members)
            titles[found] = _title(group, tried, surely=surely)
            remain[found] = _remaining(group, tried, {item.code for item in members})
            faults |= {item.check.id: found for item in members}
    return Blocks(faults, titles, remain)


def _pair(item: Item) -> Pair:
    assert item.path is not None
    return item.path[0], item.path[1].name


def _kind(item: Item) -> str:
    if item.code in ("mute", "ignored"):
        return "not-answered"
    if item.code == "rejected":
        return "rejected"
    if item.verdict.grade == "unreachable":
        return "no-path"
    return "rejected" if item.verdict.grade == "refused" else "blocked"


def _groups(
    kind: str, pairs: Mapping[Pair, Sequence[Item]], tried: Mapping[Pair, set[str]]
) -> Iterator[_Group]:
    """Blocks of sources and destinations with the same ways, the largest first."""
    by_ways: dict[Ways, set[Pair]] = defaultdict(set)
    for pair, ways in _ways(pairs, tried).items():
        by_ways[ways].add(pair)
    for ways, left in sorted(by_ways.items(), key=lambda entry: sorted(entry[0])):
        while left:
            sources, destinations = max(_rectangles(left), key=_size)
            left -= {(s, d) for s in sources for d in destinations}
            yield _Group(kind, sources, destinations, ways)


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


def _everyone(group: _Group, tried: Mapping[Pair, set[str]]) -> tuple[bool, bool]:
    """Whether the sources are all that tried it, and the destinations all that they tried."""
    relevant = {
        pair for pair, ways in tried.items() if ways and (not group.ways or ways & group.ways)
    }
    sources = {s for s, d in relevant if d in group.destinations}
    destinations = {d for s, d in relevant if s in group.sources}
    return (
        len(group.sources) > 1 and sources == set(group.sources),
        len(group.destinations) > 1 and destinations == set(group.destinations),
    )


def _fault(group: _Group, tried: Mapping[Pair, set[str]]) -> Fault:
    all_sources, all_destinations = _everyone(group, tried)
    ways = (_joined(sorted(w.replace("/", "-") for w in group.ways)),) if group.ways else ()
    return fault(
        group.kind,
        ALL if all_sources else _joined(group.sources),
        ALL if all_destinations and not all_sources else _joined(group.destinations),
        *ways,
    )


def _joined(names: Sequence[str]) -> str:
    if len(names) <= NAMED:
        return "+".join(name.replace(" ", "-") for name in names)
    return hashlib.sha256(" ".join(names).encode()).hexdigest()[:10]


_TITLES = {
    "blocked": "packets from {0} to {1} are dropped",
    "silent": "no answer from {1} to {0}, though others are answered",
    "rejected": "a firewall rejects packets from {0} to {1}",
    "no-path": "there is no path from {0} to {1}",
    "not-answered": "{1} takes what {0} sends and does not answer, as it does others",
}


def _title(group: _Group, tried: Mapping[Pair, set[str]], *, surely: bool) -> str:
    all_sources, all_destinations = _everyone(group, tried)
    sources = "all its peers" if all_sources else listed(group.sources)
    if all_sources and len(group.destinations) > 1:
        sources = "all their peers"
    destinations = listed(group.destinations)
    if all_destinations and not all_sources:
        destinations = "all its peers" if len(group.sources) == 1 else "all their peers"
    what = ", ".join(sorted(group.ways)) or "all that was tried"
    kind = group.kind if surely else "silent"
    return f"{_TITLES[kind].format(sources, destinations)}: {what}"


def _remaining(group: _Group, tried: Mapping[Pair, set[str]], codes: AbstractSet[str]) -> str:
    if codes == {"ignored"}:
        return f"either the firewall of {listed(group.destinations)} itself, or the service does it"
    if codes == {"lost-on-the-way"}:
        return (
            f"a firewall of {listed(group.sources)}, or something between: nothing arrives at "
            f"{listed(group.destinations)}"
        )
    if group.kind == "not-answered":
        return "either large packets get lost on the way, or the service itself ignores that host"
    if group.kind == "no-path":
        return "either a route is missing, or something on the way says so"
    all_sources, all_destinations = _everyone(group, tried)
    sources, destinations = listed(group.sources), listed(group.destinations)
    if all_sources:
        return f"either the firewall of {destinations} itself, or one that stands before it"
    if all_destinations:
        return f"either the firewall of {sources} itself, or one that stands before it"
    return f"a firewall of {sources}, of {destinations}, or one between: the probes do not tell"
