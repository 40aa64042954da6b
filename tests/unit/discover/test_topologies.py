"""Of a whole healthy cluster, the roles are found that it has, as far as anything tells them."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from pytest_portaswitch import cluster, tables
from pytest_portaswitch.discover import Target
from pytest_portaswitch.lab import topology
from pytest_portaswitch.plan import expand
from tests.plugin import healthy
from tests.plugin.scripted import NAMES

from .making import draft, found, lab_facts, read_back

ACME = Path(__file__).parents[2] / "plugin" / "acme.yaml"
UNTOLD = {"configuration", "media-server", "other-node", "logs", "monitoring"}
"""Roles for which the tables have neither a process nor a port."""


@pytest.mark.parametrize("shape", topology.shipped())
def test_the_roles_of_a_lab_are_found(shape: str, tmp_path: Path) -> None:
    """From the lab's list of what runs where; no host gets one that it does not have."""
    wanted = topology.load(shape)
    targets = [Target(host.private) for host in wanted.hosts]
    what = found(targets, lab_facts(wanted))
    roles = {host.name: [p.role for p in host.roles.proposed] for host in what.hosts}
    assert {name: set(has) for name, has in roles.items()} == {
        host.name: set(host.roles) - UNTOLD for host in wanted.hosts
    }
    assert set(what.silent) == UNTOLD
    document = yaml.safe_load(draft(what))
    assert document["release"] == wanted.release
    assert {name: (h["private"], h["public"]) for name, h in document["hosts"].items()} == {
        host.name: (host.private, host.public) for host in wanted.hosts
    }
    shared = document.get("virtual_ips", {}).values()
    assert [(v["address"], v["hosts"], v["serves"]) for v in shared] == [
        (v.address, [*v.hosts], [*v.serves]) for v in wanted.virtual_ips
    ]
    assert read_back(draft(what), tmp_path) == []


def test_the_roles_of_a_healthy_audit_are_found(tmp_path: Path) -> None:
    """From the facts by which the plan of a cluster file passes, with virtual IP and all."""
    acme = cluster.load(ACME)
    checks = expand(tables.load(acme.release), acme).checks
    facts = healthy.facts(checks, healthy.matching_names(checks, NAMES))
    targets = [Target(host.private, host.name) for host in acme.hosts.values()]
    what = found(targets, [facts[name] for name in acme.hosts])
    roles = {host.name: {p.role for p in host.roles.proposed} for host in what.hosts}
    assert roles == {name: {*host.roles} - UNTOLD for name, host in acme.hosts.items()}
    assert {host.name: host.mysql for host in what.hosts if host.mysql} == {
        "db1": (3306,),
        "db2": (3307,),
    }
    assert read_back(draft(what), tmp_path) == []
