"""The shapes of the tables: rows, subcomponents, and how surely each is known."""

from __future__ import annotations

from typing import Literal

import msgspec

from pytest_portaswitch.tables.ladder import Grade

Confidence = Literal["documented", "corroborated", "contradicted", "unspecified", "assumed", "site"]
"""How surely a statement is known.

``documented``: the vendor's tables say it. ``corroborated``: another public source agrees.
``contradicted``: another public source disagrees. ``unspecified``: the tables give no port.
``assumed``: nobody says it; this project does. ``site``: the site's own cluster file or table.
"""

Transport = Literal["tcp", "udp", "tls"]
Direction = Literal["incoming", "outgoing"]
Demand = Literal["all", "one", "range"]
"""Of a row's ports: each is demanded, one of them is, or they are the ends of a range."""

Answer = Literal["", "documented", "assumed"]
"""Whether the service answers what the audit asks: its protocol or a public text says so, or this
project alone does. Empty: nothing is said of it."""

HoldsItsConnection = Literal["", "demanded", "on-demand"]
"""Whether the subcomponent of an outgoing row has a connection at all times: ``demanded``, or only
while it has something to ask. Empty: nothing is said, and nobody looks."""

Rule = Literal["port", "configuration-connection", "private-interface"]
"""What a row demands: a port of a subcomponent, or one of the two binding sentences."""


class ProcessPattern(msgspec.Struct, frozen=True, kw_only=True):
    """What the process of a subcomponent is called.

    ``match`` is a regular expression (Python ``re.search``), tried against the process name and
    against its whole command line, because an interpreter may run the program. What only shows,
    edits or starts others is tried by its own name (``facts/commands.py``).
    """

    match: str
    confidence: Literal["documented", "corroborated", "assumed", "pinned"]
    source: str = ""
    program: str = ""
    """The program's own name, where ``match`` was made from it."""
    container: bool = False
    """Whether a process of a container counts, though it holds no socket of the host."""

    @property
    def label(self) -> str:
        """The short form for messages: the program's name where known, or else the pattern."""
        return self.program or self.match


class Subcomponent(msgspec.Struct, frozen=True, kw_only=True):
    """A process (or set of processes) of an application, running on each host of its roles."""

    id: str
    """A slug such as ``edge-proxy``."""
    title: str
    """As the vendor writes it, such as ``EdgeProxy``."""
    application: str
    roles: tuple[str, ...]
    process: ProcessPattern
    implied: str = ""
    """Why it is here though no row has it as its subcomponent; empty for those of the tables."""
    optional: bool = False
    """Whether an installation may do without it: not every site uses it."""
    optional_source: str = ""
    """Who says that it is optional, and how surely."""
    since: str = ""
    """First release that this definition holds for; empty: always."""
    until: str = ""
    """Last release that it holds for; empty: still."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the vendor's tables (or of a site's own), with where it stands."""

    id: str
    """``application.subcomponent.what``; stable over versions of this project."""
    rule: Rule = "port"
    subcomponent: str = ""
    """The subcomponent whose row it is; empty for the binding sentences."""
    direction: Direction = "incoming"
    """``incoming``: the subcomponent listens. ``outgoing``: it connects to its peers."""
    peers: tuple[str, ...] = ()
    """Roles that it interacts with."""
    serves: str = ""
    """Outgoing rows: the subcomponent that listens on the peers' side (``mysql-server``)."""
    transport: Transport | None = None
    ports: tuple[int, ...] = ()
    demand: Demand = "all"
    sample: int = 24
    """How many ports of a range are tried from each peer, both ends among them."""
    protocol: str = ""
    """What is spoken: mysql, radius, sip, smpp, imap, smtp, diameter, rtp, http, tftp."""
    purpose: str = ""
    """The table's own ``Details`` column, or the words of a binding sentence."""
    confidence: Confidence
    connection: HoldsItsConnection = ""
    """Outgoing rows over TCP: what is demanded of the connection that the subcomponent holds."""
    select_only: bool = False
    """Outgoing rows to a database: it is asked with SELECT only, and is to refuse anything else."""
    least_grade: Grade = "connected"
    """The lowest grade of the evidence ladder that passes."""
    answer: Answer = ""
    oddity: str = ""
    """What is odd about the row; shown in every report."""
    assumption: str = ""
    """What this project assumes where the table is silent; shown in every report."""
    source: str
    since: str = ""
    """First release the row holds for, such as ``MR105``; empty: always."""
    until: str = ""
    """Last release the row holds for; empty: still."""


class ServicePorts(msgspec.Struct, frozen=True, kw_only=True):
    """One port, or a range from ``first`` to ``last``."""

    transport: Literal["tcp", "udp"]
    first: int
    last: int


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """A system service that is expected though no row has it: SSH, NTP, monitoring."""

    name: str
    match: str = ""
    """As ``ProcessPattern.match``; empty: whatever process holds the port."""
    ports: tuple[ServicePorts, ...] = ()
    public: bool = True
    """Whether it is expected where the public network reaches it, too."""
    hosts: tuple[str, ...] = ()
    """Hosts and roles where it is expected; empty: everywhere."""
    reason: str
    source: str
    """``FILE:LINE``."""


class KnownPort(msgspec.Struct, frozen=True, kw_only=True):
    """A port of which it is known what of PortaSwitch or its parts may listen there.

    It explains what listens undeclared, and expects nothing."""

    transport: Literal["tcp", "udp"]
    port: int
    what: str
    """What it is, and who says so."""
    confidential: bool = False
    """Whether nobody on the public network may reach it."""


class ReservedNetwork(msgspec.Struct, frozen=True, kw_only=True):
    """A network that PortaSwitch keeps for itself: no host of an installation may have an address
    of it."""

    network: str
    source: str
    """Who says so."""


class Tables(msgspec.Struct, frozen=True, kw_only=True):
    """All rows that hold for one release, with the subcomponents they speak of."""

    title: str
    release: str
    """The release they were chosen for, or empty when none was named."""
    files: tuple[str, ...]
    roles: dict[str, str]
    """Role slug to its title."""
    expected_roles: tuple[str, ...] = ()
    """Roles that every installation has, in the order of the tables."""
    shared_with: dict[str, tuple[str, ...]] = {}
    """Roles that are to have a host of their own: which other roles may stand there as well."""
    subcomponents: dict[str, Subcomponent]
    rows: tuple[Row, ...]
    """Sorted by id."""
    services: tuple[Service, ...] = ()
    """System services that are expected on any host, sorted by name."""
    known_ports: tuple[KnownPort, ...] = ()
    """Of PortaSwitch and its parts, sorted by port."""
    reserved_networks: tuple[ReservedNetwork, ...] = ()
    """Those of the release, in the order of the tables."""

    @property
    def optional_subcomponents(self) -> tuple[Subcomponent, ...]:
        """Those that an installation may do without, in the order of the tables."""
        return tuple(each for each in self.subcomponents.values() if each.optional)

    def row(self, row_id: str) -> Row | None:
        """The row of that id, or None."""
        return next((row for row in self.rows if row.id == row_id), None)
