"""The audit in a few lines, for a terminal or a ticket."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_portaswitch.report.evidence import Evidence

SHOWN_CAUSES = 20
SHOWN_WARNINGS = 20


def lines(evidence: Evidence, path: str) -> Iterator[str]:
    """Plain lines, no colour: the totals that add up, the causes, and where the evidence lies."""
    totals = evidence.totals
    yield (
        f"{evidence.cluster}: {totals.planned} checks = {totals.passed} passed + "
        f"{totals.failed} failed + {totals.unknown} unknown + {totals.waived} waived"
    )
    if evidence.run.deselected:
        yield f"  partial: {evidence.run.deselected} more planned checks were not selected"
    if evidence.run.state != "complete":
        yield f"  the run was {evidence.run.state}: checks it did not come to are unknown"
    told = [cause for cause in evidence.causes if cause.severity != "not-assessable"]
    for cause in told[:SHOWN_CAUSES]:
        yield f"  {cause.title} ({cause.impact})"
    if len(told) > SHOWN_CAUSES:
        yield f"  ... and {len(told) - SHOWN_CAUSES} more causes"
    warned = [(check, line) for check in evidence.checks for line in check.warnings]
    for check, line in warned[:SHOWN_WARNINGS]:
        yield f"  warning: {line} [{check.id}]"
    if len(warned) > SHOWN_WARNINGS:
        yield f"  ... and {len(warned) - SHOWN_WARNINGS} more warnings"
    silent = [check for check in evidence.checks if check.why_unknown == "not-assessable"]
    if silent:
        yield (
            f"  {len(silent)} of the unknown were looked at and cannot be told: "
            "the evidence says why of each"
        )
    yield f"  evidence: {path}"
