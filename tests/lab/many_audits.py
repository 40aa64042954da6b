"""Many audits of one cluster in a row, each of whether its databases answer their peers.

A program, because a lab's hosts can be reached from its own namespaces only, and one process for
all of them, because a hundred starts of pytest would take longer than the audits.

usage: many_audits.py CLUSTER-FILE TIMES
"""

from __future__ import annotations

import datetime
import json
import sys
from collections import Counter
from pathlib import Path

import msgspec

from pytest_portaswitch import cluster as clusters
from pytest_portaswitch import tables
from pytest_portaswitch.cluster.model import Replica
from pytest_portaswitch.observe.request import Limits
from pytest_portaswitch.plan import expand
from pytest_portaswitch.plan.check import Check, Reaches
from pytest_portaswitch.runner.audits import Audit, Audits, Ref


def main(file: str, times: int) -> None:
    """Print, as JSON, how often each check had which verdict and grade, and what failed first."""
    counts: dict[str, Counter[str]] = {}
    first = ""
    for number in range(1, times + 1):
        # All of it anew, as another process would: the file, the plan, the nonce of the run.
        cluster = clusters.load(Path(file))
        # Not the logins of an account: their success would forgive a peer its earlier errors.
        cluster = msgspec.structs.replace(cluster, replica=Replica())
        loaded = tables.load(cluster.release, cluster.tables)
        audit = Audit(cluster=cluster, tables=loaded, plan=expand(loaded, cluster))
        run = Audits([audit], Limits(), datetime.datetime.now(datetime.timezone.utc))
        refs = [Ref(cluster.name, check.id) for check in audit.plan.checks if _knocks(check)]
        run.observe(refs)
        for ref in refs:
            verdict = run.verdict(ref)
            counts.setdefault(ref.check, Counter())[f"{verdict.verdict} {verdict.grade}"] += 1
            if verdict.verdict != "pass" and not first:
                first = f"audit {number}, {ref.check}: {verdict.observed} {verdict.cause}"
    json.dump({"counts": counts, "first": first}, sys.stdout)


def _knocks(check: Check) -> bool:
    return isinstance(check.expects, Reaches) and check.expects.protocol == "mysql"


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
