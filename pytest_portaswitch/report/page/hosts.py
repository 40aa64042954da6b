"""What was seen of each host: listeners with processes, certificates, release, clock."""

from __future__ import annotations

import datetime
from collections import defaultdict
from dataclasses import dataclass

from pytest_portaswitch.facts.model import HostFacts, Observation, ProbeResult, Socket
from pytest_portaswitch.judge import seen
from pytest_portaswitch.judge.verdict import VerdictWord
from pytest_portaswitch.plan.check import Listens
from pytest_portaswitch.report.evidence import Evidence, JudgedCheck
from pytest_portaswitch.report.page.checks import Count, count, moments
from pytest_portaswitch.report.page.words import plural, standing

MOST_LISTENERS = 200
"""Listeners of one host that the page lists; the evidence has all."""


@dataclass(frozen=True)
class Listener:
    """A socket that takes what arrives, with who holds it and which subcomponents it serves."""

    transport: str
    address: str
    port: int
    process: str
    user: str
    unit: str
    serves: str


@dataclass(frozen=True)
class CertificateLine:
    """A certificate that the host showed to a peer."""

    port: str
    subject: str
    ends: str
    days: int | None
    words: str


@dataclass(frozen=True)
class HostCard:
    """One host."""

    name: str
    anchor: str
    roles: str
    addresses: str
    unobserved: str
    """Why it could not be looked at; empty where it could."""
    facts: tuple[tuple[str, str], ...]
    listeners: tuple[Listener, ...]
    more_listeners: int
    certificates: tuple[CertificateLine, ...]
    gaps: tuple[tuple[str, str], ...]
    count: Count
    verdict: VerdictWord


def hosts_of(evidence: Evidence) -> tuple[HostCard, ...]:
    """A card a host, in the order of the cluster file."""
    serves = _serves(evidence)
    certificates = _certificates(evidence)
    own: dict[str, list[JudgedCheck]] = defaultdict(list)
    for check in evidence.checks:
        own[check.host].append(check)
    moment = moments(evidence)
    names = [*evidence.site.hosts, *(n for n in evidence.hosts if n not in evidence.site.hosts)]
    cards = []
    for number, name in enumerate(names, 1):
        observation = evidence.hosts.get(name)
        host = evidence.site.hosts.get(name)
        listeners = _listeners(observation, serves[name])
        public = f", public {host.public}" if host and host.public else ""
        roles = [evidence.tables.roles.get(r) or r for r in host.roles] if host else []
        cards.append(
            HostCard(
                name=name,
                anchor=f"h{number}",
                roles=", ".join(roles),
                addresses=f"{host.private}{public}" if host else "",
                unobserved=_why(observation),
                facts=tuple(_facts(observation, moment.get(name, ""))),
                listeners=listeners[:MOST_LISTENERS],
                more_listeners=max(0, len(listeners) - MOST_LISTENERS),
                certificates=tuple(certificates[host.private]) if host else (),
                gaps=tuple((gap.what, gap.why) for gap in observation.gaps)
                if isinstance(observation, HostFacts)
                else (),
                count=count(check.verdict for check in own[name]),
                verdict=standing(own[name]),
            )
        )
    return tuple(cards)


def _why(observation: Observation | None) -> str:
    if observation is None:
        return "No selected check needed this host: it was not looked at."
    if isinstance(observation, HostFacts):
        return ""
    return f"Could not be looked at: {observation.detail} [{observation.why}]"


def _facts(observation: Observation | None, moment: str) -> list[tuple[str, str]]:
    if not isinstance(observation, HostFacts):
        return []
    clock = observation.clock
    found = [
        ("Looked at", moment),
        ("Release", observation.release or "not visible"),
        ("System", observation.system),
        ("Kernel", observation.kernel),
        ("Calls itself", observation.hostname),
        ("Clock", clock_words(clock.host - (clock.sent + clock.received) / 2) if clock else ""),
        ("Looked at with", "Python" if observation.method == "python" else "shell only"),
        ("Owners of sockets", "visible" if observation.privileged else "not all visible"),
        ("Trip", f"{observation.took:.2f} s, {plural(len(observation.probes), 'probe')} sent"),
        ("Connections", f"{len(observation.connections):,} established, TCP"),
    ]
    return [(name, words) for name, words in found if words]


