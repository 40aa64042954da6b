"""Expand the rows of the tables over the hosts of a cluster."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

import msgspec

from pytest_portaswitch.cluster.model import Accepted, Cluster
from pytest_portaswitch.plan import (
    binding,
    hygiene,
    left_out,
    not_in_use,
    ports,
    redundancy,
    replicas,
    undeclared,
    undescribed,
    writers,
)
from pytest_portaswitch.plan.check import Check
from pytest_portaswitch.plan.effective import EffectiveRow, effective_rows
from pytest_portaswitch.plan.left_out import Unexpanded, Unheld, Unreached
from pytest_portaswitch.plan.not_in_use import Unused
from pytest_portaswitch.source.problem import BadInput, Problem
from pytest_portaswitch.tables.row import Tables

MOST_CHECKS = 500_000


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """All checks of one cluster, sorted by id, with the rows that yield none."""

    cluster: str
    release: str
    checks: tuple[Check, ...]
    unexpanded: tuple[Unexpanded, ...]
    unreached: tuple[Unreached, ...] = ()
    """What is only looked at on its own host, since no other one is a peer; see ``left_out``."""
    not_in_use: tuple[Unused, ...] = ()
    """Rows that do not apply on some hosts, since the site does not use their subcomponent."""
    accepted: tuple[Accepted, ...] = ()
    """What the site accepts not to be assessed."""
    unheld: tuple[Unheld, ...] = ()
    """Roles that every installation has and no host of the cluster."""

    def check(self, check_id: str) -> Check | None:
        """The check of that id, or None."""
        return next((check for check in self.checks if check.id == check_id), None)


def expand(tables: Tables, cluster: Cluster) -> Plan:
    """Tables times cluster. Deterministic: the same input gives the same plan.

    Raises ``BadInput`` where there would be more checks than a machine can hold.
    """
    rows = effective_rows(tables, cluster)
    if _size(rows, tables, cluster) > MOST_CHECKS:
        rule = f"gives more than {MOST_CHECKS} checks"
        raise BadInput([Problem(cluster.file, 0, "hosts", "", rule, "divide the cluster")])
    checks = [check for effective in rows for check in _checks(effective, tables, cluster)]
    checks += binding.private_interface(tables, cluster, tuple(checks))
    checks += redundancy.checks_of(tables, cluster, tuple(checks))
    checks += not_in_use.checks_of(rows, tables, cluster)
    checks += undeclared.checks_of(tables, cluster, tuple(checks))
    checks += hygiene.checks_of(cluster)
    checks += undescribed.checks_of(cluster)
    checks = writers.marked(_distinct(checks), rows, cluster)
    checks = hygiene.restarts_warned(checks, cluster)
    unused = tuple(not_in_use.unused(rows, tables, cluster, _checks))
    return Plan(
        cluster=cluster.name,
        release=cluster.release,
        checks=tuple(sorted(checks, key=lambda check: check.id)),
        unexpanded=tuple(left_out.unexpanded(rows, tables, cluster, checks, unused)),
        unreached=tuple(left_out.unreached(rows, tables, cluster, checks)),
        not_in_use=unused,
        accepted=cluster.accepted,
        unheld=tuple(left_out.unheld(tables, cluster)),
    )


def _size(rows: Iterable[EffectiveRow], tables: Tables, cluster: Cluster) -> int:
    """How many checks the rows give, rather too many: all ports of all pairs of hosts."""
    held = Counter(role for host in cluster.hosts.values() for role in host.roles)
    size = sum(len(entry.hosts or cluster.hosts) for entry in cluster.not_in_use)
    for effective in rows:
        own = tables.subcomponents.get(effective.row.subcomponent)
        pairs = max(1, sum(held[role] for role in own.roles)) if own else 1
        pairs *= max(1, sum(held[role] for role in effective.row.peers) + len(effective.peer_hosts))
        size += pairs * (len(effective.row.ports) if effective.row.demand == "all" else 1)
    return size


def _checks(effective: EffectiveRow, tables: Tables, cluster: Cluster) -> Iterator[Check]:
    if effective.row.rule == "port":
        yield from ports.checks_of_row(effective, tables, cluster)
        yield from replicas.checks_of_row(effective, tables, cluster)
    elif effective.row.rule == "configuration-connection":
        yield from binding.configuration_connection(effective, cluster)


def _distinct(checks: Iterable[Check]) -> list[Check]:
    """Make every id stand once.

    A process is looked for once, however many rows speak of it, and so is a replica. Where two
    rows meet on the same hosts and port (one server is both main and replica DB), all that clash
    get the last part of their row's id, so that an id does not depend on the order of the rows.
    """
    once: dict[str, Check] = {}
    others: list[Check] = []
    for check in checks:
        if check.kind in ("process", "read-only"):
            once.setdefault(check.id, check)
        else:
            others.append(check)
    count = Counter(check.id for check in others)
    return list(once.values()) + [
        msgspec.structs.replace(check, id=f"{check.id}:{check.row.rpartition('.')[2]}")
        if count[check.id] > 1
        else check
        for check in others
    ]
