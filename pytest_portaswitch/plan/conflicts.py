"""Ports that a plan demands twice at one address: the cluster file is mistaken."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator, Sequence

from pytest_portaswitch.cluster.model import Cluster
from pytest_portaswitch.plan.check import Listens, Ports
from pytest_portaswitch.plan.expand import Plan
from pytest_portaswitch.source.problem import Problem
from pytest_portaswitch.tables.row import Tables

_Pair = tuple[Listens, Listens]


def conflicts(cluster: Cluster, plan: Plan, tables: Tables) -> Iterator[Problem]:
    """A problem for each two subcomponents that are to listen on one port of one address.

    Two that have the same process pattern are one process, which may serve both.
    """
    at: dict[tuple[str, str], dict[tuple[str, Ports], Listens]] = defaultdict(dict)
    for check in plan.checks:
        expects = check.expects
        if isinstance(expects, Listens):
            where = (expects.place.address, _socket(expects.ports))
            at[where].setdefault((expects.server, expects.ports), expects)
    found: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    pairs: dict[tuple[str, str, str], _Pair] = {}
    for demands in at.values():
        for one, other in _clashing(list(demands.values())):
            first, second = sorted((one, other), key=lambda each: each.server)
            key = (first.place.name, first.server, second.server)
            found[key].append(_narrower(one.ports, other.ports).words)
            pairs[key] = first, second
    for key, ports in found.items():
        yield _problem(cluster, tables, pairs[key], sorted(set(ports)))


def _clashing(demands: Sequence[Listens]) -> Iterator[_Pair]:
    for one, other in itertools.combinations(demands, 2):
        if one.server == other.server or one.process.match == other.process.match:
            continue
        if _clash(one.ports, other.ports, demands) or _clash(other.ports, one.ports, demands):
            yield one, other


def _clash(one: Ports, other: Ports, demands: Sequence[Listens]) -> bool:
    """Whether ``other`` demands a port of ``one``: of several, when all are demanded."""
    if one.demand == "range":
        return other.demand == "range" and one.numbers[0] <= other.numbers[-1] <= one.numbers[-1]
    demanded = [number for number in one.numbers if _holds(other, number)]
    return bool(demanded) and all(
        any(_holds(each.ports, number) for each in demands if each.ports != one)
        for number in one.numbers
        if number not in demanded
    )


def _holds(ports: Ports, number: int) -> bool:
    """Whether a port is surely demanded."""
    return ports.demand != "one" and ports.numbers[0] <= number <= ports.numbers[-1]


def _narrower(one: Ports, other: Ports) -> Ports:
    return min(one, other, key=lambda ports: ports.numbers[-1] - ports.numbers[0])


def _socket(ports: Ports) -> str:
    return "udp" if ports.transport == "udp" else "tcp"


def _problem(cluster: Cluster, tables: Tables, pair: _Pair, ports: Sequence[str]) -> Problem:
    one, other = pair
    absent = next((e.server for e in pair if tables.subcomponents[e.server].optional), one.server)
    place = one.place
    shared = next((vip for vip in cluster.virtual_ips if vip.name == place.name), None)
    line = shared.line if shared else cluster.hosts[place.hosts[0]].line
    where = f", hosts: [{place.name}]" if shared is None else ""
    return Problem(
        file=cluster.file,
        line=line,
        where=f"{'virtual_ips' if shared else 'hosts'}.{place.name}",
        value="",
        rule=f"{one.server} and {other.server} are both to listen on {', '.join(ports)} at "
        f"{place.address}",
        fix=f"where one of them is not used, write not_in_use: [{{subcomponent: {absent}{where}, "
        "reason: ...}]; where one has another port, an override of its row; where one has an "
        "address of its own, a virtual IP that serves it; where one process serves both, the same "
        "match for both in processes",
    )
