"""The audit in a few lines, for a terminal or a ticket."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_portaswitch.report.evidence import Evidence

SHOWN_CAUSES = 20


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
    for cause in evidence.causes[:SHOWN_CAUSES]:
        yield f"  {cause.title} ({cause.impact})"
    if len(evidence.causes) > SHOWN_CAUSES:
        yield f"  ... and {len(evidence.causes) - SHOWN_CAUSES} more causes"
    yield f"  evidence: {path}"
