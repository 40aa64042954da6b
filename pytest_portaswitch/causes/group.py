"""What is said of a block of hosts between which packets are lost."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from pytest_portaswitch.causes.item import listed
from pytest_portaswitch.causes.loss import conjugated
from pytest_portaswitch.causes.severed import Pair

Ways = frozenset[str]


class Group(NamedTuple):
    """Hosts on two sides, and what goes wrong from one to the other."""

    kind: str
    sources: tuple[str, ...]
    destinations: tuple[str, ...]
    ways: Ways = frozenset()
    """Empty: everything that was tried."""
    both_ways: bool = False


def everyone(group: Group, tried: Mapping[Pair, set[str]]) -> tuple[bool, bool]:
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


_TITLES = {
    "blocked": "packets from {0} to {1} are dropped",
    "silent": "no answer from {1} to {0}, though others are answered",
    "rejected": "a firewall rejects packets from {0} to {1}",
    "no-path": "there is no path from {0} to {1}",
    "not-answered": "{1} {take} what {0} {send} and {do} not answer, as {they} {do} others",
}

_BOTH_WAYS = {
    "blocked": "packets between {0} are dropped, both ways",
    "silent": "no answer between {0}, either way, though others are answered",
    "rejected": "a firewall rejects packets between {0}, both ways",
    "no-path": "there is no path between {0}, either way",
    "not-answered": "no answer between {0}, either way, though what is sent arrives",
}


def title(group: Group, tried: Mapping[Pair, set[str]], *, surely: bool) -> str:
    """Who gets what from whom; ``surely``: not only silence that may have another reason."""
    all_sources, all_destinations = everyone(group, tried)
    sources = "all its peers" if all_sources else listed(group.sources)
    if all_sources and len(group.destinations) > 1:
        sources = "all their peers"
    destinations = listed(group.destinations)
    if all_destinations and not all_sources:
        destinations = "all its peers" if len(group.sources) == 1 else "all their peers"
    kind = group.kind if surely else "silent"
    if group.both_ways:
        alone = len(group.destinations) == 1 or (all_destinations and len(group.sources) == 1)
        sides = "{} and {}" if alone else "{} on one side and {} on the other"
        return _BOTH_WAYS[kind].format(sides.format(sources, destinations))
    several = len(group.destinations) > 1
    return _TITLES[kind].format(
        sources,
        destinations,
        take=conjugated(group.destinations, "take"),
        send=conjugated(group.sources, "send"),
        do="do" if several else "does",
        they="they" if several else "it",
    )


def remaining(group: Group, tried: Mapping[Pair, set[str]], codes: AbstractSet[str]) -> str:
    """What the probes do not decide between."""
    sources, destinations = listed(group.sources), listed(group.destinations)
    arrives = "ignored" in codes and "lost-on-the-way" not in codes
    if codes == {"ignored"} and not group.both_ways:
        return f"either the firewall of {destinations} itself, or the service does it"
    if codes == {"lost-on-the-way"}:
        return f"a firewall of {sources}, or something between: nothing arrives at {destinations}"
    if group.both_ways and arrives:
        return (
            f"either the firewall of {sources} itself, or that of {destinations} itself: datagrams "
            "are seen arriving"
        )
    if group.kind == "not-answered":
        return "either large packets get lost on the way, or the service itself ignores that host"
    if group.kind == "no-path":
        return "either a route is missing, or something on the way says so"
    all_sources, all_destinations = everyone(group, tried)
    if all_sources:
        return f"either the firewall of {destinations} itself, or one that stands before it"
    if all_destinations:
        return f"either the firewall of {sources} itself, or one that stands before it"
    if arrives:
        return (
            f"either the firewall of {destinations} itself, or whatever loses its answers: "
            "datagrams are seen arriving"
        )
    return f"a firewall of {sources}, of {destinations}, or one between: the probes do not tell"
