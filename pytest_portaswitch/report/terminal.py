"""The audit in a few lines, for a terminal or a ticket.

Plain text of at most 80 columns, but for commands: those stay whole, to be pasted.
"""

from __future__ import annotations

import datetime
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path

from pytest_portaswitch.causes import Cause
from pytest_portaswitch.difference import Difference
from pytest_portaswitch.facts import HostFacts
from pytest_portaswitch.judge.waiver import applying
from pytest_portaswitch.plan.effective import ASKED, DEVIATION
from pytest_portaswitch.report import faults, since
from pytest_portaswitch.report.assessment import (
    Assessment,
    accepts,
    give_role,
    nobody_has,
    reached_by_nobody,
    unused_words,
)
from pytest_portaswitch.report.evidence import Evidence
from pytest_portaswitch.report.files import EVIDENCE
from pytest_portaswitch.report.fleet import read_head
from pytest_portaswitch.report.layout import folder_of
from pytest_portaswitch.report.readiness import Readiness, lowered, taken_out
from pytest_portaswitch.report.warned import beside
from pytest_portaswitch.source.problem import BadInput
from pytest_portaswitch.text import show

WIDTH = 80
SHOWN_CAUSES = 20
SHOWN_UNKNOWN = 8
SHOWN_WARNINGS = 20
SHOWN_MOVED = 10
"""Checks of each standing, and changes: the evidence and the page have all."""

VERDICTS: dict[Readiness, str] = {
    "ready": "READY",
    "ready-with-warnings": "READY, WITH WARNINGS",
    "blocked": "BLOCKED",
    "could-not-be-assessed": "COULD NOT BE ASSESSED",
}
_LABELS = {"failed": "FAILED", "unanswered": "NO ANSWER", "not-observed": "NOT SEEN"}
_INDENT = " " * 12


def lines(evidence: Evidence, path: str) -> Iterator[str]:
    """No colour: what was audited, the verdict, totals, the causes, and where the evidence lies."""
    return map(show.line, _lines(evidence, path))


def _lines(evidence: Evidence, path: str) -> Iterator[str]:
    totals = evidence.totals
    audited = f"{_hosts(evidence)}, {_when(evidence)}"
    yield f"{evidence.cluster}: {VERDICTS[evidence.verdict]} ({audited})"
    yield from _wrapped(
        "  checks",
        f"{totals.planned} = {totals.passed} passed + {totals.failed} failed + "
        f"{totals.unknown} unknown + {totals.waived} waived",
    )
    if evidence.run.deselected:
        yield from _wrapped(
            "  partial",
            f"{evidence.run.deselected} more planned checks were not selected: nothing is said "
            "of them; only a part was run, which is no word on the whole cluster",
        )
    if evidence.removed:
        yield from _wrapped("  partial", taken_out(len(evidence.removed)))
    if evidence.run.unjudged and evidence.run.state == "complete":
        yield from _wrapped(
            "  partial", f"{_checks(evidence.run.unjudged)} got no verdict: they are unknown"
        )
    if evidence.run.state != "complete":
        yield from _wrapped(
            "  partial", f"the run was {evidence.run.state}: checks it did not come to are unknown"
        )
    if evidence.internal_errors:
        yield from _wrapped("  our fault", faults.summary(evidence.internal_errors))
        # Whole, however long: it is there to be sent.
        yield from (f"{_INDENT}{line}" for line in faults.lines(evidence.internal_errors))
    if less := lowered(evidence.site):
        yield from _wrapped("  lowered", less)
    for question in dict.fromkeys(
        note for check in evidence.checks for note in check.notes if note.startswith(ASKED)
    ):
        yield from _wrapped("  asked", question.removeprefix(ASKED))
    if evidence.since:
        yield from since_lines(evidence.since)
    yield from _causes(evidence, [c for c in evidence.causes if c.severity in _LABELS])
    if evidence.assessment:
        yield from _unassessed(evidence.assessment)
    if roles := nobody_has(evidence.unheld):
        yield from _wrapped("  warning", roles)
        yield f"    to do   {give_role(evidence.unheld)}"
    yield from _warnings(evidence, [c for c in evidence.causes if c.severity == "warning"])
    yield from _waived(evidence)
    yield from _deviations(evidence)
    yield from _accepted(evidence)
    for line in unused_words(evidence.not_in_use):
        yield from _wrapped("  not in use", line)
    yield from _wrapped("  not asked", reached_by_nobody(evidence.unreached))
    subjects = evidence.assessment.unassessed if evidence.assessment else ()
    told = {check for one in subjects for check in one.checks}
    untold = [c for c in evidence.causes if c.severity == "not-assessable"]
    yield from _unknown([cause for cause in untold if not told.issuperset(cause.checks)])
    yield f"  evidence  {path}"


