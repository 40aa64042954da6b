"""Who sends what to whom in the second round, and what follows from what they tell. Pure."""

from __future__ import annotations

import ipaddress
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec

from pytest_portaswitch.facts.model import Arrival, HostFacts, Probe, ProbeResult
from pytest_portaswitch.facts.second import Told
from pytest_portaswitch.observe.request import Request


class Party(NamedTuple):
    """A host that could take part: what it was asked, and what it showed in the first round."""

    request: Request
    facts: HostFacts


class Part(msgspec.Struct, kw_only=True):
    """What one host is to do."""

    sends: dict[str, Probe] = {}
    """By key."""
    watches: set[int] = msgspec.field(default_factory=set)
    """The ports that datagrams may arrive at."""


def parts(parties: Mapping[str, Party]) -> dict[str, Part]:
    """The part of each host of one cluster that has one, by its name.

    Sent again is what stayed silent and whose target can watch. What is sent in this round only
    goes out in any case, and never to a port that somebody uses: a call that is set up there might
    take it for its own.
    """
    found: dict[str, Part] = defaultdict(Part)
    for name, (request, facts) in parties.items():
        silent = {result.key for result in facts.probes if result.outcome == "silent"}
        for probe in request.probes:
            holders = _holders(parties, probe.address)
            if probe.transport == "udp" and probe.key in silent and holders:
                _assign(found, name, probe, holders)
        for probe in request.watched:
            holders = _holders(parties, probe.address)
            _assign(found, name, _moved(probe, [parties[h].facts for h in holders]), holders)
    return dict(found)


def _assign(found: dict[str, Part], name: str, probe: Probe, holders: Iterable[str]) -> None:
    found[name].sends = {**found[name].sends, probe.key: probe}
    for holder in holders:
        found[holder].watches.add(probe.port)


def merged(parties: Mapping[str, Party], told: Mapping[str, Told]) -> dict[str, HostFacts]:
    """The facts of each host with what the second round added, by its name.

    A reply in the second round counts as one in the first: the datagram was lost, not the service.
    """
    facts: dict[str, HostFacts] = {}
    for name, party in parties.items():
        own = told.get(name, Told())
        later = {result.key: result for result in own.probes}
        results = []
        for result in party.facts.probes:
            again = later.pop(result.key, None)
            if result.outcome == "silent" and result.key.startswith("udp:"):
                result = _with_arrival(again or result, again, parties, told)
            results.append(result)
        results += [_with_arrival(result, result, parties, told) for result in later.values()]
        facts[name] = msgspec.structs.replace(party.facts, probes=tuple(results))
    return facts


def _with_arrival(
    result: ProbeResult,
    sent: ProbeResult | None,
    parties: Mapping[str, Party],
    told: Mapping[str, Told],
) -> ProbeResult:
    _, _, rest = result.key.partition(":")
    address, _, port = rest.rpartition(":")
    holders = _holders(parties, address)
    if not holders:
        arrival = Arrival(seen=None, blind=f"no host that could watch holds {address}")
    elif sent is None:
        arrival = Arrival(seen=None, watcher=holders[0], blind="there was no second round")
    else:
        arrival = _arrival(sent, (address, int(port)), holders, told)
    return msgspec.structs.replace(result, arrival=arrival)


def _arrival(
    sent: ProbeResult, target: tuple[str, int], holders: list[str], told: Mapping[str, Told]
) -> Arrival:
    blind = ""
    for holder in holders:
        theirs = told.get(holder)
        if theirs is None:
            blind = "it did not take part in the second round"
        elif theirs.blind:
            blind = theirs.blind
        else:
            # By port alone where an address was translated on the way.
            for _, out, into, port in theirs.arrivals:
                if (into, port) == target and out == sent.source_port:
                    return Arrival(seen=True, watcher=holder)
    if blind:
        return Arrival(seen=None, watcher=holders[0], blind=blind)
    return Arrival(seen=False, watcher=holders[0])


def _holders(parties: Mapping[str, Party], address: str) -> list[str]:
    wanted = ipaddress.ip_address(address)
    return [
        name
        for name, party in parties.items()
        if any(
            ipaddress.ip_interface(held).ip == wanted
            for interface in party.facts.interfaces
            for held in interface.addresses
        )
    ]


def _moved(probe: Probe, targets: Iterable[HostFacts]) -> Probe:
    """The probe to the nearest port that is in use at none of its targets."""
    used = {
        socket.port for facts in targets for socket in facts.sockets if socket.transport == "udp"
    }
    nearest = (
        probe.port + step * sign
        for step in range(1000)
        for sign in (1, -1)
        if 1024 <= probe.port + step * sign <= 65535
    )
    port = next((port for port in nearest if port not in used), probe.port)
    return msgspec.structs.replace(probe, port=port)
