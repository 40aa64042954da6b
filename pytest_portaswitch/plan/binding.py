"""The two sentences of the vendor's page that bind like rows.

The Configuration server must have a connection with every other server over the private
network, and the servers use that same private interface among each other.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence

from pytest_portaswitch.cluster.model import Cluster, Host
from pytest_portaswitch.plan.check import Check, HasConnection, Reaches, UsesPrivate
from pytest_portaswitch.plan.effective import EffectiveRow
from pytest_portaswitch.plan.places import place_of
from pytest_portaswitch.tables.row import Tables

SSH_PORT = 22


def configuration_connection(effective: EffectiveRow, cluster: Cluster) -> Iterator[Check]:
    """One check from each configuration server to each other host."""
    row = effective.row
    for source in cluster.hosts_of("configuration"):
        for host in cluster.hosts.values():
            if host.name == source.name:
                continue
            yield Check(
                id=f"private-network:{source.name}:{host.name}:configuration-server",
                kind="private-network",
                row=row.id,
                host=source.name,
                peer=host.name,
                subcomponent="configuration-server",
                title=f"Configuration server {source.name} reaches {host.name} at its "
                f"private address {host.private}",
                confidence=row.confidence,
                notes=effective.notes,
                expects=HasConnection(
                    source=source.name,
                    destination=place_of(host),
                    login_port=host.login.port or SSH_PORT,
                ),
            )


def private_interface(tables: Tables, cluster: Cluster, checks: Sequence[Check]) -> Iterator[Check]:
    """One check for each host that has peers: all its routes to them are private.

    Of a host without any there is one where its roles or addresses are to be warned of.
    """
    row = next((row for row in tables.rows if row.rule == "private-interface"), None)
    if row is None:
        return
    peers: dict[str, set[str]] = {name: set() for name in cluster.hosts}
    for check in checks:
        if isinstance(check.expects, (Reaches, HasConnection)):
            source, members = check.expects.source, check.expects.destination.hosts
            for member in set(members) - {source}:
                peers[source].add(member)
                peers[member].add(source)
    for name, others in peers.items():
        host = cluster.hosts[name]
        expects = UsesPrivate(
            host=name,
            address=host.private,
            peers={other: cluster.hosts[other].private for other in sorted(others)},
            shared=_shared(tables, host),
            reserved={
                address: network
                for address in (host.private, host.public)
                if (network := reserved_network(tables, address))
            },
        )
        if not (others or expects.shared or expects.reserved):
            continue
        yield Check(
            id=f"private-network:{name}:private-interface",
            kind="private-network",
            row=row.id,
            host=name,
            subcomponent="private-interface",
            title=f"{name} talks to its {len(others)} peers over its private interface"
            if others
            else f"{name} holds its private address",
            confidence=row.confidence,
            notes=tuple(note for note in (row.oddity, row.assumption) if note),
            expects=expects,
        )


def _shared(tables: Tables, host: Host) -> dict[str, tuple[str, ...]]:
    """The host's roles that are to have one of their own, with what shares it."""
    found = {
        role: tuple(other for other in host.roles if other not in (role, *allowed))
        for role, allowed in tables.shared_with.items()
        if role in host.roles
    }
    return {role: others for role, others in found.items() if others}


def reserved_network(tables: Tables, address: str) -> str:
    """The network that PortaSwitch keeps for itself in which an address lies, or empty."""
    if not address:
        return ""
    wanted = ipaddress.ip_address(address)
    networks = (ipaddress.ip_network(each.network) for each in tables.reserved_networks)
    return next((str(network) for network in networks if wanted in network), "")
