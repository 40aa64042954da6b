"""The ``accepted`` of a cluster file: what the site accepts not to be assessed, and why."""

from __future__ import annotations

from collections.abc import Collection

from pytest_portaswitch.cluster.model import Accepted
from pytest_portaswitch.source import Value
from pytest_portaswitch.source.scalar import choice, listing, prose
from pytest_portaswitch.tables.row import Tables

MOST = 1000
"""Entries of one cluster."""


def read(value: Value, places: Collection[str], tables: Tables | None) -> tuple[Accepted, ...]:
    """Entries in the order of the file, of each name and place at most one.

    ``places``: hosts and virtual IPs.
    """
    subcomponents = None if tables is None else tables.subcomponents
    rows = None if tables is None else [row.id for row in tables.rows]
    subcomponent = choice(subcomponents, "a subcomponent of the tables")
    row = choice(rows, "a row of the tables")
    named = listing(choice(places, "a host or virtual IP of this file"), "hosts")
    met: dict[tuple[str, str], Value] = {}
    found = []
    for item in value.items("a list of subcomponents or rows", MOST) or ():
        section = item.section(("reason",), ("subcomponent", "row", "hosts"))
        if section is None:
            continue
        given = section.entries.keys() & {"subcomponent", "row"}
        if len(given) != 1:
            item.refuse("needs either 'subcomponent' or 'row'", "one entry for each")
        entry = Accepted(
            subcomponent=section.read("subcomponent", subcomponent, ""),
            row=section.read("row", row, ""),
            places=section.read("hosts", named, ()),
            reason=section.read("reason", prose, ""),
            line=item.line,
        )
        if len(given) != 1 or not entry.name:
            continue
        here = section.entries[next(iter(given))]
        for place in entry.places or places:
            first = met.setdefault((entry.name, place), here)
            if first is not here:
                here.refuse("is accepted twice", f"first at {first.place}")
                break
        found.append(entry)
    return tuple(found)
