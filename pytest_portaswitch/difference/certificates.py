"""Which certificate is shown where, in two audits."""

from __future__ import annotations

import datetime
from collections import defaultdict

from pytest_portaswitch.difference.snapshot import Snapshot
from pytest_portaswitch.facts.certificates import find
from pytest_portaswitch.facts.model import HostFacts
from pytest_portaswitch.plan.check import Presents
from pytest_portaswitch.protocols.x509_library import why_unusable


def certificates(before: Snapshot, now: Snapshot) -> tuple[dict[str, str], dict[str, str]]:
    """By place, the certificates shown there; only of places that showed some both times."""
    one, other = _shown(before), _shown(now)
    # Told apart by the certificate itself, told in words: two may bear the same subject and end.
    changed = [place for place in one if place in other and one[place] != other[place]]
    return (
        {place: _words(before, one[place]) for place in changed},
        {place: _words(now, other[place]) for place in changed},
    )


def _shown(snapshot: Snapshot) -> dict[str, frozenset[str]]:
    """By place and port, the SHA-256 of the certificates that its peers were shown."""
    places: dict[str, str] = {}
    for check in snapshot.checks:
        if isinstance(expects := check.expects, Presents):
            for number in expects.ports.numbers:
                where = f"{expects.destination.name} {expects.ports.transport}/{number}"
                places[f"{expects.ports.transport}:{expects.destination.address}:{number}"] = where
    found: dict[str, set[str]] = defaultdict(set)
    for host in snapshot.hosts.values():
        for probe in host.probes if isinstance(host, HostFacts) else ():
            if probe.key in places and probe.tls and probe.tls.chain:
                found[places[probe.key]].add(probe.tls.chain[0])
    return {place: frozenset(names) for place, names in found.items()}


def _words(snapshot: Snapshot, names: frozenset[str]) -> str:
    if why_unusable():
        return "; ".join(f"(SHA-256 {name[:16]})" for name in sorted(names))
    # Only who compares certificates waits for the library behind this.
    from pytest_portaswitch.protocols.certificate import Served, examine

    at = datetime.datetime.fromisoformat(snapshot.run.started)
    found = []
    for name in sorted(names):
        der = find(name, snapshot.hosts.values())
        seen = examine(Served(chain=(der,)), at) if der else None
        until = f", valid until {seen.not_after[:10]}" if seen and seen.not_after else ""
        found.append(f"{seen.subject if seen else ''}{until} (SHA-256 {name[:16]})".lstrip())
    return "; ".join(found)
