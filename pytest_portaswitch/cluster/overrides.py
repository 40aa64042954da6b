"""The ``overrides`` of a cluster file: the site's deviations from single rows."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, get_args

import msgspec

from pytest_portaswitch.cluster.model import LeastGrade, Override
from pytest_portaswitch.source import Section, Value
from pytest_portaswitch.source.scalar import choice, listing, prose
from pytest_portaswitch.tables import draft, spoken
from pytest_portaswitch.tables.ladder import reaches
from pytest_portaswitch.tables.ports import Ports, read_ports
from pytest_portaswitch.tables.row import Direction, Row, Tables, Transport

_CHANGES = ("port", "ports", "transport", "protocol", "direction", "peers", "connection", "grade")

GRADES: tuple[LeastGrade, ...] = tuple(grade for grade in get_args(LeastGrade) if grade)

UNCONNECTED = ("connected", "udp")

_PAIR = {"protocol", "transport"}


def read(value: Value, hosts: Collection[str], tables: Tables | None) -> tuple[Override, ...]:
    """Overrides in the order of the file, at most one of each row."""
    met: dict[str, Value] = {}
    found = []
    for item in value.items("a list of overrides") or ():
        section = item.section(("row", "reason"), _CHANGES)
        if section is None:
            continue
        override = _override(section, hosts, tables)
        if (row_value := section.get("row")) is not None and override.row:
            first = met.setdefault(override.row, row_value)
            if first is not row_value:
                row_value.refuse("is overridden twice", f"first at {first.place}")
        found.append(override)
    return tuple(found)


def _override(section: Section, hosts: Collection[str], tables: Tables | None) -> Override:
    rows = None if tables is None else [row.id for row in tables.rows]
    places = None if tables is None else {*tables.roles, *hosts}
    peers = listing(choice(places, "a role of the tables or a host of this file"), "peers")
    row_id = section.read("row", choice(rows, "a row of the tables"), "")
    ports = _ports(section)
    fields: dict[str, Any] = {
        "row": row_id,
        "reason": section.read("reason", prose, ""),
        "ports": ports.numbers,
        "transport": section.read("transport", choice(get_args(Transport), "a transport"), None),
        "protocol": section.read("protocol", spoken.protocol, ""),
        "direction": section.read("direction", choice(get_args(Direction), "a direction"), None),
        "peers": section.read("peers", peers, None),
        "connection": section.read(
            "connection", choice(draft.CONNECTIONS, "what is said of a connection"), ""
        ),
        "grade": section.read("grade", choice(GRADES, "'connected' or 'delivered'"), ""),
        "line": section.value.line,
    }
    if not section.entries.keys() & set(_CHANGES):
        section.value.refuse("changes nothing", f"give one of {', '.join(_CHANGES)}", value="")
    row = tables.row(row_id) if tables else None
    if row is not None:
        _fits(section, row, ports)
        if all(fields[key] for key in _PAIR & section.entries.keys()):
            protocol = fields["protocol"] or row.protocol
            spoken.check_pair(section, protocol, fields["transport"] or row.transport)
    return msgspec.convert(fields, Override)


def _ports(section: Section) -> Ports:
    if {"port", "ports"} <= section.entries.keys():
        section.value.refuse("has both 'port' and 'ports'", "give one of them")
    return section.read("ports", read_ports, section.read("port", read_ports, Ports()))


def _fits(section: Section, row: Row, ports: Ports) -> None:
    """Refuse a deviation that the row cannot take."""
    here = section.value
    given = section.entries.keys()
    if row.rule != "port":
        here.refuse(f"{row.id} is a sentence that binds and has nothing to change", "waive it")
        return
    if not row.ports:
        needed = {"transport": row.transport, "protocol": row.protocol}
        missing = [key for key, known in needed.items() if not known and key not in given]
        if not given & {"port", "ports"}:
            missing = ["port"] if given & needed.keys() else []
        for key in missing:
            here.refuse(f"{key!r} is missing", f"the tables give none for {row.id}", value="")
    if "connection" in given and (
        section.read("direction", lambda value: value.raw, row.direction) == "incoming"
        or section.read("transport", lambda value: value.raw, row.transport) == "udp"
    ):
        here.refuse_key(
            "connection", f"{row.id} holds none", "it stands in outgoing rows over TCP only"
        )
    said = section.read("grade", lambda value: value.raw, "")
    least = next((grade for grade in GRADES if grade == said), None)
    transport = section.read("transport", lambda value: value.raw, row.transport)
    if least and (reaches(least, row.least_grade) or (least, transport) == UNCONNECTED):
        udp = " over UDP, where nothing connects" if transport == "udp" else ""
        rule = f"is not less than {row.id} demands, which is {row.least_grade}{udp}"
        here.refuse_key("grade", rule, "leave it out")
    if ports.numbers and ports.range != (row.demand == "range"):
        what = "a range of ports" if row.demand == "range" else "single ports"
        here.refuse(f"{row.id} has {what}, so its override must have the same")
