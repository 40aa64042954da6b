"""The audits of one run: a plan for each cluster, what was seen, and what follows from it.

What judges is imported where it judges: ``ending`` loads it while hosts are looked at.
"""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from secrets import token_bytes
from typing import TYPE_CHECKING

import msgspec
import testinfra.host

from pytest_portaswitch.cluster.model import Cluster
from pytest_portaswitch.cluster.secret import Secret
from pytest_portaswitch.facts import internal_errors
from pytest_portaswitch.facts.internal_errors import with_internal_error
from pytest_portaswitch.facts.model import HostFacts, Observation, ProbeResult, Unobserved
from pytest_portaswitch.internal_error import InternalError, attempt
from pytest_portaswitch.observe import Job, observe, testinfra_host
from pytest_portaswitch.observe.needs import requests
from pytest_portaswitch.observe.questions import Questions, load_for
from pytest_portaswitch.observe.redaction import Redaction
from pytest_portaswitch.observe.request import Limits
from pytest_portaswitch.plan.check import Check
from pytest_portaswitch.plan.expand import Plan
from pytest_portaswitch.tables.row import Tables

if TYPE_CHECKING:
    from pytest_portaswitch.difference import Standing, Word
    from pytest_portaswitch.judge.verdict import Verdict
    from pytest_portaswitch.report.baseline import Before

OnHost = Callable[[str, Observation], None]
"""Told of each host, by its name, and of what was seen of it."""


@contextmanager
def _unwatched(_names: list[str]) -> Iterator[OnHost]:
    yield lambda _name, _seen: None


def _probes(seen: Observation | None) -> tuple[ProbeResult, ...]:
    return seen.probes if isinstance(seen, HostFacts) else ()


def _never_asked(host: str) -> Unobserved:
    return Unobserved(host=host, why="not-observed", detail="the run did not look at it")


@dataclass
class Audit:
    """The audit of one cluster. ``seen`` fills as hosts are observed."""

    cluster: Cluster
    tables: Tables
    plan: Plan
    secrets: Mapping[str, Secret] = field(default_factory=dict)
    """By name, as the cluster file names them."""
    sums: Mapping[str, str] = field(default_factory=dict)
    """SHA-256 of the cluster file and of the tables' files, by name, as they were read."""
    seen: dict[str, Observation] = field(default_factory=dict)
    internal_errors: set[InternalError] = field(default_factory=set)
    """Faults of this program, or of the site's hooks, that belong to no host and no verdict."""

    def __post_init__(self) -> None:
        self._checks = {check.id: check for check in self.plan.checks}

    def check(self, check_id: str) -> Check:
        """The planned check of that id. Raises KeyError."""
        return self._checks[check_id]


class Ref(msgspec.Struct, frozen=True):
    """Names a check of a run."""

    cluster: str
    check: str


