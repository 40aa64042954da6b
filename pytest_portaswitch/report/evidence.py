"""The evidence of one audit: what was planned, seen and concluded, with where it came from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal

import msgspec

from pytest_portaswitch.causes import Cause, explained
from pytest_portaswitch.cluster.by_hand import paste
from pytest_portaswitch.cluster.model import Cluster, Login, Waiver
from pytest_portaswitch.difference import Difference
from pytest_portaswitch.facts.model import Observation
from pytest_portaswitch.internal_error import InternalError, distinct
from pytest_portaswitch.judge.verdict import Unsettled, Verdict, VerdictWord, WhyUnknown
from pytest_portaswitch.plan.check import Check, Expectation, Kind
from pytest_portaswitch.plan.expand import Plan, expand
from pytest_portaswitch.plan.left_out import Unexpanded, Unheld, Unreached
from pytest_portaswitch.plan.not_in_use import Unused
from pytest_portaswitch.report.assessment import Assessment, assessment_of, noteworthy
from pytest_portaswitch.report.readiness import Readiness, Scope, readiness
from pytest_portaswitch.report.site import publishable
from pytest_portaswitch.tables.ladder import Grade
from pytest_portaswitch.tables.row import Confidence, Tables, Transport
from pytest_portaswitch.text import clean

FORMAT = "portaswitch-evidence"
VERSION = 1

State = Literal["complete", "stopped", "interrupted"]
"""``stopped``: pytest ended early on purpose (``-x``). ``interrupted``: somebody or something
ended it."""


def is_whole(state: State, deselected: int, unjudged: int) -> bool:
    """Whether a run judged every planned check."""
    return state == "complete" and not deselected and not unjudged


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """``planned`` is the sum of the other four."""

    planned: int
    passed: int
    failed: int
    unknown: int
    waived: int


class Run(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How this audit came to be."""

    state: State
    started: str
    """ISO 8601 with time zone, as ``finished``."""
    finished: str
    who: str
    """User and machine from which it was run."""
    command: str
    versions: dict[str, str]
    tables: str
    files: dict[str, str]
    """The tables and the cluster file: path to SHA-256."""
    limits: dict[str, float]
    deselected: int
    """Planned checks that this run was asked to leave out: they are not in the totals."""
    unjudged: int = 0
    """Selected checks that got no verdict: they are unknown. Older versions do not count them."""

    @property
    def whole(self) -> bool:
        """Whether each planned check was judged."""
        return is_whole(self.state, self.deselected, self.unjudged)


