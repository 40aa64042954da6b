"""A check: one statement about the cluster that holds or does not.

It carries all that judging needs besides facts, so that the evidence alone proves a verdict.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from pytest_portaswitch.cluster.model import Question, Undeclared
from pytest_portaswitch.plan.place import Declared as Declared
from pytest_portaswitch.plan.place import Place as Place
from pytest_portaswitch.plan.place import Ports as Ports
from pytest_portaswitch.plan.place import Writes as Writes
from pytest_portaswitch.tables.ladder import Grade
from pytest_portaswitch.tables.row import Confidence, KnownPort, ProcessPattern, Service, Transport

Kind = Literal[
    "connection",
    "hygiene",
    "listener",
    "port-range",
    "private-network",
    "process",
    "reachability",
    "read-only",
    "redundancy",
    "tls",
    "undeclared",
]


class Listens(msgspec.Struct, frozen=True, kw_only=True, tag="listens", tag_field="type"):
    """The process listens on the ports, at the place's address or at any."""

    place: Place
    ports: Ports
    server: str
    """The subcomponent that listens; of an outgoing row, the one on the peer's side."""
    process: ProcessPattern
    restarted_hours: int = 0
    """If it was started anew within so many hours, that is a warning; 0: it never is."""


class Runs(msgspec.Struct, frozen=True, kw_only=True, tag="runs", tag_field="type"):
    """A process of the subcomponent runs on the host."""

    host: str
    process: ProcessPattern
    restarted_hours: int = 0
    """As of ``Listens``."""


class Reaches(msgspec.Struct, frozen=True, kw_only=True, tag="reaches", tag_field="type"):
    """From the source host, the port of the destination serves."""

    source: str
    destination: Place
    ports: Ports
    protocol: str
    least_grade: Grade
    server: str = ""
    """The subcomponent that answers there; empty where nobody can name it."""
    sample: tuple[int, ...] = ()  # of a range: the ports that are tried, ascending, and both ends
    client: ProcessPattern | None = None
    """Whose connection puts the port in use, where the row says that one is held."""
    question: Question = ""  # what the site has asked there instead of the usual one
    port_role: Literal["", "authentication", "accounting"] = ""
    writes: Writes | None = None  # of a DB server that is written to, where an account may look


class HoldsConnection(
    msgspec.Struct, frozen=True, kw_only=True, tag="holds-connection", tag_field="type"
):
    """The subcomponent's own process holds an established connection, on the private network."""

    source: str
    address: str
    """The source's private address."""
    destination: Place
    ports: Ports
    """With several numbers, a connection to one of them is enough."""
    process: ProcessPattern
    demanded: bool
    """False: it may hold none now; those that it does hold must still be on the private network."""
    astray: tuple[str, ...] = ()
    """Public addresses of the destination's hosts: nothing is to go there."""
    behind: tuple[str, ...] = ()
    """Private addresses of the hosts behind a virtual IP: who goes there loses it at a failover."""
    instead: tuple[Place, ...] = ()
    """Other places where the same is served: a connection to one of them does as well."""


class RefusesWrites(
    msgspec.Struct, frozen=True, kw_only=True, tag="refuses-writes", tag_field="type"
):
    """A replica DB server is read-only and follows its source, as an account of it can see."""

    source: str
    """A peer, from which it is asked."""
    destination: Place
    ports: Ports
    account: str
    """Empty: the cluster file names none, so that nobody can tell."""
    lag: int
    """Seconds behind its source that are borne."""


class Presents(msgspec.Struct, frozen=True, kw_only=True, tag="presents", tag_field="type"):
    """What is served to peers over TLS bears a certificate that is valid."""

    sources: tuple[str, ...]
    """The hosts that shake hands with it anyway."""
    destination: Place
    ports: Ports
    protocol: str
    server: str = ""
    name: str = ""
    """That the certificate must be for; empty: the cluster file declares none."""
    authorities: tuple[str, ...] = ()
    """PEM. One of them must be behind the certificate; without any that is not asked."""
    warn_days: int = 14


class HasConnection(msgspec.Struct, frozen=True, kw_only=True, tag="connects", tag_field="type"):
    """The source host reaches the destination's private address at all (ICMP echo or ssh)."""

    source: str
    destination: Place
    login_port: int


class UsesPrivate(msgspec.Struct, frozen=True, kw_only=True, tag="private", tag_field="type"):
    """The host's routes to its peers leave by the interface that holds its private address."""

    host: str
    address: str
    peers: dict[str, str]
    """Peer host to its private address."""
    shared: dict[str, tuple[str, ...]] = {}
    """Roles of the host that are to have one of their own: the others that they share it with."""
    reserved: dict[str, str] = {}
    """Addresses that the cluster file gives the host, by which network that PortaSwitch keeps for
    itself they lie in."""


