"""What checks need becomes one request a host, with each probe once."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from pytest_portaswitch import cluster as clusters
from pytest_portaswitch import tables
from pytest_portaswitch.cluster import Cluster
from pytest_portaswitch.cluster.model import Questions as Asked
from pytest_portaswitch.cluster.secret import Secret
from pytest_portaswitch.observe.needs import requests
from pytest_portaswitch.observe.questions import Questions
from pytest_portaswitch.observe.request import Stream
from pytest_portaswitch.plan import Plan, expand
from pytest_portaswitch.plan.check import (
    HasConnection,
    HoldsConnection,
    Ports,
    Presents,
    Reaches,
    RefusesWrites,
)
from pytest_portaswitch.plan.effective import port_role

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


def test_sshd_is_knocked_at_only_where_no_echo_comes_back(cluster: Cluster, plan: Plan) -> None:
    """It would log that somebody knocked; who echoes is there."""
    probes = {p.key: p for p in requests(plan.checks, cluster, 3.0, QUESTIONS)["config"].probes}
    assert probes["icmp:10.0.0.3:0"].unless == ""
    assert probes["tcp:10.0.0.3:22"].unless == "icmp:10.0.0.3:0"


@pytest.mark.parametrize("order", [1, -1])
def test_what_a_row_asks_at_the_ssh_port_is_asked_in_any_case(
    cluster: Cluster, plan: Plan, order: int
) -> None:
    """A site's own row about that port rests on the same probe, and needs its answer."""
    own = plan.check("private-network:config:db1:configuration-server")
    assert own
    assert isinstance(own.expects, HasConnection)
    row = Reaches(
        source="config",
        destination=own.expects.destination,
        ports=Ports(transport="tcp", numbers=(22,)),
        protocol="ssh",
        least_grade="answered",
    )
    checks = [own, msgspec.structs.replace(own, id="other", expects=row)][::order]
    probes = {p.key: p for p in requests(checks, cluster, 3.0, QUESTIONS)["config"].probes}
    assert probes["tcp:10.0.0.3:22"].unless == ""


def test_the_destination_is_looked_at_as_well(cluster: Cluster, plan: Plan) -> None:
    """Its sockets tell why a probe did not come through."""
    check = plan.check("reachability:web1:db2:taskstack:tcp-3307")
    assert check
    assert set(requests([check], cluster, 3.0, QUESTIONS)) == {"db2", "web1"}


def test_each_peer_tries_a_range_in_an_order_of_its_own(cluster: Cluster, plan: Plan) -> None:
    """The same one each time, and not from the lowest port on."""
    asked = requests(plan.checks, cluster, 3.0, QUESTIONS)
    ports = [[p.port for p in r.watched if p.address == "10.0.0.8"] for r in asked.values()]
    orders = [[sorted(tried).index(port) for port in tried] for tried in ports if tried]
    assert len(orders) > 1
    assert len({tuple(order) for order in orders}) == len(orders)
    assert sorted(orders[0]) != orders[0]
    again = requests(plan.checks, cluster, 3.0, QUESTIONS)
    assert {n: r.watched for n, r in again.items()} == {n: r.watched for n, r in asked.items()}


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


def test_a_held_connection_is_read_from_its_own_host_only(cluster: Cluster, plan: Plan) -> None:
    """Nothing is sent for it; public addresses are looked for too, where nothing is to go."""
    check = plan.check("connection:bill1:db1:alerter:tcp-3306")
    assert check
    assert isinstance(check.expects, HoldsConnection)
    expects = msgspec.structs.replace(check.expects, astray=("203.0.113.3",))
    asked = requests([msgspec.structs.replace(check, expects=expects)], cluster, 3.0, QUESTIONS)
    assert set(asked) == {"bill1"}
    assert asked["bill1"].probes == ()
    assert {"10.0.0.3", "203.0.113.3"} <= set(asked["bill1"].connections_to)


