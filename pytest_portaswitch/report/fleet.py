"""Many clusters at a glance: what each pack's evidence says of its cluster, problems first."""

from __future__ import annotations

import datetime
import functools
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from pytest_portaswitch.causes import Cause
from pytest_portaswitch.cluster.model import Accepted, LeastGrade, least_of
from pytest_portaswitch.difference import Difference
from pytest_portaswitch.internal_error import InternalError, attempt_but
from pytest_portaswitch.judge.fault import fault
from pytest_portaswitch.judge.verdict import Verdict, VerdictWord, WhyUnknown
from pytest_portaswitch.plan.check import CannotAssess
from pytest_portaswitch.plan.left_out import Unheld
from pytest_portaswitch.plan.not_in_use import Unused
from pytest_portaswitch.report import since
from pytest_portaswitch.report.assessment import Assessment, noteworthy
from pytest_portaswitch.report.evidence import State, Totals, is_whole, totals_of
from pytest_portaswitch.report.files import EVIDENCE
from pytest_portaswitch.report.readiness import Readiness, Scope, readiness
from pytest_portaswitch.report.reading import read_part, read_start
from pytest_portaswitch.source.problem import BadInput, Problem

GRAVEST: tuple[Readiness, ...] = (
    "blocked",
    "could-not-be-assessed",
    "ready-with-warnings",
    "ready",
)
"""What stands first in a list of clusters."""

CANNOT = CannotAssess.__struct_config__.tag
"""By which the tables are known to give nothing to look at."""


class SummaryRun(msgspec.Struct, frozen=True, kw_only=True):
    """When the audit was made, and whether it is whole."""

    state: State
    started: str
    versions: dict[str, str]
    deselected: int
    unjudged: int = 0

    @property
    def whole(self) -> bool:
        """Whether each planned check was judged."""
        return is_whole(self.state, self.deselected, self.unjudged)


class SummaryHost(msgspec.Struct, frozen=True, kw_only=True):
    """The release that a host says it has; empty where it was not looked at."""

    release: str = ""


class SummaryOverride(msgspec.Struct, frozen=True, kw_only=True):
    """With how little proof the site is content in one row."""

    grade: LeastGrade = ""


class SummarySite(msgspec.Struct, frozen=True, kw_only=True):
    """Whether less was demanded than the rows name."""

    grade: LeastGrade = ""
    overrides: tuple[SummaryOverride, ...] = ()
    accepted: tuple[Accepted, ...] = ()


class SummaryExpects(msgspec.Struct, frozen=True, kw_only=True):
    """What kind of thing a check expects."""

    type: str


class SummaryCheck(msgspec.Struct, frozen=True, kw_only=True):
    """Of a check what the verdict of its cluster follows from."""

    id: str
    verdict: VerdictWord
    why_unknown: WhyUnknown
    warnings: tuple[str, ...]
    expects: SummaryExpects

    def again(self) -> Verdict:
        """The verdict, as far as the cluster's depends on it."""
        return Verdict(
            verdict=self.verdict,
            expected="",
            observed="",
            why_unknown=self.why_unknown,
            warnings=self.warnings,
            fault=fault("not-in-table") if self.expects.type == CANNOT else None,
        )


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """Of an ``Evidence`` what a line about its cluster needs; the names are the same."""

    cluster: str
    release: str
    verdict: Readiness
    run: SummaryRun
    totals: Totals
    hosts: dict[str, SummaryHost]
    causes: tuple[Cause, ...]
    checks: tuple[SummaryCheck, ...]
    site: SummarySite
    removed: tuple[str, ...]
    since: Difference | None = None
    internal_errors: tuple[InternalError, ...] = ()
    not_in_use: tuple[Unused, ...] = ()
    assessment: Assessment | None = None
    unheld: tuple[Unheld, ...] = ()

    @property
    def started(self) -> datetime.datetime:
        """When the audit began."""
        return datetime.datetime.fromisoformat(self.run.started)


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """What the evidence of an earlier audit says of it, as it is written there."""

    cluster: str
    verdict: Readiness
    run: SummaryRun
    totals: Totals


class Past(msgspec.Struct, frozen=True):
    """An earlier audit of a cluster, or one of a part of it."""

    folder: Path
    head: Head | None
    """None where the evidence cannot be read."""


class Pack(msgspec.Struct, frozen=True):
    """A folder with evidence of one cluster."""

    folder: Path
    summary: Summary | None
    """None where the evidence cannot be read."""
    refusal: str = ""
    """Why it cannot."""
    past: tuple[Past, ...] = ()
    """Its other audits, the newest first; not more than are shown."""
    older: int = 0
    """How many more there are."""


