"""Every fault changes exactly the checks that it must, and all of them have the one cause."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from pytest_portaswitch.lab import Lab
from pytest_portaswitch.lab.faults import FAULTS

from .auditing import Result, audit, changed, expected_changes, messages, named, row
from .cases import CASES, HARMLESS, Case
from .drafting import completed, draft, names_of
from .table import PROPERTY

ONLY_OURS = {
    "listener:web1:apache-fcgi:udp-69",
    "listener:web1:cassandra:tcp-8085",
    "reachability:bill1:media1:disconnector:tcp-80",
    "reachability:bill2:media1:disconnector:tcp-80",
    "reachability:web1:media1:apache-fcgi:udp-69",
    "reachability:web1:media1:cassandra:tcp-8085",
}
"""Checks of the lab's own file, which names ports that the tables leave open."""

ONLY_DRAFTED = {
    "process:web1:cassandra",
    "reachability:bill1:disconnector:no-port",
    "reachability:bill2:disconnector:no-port",
    "reachability:web1:apache-fcgi:no-port",
    "reachability:web1:cassandra:no-port",
}
"""What a draft has in their place."""


def test_every_fault_of_the_lab_has_a_case() -> None:
    """A fault that nobody audits proves nothing."""
    harmless = {name for name, fault in FAULTS.items() if fault.harmless}
    assert {case.fault[0] for case in CASES.values()} == set(FAULTS) - harmless
    assert harmless <= {case.fault[0] for case in HARMLESS.values()}
    assert not set(CASES) & set(HARMLESS)


def test_nothing_is_named_where_nothing_is_broken(
    healthy: Result, record_property: Callable[[str, object], None]
) -> None:
    """Before all others."""
    assert healthy.evidence["causes"] == []
    assert healthy.evidence["verdict"] == "ready"
    record_property(PROPERTY, row("healthy", (), healthy, 0))


class Drafted(NamedTuple):
    """A file such as a newcomer has, and what came of it before anything was broken."""

    path: Path
    names: dict[str, str]
    healthy: Result


@pytest.fixture(scope="module")
def drafted(full: Lab, tmp_path_factory: pytest.TempPathFactory) -> Drafted:
    """Drafted from the healthy lab, and completed only where it asks."""
    path = completed(full, draft(full, tmp_path_factory.mktemp("drafted") / "full.yaml"))
    names = names_of(full, path)
    return Drafted(path, names, audit(full, cluster=path, names=names))


def test_a_drafted_file_has_a_ready_cluster_and_almost_the_same_checks(
    healthy: Result, drafted: Drafted
) -> None:
    """So that a fault can be compared under both files, check by check."""
    assert {cause["kind"] for cause in drafted.healthy.evidence["causes"]} == {"not-in-table"}
    assert drafted.healthy.evidence["verdict"] == "ready"
    assert healthy.outcomes.keys() - drafted.healthy.outcomes.keys() == ONLY_OURS
    assert drafted.healthy.outcomes.keys() - healthy.outcomes.keys() == ONLY_DRAFTED


@pytest.mark.parametrize("name", CASES)
def test_a_fault_has_one_cause_with_exactly_its_checks(
    full: Lab,
    healthy: Result,
    drafted: Drafted,
    name: str,
    record_property: Callable[[str, object], None],
) -> None:
    """And no other cause, with the lab's own file and with a drafted one.

    What is not mended would show as a change of the next case.
    """
    case = CASES[name]
    with full.broken(*case.fault, **case.options):
        broken = audit(full)
        newcomers = audit(full, cluster=drafted.path, names=drafted.names)
    expected = expected_changes(healthy, case.changes)
    causes = only_cause(case, healthy, broken, expected)
    # A check that only one of the files has belongs to the same cause.
    common = {one: verdict for one, verdict in expected.items() if one not in ONLY_OURS}
    seen = changed(drafted.healthy, newcomers)
    beside = {one: verdict for one, verdict in seen.items() if one in ONLY_DRAFTED}
    only_cause(case, drafted.healthy, newcomers, common | beside)
    record_property(PROPERTY, row(name, causes, broken, len(expected), len(seen)))


def only_cause(
    case: Case, before: Result, broken: Result, expected: dict[str, str]
) -> list[dict[str, Any]]:
    """The one cause; it fails where something else changed, or is named."""
    seen = changed(before, broken)
    assert seen, "with this file nothing shows"
    assert seen == expected, messages(broken, {one for one, _ in seen.items() ^ expected.items()})
    causes = named(before, broken)
    assert [(fnmatch.fnmatchcase(c["title"], case.cause), c["severity"]) for c in causes] == [
        (True, case.severity)
    ], [cause["title"] for cause in causes]
    # In another order where the names are those of another file.
    assert sorted(causes[0]["checks"]) == sorted(expected)
    assert broken.evidence["verdict"] == case.verdict
    assert bool(broken.run.returncode) == (case.severity != "warning")
    return causes


@pytest.mark.parametrize("name", HARMLESS)
def test_what_is_no_fault_is_not_named(
    full: Lab, healthy: Result, name: str, record_property: Callable[[str, object], None]
) -> None:
    """Nothing changes."""
    case = HARMLESS[name]
    with full.broken(*case.fault, **case.options):
        result = audit(full)
    assert changed(healthy, result) == {}
    assert named(healthy, result) == []
    assert result.run.returncode == 0
    record_property(PROPERTY, row(name, (), result, 0))


def test_a_site_may_be_content_with_a_connection(full: Lab, healthy: Result) -> None:
    """A stopped process still accepts: that passes then, and only then."""
    with full.broken("freeze", "proc1", "registrar"):
        result = audit(full, "--grade", "connected", "-k", "reachability and proc1 and registrar")
    checks = [check for check in result.evidence["checks"] if check["host"] == "proc1"]
    by_transport = {(check["transport"], check["verdict"], check["grade"]) for check in checks}
    assert by_transport == {("tcp", "pass", "connected"), ("udp", "fail", "delivered")}
    assert "this audit demands connected" in " ".join(result.run.stdout.split())


def test_once_all_is_mended_all_is_as_before(full: Lab, healthy: Result) -> None:
    """The last case leaves nothing behind either."""
    assert changed(healthy, audit(full)) == {}
