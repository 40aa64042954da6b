"""Each case breaks a healthy cluster and says all causes that follow, to the letter."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from pytest_portaswitch.causes import Cause, explain
from pytest_portaswitch.judge import Verdict, judge

from .mischief import PLAN, facts

FILES = sorted((Path(__file__).parent / "cases").glob("*.yaml"))

CASES = {
    f"{file.stem}-{name}": case
    for file in FILES
    for name, case in yaml.safe_load(file.read_text()).items()
}


def judged(mischief: list[str]) -> tuple[dict[str, Verdict], tuple[Cause, ...]]:
    """The verdicts of all checks of the cluster, and their causes but those of the tables."""
    seen = facts(mischief)
    verdicts = {check.id: judge(check, seen) for check in PLAN.checks}
    found = explain(PLAN.checks, verdicts, seen)
    return verdicts, tuple(cause for cause in found if cause.kind != "not-in-table")


@pytest.mark.parametrize("name", CASES)
def test_the_causes_are_those_of_the_case_and_no_other(name: str) -> None:
    """With title, severity, number of checks, effect, impact and next step."""
    case: dict[str, Any] = CASES[name]
    _, causes = judged(case["mischief"])
    assert {
        cause.id: {
            "title": cause.title,
            "severity": cause.severity,
            "checks": len(cause.checks),
            "effect": cause.effect,
            "impact": cause.impact,
            "next": cause.next,
        }
        for cause in causes
    } == case["causes"]
    assert [cause.id for cause in causes] == list(case["causes"]), "the gravest first"


@pytest.mark.parametrize("name", CASES)
def test_a_cause_has_the_checks_that_differ_from_a_healthy_cluster(name: str) -> None:
    """All of them, each once, and something that was seen."""
    verdicts, causes = judged(CASES[name]["mischief"])
    healthy, _ = judged([])
    changed = sorted(
        i
        for i, verdict in verdicts.items()
        if verdict.verdict != healthy[i].verdict or verdict.warnings
    )
    assert sorted(check for cause in causes for check in cause.checks) == changed
    assert all(cause.seen and all(cause.seen) for cause in causes)


def test_a_healthy_cluster_has_no_cause_but_rows_without_a_port() -> None:
    """And those are named by their row."""
    _, causes = judged([])
    assert causes == ()
    verdicts = {check.id: judge(check, facts([])) for check in PLAN.checks}
    assert [cause.id for cause in explain(PLAN.checks, verdicts, facts([]))] == [
        "not-in-table:billing.disconnector.nodes",
        "not-in-table:web.apache-fcgi.nodes",
        "not-in-table:web.cassandra.nodes",
    ]


def test_what_was_not_selected_is_not_said_to_be_down() -> None:
    """Of two billing servers one was audited: whether the other serves is not known."""
    seen = facts(["kill bill1 radiusd"])
    checks = [check for check in PLAN.checks if check.id.split(":")[1] == "bill1"]
    verdicts = {check.id: judge(check, seen) for check in checks}
    (cause,) = (c for c in explain(checks, verdicts, seen, PLAN.checks) if c.kind == "not-running")
    assert cause.effect == "at-risk"
    assert cause.impact.endswith("whether bill2 serves was not seen")