def read_summary(folder: Path) -> Summary:
    """Read what a pack says of its cluster. Raises ``BadInput``, also where its checks say else."""
    summary = read_part(folder / EVIDENCE, Summary)
    wrong = [
        Problem(str(folder / EVIDENCE), 0, name, str(said), f"its checks give {again}")
        for name, said, again in _contradictions(summary)
    ]
    if wrong:
        raise BadInput(wrong)
    return summary


def _contradictions(summary: Summary) -> Iterator[tuple[str, object, object]]:
    """A field, what it says, and what follows from the checks."""
    verdicts = {check.id: check.again() for check in summary.checks}
    totals = totals_of(verdicts)
    for name in totals.__struct_fields__:
        said, again = getattr(summary.totals, name), getattr(totals, name)
        if said != again:
            yield f"totals.{name}", said, again
    scope = Scope(
        summary.run.deselected,
        len(summary.removed),
        least_of((summary.site.grade, *(one.grade for one in summary.site.overrides))),
        len(summary.internal_errors),
        len(summary.assessment.missing) if summary.assessment else 0,
        noteworthy(summary.assessment, summary.not_in_use, summary.unheld),
    )
    whole = readiness(verdicts.values(), scope)
    if whole != summary.verdict:
        yield "verdict", summary.verdict, whole


def read_head(folder: Path) -> Head:
    """Read the start of a pack's evidence. Raises ``BadInput``."""
    return read_start(folder / EVIDENCE, Head)


def read_pack(folder: Path) -> Pack:
    """Read a pack; one that cannot be read is told, not passed over."""
    try:
        found = attempt_but(
            BadInput, "rendering", folder.name, functools.partial(read_summary, folder)
        )
    except BadInput as bad:
        # A page that is handed around says nothing of the machine that it was made on.
        said = [str(msgspec.structs.replace(one, file=EVIDENCE)) for one in bad.problems]
        return Pack(folder, None, "; ".join(said))
    if isinstance(found, InternalError):
        return Pack(folder, None, found.line)
    return Pack(folder, found)


def in_order(packs: Iterable[Pack]) -> tuple[Pack, ...]:
    """What cannot be read first, then the gravest verdict, then the most failures."""
    return tuple(sorted(packs, key=_rank))


def _rank(pack: Pack) -> tuple[int, int, str, str]:
    if pack.summary is None:
        return (-1, 0, "", str(pack.folder))
    summary = pack.summary
    return (
        GRAVEST.index(summary.verdict),
        -summary.totals.failed,
        summary.cluster,
        str(pack.folder),
    )


def superseded(packs: Sequence[Pack]) -> frozenset[Path]:
    """Folders of packs of which there is a newer one of the same cluster."""
    newest: dict[str, Pack] = {}
    old = set()
    for pack in packs:
        if pack.summary is None:
            continue
        other = newest.setdefault(pack.summary.cluster, pack)
        if other is pack:
            continue
        assert other.summary is not None
        later = pack.summary.started > other.summary.started
        newest[pack.summary.cluster] = pack if later else other
        old.add((other if later else pack).folder)
    return frozenset(old)


def tally(packs: Sequence[Pack]) -> str:
    """Such as ``3 clusters: 1 blocked, 2 ready``; of each cluster its newest audit counts."""
    old = superseded(packs)
    verdicts = [p.summary.verdict for p in packs if p.summary and p.folder not in old]
    parts = [
        f"{number} {verdict.replace('-', ' ')}"
        for verdict in GRAVEST
        if (number := verdicts.count(verdict))
    ]
    unreadable = sum(pack.summary is None for pack in packs)
    if unreadable:
        parts.insert(0, f"{unreadable} cannot be read")
    number = len(verdicts) + unreadable
    return f"{number} cluster{'' if number == 1 else 's'}: {', '.join(parts)}"


def age(then: datetime.datetime, now: datetime.datetime) -> str:
    """How long ago, in the largest unit that says enough."""
    seconds = (now - then).total_seconds()
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        number = int(seconds // length)
        if number >= (2 if unit == "day" else 1):
            return f"{number:,} {unit}{'' if number == 1 else 's'} ago"
    return "just now" if seconds >= -60 else "in the future"


def releases(summary: Summary) -> str:
    """The declared release, and those seen where they differ from it."""
    seen = sorted({host.release for host in summary.hosts.values() if host.release})
    declared = summary.release or "not declared"
    return declared if seen in ([], [summary.release]) else f"{declared} (seen: {', '.join(seen)})"


def changes(summary: Summary) -> str:
    """What changed since the baseline, in words."""
    if summary.since is None:
        return "no baseline"
    return f"since {since.which(summary.since.baseline)}: {since.tally(summary.since)}"
