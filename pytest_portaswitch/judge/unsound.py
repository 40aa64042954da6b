"""Paths that lose some of what is sent, or all that is large: no port is to blame for those."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from pytest_portaswitch.facts.model import HostFacts, ProbeResult
from pytest_portaswitch.judge import addressing
from pytest_portaswitch.judge.fault import Fault, fault
from pytest_portaswitch.judge.unknown import Facts
from pytest_portaswitch.judge.verdict import Verdict
from pytest_portaswitch.plan.check import Reaches
from pytest_portaswitch.text.command import Command, run

LOSSY, MTU = "path-lossy", "path-mtu"

_PLAUSIBLE = 0.01
"""Silence on all tries that is less likely by chance has another reason."""

_CHANCE = frozenset({"dropped", "lost-on-the-way", "ignored", "silent", "mute", "tls-fails"})
"""Codes of what may have been lost by chance."""

_HEADERS = {4: 28, 6: 48}
"""Bytes of an echo's headers: IP and ICMP."""


class Tries(NamedTuple):
    """What became of all probes between two hosts that came through in the end."""

    probes: int = 0
    troubled: int = 0
    """Of them: those of which a try or a packet was lost."""
    tries: int = 0
    lost: int = 0
    resent: int = 0

    @property
    def words(self) -> str:
        """Such as ``2 of 9 tries brought no answer``."""
        return (
            f"{self.lost} of {self.tries} tries brought no answer, {self.resent} "
            f"packet{'s' if self.resent != 1 else ''} sent again"
        )

    @property
    def lossy(self) -> bool:
        """Whether it is the path: one service alone may have been too busy."""
        return self.lost > 0 and self.troubled > 1


def between(expects: Reaches, facts: Facts) -> Tries:
    """Sum up the probes between the two hosts, whichever of them sent."""
    found = Tries()
    for result in _probes(expects, facts):
        if result.outcome not in ("connected", "replied"):
            continue
        found = Tries(
            found.probes + 1,
            found.troubled + bool(result.lost or result.resent),
            found.tries + result.tries,
            found.lost + result.lost,
            found.resent + result.resent,
        )
    return found


def _probes(expects: Reaches, facts: Facts) -> Iterator[ProbeResult]:
    source = facts.get(expects.source)
    others = [facts.get(name) for name in expects.destination.hosts]
    if isinstance(source, HostFacts):
        yield from (r for r in source.probes if _address(r) == expects.destination.address)
    for other in others:
        if isinstance(source, HostFacts) and isinstance(other, HostFacts):
            yield from (r for r in other.probes if addressing.uses(source, _address(r)))


def _address(result: ProbeResult) -> str:
    return result.key.partition(":")[2].rpartition(":")[0]


def lost_by_chance(code: str, expects: Reaches, result: ProbeResult, facts: Facts) -> str:
    """Say how much gets lost on the way, where that explains what a probe met; or nothing."""
    if code not in _CHANCE:
        return ""
    tries = between(expects, facts)
    if not tries.lossy:
        return ""
    if code == "dropped" and (tries.lost / tries.tries) ** result.tries < _PLAUSIBLE:
        return ""
    return "" if code in ("mute", "tls-fails") and not result.resent else tries.words


def lossy(expects: Reaches, words: str) -> tuple[Fault, str]:
    """The fault of a path that loses some, and the cause in words."""
    source, place = expects.source, expects.destination.name
    cause = f"packets between {source} and {place} get lost now and then: {words}"
    return fault(LOSSY, source, place, detail=words), cause


def too_large(expects: Reaches, words: str, result: ProbeResult, facts: Facts) -> tuple[Fault, str]:
    """The fault of a path that loses what is large, and the cause in words."""
    source, place = expects.source, expects.destination
    sizes = {
        name: size
        for name in (source, *place.hosts)
        if (size := _mtu(facts.get(name), place.address if name != source else result.source))
    }
    differ = len(set(sizes.values())) > 1
    ends = f"; {' and '.join(f'{n} has an MTU of {s}' for n, s in sizes.items())}" if differ else ""
    detail = f"segments of {result.smaller} bytes come through, larger ones do not{ends}"
    return (
        fault(MTU, source, place.name, detail=detail),
        f"large packets get lost between {source} and {place.name}: of {words}, {detail}",
    )


def _mtu(host: object, address: str) -> int:
    if not isinstance(host, HostFacts):
        return 0
    held = (i.mtu for i in host.interfaces for a in i.addresses if a.partition("/")[0] == address)
    return next(held, 0)


def judge(
    expects: Reaches, words: str, common: Verdict, result: ProbeResult, facts: Facts
) -> Verdict:
    """The verdict on what came through at a later try, or with small segments only.

    A path fails; a single port that did not answer each time is a warning. ``common``: a failure.
    """
    if result.smaller:
        found, cause = too_large(expects, words, result, facts)
        return msgspec.structs.replace(
            common,
            observed=f"{words} stalled twice, and came through with small segments",
            cause=cause,
            fault=found,
            reproduce=echoes(expects, found, result, facts),
        )
    tries = between(expects, facts)
    observed = f"{common.observed}, but {result.lost} of {result.tries} tries brought no answer"
    if tries.lossy:
        found, cause = lossy(expects, tries.words)
        return msgspec.structs.replace(
            common,
            observed=observed,
            cause=cause,
            fault=found,
            reproduce=echoes(expects, found, result, facts),
        )
    place, service = expects.destination.name, expects.server or words.replace("/", "-")
    return msgspec.structs.replace(
        common,
        verdict="pass",
        observed=observed,
        fault=fault("tries-lost", place, service, detail=observed),
        warnings=(f"{service} on {place} does not answer each time: {observed}",),
    )


def echoes(expects: Reaches, found: Fault, result: ProbeResult, facts: Facts) -> Command:
    """Show it by hand: many small echoes, or some of the largest size that must not be split."""
    address, source = expects.destination.address, expects.source
    if found.code == LOSSY:
        return run(source, "ping", "-q", "-c", 50, "-i", 0.2, address)
    most = _mtu(facts.get(source), result.source) or 1500
    size = most - _HEADERS[6 if ":" in address else 4]
    return run(source, "ping", "-c", 3, "-W", 3, "-M", "do", "-s", size, address)
