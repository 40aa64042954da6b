"""Which certificates the peers were shown, whatever check asks for it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone
from typing import TYPE_CHECKING, NamedTuple

from pytest_portaswitch.facts.certificates import find
from pytest_portaswitch.facts.model import HostFacts
from pytest_portaswitch.judge.unknown import Facts
from pytest_portaswitch.protocols.x509_library import why_unusable

if TYPE_CHECKING:
    from pytest_portaswitch.protocols.certificate import Certificate


class Shown(NamedTuple):
    """What a port showed, as of the last time that a peer saw it."""

    key: str
    """Of the probe, such as ``tls:10.0.0.8:993``."""
    certificate: Certificate


def moment(host: HostFacts) -> datetime | None:
    """When the trip was, by the clock of who audits, to the second."""
    try:
        when = host.clock and datetime.fromtimestamp(host.clock.received, timezone.utc)
    except (OverflowError, ValueError, OSError):  # in evidence that somebody has altered
        return None
    return when.replace(microsecond=0) if when else None


def shown(facts: Facts) -> Iterator[Shown]:
    """Each certificate of each port once, by port; one that nobody has brought is left out."""
    latest: dict[tuple[str, str], datetime] = {}
    for host in facts.values():
        if not isinstance(host, HostFacts) or (when := moment(host)) is None:
            continue
        for probe in host.probes:
            if probe.tls and probe.tls.chain:
                place = probe.key, probe.tls.chain[0]
                latest[place] = max(when, latest.get(place, when))
    if not latest or why_unusable():
        return
    # Only a run with TLS in it waits for the library behind this.
    from pytest_portaswitch.protocols.certificate import Served, examine

    for (key, name), when in sorted(latest.items()):
        der = find(name, facts.values())
        if der is not None:
            yield Shown(key, examine(Served(chain=(der,)), when))
