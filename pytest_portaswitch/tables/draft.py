"""One row as a table document writes it."""

from __future__ import annotations

import re
from typing import Any, get_args

import msgspec

from pytest_portaswitch.source import Section, Value
from pytest_portaswitch.source.scalar import choice, flag, integer, listing, matching, prose
from pytest_portaswitch.tables import release, spoken
from pytest_portaswitch.tables.ladder import PASSING
from pytest_portaswitch.tables.ports import Ports, read_ports
from pytest_portaswitch.tables.row import (
    Answer,
    Confidence,
    Direction,
    HoldsItsConnection,
    Row,
    Rule,
    Transport,
)

CONNECTIONS = tuple(word for word in get_args(HoldsItsConnection) if word)
"""What a row or an override may say of the connection that a subcomponent holds."""

ANSWERS = tuple(word for word in get_args(Answer) if word)

SLUG = r"[a-z0-9]+(-[a-z0-9]+)*"

_ROW_ID = matching(
    rf"{SLUG}(\.{SLUG}){{1,3}}", "must be slugs joined by dots, such as web.cassandra.nodes", 128
)
_WORDS = ("purpose", "oddity", "assumption", "source")
_OPTIONAL = (
    *("rule", "subcomponent", "direction", "peers", "serves", "transport", "ports", "demand"),
    *("protocol", "connection", "select_only", "least_grade", "answer", "since", "until", "sample"),
)

_OF_A_PORT = (
    "subcomponent",
    "serves",
    "transport",
    "ports",
    "protocol",
    "connection",
    "select_only",
)


class Names(msgspec.Struct, frozen=True):
    """What rows may refer to: ids from all documents together."""

    roles: frozenset[str]
    groups: dict[str, tuple[str, ...]]
    subcomponents: frozenset[str]


class Draft(msgspec.Struct, frozen=True):
    """A row, where it stands, and which row it stands for."""

    row: Row
    at: Value
    replaces: str = ""


def read(value: Value, names: Names, *, site: bool) -> Draft | None:
    """A row of a table document; None where it has no usable id."""
    optional = [*_OPTIONAL, *_WORDS]
    section = (
        value.section((), ["id", "replaces", "reason", *optional])
        if site
        else value.section(("id", "confidence", "source"), optional)
    )
    if section is None:
        return None
    replaces = section.read("replaces", _ROW_ID, "")
    row_id = section.read("id", _ROW_ID, replaces)
    if site and not section.entries.keys() & {"id", "replaces"}:
        value.refuse("'id' is missing", value="")
    fields = _fields(section, names, row_id)
    if site:
        fields |= {"confidence": "site", "source": fields["source"] or value.place}
        _reason(section, replaces, fields)
    _consistent(section, fields)
    return Draft(msgspec.convert(fields, Row), value, replaces) if row_id else None


def _fields(section: Section, names: Names, row_id: str) -> dict[str, Any]:
    known = choice(names.subcomponents, "a subcomponent of the tables")
    ports: Ports = section.read("ports", read_ports, Ports())
    words: dict[str, Any] = {key: section.read(key, prose, "") for key in _WORDS}
    return words | {
        "id": row_id,
        "rule": section.read("rule", choice(get_args(Rule), "a rule"), "port"),
        "subcomponent": section.read("subcomponent", known, ""),
        "direction": section.read(
            "direction", choice(get_args(Direction), "a direction"), "incoming"
        ),
        "peers": _peers(section, names),
        "serves": section.read("serves", known, ""),
        "transport": section.read("transport", choice(get_args(Transport), "a transport"), None),
        "ports": ports.numbers,
        "demand": _demand(section, ports),
        "sample": section.read("sample", integer(4, 100), 24),
        "protocol": section.read("protocol", spoken.protocol, ""),
        "connection": section.read(
            "connection", choice(CONNECTIONS, "what is said of a connection"), ""
        ),
        "select_only": section.read("select_only", flag, False),
        "confidence": section.read(
            "confidence", choice(get_args(Confidence), "a confidence"), "documented"
        ),
        "least_grade": section.read("least_grade", choice(PASSING, "a grade"), "connected"),
        "answer": section.read("answer", choice(ANSWERS, "'documented' or 'assumed'"), ""),
        "since": section.read("since", release.read, ""),
        "until": section.read("until", release.read, ""),
    }


