"""Who depends on whom, and what has no second: the plan's interactions as a graph.

Services are what the rows' ports serve, with all places that serve the same; clients are the
hosts that need them, those alike put together, so that a hundred hosts make no larger graph than
ten.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Literal

import msgspec

from pytest_portaswitch.plan.check import Check, Place, Reaches

Redundancy = Literal["none", "virtual-ip", "several"]
"""``virtual-ip``: one serves, and others can take its address. ``several``: clients may choose."""


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """What one subcomponent serves, wherever it does."""

    id: str
    """Subcomponent and places, such as ``radius@bill1+bill2``."""
    subcomponent: str
    places: tuple[str, ...]
    """Hosts and virtual IPs, sorted."""
    hosts: tuple[str, ...]
    """The hosts, and of virtual IPs all members."""
    redundancy: Redundancy
    ports: tuple[str, ...]
    purposes: tuple[str, ...]
    rows: tuple[str, ...]


class Client(msgspec.Struct, frozen=True, kw_only=True):
    """Hosts that need the same services."""

    hosts: tuple[str, ...]
    subcomponents: tuple[str, ...]
    """What connects out; empty where the rows name only the hosts' roles."""
    needs: tuple[str, ...]
    """Ids of services."""


class Graph(msgspec.Struct, frozen=True, kw_only=True):
    """Clients and the services they need."""

    services: tuple[Service, ...]
    clients: tuple[Client, ...]


def dependencies(checks: Iterable[Check]) -> Graph:
    """The graph of a plan's checks. Deterministic, whatever their order."""
    reaching = [check for check in checks if isinstance(check.expects, Reaches)]
    services = _services(reaching)
    by_row = {row: service.id for service in services for row in service.rows}
    incoming: dict[str, set[str]] = defaultdict(set)
    outgoing: dict[tuple[str, str], set[str]] = defaultdict(set)
    for check in reaching:
        source = _reaches(check).source
        if check.host == source:
            outgoing[check.subcomponent, source].add(by_row[check.row])
        else:
            incoming[source].add(by_row[check.row])
    return Graph(services=services, clients=_clients(incoming, outgoing))


def _reaches(check: Check) -> Reaches:
    assert isinstance(check.expects, Reaches)
    return check.expects


def _services(reaching: Iterable[Check]) -> tuple[Service, ...]:
    by_row: dict[str, list[Check]] = defaultdict(list)
    for check in reaching:
        by_row[check.row].append(check)
    alike: dict[tuple[str, tuple[str, ...]], list[Check]] = defaultdict(list)
    for checks in by_row.values():
        places = tuple(sorted({_reaches(check).destination.name for check in checks}))
        expects = _reaches(checks[0])
        alike[expects.server or f"unnamed-{expects.ports.label}", places] += checks
    return tuple(_service(*key, alike[key]) for key in sorted(alike))


def _service(subcomponent: str, names: tuple[str, ...], checks: Iterable[Check]) -> Service:
    expects = [_reaches(check) for check in checks]
    places = {e.destination.name: e.destination for e in expects}
    return Service(
        id=f"{subcomponent}@{'+'.join(names)}",
        subcomponent=subcomponent,
        places=names,
        hosts=tuple(sorted({host for place in places.values() for host in place.hosts})),
        redundancy=_redundancy(list(places.values())),
        ports=tuple(sorted({e.ports.words for e in expects})),
        purposes=tuple(sorted({check.purpose for check in checks if check.purpose})),
        rows=tuple(sorted({check.row for check in checks})),
    )


def _redundancy(places: list[Place]) -> Redundancy:
    if len(places) > 1:
        return "several"
    return "virtual-ip" if len(places[0].hosts) > 1 else "none"


def _clients(
    incoming: dict[str, set[str]], outgoing: dict[tuple[str, str], set[str]]
) -> tuple[Client, ...]:
    hosts_of: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for host, needs in incoming.items():
        hosts_of[tuple(sorted(needs))].add(host)
    clients = [
        Client(hosts=tuple(sorted(hosts)), subcomponents=(), needs=needs)
        for needs, hosts in hosts_of.items()
    ]
    where: dict[tuple[str, tuple[str, ...]], set[str]] = defaultdict(set)
    for (subcomponent, host), needs in outgoing.items():
        where[subcomponent, tuple(sorted(needs))].add(host)
    alike: dict[tuple[tuple[str, ...], tuple[str, ...]], set[str]] = defaultdict(set)
    for (subcomponent, wanted), hosts in where.items():
        alike[tuple(sorted(hosts)), wanted].add(subcomponent)
    clients += [
        Client(hosts=hosts, subcomponents=tuple(sorted(subcomponents)), needs=wanted)
        for (hosts, wanted), subcomponents in alike.items()
    ]
    return tuple(sorted(clients, key=lambda c: (c.hosts, c.subcomponents, c.needs)))
