"""A healthy cluster passes, row by row."""

from __future__ import annotations

import re

from pytest_portaswitch import tables
from pytest_portaswitch.lab import Lab

from .auditing import Result, audit


def test_a_healthy_cluster_has_no_failure(healthy: Result) -> None:
    """pytest ends well, every service answers for itself, and RTP arrives wherever it must."""
    assert healthy.run.returncode == 0, healthy.run.stdout
    assert healthy.causes("failed", "not-observed", "waived") == set()
    assert healthy.warned == set()
    assert healthy.evidence["totals"]["unknown"] == 0
    reached = [c for c in healthy.evidence["checks"] if c["kind"] == "reachability"]
    assert {c["grade"] for c in reached} == {"answered", "in-use"}
    ranges = [c for c in healthy.evidence["checks"] if c["kind"] == "port-range"]
    assert {c["grade"] for c in ranges} == {"delivered"}
    held = [c for c in healthy.evidence["checks"] if c["kind"] == "connection"]
    assert {c["grade"] for c in held} == {"in-use"}


def test_every_row_with_a_port_has_a_passing_listener(healthy: Result) -> None:
    """Each row of the vendor's tables is at work in the lab."""
    passing = {
        check["row"]
        for check in healthy.evidence["checks"]
        if check["kind"] == "listener" and check["verdict"] == "pass"
    }
    assert {row.id for row in tables.load("MR119").rows if row.ports} <= passing


def test_every_tls_port_shows_a_certificate_of_the_lab_s_authority(healthy: Result) -> None:
    """The four of the tables, each with version, cipher and days left; none is brought twice."""
    checks = [check for check in healthy.evidence["checks"] if check["kind"] == "tls"]
    assert {check["verdict"] for check in checks} == {"pass"}
    assert {check["port"] for check in checks} == {5061, 5051, 8091, 993}
    for check in checks:
        assert re.search(r"36[345] days more; TLSv1\.[23] \w+; seen from ", check["message"])
        assert check["expects"]["name"].endswith(".lab")
        assert len(check["expects"]["authorities"]) == 1
    brought = [name for host in healthy.evidence["hosts"].values() for name in host["certificates"]]
    assert len(brought) == len(set(brought)) == 5


def test_every_host_was_seen_with_everything(healthy: Result) -> None:
    """Python, root, release, clock, sockets with owners, and no gap."""
    for name, host in healthy.evidence["hosts"].items():
        assert host["type"] == "facts", name
        assert (host["method"], host["privileged"]) == ("python", True), name
        assert host["release"] == "MR119", name
        assert host["gaps"] == [], name
        assert host["clock"], name


def test_a_single_id_looks_at_two_hosts(full: Lab, healthy: Result) -> None:
    """Only what is selected is observed."""
    result = audit(full, "-k", "web1 and db2 and taskstack and reachability")
    assert set(result.evidence["hosts"]) == {"web1", "db2"}
    assert list(result.verdicts.values()) == ["pass"]


def test_the_audit_under_xdist_says_the_same(full: Lab, healthy: Result) -> None:
    """One worker visits the cluster, once."""
    assert audit(full, "-n", "2").verdicts == healthy.verdicts
