"""A program's reply, as bytes of a host that nobody trusts, turned into facts.

Pure. Whatever the bytes are, the answer is ``HostFacts`` or ``Unobserved``, never an exception.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from pytest_portaswitch.facts import certificates, clean
from pytest_portaswitch.facts.clean import Hostile
from pytest_portaswitch.facts.model import (
    Clock,
    Connection,
    Disk,
    Gap,
    HostFacts,
    Interface,
    Observation,
    ProbeResult,
    Process,
    Program,
    Route,
    Socket,
    Unobserved,
    WhyUnobserved,
)
from pytest_portaswitch.facts.raw import Raw, Trip
from pytest_portaswitch.text import clean_json

_replace = msgspec.structs.replace
_decoder = msgspec.json.Decoder(Raw)
_RECEIVED = 65536
_MOST_PIDS = 5000


def parse_reply(
    host: str,
    body: bytes,
    *,
    method: Literal["python", "shell"],
    sent: float,
    received: float,
    took: float,
) -> Observation:
    """Return the facts in the body of a reply, or why there are none.

    ``sent``, ``received``: the controller's clock when it had written the payload and when the
    reply had come, seconds since the epoch. ``took``: seconds of the whole trip.
    """
    trip = Trip(host=host, method=method, sent=sent, received=received, took=took)
    try:
        raw = _read_text(body) if method == "shell" else _read(body)
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


def _read_text(body: bytes) -> Raw:
    """Read what hosts without Python show. Raises ``Hostile``."""
    from pytest_portaswitch.facts import shell  # they are few, and most runs meet none

    return shell.read(body)


def _unobserved(trip: Trip, why: WhyUnobserved, detail: str) -> Unobserved:
    return Unobserved(host=trip.host, why=why, detail=detail, took=trip.took)


def _facts(raw: Raw, trip: Trip) -> HostFacts:
    return HostFacts(
        host=trip.host,
        method=trip.method,
        privileged=raw.privileged,
        took=trip.took,
        hostname=clean.text(raw.hostname),
        release=clean.text(raw.release, 60),
        kernel=clean.text(raw.kernel),
        system=clean.text(raw.system),
        clock=_clock(raw, trip),
        ephemeral_ports=raw.ephemeral_ports and _range(raw.ephemeral_ports),
        reserved_ports=tuple(_range(ports) for ports in raw.reserved_ports),
        sockets=tuple(_socket(socket) for socket in raw.sockets),
        processes=tuple(_process(process) for process in raw.processes),
        connections=tuple(_connection(connection) for connection in raw.connections),
        interfaces=tuple(_interface(interface) for interface in raw.interfaces),
        routes=tuple(_route(route) for route in raw.routes),
        disks=tuple(_disk(disk) for disk in raw.disks),
        programs=tuple(_program(program) for program in raw.programs),
        probes=tuple(probe(result) for result in raw.probes),
        certificates=certificates.shown(raw.certificates, raw.probes),
        gaps=tuple(Gap(what=clean.text(g.what, 40), why=clean.text(g.why)) for g in raw.gaps),
    )


def _clock(raw: Raw, trip: Trip) -> Clock | None:
    if raw.clock is None:
        return None
    # The host read its clock at the start of its work, and says how long that then took.
    latest = max(trip.sent, trip.received - max(0.0, clean.seconds(raw.clock_age)))
    return Clock(host=clean.seconds(raw.clock), sent=trip.sent, received=min(latest, trip.received))


def _range(ports: tuple[int, int]) -> tuple[int, int]:
    return clean.port(ports[0]), clean.port(ports[1])


def _pids(pids: tuple[int, ...] | None) -> tuple[int, ...] | None:
    return None if pids is None else pids[:_MOST_PIDS]


def _socket(socket: Socket) -> Socket:
    return _replace(
        socket,
        address=clean.address(socket.address),
        port=clean.port(socket.port),
        pids=_pids(socket.pids),
    )


def _process(process: Process) -> Process:
    return _replace(
        process,
        name=clean.text(process.name, 100),
        command=clean.text(process.command),
        user=clean.text(process.user, 100),
        started=clean.seconds(process.started),
        unit=clean.text(process.unit),
        state=clean.text(process.state, 8),
    )


def _connection(connection: Connection) -> Connection:
    ends = (connection.local_port, connection.remote_port)
    for number in ends:
        clean.port(number or 0)
    return _replace(
        connection,
        local=clean.address(connection.local),
        remote=clean.address(connection.remote),
        pids=_pids(connection.pids),
    )


def _interface(interface: Interface) -> Interface:
    return _replace(
        interface,
        name=clean.text(interface.name, 60),
        addresses=tuple(clean.interface_address(words) for words in interface.addresses),
    )


def _route(route: Route) -> Route:
    return Route(
        to=clean.address(route.to),
        interface=clean.text(route.interface, 60),
        source=route.source and clean.address(route.source),
        gateway=route.gateway and clean.address(route.gateway),
        error=clean.text(route.error, 200),
    )


def _disk(disk: Disk) -> Disk:
    for number in (disk.size, disk.free, disk.inodes, disk.inodes_free):
        clean.count(number)
    return _replace(disk, folder=clean.text(disk.folder), kind=clean.text(disk.kind, 40))


def _program(program: Program) -> Program:
    return _replace(program, path=clean.text(program.path), error=clean.text(program.error, 200))


def probe(result: ProbeResult) -> ProbeResult:
    """Return the result of one probe, bounded and cleaned. Raises ``Hostile``."""
    return _replace(
        result,
        key=clean.text(result.key, 100),
        detail=clean.text(result.detail, 200),
        source=result.source and clean.address(result.source),
        elapsed=clean.seconds(result.elapsed),
        received=tuple(data[:_RECEIVED] for data in result.received),
        # It is for the controller to recognise answers; a host has no say in it.
        answer=None,
        arrival=None,
        source_port=clean.port(result.source_port),
        tls=result.tls and certificates.handshake(result.tls),
    )
