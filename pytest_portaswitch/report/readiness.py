"""The verdict of a whole cluster, in one word."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

from pytest_portaswitch.cluster.model import Cluster, LeastGrade
from pytest_portaswitch.judge.verdict import Verdict

Readiness = Literal["ready", "ready-with-warnings", "blocked", "could-not-be-assessed"]
"""``blocked``: something fails. ``could-not-be-assessed``: nothing that was seen fails, but
something could not be looked at, was not selected, or did not answer as it should, nothing could
be assessed of a subcomponent, or a fault of this program was met.
``ready-with-warnings``: all that could be looked at holds, and something is excused, cannot be
told, was taken out by the site, is accepted not to be assessed, is worth a warning, or less proof
is demanded than the rows name."""

IN_THE_NATURE = frozenset({"not-in-table"})
"""Faults that say something of the tables, not of the cluster: every cluster has them."""


class Scope(NamedTuple):
    """How much of what is planned a run speaks of."""

    deselected: int = 0
    """Checks that the run was not asked for."""
    removed: int = 0
    """Checks that a hook of the site took out."""
    grade: LeastGrade = ""
    """With how little proof the site is content, of all rows or of one."""
    internal_errors: int = 0
    """Faults of this program that the audit met."""
    unassessed: int = 0
    """Subcomponents or services of which nothing could be assessed, which nobody accepts."""
    accepted: int = 0
    """Such that the site accepts, its acceptances that are idle, what it does not use though the
    tables do not list it as optional, and roles that every installation has and no host here."""


def readiness(verdicts: Iterable[Verdict], scope: Scope) -> Readiness:
    """Judge the cluster by its checks."""
    verdicts = tuple(verdicts)
    words = {verdict.verdict for verdict in verdicts}
    if "fail" in words:
        return "blocked"
    untold = [v for v in verdicts if v.verdict == "unknown"]
    unseen = any(verdict.why_unknown != "not-assessable" for verdict in untold)
    if not verdicts or unseen or scope.deselected or scope.internal_errors or scope.unassessed:
        return "could-not-be-assessed"
    notable = [v for v in untold if not (v.fault and v.fault.code in IN_THE_NATURE)]
    warned = any(verdict.warnings for verdict in verdicts)
    told = scope.removed or scope.grade or scope.accepted
    if notable or told or warned or "waived" in words:
        return "ready-with-warnings"
    return "ready"


def taken_out(removed: int) -> str:
    """What it means that a hook of the site took checks out; empty where none did."""
    if not removed:
        return ""
    return (
        f"a hook of the site took {removed:,} planned check{'' if removed == 1 else 's'} out: "
        "nothing is said of what is not checked"
    )


def lowered(site: Cluster) -> str:
    """What it means that a site is content with less than the rows name; empty where it is not."""
    grade = site.grade
    rows = [f"{one.grade} of {one.row}" for one in site.overrides if one.grade]
    if rows and not grade:
        return (
            f"this site demands less than the tables of this project do, {', '.join(rows)}: "
            "a pass there does not say that the service works"
        )
    if not grade:
        return ""
    udp = ", over UDP an answer still" if grade == "connected" else ""
    return (
        f"this audit demands {grade} where the rows demand answered{udp}: "
        "a pass does not say that the service works"
    )
