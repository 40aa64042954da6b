"""Nothing listens on a host but what somebody declared."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

import msgspec

from pytest_portaswitch.cluster.model import Cluster, Host
from pytest_portaswitch.plan.binding import SSH_PORT
from pytest_portaswitch.plan.check import (
    Check,
    Declared,
    IsNotInUse,
    Listens,
    NothingElse,
    Place,
    Ports,
    Reaches,
)
from pytest_portaswitch.tables.pattern import of_program
from pytest_portaswitch.tables.row import ProcessPattern, Service, ServicePorts, Tables


def checks_of(tables: Tables, cluster: Cluster, checks: Sequence[Check]) -> Iterator[Check]:
    """One check for each host. ``checks`` are those of the rows: their ports are declared."""
    declared = _declared(checks)
    services = _services(tables, cluster)
    for host in cluster.hosts.values():
        yield Check(
            id=f"undeclared:{host.name}:sockets",
            kind="undeclared",
            row="",
            host=host.name,
            subcomponent="sockets",
            title=f"Nothing listens on {host.name} but what the tables or the site declare",
            confidence="site",
            expects=NothingElse(
                host=host.name,
                declared=tuple(dict.fromkeys(declared[host.name])),
                services=(*_login(host), *(s for s in services if _is_for(s, host))),
                private=_networks(cluster, "private", host.private),
                public=_networks(cluster, "public", host.public),
                severity=cluster.undeclared,
                known=tables.known_ports,
            ),
        )


def _declared(checks: Sequence[Check]) -> dict[str, list[Declared]]:
    """By host, what the rows demand there; a peer of unknown make is reached all the same."""
    found: dict[str, list[Declared]] = defaultdict(list)
    for check in checks:
        expects = check.expects
        if isinstance(expects, Listens):
            _add(found, expects.place, expects.ports, expects.process)
        elif isinstance(expects, IsNotInUse):
            # Of these its own check speaks.
            found[expects.host] += (
                msgspec.structs.replace(entry, process=expects.process) for entry in expects.ports
            )
    for check in checks:
        expects = check.expects
        if isinstance(expects, Reaches):
            _add(found, expects.destination, expects.ports, None)
    return found


def _add(
    found: dict[str, list[Declared]],
    place: Place,
    ports: Ports,
    process: ProcessPattern | None,
) -> None:
    transport = ports.transport
    ends = (
        [ports.numbers]
        if ports.demand == "range"
        else [(number, number) for number in ports.numbers]
    )
    for name in place.hosts:
        for numbers in ends:
            entry = Declared(
                transport="udp" if transport == "udp" else "tcp",
                first=numbers[0],
                last=numbers[-1],
                address=place.address,
                process=process,
            )
            known = process is None and any(_same_ports(entry, other) for other in found[name])
            if not known:
                found[name].append(entry)


def _same_ports(one: Declared, other: Declared) -> bool:
    return (one.transport, one.first, one.last, one.address) == (
        other.transport,
        other.first,
        other.last,
        other.address,
    )


def _services(tables: Tables, cluster: Cluster) -> tuple[Service, ...]:
    """The reviewed ones with the site's, which may take over a name."""
    by_name = {service.name: service for service in (*tables.services, *cluster.services)}
    return tuple(by_name[name] for name in sorted(by_name))


def _is_for(service: Service, host: Host) -> bool:
    return not service.hosts or bool({host.name, *host.roles} & set(service.hosts))


def _login(host: Host) -> tuple[Service, ...]:
    """The port by which this audit logs in, where it is not the usual one."""
    port = host.login.port
    if port is None or port == SSH_PORT:
        return ()
    ports = ServicePorts(transport="tcp", first=port, last=port)
    name = of_program("sshd|systemd")
    reason = "the audit logs in there"
    return (Service(name="login", match=name, ports=(ports,), reason=reason, source="ssh"),)


def _networks(cluster: Cluster, kind: str, address: str) -> tuple[str, ...]:
    return tuple(words for words in (address, cluster.networks.get(kind, "")) if words)
