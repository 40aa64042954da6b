"""Warnings of what the cluster file itself says: one cause, whatever else is wrong there."""

from __future__ import annotations

from pathlib import Path

from pytest_portaswitch import cluster as clusters
from pytest_portaswitch import tables
from pytest_portaswitch.causes import explain
from pytest_portaswitch.judge import judge
from pytest_portaswitch.plan import expand
from tests.plugin import healthy
from tests.plugin.scripted import NAMES

FILE = """\
cluster: acme
hosts:
  core1: {private: 10.19.0.2, roles: [configuration, web]}
  db1: {private: 10.19.0.3, public: 10.11.0.3, roles: [main-db], mysql: 3306}
  sip1: {private: 10.0.0.7, roles: [dispatching-node]}
  sip2: {private: 10.0.0.8, roles: [dispatching-node]}
virtual_ips:
  front: {address: 10.11.0.4, hosts: [sip1, sip2], serves: [edge-proxy], standby: running}
"""


def test_each_is_one_warning_with_all_its_checks(tmp_path: Path) -> None:
    """A network has one cause, however many addresses lie in it; a check has one, its first."""
    file = tmp_path / "acme.yaml"
    file.write_text(FILE)
    cluster = clusters.load(file)
    plan = expand(tables.load(), cluster)
    facts = healthy.facts(plan.checks, healthy.matching_names(plan.checks, NAMES))
    verdicts = {check.id: judge(check, facts) for check in plan.checks}
    found = {
        cause.id: (cause.title, cause.checks)
        for cause in explain(plan.checks, verdicts, facts)
        if cause.severity == "warning"
    }
    assert found == {
        "reserved-network:10.11.0.0-16": (
            "addresses of the cluster lie in 10.11.0.0/16, which PortaSwitch keeps for itself",
            ("redundancy:front:virtual-ip",),
        ),
        "reserved-network:10.19.0.0-16": (
            "addresses of the cluster lie in 10.19.0.0/16, which PortaSwitch keeps for itself",
            ("private-network:db1:private-interface",),
        ),
        "shared-server:core1:configuration": (
            "core1 has the role configuration, which wants a server of its own, and others: web",
            ("private-network:core1:private-interface",),
        ),
    }
    assert verdicts["private-network:core1:private-interface"].warnings == (
        "core1 has the role configuration and others besides: web; the vendor's layouts give that "
        "role a server of its own",
        "10.19.0.2 of core1 lies in 10.19.0.0/16, which PortaSwitch keeps for itself",
    )
    assert verdicts["private-network:db1:private-interface"].warnings == (
        "10.19.0.3 of db1 lies in 10.19.0.0/16, which PortaSwitch keeps for itself",
        "10.11.0.3 of db1 lies in 10.11.0.0/16, which PortaSwitch keeps for itself",
    )
