"""What each service of a cluster does now, for the picture of its dependencies."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from pytest_portaswitch.plan.check import Listens, Reaches
from pytest_portaswitch.plan.dependencies import Graph, Service
from pytest_portaswitch.report.evidence import Evidence, JudgedCheck
from pytest_portaswitch.report.graph import State


def states(graph: Graph, evidence: Evidence) -> dict[str, State]:
    """By service id: an outage where every place fails, degraded where one does.

    What a failed cause explains counts as failing, though it may be unknown by itself.
    """
    broken = {
        check for cause in evidence.causes if cause.severity == "failed" for check in cause.checks
    }
    by_row: dict[str, list[JudgedCheck]] = defaultdict(list)
    for check in evidence.checks:
        by_row[check.row].append(check)
    return {service.id: _state(service, by_row, broken) for service in graph.services}


def _state(service: Service, by_row: dict[str, list[JudgedCheck]], broken: set[str]) -> State:
    places: dict[str, State] = {}
    for place in service.places:
        checks = [c for row in service.rows for c in by_row[row] if _place(c) == place]
        places[place] = _of_place(checks, broken)
    found = set(places.values())
    if found == {"outage"}:
        return "outage"
    if found & {"outage", "degraded"}:
        return "degraded"
    return "works" if found == {"works"} else "unknown"


def _of_place(checks: Iterable[JudgedCheck], broken: set[str]) -> State:
    """An outage where nobody is served, degraded where somebody is not."""
    reaching = [check for check in checks if isinstance(check.expects, Reaches)]
    told = [check for check in reaching if check.verdict == "pass" or check.id in broken]
    if any(check.id in broken for check in checks):
        served = any(check.verdict == "pass" for check in told)
        return "degraded" if served else "outage"
    return "works" if told and len(told) == len(reaching) else "unknown"


def _place(check: JudgedCheck) -> str:
    expects = check.expects
    if isinstance(expects, Reaches):
        return expects.destination.name
    return expects.place.name if isinstance(expects, Listens) else ""
