"""What the selected checks need to know, host by host: one request for each trip.

Only what is needed is asked, and every probe is sent once however many checks rest on it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from pytest_portaswitch.cluster.model import Cluster
from pytest_portaswitch.facts.model import Probe
from pytest_portaswitch.observe.questions import Questions
from pytest_portaswitch.observe.request import Request
from pytest_portaswitch.plan.check import (
    CannotAssess,
    Check,
    ClockAgrees,
    Expectation,
    HasConnection,
    Holds,
    Listens,
    MtuAgrees,
    Reaches,
    ReleaseAgrees,
    StandsBy,
    UsesPrivate,
)

UDP_TIMEOUT = Request(host="").udp_timeout


def requests(
    checks: Iterable[Check], cluster: Cluster, probe_timeout: float, questions: Questions
) -> dict[str, Request]:
    """One request for each host that the checks speak of, by host name."""
    hosts: set[str] = set()
    probes: dict[str, dict[str, Probe]] = defaultdict(dict)
    watched: dict[str, dict[str, Probe]] = defaultdict(dict)
    second: set[str] = set()
    routes: dict[str, set[str]] = defaultdict(set)
    programs: dict[str, set[str]] = defaultdict(set)
    for check in checks:
        expects = check.expects
        hosts.update(_looked_at(expects))
        if isinstance(expects, UsesPrivate):
            routes[expects.host].update(expects.peers.values())
        elif isinstance(expects, StandsBy) and expects.state.startswith("/"):
            for name in expects.place.hosts:
                programs[name].add(expects.state)
        elif isinstance(expects, (Reaches, HasConnection)):
            sent = watched if isinstance(expects, Reaches) and expects.sample else probes
            for probe in _probes(expects):
                sent[expects.source][probe.key] = probe
            if isinstance(expects, Reaches) and expects.ports.transport == "udp":
                second.update((expects.source, *expects.destination.hosts))
    addresses = tuple(sorted({host.private for host in cluster.hosts.values()}))
    return {
        name: Request(
            host=name,
            probes=tuple(sent[key] for key in sorted(sent)),
            scripts={
                key: script
                for key in sorted(sent)
                if (script := questions.script(cluster.hosts[name].private, sent[key]))
            },
            watched=tuple(watched[name][key] for key in sorted(watched[name])),
            second=name in second,
            routes_to=tuple(sorted(routes[name])),
            connections_to=addresses,
            programs=tuple(sorted(programs[name])),
            probe_timeout=probe_timeout,
            udp_timeout=min(UDP_TIMEOUT, probe_timeout),
        )
        for name in sorted(hosts)
        for sent in [probes[name]]
    }


def _looked_at(expects: Expectation) -> tuple[str, ...]:
    """The hosts of which facts are needed."""
    if isinstance(expects, (Listens, Holds, StandsBy)):
        return expects.place.hosts
    if isinstance(expects, (Reaches, HasConnection)):
        # The destination is looked at as well: it shows why a probe did not come through.
        return (expects.source, *expects.destination.hosts)
    if isinstance(expects, ClockAgrees):
        return expects.hosts
    if isinstance(expects, ReleaseAgrees):
        return (expects.host, *expects.others)
    if isinstance(expects, MtuAgrees):
        return tuple(expects.addresses)
    return () if isinstance(expects, CannotAssess) else (expects.host,)


def _probes(expects: Reaches | HasConnection) -> list[Probe]:
    address = expects.destination.address
    if isinstance(expects, HasConnection):
        return [
            Probe(transport="icmp", address=address, port=0),
            Probe(transport="tcp", address=address, port=expects.login_port),
        ]
    ports = expects.ports
    return [
        Probe(transport=ports.transport, address=address, port=number, protocol=expects.protocol)
        for number in expects.sample or ports.numbers
    ]
