"""What the selected checks say of subcomponents, as tests ask while they run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from typing import TYPE_CHECKING

from pytest_portaswitch.plan.check import Check
from pytest_portaswitch.plan.subjects import Subject, subject_of
from pytest_portaswitch.runner.audits import Audits, Ref

if TYPE_CHECKING:
    from pytest_portaswitch.judge.verdict import Verdict
    from pytest_portaswitch.report.assessment import Unassessed


class Subjects:
    """The selected checks by their subject; each subject is judged once, when asked for."""

    def __init__(self, audits: Audits, selected: Collection[Ref]) -> None:
        self._audits = audits
        self._selected = selected
        self._checks: dict[str, dict[Subject, list[Check]]] = {}
        self._missing: dict[tuple[str, Subject], Unassessed | None] = {}

    def unassessed(self, ref: Ref, verdict: Verdict) -> Unassessed | None:
        """The subject of a check that cannot be assessed, where no other selected check says more
        of it; None where the site accepts that."""
        audit = self._audits[ref.cluster]
        subject = subject_of(audit.check(ref.check), audit.tables)
        if verdict.why_unknown != "not-assessable" or subject is None:
            return None
        key = (ref.cluster, subject)
        if key not in self._missing:
            from pytest_portaswitch.report.assessment import assessment_of

            own = self._of(ref.cluster)[subject]
            verdicts = {check.id: self._audits.verdict(Ref(ref.cluster, check.id)) for check in own}
            accepted = audit.cluster.accepted
            found = assessment_of(own, verdicts, audit.tables, accepted, whole=False)
            self._missing[key] = next(iter(found.missing), None)
        return self._missing[key]

    def _of(self, cluster: str) -> dict[Subject, list[Check]]:
        if cluster not in self._checks:
            audit = self._audits[cluster]
            found: dict[Subject, list[Check]] = defaultdict(list)
            for check in audit.plan.checks:
                subject = subject_of(check, audit.tables)
                if subject is not None and Ref(cluster, check.id) in self._selected:
                    found[subject].append(check)
            self._checks[cluster] = found
        return self._checks[cluster]
