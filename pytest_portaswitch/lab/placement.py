"""Which daemon runs where and listens on what: topology x services, without any side effect."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from pytest_portaswitch.lab.services import Service, Transport
from pytest_portaswitch.lab.topology import HostSpec, Topology

ANY = "0.0.0.0"  # noqa: S104 -- sshd of a lab host listens everywhere, as sshd does

_BOUND = {"any": ANY, "loopback": "127.0.0.1"}


@dataclass(frozen=True)
class Endpoint:
    """One port of a daemon and the addresses that it is bound to there."""

    transport: Transport
    port: int
    addresses: tuple[str, ...]

    @property
    def socket(self) -> str:
        """What the kernel knows it by: ``udp`` or ``tcp``."""
        return "udp" if self.transport == "udp" else "tcp"

    def __str__(self) -> str:
        return f"{self.transport}/{self.port}"


@dataclass(frozen=True)
class Daemon:
    """One daemon on one host."""

    name: str
    host: str
    service: Service
    endpoints: tuple[Endpoint, ...]

    @property
    def kind(self) -> str:
        """The name of the module that runs it."""
        return self.service.kind

    def __str__(self) -> str:
        return f"{self.name} on {self.host}"

    def moved(self, *, address: str = "", ports: dict[int, int] | None = None) -> Daemon:
        """The same daemon, bound to another address or to other ports."""
        endpoints = tuple(
            Endpoint(
                endpoint.transport,
                (ports or {}).get(endpoint.port, endpoint.port),
                (address,) if address else endpoint.addresses,
            )
            for endpoint in self.endpoints
        )
        return replace(self, endpoints=endpoints)

    def without(self, dropped: Endpoint) -> Daemon:
        """The same daemon, no longer listening on one of its ports."""
        return replace(self, endpoints=tuple(e for e in self.endpoints if e != dropped))


def place(topology: Topology) -> tuple[Daemon, ...]:
    """All daemons of a lab, host by host."""
    return tuple(daemon for host in topology.hosts for daemon in _on(host, topology))


def _on(host: HostSpec, topology: Topology) -> Iterator[Daemon]:
    services = topology.services.of(host.roles)
    for service in services:
        others = {port for other in services if other != service for port in _sockets(other)}
        addresses = _addresses(service, host, topology, contested=bool(_sockets(service) & others))
        endpoints = tuple(Endpoint(item.transport, item.port, addresses) for item in service.listen)
        yield Daemon(service.name, host.name, service, endpoints)


def _sockets(service: Service) -> set[tuple[bool, int]]:
    return {(item.transport == "udp", item.port) for item in service.listen}


def _addresses(
    service: Service, host: HostSpec, topology: Topology, *, contested: bool
) -> tuple[str, ...]:
    if service.bind in _BOUND:
        return (_BOUND[service.bind],)
    virtual = tuple(
        vip.address
        for vip in topology.virtual_ips
        if host.name in vip.hosts and service.subcomponent in vip.serves
    )
    # Where two daemons of a host have one port, the virtual IP is all that tells them apart.
    return virtual if virtual and contested else (*virtual, host.private)
