"""The shapes of a cluster file after it was read and found good."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import msgspec

from pytest_portaswitch.tables.row import (
    Direction,
    HoldsItsConnection,
    ProcessPattern,
    Service,
    Transport,
)

Question = Literal["", "access-request", "bind"]
"""What is asked of a service instead of the question that changes nothing; empty: that one."""

Database = Literal["mysql", "oracle"]
"""The engine of the DB servers. The rows of the tables speak of MySQL; ``oracle`` puts them out of
scope, which the plan says."""


class SecretRef(msgspec.Struct, frozen=True, kw_only=True):
    """Where a secret is kept; never the secret. Exactly one of the two is set."""

    env: str = ""
    file: str = ""


class Login(msgspec.Struct, frozen=True, kw_only=True):
    """How to reach one host: the cluster's ``ssh`` settings with the host's own laid over."""

    connection: str = "ssh"
    """``ssh``, ``local``, or a testinfra host specification such as ``docker://db1``."""
    address: str
    """What ssh connects to: a name of the ssh config, a host name or an address."""
    user: str = ""
    port: int | None = None
    config: str | None = None
    """A file of ssh's configuration: absolute, or in evidence with ``~`` for the home."""
    key: str | None = None
    jump: str = ""
    known_hosts: str | None = None
    sudo: bool = False
    sudo_password: SecretRef | None = None


class Host(msgspec.Struct, frozen=True, kw_only=True):
    """One server of the cluster."""

    name: str
    private: str
    """Address on the private network, IPv4 or IPv6."""
    public: str = ""
    roles: tuple[str, ...]
    """What the host is for, in the tables' words. Empty: the file says that they are unknown."""
    mysql: tuple[int, ...] = ()
    """The pinned port(s) of a DB host; empty: not pinned."""
    database: Database = "mysql"
    """The host's own, or else the cluster's; of interest on DB hosts."""
    login: Login
    line: int = 0


class VirtualIp(msgspec.Struct, frozen=True, kw_only=True):
    """An address that exactly one of ``hosts`` holds, and the subcomponents listening on it."""

    name: str
    address: str
    hosts: tuple[str, ...]
    serves: tuple[str, ...]
    standby: dict[str, str] = {}
    """What a host that does not hold the address has of each subcomponent: ``running``, or the
    absolute path of a program that is installed. Subcomponents that are left out: not known."""
    line: int = 0


LeastGrade = Literal["", "connected", "delivered"]
"""What a site that wants plain reachability demands at most of each row; empty: what the rows do.
Nothing connects over UDP, so that only ``delivered`` lowers what is demanded there."""


class Override(msgspec.Struct, frozen=True, kw_only=True):
    """A site's deviation from one row of the tables."""

    row: str
    reason: str
    ports: tuple[int, ...] = ()
    transport: Transport | None = None
    protocol: str = ""
    direction: Direction | None = None
    peers: tuple[str, ...] | None = None
    connection: HoldsItsConnection = ""
    grade: LeastGrade = ""
    """With how little proof the site is content there; empty: what the row demands."""
    line: int = 0

    @property
    def deviates(self) -> bool:
        """Whether it says something else of the row than the grade."""
        given = (self.ports, self.transport, self.protocol, self.direction, self.connection)
        return any(given) or self.peers is not None


def least_of(grades: Iterable[LeastGrade]) -> LeastGrade:
    """The lowest of the grades with which a site is content; empty: it names none."""
    grades = set(grades)
    return "delivered" if "delivered" in grades else "connected" if "connected" in grades else ""


class Waiver(msgspec.Struct, frozen=True, kw_only=True):
    """A failure that the site excuses until the end of a day, UTC."""

    check: str
    """A shell-style pattern over check ids, such as ``listener:sip1:*``."""
    reason: str
    owner: str
    until: datetime.date
    line: int = 0


class NotInUse(msgspec.Struct, frozen=True, kw_only=True):
    """A subcomponent that the site does not use: no check of it is planned."""

    subcomponent: str
    hosts: tuple[str, ...] = ()
    """Where it is not used; empty: nowhere in the cluster."""
    reason: str
    line: int = 0


class Accepted(msgspec.Struct, frozen=True, kw_only=True):
    """What the site accepts not to be assessed: a subcomponent, a row or a role."""

    subcomponent: str = ""
    row: str = ""
    role: str = ""
    """One that every installation has, and no host of the file."""
    places: tuple[str, ...] = ()
    """Hosts and virtual IPs; empty: wherever it is."""
    reason: str
    line: int = 0

    @property
    def name(self) -> str:
        """The subcomponent, the row or the role."""
        return self.subcomponent or self.row or self.role


