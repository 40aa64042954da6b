"""What every daemon of a lab may need to know: the topology, who runs where, and the secrets."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass

from pytest_portaswitch.lab.placement import Daemon, place
from pytest_portaswitch.lab.topology import HostSpec, Topology, VirtualIpSpec

DATABASE_ACCOUNT = "audit"
"""An account that may look and not touch, for the audit of the replica."""


@dataclass(frozen=True)
class Secrets:
    """Made anew for each lab."""

    database: str
    replication: str
    audit: str
    radius: str
    sudo: str

    @classmethod
    def new(cls) -> Secrets:
        """Random ones, of characters that mean nothing in any configuration or command line."""
        return cls(*(secrets.token_hex(16) for _ in range(5)))


@dataclass(frozen=True)
class Site:
    """One lab, as its daemons' configuration sees it."""

    topology: Topology
    daemons: tuple[Daemon, ...]
    secrets: Secrets

    @classmethod
    def of(cls, topology: Topology, secrets_: Secrets) -> Site:
        """The site of a topology where nothing is broken."""
        return cls(topology, place(topology), secrets_)

    def on(self, host: str) -> tuple[Daemon, ...]:
        """The daemons of a host."""
        return tuple(daemon for daemon in self.daemons if daemon.host == host)

    def daemon(self, host: str, name: str) -> Daemon | None:
        """One daemon, or None when the host has no such daemon."""
        return next((daemon for daemon in self.on(host) if daemon.name == name), None)

    def databases(self, roles: tuple[str, ...]) -> tuple[Daemon, ...]:
        """The database servers of these roles."""
        return tuple(
            daemon
            for role in roles
            for daemon in self.daemons
            if daemon.kind == "mariadb" and daemon.service.subcomponent == role
        )

    def front(self, daemon: Daemon) -> Daemon:
        """Who takes connections for a daemon: a proxy of its host, or itself."""
        others = (other for other in self.on(daemon.host) if other.service.fronts == daemon.name)
        return next(others, daemon)

    def clients(self, role: str) -> tuple[HostSpec, ...]:
        """The hosts with a daemon that stays logged in to the database of that role."""
        names = {daemon.host for daemon in self.daemons if role in daemon.service.connects}
        return tuple(host for host in self.topology.hosts if host.name in names)

    def virtual_ips_of(self, host: str) -> Iterator[VirtualIpSpec]:
        """Those that the host is a member of."""
        return (vip for vip in self.topology.virtual_ips if host in vip.hosts)

    def certified(self, host: str) -> tuple[list[str], list[str]]:
        """The names and addresses that a host's certificate is for."""
        vips = list(self.virtual_ips_of(host))
        names = [host, f"{host}.lab"]
        for vip in vips:
            names += [vip.name, f"{vip.name}.lab"]
        return names, [self.topology.host(host).private, *(vip.address for vip in vips)]
