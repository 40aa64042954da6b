"""Every fault changes exactly the checks that it must, and all of them have the one cause."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable

import pytest

from pytest_portaswitch.lab import Lab
from pytest_portaswitch.lab.faults import FAULTS

from .auditing import Result, audit, changed, expected_changes, messages, named, row
from .cases import CASES, HARMLESS
from .table import PROPERTY


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


@pytest.mark.parametrize("name", CASES)
def test_a_fault_has_one_cause_with_exactly_its_checks(
    full: Lab, healthy: Result, name: str, record_property: Callable[[str, object], None]
) -> None:
    """And no other cause. What is not mended would show as a change of the next case."""
    case = CASES[name]
    with full.broken(*case.fault, **case.options):
        broken = audit(full)
    seen, expected = changed(healthy, broken), expected_changes(healthy, case.changes)
    assert seen == expected, messages(broken, {one for one, _ in seen.items() ^ expected.items()})
    causes = named(healthy, broken)
    assert [(fnmatch.fnmatchcase(c["title"], case.cause), c["severity"]) for c in causes] == [
        (True, case.severity)
    ], [cause["title"] for cause in causes]
    assert causes[0]["checks"] == sorted(expected)
    assert bool(broken.run.returncode) == (
        case.severity in ("failed", "not-observed", "unanswered")
    )
    record_property(PROPERTY, row(name, causes, broken, len(seen)))


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
