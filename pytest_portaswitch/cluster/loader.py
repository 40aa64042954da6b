"""From cluster files to clusters, or to every problem in them at once."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from pytest_portaswitch.cluster import (
    accepted,
    hosts,
    login,
    not_in_use,
    overrides,
    replica,
    secret,
    settings,
    tls,
    virtual_ips,
    waivers,
    words,
)
from pytest_portaswitch.cluster.addresses import Addresses, networks
from pytest_portaswitch.cluster.model import (
    Cluster,
    Login,
    Questions,
    Replica,
    SecretRef,
    Tls,
    Undeclared,
)
from pytest_portaswitch.cluster.paths import named
from pytest_portaswitch.source import Problem, Section, Value, closest, open_file, settle
from pytest_portaswitch.source.scalar import flag, listing, regex
from pytest_portaswitch.tables import assemble, pattern, release, service
from pytest_portaswitch.tables.row import ProcessPattern, Service, Tables
from pytest_portaswitch.text import show

_OPTIONAL = (
    *("release", "database", "networks", "ssh", "virtual_ips", "processes", "secrets"),
    *("overrides", "waivers", "tables", "services", "undeclared", "replica", "hygiene", "tls"),
    *("grade", "questions", "not_in_use", "accepted"),
)
_BESIDE_THE_PLAN = frozenset(
    ("release", "networks", "ssh", "secrets", "waivers", "services", "undeclared", "replica")
) | {"cluster", "hygiene", "grade", "questions", "accepted"}
"""Parts that say nothing of which checks there are. A release does, but hardly ever."""
MOST_SERVICES = 1000
"""Each is compared with what listens on every host."""

_HEAD = re.compile(r"[.\[]")


def load(path: Path, tables: Sequence[Path] = ()) -> Cluster:
    """Read one cluster file; raises ``BadInput`` with all of its problems.

    ``tables`` are the site's table files besides those that the file names; the cluster carries
    them together, for ``tables.load(cluster.release, cluster.tables)``.
    """
    return load_many([path], tables)[0]


def load_many(paths: Sequence[Path], tables: Sequence[Path] = ()) -> tuple[Cluster, ...]:
    """Read several cluster files; raises ``BadInput`` with the problems of all of them."""
    problems: list[Problem] = []
    clusters = read_many(paths, tables, problems)
    settle(problems)
    return clusters


def read_many(
    paths: Sequence[Path],
    tables: Sequence[Path],
    problems: list[Problem],
    texts: Mapping[Path, str] | None = None,
) -> tuple[Cluster, ...]:
    """As ``load_many``, recording problems instead of raising.

    What it gives back beside problems are clusters as far as they could be read. ``texts``: what
    some of the files would hold, to be read instead of them.
    """
    found = [_read(path, tables, problems, (texts or {}).get(path)) for path in paths]
    clusters = [cluster for cluster in found if cluster is not None]
    first: dict[str, Value] = {}
    for _, name in clusters:
        other = first.setdefault(name.raw, name)
        if other is not name:
            name.refuse("names two clusters", f"also at {other.place}")
    return tuple(cluster for cluster, _ in clusters)


def can_be_planned(cluster: Cluster, problems: Sequence[Problem]) -> bool:
    """Whether a cluster beside problems has all that its plan is made of, as it was meant.

    A misspelt role takes checks away: whoever missed them would be told of a mistake that is none.
    """
    shaping = {show.visible(str(path)) for path in cluster.tables}
    own = show.visible(cluster.file)
    return not any(
        problem.file in shaping
        or (problem.file == own and _HEAD.split(problem.where)[0] not in _BESIDE_THE_PLAN)
        for problem in problems
    )


def _read(
    path: Path, extra: Sequence[Path], problems: list[Problem], text: str | None
) -> tuple[Cluster, Value] | None:
    """The cluster, as far as it could be read, with where its name stands."""
    value = open_file(path, problems, text=text)
    section = value.section(("cluster", "hosts"), _OPTIONAL) if value else None
    if value is None or section is None:
        return None
    named_release = section.read("release", release.read, "")
    files = section.read("tables", listing(named(path.parent), "table files"), ())
    files = (*files, *(file for file in extra if file not in files))
    tables = assemble(named_release, files, problems)
    fields = _fields(section, tables, path.parent)
    fields |= {"file": str(path), "release": named_release, "tables": files}
    return msgspec.convert(fields, Cluster), section.entries.get("cluster", value)


def _fields(section: Section, tables: Tables | None, folder: Path) -> dict[str, Any]:
    def part(key: str, read: Any, default: Any, *context: Any) -> Any:
        value = section.get(key)
        return default if value is None else read(value, *context)

    nets = part("networks", networks, {})
    addresses = Addresses(nets)
    around = hosts.Surroundings(
        tables=tables,
        addresses=addresses,
        ssh=part("ssh", login.read, Login(address=""), Login(address=""), folder),
        database=section.read("database", hosts.database, "mysql"),
        folder=folder,
    )
    found = part("hosts", hosts.read, {}, around)
    undescribed = part("hosts", hosts.undescribed, ())
    found = {name: host for name, host in found.items() if name not in undescribed}
    secrets = part("secrets", _secrets, {}, folder)
    asked = part("replica", replica.read, Replica())
    if (at := section.get("replica")) is not None:
        replica.check(at, asked, section.get("secrets"))
    shared = part("virtual_ips", virtual_ips.read, (), found, tables, addresses)
    places = {*found, *(virtual_ip.name for virtual_ip in shared)}
    fields = {
        "name": section.read("cluster", words.cluster_name, ""),
        "hosts": found,
        "undescribed": undescribed,
        "networks": nets,
        "database": around.database,
        "virtual_ips": shared,
        "processes": part("processes", _processes, {}, tables),
        "secrets": secrets,
        "replica": asked,
        "overrides": part("overrides", overrides.read, (), found, tables),
        "waivers": part("waivers", waivers.read, ()),
        "services": part("services", _services, (), found, tables),
        "undeclared": part("undeclared", settings.undeclared, Undeclared()),
        "hygiene": part("hygiene", settings.hygiene, settings.UNSAID),
        "grade": section.read("grade", settings.grade, ""),
        "questions": part("questions", settings.questions, Questions()),
        "tls": part("tls", tls.read, Tls(), places, tables, folder),
        "accepted": part("accepted", accepted.read, (), places, tables),
    }
    rest = not_in_use.Rest(
        fields["processes"], fields["virtual_ips"], fields["overrides"], fields["tls"]
    )
    unused = part("not_in_use", not_in_use.read, (), found, tables, rest)
    return fields | {"not_in_use": unused}


def _services(value: Value, hosts: Collection[str], tables: Tables | None) -> tuple[Service, ...]:
    entries = value.entries("a mapping of services") or {}
    if len(entries) > MOST_SERVICES:
        value.refuse(f"has {len(entries)} entries, more than {MOST_SERVICES}")
        return ()
    places = None if tables is None else {*hosts, *tables.roles}
    return tuple(service.read(name, entry, places) for name, entry in entries.items())


def _processes(value: Value, tables: Tables | None) -> dict[str, ProcessPattern]:
    """Pins: ``{SUBCOMPONENT: {match: REGEX, container: true}}``, or ``program`` for ``match``."""
    pins = {}
    for name, entry in (value.entries("a mapping of subcomponents") or {}).items():
        if tables is not None and name not in tables.subcomponents:
            fix = closest(name, tables.subcomponents)
            value.refuse_key(name, "is not a subcomponent of the tables", fix)
        section = entry.section((), ("match", "program", "container"))
        if section is not None:
            if len(section.entries.keys() & {"match", "program"}) != 1:
                fix = "'program' is the program's own name"
                entry.refuse("needs either 'match' or 'program'", fix, value="")
            program = section.read("program", pattern.program_name, "")
            match = section.read("match", regex, pattern.NOTHING.match)
            pins[name] = ProcessPattern(
                match=pattern.of_program(program) if program else match,
                program=program,
                confidence="pinned",
                source=entry.place,
                container=section.read("container", flag, False),
            )
    return pins


def _secrets(value: Value, folder: Path) -> dict[str, SecretRef]:
    read = secret.reference(folder)
    refs = {}
    for name, entry in (value.entries("a mapping of secrets") or {}).items():
        if name not in secret.KNOWN:
            value.refuse_key(name, "is not a secret that checks use", closest(name, secret.KNOWN))
        ref = read(entry)
        if ref is not None:
            refs[name] = ref
    return refs
