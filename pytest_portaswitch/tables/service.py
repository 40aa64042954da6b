"""System services as table files and cluster files write them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

from pytest_portaswitch.source import Section, Value
from pytest_portaswitch.source.scalar import choice, flag, listing, prose, regex
from pytest_portaswitch.tables.pattern import of_program
from pytest_portaswitch.tables.ports import read_ports
from pytest_portaswitch.tables.row import KnownPort, Service, ServicePorts

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


def read_known_ports(value: Value) -> tuple[KnownPort, ...]:
    """``{tcp, udp, what, source, confidential}``: an entry for each of its ports."""
    section = value.section(("what", "source"), (*_TRANSPORTS, "confidential"))
    if section is None:
        return ()
    if not section.entries.keys() & set(_TRANSPORTS):
        value.refuse("has no port", "give tcp, udp or both", value="")
    what = section.read("what", prose, "")
    source = section.read("source", prose, "")
    return tuple(
        KnownPort(
            transport=ports.transport,
            port=port,
            what=f"{what} ({source})",
            confidential=section.read("confidential", flag, False),
        )
        for ports in _ports(section)
        for port in range(ports.first, ports.last + 1)
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
