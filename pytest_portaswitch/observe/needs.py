"""What the selected checks need to know, host by host: one request for each trip.

Only what is needed is asked, and every probe is sent once however many checks rest on it.
"""

from __future__ import annotations

import itertools
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable

import msgspec

from pytest_portaswitch.cluster.model import Cluster
from pytest_portaswitch.facts.model import Probe
from pytest_portaswitch.observe.questions import Questions
from pytest_portaswitch.observe.request import Request, Stream
from pytest_portaswitch.plan.check import (
    CannotAssess,
    Check,
    ClockAgrees,
    Expectation,
    HasConnection,
    Holds,
    HoldsConnection,
    Listens,
    MtuAgrees,
    Presents,
    Reaches,
    RefusesWrites,
    ReleaseAgrees,
    StandsBy,
    UsesPrivate,
)
from pytest_portaswitch.protocols.mysql import GREETING_PATIENCE

UDP_TIMEOUT = Request(host="").udp_timeout


def requests(
    checks: Iterable[Check], cluster: Cluster, probe_timeout: float, questions: Questions
) -> dict[str, Request]:
    """One request for each host that the checks speak of, by host name."""
    checks = tuple(checks)
    hosts: set[str] = set()
    probes: dict[str, dict[str, Probe]] = defaultdict(dict)
    watched: dict[str, dict[str, Probe]] = defaultdict(dict)
    second: set[str] = set()
    routes: dict[str, set[str]] = defaultdict(set)
    programs: dict[str, set[str]] = defaultdict(set)
    astray: dict[str, set[str]] = defaultdict(set)
    streams: dict[str, dict[str, Stream]] = defaultdict(dict)
    for check in checks:
        expects = check.expects
        hosts.update(_looked_at(expects))
        if isinstance(expects, HoldsConnection):
            places = (expects.destination, *expects.instead)
            astray[expects.source].update(expects.astray, (place.address for place in places))
        elif isinstance(expects, RefusesWrites) and expects.account:
            streams[expects.source].update(_streams(expects))
        elif isinstance(expects, UsesPrivate):
            routes[expects.host].update(expects.peers.values())
        elif isinstance(expects, StandsBy) and expects.state.startswith("/"):
            for name in expects.place.hosts:
                programs[name].add(expects.state)
        elif isinstance(expects, (Reaches, HasConnection)):
            sent = watched if isinstance(expects, Reaches) and expects.sample else probes
            for probe in _probes(expects):
                _add(probe, sent[expects.source])
            if isinstance(expects, Reaches) and expects.ports.transport == "udp":
                second.update((expects.source, *expects.destination.hosts))
    # After the others, because the same probe may ask for a name here.
    for shown in (c.expects for c in checks if isinstance(c.expects, Presents)):
        for source, probe in itertools.product(shown.sources, _probes(shown)):
            known = probes[source].get(probe.key, probe)
            probes[source][probe.key] = msgspec.structs.replace(probe, question=known.question)
    addresses = {host.private for host in cluster.hosts.values()}
    return {
        name: Request(
            host=name,
            probes=tuple(sent[key] for key in sorted(sent)),
            scripts={
                key: script
                for key in sorted(sent)
                if (script := questions.script(cluster.hosts[name].private, sent[key]))
            },
            watched=tuple(watched[name][key] for key in sorted(watched[name], key=_turn(name))),
            second=name in second,
            relays=tuple(streams[name][key] for key in sorted(streams[name])),
            routes_to=tuple(sorted(routes[name])),
            connections_to=tuple(sorted(addresses | astray[name])),
            programs=tuple(sorted(programs[name])),
            probe_timeout=probe_timeout,
            udp_timeout=min(UDP_TIMEOUT, probe_timeout),
        )
        for name in sorted(hosts)
        for sent in [probes[name]]
    }


def _add(probe: Probe, sent: dict[str, Probe]) -> None:
    """Have it sent. What a check asks in any case waits for no echo because another would."""
    if not probe.unless or probe.key not in sent:
        sent[probe.key] = probe


def _turn(source: str) -> Callable[[str], int]:
    """In which order a host sends what it samples: another one from each host, always the same.

    A kernel tells each peer of only so many datagrams a second that they were not taken. By this
    those are not the lowest ports of every range, and each peer hears of others.
    """
    return lambda key: zlib.crc32(f"{source} {key}".encode())


def _looked_at(expects: Expectation) -> tuple[str, ...]:
    """The hosts of which facts are needed."""
    if isinstance(expects, (Listens, Holds, StandsBy)):
        return expects.place.hosts
    if isinstance(expects, (Reaches, HasConnection)):
        # The destination is looked at as well: it shows why a probe did not come through.
        return (expects.source, *expects.destination.hosts)
    if isinstance(expects, Presents):
        return (*expects.sources, *expects.destination.hosts)
    if isinstance(expects, ClockAgrees):
        return expects.hosts
    if isinstance(expects, ReleaseAgrees):
        return (expects.host, *expects.others)
    if isinstance(expects, MtuAgrees):
        return tuple(expects.addresses)
    if isinstance(expects, HoldsConnection):
        return (expects.source,)
    if isinstance(expects, RefusesWrites):
        return (expects.source,) if expects.account else ()
    return () if isinstance(expects, CannotAssess) else (expects.host,)


def _streams(expects: RefusesWrites) -> dict[str, Stream]:
    address = expects.destination.address
    keys = {f"mysql:{address}:{number}": number for number in expects.ports.numbers}
    return {
        key: Stream(key=key, address=address, port=port, patience=GREETING_PATIENCE)
        for key, port in keys.items()
    }


def _probes(expects: Reaches | Presents | HasConnection) -> list[Probe]:
    address = expects.destination.address
    if isinstance(expects, HasConnection):
        echo = Probe(transport="icmp", address=address, port=0)
        # Who echoes is there: sshd would log a knock that proves no more.
        knock = Probe(
            transport="tcp",
            address=address,
            port=expects.login_port,
            protocol="ssh",
            unless=echo.key,
        )
        return [echo, knock]
    ports = expects.ports
    probe = Probe(
        transport=ports.transport,
        address=address,
        port=0,
        protocol=expects.protocol,
        name=expects.name if isinstance(expects, Presents) else "",
        question=expects.question if isinstance(expects, Reaches) else "",
        port_role=expects.port_role if isinstance(expects, Reaches) else "",
    )
    sample = expects.sample if isinstance(expects, Reaches) else ()
    return [msgspec.structs.replace(probe, port=number) for number in sample or ports.numbers]
