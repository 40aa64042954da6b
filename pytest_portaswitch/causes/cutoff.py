"""Hosts at which nothing arrives: one cause for all paths from and to them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from pytest_portaswitch.causes.ends import ENDS, SERVED
from pytest_portaswitch.causes.item import Item
from pytest_portaswitch.facts.model import HostFacts, Observation, Unobserved
from pytest_portaswitch.judge import addressing
from pytest_portaswitch.judge.fault import Fault, fault
from pytest_portaswitch.judge.unknown import unseen_code
from pytest_portaswitch.plan.check import HasConnection, Place, UsesPrivate


def cut_off(items: Sequence[Item], facts: Mapping[str, Observation]) -> dict[str, Fault]:
    """By host or virtual IP: what explains every path from and to it."""
    found = {
        item.check.host: item.verdict.fault
        for item in items
        if isinstance(item.check.expects, UsesPrivate)
        and item.verdict.fault
        and item.code == "no-private-address"
    }
    sent = [
        item
        for item in items
        if item.path and (item.holds or item.code in ENDS or item.verdict.grade == "refused")
    ]
    for host, met in _unseen(sent, facts):
        found.setdefault(host, met)
    for place in {item.path[1].name: item.path[1] for item in sent if item.path}.values():
        if place.virtual and (dead := _holder(place, found, facts)):
            found.setdefault(place.name, found[dead])
    alone, others = _isolated(items, facts)
    if 2 * len(alone) > others:
        everybody = dict.fromkeys(facts, fault("no-network"))
        return {**everybody, **found}
    for host in alone:
        # A host whose kernel says that it may not send names its firewall itself.
        own = fault("own-firewall", host)
        forbids = any(item.verdict.fault == own for item in items)
        found.setdefault(host, own if forbids else fault("isolated", host))
    return found


def _unseen(sent: Sequence[Item], facts: Mapping[str, Observation]) -> Iterator[tuple[str, Fault]]:
    """Hosts that nobody can look at and nothing arrives at."""
    towards: dict[str, list[Item]] = defaultdict(list)
    for item in sent:
        assert item.path
        towards[item.path[1].name].append(item)
    for host, observed in facts.items():
        if not isinstance(observed, Unobserved) or not towards[host]:
            continue
        if observed.why == "internal-error":
            # That this program failed says nothing of the way to the host.
            continue
        if not any(_arrived(item) for item in towards[host]):
            yield host, fault(unseen_code(observed), host, detail=observed.detail)


def _arrived(item: Item) -> bool:
    """Whether it was the host that answered, or may have been the host that refused."""
    if item.verdict.grade == "refused":
        return item.code != "rejected"
    return item.holds or item.verdict.grade in SERVED


def _holder(place: Place, found: Mapping[str, Fault], facts: Mapping[str, Observation]) -> str:
    """The dead host that must have held a virtual IP, as none that was seen does; or empty."""
    members = [facts.get(name) for name in place.hosts]
    if any(isinstance(one, HostFacts) and addressing.is_at(one, place) for one in members):
        return ""
    return next((name for name in place.hosts if name in found), "")


def _isolated(items: Sequence[Item], facts: Mapping[str, Observation]) -> tuple[list[str], int]:
    """Hosts that were seen, and yet reach no service, nor anybody theirs; and how many there are.

    An echo is no service: what lets it through may stop all else.
    """
    tried = [
        item
        for item in items
        if item.path
        and not isinstance(item.check.expects, HasConnection)
        and (item.holds or item.code in ENDS or item.code == "own-firewall")
    ]
    places: dict[str, set[str]] = defaultdict(set)
    for place in {item.path[1].name: item.path[1] for item in tried if item.path}.values():
        for name in place.hosts:
            one = facts.get(name)
            if isinstance(one, HostFacts) and addressing.is_at(one, place):
                places[name].add(place.name)
    alone = []
    for host, names in sorted(places.items()):
        to = [item for item in tried if item.path and item.path[1].name in names]
        of = [item for item in tried if item.path and item.path[0] == host]
        peers = {item.path[0] for item in to if item.path}
        if len(peers) > 1 and of and not any(_through(item) for item in (*to, *of)):
            alone.append(host)
    return alone, len(places)


def _through(item: Item) -> bool:
    """Whether it came further than a firewall: to be seen arriving does not mean that."""
    if item.verdict.grade == "refused":
        return item.code != "rejected"
    return item.verdict.grade in SERVED - {"delivered"}
