"""Leaves out of pytest's own summary what one cause would say of many tests.

Where nobody could look at a host, each of its tests fails with the same words.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_portaswitch.runner.recorder import Recorder


class Repeats:
    """Takes the repeats away while pytest writes its summary; its counts have them all."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_terminal_summary(
        self, terminalreporter: pytest.TerminalReporter, config: pytest.Config
    ) -> Generator[None, None, None]:
        errors = terminalreporter.stats.get("error")
        if not errors or _all_wanted(config):
            return (yield)
        whole = list(errors)
        errors[:] = self._told_once(whole)
        self.recorder.repeats = len(whole) - len(errors)
        try:
            return (yield)
        finally:
            errors[:] = whole

    def _told_once(self, reports: list[pytest.TestReport]) -> list[pytest.TestReport]:
        """The reports without those of checks that nobody could judge, but for one of a cause."""
        recorder = self.recorder
        cause_of = {
            (evidence.cluster, check): (evidence.cluster, cause.id)
            for evidence, _ in recorder.written
            for cause in evidence.causes
            for check in cause.checks
        }
        told: set[tuple[str, str]] = set()
        kept = []
        for report in reports:
            ref = recorder.tests.get(report.nodeid)
            verdict = recorder.verdicts.get(ref) if ref else None
            cause = cause_of.get((ref.cluster, ref.check)) if ref else None
            if verdict and cause and verdict.why_unknown == "not-observed":
                if cause in told:
                    continue
                told.add(cause)
            kept.append(report)
        return kept


def _all_wanted(config: pytest.Config) -> bool:
    """Whether somebody asked for more, or for less, than pytest shows by itself."""
    option = config.option
    return bool(option.verbose > 0 or option.tbstyle != "auto" or option.reportchars != "fE")
