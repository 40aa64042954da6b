"""What listens on a host though nobody declared it?

Judged by process, address and port. Whether a firewall stands before it cannot be seen from the
host itself, so nothing here says that it is reached.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

from pytest_portaswitch.facts.model import HostFacts, Socket
from pytest_portaswitch.judge import addressing, seen
from pytest_portaswitch.judge.fault import fault
from pytest_portaswitch.judge.unknown import Facts, facts_of, gap
from pytest_portaswitch.judge.verdict import Verdict
from pytest_portaswitch.plan.check import Check, NothingElse
from pytest_portaswitch.source.bounded_regex import Undecided
from pytest_portaswitch.tables.row import KnownPort, Service
from pytest_portaswitch.text.command import run

Standing = Literal["declared", "service", "loopback", "client", "unseen", "public", "private"]
"""``client``: UDP on an ephemeral port, as a client has.
``unseen``: whose it is decides, and was not seen. ``public``, ``private``: undeclared there."""

SHOWN = 20


class Listener(msgspec.Struct, frozen=True, kw_only=True):
    """A socket, and what was found of it."""

    socket: Socket
    standing: Standing
    why: str = ""
    exposed: bool = False
    """Whether it is at a public address and must not be, whatever the site says of others."""


def judge_undeclared(check: Check, expects: NothingElse, facts: Facts) -> Verdict:
    """Fails or warns as the cluster file says of public and of private addresses."""
    expected = f"nothing listens on {expects.host} but what the tables or the site declare"
    host = facts_of(expects.host, facts, expected)
    if isinstance(host, Verdict):
        return host
    for what in ("sockets", "processes", "interfaces"):
        if why := host.gap(what):
            return gap(host.host, what, why, expected)
    listeners = _listeners(host, expects)
    by_severity = {"fail": [], "warn": [], "note": []}  # type: dict[str, list[str]]
    for scope, severity in (
        ("public", expects.severity.public),
        ("private", expects.severity.private),
    ):
        by_severity[severity] += _words(host, listeners, scope)
    exposed = _words(host, [listener for listener in listeners if listener.exposed], "public")
    if exposed:
        for lines in by_severity.values():
            lines[:] = [line for line in lines if line not in exposed]
        by_severity["fail"][:0] = exposed
    lines = [line for each in by_severity.values() for line in each]
    something = f"something that nobody declared listens on {host.host}"
    verdict = Verdict(
        verdict="pass",
        expected=expected,
        observed=_sum(listeners),
        evidence=tuple(_shorten([f"undeclared: {line}" for line in lines]))
        + tuple(_shorten(_explained(host, listeners))),
        warnings=tuple(_shorten(by_severity["warn"])),
        fault=fault("undeclared", host.host, detail=something) if by_severity["warn"] else None,
        reproduce=run(host.host, "ss", "-lntup", sudo=True),
    )
    if by_severity["fail"]:
        danger = f"the public network may reach what it must not on {host.host}"
        return msgspec.structs.replace(
            verdict,
            verdict="fail",
            observed=f"{by_severity['fail'][0]} ({verdict.observed})",
            cause=danger if exposed else something,
            fault=fault("exposed" if exposed else "undeclared", host.host),
        )
    unseen = [listener for listener in listeners if listener.standing == "unseen"]
    if unseen:
        if all(listener.socket.pids is not None for listener in unseen):
            why = f"a process pattern {seen.UNDECIDED}"
        else:
            why = host.gap("owners") or "the owner of a socket could not be read"
        return msgspec.structs.replace(
            gap(host.host, "owners", why, expected),
            cause=f"owners of sockets on {host.host} not visible: {why}",
            warnings=verdict.warnings,
            evidence=tuple(_shorten(seen.socket_words(host, each.socket) for each in unseen)),
            reproduce=verdict.reproduce,
        )
    return verdict


def undeclared_listeners(host: HostFacts, expects: NothingElse) -> tuple[str, ...] | None:
    """What listens undeclared, a line for each process and port; None where that was not seen."""
    if any(host.gap(what) for what in ("sockets", "processes", "interfaces", "owners")):
        return None
    listeners = _listeners(host, expects)
    return tuple(line for scope in ("public", "private") for line in _words(host, listeners, scope))


def _listeners(host: HostFacts, expects: NothingElse) -> list[Listener]:
    held = _public_held(host, expects)
    services = (socket for socket in host.sockets if not socket.connected)
    return [_standing(host, socket, expects, held) for socket in services]


def _standing(
    host: HostFacts, socket: Socket, expects: NothingElse, held: Sequence[str]
) -> Listener:
    if ipaddress.ip_address(socket.address).is_loopback:
        return Listener(socket=socket, standing="loopback")
    public = _is_public(host, socket, expects, held)
    # Where a row or a service has the port, its owner decides. Elsewhere nobody's would do.
    is_open = False
    for entry in expects.declared:
        if entry.transport != socket.transport or not entry.first <= socket.port <= entry.last:
            continue
        if (
            # Whoever has it where its peers look for it is for the listener check to judge.
            addressing.covers(host, socket, entry.address) is not False
            or entry.process is None
            or entry.process.confidence == "assumed"
            or (owned := _is_held_by(host, socket, entry.process.match, by_child=True))
        ):
            return Listener(socket=socket, standing="declared")
        is_open = is_open or owned is None
    confined = ""
    for service in expects.services:
        if not _is_port_of(service, socket):
            continue
        owned = not service.match or _is_held_by(host, socket, service.match)
        if not owned:
            is_open = is_open or owned is None
            continue
        if service.public or not public:
            why = f"{service.name}: {service.reason} ({service.source})"
            return Listener(socket=socket, standing="service", why=why)
        confined = f"{service.name} is expected on private addresses only"
    low, high = host.ephemeral_ports or (0, -1)
    if socket.transport == "udp" and low <= socket.port <= high:
        return Listener(socket=socket, standing="client")
    if is_open:
        return Listener(socket=socket, standing="unseen")
    known = next((one for one in expects.known if _is_known(one, socket)), None)
    return Listener(
        socket=socket,
        standing="public" if public else "private",
        why=confined or (f"a known port: {known.what}" if known else ""),
        exposed=public and known is not None and known.confidential,
    )


def _is_known(known: KnownPort, socket: Socket) -> bool:
    return (known.transport, known.port) == (socket.transport, socket.port)


def _is_port_of(service: Service, socket: Socket) -> bool:
    return any(
        ports.transport == socket.transport and ports.first <= socket.port <= ports.last
        for ports in service.ports
    )


def _is_held_by(
    host: HostFacts, socket: Socket, words: str, *, by_child: bool = False
) -> bool | None:
    """Whether an owner matches a pattern; None where that could not be seen or decided."""
    try:
        held = seen.is_held_by(host, socket, words, by_child=by_child)
    except Undecided:
        return None
    return None if socket.pids is None and not held else held


def _public_held(host: HostFacts, expects: NothingElse) -> tuple[str, ...]:
    """One public address of each version that each interface holds: a socket that is bound to any
    address takes all of these alike."""
    found: dict[tuple[str, int], str] = {}
    for interface in host.interfaces:
        for words in dict.fromkeys(held.partition("/")[0] for held in interface.addresses):
            if _is_public_address(words, expects):
                found[interface.name, ipaddress.ip_address(words).version] = words
    return tuple(found.values())


def _is_public(host: HostFacts, socket: Socket, expects: NothingElse, held: Sequence[str]) -> bool:
    """Whether the socket takes what comes to a public address."""
    address = ipaddress.ip_address(socket.address)
    if not address.is_unspecified:
        return _is_public_address(socket.address, expects)
    return any(addressing.covers(host, socket, words) is not False for words in held)


def _is_public_address(words: str, expects: NothingElse) -> bool:
    address = ipaddress.ip_address(words)
    if any(address in ipaddress.ip_network(net) for net in expects.public):
        return True
    if any(address in ipaddress.ip_network(net) for net in expects.private):
        return False
    return address.is_global and not address.is_multicast


def _words(host: HostFacts, listeners: Iterable[Listener], scope: str) -> list[str]:
    """A line for each process and port, with all addresses at which it listens."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for listener in listeners:
        if listener.standing != scope:
            continue
        socket = listener.socket
        owners = seen.owners(host, socket)
        nobody = "the kernel, or a process that ended,"
        unseen = "a process that could not be seen"
        who = owners[0].name if owners else unseen if socket.pids is None else nobody
        found.setdefault((who, f"{socket.transport}/{socket.port}", listener.why), []).append(
            f"[{socket.address}]" if ":" in socket.address else socket.address
        )
    where = " (public)" if scope == "public" else ""
    return [
        f"{who} listens on {port} at {' and '.join(sorted(set(addresses)))}{where} of {host.host}"
        + (f"; {why}" if why else "")
        for (who, port, why), addresses in sorted(found.items())
    ]


def _explained(host: HostFacts, listeners: Iterable[Listener]) -> list[str]:
    """What is expected for another reason than a row, and why."""
    return [
        f"{seen.socket_words(host, listener.socket)}: {listener.why}"
        for listener in listeners
        if listener.standing == "service"
    ]


def _shorten(lines: Iterable[str]) -> list[str]:
    lines = list(lines)
    if len(lines) <= SHOWN:
        return lines
    return [*lines[:SHOWN], f"and {len(lines) - SHOWN} more"]


_NAMES: dict[Standing, str] = {
    "public": "undeclared at public addresses",
    "private": "undeclared at private addresses",
    "unseen": "of nobody knows whom",
    "declared": "declared by the tables",
    "service": "of expected services",
    "loopback": "on loopback",
    "client": "of UDP clients",
}


def _sum(listeners: Iterable[Listener]) -> str:
    standings = [listener.standing for listener in listeners]
    counts = [f"{standings.count(each)} {_NAMES[each]}" for each in _NAMES if each in standings]
    sockets = "1 socket" if len(standings) == 1 else f"{len(standings)} sockets"
    return f"{sockets}: {', '.join(counts)}" if counts else "no socket"
