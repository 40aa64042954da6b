"""The lines of the page over all clusters, ready for its template."""

from __future__ import annotations

import datetime
import os
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

import msgspec

from pytest_portaswitch.internal_error import InternalError, attempt
from pytest_portaswitch.judge.verdict import VerdictWord
from pytest_portaswitch.report import faults, fleet
from pytest_portaswitch.report.assessment import accepts, nobody_has, unused_words
from pytest_portaswitch.report.evidence import Totals
from pytest_portaswitch.report.files import EVIDENCE, PAGE
from pytest_portaswitch.report.fleet import Pack, Past, Summary
from pytest_portaswitch.report.layout import HISTORY
from pytest_portaswitch.report.page import words
from pytest_portaswitch.report.page.checks import stamp
from pytest_portaswitch.report.readiness import taken_out

CAUSES = 3
"""Causes that a line names; the cluster's own page has all."""

_TONE: dict[str, VerdictWord] = {"failed": "fail", "waived": "waived", "warning": "waived"}


class CauseLine(msgspec.Struct, frozen=True):
    """A cause in a line."""

    tone: VerdictWord
    label: str
    title: str


class PastLine(msgspec.Struct, frozen=True):
    """Another audit of a cluster."""

    tone: VerdictWord
    headline: str
    when: str
    what: str
    page: str
    evidence: str


class ClusterLine(msgspec.Struct, frozen=True):
    """One cluster."""

    cluster: str
    tone: VerdictWord
    headline: str
    refusal: str
    """Why its evidence cannot be read; then what follows is empty."""
    page: str = ""
    """A link, relative to the index; empty where there is no page."""
    evidence: str = ""
    notes: tuple[str, ...] = ()
    totals: Totals | None = None
    when: str = ""
    age: str = ""
    release: str = ""
    changes: str = ""
    version: str = ""
    causes: tuple[CauseLine, ...] = ()
    more: int = 0
    past: tuple[PastLine, ...] = ()
    older: int = 0
    """Other audits that are not listed."""


class Fleet(msgspec.Struct, frozen=True):
    """What the template gets."""

    tally: str
    tone: VerdictWord
    made: str
    lines: tuple[ClusterLine, ...]


def fleet_of(packs: Sequence[Pack], at: Path, moment: datetime.datetime) -> Fleet:
    """Prepare the page that lies in the folder ``at``, of packs in the order given."""
    old = fleet.superseded(packs)
    lines = tuple(_line_of(pack, pack.folder in old, at, moment) for pack in packs)
    return Fleet(
        tally=fleet.tally(packs),
        tone=words.worst([line.tone for line in lines]) if lines else "unknown",
        made=stamp(moment.timestamp()),
        lines=lines,
    )


def _line_of(pack: Pack, old: bool, at: Path, moment: datetime.datetime) -> ClusterLine:
    """The line of a pack; of one that cannot be read, or shown, why."""
    refusal = pack.refusal
    if pack.summary:
        made = attempt("rendering", pack.folder.name, _line, pack, pack.summary, old, at, moment)
        if not isinstance(made, InternalError):
            return made
        refusal = made.line
    return ClusterLine(pack.folder.name, "fail", "Cannot be read", refusal)


def _line(
    pack: Pack, summary: Summary, old: bool, at: Path, moment: datetime.datetime
) -> ClusterLine:
    told = [cause for cause in summary.causes if cause.severity in words.TOLD]
    return ClusterLine(
        cluster=summary.cluster,
        tone=words.TONE[summary.verdict],
        headline=words.CLUSTER[summary.verdict],
        refusal="",
        page=link(pack.folder / PAGE, at) if (pack.folder / PAGE).exists() else "",
        evidence=link(pack.folder / EVIDENCE, at),
        notes=tuple(_notes(pack, summary, old)),
        totals=summary.totals,
        when=stamp(summary.started.timestamp()),
        age=fleet.age(summary.started, moment),
        release=fleet.releases(summary),
        changes=fleet.changes(summary),
        version=summary.run.versions.get("pytest-portaswitch", ""),
        causes=tuple(
            CauseLine(
                _TONE.get(cause.severity, "unknown"),
                cause.effect if cause.effect not in ("none", "unknown") else cause.severity,
                cause.title,
            )
            for cause in told[:CAUSES]
        ),
        more=max(0, len(told) - CAUSES),
        past=_past(pack, at),
        older=pack.older,
    )


def _unreadable(pack: Pack, at: Path) -> ClusterLine:
    line = ClusterLine(pack.folder.name, "fail", "Cannot be read", pack.refusal)
    return msgspec.structs.replace(line, past=_past(pack, at), older=pack.older)


def _past(pack: Pack, at: Path) -> tuple[PastLine, ...]:
    return tuple(_past_line(past, at) for past in pack.past)


def _past_line(past: Past, at: Path) -> PastLine:
    page, evidence = link(past.folder / PAGE, at), link(past.folder / EVIDENCE, at)
    head = past.head
    if head is None:
        return PastLine("fail", "Cannot be read", "", past.folder.name, page, evidence)
    if head.run.whole:
        what = "whole"
    elif head.run.state != "complete":
        what = f"the run was {head.run.state}"
    else:
        planned = head.totals.planned + head.run.deselected
        what = f"partial: {head.totals.planned - head.run.unjudged:,} of {planned:,} checks judged"
    return PastLine(
        words.TONE[head.verdict],
        words.CLUSTER[head.verdict],
        stamp(datetime.datetime.fromisoformat(head.run.started).timestamp()),
        what,
        page,
        evidence,
    )


def _notes(pack: Pack, summary: Summary, old: bool) -> list[str]:
    notes = []
    if old:
        notes.append("an older audit: another pack here is newer")
    if not summary.run.whole:
        notes.append("no whole audit lies here")
    if pack.folder.parent.parent.name == HISTORY:
        notes.append("an earlier audit: the last one is missing")
    elif pack.folder.name != summary.cluster:
        notes.append(f"in the folder {pack.folder.name}")
    if summary.run.unjudged and summary.run.state == "complete":
        notes.append(f"partial: {words.plural(summary.run.unjudged, 'check')} not judged")
    if summary.run.deselected:
        left_out = words.plural(summary.run.deselected, "planned check")
        notes.append(f"partial: {left_out} not selected")
    if summary.removed:
        notes.append(f"partial: {taken_out(len(summary.removed))}")
    missing = summary.assessment.missing if summary.assessment else ()
    notes += [f"not known: {one.title}" for one in missing[:CAUSES]]
    if len(missing) > CAUSES:
        notes.append(f"not known: {len(missing) - CAUSES} more")
    if roles := nobody_has(summary.unheld):
        notes.append(roles)
    notes += [f"accepted not to be assessed: {accepts(entry)}" for entry in summary.site.accepted]
    notes += [f"not in use: {line}" for line in unused_words(summary.not_in_use)]
    notes += list(faults.lines(summary.internal_errors))[:CAUSES]
    if summary.run.state != "complete":
        notes.append(f"the run was {summary.run.state}")
    return notes


def link(path: Path, at: Path) -> str:
    """From a page in the folder ``at`` to a file; a folder may be called anything."""
    return quote(os.path.relpath(path, at))
