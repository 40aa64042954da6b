"""Evidence of audits that never were, for tests of what is made from evidence."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from pytest_portaswitch import cluster as clusters
from pytest_portaswitch import tables
from pytest_portaswitch.cluster import Cluster
from pytest_portaswitch.facts import HostFacts, Observation
from pytest_portaswitch.facts.model import Clock
from pytest_portaswitch.judge.judge import assess
from pytest_portaswitch.observe.request import Limits
from pytest_portaswitch.plan import expand
from pytest_portaswitch.report import provenance
from pytest_portaswitch.report.evidence import Evidence, gather
from tests.plugin import healthy
from tests.plugin.scripted import CHANGES, NAMES

ACME = Path(__file__).parents[2] / "plugin" / "acme.yaml"
MOMENT = datetime.datetime(2026, 11, 22, 12, 0, tzinfo=datetime.timezone.utc)


def evidence(
    changes: Mapping[str, str | Callable[[HostFacts], Observation]] | None = None,
    cluster: Cluster | None = None,
    leave_out: str = "",
) -> Evidence:
    """An audit of a healthy cluster (acme.yaml, unless another is given) with changes by host.

    ``leave_out``: checks whose id begins so were not selected.
    """
    cluster = cluster or clusters.load(ACME)
    rows = tables.load(cluster.release)
    plan = expand(rows, cluster)
    facts = healthy.facts(plan.checks, healthy.matching_names(plan.checks, NAMES))
    clock = Clock(host=MOMENT.timestamp(), sent=MOMENT.timestamp(), received=MOMENT.timestamp())
    for name, seen in facts.items():
        assert isinstance(seen, HostFacts)
        facts[name] = msgspec.structs.replace(seen, clock=clock, release="MR119")
    for name, change in (changes or {}).items():
        seen = facts[name]
        assert isinstance(seen, HostFacts)
        facts[name] = (CHANGES[change] if isinstance(change, str) else change)(seen)
    checks = [c for c in plan.checks if not leave_out or not c.id.startswith(leave_out)]
    run = provenance.describe(
        state="complete",
        started=MOMENT,
        finished=MOMENT + datetime.timedelta(seconds=4),
        arguments=["suites", "--cluster", cluster.file],
        tables=rows.title,
        files={},
        limits=Limits(),
        deselected=len(plan.checks) - len(checks),
    )
    return gather(
        cluster=cluster,
        tables=rows,
        plan=plan,
        run=run,
        checks=checks,
        verdicts={c.id: assess(c, facts, cluster.waivers, MOMENT) for c in checks},
        hosts=facts,
    )
