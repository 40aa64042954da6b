"""What a cluster file says that means nothing, or cannot be: mistakes, before the network."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_portaswitch.cluster.model import Accepted, Cluster
from pytest_portaswitch.plan.check import (
    Expectation,
    HoldsConnection,
    IsNotInUse,
    Listens,
    Reaches,
    Runs,
    StandsBy,
)
from pytest_portaswitch.plan.conflicts import conflicts
from pytest_portaswitch.plan.expand import Plan
from pytest_portaswitch.plan.names import unmatched_names
from pytest_portaswitch.plan.subjects import covers, subject_of
from pytest_portaswitch.plan.waivers import unmatched_waivers
from pytest_portaswitch.source.problem import Problem
from pytest_portaswitch.tables.row import ProcessPattern, Tables


def unmatched(cluster: Cluster, plan: Plan, tables: Tables) -> list[Problem]:
    """A problem for each waiver, name, override, process and acceptance without a check, and for
    each two subcomponents that the plan expects at one port.
    """
    return [
        *conflicts(cluster, plan, tables),
        *_accepted(cluster, tables, plan),
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


def _accepted(cluster: Cluster, tables: Tables, plan: Plan) -> Iterator[Problem]:
    if not cluster.accepted:
        return
    subjects = [(check, found) for check in plan.checks if (found := subject_of(check, tables))]
    for entry in cluster.accepted:
        if any(covers(entry, check, subject) for check, subject in subjects):
            continue
        if entry.role and not cluster.hosts_of(entry.role) and entry.role in tables.expected_roles:
            continue
        yield Problem(
            file=cluster.file,
            line=entry.line,
            where="accepted",
            value=entry.name,
            rule=f"accepts nothing: {_why_nothing(entry, cluster, tables, plan)}",
            fix="leave it out",
        )


def _why_nothing(entry: Accepted, cluster: Cluster, tables: Tables, plan: Plan) -> str:
    """Why no check can be meant, and no role."""
    if entry.role:
        holders = [host.name for host in cluster.hosts_of(entry.role)]
        return f"{holders[0]} has it" if holders else "not every installation has this role"
    unused = {name for one in plan.not_in_use for name in (one.row, one.subcomponent)}
    if entry.name in unused:
        return "it is not in use"
    row = tables.row(entry.row)
    if row is not None and not row.ports:
        return "a row without a port keeps no cluster from being ready"
    where = f" on {', '.join(entry.places)}" if entry.places else ""
    return f"no check{where} says whether it works"


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
    if isinstance(expects, (Listens, Runs, HoldsConnection, StandsBy, IsNotInUse)):
        yield expects.process
    elif isinstance(expects, Reaches) and expects.client:
        yield expects.client
