"""What pytest-html's run log gets to show of an audit.

pytest-html puts cells and the summary into its page as they are, and a verdict's words come from
hosts: everything is escaped here.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pytest_portaswitch.report.files import PAGE
from pytest_portaswitch.report.page import link, render_header
from pytest_portaswitch.runner.audits import Ref
from pytest_portaswitch.runner.outcome import Outcome
from pytest_portaswitch.runner.recorder import Recorder
from pytest_portaswitch.text.show import markup

COLUMNS = ("Cluster", "Host", "Peer", "Subcomponent", "Port", "Verdict")
BEFORE = 1
"""The columns stand between the result and the test's id."""
ID_CELL = '<td class="col-testId">'


class HtmlColumns:
    """The hooks of pytest-html, registered only where it is."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder
        # Asked now, as pytest-html does: the folder may be gone at the end.
        self._folder = report_folder(recorder.config)

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
        if ref_of_report(report) and cells[BEFORE].startswith(ID_CELL):
            # A site's hook may name a check as it likes, and the id stands there as it is.
            name = cells[BEFORE].removeprefix(ID_CELL).removesuffix("</td>")
            cells[BEFORE] = f"{ID_CELL}{markup(name)}</td>"
        cells[BEFORE:BEFORE] = [
            f'<td class="col-{name.lower()}">{markup(value)}</td>'
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
            audits = self.recorder.audits
            outcome = Outcome(
                ref.cluster,
                audits[ref.cluster].check(ref.check),
                verdict,
                audits.standing(ref, verdict),
                site=audits[ref.cluster].cluster,
            )
            data[:] = [str(markup(outcome.text))]

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_results_summary(
        self, prefix: list[str], summary: list[str], postfix: list[str]
    ) -> None:
        """Of each cluster its verdict, totals that add up, causes, and links to what is beside."""
        index = link(self.recorder.index.path, self._folder) if self.recorder.index else ""
        for evidence, path in self.recorder.written:
            prefix.append(render_header(evidence, link(path.with_name(PAGE), self._folder), index))


def report_folder(config: pytest.Config) -> Path:
    """Where pytest-html puts its page; it reads the option like this."""
    path = Path(os.path.expandvars(config.getoption("htmlpath"))).expanduser()
    return (Path.cwd() / path).parent


def ref_of_report(report: pytest.TestReport | pytest.CollectReport) -> Ref | None:
    """The check that a report is about, by the properties that travel with it."""
    properties = dict(getattr(report, "user_properties", ()))
    if "check" not in properties:
        return None
    return Ref(str(properties["cluster"]), str(properties["check"]))
