"""Waivers that excuse nothing are mistakes, and a plan shows them before the network is touched."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence

from pytest_portaswitch.cluster.model import Cluster
from pytest_portaswitch.plan.expand import Plan
from pytest_portaswitch.source.problem import Problem, closest, record


def unmatched_waivers(cluster: Cluster, plan: Plan) -> list[Problem]:
    """A problem for each waiver that excuses no planned check: it has a typo, or is stale.

    One without a pattern was refused already.
    """
    ids = [check.id for check in plan.checks]  # sorted
    not_used = [one for unused in plan.not_in_use for one in unused.checks]
    problems: list[Problem] = []
    for waiver in cluster.waivers:
        if waiver.check and not fnmatch.filter(ids, waiver.check):
            unused = fnmatch.filter(not_used, waiver.check)
            fix = (
                "what it names is not in use: leave out one of the two"
                if unused
                else _nearest(waiver.check, ids)
            )
            rule = "matches no check of the plan"
            where = (cluster.file, waiver.line, "waivers")
            record(problems, Problem(*where, waiver.check, rule, fix))
    return problems


def _nearest(pattern: str, ids: Sequence[str]) -> str:
    words = closest(pattern, ids)
    return words if words.startswith("did you mean") else "see pytest-portaswitch plan for the ids"