class Audits:
    """All clusters of a run, observed once and judged from what was seen."""

    def __init__(
        self,
        audits: Iterable[Audit],
        limits: Limits,
        moment: datetime.datetime,
        before: Mapping[str, Before] | None = None,
    ) -> None:
        self._audits = {audit.cluster.name: audit for audit in audits}
        self.before = before or {}
        """By cluster, the earlier audit that it is compared with."""
        self.limits = limits
        self.moment = moment
        """When the run began: waivers expire by it. With a time zone."""
        self._nonce = token_bytes(16)
        secrets = (secret for audit in self.each() for secret in audit.secrets.values())
        self._redaction = Redaction(secrets)
        self._asking: dict[str, Questions] = {}
        self._words: dict[str, Mapping[str, Word]] = {}
        self._aside: dict[tuple[str, str], Observation] = {}

    def each(self) -> tuple[Audit, ...]:
        """The audits in the order in which their cluster files were given."""
        return tuple(self._audits.values())

    def __len__(self) -> int:
        return len(self._audits)

    def __getitem__(self, cluster: str) -> Audit:
        return self._audits[cluster]

    def label(self, ref: Ref) -> str:
        """The id of a check among pytest's parameters; unique over the run."""
        name = self._audits[ref.cluster].check(ref.check).name
        return name if len(self._audits) == 1 else f"{ref.cluster}/{name}"

    def refs(self, kinds: Sequence[str]) -> list[Ref]:
        """Every planned check of the kinds (of all kinds when none is named)."""
        return [
            Ref(audit.cluster.name, check.id)
            for audit in self._audits.values()
            for check in audit.plan.checks
            if not kinds or check.kind in kinds
        ]

    def take(
        self,
        seen: Mapping[str, dict[str, Observation]],
        errors: Mapping[str, set[InternalError]],
        moment: datetime.datetime,
    ) -> None:
        """Judge from what another process of this run saw, as of when the run began."""
        self.moment = moment
        for name, hosts in seen.items():
            self._audits[name].seen = hosts
            self._audits[name].internal_errors.update(errors.get(name, ()))

    def observe(
        self,
        refs: Iterable[Ref],
        hosts: Iterable[tuple[str, str]] = (),
        begin: Callable[[list[str]], AbstractContextManager[OnHost]] = _unwatched,
    ) -> None:
        """Look at the hosts that the checks need and that were not looked at yet, side by side.

        ``hosts``: further ones, each with its cluster's name. ``begin`` gets the names of the
        hosts, with their cluster's where there are several, and gives what is told of each host, by
        that name, once something was seen of it.
        """
        jobs = self._jobs(refs, hosts)
        owner = {id(job): audit for audit, job in jobs}
        first: dict[int, Observation] = {}

        def take(job: Job, seen: Observation) -> None:
            audit, host = owner[id(job)], job.request.host
            source = audit.cluster.hosts[host].private
            before = audit.seen.get(host)
            # Behind those that came stand those that could not be asked.
            known = zip(_probes(first.get(id(job))), _probes(before), strict=False)
            questions = self._questions(audit)
            found = attempt(
                "reply-recognition", host, questions.recognise, source, job.request, seen, known
            )
            errors = before.internal_errors if before else ()
            if isinstance(found, InternalError):
                errors, found = (*errors, found), seen
            # Not before it was recognised: a reply is proved by its very bytes.
            audit.seen[host] = with_internal_error(self._redaction.kept(found), *errors)

        names = [self._host_label(audit, job.request.host) for audit, job in jobs]
        with begin(names) as tell:

            def keep(job: Job, seen: Observation) -> None:
                take(job, seen)
                first[id(job)] = seen
                label = self._host_label(owner[id(job)], job.request.host)
                attempt("rendering", label, tell, label, owner[id(job)].seen[job.request.host])

            hidden = [ref for audit in self.each() for ref in audit.cluster.secrets.values()]
            told = attempt(
                "host-session",
                "all hosts",
                observe,
                [job for _, job in jobs],
                self.limits,
                keep,
                meanwhile=lambda: load_for([job.request for _, job in jobs]),
                secrets=hidden,
            )
        if isinstance(told, InternalError):
            told = tuple(
                first.get(id(job)) or internal_errors.lost(job.request.host, told)
                for _, job in jobs
            )
        for (_, job), seen in zip(jobs, told, strict=True):
            if first.get(id(job)) is not seen:
                take(job, seen)
        # Only after the second round: it may replace what a host brought in the first.
        for audit, job in jobs:
            host = job.request.host
            others = (seen for name, seen in audit.seen.items() if name != host)
            # Another host's password may have been read since.
            audit.seen[host] = self._redaction.kept(audit.seen[host], others)

    def _host_label(self, audit: Audit, host: str) -> str:
        return host if len(self._audits) == 1 else f"{audit.cluster.name}/{host}"

    def _jobs(
        self, refs: Iterable[Ref], hosts: Iterable[tuple[str, str]]
    ) -> list[tuple[Audit, Job]]:
        jobs: list[tuple[Audit, Job]] = []
        checks: dict[str, dict[str, Check]] = defaultdict(dict)
        for ref in refs:
            checks[ref.cluster][ref.check] = self._audits[ref.cluster].check(ref.check)
        also: dict[str, set[str]] = defaultdict(set)
        for name, host in hosts:
            also[name].add(host)
        for name in sorted(checks.keys() | also.keys()):
            audit = self._audits[name]
            questions = self._questions(audit)
            asked = requests(
                checks[name].values(),
                audit.cluster,
                self.limits.probe_timeout,
                questions,
                audit.internal_errors,
                also[name],
            )
            jobs += [
                (
                    audit,
                    Job(
                        login=audit.cluster.hosts[host].login,
                        request=request,
                        cluster=name,
                        dialogue=questions.dialogue,
                        redaction=self._redaction,
                    ),
                )
                for host, request in asked.items()
                if host not in audit.seen
            ]
        return jobs

    def _questions(self, audit: Audit) -> Questions:
        name = audit.cluster.name
        if name not in self._asking:
            account = audit.cluster.replica.account
            self._asking[name] = Questions(self._nonce, audit.secrets, account)
        return self._asking[name]

    def verdict(self, ref: Ref) -> Verdict:
        """Judge a check from what was seen so far, the cluster's waivers applied."""
        from pytest_portaswitch.judge.judge import assess

        audit = self._audits[ref.cluster]
        return assess(audit.check(ref.check), audit.seen, audit.cluster.waivers, self.moment)

    def standing(self, ref: Ref, verdict: Verdict) -> Standing | None:
        """How a verdict stands beside the baseline's; None where the cluster has none."""
        before = self.before.get(ref.cluster)
        if before is None:
            return None
        from pytest_portaswitch.difference import standing

        if ref.cluster not in self._words:
            self._words[ref.cluster] = before.snapshot.words()
        return standing(self._words[ref.cluster].get(ref.check, "absent"), verdict.verdict)

    def facts(self, cluster: str, host: str) -> Observation:
        """What was seen of a host; it is looked at now if nothing that was selected needs it.

        Such facts are this process's own. No verdict rests on them, and no evidence has them.
        """
        audit = self._audits[cluster]
        if host in audit.seen:
            return audit.seen[host]
        if (cluster, host) not in self._aside:
            alone = Audit(audit.cluster, audit.tables, audit.plan, audit.secrets)
            Audits([alone], self.limits, self.moment).observe((), [(cluster, host)])
            # A fault of this program may have kept the host from being asked at all.
            met = next(iter(alone.internal_errors), None)
            self._aside[cluster, host] = alone.seen.get(host) or (
                internal_errors.lost(host, met) if met else _never_asked(host)
            )
        return self._aside[cluster, host]

    def host(self, cluster: str, host: str) -> testinfra.host.Host:
        """A testinfra host with the cluster file's login and bounded commands."""
        return testinfra_host(self._audits[cluster].cluster.hosts[host].login, self.limits)
