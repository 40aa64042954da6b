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
from pytest_portaswitch.internal_error import InternalError, attempt
from pytest_portaswitch.observe.process_patterns import PatternsByHost
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
    IsDescribed,
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
    checks: Iterable[Check],
    cluster: Cluster,
    probe_timeout: float,
    questions: Questions,
    met: set[InternalError] | None = None,
    also: Iterable[str] = (),
) -> dict[str, Request]:
    """One request for each host that the checks speak of, and for those of ``also``, by name.

    ``met`` takes the faults of this program: of a check that has one nothing is asked.
    """
    checks = tuple(checks)
    needs = _Needs()
    needs.hosts.update(also)
    # The last after the others, because the same probe may ask for a name there.
    for check in sorted(checks, key=lambda one: isinstance(one.expects, Presents)):
        failed = attempt("requirements", check.id, needs.take, check.expects)
        if isinstance(failed, InternalError) and met is not None:
            met.add(failed)
    found: dict[str, Request] = {}
    for name in sorted(needs.hosts):
        made = attempt("requirements", name, needs.request, name, cluster, questions, probe_timeout)
        if not isinstance(made, InternalError):
            found[name] = made
        elif met is not None:
            met.add(made)
    return found


class _Needs:
    """What the checks need, by host."""

    def __init__(self) -> None:
        self.hosts: set[str] = set()
        self.probes: dict[str, dict[str, Probe]] = defaultdict(dict)
        self.watched: dict[str, dict[str, Probe]] = defaultdict(dict)
        self.second: set[str] = set()
        self.routes: dict[str, set[str]] = defaultdict(set)
        self.programs: dict[str, set[str]] = defaultdict(set)
        self.astray: dict[str, set[str]] = defaultdict(set)
        self.streams: dict[str, dict[str, Stream]] = defaultdict(dict)
        self.patterns = PatternsByHost()

    def take(self, expects: Expectation) -> None:
        """Add what one check needs."""
        self.hosts.update(_looked_at(expects))
        self.patterns.take(expects)
        if isinstance(expects, HoldsConnection):
            places = (expects.destination, *expects.instead)
            addresses = (place.address for place in places)
            self.astray[expects.source].update(expects.astray, addresses)
        elif isinstance(expects, RefusesWrites) and expects.account:
            self.streams[expects.source].update(_streams(expects))
        elif isinstance(expects, UsesPrivate):
            self.routes[expects.host].update(expects.peers.values())
        elif isinstance(expects, StandsBy) and expects.state.startswith("/"):
            for name in expects.place.hosts:
                self.programs[name].add(expects.state)
        elif isinstance(expects, (Reaches, HasConnection)):
            sampled = isinstance(expects, Reaches) and expects.sample
            sent = self.watched if sampled else self.probes
            for probe in _probes(expects):
                _add(probe, sent[expects.source])
            if isinstance(expects, Reaches) and expects.writes:
                self.streams[expects.writes.source].update(_streams(expects))
            if isinstance(expects, Reaches) and expects.ports.transport == "udp":
                self.second.update((expects.source, *expects.destination.hosts))
        elif isinstance(expects, Presents):
            for source, probe in itertools.product(expects.sources, _probes(expects)):
                known = self.probes[source].get(probe.key, probe)
                asked = msgspec.structs.replace(probe, question=known.question)
                self.probes[source][probe.key] = asked

    def request(
        self, name: str, cluster: Cluster, questions: Questions, probe_timeout: float
    ) -> Request:
        """What one host is asked."""
        sent, watched, source = self.probes[name], self.watched[name], cluster.hosts[name].private
        addresses = {host.private for host in cluster.hosts.values()}
        patterns, sought = self.patterns.of(name)
        scripts = {key: questions.script(source, sent[key]) for key in sorted(sent)}
        # Without a password, which a check of a site's hook may lack, nobody could log in.
        streams = self.streams[name] if questions.dialogue else {}
        return Request(
            host=name,
            probes=tuple(sent[key] for key, script in scripts.items() if script is not None),
            scripts={key: script for key, script in scripts.items() if script},
            watched=tuple(watched[key] for key in sorted(watched, key=_turn(name))),
            second=name in self.second,
            relays=tuple(streams[key] for key in sorted(streams)),
            routes_to=tuple(sorted(self.routes[name])),
            connections_to=tuple(sorted(addresses | self.astray[name])),
            patterns=patterns,
            sought=sought,
            programs=tuple(sorted(self.programs[name])),
            probe_timeout=probe_timeout,
            udp_timeout=min(UDP_TIMEOUT, probe_timeout),
        )


def _add(probe: Probe, sent: dict[str, Probe]) -> None:
    """Have it sent. What a check asks in any case waits for no echo because another would."""
    if not probe.unless or probe.key not in sent:
        sent[probe.key] = probe


def _turn(source: str) -> Callable[[str], int]:
    """Return the key by which a host sorts the ports that it samples; each host has its own order.

    A kernel rejects only so many datagrams a second. In the order of their numbers it would always
    reject those to the lowest ports; so each peer learns of other ports.
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
    return () if isinstance(expects, (CannotAssess, IsDescribed)) else (expects.host,)


def _streams(expects: RefusesWrites | Reaches) -> dict[str, Stream]:
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
