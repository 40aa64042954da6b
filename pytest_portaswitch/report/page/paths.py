"""Who reaches whom on which port: the paths of the tables, summed up for pictures and tables."""

from __future__ import annotations

from collections import defaultdict

import msgspec

from pytest_portaswitch.judge.verdict import VerdictWord
from pytest_portaswitch.plan.check import RefusesWrites
from pytest_portaswitch.report.evidence import Evidence, JudgedCheck
from pytest_portaswitch.report.page.checks import Count, count, ends, ports_of
from pytest_portaswitch.report.page.words import worst
from pytest_portaswitch.tables.ladder import LADDER, Grade

NAMED_PAIRS = 12
"""Broken pairs that one line of the table names; the checks below name all."""


class Pair(msgspec.Struct, frozen=True):
    """All that one host asks of another (or of a virtual IP)."""

    source: str
    destination: str
    verdict: VerdictWord
    grade: Grade | None
    """The lowest of all its ports; None: nothing was to be graded, or not all of it could be."""
    unseen: bool
    """Whether a grade was to be found and was not."""
    ports: int
    text: str
    """Each port with its grade, one a line."""


class Service(msgspec.Struct, frozen=True):
    """One service of the tables, asked by all its peers."""

    name: str
    port: str
    destinations: int
    sources: int
    grades: dict[Grade, int]
    none: int
    """Of which it is not known how far they come."""
    count: Count
    broken: tuple[str, ...]
    more_broken: int


def paths_of(evidence: Evidence) -> list[JudgedCheck]:
    """The checks that lead from one place to another."""
    return [check for check in evidence.checks if ends(check)[1]]


def pairs_of(evidence: Evidence) -> dict[tuple[str, str], Pair]:
    """By source and destination."""
    found: dict[tuple[str, str], list[JudgedCheck]] = defaultdict(list)
    for check in paths_of(evidence):
        found[ends(check)].append(check)
    return {
        (source, destination): _pair(source, destination, checks)
        for (source, destination), checks in found.items()
    }


def _pair(source: str, destination: str, checks: list[JudgedCheck]) -> Pair:
    grades = [check.grade for check in checks if check.grade]
    verdict = worst([check.verdict for check in checks])
    unseen = any(map(_ungraded, checks))
    lines = dict.fromkeys(
        f"{ports_of(check) or check.kind}: {', '.join(filter(None, (check.verdict, check.grade)))}"
        for check in checks
    )
    return Pair(
        source=source,
        destination=destination,
        verdict=verdict,
        grade=None if unseen else min(grades, key=LADDER.index, default=None),
        unseen=unseen,
        ports=len({ports_of(check) for check in checks} - {""}),
        text="\n".join([f"{source} → {destination}", *lines]),
    )


def _ungraded(check: JudgedCheck) -> bool:
    """Whether a grade was to be found and was not: some kinds, and some verdicts, have none."""
    graded = not isinstance(check.expects, RefusesWrites)
    return graded and check.verdict == "unknown" and check.grade is None


def services_of(evidence: Evidence) -> tuple[Service, ...]:
    """A line a service and port, broken ones first."""
    found: dict[tuple[str, str], list[JudgedCheck]] = defaultdict(list)
    titles = {sub.id: sub.title for sub in evidence.tables.subcomponents.values()}
    for check in paths_of(evidence):
        server = str(getattr(check.expects, "server", "")) or check.subcomponent
        found[titles.get(server, server), ports_of(check) or check.kind].append(check)
    services = [_service(name, port, checks) for (name, port), checks in found.items()]
    order: tuple[VerdictWord, ...] = ("fail", "unknown", "waived", "pass")
    return tuple(sorted(services, key=lambda s: (order.index(s.count.worst), s.name, s.port)))


def _service(name: str, port: str, checks: list[JudgedCheck]) -> Service:
    grades = [check.grade for check in checks]
    failing = (" → ".join(ends(check)) for check in checks if check.verdict == "fail")
    broken = tuple(dict.fromkeys(failing))  # several checks may lead the same way
    return Service(
        name=name,
        port=port,
        destinations=len({ends(check)[1] for check in checks}),
        sources=len({ends(check)[0] for check in checks}),
        grades={grade: number for grade in LADDER[::-1] if (number := grades.count(grade))},
        none=sum(map(_ungraded, checks)),
        count=count(check.verdict for check in checks),
        broken=broken[:NAMED_PAIRS],
        more_broken=max(0, len(broken) - NAMED_PAIRS),
    )
