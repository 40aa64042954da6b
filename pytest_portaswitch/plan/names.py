"""Names of certificates that nothing is compared with are mistakes, like idle waivers."""

from __future__ import annotations

from pytest_portaswitch.cluster.model import Cluster
from pytest_portaswitch.plan.check import Presents
from pytest_portaswitch.plan.expand import Plan
from pytest_portaswitch.source.problem import Problem


def unmatched_names(cluster: Cluster, plan: Plan) -> list[Problem]:
    """A problem for each declared name of what serves no TLS, or not there."""
    served: set[tuple[str, str]] = set()
    for check in plan.checks:
        if isinstance(check.expects, Presents):
            who = check.expects.server or check.subcomponent
            served |= {(who, check.expects.destination.name), (who, "")}
    return [
        Problem(
            file=cluster.file,
            line=name.line,
            where=f"tls.names.{name.subcomponent}" if name.place else "tls.names",
            value=name.place or name.subcomponent,
            rule="serves no TLS in this cluster",
            fix=_places(served, name.subcomponent),
        )
        for name in cluster.tls.names
        if (name.subcomponent, name.place) not in served
    ]


def _places(served: set[tuple[str, str]], subcomponent: str) -> str:
    places = sorted(place for who, place in served if who == subcomponent and place)
    if places:
        return f"{subcomponent} does on {', '.join(places)}"
    return f"what does: {', '.join(sorted({who for who, _ in served})) or 'nothing'}"
