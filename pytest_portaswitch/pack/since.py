"""Whether what evidence says of an earlier audit is borne out."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_portaswitch.difference import STANDINGS, Difference, standing
from pytest_portaswitch.internal_error import InternalError, attempt
from pytest_portaswitch.report.baseline import Before, difference, snapshot_of
from pytest_portaswitch.report.evidence import Evidence


def since_problems(evidence: Evidence, before: Before | None) -> Iterator[str]:
    """What does not hold, a line each.

    With the baseline everything is compared again. Without it, that what is said of this audit is
    what this audit says, and that no check of it is passed over.
    """
    failed = [one for one in evidence.internal_errors if one.stage == "comparison"]
    if failed:
        if evidence.since is not None or (before and failed != [_compared(evidence, before)]):
            yield f"internal_errors: it is said that there was {failed[0].line}; there is none"
        return
    if evidence.since is None:
        if before is not None:
            yield "since: is missing: the audit was not compared with a baseline"
        return
    if before is None:
        yield from _alone(evidence, evidence.since)
        return
    recorded, again = evidence.since, difference(before, evidence)
    if recorded.baseline.sha256 != before.sha256:
        yield f"since: is of another baseline than {before.path}"
        return
    for name in recorded.__struct_fields__:
        if getattr(recorded, name) != getattr(again, name):
            yield f"since.{name}: is not what the baseline and the recorded facts give"


def _compared(evidence: Evidence, before: Before) -> Difference | InternalError:
    return attempt("comparison", evidence.cluster, difference, before, evidence)


def _alone(evidence: Evidence, since: Difference) -> Iterator[str]:
    words = snapshot_of(evidence).words()
    for moved in since.checks:
        now = words.get(moved.id, "absent")
        if moved.now != now:
            yield f"since.checks: {moved.id}: is said to be {moved.now} now, and is {now}"
        elif moved.standing != standing(moved.before, moved.now):
            yield f"since.checks: {moved.id}: {moved.standing} does not follow from its verdicts"
    ids = [moved.id for moved in since.checks]
    order = sorted(since.checks, key=lambda moved: (STANDINGS.index(moved.standing), moved.id))
    if len(set(ids)) != len(ids) or list(since.checks) != order:
        yield "since.checks: are not in their order, or one stands twice"
    told = sum(moved.now != "absent" for moved in since.checks) + since.unchanged
    if told != len(words):
        yield f"since: speaks of {told} checks of this audit, there are {len(words)}"