def last_whole(audit_dir: Path, cluster: str) -> Iterator[str]:
    """What a run of a part says of the audit of the whole cluster, which it leaves alone."""
    folder = folder_of(audit_dir, cluster, whole=True)
    try:
        head = read_head(folder)
    except BadInput:
        yield from _wrapped("  whole", f"no whole audit of {cluster} lies in {audit_dir} yet")
        return
    if head.run.whole:
        begun = f"{_moment(head.run.started)}, {VERDICTS[head.verdict]}"
        yield f"  whole     {folder / EVIDENCE} was kept: {begun}"
    else:
        yield from _wrapped("  whole", f"{folder} is of a part, too")


def since_lines(difference: Difference, *, whole: bool = False) -> Iterator[str]:
    """What is different since a baseline. ``whole``: all of it, however long."""
    return map(show.line, _since_lines(difference, whole))


def _since_lines(difference: Difference, whole: bool) -> Iterator[str]:
    yield from _wrapped("  since", f"the audit of {since.which(difference.baseline)}:")
    yield from _wrapped("", since.tally(difference))
    for standing, moved in since.groups(difference):
        # What is unknown as before stands below with its reasons.
        if whole or standing != "still-unknown":
            lines = [since.line(one) for one in moved]
            yield from _listed(since.heading(standing, len(moved)), lines, whole=whole)
    changes = [since.change_words(change) for change in difference.changes]
    yield from _listed(f"seen otherwise ({len(changes)})", changes, whole=whole)
    uncompared = [f"{one.host}: {one.why}" for one in difference.uncompared]
    yield from _listed(f"not compared ({len(uncompared)})", uncompared, whole=whole)


def _listed(heading: str, lines: Sequence[str], *, whole: bool) -> Iterator[str]:
    if not lines:
        return
    yield f"{_INDENT}{heading}:"
    shown = lines if whole else lines[:SHOWN_MOVED]
    for line in shown:
        yield from textwrap.wrap(
            line,
            WIDTH,
            initial_indent=f"{_INDENT}- ",
            subsequent_indent=f"{_INDENT}  ",
            break_long_words=False,
            break_on_hyphens=False,
        )
    if len(lines) > len(shown):
        yield f"{_INDENT}... and {len(lines) - len(shown):,} more: the audit page has them"


def _hosts(evidence: Evidence) -> str:
    every = len(evidence.site.hosts)
    seen = sum(isinstance(host, HostFacts) for host in evidence.hosts.values())
    return f"{every} host{'' if every == 1 else 's'}" + (f", {seen} seen" if seen < every else "")


def _when(evidence: Evidence) -> str:
    return _moment(evidence.run.started)


def _moment(started: str) -> str:
    begun = datetime.datetime.fromisoformat(started)
    return f"{begun.astimezone(datetime.timezone.utc):%Y-%m-%d %H:%M} UTC"


def _causes(evidence: Evidence, causes: Sequence[Cause]) -> Iterator[str]:
    waived = {check.id for check in evidence.checks if check.verdict == "waived"}
    for cause in causes[:SHOWN_CAUSES]:
        excused = len(waived.intersection(cause.checks))
        count = _count(cause) + (f", {excused} of them waived" if excused else "")
        yield from _wrapped(f"  {_LABELS[cause.severity]}", f"{cause.title} ({count})")
        yield from _wrapped("    impact", cause.impact)
        if cause.next:
            # Whole, however long: it is there to be pasted.
            yield f"    next    {cause.next}"
    if len(causes) > SHOWN_CAUSES:
        yield f"  ... and {len(causes) - SHOWN_CAUSES} more causes: the evidence has them"


def _unassessed(assessment: Assessment) -> Iterator[str]:
    """Each subcomponent of which nothing is known, once, with the one thing to do."""
    missing = assessment.missing
    for one in missing[:SHOWN_CAUSES]:
        yield from _wrapped("  NOT KNOWN", f"{one.title} ({_checks(len(one.checks))})")
        # Whole, however long: it is there to be pasted.
        yield f"    to do   {one.fix}"
    if len(missing) > SHOWN_CAUSES:
        yield f"  ... and {len(missing) - SHOWN_CAUSES} more that are not known: the page has them"


