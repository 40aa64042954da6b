"""The earlier audits that the clusters of a run are compared with."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pytest_portaswitch.report.baseline import Before, read_before
from pytest_portaswitch.source.problem import BadInput, Problem, closest


def read_baselines(paths: Sequence[Path], clusters: Sequence[str]) -> dict[str, Before]:
    """By cluster. Raises ``BadInput`` with every mistake: what cannot be read, is of a cluster
    that is not audited, or of one that another baseline is of too."""
    problems: list[Problem] = []
    found: dict[str, Before] = {}
    for path in paths:
        try:
            before = read_before(path)
        except BadInput as bad:
            problems += bad.problems
            continue
        name, file = before.snapshot.cluster, str(before.path)
        if name not in clusters:
            rule = "is of a cluster that this run does not audit"
            problems.append(Problem(file, 0, "cluster", name, rule, closest(name, clusters)))
        elif name in found:
            rule = f"is of a cluster that {found[name].path} is of too"
            problems.append(Problem(file, 0, "cluster", name, rule, "leave one out"))
        else:
            found[name] = before
    if problems:
        raise BadInput(problems)
    return found
