"""The ``not_in_use`` of a cluster file: subcomponents of the tables that the site does not use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from pytest_portaswitch.cluster.model import Host, NotInUse, Override, Tls, VirtualIp
from pytest_portaswitch.source import Section, Value
from pytest_portaswitch.source.scalar import choice, listing, prose
from pytest_portaswitch.tables.row import ProcessPattern, Tables

MOST = 1000
"""Entries of one cluster."""

CONTRADICTION = "leave out one of the two"


class Rest(msgspec.Struct, frozen=True):
    """What the rest of the file says of subcomponents."""

    pins: Mapping[str, ProcessPattern]
    virtual_ips: tuple[VirtualIp, ...]
    overrides: tuple[Override, ...]
    tls: Tls


def read(
    value: Value, hosts: Mapping[str, Host], tables: Tables | None, rest: Rest
) -> tuple[NotInUse, ...]:
    """Entries in the order of the file; of each subcomponent a host stands in at most one."""
    known = None if tables is None else tables.subcomponents
    subcomponent = choice(known, "a subcomponent of the tables")
    named = listing(choice(hosts, "a host of this file"), "hosts")
    met: dict[tuple[str, str], Value] = {}
    found: list[tuple[NotInUse, Value]] = []
    for item in value.items("a list of subcomponents", MOST) or ():
        section = item.section(("subcomponent", "reason"), ("hosts",))
        if section is None:
            continue
        entry = NotInUse(
            subcomponent=section.read("subcomponent", subcomponent, ""),
            hosts=section.read("hosts", named, ()),
            reason=section.read("reason", prose, ""),
            line=item.line,
        )
        if not entry.subcomponent or ("hosts" in section.entries and not entry.hosts):
            continue  # refused already
        here = section.entries["subcomponent"]
        if tables is not None:
            _runs_there(section, here, entry, hosts, tables)
        for host in entry.hosts or hosts:
            first = met.setdefault((entry.subcomponent, host), here)
            if first is not here:
                here.refuse("is declared not in use twice", f"first at {first.place}")
                break
        found.append((entry, here))
    if tables is not None:
        _refuse_contradictions(found, hosts, tables, rest)
    return tuple(entry for entry, _ in found)


def _runs_there(
    section: Section, here: Value, entry: NotInUse, hosts: Mapping[str, Host], tables: Tables
) -> None:
    """Only what a host is expected to run can be said not to be in use there."""
    subcomponent = tables.subcomponents[entry.subcomponent]
    where = f"it runs on {', '.join(subcomponent.roles)}"
    if subcomponent.implied:
        here.refuse(
            "is what its hosts are for, so it cannot be out of use",
            f"take the role {' or '.join(subcomponent.roles)} from the hosts that do not run it",
        )
        return
    roles = set(subcomponent.roles)
    without = [name for name in entry.hosts or hosts if not roles & set(hosts[name].roles)]
    if not entry.hosts and len(without) == len(hosts):
        here.refuse("no host of this file has a role that runs it", where)
    for name in without if entry.hosts else ():
        rule = f"has no role that runs {entry.subcomponent}"
        section.entries["hosts"].refuse(rule, where, value=name)


def _refuse_contradictions(
    found: Sequence[tuple[NotInUse, Value]], hosts: Mapping[str, Host], tables: Tables, rest: Rest
) -> None:
    """Refuse what the rest of the file says of a subcomponent where it is not in use."""
    unused: dict[str, set[str]] = {}
    for entry, _ in found:
        unused.setdefault(entry.subcomponent, set()).update(entry.hosts or hosts)
    rows = {row.id: row.subcomponent for row in tables.rows}
    told: set[str] = set()
    for entry, here in found:
        name = entry.subcomponent
        for vip in rest.virtual_ips:
            if name in vip.serves and (both := set(entry.hosts or hosts) & set(vip.hosts)):
                rule = f"is not in use on {', '.join(sorted(both))}, and virtual IP {vip.name}"
                here.refuse(f"{rule} serves it there", CONTRADICTION)
        roles = set(tables.subcomponents[name].roles)
        left = (host for host in hosts.values() if host.name not in unused[name])
        if any(roles & set(host.roles) for host in left) or name in told:
            continue
        told.add(name)
        if name in rest.pins:
            at = rest.pins[name].source
            here.refuse(f"is in use nowhere, and its process is pinned at {at}", CONTRADICTION)
        for override in rest.overrides:
            if rows.get(override.row) == name:
                rule = f"is in use nowhere, and row {override.row} is overridden at line"
                here.refuse(f"{rule} {override.line}", CONTRADICTION)
        for served in rest.tls.names:
            if served.subcomponent == name:
                rule = "is in use nowhere, and the name of its certificate is declared at line"
                here.refuse(f"{rule} {served.line}", CONTRADICTION)
