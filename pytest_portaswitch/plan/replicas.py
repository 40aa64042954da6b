"""The check of each replica DB server that a row asks with SELECT only: it refuses writes."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_portaswitch.cluster.model import Cluster, Host
from pytest_portaswitch.plan.check import Check, Ports, RefusesWrites
from pytest_portaswitch.plan.effective import EffectiveRow
from pytest_portaswitch.plan.places import hosts_running, hosts_with, place_of
from pytest_portaswitch.tables.row import Row, Tables


def checks_of_row(effective: EffectiveRow, tables: Tables, cluster: Cluster) -> Iterator[Check]:
    """One for each server by itself, also behind a virtual IP; rows that agree yield the same."""
    row = effective.row
    if not row.select_only or row.direction != "outgoing":
        return
    clients = hosts_running(cluster, tables.subcomponents[row.subcomponent])
    named = {host.name for host in hosts_with(cluster, row.peers)} | set(effective.peer_hosts)
    writers = _written_to(row, tables)
    for host in cluster.hosts.values() if clients else ():
        is_read = host.name in named and not writers & set(host.roles)
        if is_read and host.database == "mysql":
            yield _check(effective, tables, cluster, clients, host)


def _written_to(row: Row, tables: Tables) -> set[str]:
    """Roles that others write to: such a server cannot be read-only, whatever else it is."""
    return {
        role
        for other in tables.rows
        if other.serves and other.serves == row.serves and not other.select_only
        for role in other.peers
    }


def _check(
    effective: EffectiveRow,
    tables: Tables,
    cluster: Cluster,
    clients: tuple[Host, ...],
    host: Host,
) -> Check:
    row = effective.row
    server = tables.subcomponents[row.serves].title if row.serves else "the server"
    numbers = host.mysql or row.ports
    ports = Ports(transport="tcp", numbers=numbers, demand="one" if len(numbers) > 1 else "all")
    # From a host that the tables let reach it, as any other might be blocked.
    source = next((client for client in clients if client.name != host.name), host)
    return Check(
        id=f"read-only:{host.name}:{row.serves or 'server'}:{ports.label}",
        kind="read-only",
        row=row.id,
        host=host.name,
        subcomponent=row.subcomponent,
        transport="tcp",
        port=numbers[0],
        title=f"{server} on {host.name} refuses writes and follows its source",
        purpose=row.purpose,
        confidence=row.confidence,
        notes=effective.notes,
        expects=RefusesWrites(
            source=source.name,
            destination=place_of(host),
            ports=ports,
            account=cluster.replica.account,
            lag=cluster.replica.lag,
        ),
    )
