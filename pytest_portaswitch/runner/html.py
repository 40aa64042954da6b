"""What pytest-html's run log gets to show of an audit.

pytest-html puts cells and the summary into its page as they are, and a verdict's words come from
hosts: everything is escaped here.
"""

from __future__ import annotations

from html import escape

import pytest

from pytest_portaswitch.report.evidence import Evidence
from pytest_portaswitch.runner.audits import Ref
from pytest_portaswitch.runner.outcome import Outcome
from pytest_portaswitch.runner.recorder import Recorder

COLUMNS = ("Cluster", "Host", "Peer", "Subcomponent", "Port", "Verdict")
BEFORE = 1
"""The columns stand between the result and the test's id."""


class HtmlColumns:
    """The hooks of pytest-html, registered only where it is."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_results_table_header(self, cells: list[str]) -> None:
        """A sortable header cell for each column."""
        cells[BEFORE:BEFORE] = [
            f'<th class="sortable" data-column-type="{name.lower()}">{name}</th>'
            for name in COLUMNS
        ]

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_results_table_row(
        self, report: pytest.TestReport | pytest.CollectReport, cells: list[str]
    ) -> None:
        """A cell for each column, on every row: one that lacks some breaks the whole page."""
        cells[BEFORE:BEFORE] = [
            f'<td class="col-{name.lower()}">{escape(value)}</td>'
            for name, value in zip(COLUMNS, self._values(report), strict=True)
        ]

    def _values(self, report: pytest.TestReport | pytest.CollectReport) -> tuple[str, ...]:
        ref = ref_of_report(report)
        verdict = self.recorder.verdicts.get(ref) if ref else None
        if ref is None or verdict is None:
            return ("",) * len(COLUMNS)
        check = self.recorder.audits[ref.cluster].check(ref.check)
        port = f"{check.transport}/{check.port}" if check.port else ""
        return (
            ref.cluster,
            check.host,
            check.peer or "",
            check.subcomponent,
            port,
            f"{verdict.verdict}, warning" if verdict.warnings else verdict.verdict,
        )

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_results_table_html(
        self, report: pytest.TestReport | pytest.CollectReport, data: list[str]
    ) -> None:
        """The verdict as a person reads it, in place of pytest's own words; also of a pass."""
        ref = ref_of_report(report)
        verdict = self.recorder.verdicts.get(ref) if ref else None
        if ref and verdict:
            outcome = Outcome(
                ref.cluster, self.recorder.audits[ref.cluster].check(ref.check), verdict
            )
            data[:] = [escape(outcome.text)]

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_results_summary(
        self, prefix: list[str], summary: list[str], postfix: list[str]
    ) -> None:
        """The totals of each cluster, which add up."""
        prefix.extend(totals_html(evidence) for evidence, _ in self.recorder.written)


def ref_of_report(report: pytest.TestReport | pytest.CollectReport) -> Ref | None:
    """The check that a report is about, by the properties that travel with it."""
    properties = dict(getattr(report, "user_properties", ()))
    if "check" not in properties:
        return None
    return Ref(str(properties["cluster"]), str(properties["check"]))


def totals_html(evidence: Evidence) -> str:
    """One paragraph: the cluster, its release, and the sum."""
    totals = evidence.totals
    release = f" ({escape(evidence.release)})" if evidence.release else ""
    state = "" if evidence.run.state == "complete" else f" &mdash; run {evidence.run.state}"
    return (
        f"<p><strong>{escape(evidence.cluster)}</strong>{release}: {totals.planned} checks = "
        f"{totals.passed} passed + {totals.failed} failed + {totals.unknown} unknown + "
        f"{totals.waived} waived{state}</p>"
    )
