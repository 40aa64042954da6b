"""Who sends what to whom in the second round, and what follows from what they tell. Pure."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from pytest_portaswitch.facts.model import Arrival, HostFacts, Probe, ProbeResult, Socket
from pytest_portaswitch.facts.second import Told
from pytest_portaswitch.observe.request import Request
from pytest_portaswitch.text import Address, address

PATIENCE = 0.2
"""Seconds to wait for a reply: these hosts are near each other, and did not reply before."""
LEAST_PATIENCE = 0.05
_MOST_SOURCES = 64
"""Of one host, which says itself how many addresses it has."""


class Party(NamedTuple):
    """A host that could take part: what it was asked, and what it showed in the first round."""

    request: Request
    facts: HostFacts


class Part(msgspec.Struct, kw_only=True):
    """What one host is to do."""

    sends: dict[str, Probe] = msgspec.field(default_factory=dict)
    """By key."""
    repeats: set[str] = msgspec.field(default_factory=set)
    """Keys of those that go out in this round only: where nothing comes back they are sent once
    more, since a datagram may be lost though nobody stops it."""
    watches: set[int] = msgspec.field(default_factory=set)
    """The ports that datagrams may arrive at."""
    sources: set[str] = msgspec.field(default_factory=set)
    targets: set[str] = msgspec.field(default_factory=set)
    """The addresses that they may come from and go to."""


def parts(parties: Mapping[str, Party]) -> dict[str, Part]:
    """The part of each host of one cluster that has one, by its name.

    Sent again is what stayed silent and whose target can watch. What is sent in this round only
    never goes to a port that somebody uses, as a call that is set up there might take it for its
    own; so it does not go at all where nobody could tell which ports those are.
    """
    found: dict[str, Part] = defaultdict(Part)
    targets = _Targets(parties)
    for name, (request, facts) in parties.items():
        sources = _sources(facts)
        silent = {result.key for result in facts.probes if result.outcome == "silent"}
        for probe in request.probes:
            if probe.transport == "udp" and probe.key in silent:
                holders = targets.holders(probe.address)
                if holders:
                    _assign(found, name, probe, holders, sources)
        for target, probes in _by_address(request.watched).items():
            for probe in targets.placed(target, probes) if targets.tell(target) else ():
                _assign(found, name, probe, targets.holders(target), sources)
                found[name].repeats.add(probe.key)
    return dict(found)


def patience(part: Part, party: Party) -> float:
    """Seconds that a host waits for what may come back of the datagrams that it sends.

    Nobody answers what is only sent to be seen arriving, but a firewall may reject it. That is
    waited for twice as long as the farthest peer took for its swiftest answer.
    """
    asked_before = {probe.key for probe in party.request.probes}
    swiftest: dict[str, float] = {}
    for result in party.facts.probes:
        if result.outcome in ("connected", "replied", "refused"):
            address = result.key.partition(":")[2].rpartition(":")[0]
            swiftest[address] = min(result.elapsed, swiftest.get(address, result.elapsed))
    if not swiftest or asked_before & part.sends.keys():
        return PATIENCE
    return min(PATIENCE, max(LEAST_PATIENCE, 2 * max(swiftest.values())))


def _by_address(probes: Iterable[Probe]) -> dict[str, list[Probe]]:
    found: dict[str, list[Probe]] = defaultdict(list)
    for probe in probes:
        found[probe.address].append(probe)
    return found


def _assign(
    found: dict[str, Part],
    name: str,
    probe: Probe,
    holders: Iterable[str],
    sources: Collection[str],
) -> None:
    found[name].sends[probe.key] = probe
    for holder in holders:
        part = found[holder]
        part.watches.add(probe.port)
        part.targets.add(_plain(probe.address))
        part.sources.update(sources)


def _sources(facts: HostFacts) -> set[str]:
    """The addresses that a host may send from: those that it was seen to send from come first."""
    used = (_plain(result.source) for result in facts.probes if result.source)
    held = (_plain(one) for interface in facts.interfaces for one in interface.addresses)
    return set(itertools.islice(dict.fromkeys((*used, *held)), _MOST_SOURCES))


def merged(parties: Mapping[str, Party], told: Mapping[str, Told]) -> dict[str, HostFacts]:
    """The facts of each host with what the second round added, by its name.

    A reply in the second round counts as one in the first: the datagram was lost, not the service.
    """
    targets = _Targets(parties)
    watchers = {name: _Watcher(theirs, targets) for name, theirs in told.items()}
    facts: dict[str, HostFacts] = {}
    for name, party in parties.items():
        own = told.get(name, Told())
        later = {result.key: result for result in own.probes}
        results = []
        for result in party.facts.probes:
            again = later.pop(result.key, None)
            if result.outcome == "silent" and result.key.startswith("udp:"):
                latest = _with_others(again, result) if again else result
                result = _with_arrival(name, latest, again, targets, watchers)
            results.append(result)
        results += [
            _with_arrival(name, later[key], later[key], targets, watchers) for key in sorted(later)
        ]
        sockets = _with_queues(party.facts.sockets, own)
        facts[name] = msgspec.structs.replace(party.facts, probes=tuple(results), sockets=sockets)
    return facts


def _with_queues(sockets: tuple[Socket, ...], told: Told) -> tuple[Socket, ...]:
    """The sockets of a host, with those accept queues that were full once all had probed."""
    full = {(address, port): lengths for address, port, *lengths in told.full_queues}
    return tuple(
        msgspec.structs.replace(
            socket, **dict(zip(("queued_later", "backlog"), full[end], strict=True))
        )
        if socket.transport == "tcp" and (end := (socket.address, socket.port)) in full
        else socket
        for socket in sockets
    )


def _with_others(again: ProbeResult, before: ProbeResult) -> ProbeResult:
    """A second result; where it is silent as well, with what came from elsewhere the first time."""
    if again.outcome != "silent" or again.other_replies:
        return again
    return msgspec.structs.replace(again, other_replies=before.other_replies)


def _plain(words: str) -> Address:
    """Return an address in its usual spelling, without a prefix."""
    return address(words.partition("/")[0])


class _Targets:
    """Who holds which address, and what is in use there."""

    def __init__(self, parties: Mapping[str, Party]) -> None:
        self._holders: dict[str, list[str]] = defaultdict(list)
        self._used: dict[str, set[int]] = {}
        self._blurred = {name for name, (_, facts) in parties.items() if facts.gap("sockets")}
        for name, (_, facts) in parties.items():
            held = {_plain(one) for interface in facts.interfaces for one in interface.addresses}
            for one in held:
                self._holders[one].append(name)
            self._used[name] = {
                socket.port for socket in facts.sockets if socket.transport == "udp"
            }

    def holders(self, address: str) -> list[str]:
        """The hosts that hold it, several where an address is held twice."""
        return self._holders.get(_plain(address), [])

    def tell(self, address: str) -> bool:
        """Whether all that hold it have shown which ports are in use there."""
        holders = self.holders(address)
        return bool(holders) and self._blurred.isdisjoint(holders)

    def placed(self, address: str, probes: Sequence[Probe]) -> list[Probe]:
        """Each of the probes at the nearest port that is in use at none of its targets.

        A range is sampled at both of its ends: what is beyond them is no part of it. Where no port
        of it is left, the probe is not sent.
        """
        in_use = set[int]().union(*(self._used[name] for name in self.holders(address)))
        ports = [probe.port for probe in probes]
        low, high, taken = min(ports), max(ports), in_use.union(ports)
        placed = []
        for probe in probes:
            port = probe.port
            if port in in_use:
                near = (port + step * sign for step in range(1, high - low + 1) for sign in (1, -1))
                port = next((one for one in near if low <= one <= high and one not in taken), 0)
                taken.add(port)
            if port:
                placed.append(msgspec.structs.replace(probe, port=port))
        return placed


class _Watcher:
    """What one host saw arrive, or why it could not."""

    def __init__(self, told: Told, targets: _Targets) -> None:
        self.blind = told.blind
        self._senders: dict[tuple[int, str, int], set[str]] = defaultdict(set)
        for source, out, into, port in told.arrivals:
            self._senders[out, into, port] |= set(targets.holders(source))

    def saw(self, source: str, source_port: int | None, address: str, port: int) -> bool:
        """Whether a datagram of this host's, from this port of it, arrived there."""
        if source_port is None:
            return False
        return source in self._senders.get((source_port, address, port), set())


