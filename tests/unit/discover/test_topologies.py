"""Of a whole healthy cluster, the roles are found that it has, as far as anything tells them."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from pytest_portaswitch import cluster, discover, tables
from pytest_portaswitch.discover import Target
from pytest_portaswitch.discover.databases import DB_ROLES
from pytest_portaswitch.discover.virtual_ips import VirtualIp
from pytest_portaswitch.lab import topology
from pytest_portaswitch.plan import expand
from tests.plugin import healthy
from tests.plugin.scripted import NAMES

from .making import draft, found, lab_facts, read_back

ACME = Path(__file__).parents[2] / "plugin" / "acme.yaml"
UNTOLD = {"configuration", "media-server", "other-node", "logs", "monitoring"}
"""Roles for which the tables have neither a process nor a port."""


@pytest.mark.parametrize("shape", ["full", "small", "wide"])
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


@pytest.mark.parametrize("shape", ["four", "other"])
def test_no_role_is_made_up_for_hosts_whose_daemons_have_other_names(
    shape: str, tmp_path: Path
) -> None:
    """Main and replica are told apart though the ports are swapped and a proxy holds one."""
    wanted = topology.load(shape)
    what = found([Target(host.private) for host in wanted.hosts], lab_facts(wanted))
    for host, spec in zip(what.hosts, wanted.hosts, strict=True):
        proposed = {proposal.role for proposal in host.roles.proposed}
        assert proposed <= {*spec.roles}, host.name
        assert proposed & {*DB_ROLES} == {*spec.roles} & {*DB_ROLES}, host.name
    assert {h.name: h.mysql for h in what.hosts if h.mysql} == {"ocs": (3307,), "web": (3306,)}
    assert read_back(draft(what), tmp_path) == []


def test_roles_that_a_file_says_give_pins_and_questions() -> None:
    """Two services of one port are told apart by the file's virtual IPs."""
    other = topology.load("other")
    targets = [Target(host.private, host.name, roles=host.roles) for host in other.hosts]
    shared = [VirtualIp(one.address, "", one.hosts, one.serves) for one in other.virtual_ips]
    what = discover.infer(targets, lab_facts(other), tables.load(), shared)
    assert {pin.subcomponent: pin.pattern for pin in what.pins.pins} == {
        "diameter": "freeDiameterd",
        "mail-proxy": "master|nginx",
        "limit-controller": "kamailio",
        "smpp-proxy": "smscd",
        "dispatching-sbc": "kamailio",
        "imgate": "simpled|simpled-smpp",
        "registrar": "locationd",
        "subscription-manager": "presenced",
        "imap-server": "cyrmaster",
    }
    asked = {one.subcomponent: (one.program, one.why) for one in what.pins.strangers}
    assert asked == {
        "radius": ("radsecproxy", "it is known to be called radiusd"),
        "edge-proxy": (r"beam\.smp", "it is known to be called edgeproxy"),
        "mysql-server": ("haproxy|mariadbd", "it is known to be called mysqld|mariadbd"),
    }
    assert {one.subcomponent.id: one.hosts for one in what.pins.unseen} == {
        "billing-engine": ("ocs",),
        "alerter": ("ocs",),
        "disconnector": ("ocs",),
        "rtp-proxy": ("um1", "um2"),
        "taskstack": ("web",),
        "apache-fcgi": ("web",),
        "cassandra": ("web",),
    }
