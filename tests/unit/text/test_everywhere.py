"""Whatever hosts, files and peers say: every output stays what it is, and is ours."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from xml.etree import ElementTree as ET

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_portaswitch.facts import HostFacts, Observation, Unobserved
from pytest_portaswitch.judge.judge import assess
from pytest_portaswitch.pack import oscal
from pytest_portaswitch.plan.dependencies import dependencies
from pytest_portaswitch.plan.expand import expand
from pytest_portaswitch.report import graph, terminal
from pytest_portaswitch.report.evidence import Evidence
from pytest_portaswitch.report.files import encode
from pytest_portaswitch.report.page import render
from pytest_portaswitch.report.reading import decode
from pytest_portaswitch.runner.outcome import Outcome
from pytest_portaswitch.text import clean, show
from tests.unit.report import mischief
from tests.unit.report.making import MOMENT, evidence

from .hostile import SENTINEL, WORDS, assert_harmless, says


def _audit(words: str) -> Evidence:
    """Of a cluster whose hosts all say the words, and half of them serve nothing."""

    def broken(facts: HostFacts) -> Observation:
        return says(words, msgspec.structs.replace(facts, sockets=facts.sockets[::2]))

    def lost(facts: HostFacts) -> Observation:
        return Unobserved(host=facts.host, why="client-failed", detail=clean(words))

    changes = dict.fromkeys(("bill1", "sip1", "db1"), broken)
    return evidence({**changes, "web1": functools.partial(says, words), "proc1": lost})


def _assert_outputs(found: Evidence) -> None:
    assert_harmless("\n".join(terminal.lines(found, "reports/x/evidence.json")))
    page = render(found)
    assert_harmless(page)
    content = encode(found)
    assert_harmless(content.decode())
    assert json.loads(content)["cluster"] == found.cluster
    results = oscal.document(found, content)
    assert_harmless(results.decode())
    json.loads(results)


@pytest.mark.parametrize("words", WORDS)
def test_what_hosts_say_is_text_in_every_output(words: str) -> None:
    """Facts, causes, page, terminal, OSCAL and the test's own message; and never in a command."""
    found = _audit(words)
    _assert_outputs(found)
    for check in found.checks:
        assert SENTINEL not in check.reproduce
    for cause in found.causes:
        assert SENTINEL not in cause.next
    plan = expand(found.tables, found.site)
    for check in plan.checks:
        verdict = assess(check, found.hosts, (), MOMENT)
        assert_harmless(Outcome(found.cluster, check, verdict).text)


@pytest.mark.slow
@pytest.mark.parametrize("words", WORDS)
def test_what_evidence_says_is_text_in_every_output(
    words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may have been written by anyone: the words stand wherever the format takes a text."""
    monkeypatch.setattr(mischief, "EVIL", words)
    monkeypatch.setattr(mischief, "LONG", words * 20)
    found = mischief.hostile_everywhere(evidence({"db1": "nothing-runs", "proc1": "down"}))
    _assert_outputs(found)
    healthy = evidence()
    svg = graph.svg(dependencies(expand(healthy.tables, healthy.site).checks), words)
    assert_harmless(svg)
    assert ET.fromstring(svg).tag.endswith("svg")  # noqa: S314


@pytest.mark.slow
@settings(max_examples=20, deadline=None)
@given(st.text(min_size=1, max_size=60))
def test_any_text_of_a_host_is_harmless(words: str) -> None:
    facts = evidence().hosts["db1"]
    assert isinstance(facts, HostFacts)
    seen = says(words, facts)
    content = encode(evidence({"db1": lambda _: seen}))
    found = decode(content, Path("evidence.json"))
    assert_harmless("\n".join(terminal.lines(found, "x")))
    assert found.hosts["db1"] == seen
    assert show.json(content) == content
