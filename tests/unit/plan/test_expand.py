"""What a cluster file and the tables expand to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from pytest_portaswitch import cluster as clusters
from pytest_portaswitch import tables
from pytest_portaswitch.plan import Plan, expand
from pytest_portaswitch.plan.check import CannotAssess, Listens, Ports, Reaches

PlanOf = Callable[..., Plan]

BASE = """\
cluster: acme
release: MR119
hosts:
  config: {private: 10.0.0.2, roles: [configuration]}
  db1: {private: 10.0.0.3, roles: [main-db]}
  bill1: {private: 10.0.0.5, roles: [billing]}
  sip1: {private: 10.0.0.7, roles: [dispatching-node]}
  sip2: {private: 10.0.0.8, roles: [dispatching-node]}
"""


@pytest.fixture
def plan_of(tmp_path: Path) -> PlanOf:
    """Expand a cluster file given as text, appended to ``BASE``."""

    def plan(more: str = "", base: str = BASE) -> Plan:
        file = tmp_path / "acme.yaml"
        file.write_text(base + more)
        cluster = clusters.load(file)
        return expand(tables.load(cluster.release, cluster.tables), cluster)

    return plan


def ids(plan: Plan, part: str) -> list[str]:
    """The ids with a part in them."""
    return [check.id for check in plan.checks if part in check.id]


def test_a_plan_is_sorted_and_its_ids_are_unique(plan_of: PlanOf) -> None:
    """And making it twice gives the same bytes."""
    plan = plan_of()
    names = [check.id for check in plan.checks]
    assert sorted(set(names)) == names
    assert msgspec.json.encode(plan) == msgspec.json.encode(plan_of())


def test_names_are_unique_across_kinds(plan_of: PlanOf) -> None:
    """The id of a pytest parameter has no kind in it, and still names one check."""
    names = [check.name for check in plan_of().checks]
    assert len(names) == len(set(names))


def test_an_unpinned_db_port_is_a_choice(plan_of: PlanOf) -> None:
    """Nobody knows which of the two an instance uses."""
    assert ids(plan_of(), "bill1:db1:alerter") == [
        "reachability:bill1:db1:alerter:tcp-3306-or-3307"
    ]


def test_a_pinned_db_port_is_demanded(plan_of: PlanOf) -> None:
    """Each of the ports that the cluster file pins."""
    pinned = BASE.replace("[main-db]}", "[main-db], mysql: [3306, 3307]}")
    assert ids(plan_of(base=pinned), "bill1:db1:alerter") == [
        "reachability:bill1:db1:alerter:tcp-3306",
        "reachability:bill1:db1:alerter:tcp-3307",
    ]


def test_each_port_of_radius_is_reached_from_each_portasip_node(plan_of: PlanOf) -> None:
    """Host and peer stand as in the vendor's row; the source is the peer."""
    plan = plan_of()
    assert ids(plan, ":radius:") == [
        "listener:bill1:radius:udp-1812",
        "listener:bill1:radius:udp-1813",
        "reachability:bill1:sip1:radius:udp-1812",
        "reachability:bill1:sip1:radius:udp-1813",
        "reachability:bill1:sip2:radius:udp-1812",
        "reachability:bill1:sip2:radius:udp-1813",
    ]
    check = plan.check("reachability:bill1:sip1:radius:udp-1812")
    assert check
    assert isinstance(check.expects, Reaches)
    assert (check.host, check.peer, check.expects.source) == ("bill1", "sip1", "sip1")
    assert check.expects.destination.address == "10.0.0.5"
    assert check.title == "RADIUS on bill1 is reached from sip1 on udp/1812"


def test_behind_a_virtual_ip_a_listener_is_expected_once(plan_of: PlanOf) -> None:
    """At its address, on whichever member holds it; members do not probe their own."""
    plan = plan_of(
        "virtual_ips:\n  front: {address: 10.0.0.100, hosts: [sip1, sip2], serves: [edge-proxy]}\n"
    )
    assert ids(plan, "edge-proxy:udp-5060") == ["listener:front:edge-proxy:udp-5060"]
    check = plan.check("listener:front:edge-proxy:udp-5060")
    assert check
    assert isinstance(check.expects, Listens)
    assert check.expects.place.hosts == ("sip1", "sip2")
    assert check.expects.place.address == "10.0.0.100"
    assert ids(plan, "limit-controller") == [
        "listener:sip1:limit-controller:udp-5070",
        "listener:sip2:limit-controller:udp-5070",
        "reachability:sip1:sip2:limit-controller:udp-5070",
        "reachability:sip2:sip1:limit-controller:udp-5070",
    ]