def _accepted(evidence: Evidence) -> Iterator[str]:
    """What the site accepts not to be assessed; then what it need not accept."""
    for entry in evidence.site.accepted:
        if entry.role:
            yield from _wrapped("  accepted", accepts(entry))
    if evidence.assessment is None:
        return
    for one in evidence.assessment.accepted:
        line = f"{one.title} ({_checks(len(one.checks))}); accepted: {'; '.join(one.reasons)}"
        yield from _wrapped("  accepted", line)
    for at in evidence.assessment.idle:
        entry = evidence.site.accepted[at]
        line = f"accepted, but all of it was assessed: {accepts(entry)}; leave it out"
        yield from _wrapped("  warning", f"{line} [accepted, line {entry.line}]")


def _warnings(evidence: Evidence, causes: Sequence[Cause]) -> Iterator[str]:
    """What passes with a warning, by its cause; then what checks warn of that do not pass."""
    for cause in causes[:SHOWN_WARNINGS]:
        yield from _wrapped("  warning", f"{cause.title} ({_count(cause)})")
        for line in cause.seen:
            if line != cause.title:
                yield from _wrapped("    seen", line)
        if cause.next:
            yield f"    next    {cause.next}"
    if len(causes) > SHOWN_WARNINGS:
        yield f"  ... and {len(causes) - SHOWN_WARNINGS} more warnings: the evidence has them"
    others = list(beside(evidence))
    for check, line in others[:SHOWN_WARNINGS]:
        yield from _wrapped("  warning", f"{line} [{check.id}]")
    if len(others) > SHOWN_WARNINGS:
        rest = len(others) - SHOWN_WARNINGS
        yield f"  ... and {rest} more warnings of checks that did not pass"


def _waived(evidence: Evidence) -> Iterator[str]:
    today = datetime.datetime.fromisoformat(evidence.run.started).astimezone(datetime.timezone.utc)
    by = [
        (check.verdict, applying(check.id, evidence.waivers))
        for check in evidence.checks
        if check.verdict in ("fail", "waived")
    ]
    for waiver in evidence.waivers:
        expired = waiver.until < today.date()
        verdict = "fail" if expired else "waived"
        if met := [one for word, one in by if word == verdict and one is waiver]:
            when = f"failed: the waiver expired on {waiver.until}"
            yield from _wrapped(
                "  expired" if expired else "  waived",
                f"{_checks(len(met))} {when if expired else f'until {waiver.until}'} (UTC) "
                f"by {waiver.owner}: {waiver.reason} [{waiver.check}]",
            )


def _deviations(evidence: Evidence) -> Iterator[str]:
    """What the site has otherwise than the vendor's tables: each row once."""
    for row, note in dict.fromkeys(
        (check.row, note)
        for check in evidence.checks
        for note in check.notes
        if note.startswith(DEVIATION)
    ):
        yield from _wrapped("  deviates", f"{row}: {note.removeprefix(DEVIATION)}")


def _unknown(causes: Sequence[Cause]) -> Iterator[str]:
    rows = [cause for cause in causes if cause.kind == "not-in-table"]
    others = [cause for cause in causes if cause.kind != "not-in-table"]
    for cause in others[:SHOWN_UNKNOWN]:
        yield from _wrapped("  unknown", f"{cause.title} ({_count(cause)})")
    if len(others) > SHOWN_UNKNOWN:
        rest = others[SHOWN_UNKNOWN:]
        checks = sum(len(cause.checks) for cause in rest)
        yield f"  unknown   {checks} more checks, for {len(rest)} reasons: the evidence has them"
    if rows:
        checks = sum(len(cause.checks) for cause in rows)
        names = ", ".join(cause.id.partition(":")[2] for cause in rows)
        yield from _wrapped(
            "  unknown",
            f"the vendor's table gives nothing to look for: {names} ({_checks(checks)})",
        )


def _count(cause: Cause) -> str:
    return _checks(len(cause.checks))


def _checks(number: int) -> str:
    return f"{number} check{'' if number == 1 else 's'}"


def _wrapped(label: str, text: str) -> Iterator[str]:
    # A long word is never cut: it may be an id that somebody searches for.
    yield from textwrap.wrap(
        text,
        WIDTH,
        initial_indent=f"{label:<11} ",
        subsequent_indent=_INDENT,
        break_long_words=False,
        break_on_hyphens=False,
    )
