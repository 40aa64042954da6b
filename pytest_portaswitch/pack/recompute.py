"""Computing again, from the recorded facts, everything that evidence concludes."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from pytest_portaswitch.causes import Cause, explained
from pytest_portaswitch.facts.model import HostFacts
from pytest_portaswitch.facts.recorded import impossible
from pytest_portaswitch.internal_error import InternalError, Stage, distinct
from pytest_portaswitch.judge.judge import assess, unsettled
from pytest_portaswitch.judge.verdict import Verdict
from pytest_portaswitch.pack.times import contradictions
from pytest_portaswitch.plan.check import Check
from pytest_portaswitch.plan.expand import expand
from pytest_portaswitch.report.assessment import assessment_of
from pytest_portaswitch.report.evidence import (
    Evidence,
    JudgedCheck,
    errors_of,
    judged,
    logins_of,
    never_judged,
    totals_of,
)
from pytest_portaswitch.report.readiness import readiness


def differences(evidence: Evidence) -> Iterator[str]:
    """What the evidence says and its own facts, tables and cluster do not bear out, a line each."""
    plan = expand(evidence.tables, evidence.site)
    expanded = {check.id: check for check in plan.checks}
    checks = {check.id: _check_of(check) for check in evidence.checks}
    yield from _plan(evidence, expanded, checks)
    yield from contradictions(evidence)
    verdicts: dict[str, Verdict] = {}
    yield from _verdicts(evidence, checks, verdicts)
    if plan.unexpanded != evidence.unexpanded:
        yield "unexpanded: the tables and the cluster leave out other rows"
    if plan.unreached != evidence.unreached:
        yield "unreached: the tables and the cluster leave others unreached"
    if plan.unheld != evidence.unheld:
        yield "unheld: the tables and the cluster give other roles"
    if plan.not_in_use != evidence.not_in_use:
        yield "not_in_use: the tables and the cluster give other rows"
    if evidence.site.waivers != evidence.waivers:
        yield "waivers: are not those of the cluster"
    for name in ("name", "release"):
        if getattr(evidence.site, name) != getattr(evidence, "cluster" if name == "name" else name):
            yield f"{name}: is not that of the cluster"
    if len(verdicts) < len(checks):
        return
    yield from _fields("totals", evidence.totals, totals_of(verdicts))
    yield from _unjudged(evidence, checks)
    if evidence.run.deselected != len(evidence.deselected):
        yield f"run.deselected: is {evidence.run.deselected}, {len(evidence.deselected)} are named"
    yield from _assessment(evidence, checks, verdicts)
    whole = readiness(verdicts.values(), evidence.scope)
    if whole != evidence.verdict:
        yield f"verdict: is {evidence.verdict!r}, the checks give {whole!r}"
    removed = set(evidence.removed)
    planned = [check for check in plan.checks if check.id not in removed]
    planned += [checks[one] for one in evidence.added if one in checks]
    logins = logins_of(evidence.site)
    found = explained(list(checks.values()), verdicts, evidence.hosts, planned, logins)
    yield from _causes(evidence.causes, found.causes)
    met = (*errors_of(evidence.hosts, ()), *found.internal_errors)
    yield from _internal_errors(evidence.internal_errors, met, checks)


def _verdicts(
    evidence: Evidence, checks: Mapping[str, Check], verdicts: dict[str, Verdict]
) -> Iterator[str]:
    """Facts that no host can have, and what is said of checks and is not so."""
    impossible_facts = [*_hosts(evidence)]
    yield from impossible_facts
    claimed = defaultdict(list)
    for error in evidence.internal_errors:
        if error.stage in JUDGED:
            claimed[error.subject].append(error)
    for check in evidence.checks:
        said = [*_judge_again(evidence, check, checks[check.id], claimed[check.id], verdicts)]
        # Judging may fail on facts that no host can have: that is no fault of this program.
        if check.id in verdicts or not impossible_facts:
            yield from said


def _assessment(
    evidence: Evidence, checks: Mapping[str, Check], verdicts: Mapping[str, Verdict]
) -> Iterator[str]:
    """What could not be assessed; older versions did not ask."""
    if evidence.assessment is None:
        if evidence.site.accepted:
            yield "assessment: is missing; the cluster says what it accepts of it"
        return
    again = assessment_of(
        checks.values(),
        verdicts,
        evidence.tables,
        evidence.site.accepted,
        whole=evidence.run.whole,
    )
    yield from _fields("assessment", evidence.assessment, again)


def _hosts(evidence: Evidence) -> Iterator[str]:
    """Hosts that the cluster has not, and facts that no host can have."""
    for host in sorted(set(evidence.hosts) - set(evidence.site.hosts)):
        yield f"hosts.{host}: the cluster has no such host"
    for host, seen in evidence.hosts.items():
        for gap in impossible(seen) if isinstance(seen, HostFacts) else ():
            yield f"hosts.{host}.{gap.what}: no audit records these: {gap.why}"


def _judge_again(
    evidence: Evidence,
    recorded: JudgedCheck,
    check: Check,
    claimed: Sequence[InternalError],
    verdicts: dict[str, Verdict],
) -> Iterator[str]:
    """What is said of one check and is not so. Its verdict goes into ``verdicts``.

    ``claimed``: the faults of judging it that the evidence names.

    Not where judging fails and nothing is said of that: no audit gives such facts.
    """
    verdict = _verdict(evidence, recorded, check)
    error = verdict.internal_error
    for one in claimed:
        if one != error:
            yield _is_said(one)
    if error and error not in claimed:
        yield f"check {check.id}: cannot be judged again: {error.line}"
        return
    if verdict.unsettled and recorded.unsettled is None:
        # Older versions did not record that.
        older = msgspec.structs.replace(verdict, unsettled=None)
        if judged(check, older, {}) == recorded:
            verdict = older
    if verdict.unsettled and verdict.unsettled != recorded.unsettled:
        yield f"check {check.id}: cannot be judged on this machine: {verdict.cause}"
        return
    verdicts[check.id] = verdict
    yield from _fields(
        f"check {check.id}", recorded, judged(check, verdict, logins_of(evidence.site))
    )


def _unjudged(evidence: Evidence, checks: Mapping[str, Check]) -> Iterator[str]:
    """How many checks got no verdict; older versions did not count them."""
    run = evidence.run
    if run.unjudged:
        found = [
            judged(checks[c.id], never_judged(checks[c.id], run), {}) == c for c in evidence.checks
        ]
        if sum(found) != run.unjudged:
            yield f"run.unjudged: is {run.unjudged}, {sum(found)} checks have no verdict"


def unvouched(evidence: Evidence) -> Iterator[str]:
    """What nothing in the evidence can prove to be as it should, a line each."""
    if evidence.assessment is None:
        yield (
            "verdict: follows an older rule: nothing says whether each subcomponent was assessed; "
            "audit again to know"
        )
    for one in evidence.removed:
        yield f"check {one}: a hook of the site took it out: why, nothing here says"
    for one in evidence.added:
        yield f"check {one}: a hook of the site added it: what it demands is the site's word"
    for error in evidence.internal_errors:
        if error.stage in ONLY_SAID:
            yield f"internal_errors: {error.line}: nothing here proves it"
    for check in evidence.checks:
        if check.unsettled and _unsettled(check, _check_of(check)):
            yield f"check {check.id}: {_UNSETTLED[check.unsettled.why]}"


def _check_of(check: JudgedCheck) -> Check:
    names = Check.__struct_fields__
    return Check(**{name: getattr(check, name) for name in names})


def _verdict(evidence: Evidence, recorded: JudgedCheck, check: Check) -> Verdict:
    if evidence.run.state != "complete" or evidence.run.unjudged:
        # The run may have ended before this check, though its hosts had been looked at.
        unjudged = never_judged(check, evidence.run)
        if judged(check, unjudged, {}) == recorded:
            return unjudged
    if verdict := _unsettled(recorded, check):
        # What took too long there may not here; an unknown is never too good.
        return verdict
    moment = datetime.datetime.fromisoformat(evidence.run.started)
    return assess(check, evidence.hosts, evidence.waivers, moment)


_UNSETTLED = {
    "pattern-too-slow": "its pattern took too long; here it was not tried again",
    "library-unusable": "its certificate could not be read by the machine that audited; here it "
    "was not tried again",
}


def _unsettled(recorded: JudgedCheck, check: Check) -> Verdict | None:
    """The recorded verdict, where it says no more than that its machine could not judge."""
    found = unsettled(check, recorded.unsettled) if recorded.unsettled else None
    return found if found and judged(check, found, {}) == recorded else None


def _plan(
    evidence: Evidence, expanded: Mapping[str, Check], checks: Mapping[str, Check]
) -> Iterator[str]:
    """The plan again: nothing is missing, nothing is there that nobody planned."""
    added, removed = set(evidence.added), set(evidence.removed)
    listed = [check.id for check in evidence.checks]
    if listed != sorted(set(listed)):
        yield "checks: are not sorted by id, or one stands twice"
    accounted = set(listed) | set(evidence.deselected)
    for one in sorted((set(expanded) - removed | added) - accounted):
        yield f"check {one}: is missing; the tables and the cluster give it"
    for one in sorted(accounted - set(expanded) - added):
        yield f"check {one}: neither the tables and the cluster nor the site's hooks give it"
    for one in sorted(set(listed) & set(evidence.deselected)):
        yield f"check {one}: is said to be left out and has a verdict"
    for one in sorted(removed - set(expanded) | (removed & accounted)):
        yield f"check {one}: is said to be taken out of the plan and is not"
    for one in sorted(added & set(expanded)):
        yield f"check {one}: is said to be added; the tables and the cluster give it"
    for one in sorted(set(listed) & set(expanded)):
        yield from _fields(f"check {one}", checks[one], expanded[one])


ELSEWHERE: frozenset[Stage] = frozenset({"comparison", "rendering"})
"""Stages that are proved where they are gone through again: ``since`` and ``contents``."""
ONLY_SAID: frozenset[Stage] = frozenset({"comparison", "requirements", "site-hook"})
"""Stages that leave nothing in the evidence by which they could be gone through again."""


JUDGED: frozenset[Stage] = frozenset({"judging", "waivers"})
"""Stages whose subject is a check: proved where it is judged again."""


def _is_said(one: InternalError) -> str:
    return f"internal_errors: it is said that there was {one.line}; the facts do not give it"


def _internal_errors(
    recorded: Iterable[InternalError], again: Iterable[InternalError], checks: Container[str]
) -> Iterator[str]:
    """Faults of this program that are claimed and not met, or met and kept quiet."""
    said = {
        one
        for one in recorded
        if one.stage not in ELSEWHERE | ONLY_SAID
        and not (one.stage in JUDGED and one.subject in checks)
    }
    met = set(again)
    for one in distinct(said - met):
        yield _is_said(one)
    for one in distinct(met - said):
        yield f"internal_errors: there is {one.line}, and nothing is said of it"


def _causes(recorded: tuple[Cause, ...], again: tuple[Cause, ...]) -> Iterator[str]:
    found = {cause.id: cause for cause in again}
    for cause in recorded:
        if cause.id in found:
            yield from _fields(f"cause {cause.id}", cause, found.pop(cause.id))
        else:
            yield f"cause {cause.id}: the facts do not give it"
    for missing in found:
        yield f"cause {missing}: is missing; the facts give it"
    if not found and [c.id for c in recorded] != [c.id for c in again]:
        yield "causes: are not in their order"


def _fields(where: str, recorded: msgspec.Struct, again: msgspec.Struct) -> Iterator[str]:
    for name in recorded.__struct_fields__:
        one, other = getattr(recorded, name), getattr(again, name)
        if one != other:
            yield f"{where}: {name} is {_short(one)}, the recorded facts give {_short(other)}"


def _short(value: Any) -> str:
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= 100 else f"{text[:100]}..."
