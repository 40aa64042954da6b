"""A program's reply, as bytes of a host that nobody trusts, turned into facts.

Pure. Whatever the bytes are, the answer is ``HostFacts`` or ``Unobserved``, never an exception.
What is no reply of ours at all is refused as a whole; an entry of one that cannot be so is left
out, and a gap says so.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from pytest_portaswitch.facts import certificates, clean, fields, probe_fields
from pytest_portaswitch.facts.clean import Hostile
from pytest_portaswitch.facts.default_route import default_routes
from pytest_portaswitch.facts.fields import Entries
from pytest_portaswitch.facts.model import (
    Clock,
    Gap,
    HostFacts,
    Observation,
    Unobserved,
    WhyUnobserved,
)
from pytest_portaswitch.facts.raw import Raw, Trip
from pytest_portaswitch.text import clean_json

_decoder = msgspec.json.Decoder(Raw)
_MOST_GAPS = 1000


def parse_reply(
    host: str,
    body: bytes,
    *,
    method: Literal["python", "shell"],
    sent: float,
    received: float,
    took: float,
    patterns: tuple[str, ...] | None = None,
    sought: int = 0,
) -> Observation:
    """Return the facts in the body of a reply, or why there are none.

    ``sent``, ``received``: the controller's clock when it had written the payload and when the
    reply had come, seconds since the epoch. ``took``: seconds of the whole trip. ``patterns``,
    ``sought``: as the request had them.
    """
    trip = Trip(
        host=host,
        method=method,
        sent=sent,
        received=received,
        took=took,
        patterns=patterns,
        sought=sought,
    )
    try:
        raw = _read_text(body, patterns or (), sought) if method == "shell" else _read(body)
        if raw.died:
            why = clean.text(raw.died)
            return _unobserved(trip, "program-died", f"the program ended early: {why}")
        return _facts(raw, trip)
    except Hostile as error:
        return _unobserved(trip, "output-unparsable", f"the reply makes no sense: {error}")


def _read(body: bytes) -> Raw:
    """Decode the Python program's JSON. Raises ``Hostile``."""
    try:
        return _decoder.decode(clean_json(body))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Hostile(clean.text(str(error), 200)) from None


def _read_text(body: bytes, patterns: tuple[str, ...], sought: int) -> Raw:
    """Read what hosts without Python show. Raises ``Hostile``."""
    from pytest_portaswitch.facts import shell  # they are few, and most runs meet none

    return shell.read(body, patterns, sought)


def _unobserved(trip: Trip, why: WhyUnobserved, detail: str) -> Unobserved:
    return Unobserved(host=trip.host, why=why, detail=detail, took=trip.took)


def _facts(raw: Raw, trip: Trip) -> HostFacts:
    entries = Entries()
    probes = entries.of("probes", raw.probes, probe_fields.probe, lambda one: one.key)
    return HostFacts(
        host=trip.host,
        method=trip.method,
        privileged=raw.privileged,
        took=trip.took,
        hostname=clean.text(raw.hostname),
        release=clean.text(raw.release, 60),
        inactive_release=clean.text(raw.inactive_release, 60),
        kernel=clean.text(raw.kernel),
        system=clean.text(raw.system),
        machine=entries.one("machine", raw.machine, fields.machine),
        clock=_clock(raw, trip, entries),
        ephemeral_ports=entries.one("ports", raw.ephemeral_ports, fields.port_range),
        reserved_ports=entries.of("ports", raw.reserved_ports, fields.port_range),
        sockets=entries.of("sockets", raw.sockets, fields.socket),
        processes=entries.of(
            "processes", raw.processes, fields.process_reader(trip.patterns), lambda one: one.pid
        ),
        others=entries.of("processes", raw.others, fields.others),
        patterns=trip.patterns,
        sought=trip.sought,
        connections=entries.of("connections", raw.connections, fields.connection),
        interfaces=entries.of("interfaces", raw.interfaces, fields.interface),
        routes=entries.of("routes", raw.routes, fields.route),
        default_routes=entries.one("gateways", raw.default_routes, default_routes),
        disks=entries.of("disks", raw.disks, fields.disk),
        programs=entries.of("programs", raw.programs, fields.program),
        hints=entries.of("hints", raw.hints, fields.hint),
        probes=probes,
        certificates=certificates.shown(raw.certificates, probes),
        gaps=(*map(_gap, raw.gaps[:_MOST_GAPS]), *entries.gaps()),
    )


def _gap(gap: Gap) -> Gap:
    return Gap(what=clean.text(gap.what, 40), why=clean.text(gap.why))


def _clock(raw: Raw, trip: Trip, entries: Entries) -> Clock | None:
    shown = entries.one("clock", raw.clock, clean.seconds)
    age = entries.one("clock", raw.clock_age, clean.seconds)
    if shown is None or age is None:
        return None
    # The host read its clock at the start of its work, and says how long that then took.
    latest = max(trip.sent, trip.received - max(0.0, age))
    return Clock(host=shown, sent=trip.sent, received=min(latest, trip.received))
