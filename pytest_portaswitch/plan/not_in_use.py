"""What the site does not use: no check of it is planned, but that it is indeed absent."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import msgspec

from pytest_portaswitch.cluster.model import Cluster, Host
from pytest_portaswitch.plan.check import Check, Declared, IsNotInUse
from pytest_portaswitch.plan.effective import EffectiveRow
from pytest_portaswitch.plan.places import hosts_with
from pytest_portaswitch.tables.row import Tables

ChecksOf = Callable[[EffectiveRow, Tables, Cluster], Iterator[Check]]


class Unused(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the tables that does not apply on some hosts, since the site does not use it."""

    row: str
    subcomponent: str
    hosts: tuple[str, ...]
    """Where it would apply, in the order of the cluster file."""
    reason: str
    optional: bool
    """Whether the tables know that an installation may do without the subcomponent."""
    checks: tuple[str, ...]
    """Ids of what is not planned for this reason, sorted; each stands with one row."""


def unused(
    rows: Sequence[EffectiveRow], tables: Tables, cluster: Cluster, checks_of: ChecksOf
) -> Iterator[Unused]:
    """Each row of each subcomponent that is not in use somewhere, in the order of the file."""
    for entry in cluster.not_in_use:
        subcomponent = tables.subcomponents[entry.subcomponent]
        hosts = tuple(
            host.name
            for host in hosts_with(cluster, subcomponent.roles)
            if not entry.hosts or host.name in entry.hosts
        )
        others = tuple(other for other in cluster.not_in_use if other != entry)
        used = msgspec.structs.replace(cluster, not_in_use=others)
        counted: set[str] = set()
        for effective in rows:
            if effective.row.subcomponent != entry.subcomponent:
                continue
            planned = {check.id for check in checks_of(effective, tables, cluster)}
            all_ids = {check.id for check in checks_of(effective, tables, used)}
            missing = all_ids - planned - counted
            counted |= missing
            yield Unused(
                row=effective.row.id,
                subcomponent=entry.subcomponent,
                hosts=hosts,
                reason=entry.reason,
                optional=subcomponent.optional,
                checks=tuple(sorted(missing)),
            )


def checks_of(rows: Sequence[EffectiveRow], tables: Tables, cluster: Cluster) -> Iterator[Check]:
    """One check for each host and subcomponent that is not in use there: it is absent."""
    for entry in cluster.not_in_use:
        subcomponent = tables.subcomponents[entry.subcomponent]
        others = {
            cluster.processes.get(name, other.process).match
            for name, other in tables.subcomponents.items()
            if name != entry.subcomponent
        }
        pattern = cluster.processes.get(entry.subcomponent, subcomponent.process)
        for host in hosts_with(cluster, subcomponent.roles):
            if entry.hosts and host.name not in entry.hosts:
                continue
            yield Check(
                id=f"undeclared:{host.name}:{entry.subcomponent}",
                kind="undeclared",
                row="",
                host=host.name,
                subcomponent=entry.subcomponent,
                title=f"{subcomponent.title} does not run on {host.name}, where the site does "
                "not use it",
                confidence="site",
                notes=(f"not in use: {entry.reason}",),
                expects=IsNotInUse(
                    host=host.name,
                    process=pattern,
                    ports=tuple(_ports(rows, entry.subcomponent, host)),
                    others=tuple(sorted(others - {pattern.match})),
                ),
            )


def _ports(rows: Sequence[EffectiveRow], subcomponent: str, host: Host) -> Iterator[Declared]:
    """Where it would listen. In a range of ports anybody's clients may be."""
    for effective in rows:
        row = effective.row
        if row.subcomponent != subcomponent or row.direction == "outgoing" or row.demand == "range":
            continue
        for number in row.ports:
            yield Declared(
                transport="udp" if row.transport == "udp" else "tcp",
                first=number,
                last=number,
                address=host.private,
            )
