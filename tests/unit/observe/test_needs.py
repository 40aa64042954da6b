"""What checks need becomes one request a host, with each probe once."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_portaswitch import cluster as clusters
from pytest_portaswitch import tables
from pytest_portaswitch.cluster import Cluster
from pytest_portaswitch.observe.needs import requests
from pytest_portaswitch.observe.questions import Questions
from pytest_portaswitch.plan import Plan, expand

QUESTIONS = Questions(b"0" * 16, {})
ACME = Path(__file__).parents[2] / "plugin" / "acme.yaml"


@pytest.fixture(scope="module")
def cluster() -> Cluster:
    """acme-prod."""
    return clusters.load(ACME)


@pytest.fixture(scope="module")
def plan(cluster: Cluster) -> Plan:
    """Its plan."""
    return expand(tables.load(cluster.release), cluster)


def test_five_rows_that_rest_on_one_probe_send_it_once(cluster: Cluster, plan: Plan) -> None:
    """Billing Engine, Alerter and Disconnector all reach the main DB."""
    request = requests(plan.checks, cluster, 3.0, QUESTIONS)["bill1"]
    assert [probe.key for probe in request.probes] == ["tcp:10.0.0.3:3306"]
    assert request.probes[0].protocol == "mysql"
    assert set(request.scripts) == {"tcp:10.0.0.3:3306"}


def test_a_host_sends_only_where_the_tables_name_it_as_a_peer(cluster: Cluster, plan: Plan) -> None:
    """No probe goes to anything but an address of the cluster."""
    asked = requests(plan.checks, cluster, 3.0, QUESTIONS)
    addresses = {host.private for host in cluster.hosts.values()} | {"10.0.0.100"}
    assert {p.address for r in asked.values() for p in r.probes} <= addresses
    assert [p.key for p in asked["db1"].probes] == []
    assert {p.transport for p in asked["config"].probes} == {"icmp", "tcp"}


def test_the_destination_is_looked_at_as_well(cluster: Cluster, plan: Plan) -> None:
    """Its sockets tell why a probe did not come through."""
    check = plan.check("reachability:web1:db2:taskstack:tcp-3307")
    assert check
    assert set(requests([check], cluster, 3.0, QUESTIONS)) == {"db2", "web1"}


def test_a_virtual_ip_needs_all_its_members(cluster: Cluster, plan: Plan) -> None:
    """Nobody knows beforehand who holds it."""
    check = plan.check("listener:sip-front:edge-proxy:udp-5060")
    assert check
    assert set(requests([check], cluster, 3.0, QUESTIONS)) == {"sip1", "sip2"}


def test_routes_are_asked_for_the_peers_only(cluster: Cluster, plan: Plan) -> None:
    """What the second binding sentence speaks of."""
    request = requests(plan.checks, cluster, 3.0, QUESTIONS)["web1"]
    assert request.routes_to == ("10.0.0.2", "10.0.0.3", "10.0.0.4")
    assert request.probe_timeout == 3.0
