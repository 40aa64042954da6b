"""Selecting tests works as pytest users expect, and only what is selected is observed."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time

import pytest

from .conftest import PLANNED, Site
from .test_outcomes import WITHOUT_PORT, totals


def test_collecting_touches_no_host(site: Site) -> None:
    """And the ids are readable."""
    result = site.audit("--collect-only", "-q")
    assert result.ret == 0
    result.stdout.fnmatch_lines(
        [
            "suites/test_listeners.py::test_listener[[]sip-front:edge-proxy:udp-5060[]]",
            f"{PLANNED} tests collected*",
        ]
    )
    assert site.observed() == []
    assert not (site.path / "reports").exists()


def test_all_hosts_are_observed_at_once(site: Site) -> None:
    """One observation a run, whatever the number of checks."""
    site.audit()
    assert site.observed() == [["bill1", "config", "db1", "db2", "proc1", "sip1", "sip2", "web1"]]


def test_a_single_id_observes_its_hosts_only(site: Site) -> None:
    """The evidence says that the run was partial."""
    result = site.audit_in_subprocess()
    assert result.ret == 0
    site.log.unlink()
    node = "suites/test_reachability.py::test_reachability[web1:db1:taskstack:tcp-3306]"
    (site.path / "suites" / "conftest.py").write_text("")
    result = site.pytester.runpytest_inprocess(node, "--cluster", "acme.yaml")
    result.assert_outcomes(passed=1)
    assert site.observed() == [["db1", "web1"]]
    evidence = json.loads((site.path / "reports/_partial/acme-prod/evidence.json").read_text())
    assert evidence["run"]["deselected"] == PLANNED - 1
    result.stdout.fnmatch_lines(
        [
            "acme-prod: COULD NOT BE ASSESSED (8 hosts, * seen, ????-??-?? ??:?? UTC)",
            "  checks    1 = 1 passed + 0 failed + 0 unknown + 0 waived",
            f"  partial   {PLANNED - 1} more planned checks were not selected: nothing is said*",
        ]
    )


def test_k_narrows_the_observation(site: Site) -> None:
    """So that a question about one host is quick."""
    site.audit("-k", "process and web1")
    assert site.observed() == [["web1"]]


def test_m_selects_by_mark(site: Site) -> None:
    """All tests of the suites bear the mark."""
    site.audit("-m", "not portaswitch").assert_outcomes(deselected=PLANNED)
    assert site.observed() == []


def test_x_stops_and_the_rest_is_unknown(site: Site) -> None:
    """Checks that were not come to are in the totals, and the run is marked."""
    site.change("db1", "nothing-runs")
    result = site.audit("-x")
    result.stdout.fnmatch_lines(["*the run was stopped: checks it did not come to are unknown"])
    numbers = totals(site)
    assert numbers["planned"] == PLANNED
    assert numbers["failed"] == 1
    assert numbers["unknown"] > PLANNED / 2


@pytest.mark.parametrize(
    "how", [["-x"], ["--stepwise"], pytest.param(["-x", "-n", "2"], marks=pytest.mark.slow)]
)
def test_a_run_that_stops_itself_was_not_interrupted(site: Site, how: list[str]) -> None:
    """The evidence tells it from Control-C, also under xdist."""
    site.change("db1", "nothing-runs")
    site.audit_in_subprocess(*how)
    evidence = json.loads((site.path / "reports/_partial/acme-prod/evidence.json").read_text())
    assert evidence["run"]["state"] == "stopped"
    left = [check for check in evidence["checks"] if check["why_unknown"] == "not-observed"]
    assert left
    assert all(check["message"].endswith("was stopped before this check") for check in left)


@pytest.mark.slow
def test_lf_runs_what_failed(site: Site) -> None:
    """Also after a run under xdist."""
    site.change("db1", "nothing-runs")
    first = site.audit_in_subprocess("-n", "2")
    failed = first.parseoutcomes()["failed"]
    second = site.audit_in_subprocess("--lf")
    second.assert_outcomes(failed=failed)


@pytest.mark.slow
@pytest.mark.parametrize("how", [["-n", "2"], ["-n", "2", "--dist", "loadgroup"], ["-n", "1"]])
def test_under_xdist_the_controller_observes_the_cluster_once(site: Site, how: list[str]) -> None:
    """And it writes the same evidence."""
    result = site.audit_in_subprocess(*how)
    result.assert_outcomes(passed=PLANNED - WITHOUT_PORT, skipped=WITHOUT_PORT)
    assert site.observed() == [["bill1", "config", "db1", "db2", "proc1", "sip1", "sip2", "web1"]]
    assert totals(site)["passed"] == PLANNED - WITHOUT_PORT
    evidence = json.loads((site.pack() / "evidence.json").read_text())
    assert len(evidence["hosts"]) == 8
    assert evidence["run"]["state"] == "complete"


@pytest.mark.slow
def test_the_evidence_is_the_same_with_and_without_xdist(site: Site) -> None:
    """But for the times and the command."""
    site.change("sip2", "down")
    site.audit_in_subprocess("-p", "no:xdist")
    path = site.pack() / "evidence.json"
    alone = json.loads(path.read_text())
    site.audit_in_subprocess("-n", "2")
    shared = json.loads(path.read_text())
    alone.pop("run")
    shared.pop("run")
    assert alone == shared


def test_an_interrupted_run_leaves_marked_evidence(site: Site) -> None:
    """What was seen is kept, what was not is unknown."""
    site.change("sip1", "interrupted")
    result = site.audit_in_subprocess()
    assert result.ret == 2
    evidence = json.loads((site.path / "reports/_partial/acme-prod/evidence.json").read_text())
    assert evidence["run"]["state"] == "interrupted"
    assert set(evidence["hosts"]) == {"bill1", "config", "db1", "db2", "proc1"}
    assert evidence["totals"]["unknown"] == PLANNED
    assert evidence["checks"][0]["message"].endswith("the run was interrupted before this check")


@pytest.mark.slow
@pytest.mark.parametrize("how", [[], ["-n", "2"]])
def test_a_person_who_interrupts_gets_evidence(site: Site, how: list[str]) -> None:
    """Control-C while a host keeps everybody waiting, also under xdist."""
    site.change("web1", "slow")
    site._write()
    command = [sys.executable, "-m", "pytest", "suites", "--cluster", "acme.yaml", *how]
    with subprocess.Popen(command, cwd=site.path, stdout=subprocess.PIPE, text=True) as run:
        deadline = time.monotonic() + 20
        while not site.observed() and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(0.3)
        run.send_signal(signal.SIGINT)
        run.communicate(timeout=20)
    evidence = json.loads((site.path / "reports/_partial/acme-prod/evidence.json").read_text())
    assert evidence["run"]["state"] == "interrupted"
    assert evidence["totals"]["planned"] == evidence["totals"]["unknown"] == PLANNED
