"""Judging by what a host said of its processes: the same as by their command lines, while kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec
import pytest

from pytest_portaswitch.facts.commands import kept
from pytest_portaswitch.facts.model import HostFacts, Observation, Process
from pytest_portaswitch.judge import Verdict, judge
from pytest_portaswitch.observe.process_patterns import PatternsByHost
from pytest_portaswitch.plan.check import Check
from pytest_portaswitch.source.bounded_regex import found
from tests.unit.judge import scene
from tests.unit.judge.test_cases import _cases

CASES = [
    case
    for case in _cases()
    if "takes more than" not in str(case.values[2]) and "'patterns'" not in str(case.values[2])
]
"""All but those whose facts say themselves what matches."""

Record = Callable[[Process, tuple[int, ...]], Process]


def _matched(process: Process, places: tuple[int, ...]) -> Process:
    return msgspec.structs.replace(process, matches=places)


def _undecided(process: Process, places: tuple[int, ...]) -> Process:
    return msgspec.structs.replace(process, undecided=places)


def _unmatched(process: Process, places: tuple[int, ...]) -> Process:
    return process


def _recorded(host: Observation, check: Check, record: Record, hosts: Iterable[str]) -> Observation:
    """The facts as a host says them that tried the patterns of a check itself.

    One of which the check does not speak was asked the same, by a check of its own.
    """
    if not isinstance(host, HostFacts):
        return host
    needs = PatternsByHost()
    needs.take(check.expects)
    asked = [needs.of(name) for name in (host.host, *hosts)]
    patterns, sought = next((one for one in asked if one.patterns), asked[0])
    held = {pid for each in (*host.sockets, *host.connections) for pid in each.pids or ()}
    tried = []
    for process in host.processes:
        places = tuple(
            at
            for at, pattern in enumerate(patterns)
            if (at < sought or process.pid in held)
            and (found(pattern, process.name) or found(pattern, process.command))
        )
        tried.append(record(process, places))
    speaking = {each.pid for each in tried if each.matches or each.undecided}
    wanted = kept({each.pid: each.parent for each in tried}, speaking, held)
    return msgspec.structs.replace(
        host,
        processes=tuple(
            msgspec.structs.replace(each, command="left out")
            for each in tried
            if each.pid in wanted
        ),
        patterns=patterns,
        sought=sought,
    )


def _verdict(document: dict[str, Any], case: dict[str, Any], record: Record | None) -> Verdict:
    text = {**document["check"], **case.get("check", {})}
    text["expects"] = {**document["check"]["expects"], **case.get("expects", {})}
    check, facts = scene.check(text), scene.facts(case["facts"])
    if record is not None:
        facts = {name: _recorded(host, check, record, facts) for name, host in facts.items()}
    return judge(check, facts)


@pytest.mark.parametrize(("document", "name", "case"), CASES)
def test_verdict_by_recorded_matches_is_that_by_command_lines(
    document: dict[str, Any], name: str, case: dict[str, Any]
) -> None:
    """But for the command lines that its evidence shows."""
    plain = msgspec.structs.replace(_verdict(document, case, None), evidence=())
    assert msgspec.structs.replace(_verdict(document, case, _matched), evidence=()) == plain


@pytest.mark.parametrize(("document", "name", "case"), CASES)
def test_undecided_pattern_neither_passes_nor_fails_a_check(
    document: dict[str, Any], name: str, case: dict[str, Any]
) -> None:
    """Where it matters whether it matches, the check is unknown; elsewhere it is as it would be."""
    either = {_verdict(document, case, record).verdict for record in (_matched, _unmatched)}
    undecided = _verdict(document, case, _undecided).verdict
    assert undecided == "unknown" or either == {undecided}


def test_pattern_that_a_host_was_not_asked_is_unknown() -> None:
    """As after an edit of the evidence, or for a check that a hook added later."""
    document, _, case = next(
        each.values for each in CASES if each.values[0]["check"]["id"].startswith("process:")
    )
    check = scene.check({**document["check"], **case.get("check", {})})
    other = {
        host: msgspec.structs.replace(seen, patterns=("other",), sought=1)
        for host, seen in scene.facts(case["facts"]).items()
        if isinstance(seen, HostFacts)
    }
    verdict = judge(check, other)
    assert (verdict.verdict, verdict.why_unknown) == ("unknown", "not-observed")
    assert verdict.observed.endswith("was not asked of this host")
