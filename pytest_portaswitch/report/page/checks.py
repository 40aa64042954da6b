"""A check as the page shows it, and groups of them."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Iterable, Sequence

import msgspec

from pytest_portaswitch.facts.model import HostFacts
from pytest_portaswitch.judge.verdict import VerdictWord
from pytest_portaswitch.report.evidence import Evidence, JudgedCheck
from pytest_portaswitch.report.page.words import GRAVEST, plural, worst
from pytest_portaswitch.tables.ladder import Grade

SINGLY = 12
"""Passing checks of one group that are each shown in a box of its own."""


class Shown(msgspec.Struct, frozen=True):
    """One check: a line, and what it opens to."""

    id: str
    anchor: str
    verdict: VerdictWord
    kind: str
    source: str
    """The host that looked."""
    where: str
    port: str
    grade: Grade | None
    title: str
    said: tuple[tuple[str, str], ...]
    """``Observed`` and ``Cause`` with their words."""
    facts: str
    """Raw facts, one a line."""
    when: str
    reproduce: str
    warned: bool


class Count(msgspec.Struct, frozen=True):
    """How many of each verdict; only those that there are, the gravest first."""

    parts: tuple[tuple[VerdictWord, int], ...]

    @property
    def total(self) -> int:
        """All of them."""
        return sum(number for _, number in self.parts)

    @property
    def worst(self) -> VerdictWord:
        """What stands out; ``unknown`` where there is nothing."""
        return self.parts[0][0] if self.parts else "unknown"

    @property
    def text(self) -> str:
        """Such as ``2 fail, 3 pass``."""
        return ", ".join(f"{number:,} {word}" for word, number in self.parts)


def count(verdicts: Iterable[VerdictWord]) -> Count:
    """Count verdicts."""
    words = list(verdicts)
    return Count(tuple((word, number) for word in GRAVEST if (number := words.count(word))))


class Checks:
    """All checks of the evidence, as the page shows them."""

    def __init__(self, evidence: Evidence) -> None:
        self._moments = moments(evidence)
        self._started = evidence.run.started
        self.shown = {
            check.id: self._show(number, check) for number, check in enumerate(evidence.checks, 1)
        }

    def of(self, ids: Iterable[str]) -> tuple[Shown, ...]:
        """Those of the ids, the gravest first."""
        found = [self.shown[one] for one in ids if one in self.shown]
        return tuple(sorted(found, key=lambda check: (GRAVEST.index(check.verdict), check.id)))

    def _show(self, number: int, check: JudgedCheck) -> Shown:
        source, destination = ends(check)
        return Shown(
            id=check.id,
            # Ids come from cluster files and plugins; a number cannot break a link.
            anchor=f"c{number}",
            verdict=check.verdict,
            kind=check.kind,
            source=source,
            where=f"{source} → {destination}" if destination else source,
            port=ports_of(check),
            grade=check.grade,
            title=check.title,
            said=_said(check),
            facts="\n".join(check.evidence),
            when=self._when(source, destination),
            reproduce=check.reproduce,
            warned=bool(check.warnings),
        )

    def _when(self, source: str, destination: str) -> str:
        for host in (source, destination):
            if host in self._moments:
                return f"{host} at {self._moments[host]}"
        return ""


def _said(check: JudgedCheck) -> tuple[tuple[str, str], ...]:
    _, _, rest = check.message.partition(" / observed ")
    observed = rest.removesuffix(f" / cause {check.cause}") if check.cause else rest
    said = [("Observed", observed or check.message)]
    if check.cause:
        said.append(("Cause", check.cause))
    # Judges may warn of what is no failure.
    said += [("Warning", line) for line in check.warnings]
    return tuple(said)


def ends(check: JudgedCheck) -> tuple[str, str]:
    """Where a check looks from and to; for what is local, only the host itself."""
    source = getattr(check.expects, "source", "")
    destination = getattr(check.expects, "destination", None)
    if source and destination is not None:
        return str(source), str(destination.name)
    return check.host, ""


def ports_of(check: JudgedCheck) -> str:
    """The ports in words, such as ``udp/1812``."""
    ports = getattr(check.expects, "ports", None)
    if ports is not None and hasattr(ports, "words"):
        return str(ports.words)
    return f"{check.transport}/{check.port}" if check.transport and check.port else ""


def moments(evidence: Evidence) -> dict[str, str]:
    """When each host was looked at, by the clock of whoever looked, UTC."""
    return {
        name: stamp(facts.clock.sent)
        for name, facts in evidence.hosts.items()
        if isinstance(facts, HostFacts) and facts.clock
    }


def stamp(seconds: float) -> str:
    """``2026-11-23 02:10:07 UTC``."""
    try:
        moment = datetime.datetime.fromtimestamp(seconds, tz=datetime.timezone.utc)
    except (OSError, OverflowError, ValueError):
        return f"no time ({seconds:g})"  # evidence may come from anyone
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


class Bundle(msgspec.Struct, frozen=True):
    """Many passing checks of one host, as one text: a browser would choke on a box for each."""

    title: str
    lines: tuple[Shown, ...]


class Group(msgspec.Struct, frozen=True):
    """Checks that are shown together."""

    title: str
    verdict: VerdictWord
    summary: str
    checks: tuple[Shown, ...]
    """Those that stand for themselves."""
    bundles: tuple[Bundle, ...]


def group(title: str, checks: Sequence[Shown]) -> Group:
    """A group with its sum; more passes than a reader goes through are bundled by host."""
    numbers = count(check.verdict for check in checks)
    # A pass with a warning is linked to: it stands for itself.
    passing = [check for check in checks if check.verdict == "pass" and not check.warned]
    bundled = passing if len(passing) > SINGLY else []
    by_host: dict[str, list[Shown]] = defaultdict(list)
    for check in bundled:
        by_host[check.source].append(check)
    bundles = {host: lines for host, lines in sorted(by_host.items()) if len(lines) > 1}
    inside = {check.id for lines in bundles.values() for check in lines}
    return Group(
        title=title,
        verdict=worst([check.verdict for check in checks]),
        summary=f"{plural(numbers.total, 'check')}: {numbers.text}",
        checks=tuple(check for check in checks if check.id not in inside),
        bundles=tuple(Bundle(host, tuple(lines)) for host, lines in bundles.items()),
    )