def _with_arrival(
    source: str,
    result: ProbeResult,
    sent: ProbeResult | None,
    targets: _Targets,
    watchers: Mapping[str, _Watcher],
) -> ProbeResult:
    _, _, rest = result.key.partition(":")
    address, _, port = rest.rpartition(":")
    holders = targets.holders(address)
    if not holders:
        arrival = Arrival(seen=None, blind=f"no host that could watch holds {address}")
    elif sent is None:
        arrival = Arrival(seen=None, watcher=holders[0], blind="there was no second round")
    else:
        arrival = _arrival(source, sent, (address, int(port)), holders, watchers)
    return msgspec.structs.replace(result, arrival=arrival)


def _arrival(
    source: str,
    sent: ProbeResult,
    target: tuple[str, int],
    holders: list[str],
    watchers: Mapping[str, _Watcher],
) -> Arrival:
    blind = ""
    for holder in holders:
        watcher = watchers.get(holder)
        if watcher is None:
            blind = "it did not take part in the second round"
        elif watcher.saw(source, sent.source_port, *target):
            # Also where it could not watch to the end.
            return Arrival(seen=True, watcher=holder)
        elif watcher.blind:
            blind = watcher.blind
    if blind:
        return Arrival(seen=None, watcher=holders[0], blind=blind)
    return Arrival(seen=False, watcher=holders[0])
