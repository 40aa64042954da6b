"""From a verdict to what pytest knows: passed, failed, error, skipped, xfailed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

import pytest

from pytest_portaswitch.text import show

if TYPE_CHECKING:
    # Suites import this module before anything is looked at, and none of these is needed sooner.
    from pytest_portaswitch.cluster.model import Cluster
    from pytest_portaswitch.difference import Standing
    from pytest_portaswitch.judge.verdict import Verdict
    from pytest_portaswitch.plan.check import Check
    from pytest_portaswitch.report.assessment import Unassessed


@dataclass(frozen=True)
class Outcome:
    """The verdict of one check, as a test asks for it."""

    cluster: str
    check: Check
    verdict: Verdict
    standing: Standing | None = None
    """How it stands beside the baseline; None where the run was given none."""
    unassessed: Unassessed | None = None
    """The subcomponent of which nothing could be assessed and of which this check says nothing
    either; None where the site accepts that, or there is none."""
    site: Cluster | None = None
    """How the audit goes to hosts, for the commands by hand."""

    def hold(self) -> None:
        """Fail the test, without a traceback, unless the verdict is a pass."""
        __tracebackhide__ = True
        if self.verdict.verdict != "pass":
            pytest.fail(self.text, pytrace=False)

    @property
    def text(self) -> str:
        """What a person reads of it: the title, the verdict's own text, and the row's oddities."""
        from pytest_portaswitch.report.site import published_logins

        notes = [f"  about {self.check.row}: {note}" for note in self.check.notes]
        lines = [
            self.check.title,
            *self.verdict.lines(published_logins(self.site) if self.site else {}),
            *notes,
            *self._nothing_known,
            *self._since,
        ]
        return show.lines(lines)

    @property
    def _nothing_known(self) -> list[str]:
        if self.unassessed is None:
            return []
        return [
            f"  no check says more, so the cluster is not ready: {self.unassessed.title}",
            f"  to do: {self.unassessed.fix}",
        ]

    @property
    def _since(self) -> list[str]:
        return [f"  since the baseline: {_word(self.standing)}"] if self.standing else []


def interrupt(outcome: Outcome, config: pytest.Config) -> None:
    """End the test in its setup where there is nothing to assert.

    What nobody could look at is an error of the run, not a failure of the cluster, and so is what
    cannot be assessed where no other check says anything of its subcomponent, unless the site
    accepts that; else it is skipped. What a waiver excuses is an expected failure. Beside a
    baseline so is what failed or was unknown there already (what cannot be assessed is skipped),
    and what can be told no more is an error. Where pytest
    knows no expected failures (``--runxfail``, ``-p no:skipping``), they are errors.
    """
    verdict = outcome.verdict
    known = outcome.standing in ("still-failing", "still-unknown")
    if known and verdict.why_unknown != "not-assessable":
        word = _word(outcome.standing or "unchanged")
        _excuse(outcome, show.line(f"{word}: {verdict.message}"), config)
    if verdict.verdict == "waived":
        _excuse(outcome, show.line(verdict.message), config)
    if verdict.verdict == "unknown":
        from pytest_portaswitch.difference import BINDING

        is_missed = outcome.unassessed is not None and not known
        is_skipped = verdict.why_unknown == "not-assessable" and not is_missed
        if is_skipped and outcome.standing not in BINDING:
            pytest.skip(show.line(verdict.message))
        pytest.fail(outcome.text, pytrace=False)


def _excuse(outcome: Outcome, reason: str, config: pytest.Config) -> NoReturn:
    # Of skipping's own options there is none where it is blocked.
    if config.getoption("runxfail", True):
        pytest.fail(outcome.text, pytrace=False)
    raise pytest.xfail.Exception(reason)


def _word(standing: Standing) -> str:
    from pytest_portaswitch.report.since import WORDS

    return WORDS[standing]


def properties_of(outcome: Outcome) -> list[tuple[str, object]]:
    """What JUnit's XML and other readers of reports get to know of a test."""
    check, verdict = outcome.check, outcome.verdict
    properties: list[tuple[str, object]] = [
        ("cluster", outcome.cluster),
        ("check", check.id),
        ("row", check.row),
        ("verdict", verdict.verdict),
    ]
    if verdict.grade:
        properties.append(("grade", verdict.grade))
    if outcome.standing:
        properties.append(("since", outcome.standing))
    return properties
