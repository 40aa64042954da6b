"""System services as table files and cluster files write them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

from pytest_portaswitch.source import Section, Value
from pytest_portaswitch.source.scalar import choice, listing, prose, regex
from pytest_portaswitch.tables.pattern import of_program
from pytest_portaswitch.tables.ports import read_ports
from pytest_portaswitch.tables.row import Service, ServicePorts

_TRANSPORTS: tuple[Literal["tcp", "udp"], ...] = ("tcp", "udp")
_WHERE = ("any", "private")


def read(name: str, value: Value, places: Collection[str] | None) -> Service:
    """``{program | match, tcp, udp, where, hosts, reason}``.

    ``places``: what ``hosts`` may name, roles and in cluster files hosts; None: not known.
    """
    section = value.section(("reason",), ("program", "match", *_TRANSPORTS, "where", "hosts"))
    if section is None:
        return Service(name=name, reason="", source=value.place)
    if {"program", "match"} <= section.entries.keys():
        value.refuse("needs 'program' or 'match', not both", "'program' is the program's own name")
    if not section.entries.keys() & set(_TRANSPORTS):
        value.refuse("has no port", "give tcp, udp or both", value=name)
    program = section.read("program", regex, "")
    place = listing(choice(places, "a role of the tables or a host of this file"), "hosts")
    return Service(
        name=name,
        match=of_program(program) if program else section.read("match", regex, ""),
        ports=_ports(section),
        public=section.read("where", choice(_WHERE, "'any' or 'private'"), "any") == "any",
        hosts=section.read("hosts", place, ()),
        reason=section.read("reason", prose, ""),
        source=value.place,
    )


def _ports(section: Section) -> tuple[ServicePorts, ...]:
    found = []
    for transport in _TRANSPORTS:
        value = section.get(transport)
        ports = read_ports(value) if value else None
        if ports is None:
            continue
        numbers = ports.numbers
        ends = [numbers] if ports.range else [(number, number) for number in numbers]
        found += [ServicePorts(transport=transport, first=e[0], last=e[-1]) for e in ends]
    return tuple(found)
