"""The OSCAL file is valid by NIST's schema and says what the evidence says."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from pytest_portaswitch.facts import HostFacts, Observation
from pytest_portaswitch.pack.oscal import document
from pytest_portaswitch.report.evidence import Evidence
from pytest_portaswitch.report.files import encode
from tests.unit.report.making import evidence


def hostile(facts: HostFacts) -> Observation:
    """A host whose processes have names made of markup."""
    processes = tuple(
        msgspec.structs.replace(p, name="<b onload=x>\x1b\u202e", command=" ")
        for p in facts.processes
    )
    return msgspec.structs.replace(facts, processes=processes)


@pytest.fixture(scope="module")
def broken() -> Evidence:
    """With failures, unknowns and hostile words."""
    return evidence({"db2": "nothing-runs", "proc1": "down", "bill1": hostile})


def result_of(found: Evidence) -> Any:
    """The one result of the document."""
    return json.loads(document(found, encode(found)))["assessment-results"]["results"][0]


def test_it_is_valid(broken: Evidence) -> None:
    """By models that were generated from NIST's JSON schema."""
    oscal_bindings = pytest.importorskip("oscal_bindings")
    for found in (broken, evidence()):
        parsed = oscal_bindings.AssessmentResultsDocument.model_validate_json(
            document(found, encode(found))
        )
        assert len(parsed.assessment_results.results[0].observations) == found.totals.planned


def test_each_check_is_an_observation_and_each_row_a_finding(broken: Evidence) -> None:
    """With their verdicts."""
    result = result_of(broken)
    verdicts = {
        prop["value"]
        for observation in result["observations"]
        for prop in observation["props"]
        if prop["name"] == "verdict"
    }
    assert len(result["observations"]) == broken.totals.planned
    assert verdicts == {"pass", "fail", "unknown"}
    status = {f["target"]["target-id"]: f["target"]["status"] for f in result["findings"]}
    assert set(status) == {check.row or check.kind for check in broken.checks}
    assert status["web.taskstack.replica-db"]["state"] == "not-satisfied"
    assert status["web.taskstack.replica-db"]["reason"] == "fail"
    assert status["billing.alerter.main-db"]["state"] in ("satisfied", "not-satisfied")


def test_it_is_the_same_each_time_and_has_no_markup(broken: Evidence) -> None:
    """Its texts are Markdown, in which a host's words would act."""
    assert document(broken, encode(broken)) == document(broken, encode(broken))
    assert b"<b " not in document(broken, encode(broken))
    assert "\u202e" not in document(broken, encode(broken)).decode()