def test_rows_that_expand_to_nothing_are_listed_with_the_reason(plan_of: PlanOf) -> None:
    """A role that no host has is visible."""
    why = {row.row: row.why for row in plan_of().unexpanded}
    assert why["web.taskstack.main-db"] == "no host holds the role web"
    assert why["portasip.rtp-proxy.rtp"] == "no host holds the role processing-node"
    no_db = BASE.replace("  db1: {private: 10.0.0.3, roles: [main-db]}\n", "")
    why = {row.row: row.why for row in plan_of(base=no_db).unexpanded}
    # Billing Engine itself is still looked for.
    assert "billing.alerter.main-db" not in why


def test_every_row_is_either_planned_or_listed(plan_of: PlanOf) -> None:
    """Nothing of the tables disappears."""
    plan = plan_of()
    rows = {row.id for row in tables.load("MR119").rows}
    assert {check.row for check in plan.checks if check.row} | {
        row.row for row in plan.unexpanded
    } == rows


def test_a_row_without_port_is_one_check_a_host_that_cannot_be_assessed(plan_of: PlanOf) -> None:
    """It says what would make it assessable."""
    (check,) = [c for c in plan_of().checks if c.row == "billing.disconnector.nodes"]
    assert check.id == "reachability:bill1:disconnector:no-port"
    assert check.expects == CannotAssess(
        why="the vendor's table gives no port for this row",
        fix="an override of billing.disconnector.nodes in the cluster file may give one",
    )


def test_an_override_gives_a_port_and_shows_as_a_deviation(plan_of: PlanOf) -> None:
    """With its reason, and with confidence ``site``."""
    plan = plan_of(
        "overrides:\n"
        "  - {row: billing.diameter.nodes, port: 3870, peers: [sip1], reason: 'ticket 123'}\n"
    )
    assert ids(plan, "diameter") == [
        "listener:bill1:diameter:tcp-3870",
        "reachability:bill1:sip1:diameter:tcp-3870",
    ]
    check = plan.check("listener:bill1:diameter:tcp-3870")
    assert check
    assert check.confidence == "site"
    assert check.notes[0] == (
        "deviates from the vendor's table: port 3868 -> 3870; peers other-node -> sip1 (ticket 123)"
    )


def test_a_db_server_with_both_roles_keeps_ids_apart(plan_of: PlanOf) -> None:
    """Main and replica rows meet on one host and port."""
    both = BASE.replace("[main-db]}", "[main-db, replica-db], mysql: 3306}")
    plan = plan_of("  web1: {private: 10.0.0.9, roles: [web]}\n", base=both)
    assert ids(plan, "web1:db1:taskstack") == [
        "reachability:web1:db1:taskstack:tcp-3306:main-db",
        "reachability:web1:db1:taskstack:tcp-3306:replica-db",
    ]


def test_an_oracle_database_is_out_of_scope_and_said_so(plan_of: PlanOf) -> None:
    """Never a pass, never silently left out."""
    plan = plan_of("database: oracle\n")
    checks = [c for c in plan.checks if c.row == "billing.alerter.main-db"]
    assert [check.id for check in checks] == [
        "process:bill1:alerter",
        "reachability:bill1:db1:alerter:oracle",
    ]
    assert checks[1].expects == CannotAssess(
        why="the cluster file declares the database of db1 as oracle, which is out of scope",
        fix="check the database's own listener by hand",
    )


def test_a_process_is_pinned_by_the_cluster_file(plan_of: PlanOf) -> None:
    """The site knows better than the table."""
    plan = plan_of("processes:\n  radius: {match: 'porta-aaa'}\n")
    check = plan.check("listener:bill1:radius:udp-1812")
    assert check
    assert isinstance(check.expects, Listens)
    assert (check.expects.process.match, check.expects.process.confidence) == (
        "porta-aaa",
        "pinned",
    )


def test_the_configuration_server_reaches_every_other_host(plan_of: PlanOf) -> None:
    """The first binding sentence."""
    assert ids(plan_of(), "configuration-server") == [
        f"private-network:config:{name}:configuration-server"
        for name in ("bill1", "db1", "sip1", "sip2")
    ]


def test_each_host_with_peers_uses_its_private_interface(plan_of: PlanOf) -> None:
    """The second binding sentence."""
    assert ids(plan_of(), "private-interface") == [
        f"private-network:{name}:private-interface"
        for name in ("bill1", "config", "db1", "sip1", "sip2")
    ]


@pytest.mark.parametrize(
    ("ports", "label", "words"),
    [
        (Ports(transport="udp", numbers=(1812,)), "udp-1812", "udp/1812"),
        (
            Ports(transport="tcp", numbers=(3306, 3307), demand="one"),
            "tcp-3306-or-3307",
            "tcp/3306 or tcp/3307",
        ),
        (
            Ports(transport="udp", numbers=(35000, 64999), demand="range"),
            "udp-35000-64999",
            "udp/35000-64999",
        ),
    ],
)
def test_ports_are_named_for_ids_and_for_people(ports: Ports, label: str, words: str) -> None:
    """Both forms stand in ids, titles and messages."""
    assert (ports.label, ports.words) == (label, words)
