"""What a cluster file says that means nothing in its cluster: mistakes, before the network."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_portaswitch.cluster.model import Cluster
from pytest_portaswitch.plan.check import (
    Expectation,
    HoldsConnection,
    Listens,
    Reaches,
    Runs,
    StandsBy,
)
from pytest_portaswitch.plan.expand import Plan
from pytest_portaswitch.plan.names import unmatched_names
from pytest_portaswitch.plan.waivers import unmatched_waivers
from pytest_portaswitch.source.problem import Problem
from pytest_portaswitch.tables.row import ProcessPattern


def unmatched(cluster: Cluster, plan: Plan) -> list[Problem]:
    """A problem for each waiver, name, override and process that no check has to do with."""
    return [
        *unmatched_waivers(cluster, plan),
        *unmatched_names(cluster, plan),
        *_overrides(cluster, plan),
        *_processes(cluster, plan),
    ]


def _overrides(cluster: Cluster, plan: Plan) -> list[Problem]:
    why = {row.row: row.why for row in plan.unexpanded}
    return [
        Problem(
            file=cluster.file,
            line=override.line,
            where="overrides",
            value=override.row,
            rule="changes nothing in this cluster",
            fix=why[override.row],
        )
        for override in cluster.overrides
        if override.row in why
    ]


def _processes(cluster: Cluster, plan: Plan) -> list[Problem]:
    used = {pattern for check in plan.checks for pattern in _patterns(check.expects)}
    return [
        Problem(
            file=cluster.file,
            line=int(pattern.source.rpartition(":")[2]),
            where="processes",
            value=name,
            rule="is looked for nowhere in this cluster",
            fix="leave it out",
        )
        for name, pattern in cluster.processes.items()
        if pattern not in used
    ]


def _patterns(expects: Expectation) -> Iterator[ProcessPattern]:
    if isinstance(expects, (Listens, Runs, HoldsConnection, StandsBy)):
        yield expects.process
    elif isinstance(expects, Reaches) and expects.client:
        yield expects.client
