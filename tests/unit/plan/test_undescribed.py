"""Hosts whose roles or address the cluster file leaves open: it loads, and is never ready."""

from __future__ import annotations

from pathlib import Path

from pytest_portaswitch import tables
from pytest_portaswitch.cluster import load
from pytest_portaswitch.judge import judge
from pytest_portaswitch.plan import expand
from pytest_portaswitch.report.assessment import assessment_of

FILE = """\
cluster: acme
hosts:
  a: {private: 10.0.0.2, roles: unknown, mysql: 3306}
  b: {private: 10.0.0.3, roles: unknown}
  c: {private: unknown, roles: unknown, address: c.acme.example}
  d: {private: 10.0.0.4, roles: [logs]}
"""


def test_hosts_that_are_not_described_keep_a_cluster_from_being_ready(tmp_path: Path) -> None:
    """One check a host, which nobody can judge; what is missing is said once, with what to do."""
    path = tmp_path / "acme.yaml"
    path.write_text(FILE)
    cluster = load(path)
    assert [*cluster.hosts] == ["a", "b", "d"]
    known = tables.load(cluster.release)
    plan = expand(known, cluster)
    checks = [check for check in plan.checks if check.kind == "process"]
    assert [check.id for check in checks] == [f"process:{name}:roles" for name in "abc"]
    verdicts = {check.id: judge(check, {}) for check in checks}
    found = assessment_of(checks, verdicts, known, (), whole=True)
    assert [(one.title, one.fix) for one in found.missing] == [
        (
            "a and b: no service is looked for, as the roles are not known",
            "say them: hosts.NAME.roles",
        ),
        (
            "c: nobody looks there, as the private address is not known",
            "say it, and the roles: hosts.NAME.private and hosts.NAME.roles",
        ),
    ]