Severity = Literal["note", "warn", "fail"]
"""``note`` is shown as evidence only."""


class Undeclared(msgspec.Struct, frozen=True, kw_only=True):
    """How grave it is that something listens which nobody declared, by where it is reached."""

    public: Severity = "warn"
    private: Severity = "note"


HygieneCheck = Literal["clock", "disk", "mtu", "release"]


class Hygiene(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds of what an upgrade stumbles over."""

    clock: int = 5
    """Seconds by which a host's clock may differ from the others'."""
    disk_free: int = 10
    """Percent of each file system that must be free."""
    inodes_free: int = 10
    """The same for inodes."""
    restarted_hours: int = 0
    """Within how many hours a process that was started anew is warned of; 0: never, as in evidence
    of older versions. A cluster file that says nothing has ``settings.UNSAID``."""
    fail: tuple[HygieneCheck, ...] = ()
    """What fails; the others warn."""


class Replica(msgspec.Struct, frozen=True, kw_only=True):
    """How the replica DB servers may be asked. The password is the secret ``mysql``."""

    account: str = ""
    """That may look; empty: nobody can tell whether they refuse writes."""
    lag: int = 60
    """Seconds by which they may be behind their source."""


class TlsName(msgspec.Struct, frozen=True, kw_only=True):
    """The name that a certificate must bear."""

    subcomponent: str
    """The one that serves it."""
    place: str = ""
    """The host or virtual IP where it does; empty: wherever no other entry says more."""
    name: str
    """A host name or an address."""
    line: int = 0


class Tls(msgspec.Struct, frozen=True, kw_only=True):
    """What the site expects of certificates."""

    names: tuple[TlsName, ...] = ()
    authorities: tuple[str, ...] = ()
    """Certificates in PEM form. Without any, nobody is asked whom to trust."""
    warn_days: int = 14
    """A certificate that expires within so many days is warned of."""

    def name(self, subcomponent: str, place: str) -> str:
        """The name declared for what a subcomponent serves at a place, or empty."""
        own = {n.place: n.name for n in self.names if n.subcomponent == subcomponent}
        return own.get(place) or own.get("", "")


class Questions(msgspec.Struct, frozen=True, kw_only=True):
    """What services are asked. The first word of each is what is asked unless the site says."""

    radius: Literal["status-server", "access-request"] = "status-server"
    smpp: Literal["enquire-link", "bind"] = "enquire-link"

    def of(self, protocol: str) -> Question:
        """What the site has asked instead of the usual question of a protocol."""
        if protocol == "radius" and self.radius == "access-request":
            return self.radius
        return self.smpp if protocol == "smpp" and self.smpp == "bind" else ""


class Cluster(msgspec.Struct, frozen=True, kw_only=True):
    """One installation."""

    name: str
    file: str
    """The path as the user gave it."""
    release: str = ""
    hosts: dict[str, Host]
    """By name, in the order of the file."""
    undescribed: tuple[str, ...] = ()
    """Hosts of which the file says that their private address is unknown: nobody looks at them."""
    virtual_ips: tuple[VirtualIp, ...] = ()
    processes: dict[str, ProcessPattern] = {}
    """Subcomponent to the pattern that the site pins."""
    secrets: dict[str, SecretRef] = {}
    overrides: tuple[Override, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    tables: tuple[Path, ...] = ()
    """The site's own table files, resolved against the cluster file's folder."""
    networks: dict[str, str] = {}
    """``private`` and ``public`` as CIDR, where declared."""
    database: Database = "mysql"
    services: tuple[Service, ...] = ()
    """Expected besides those of the tables, whose names they may take over."""
    undeclared: Undeclared = Undeclared()
    hygiene: Hygiene = Hygiene()
    replica: Replica = Replica()
    tls: Tls = Tls()
    grade: LeastGrade = ""
    questions: Questions = Questions()
    not_in_use: tuple[NotInUse, ...] = ()
    accepted: tuple[Accepted, ...] = ()

    @property
    def lowered(self) -> LeastGrade:
        """With how little proof the site is content, of all rows or of some; empty: of none."""
        return least_of((self.grade, *(override.grade for override in self.overrides)))

    def hosts_of(self, role: str) -> tuple[Host, ...]:
        """The hosts that hold a role, in the order of the file."""
        return tuple(host for host in self.hosts.values() if role in host.roles)

    def hosts_without(self, subcomponent: str) -> frozenset[str]:
        """The names of the hosts where a subcomponent is not in use, whatever their roles."""
        entries = [one for one in self.not_in_use if one.subcomponent == subcomponent]
        return frozenset(name for one in entries for name in one.hosts or self.hosts)
