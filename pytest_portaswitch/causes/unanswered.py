"""Services that answer nobody: one cause, however each transport shows it.

Over TCP such a service connects and stays mute, over UDP what is sent arrives and is ignored, or
nobody could watch whether it does; over TLS no handshake comes about.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from pytest_portaswitch.causes.ends import REPLIED
from pytest_portaswitch.causes.item import Item
from pytest_portaswitch.facts.model import HostFacts, Observation
from pytest_portaswitch.judge import seen
from pytest_portaswitch.judge.fault import Fault
from pytest_portaswitch.plan.check import Presents, Reaches

SILENCES = ("mute", "ignored", "tls-fails", "may-be-silent", "silent")
"""Codes of a service that says nothing, the most telling first."""


def unanswered(
    items: Sequence[Item], facts: Mapping[str, Observation]
) -> dict[tuple[str, ...], Fault]:
    """By place and service: the fault that stands for all silences of one that answers nobody."""
    silent: dict[tuple[str, ...], list[Fault]] = defaultdict(list)
    speaking: set[tuple[str, ...]] = set()
    for item in items:
        expects, found = item.check.expects, item.verdict.fault
        if not isinstance(expects, (Reaches, Presents)) or not expects.server:
            continue
        subject = (expects.destination.name, expects.server)
        spoke = found is not None and (
            found.code.startswith("refused-")
            or (found.code == "tls-fails" and not _is_silent(item, facts))
        )
        if spoke or item.verdict.grade in REPLIED:
            speaking.add(subject)
        elif found and found.code in SILENCES and found.subject == subject:
            silent[subject].append(found)
    return {
        subject: min(found, key=lambda one: SILENCES.index(one.code))
        for subject, found in silent.items()
        if subject not in speaking
    }


def _is_silent(item: Item, facts: Mapping[str, Observation]) -> bool:
    """Whether no handshake came about because nothing was said, and not because it was refused."""
    expects = item.check.expects
    assert isinstance(expects, (Reaches, Presents))
    sources = (expects.source,) if isinstance(expects, Reaches) else expects.sources
    hosts = [host for host in map(facts.get, sources) if isinstance(host, HostFacts)]
    keys = [f"tls:{expects.destination.address}:{number}" for number in expects.ports.numbers]
    met = [result for host in hosts for key in keys if (result := seen.probe(host, key))]
    return all(result.outcome == "silent" for result in met)
