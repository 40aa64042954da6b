"""One table document: the vendor's, or a site's own in the same format."""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path

import msgspec

from pytest_portaswitch.source import Problem, Section, Value, open_file
from pytest_portaswitch.source.scalar import choice, flag, listing, prose
from pytest_portaswitch.tables import pattern, service
from pytest_portaswitch.tables import release as releases
from pytest_portaswitch.tables.draft import SLUG, Draft, Names, read
from pytest_portaswitch.tables.row import KnownPort, ReservedNetwork, Subcomponent

FORMAT = "portaswitch-tables"
VERSION = "1"

_PARTS = (
    *("title", "roles", "groups", "subcomponents", "services", "known_ports", "rows"),
    "reserved_networks",
)

MOST_ROWS = 2000
MOST_KNOWN_PORTS = 200
MOST_RESERVED_NETWORKS = 100


class Document(msgspec.Struct, frozen=True):
    """A file that was opened; its parts are read when the names of all files are known."""

    section: Section
    site: bool

    @property
    def title(self) -> str:
        """What the document calls itself."""
        return self.section.read("title", prose, "")

    def part(self, key: str) -> dict[str, Value]:
        """``roles``, ``groups``, ``subcomponents`` or ``services``: definitions by slug."""
        value = self.section.get(key)
        entries = value.entries() if value else None
        if value is None or entries is None:
            return {}
        for name in entries:
            if not re.fullmatch(SLUG, name) or len(name) > 64:
                value.refuse_key(name, "must be lower-case words joined by hyphens")
        return entries

    def known_ports(self) -> tuple[KnownPort, ...]:
        """The ports of which something is known."""
        value = self.section.get("known_ports")
        items = (value.items("a list of known ports", MOST_KNOWN_PORTS) if value else None) or ()
        return tuple(port for item in items for port in service.read_known_ports(item))

    def reserved_networks(self, release: str) -> tuple[ReservedNetwork, ...]:
        """The networks that PortaSwitch keeps for itself in a release."""
        value = self.section.get("reserved_networks")
        most = MOST_RESERVED_NETWORKS
        items = (value.items("a list of reserved networks", most) if value else None) or ()
        found = (_read_reserved(item, release) for item in items)
        return tuple(each for each in found if each is not None)

    def rows(self, names: Names) -> list[Draft]:
        """The rows that could be read."""
        value = self.section.get("rows")
        items = (value.items("a list of rows", MOST_ROWS) if value else None) or ()
        drafts = (read(item, names, site=self.site) for item in items)
        return [draft for draft in drafts if draft is not None]


def open_document(path: Path, problems: list[Problem], shown: str = "") -> Document | None:
    """Open a table file and check its header; ``shown`` is given for the vendor's only."""
    value = open_file(path, problems, shown)
    if value is None:
        return None
    section = value.section(("format", "version"), _PARTS)
    if section is None:
        return None
    section.read("format", choice((FORMAT,), "the format of a table file"), "")
    section.read("version", choice((VERSION,), "a version of the format"), "")
    return Document(section, site=not shown)


class Role(msgspec.Struct, frozen=True):
    """A role as a table file defines it."""

    title: str
    expected: bool = False
    """Whether every installation has it."""
    shared_with: tuple[str, ...] | None = None
    """The roles that may stand on its host as well; None: any."""


def read_role(value: Value, roles: frozenset[str]) -> Role:
    """``{title: ..., expected: true, shared_with: [...]}``."""
    section = value.section(("title",), ("expected", "shared_with"))
    if section is None:
        return Role("")
    nobody: tuple[str, ...] | None = None
    return Role(
        title=section.read("title", prose, ""),
        expected=section.read("expected", flag, False),
        shared_with=section.read(
            "shared_with", listing(choice(roles, "a role of the tables"), "roles"), nobody
        ),
    )


def read_group(value: Value, roles: frozenset[str]) -> tuple[str, ...]:
    """``{title: ..., roles: [...]}``: the roles."""
    section = value.section(("title", "roles"))
    if section is None:
        return ()
    section.read("title", prose, "")
    return section.read("roles", listing(choice(roles, "a role of the tables"), "roles"), ())


def read_subcomponent(
    name: str, value: Value, roles: frozenset[str], release: str = ""
) -> Subcomponent:
    """``{title, application, roles, process, implied, optional, optional_source, since, until}``.

    The process is that of a release.
    """
    words = ("implied", "optional", "optional_source", "since", "until")
    section = value.section(("title", "application", "roles", "process"), words)
    if section is None:
        nobody = pattern.NOTHING
        return Subcomponent(id=name, title="", application="", roles=(), process=nobody)
    nothing: tuple[str, ...] = ()
    role = listing(choice(roles, "a role of the tables"), "roles")
    found = Subcomponent(
        id=name,
        title=section.read("title", prose, ""),
        application=section.read("application", prose, ""),
        roles=section.read("roles", role, nothing),
        process=section.read("process", pattern.reader(release), pattern.NOTHING),
        implied=section.read("implied", prose, ""),
        optional=section.read("optional", flag, False),
        optional_source=section.read("optional_source", prose, ""),
        since=section.read("since", releases.read, ""),
        until=section.read("until", releases.read, ""),
    )
    if found.optional and not found.optional_source:
        value.refuse("'optional_source' is missing", "say who says that it is optional", value="")
    if found.optional_source and not found.optional and "optional" not in section.entries:
        value.refuse("has an 'optional_source' but is not optional", "add optional: true")
    return found


def _read_reserved(value: Value, release: str) -> ReservedNetwork | None:
    """``{network, source, since, until}``; None where it does not hold for the release."""
    section = value.section(("network", "source"), ("since", "until"))
    if section is None:
        return None
    network = section.read("network", _network, "")
    source = section.read("source", prose, "")
    span = (section.read("since", releases.read, ""), section.read("until", releases.read, ""))
    if not network or not releases.holds(*span, release):
        return None
    return ReservedNetwork(network=network, source=source)


def _network(value: Value) -> str | None:
    """A network such as 10.0.0.0/24."""
    text = value.scalar("a network such as 10.0.0.0/24")
    if text is None:
        return None
    try:
        return str(ipaddress.ip_network(text))
    except ValueError:
        value.refuse("must be a network such as 10.0.0.0/24")
        return None
