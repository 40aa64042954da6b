"""From options to audits: read the files, expand the plans, find every mistake at once."""

from __future__ import annotations

import datetime
import functools
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from pytest_portaswitch import cluster as clusters
from pytest_portaswitch import tables
from pytest_portaswitch.cluster import secret, tls
from pytest_portaswitch.cluster.model import Cluster
from pytest_portaswitch.cluster.secret import Secret
from pytest_portaswitch.internal_error import REPORT, InternalError, attempt_but, record
from pytest_portaswitch.plan.expand import expand
from pytest_portaswitch.plan.unmatched import unmatched
from pytest_portaswitch.runner.audits import Audit, Audits
from pytest_portaswitch.runner.options import Settings, judges_nothing
from pytest_portaswitch.source.problem import BadInput, Problem
from pytest_portaswitch.source.sums import sums_of

if TYPE_CHECKING:
    from pytest_portaswitch.report.baseline import Before


def prepare(config: pytest.Config, settings: Settings) -> Audits:
    """Everything that is known before the network is touched.

    Raises pytest.UsageError with every problem of every file.
    """
    problems: list[Problem] = []
    further = _further(config, problems)
    audits: list[Audit] = []
    loaded: tuple[Cluster, ...] = ()
    try:
        loaded = clusters.read_many(settings.clusters, (*settings.tables, *further), problems)
        if settings.ca_bundle:
            loaded = _trusting(loaded, tls.bundle(settings.ca_bundle))
    except BadInput as bad:
        problems += bad.problems
    all_read = not problems
    if settings.grade:
        loaded = tuple(msgspec.structs.replace(one, grade=settings.grade) for one in loaded)
    for cluster in loaded:
        if not clusters.can_be_planned(cluster, problems):
            continue
        try:
            planned = attempt_but(
                BadInput, "planning", cluster.name, functools.partial(_audit, config, cluster)
            )
        except BadInput as bad:
            problems += bad.problems
            continue
        if isinstance(planned, InternalError):
            problems.append(Problem(cluster.file, 0, "", "", planned.line, REPORT))
        else:
            audits.append(planned)
    before: dict[str, Before] = {}
    try:
        # Where a file could not be read, nobody knows whose baselines are meant.
        if all_read and settings.baselines:
            from pytest_portaswitch.runner.baselines import read_baselines

            before = read_baselines(settings.baselines, [one.name for one in loaded])
    except BadInput as bad:
        problems += bad.problems
    if problems:
        raise pytest.UsageError(str(BadInput(dict.fromkeys(problems))))
    now = datetime.datetime.now(datetime.timezone.utc)
    return Audits(audits, settings.limits, now, before)


def _trusting(loaded: tuple[Cluster, ...], authorities: tuple[str, ...]) -> tuple[Cluster, ...]:
    """The clusters with these authorities instead of their own."""
    return tuple(
        msgspec.structs.replace(
            cluster, tls=msgspec.structs.replace(cluster.tls, authorities=authorities)
        )
        for cluster in loaded
    )


def _audit(config: pytest.Config, cluster: Cluster) -> Audit:
    loaded = tables.load(cluster.release, cluster.tables)
    plan = expand(loaded, cluster)
    checks = list(plan.checks)
    try:
        config.hook.pytest_portaswitch_checks(config=config, cluster=cluster, checks=checks)
    except Exception as error:
        raise BadInput([_of_hook(cluster.file, "pytest_portaswitch_checks", error)]) from error
    plan = msgspec.structs.replace(plan, checks=tuple(checks))
    problems = unmatched(cluster, plan, loaded)
    if problems:
        raise BadInput(problems)
    files = {name: tables.path_of(name) for name in loaded.files}
    return Audit(
        cluster=cluster,
        tables=loaded,
        plan=plan,
        secrets=_secrets(config, cluster),
        sums=sums_of({cluster.file: Path(cluster.file), **files}),
    )


def _further(config: pytest.Config, problems: list[Problem]) -> list[Path]:
    """The table files that the site's hooks name."""
    hook = config.hook.pytest_portaswitch_tables
    try:
        return [path for paths in hook(config=config) for path in paths]
    except Exception as error:
        problems.append(_of_hook("plugin", "pytest_portaswitch_tables", error))
        return []


def _of_hook(file: str, name: str, error: Exception) -> Problem:
    failed = record("site-hook", name, error)
    return Problem(file, 0, "", "", failed.title, f"mend {name} of the site's plugin")


def _secrets(config: pytest.Config, cluster: Cluster) -> dict[str, Secret]:
    """The values of the cluster's secrets, read at once so that a missing one is told early."""
    if judges_nothing(config):
        return {}
    problems: list[Problem] = []
    secrets: dict[str, Secret] = {}
    # One that was refused when the file was read is nowhere.
    named = {name: ref for name, ref in cluster.secrets.items() if ref.env or ref.file}
    for name, ref in named.items():
        try:
            secrets[name] = secret.read(ref)
        except BadInput as bad:
            problems += bad.problems
    if problems:
        raise BadInput(problems)
    return secrets