def clock_words(ahead: float) -> str:
    """How far a clock is from that of the machine that looked."""
    if abs(ahead) < 1:
        return "agrees within a second"
    return f"{abs(ahead):,.1f} s {'ahead of' if ahead > 0 else 'behind'} the auditing machine"


def _serves(evidence: Evidence) -> dict[str, dict[tuple[str, int], list[str]]]:
    """By host, then by transport and port: subcomponents that are expected there."""
    found: dict[str, dict[tuple[str, int], list[str]]] = defaultdict(lambda: defaultdict(list))
    for check in evidence.checks:
        expects = check.expects
        if not isinstance(expects, Listens) or expects.ports.demand == "range":
            continue
        transport = "udp" if expects.ports.transport == "udp" else "tcp"
        for host in expects.place.hosts:
            for port in expects.ports.numbers:
                known = found[host][transport, port]
                if expects.server not in known:
                    known.append(expects.server)
    return found


def _listeners(
    observation: Observation | None, serves: dict[tuple[str, int], list[str]]
) -> tuple[Listener, ...]:
    if not isinstance(observation, HostFacts):
        return ()
    return tuple(
        _listener(observation, socket, serves.get((socket.transport, socket.port), []))
        for socket in sorted(
            observation.sockets, key=lambda s: (s.transport, s.port, s.address, s.connected)
        )
        if not socket.connected
    )


def _listener(facts: HostFacts, socket: Socket, serves: list[str]) -> Listener:
    held = seen.owners(facts, socket)
    names = list(dict.fromkeys(process.name for process in held))
    return Listener(
        transport=socket.transport,
        address=socket.address,
        port=socket.port,
        process=", ".join(names) or ("not visible" if socket.pids is None else "none found"),
        user=", ".join(dict.fromkeys(process.user for process in held)),
        unit=", ".join(dict.fromkeys(process.unit for process in held if process.unit)),
        serves=", ".join(serves),
    )


def _certificates(evidence: Evidence) -> dict[str, list[CertificateLine]]:
    """By address: each certificate once, whichever peers saw it."""
    started = datetime.datetime.fromisoformat(evidence.run.started)
    found: dict[str, dict[tuple[str, str, str], CertificateLine]] = defaultdict(dict)
    for observation in evidence.hosts.values():
        if not isinstance(observation, HostFacts):
            continue
        for probe in observation.probes:
            line = _certificate(probe, started)
            if line:
                address = probe.key.partition(":")[2].rpartition(":")[0]
                found[address][line.port, line.subject, line.ends] = line
    return defaultdict(list, {at: list(lines.values()) for at, lines in found.items()})


def _certificate(probe: ProbeResult, started: datetime.datetime) -> CertificateLine | None:
    certificate = getattr(probe, "certificate", None)
    details = probe.answer.details if probe.answer else {}
    ends = str(getattr(certificate, "not_after", "") or details.get("not_after", ""))
    if not ends:
        return None
    try:
        end = datetime.datetime.fromisoformat(ends)
        days = (end - started) // datetime.timedelta(days=1)
    except (ValueError, TypeError):
        return None
    return CertificateLine(
        port=f"{probe.key.partition(':')[0]}/{probe.key.rpartition(':')[2]}",
        subject=str(getattr(certificate, "subject", "") or details.get("subject", "")),
        ends=f"{end:%Y-%m-%d}",
        days=days,
        words=str(getattr(certificate, "words", "") or details.get("words", "")),
    )
