"""Everything that the page shows, made from the evidence alone and ready for the template."""

from __future__ import annotations

import datetime
from collections import defaultdict

import msgspec

from pytest_portaswitch.facts.model import HostFacts
from pytest_portaswitch.judge.verdict import VerdictWord
from pytest_portaswitch.judge.waiver import applying
from pytest_portaswitch.plan.check import HasConnection
from pytest_portaswitch.report import faults
from pytest_portaswitch.report.assessment import accepts, nobody_has, not_accepted, unused_words
from pytest_portaswitch.report.evidence import Evidence
from pytest_portaswitch.report.page import words
from pytest_portaswitch.report.page.causes import CauseCard, cards_of
from pytest_portaswitch.report.page.checks import Checks, Group, Shown
from pytest_portaswitch.report.page.clustermap import Map, map_of
from pytest_portaswitch.report.page.hosts import HostCard, hosts_of
from pytest_portaswitch.report.page.matrix import Matrix, matrix_of
from pytest_portaswitch.report.page.paths import Service, services_of
from pytest_portaswitch.report.page.since import Since, since_of
from pytest_portaswitch.report.page.tables import Table, beyond_tables, tables_of
from pytest_portaswitch.report.page.untold import (
    NotAssessed,
    Untold,
    subjects_of,
    untold_of,
)
from pytest_portaswitch.report.readiness import lowered, taken_out
from pytest_portaswitch.report.warned import beside


class Waived(msgspec.Struct, frozen=True):
    """A waiver, and how much it excuses now."""

    check: str
    reason: str
    owner: str
    until: str
    state: str
    excuses: int


class Acceptance(msgspec.Struct, frozen=True):
    """What the cluster file accepts not to be assessed."""

    words: str
    idle: bool
    """Whether all that it names was assessed."""


class View(msgspec.Struct, frozen=True):
    """What the template gets."""

    evidence: Evidence
    headline: str
    sentence: str
    lowered: str
    """That less proof was demanded than the rows name; empty where it was not."""
    taken_out: str
    """That a hook of the site took checks out; empty where none did."""
    not_accepted: str
    """That subcomponents could not be assessed and nobody accepts it; empty where none."""
    missing: tuple[NotAssessed, ...]
    """Those subcomponents."""
    accepted: tuple[NotAssessed, ...]
    """Those that the site accepts."""
    acceptances: tuple[Acceptance, ...]
    """What the cluster file accepts, and whether it has to."""
    unheld: str
    """That no host has some roles that every installation has; empty where it is not so."""
    not_in_use: tuple[str, ...]
    """What the site does not use, a line each."""
    faults: tuple[str, ...]
    """Faults of this program: what they mean, and a line each; empty where there are none."""
    tone: VerdictWord
    when: str
    looked: str
    probes: str
    """How many were sent."""
    reached: str
    """What was asked besides ports of the tables, as a sentence; empty where nothing was."""
    kinds: tuple[tuple[str, dict[str, int]], ...]
    bar: tuple[tuple[VerdictWord, float, float], ...]
    """Verdict, start and length, of 1000."""
    causes: tuple[CauseCard, ...]
    warned: tuple[CauseCard, ...]
    """What is worth a warning only."""
    warnings: tuple[tuple[str, Shown], ...]
    """Those of checks that do not pass."""
    untold: tuple[Untold, ...]
    since: Since | None
    map: Map
    matrix: Matrix | None
    services: tuple[Service, ...]
    tables: tuple[Table, ...]
    beyond: tuple[Group, ...]
    hosts: tuple[HostCard, ...]
    waivers: tuple[Waived, ...]


