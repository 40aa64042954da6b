"""The audit in a few lines, for a terminal or a ticket.

Plain text of at most 80 columns, but for commands: those stay whole, to be pasted.
"""

from __future__ import annotations

import datetime
import fnmatch
import textwrap
from collections.abc import Iterator, Sequence

from pytest_portaswitch.causes import Cause
from pytest_portaswitch.plan.effective import ASKED, DEVIATION
from pytest_portaswitch.report.evidence import Evidence
from pytest_portaswitch.report.readiness import Readiness, lowered

WIDTH = 80
SHOWN_CAUSES = 20
SHOWN_UNKNOWN = 8
SHOWN_WARNINGS = 20

VERDICTS: dict[Readiness, str] = {
    "ready": "READY",
    "ready-with-warnings": "READY, WITH WARNINGS",
    "blocked": "BLOCKED",
    "could-not-be-assessed": "COULD NOT BE ASSESSED",
}
_LABELS = {"failed": "FAILED", "not-observed": "NOT SEEN"}
_INDENT = " " * 12


def lines(evidence: Evidence, path: str) -> Iterator[str]:
    """No colour: the verdict, totals that add up, the causes, and where the evidence lies."""
    totals = evidence.totals
    yield f"{evidence.cluster}: {VERDICTS[evidence.verdict]}"
    yield from _wrapped(
        "  checks",
        f"{totals.planned} = {totals.passed} passed + {totals.failed} failed + "
        f"{totals.unknown} unknown + {totals.waived} waived",
    )
    if evidence.run.deselected:
        yield from _wrapped(
            "  partial",
            f"{evidence.run.deselected} more planned checks were not selected: nothing is said "
            "of them",
        )
    if evidence.run.state != "complete":
        yield from _wrapped(
            "  partial", f"the run was {evidence.run.state}: checks it did not come to are unknown"
        )
    if evidence.site.grade:
        yield from _wrapped("  lowered", lowered(evidence.site.grade))
    for question in dict.fromkeys(
        note for check in evidence.checks for note in check.notes if note.startswith(ASKED)
    ):
        yield from _wrapped("  asked", question.removeprefix(ASKED))
    yield from _causes([c for c in evidence.causes if c.severity in _LABELS])
    yield from _warnings(evidence)
    yield from _waived(evidence)
    yield from _deviations(evidence)
    yield from _unknown([c for c in evidence.causes if c.severity == "not-assessable"])
    yield f"  evidence  {path}"


def _causes(causes: Sequence[Cause]) -> Iterator[str]:
    for cause in causes[:SHOWN_CAUSES]:
        yield from _wrapped(f"  {_LABELS[cause.severity]}", f"{cause.title} ({_count(cause)})")
        yield from _wrapped("    impact", cause.impact)
        if cause.next:
            # Whole, however long: it is there to be pasted.
            yield f"    next    {cause.next}"
    if len(causes) > SHOWN_CAUSES:
        yield f"  ... and {len(causes) - SHOWN_CAUSES} more causes: the evidence has them"


def _warnings(evidence: Evidence) -> Iterator[str]:
    warned = [(check, line) for check in evidence.checks for line in check.warnings]
    for check, line in warned[:SHOWN_WARNINGS]:
        yield from _wrapped("  warning", f"{line} [{check.id}]")
    if len(warned) > SHOWN_WARNINGS:
        yield f"  ... and {len(warned) - SHOWN_WARNINGS} more warnings"


def _waived(evidence: Evidence) -> Iterator[str]:
    today = datetime.datetime.fromisoformat(evidence.run.started).astimezone(datetime.timezone.utc)
    for waiver in evidence.waivers:
        expired = waiver.until < today.date()
        verdict = "fail" if expired else "waived"
        met = [
            check
            for check in evidence.checks
            if check.verdict == verdict and fnmatch.fnmatchcase(check.id, waiver.check)
        ]
        if met:
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
