"""A range of ports that are open only while calls are up (RTP)."""

from __future__ import annotations

from typing import Any

from pytest_portaswitch.facts.model import HostFacts, Socket
from pytest_portaswitch.judge import seen
from pytest_portaswitch.judge.by_hand import states
from pytest_portaswitch.judge.fault import fault
from pytest_portaswitch.judge.process import (
    all_stopped,
    looked_for,
    missing_process,
    pin,
    stopped_cause,
)
from pytest_portaswitch.judge.unknown import Facts, gap
from pytest_portaswitch.judge.verdict import Verdict
from pytest_portaswitch.plan.check import Check, Listens
from pytest_portaswitch.text.command import on, run

SHOWN = 4


def judge_range(
    check: Check, expects: Listens, host: HostFacts, facts: Facts, expected: str
) -> Verdict:
    """Holds when the process runs, no other process serves on a port of the range, and the kernel
    gives none of its ports to clients.

    The ports themselves are never demanded: without calls none is open.
    """
    low, high = expects.ports.numbers[0], expects.ports.numbers[-1]
    ports = f"sport >= :{low} and sport <= :{high}"
    reproduce = on(host.host, f'ss -lnup "{ports}"', sudo=True)
    running = seen.processes_matching(host, expects.process)
    evidence = tuple(seen.command_line(process) for process in running[:3])
    if not running:
        return missing_process(check, host, facts, expects.process, expected, reproduce)
    if all_stopped(running):
        return Verdict(
            verdict="fail",
            expected=expected,
            observed=f"{seen.process_words(running)} is stopped",
            cause=stopped_cause(host, check.subcomponent, running),
            fault=fault("frozen", host.host, check.subcomponent),
            evidence=evidence,
            reproduce=states(host.host, running),
        )
    in_range = [
        socket
        for socket in host.sockets
        if socket.transport == "udp" and low <= socket.port <= high and not socket.connected
    ]
    own = seen.with_children(host, running)
    foreign = [socket for socket in in_range if _is_foreign(host, socket, own)]
    if foreign:
        seen.all_decided(host, expects.process)
    is_assumed = expects.process.confidence == "assumed"
    if foreign and not is_assumed:
        return Verdict(
            verdict="fail",
            expected=expected,
            observed=f"{seen.socket_words(host, foreign[0])} sits in the range "
            f"({len(foreign)} port(s) in all)",
            cause=f"another process holds ports of {expects.ports.words} on {host.host}: "
            f"{seen.owners(host, foreign[0])[0].name}",
            fault=fault(
                "port-taken",
                host.host,
                check.subcomponent,
                detail=seen.owners(host, foreign[0])[0].name,
            ),
            evidence=tuple(seen.socket_words(host, socket) for socket in foreign[:5]),
            reproduce=reproduce,
        )
    collision = _collision(host, low, high)
    why = host.gap("ports")
    if host.ephemeral_ports is None or (collision and why):
        # Which ports clients get was not seen, or not which of them are reserved.
        return gap(host.host, "ports for clients", why or "they were not brought back", expected)
    if collision:
        return Verdict(
            verdict="fail",
            expected=expected,
            observed=f"the kernel may give ports {collision} of the range to any client",
            cause=f"{host.host} gives ports of {expects.ports.words} to clients: reserve them with "
            f"net.ipv4.ip_local_reserved_ports",
            fault=fault("ephemeral-collision", host.host),
            evidence=(
                f"net.ipv4.ip_local_port_range {host.ephemeral_ports}",
                f"net.ipv4.ip_local_reserved_ports {list(host.reserved_ports)}",
            ),
            reproduce=run(
                host.host,
                "sysctl",
                "net.ipv4.ip_local_port_range",
                "net.ipv4.ip_local_reserved_ports",
            ),
        )
    if foreign:
        by = seen.owners(host, foreign[0])
        return Verdict(
            verdict="unknown",
            why_unknown="not-assessable",
            expected=expected,
            observed=f"{seen.process_words(by)} sits in the range ({len(foreign)} port(s) in all); "
            f"whether that is {expects.server} is not known, the name in the table is only assumed",
            cause=f"the process name of {expects.server} is not known; "
            f"{pin(check, expects.server)}",
            fault=fault("name-not-known", expects.server),
            evidence=(
                *(seen.socket_words(host, socket) for socket in foreign[:5]),
                *(seen.command_line(process) for process in by[:3]),
                looked_for(expects.process),
            ),
            reproduce=reproduce,
        )
    unseen = [socket for socket in in_range if not seen.owners(host, socket)]
    if unseen:
        first = seen.socket_words(host, unseen[0])
        cause = f"owners of sockets on {host.host} not visible: "
        cause += host.gap("owners") or "the owner could not be read"
        if unseen[0].pids == ():
            cause = f"no process of {host.host} holds {_where(unseen[0])}: it is the kernel's own "
            cause += "(WireGuard, VXLAN), or it was opened in that moment"
        return Verdict(
            verdict="unknown",
            why_unknown="not-observed",
            expected=expected,
            observed=f"{first} sits in the range: whose it is cannot be seen",
            cause=cause,
            fault=fault("not-visible", host.host, "owners"),
            evidence=tuple(seen.socket_words(host, socket) for socket in unseen[:5]),
            reproduce=reproduce,
        )
    clients = [
        socket
        for socket in host.sockets
        if socket.transport == "udp"
        and low <= socket.port <= high
        and socket.connected
        and _is_foreign(host, socket, own)
    ]
    return Verdict(
        verdict="pass",
        expected=expected,
        observed=f"{seen.process_words(running)} runs, {len(in_range)} port(s) of the range "
        "in use, all its own",
        evidence=evidence,
        reproduce=reproduce,
        **({} if is_assumed else _held_by(host, clients, check, expects)),
    )


def _held_by(
    host: HostFacts, clients: list[Socket], check: Check, expects: Listens
) -> dict[str, Any]:
    """What is said of other processes' clients that have a port of the range all the same."""
    if not clients:
        return {}
    names = sorted({seen.owners(host, socket)[0].name for socket in clients})
    about = f"a client on {host.host} has ports of {expects.ports.words}: {', '.join(names)}"
    return {
        "warnings": (
            f"{seen.socket_words(host, clients[0])} is a client's and has a port of the range, so "
            f"that {check.subcomponent} cannot ({len(clients)} port(s) in all)",
        ),
        "fault": fault("port-of-a-client", host.host, check.subcomponent, detail=about),
    }


def _where(socket: Socket) -> str:
    address = f"[{socket.address}]" if ":" in socket.address else socket.address
    return f"udp {address}:{socket.port}"


def _collision(host: HostFacts, low: int, high: int) -> str:
    """The ports that are of both ranges and not reserved; empty where none is."""
    if host.ephemeral_ports is None:
        return ""
    first, last = max(low, host.ephemeral_ports[0]), min(high, host.ephemeral_ports[1])
    free = []
    for start, end in (*sorted(host.reserved_ports), (last + 1, last + 1)):
        if first <= last and start > first:
            free.append((first, min(start - 1, last)))
        first = max(first, end + 1)
    shown = ", ".join(f"{one}-{two}" for one, two in free[:SHOWN])
    return f"{shown} and more" if len(free) > SHOWN else shown


def _is_foreign(host: HostFacts, socket: Socket, own: frozenset[int]) -> bool:
    """Whether somebody holds it, and neither the process itself nor one that it started."""
    by = seen.owners(host, socket)
    return bool(by) and not own & {process.pid for process in by}
