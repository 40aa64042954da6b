"""Each case file holds a check, facts, and the verdict that follows, to the letter."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from pytest_portaswitch.cluster.by_hand import paste
from pytest_portaswitch.judge import Verdict, judge
from pytest_portaswitch.plan.check import Check

from . import scene

FILES = sorted((Path(__file__).parent / "cases").glob("*.yaml"))


def _cases() -> list[Any]:
    found = []
    for file in FILES:
        document = yaml.safe_load(file.read_text())
        found += [
            pytest.param(document, name, case, id=f"{file.stem}-{name}")
            for name, case in document["cases"].items()
        ]
    return found


@pytest.mark.parametrize(("document", "name", "case"), _cases())
def test_the_verdict_is_what_the_case_says(
    document: dict[str, Any], name: str, case: dict[str, Any]
) -> None:
    """Everything that the case names of the verdict is so, and a pass names no cause."""
    text = {**document["check"], **case.get("check", {})}
    text["expects"] = {**document["check"]["expects"], **case.get("expects", {})}
    verdict = judge(scene.check(text), scene.facts(case["facts"]))
    encoded = scene.with_names(msgspec.json.encode(verdict))
    plain = {**msgspec.json.decode(encoded), "message": verdict.message}
    plain["reproduce"] = paste(verdict.reproduce, {})
    actual = {key: plain[key] for key in case["verdict"]}
    assert case["verdict"] == actual, verdict.lines({})
    assert bool(verdict.cause) == (verdict.verdict != "pass")
    assert bool(verdict.why_unknown) == (verdict.verdict == "unknown")


@pytest.mark.parametrize(("document", "name", "case"), _cases())
def test_a_verdict_and_its_check_survive_the_journey_through_json(
    document: dict[str, Any], name: str, case: dict[str, Any]
) -> None:
    """They travel between workers and into the evidence, and come back the same."""
    text = {**document["check"], **case.get("check", {})}
    text["expects"] = {**document["check"]["expects"], **case.get("expects", {})}
    check = scene.check(text)
    verdict = judge(check, scene.facts(case["facts"]))
    assert msgspec.json.decode(msgspec.json.encode(check), type=Check) == check
    assert msgspec.json.decode(msgspec.json.encode(verdict), type=Verdict) == verdict


@pytest.mark.parametrize(("document", "name", "case"), _cases())
def test_nothing_passes_where_nobody_looked(
    document: dict[str, Any], name: str, case: dict[str, Any]
) -> None:
    """Take away all facts, and every check is unknown with a reason."""
    verdict = judge(scene.check(document["check"]), {})
    assert verdict.verdict == "unknown"
    assert verdict.observed
