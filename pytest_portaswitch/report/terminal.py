"""The audit in a few lines, for a terminal or a ticket.

Plain text of at most 80 columns, but for commands: those stay whole, to be pasted.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from pathlib import Path

from pytest_portaswitch.causes import Cause
from pytest_portaswitch.facts import HostFacts
from pytest_portaswitch.judge.waiver import applying
from pytest_portaswitch.plan.effective import ASKED, DEVIATION
from pytest_portaswitch.report import faults
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
from pytest_portaswitch.report.since_lines import since_lines
from pytest_portaswitch.report.warned import beside
from pytest_portaswitch.report.wrapping import INDENT, wrapped
from pytest_portaswitch.source.problem import BadInput
from pytest_portaswitch.text import show

SHOWN_CAUSES = 20
SHOWN_UNKNOWN = 8
SHOWN_WARNINGS = 20

VERDICTS: dict[Readiness, str] = {
    "ready": "READY",
    "ready-with-warnings": "READY, WITH WARNINGS",
    "blocked": "BLOCKED",
    "could-not-be-assessed": "COULD NOT BE ASSESSED",
}
_LABELS = {"failed": "FAILED", "unanswered": "NO ANSWER", "not-observed": "NOT SEEN"}


def lines(evidence: Evidence, path: str) -> Iterator[str]:
    """No colour: what was audited, the verdict, totals, the causes, and where the evidence lies."""
    return map(show.line, _lines(evidence, path))


def _lines(evidence: Evidence, path: str) -> Iterator[str]:
    totals = evidence.totals
    audited = f"{_hosts(evidence)}, {_when(evidence)}"
    yield f"{evidence.cluster}: {VERDICTS[evidence.verdict]} ({audited})"
    yield from wrapped(
        "  checks",
        f"{totals.planned} = {totals.passed} passed + {totals.failed} failed + "
        f"{totals.unknown} unknown + {totals.waived} waived",
    )
    if evidence.run.deselected:
        yield from wrapped(
            "  partial",
            f"{evidence.run.deselected} more planned checks were not selected: nothing is said "
            "of them; only a part was run, which is no word on the whole cluster",
        )
    if evidence.removed:
        yield from wrapped("  partial", taken_out(len(evidence.removed)))
    if evidence.run.unjudged and evidence.run.state == "complete":
        yield from wrapped(
            "  partial", f"{_checks(evidence.run.unjudged)} got no verdict: they are unknown"
        )
    if evidence.run.state != "complete":
        yield from wrapped(
            "  partial", f"the run was {evidence.run.state}: checks it did not come to are unknown"
        )
    if evidence.internal_errors:
        yield from wrapped("  our fault", faults.summary(evidence.internal_errors))
        # Whole, however long: it is there to be sent.
        yield from (f"{INDENT}{line}" for line in faults.lines(evidence.internal_errors))
    if less := lowered(evidence.site):
        yield from wrapped("  lowered", less)
    for question in dict.fromkeys(
        note for check in evidence.checks for note in check.notes if note.startswith(ASKED)
    ):
        yield from wrapped("  asked", question.removeprefix(ASKED))
    if evidence.since:
        yield from since_lines(evidence.since)
    yield from _causes(evidence, [c for c in evidence.causes if c.severity in _LABELS])
    if evidence.assessment:
        yield from _unassessed(evidence.assessment)
    if roles := nobody_has(evidence.unheld):
        yield from wrapped("  warning", roles)
        yield f"    to do   {give_role(evidence.unheld)}"
    yield from _warnings(evidence, [c for c in evidence.causes if c.severity == "warning"])
    yield from _waived(evidence)
    yield from _deviations(evidence)
    yield from _accepted(evidence)
    for line in unused_words(evidence.not_in_use):
        yield from wrapped("  not in use", line)
    yield from wrapped("  not asked", reached_by_nobody(evidence.unreached))
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
        yield from wrapped("  whole", f"no whole audit of {cluster} lies in {audit_dir} yet")
        return
    if head.run.whole:
        begun = f"{_moment(head.run.started)}, {VERDICTS[head.verdict]}"
        yield f"  whole     {folder / EVIDENCE} was kept: {begun}"
    else:
        yield from wrapped("  whole", f"{folder} is of a part, too")


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
        yield from wrapped(f"  {_LABELS[cause.severity]}", f"{cause.title} ({count})")
        yield from wrapped("    impact", cause.impact)
        if cause.next:
            # Whole, however long: it is there to be pasted.
            yield f"    next    {cause.next}"
    if len(causes) > SHOWN_CAUSES:
        yield f"  ... and {len(causes) - SHOWN_CAUSES} more causes: the evidence has them"


def _unassessed(assessment: Assessment) -> Iterator[str]:
    """Each subcomponent of which nothing is known, once, with the one thing to do."""
    missing = assessment.missing
    for one in missing[:SHOWN_CAUSES]:
        yield from wrapped("  NOT KNOWN", f"{one.title} ({_checks(len(one.checks))})")
        # Whole, however long: it is there to be pasted.
        yield f"    to do   {one.fix}"
    if len(missing) > SHOWN_CAUSES:
        yield f"  ... and {len(missing) - SHOWN_CAUSES} more that are not known: the page has them"


def _accepted(evidence: Evidence) -> Iterator[str]:
    """What the site accepts not to be assessed; then what it need not accept."""
    for entry in evidence.site.accepted:
        if entry.role:
            yield from wrapped("  accepted", accepts(entry))
    if evidence.assessment is None:
        return
    for one in evidence.assessment.accepted:
        line = f"{one.title} ({_checks(len(one.checks))}); accepted: {'; '.join(one.reasons)}"
        yield from wrapped("  accepted", line)
    for at in evidence.assessment.idle:
        entry = evidence.site.accepted[at]
        line = f"accepted, but all of it was assessed: {accepts(entry)}; leave it out"
        yield from wrapped("  warning", f"{line} [accepted, line {entry.line}]")


def _warnings(evidence: Evidence, causes: Sequence[Cause]) -> Iterator[str]:
    """What passes with a warning, by its cause; then what checks warn of that do not pass."""
    for cause in causes[:SHOWN_WARNINGS]:
        yield from wrapped("  warning", f"{cause.title} ({_count(cause)})")
        for line in cause.seen:
            if line != cause.title:
                yield from wrapped("    seen", line)
        if cause.next:
            yield f"    next    {cause.next}"
    if len(causes) > SHOWN_WARNINGS:
        yield f"  ... and {len(causes) - SHOWN_WARNINGS} more warnings: the evidence has them"
    others = list(beside(evidence))
    for check, line in others[:SHOWN_WARNINGS]:
        yield from wrapped("  warning", f"{line} [{check.id}]")
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
            yield from wrapped(
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
        yield from wrapped("  deviates", f"{row}: {note.removeprefix(DEVIATION)}")


def _unknown(causes: Sequence[Cause]) -> Iterator[str]:
    rows = [cause for cause in causes if cause.kind == "not-in-table"]
    others = [cause for cause in causes if cause.kind != "not-in-table"]
    for cause in others[:SHOWN_UNKNOWN]:
        yield from wrapped("  unknown", f"{cause.title} ({_count(cause)})")
    if len(others) > SHOWN_UNKNOWN:
        rest = others[SHOWN_UNKNOWN:]
        checks = sum(len(cause.checks) for cause in rest)
        yield f"  unknown   {checks} more checks, for {len(rest)} reasons: the evidence has them"
    if rows:
        checks = sum(len(cause.checks) for cause in rows)
        names = ", ".join(cause.id.partition(":")[2] for cause in rows)
        yield from wrapped(
            "  unknown",
            f"the vendor's table gives nothing to look for: {names} ({_checks(checks)})",
        )


def _count(cause: Cause) -> str:
    return _checks(len(cause.checks))


def _checks(number: int) -> str:
    return f"{number} check{'' if number == 1 else 's'}"