class JudgedCheck(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A check with its verdict."""

    id: str
    kind: Kind
    row: str
    host: str
    peer: str | None
    subcomponent: str
    transport: Transport | None
    port: int | None
    title: str
    purpose: str
    verdict: VerdictWord
    grade: Grade | None
    message: str
    why_unknown: WhyUnknown
    cause: str
    evidence: tuple[str, ...]
    warnings: tuple[str, ...]
    reproduce: str
    confidence: Confidence
    notes: tuple[str, ...]
    expects: Expectation
    unsettled: Unsettled | None = None
    """What kept the machine that audited from judging, though the facts suffice."""


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about one audit; every report is made from this alone."""

    format: str
    version: int
    cluster: str
    release: str
    verdict: Readiness
    run: Run
    totals: Totals
    hosts: dict[str, Observation]
    checks: tuple[JudgedCheck, ...]
    """Sorted by id."""
    causes: tuple[Cause, ...]
    unexpanded: tuple[Unexpanded, ...]
    """Rows of the tables that yield no check in this cluster, and why."""
    waivers: tuple[Waiver, ...]
    site: Cluster
    """What the cluster file says of the installation, without secrets."""
    tables: Tables
    """The rows as they stood, the site's own included. With ``site`` they give the plan again."""
    deselected: tuple[str, ...]
    """Ids of planned checks that this run was asked to leave out, sorted."""
    added: tuple[str, ...]
    """Ids of checks that a hook of the site added to what the tables give, sorted."""
    removed: tuple[str, ...]
    """Ids of checks that a hook of the site took out, sorted."""
    unreached: tuple[Unreached, ...] = ()
    """What the plan looks at on its own host only, since no other one is a peer, and why."""
    since: Difference | None = None
    """What is different from the baseline that the run was given; null: it was given none."""
    internal_errors: tuple[InternalError, ...] = ()
    """Faults of this program, or of the site's hooks, that this audit met. What they cost is
    unknown; a cluster with one is never ready."""
    not_in_use: tuple[Unused, ...] = ()
    """Rows that do not apply on some hosts, since the site does not use their subcomponent."""
    assessment: Assessment | None = None
    """What could not be assessed at all, and what the site accepts of that; null: the audit was
    made by a version that did not ask, and its verdict does not depend on it."""
    unheld: tuple[Unheld, ...] = ()
    """Roles that every installation has and no host of this cluster: nothing of them is checked."""

    @property
    def scope(self) -> Scope:
        """How much of what is planned the audit speaks of, as its verdict depends on it."""
        return Scope(
            deselected=self.run.deselected,
            removed=len(self.removed),
            grade=self.site.lowered,
            internal_errors=len(self.internal_errors),
            unassessed=len(self.assessment.missing) if self.assessment else 0,
            accepted=noteworthy(self.assessment, self.not_in_use, self.unheld),
        )


def gather(
    *,
    cluster: Cluster,
    tables: Tables,
    plan: Plan,
    run: Run,
    checks: Sequence[Check],
    verdicts: Mapping[str, Verdict],
    hosts: Mapping[str, Observation],
    internal_errors: Iterable[InternalError] = (),
) -> Evidence:
    """Put together the evidence of the selected ``checks`` of a plan.

    A check without a verdict is unknown: nothing disappears. ``internal_errors``: those that
    neither hosts nor verdicts have.
    """
    run = msgspec.structs.replace(run, unjudged=sum(c.id not in verdicts for c in checks))
    complete = {check.id: verdicts.get(check.id) or never_judged(check, run) for check in checks}
    planned = {check.id for check in plan.checks}
    site = publishable(cluster)
    expanded = {check.id for check in expand(tables, cluster).checks}
    removed = tuple(sorted(expanded - planned))
    logins = logins_of(site)
    found = explained(checks, complete, hosts, plan.checks, logins)
    errors = distinct(
        (*errors_of(hosts, complete.values()), *found.internal_errors, *internal_errors)
    )
    assessment = assessment_of(checks, complete, tables, cluster.accepted, whole=run.whole)
    evidence = Evidence(
        format=FORMAT,
        version=VERSION,
        cluster=cluster.name,
        release=cluster.release,
        verdict="could-not-be-assessed",
        run=run,
        totals=totals_of(complete),
        hosts={name: hosts[name] for name in sorted(hosts)},
        checks=tuple(
            judged(check, complete[check.id], logins)
            for check in sorted(checks, key=lambda c: c.id)
        ),
        causes=found.causes,
        unexpanded=plan.unexpanded,
        unreached=plan.unreached,
        waivers=cluster.waivers,
        site=site,
        tables=msgspec.structs.replace(
            tables, files=tuple(clean(name, len(name)) for name in tables.files)
        ),
        deselected=tuple(sorted(planned - set(complete))),
        added=tuple(sorted(planned - expanded)),
        removed=removed,
        internal_errors=errors,
        not_in_use=plan.not_in_use,
        assessment=assessment,
        unheld=plan.unheld,
    )
    verdict = readiness(complete.values(), evidence.scope)
    return msgspec.structs.replace(evidence, verdict=verdict)


def errors_of(
    hosts: Mapping[str, Observation], verdicts: Iterable[Verdict]
) -> Iterator[InternalError]:
    """The faults of this program that facts and verdicts have."""
    for name, seen in hosts.items():
        for error in seen.internal_errors:
            whose = name if error.subject == name else f"{name} {error.subject}"
            yield msgspec.structs.replace(error, subject=whose)
    for verdict in verdicts:
        if verdict.internal_error:
            yield verdict.internal_error


def with_internal_errors(evidence: Evidence, errors: Iterable[InternalError]) -> Evidence:
    """The evidence with further faults of this program, with which no cluster is ready."""
    every = distinct((*evidence.internal_errors, *errors))
    is_ready = evidence.verdict in ("ready", "ready-with-warnings")
    verdict: Readiness = "could-not-be-assessed" if every and is_ready else evidence.verdict
    return msgspec.structs.replace(evidence, verdict=verdict, internal_errors=every)


def logins_of(site: Cluster) -> dict[str, Login]:
    """By host, how the audit went there."""
    return {name: host.login for name, host in site.hosts.items()}


def totals_of(verdicts: Mapping[str, Verdict]) -> Totals:
    """How many there are of each verdict."""
    words = [verdict.verdict for verdict in verdicts.values()]
    return Totals(
        planned=len(words),
        passed=words.count("pass"),
        failed=words.count("fail"),
        unknown=words.count("unknown"),
        waived=words.count("waived"),
    )


def never_judged(check: Check, run: Run) -> Verdict:
    """The verdict of a check that the run did not come to."""
    why = {
        "complete": "its test was skipped, or its worker died, before it was judged",
        "stopped": "the run was stopped before this check",
        "interrupted": "the run was interrupted before this check",
    }[run.state]
    return Verdict(
        verdict="unknown",
        why_unknown="not-observed",
        expected=check.title,
        observed=why,
        cause=why,
    )


def judged(check: Check, verdict: Verdict, logins: Mapping[str, Login]) -> JudgedCheck:
    """The check with its verdict, as the evidence has it; ``logins`` are those of its site."""
    return JudgedCheck(
        id=check.id,
        kind=check.kind,
        row=check.row,
        host=check.host,
        peer=check.peer,
        subcomponent=check.subcomponent,
        transport=check.transport,
        port=check.port,
        title=check.title,
        purpose=check.purpose,
        verdict=verdict.verdict,
        grade=verdict.grade,
        message=verdict.message,
        why_unknown=verdict.why_unknown,
        cause=verdict.cause,
        evidence=verdict.evidence,
        warnings=verdict.warnings,
        reproduce=paste(verdict.reproduce, logins),
        confidence=check.confidence,
        notes=check.notes,
        expects=check.expects,
        unsettled=verdict.unsettled,
    )