class Holds(msgspec.Struct, frozen=True, kw_only=True, tag="holds", tag_field="type"):
    """Exactly one host of the group holds the virtual IP, and what it serves listens there."""

    place: Place
    listens: tuple[Listens, ...]
    reserved: str = ""
    """The network that PortaSwitch keeps for itself in which the address lies, or empty."""


class StandsBy(msgspec.Struct, frozen=True, kw_only=True, tag="stands-by", tag_field="type"):
    """Each host that does not hold the virtual IP is able to take a subcomponent over."""

    place: Place
    process: ProcessPattern
    state: str
    """``running``, the path of the program that is installed, or empty: the site does not say."""
    restarted_hours: int = 0
    """As of ``Listens``."""


class NothingElse(msgspec.Struct, frozen=True, kw_only=True, tag="nothing-else", tag_field="type"):
    """Nothing listens on the host but what rows, reviewed services or the site declare."""

    host: str
    declared: tuple[Declared, ...]
    services: tuple[Service, ...]
    private: tuple[str, ...]
    """Addresses and networks that are private, as ``10.0.0.7`` or ``10.0.0.0/24``."""
    public: tuple[str, ...]
    """The same for public ones; besides, whatever address is globally routed is."""
    severity: Undeclared
    known: tuple[KnownPort, ...] = ()
    """What may listen at some ports: it explains what is undeclared."""


class IsNotInUse(msgspec.Struct, frozen=True, kw_only=True, tag="not-in-use", tag_field="type"):
    """No process of the subcomponent runs on the host, and nothing listens on its ports."""

    host: str
    process: ProcessPattern
    ports: tuple[Declared, ...] = ()
    """Where its peers would look for it."""
    others: tuple[str, ...] = ()
    """Patterns of the other subcomponents: whoever matches one is not this subcomponent."""


class ClockAgrees(msgspec.Struct, frozen=True, kw_only=True, tag="clock", tag_field="type"):
    """The host's clock is within so many seconds of what most clocks say."""

    host: str
    hosts: tuple[str, ...]
    """The host itself and all that it is compared with."""
    bound: int
    binding: bool


class ReleaseAgrees(msgspec.Struct, frozen=True, kw_only=True, tag="release", tag_field="type"):
    """The host has the release of the cluster file and of the hosts that share a role with it."""

    host: str
    others: tuple[str, ...]
    release: str
    """As the cluster file says; empty: it does not."""
    binding: bool


class DiskFree(msgspec.Struct, frozen=True, kw_only=True, tag="disk", tag_field="type"):
    """Each file system of the host has so many percent of its space and inodes free."""

    host: str
    space: int
    inodes: int
    binding: bool


class MtuAgrees(msgspec.Struct, frozen=True, kw_only=True, tag="mtu", tag_field="type"):
    """The private interface of the host has the MTU that those of most hosts have."""

    host: str
    addresses: dict[str, str]
    """Private address of the host itself and of all others, by host."""
    binding: bool


class IsDescribed(msgspec.Struct, frozen=True, kw_only=True, tag="described", tag_field="type"):
    """The cluster file says what the host is; until then nobody knows what to look for there."""

    host: str
    missing: Literal["roles", "private"]
    """The key of the host that the file leaves open."""


class CannotAssess(msgspec.Struct, frozen=True, kw_only=True, tag="cannot", tag_field="type"):
    """The tables give nothing that could be looked at."""

    why: str
    fix: str


Expectation = (
    Listens
    | Runs
    | Reaches
    | HoldsConnection
    | RefusesWrites
    | Presents
    | HasConnection
    | UsesPrivate
    | Holds
    | StandsBy
    | NothingElse
    | IsNotInUse
    | ClockAgrees
    | ReleaseAgrees
    | DiskFree
    | MtuAgrees
    | IsDescribed
    | CannotAssess
)


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One check with a stable id, ``kind:host[:peer]:subcomponent[:port]``."""

    id: str
    kind: Kind
    row: str
    """The id of the row that it comes from; empty where it comes from none."""
    host: str
    """The host (or virtual IP) of the row's own subcomponent; see also ``peer``."""
    peer: str | None = None
    """The host (or virtual IP) that it interacts with, where the row names one."""
    subcomponent: str
    transport: Transport | None = None
    port: int | None = None
    """The port, or the first of several; ``expects`` has all."""
    title: str
    """What should be true, in words."""
    purpose: str = ""
    """What the row says that the traffic is for."""
    confidence: Confidence
    notes: tuple[str, ...] = ()
    """Oddity, assumption and deviation of the row, as every report shows them."""
    expects: Expectation

    @property
    def name(self) -> str:
        """The id of the pytest parameter: the check's without its kind, where that is unique."""
        return self.id if self.kind in ("connection", "tls") else self.id.partition(":")[2]