def _peers(section: Section, names: Names) -> tuple[str, ...]:
    """Roles, with each group's roles in its place, each once."""
    read_all = listing(choice({*names.roles, *names.groups}, "a role of the tables"), "roles")
    named = section.read("peers", read_all, ())
    return tuple(dict.fromkeys(role for name in named for role in names.groups.get(name, (name,))))


def _demand(section: Section, ports: Ports) -> str:
    demand = section.get("demand")
    if demand is None:
        return "range" if ports.range else "all"
    said = section.read("demand", choice(("all", "one"), "a demand"), "all")
    if ports.range:
        demand.refuse("a range of ports takes no demand", "leave it out")
        return "range"
    return said


def _reason(section: Section, replaces: str, fields: dict[str, Any]) -> None:
    """A site's row may stand for another one if it says why; reports show that as its oddity."""
    reason = section.read("reason", prose, "")
    if not replaces:
        if "reason" in section.entries and "replaces" not in section.entries:
            section.value.refuse(
                "has a 'reason' but replaces no row", "name the row: replaces: ROW"
            )
        return
    if "reason" not in section.entries:
        section.value.refuse("'reason' is missing", "say why the row is replaced", value="")
    said = f"The site's own row in place of {replaces}: {reason.rstrip('.')}."
    fields["oddity"] = f"{said} {fields['oddity']}".strip()


def _consistent(section: Section, fields: dict[str, Any]) -> None:
    """Refuse what each key allows but not all of them together."""
    here = section.value
    given = section.entries.keys()
    if fields["rule"] != "port":
        for key in sorted(given & {*_OF_A_PORT}):
            here.refuse_key(key, f"a row of rule {fields['rule']} has none", "leave it out")
        return
    if "subcomponent" not in given:
        here.refuse("'subcomponent' is missing", value="")
    if "ports" in given and "transport" not in given:
        here.refuse("has ports but no transport", "name one: transport: tcp")
    if "ports" not in given and fields["confidence"] != "unspecified":
        here.refuse("'ports' is missing", value="")
    spoken.check_pair(section, fields["protocol"], fields["transport"])
    if "sample" in given and fields["demand"] != "range":
        here.refuse_key("sample", "stands in a row without a range of ports", "leave it out")
    if "serves" in given and fields["direction"] == "incoming":
        here.refuse_key("serves", "stands in an incoming row", "it names who listens at the peers")
    if "connection" in given and fields["direction"] == "incoming":
        here.refuse_key("connection", "stands in an incoming row", "only who connects holds one")
    elif "connection" in given and fields["transport"] == "udp":
        here.refuse_key("connection", "stands in a row over UDP, which has none", "leave it out")
    _spoken_of(section, fields)


def _spoken_of(section: Section, fields: dict[str, Any]) -> None:
    """Refuse what needs a protocol where there is none, and releases that end before they begin."""
    here = section.value
    if "answer" in section.entries and not fields["protocol"]:
        here.refuse_key("answer", "stands in a row without a protocol", "nothing is asked there")
    if fields["select_only"] and (fields["direction"], fields["protocol"]) != ("outgoing", "mysql"):
        here.refuse_key("select_only", "stands in a row that asks no database", "leave it out")
    spans = [re.findall(r"\d+", fields[key]) for key in ("since", "until")]
    if all(spans) and not release.holds(fields["since"], "", fields["until"]):
        here.refuse(f"ends with {fields['until']} before it begins with {fields['since']}")
