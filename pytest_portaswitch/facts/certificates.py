"""The certificates among the facts: each once, by its SHA-256."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

import msgspec

from pytest_portaswitch.facts import clean
from pytest_portaswitch.facts.clean import Hostile
from pytest_portaswitch.facts.model import Handshake, HostFacts, Observation, ProbeResult

_LARGEST = 1 << 16
"""Bytes of one certificate."""

_MOST_BYTES = 1 << 20
_LONGEST_CHAIN = 8


def handshake(said: Handshake) -> Handshake:
    """What a host says that a server showed, made harmless."""
    return Handshake(
        version=clean.text(said.version, 20),
        cipher=clean.text(said.cipher, 60),
        chain=tuple(clean.text(name, 64) for name in said.chain[:_LONGEST_CHAIN]),
        whole=said.whole,
        problem=clean.text(said.problem, 200),
    )


def shown(said: Mapping[str, bytes], probes: Iterable[ProbeResult]) -> dict[str, bytes]:
    """The certificates of a reply that its handshakes name. Raises ``Hostile``."""
    named = {name for probe in probes if probe.tls for name in probe.tls.chain[:_LONGEST_CHAIN]}
    for name, der in said.items():
        if len(der) > _LARGEST or hashlib.sha256(der).hexdigest() != name:
            raise Hostile(f"{clean.text(name, 80)!r} is not the name of its certificate")
    if not named <= said.keys():
        raise Hostile("a handshake names a certificate that is not there")
    if sum(map(len, said.values())) > _MOST_BYTES:
        raise Hostile("its certificates are more than are brought")
    return {name: said[name] for name in sorted(named)}


def recorded(facts: HostFacts) -> HostFacts:
    """Facts whose certificates are those that handshakes name. Raises ``Hostile``.

    Some that are named may stand with another host, or nowhere, as they held a secret.
    """
    named = {name for probe in facts.probes if probe.tls for name in probe.tls.chain}
    there = [name for name in named if name in facts.certificates]
    shown(facts.certificates, ())
    if len(there) < len(facts.certificates):
        raise Hostile("there is a certificate that no handshake names")
    return facts


def without_known(seen: Observation, others: Iterable[Observation]) -> Observation:
    """The observation without the certificates that another one has."""
    if not isinstance(seen, HostFacts) or not seen.certificates:
        return seen
    known = {
        name for other in others if isinstance(other, HostFacts) for name in other.certificates
    }
    fresh = {name: der for name, der in seen.certificates.items() if name not in known}
    return msgspec.structs.replace(seen, certificates=fresh)


def find(name: str, facts: Iterable[Observation]) -> bytes | None:
    """A certificate that any of the hosts has brought."""
    for seen in facts:
        if isinstance(seen, HostFacts) and name in seen.certificates:
            return seen.certificates[name]
    return None
