"""The ``accepted`` of a cluster file: what the site accepts not to be assessed, and why."""

from __future__ import annotations

from collections.abc import Collection

from pytest_portaswitch.cluster.model import Accepted
from pytest_portaswitch.source import Value
from pytest_portaswitch.source.scalar import choice, listing, prose
from pytest_portaswitch.tables.row import Tables

MOST = 1000
"""Entries of one cluster."""

_NAMING = ("subcomponent", "row", "role")


def read(value: Value, places: Collection[str], tables: Tables | None) -> tuple[Accepted, ...]:
    """Entries in the order of the file, of each name and place at most one.

    ``places``: hosts and virtual IPs.
    """
    subcomponents = None if tables is None else tables.subcomponents
    rows = None if tables is None else [row.id for row in tables.rows]
    subcomponent = choice(subcomponents, "a subcomponent of the tables")
    row = choice(rows, "a row of the tables")
    role = choice(None if tables is None else tables.roles, "a role of the tables")
    named = listing(choice(places, "a host or virtual IP of this file"), "hosts")
    met: dict[tuple[str, str, str], Value] = {}
    found = []
    for item in value.items("a list of subcomponents, rows or roles", MOST) or ():
        section = item.section(("reason",), (*_NAMING, "hosts"))
        if section is None:
            continue
        given = section.entries.keys() & set(_NAMING)
        if len(given) != 1:
            item.refuse("needs one of 'subcomponent', 'row' and 'role'", "one entry for each")
        if "role" in given and (hosts := section.get("hosts")) is not None:
            hosts.refuse("no host has a role that is accepted", "leave it out")
        entry = Accepted(
            subcomponent=section.read("subcomponent", subcomponent, ""),
            row=section.read("row", row, ""),
            role=section.read("role", role, ""),
            places=section.read("hosts", named, ()),
            reason=section.read("reason", prose, ""),
            line=item.line,
        )
        if len(given) != 1 or not entry.name:
            continue
        kind = next(iter(given))
        here = section.entries[kind]
        for place in entry.places or places:
            first = met.setdefault((kind, entry.name, place), here)
            if first is not here:
                here.refuse("is accepted twice", f"first at {first.place}")
                break
        found.append(entry)
    return tuple(found)
