"""What was seen of each host: listeners with processes, certificates, release, clock."""

from __future__ import annotations

from collections import defaultdict

import msgspec

from pytest_portaswitch.facts.model import HostFacts, Observation, Socket
from pytest_portaswitch.judge import seen
from pytest_portaswitch.judge.certificates import shown
from pytest_portaswitch.judge.verdict import VerdictWord
from pytest_portaswitch.plan.check import Listens
from pytest_portaswitch.report.evidence import Evidence, JudgedCheck
from pytest_portaswitch.report.page.checks import Count, count, moments
from pytest_portaswitch.report.page.words import plural, standing

MOST_LISTENERS = 200
"""Listeners of one host that the page lists; the evidence has all."""


class Listener(msgspec.Struct, frozen=True):
    """A socket that takes what arrives, with who holds it and which subcomponents it serves."""

    transport: str
    address: str
    port: int
    process: str
    user: str
    unit: str
    serves: str


class CertificateLine(msgspec.Struct, frozen=True):
    """A certificate that the host showed to a peer."""

    port: str
    subject: str
    """Or why none can be read."""
    ends: str
    days: int | None
    """Left when its peers saw it, as in the verdicts; None: unreadable."""


class HostCard(msgspec.Struct, frozen=True):
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
                certificates=tuple(certificates[name]),
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
    """By host: what it showed at its own address, and at virtual IPs that it holds."""
    site = evidence.site
    held: dict[str, list[tuple[str, str]]] = {
        h.private: [(h.name, "")] for h in site.hosts.values()
    }
    for vip in site.virtual_ips:
        holders = [n for n in vip.hosts if _holds(evidence.hosts.get(n), vip.address)]
        held[vip.address] = [(name, f" at {vip.name}") for name in holders or vip.hosts]
    found: dict[str, list[CertificateLine]] = defaultdict(list)
    # On every machine the page shows what the one that audited could read.
    unread = any(c.unsettled and c.unsettled.why == "library-unusable" for c in evidence.checks)
    for key, certificate in () if unread else shown(evidence.hosts):
        transport, _, place = key.partition(":")
        address, _, port = place.rpartition(":")
        for name, where in held.get(address, ()):
            found[name].append(
                CertificateLine(
                    port=f"{transport}/{port}{where}",
                    subject=certificate.subject or certificate.words,
                    ends=certificate.not_after[:10],
                    days=certificate.days_left,
                )
            )
    return found


def _holds(observation: Observation | None, address: str) -> bool:
    return isinstance(observation, HostFacts) and any(
        held.partition("/")[0] == address
        for interface in observation.interfaces
        for held in interface.addresses
    )
