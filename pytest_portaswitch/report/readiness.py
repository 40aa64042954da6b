"""The verdict of a whole cluster, in one word."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from pytest_portaswitch.cluster.model import LeastGrade
from pytest_portaswitch.judge.verdict import Verdict

Readiness = Literal["ready", "ready-with-warnings", "blocked", "could-not-be-assessed"]
"""``blocked``: something fails. ``could-not-be-assessed``: nothing that was seen fails, but
something could not be looked at. ``ready-with-warnings``: all that could be looked at holds, and
something is excused, cannot be told, was left out, is worth a warning, or less proof is demanded
than the rows name."""

IN_THE_NATURE = frozenset({"not-in-table"})
"""Faults that say something of the tables, not of the cluster: every cluster has them."""


def readiness(verdicts: Iterable[Verdict], *, partial: bool) -> Readiness:
    """Judge the cluster by its checks; ``partial``: see ``is_partial``."""
    verdicts = tuple(verdicts)
    words = {verdict.verdict for verdict in verdicts}
    if "fail" in words:
        return "blocked"
    untold = [v for v in verdicts if v.verdict == "unknown"]
    if not verdicts or any(v.why_unknown != "not-assessable" for v in untold):
        return "could-not-be-assessed"
    notable = [v for v in untold if not (v.fault and v.fault.code in IN_THE_NATURE)]
    warned = any(verdict.warnings for verdict in verdicts)
    if notable or partial or warned or "waived" in words:
        return "ready-with-warnings"
    return "ready"


def is_partial(*, deselected: int, removed: int, grade: LeastGrade) -> bool:
    """Whether checks were left out, by the run or a hook of the site, or less was demanded."""
    return deselected > 0 or removed > 0 or bool(grade)


def taken_out(removed: int) -> str:
    """What it means that a hook of the site took checks out; empty where none did."""
    if not removed:
        return ""
    return (
        f"a hook of the site took {removed:,} planned check{'' if removed == 1 else 's'} out: "
        "nothing is said of what is not checked"
    )


def lowered(grade: LeastGrade) -> str:
    """What it means that a site is content with less than the rows name; empty where it is not."""
    if not grade:
        return ""
    udp = ", over UDP an answer still" if grade == "connected" else ""
    return (
        f"this audit demands {grade} where the rows demand answered{udp}: "
        "a pass does not say that the service works"
    )
