"""What the tables speak of and a plan does not check in this cluster, and why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

import msgspec

from pytest_portaswitch.cluster.model import Cluster
from pytest_portaswitch.plan.check import CannotAssess, Check, Listens, Place, Reaches
from pytest_portaswitch.plan.effective import EffectiveRow
from pytest_portaswitch.plan.not_in_use import Unused
from pytest_portaswitch.plan.places import hosts_running, hosts_with
from pytest_portaswitch.tables.row import Tables


class Unexpanded(msgspec.Struct, frozen=True, kw_only=True):
    """A row that yields no check in this cluster, and why."""

    row: str
    why: str


class Unreached(msgspec.Struct, frozen=True, kw_only=True):
    """A row that yields checks, but nobody who tries to reach what it speaks of, and why."""

    row: str
    place: str
    """The host or virtual IP that nobody tries to reach; empty: there is none to be reached."""
    why: str


class Unheld(msgspec.Struct, frozen=True, kw_only=True):
    """A role that every installation has and no host of the cluster: nothing of it is checked."""

    role: str
    reason: str = ""
    """Why the site accepts that; empty: it does not say so."""


def unheld(tables: Tables, cluster: Cluster) -> Iterator[Unheld]:
    """In the order of the tables.

    None while the file does not say what a host is: it may be the one, and with it no cluster is
    ready.
    """
    if cluster.undescribed:
        return
    reasons = {entry.role: entry.reason for entry in cluster.accepted if entry.role}
    for role in tables.expected_roles:
        if not cluster.hosts_of(role):
            yield Unheld(role=role, reason=reasons.get(role, ""))


def unexpanded(
    rows: Sequence[EffectiveRow],
    tables: Tables,
    cluster: Cluster,
    checks: Sequence[Check],
    unused: Sequence[Unused],
) -> Iterator[Unexpanded]:
    """Read off the final checks: a row may yield only what another one has looked for already.

    What the site does not use is told apart.
    """
    planned = {check.row for check in checks}
    planned |= {
        one.row
        for one in unused
        if not hosts_running(cluster, tables.subcomponents[one.subcomponent])
    }
    for effective in rows:
        if effective.row.id not in planned:
            why = _why_nothing(effective, tables, cluster)
            yield Unexpanded(row=effective.row.id, why=why)


def unreached(
    rows: Sequence[EffectiveRow], tables: Tables, cluster: Cluster, checks: Sequence[Check]
) -> Iterator[Unreached]:
    """Of each row that gives ports: where it has a listener and no peer, or no listener at all."""
    by_row: dict[str, list[Check]] = defaultdict(list)
    for check in checks:
        by_row[check.row].append(check)
    for effective in rows:
        row, expected = effective.row, [check.expects for check in by_row[effective.row.id]]
        if row.rule != "port" or any(isinstance(one, CannotAssess) for one in expected):
            continue
        reached = {one.destination.name for one in expected if isinstance(one, Reaches)}
        places = dict.fromkeys(one.place for one in expected if isinstance(one, Listens))
        if expected and not places and not reached:
            yield Unreached(row=row.id, place="", why=_why_no_peer(effective, cluster))
        for place in places:
            if place.name not in reached:
                why = _why_nobody(effective, tables, cluster, place)
                yield Unreached(row=row.id, place=place.name, why=why)


def _why_nothing(effective: EffectiveRow, tables: Tables, cluster: Cluster) -> str:
    row = effective.row
    if row.rule == "configuration-connection":
        return "no host holds the role configuration, or there is no other host"
    if row.rule == "private-interface":
        return "no host has a peer"
    roles = tables.subcomponents[row.subcomponent].roles
    if not any(cluster.hosts_of(role) for role in roles):
        return f"no host holds the role {' or '.join(roles)}"
    return _why_no_peer(effective, cluster)


def _why_no_peer(effective: EffectiveRow, cluster: Cluster) -> str:
    peers = (*effective.row.peers, *effective.peer_hosts)
    if not peers:
        return "it names no peer"
    holders = {host.name for host in hosts_with(cluster, effective.row.peers)}
    holders |= set(effective.peer_hosts)
    if holders:
        return f"its only peers are where it is itself: {', '.join(sorted(holders))}"
    return f"no host holds the role of a peer: {' or '.join(peers)}"


def _why_nobody(effective: EffectiveRow, tables: Tables, cluster: Cluster, place: Place) -> str:
    if effective.row.direction == "incoming":
        return _why_no_peer(effective, cluster)
    roles = tables.subcomponents[effective.row.subcomponent].roles
    return f"no host but {', '.join(place.hosts)} holds the role {' or '.join(roles)}"