def test_a_replica_is_asked_over_a_stream_and_only_with_an_account(
    cluster: Cluster, plan: Plan
) -> None:
    """What goes to the host is an address and a port: neither account nor password."""
    check = plan.check("read-only:db2:mysql-server:tcp-3307")
    assert check
    assert requests([check], cluster, 3.0, QUESTIONS) == {}
    assert isinstance(check.expects, RefusesWrites)
    expects = msgspec.structs.replace(check.expects, account="audit")
    checks = [msgspec.structs.replace(check, expects=expects)]
    asked = requests(checks, cluster, 3.0, Questions(b"0" * 16, {"mysql": Secret("x")}, "audit"))
    assert set(asked) == {"web1"}
    assert asked["web1"].relays == (
        Stream(key="mysql:10.0.0.4:3307", address="10.0.0.4", port=3307, patience=10.0),
    )
    assert b"audit" not in msgspec.json.encode(asked["web1"])
    # A hook may plan such a check without a password; a server counts who connects and leaves.
    assert QUESTIONS.dialogue is None
    assert requests(checks, cluster, 3.0, QUESTIONS)["web1"].relays == ()


def test_what_a_site_has_asked_is_asked_where_logins_go(cluster: Cluster) -> None:
    """An Access-Request at the lower RADIUS port, a bind; nothing else changes."""
    asking = Asked(radius="access-request", smpp="bind")
    own = msgspec.structs.replace(cluster, questions=asking)
    rows = tables.load(cluster.release)
    plan = expand(rows, own)
    usual, asked = (
        requests(expand(rows, one).checks, cluster, 3.0, QUESTIONS)["proc1"]
        for one in (cluster, own)
    )
    other = {key for key, script in asked.scripts.items() if script != usual.scripts[key]}
    assert other == {"udp:10.0.0.5:1812", "tcp:10.0.0.7:2775", "tcp:10.0.0.9:2775"}
    login = asked.scripts["udp:10.0.0.5:1812"][0].send
    assert (login[0], usual.scripts["udp:10.0.0.5:1812"][0].send[0]) == (1, 12)
    assert asked.scripts.keys() == usual.scripts.keys()
    check = plan.check("reachability:bill1:proc1:radius:udp-1812")
    assert check
    note = "this site has asked access-request on udp/1812: a login that is to be refused"
    assert note in check.notes


def test_probes_know_what_a_radius_port_is_for(cluster: Cluster, plan: Plan) -> None:
    """The lower of two is for logins; of one that a site names alone nobody knows."""
    probes = requests(plan.checks, cluster, 3.0, QUESTIONS)["proc1"].probes
    roles = {probe.key: probe.port_role for probe in probes}
    assert {key: role for key, role in roles.items() if role} == {
        "udp:10.0.0.5:1812": "authentication",
        "udp:10.0.0.5:1813": "accounting",
    }
    row = next(row for row in tables.load(cluster.release).rows if row.protocol == "radius")
    alone = msgspec.structs.replace(row, ports=row.ports[1:])
    assert port_role(alone, Ports(transport="udp", numbers=row.ports[1:])) == ""


def test_a_certificate_costs_no_connection_of_its_own(cluster: Cluster, plan: Plan) -> None:
    """The probe that asks the service brings it along; alone it is sent by every peer."""
    asked = requests(plan.checks, cluster, 3.0, QUESTIONS)
    without = [check for check in plan.checks if check.kind != "tls"]
    assert requests(without, cluster, 3.0, QUESTIONS) == asked
    only = [check for check in plan.checks if check.id == "tls:sip1:mail-proxy:tls-8091"]
    requested = requests(only, cluster, 3.0, QUESTIONS)
    assert {name: [p.key for p in request.probes] for name, request in requested.items()} == {
        "proc1": ["tls:10.0.0.7:8091"],
        "sip1": [],
        "sip2": ["tls:10.0.0.7:8091"],
    }
    assert requested["proc1"].scripts == {
        "tls:10.0.0.7:8091": asked["proc1"].scripts["tls:10.0.0.7:8091"]
    }


def test_a_declared_name_is_asked_for(cluster: Cluster, plan: Plan) -> None:
    """One address may serve several names; the probe is still sent once."""
    checks = [
        msgspec.structs.replace(c, expects=msgspec.structs.replace(c.expects, name="a.example"))
        if isinstance(c.expects, Presents)
        else c
        for c in plan.checks
    ]
    for order in (checks, checks[::-1]):
        probes = requests(order, cluster, 3.0, QUESTIONS)["proc1"].probes
        names = {probe.key: probe.name for probe in probes if probe.transport == "tls"}
        assert len(names) == len([p for p in probes if p.transport == "tls"])
        assert set(names.values()) == {"a.example"}