def view_of(evidence: Evidence) -> View:
    """Prepare the page of one cluster."""
    checks = Checks(evidence)
    subjects = subjects_of(evidence)
    missing = tuple(one for one in subjects if not one.what.accepted)
    picture = map_of(evidence)
    causes = cards_of(evidence, checks)
    seen = sum(not hasattr(o, "why") for o in evidence.hosts.values())
    probes = sum(len(getattr(o, "probes", ())) for o in evidence.hosts.values())
    return View(
        evidence=evidence,
        headline=words.CLUSTER[evidence.verdict],
        sentence=words.SENTENCE[evidence.verdict],
        lowered=lowered(evidence.site),
        taken_out=taken_out(len(evidence.removed)),
        not_accepted=not_accepted(len(missing)),
        missing=missing,
        accepted=tuple(one for one in subjects if one.what.accepted),
        acceptances=_acceptances(evidence),
        unheld=nobody_has(evidence.unheld),
        not_in_use=unused_words(evidence.not_in_use),
        faults=faults.listed(evidence.internal_errors),
        tone=words.TONE[evidence.verdict],
        when=_when(evidence),
        looked=f"{seen} of {words.plural(len(evidence.site.hosts), 'host')} looked at",
        probes=words.plural(probes, "question"),
        reached=_reached(evidence),
        kinds=_kinds(evidence),
        bar=_bar(evidence),
        causes=tuple(c for c in causes if c.severity not in ("not-assessable", "warning")),
        warned=tuple(card for card in causes if card.severity == "warning"),
        untold=untold_of(evidence, checks, causes, subjects),
        warnings=tuple((line, checks.shown[check.id]) for check, line in beside(evidence)),
        since=since_of(evidence.since, checks),
        map=picture,
        matrix=matrix_of(evidence, picture.order),
        services=services_of(evidence),
        tables=tables_of(evidence, checks),
        beyond=tuple(beyond_tables(evidence, checks)),
        hosts=hosts_of(evidence),
        waivers=_waivers(evidence),
    )


def _when(evidence: Evidence) -> str:
    begun = datetime.datetime.fromisoformat(evidence.run.started)
    ended = datetime.datetime.fromisoformat(evidence.run.finished)
    seconds = (ended - begun).total_seconds()
    zone = begun.astimezone(datetime.timezone.utc)
    return f"{zone:%d %B %Y, %H:%M:%S} UTC, in {seconds:,.0f} s"


def _reached(evidence: Evidence) -> str:
    asked = [
        check.expects
        for check in evidence.checks
        if isinstance(check.expects, HasConnection)
        and isinstance(evidence.hosts.get(check.expects.source), HostFacts)
    ]
    if not asked:
        return ""
    sources = " and ".join(sorted({expects.source for expects in asked}))
    hosts = words.plural(len({expects.destination.name for expects in asked}), "host")
    ports = ", ".join(f"tcp/{port}" for port in sorted({expects.login_port for expects in asked}))
    return (
        f"Whether there is a connection at all, {sources} asked {hosts} besides, by an ICMP echo "
        f"and, where that did not come back, at the ssh port ({ports})."
    )


def _kinds(evidence: Evidence) -> tuple[tuple[str, dict[str, int]], ...]:
    found: dict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(words.MEANS, 0))
    for check in evidence.checks:
        found[check.kind][check.verdict] += 1
    return tuple(sorted(found.items()))


def _bar(evidence: Evidence) -> tuple[tuple[VerdictWord, float, float], ...]:
    totals = evidence.totals
    parts: list[tuple[VerdictWord, int]] = [
        ("pass", totals.passed),
        ("fail", totals.failed),
        ("unknown", totals.unknown),
        ("waived", totals.waived),
    ]
    # What there is must be seen, be it one of ten thousand.
    planned = max(totals.planned, 1)
    there = [(word, max(number / planned, 0.006)) for word, number in parts if number]
    whole = sum(share for _, share in there) or 1
    bar, at = [], 0.0
    for word, share in there:
        bar.append((word, round(at, 1), round(1000 * share / whole, 1)))
        at += 1000 * share / whole
    return tuple(bar)


def _acceptances(evidence: Evidence) -> tuple[Acceptance, ...]:
    idle = evidence.assessment.idle if evidence.assessment else ()
    return tuple(
        Acceptance(accepts(entry), at in idle) for at, entry in enumerate(evidence.site.accepted)
    )


def _waivers(evidence: Evidence) -> tuple[Waived, ...]:
    begun = datetime.datetime.fromisoformat(evidence.run.started)
    today = begun.astimezone(datetime.timezone.utc).date()
    by = [applying(c.id, evidence.waivers) for c in evidence.checks if c.verdict == "waived"]
    found = []
    for waiver in evidence.waivers:
        left = (waiver.until - today).days
        found.append(
            Waived(
                check=waiver.check,
                reason=waiver.reason,
                owner=waiver.owner,
                until=f"{waiver.until}",
                state="expired: it excuses nothing"
                if left < 0
                else f"{words.plural(left, 'day')} left",
                excuses=sum(one is waiver for one in by),
            )
        )
    return tuple(found)
