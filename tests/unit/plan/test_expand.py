"""What a cluster file and the tables expand to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from pytest_portaswitch import cluster as clusters
from pytest_portaswitch import tables
from pytest_portaswitch.plan import Plan, expand
from pytest_portaswitch.plan.check import (
    CannotAssess,
    HoldsConnection,
    Listens,
    Place,
    Ports,
    Presents,
    Reaches,
    RefusesWrites,
    Runs,
)
from pytest_portaswitch.plan.names import unmatched_names
from pytest_portaswitch.tables.pattern import of_program

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
WEB = "  web1: {private: 10.0.0.9, roles: [web]}\n"
"""A web server, which asks two databases."""


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
        "connection:bill1:db1:alerter:tcp-3306-or-3307",
        "reachability:bill1:db1:alerter:tcp-3306-or-3307",
    ]


def test_a_pinned_db_port_is_demanded(plan_of: PlanOf) -> None:
    """Each of the ports that the cluster file pins; a connection is held to one of them."""
    pinned = BASE.replace("[main-db]}", "[main-db], mysql: [3306, 3307]}")
    assert ids(plan_of(base=pinned), "bill1:db1:alerter") == [
        "connection:bill1:db1:alerter:tcp-3306-or-3307",
        "reachability:bill1:db1:alerter:tcp-3306",
        "reachability:bill1:db1:alerter:tcp-3307",
    ]


def held(plan: Plan, check_id: str) -> HoldsConnection:
    """What a check of a connection expects."""
    check = plan.check(check_id)
    assert check
    assert isinstance(check.expects, HoldsConnection)
    return check.expects


def test_a_connection_is_demanded_where_the_row_says_so(plan_of: PlanOf) -> None:
    """To the main DB at all times, to the replica on demand; a site may say otherwise."""
    web = (
        "  web1: {private: 10.0.0.9, roles: [web]}\n"
        "  db2: {private: 10.0.0.4, roles: [replica-db], mysql: 3307}\n"
    )
    plan = plan_of(web)
    main, replica = (
        "connection:web1:db1:taskstack:tcp-3306-or-3307",
        "connection:web1:db2:taskstack:tcp-3307",
    )
    assert held(plan, main).demanded
    assert not held(plan, replica).demanded
    override = (
        "overrides:\n  - {row: web.taskstack.main-db, connection: on-demand, reason: it polls}\n"
    )
    plan = plan_of(web + override)
    assert not held(plan, main).demanded
    check = plan.check(main)
    assert check
    assert check.notes[0] == (
        "deviates from the vendor's table: connection demanded -> on-demand (it polls)"
    )


def test_a_row_that_says_nothing_of_a_connection_has_no_such_check(plan_of: PlanOf) -> None:
    """Nor has one that a site turned round: who listens holds no connection."""
    turned = (
        "overrides:\n"
        "  - {row: billing.disconnector.nodes, port: 80, transport: tcp, protocol: http, "
        "direction: outgoing, peers: [sip1], reason: x}\n"
        "  - {row: billing.alerter.main-db, direction: incoming, reason: x}\n"
    )
    assert ids(plan_of(turned), "connection:") == [
        "connection:bill1:db1:billing-engine:tcp-3306-or-3307",
        "connection:bill1:db1:disconnector:tcp-3306-or-3307",
    ]


def test_of_two_db_servers_one_may_be_the_one_in_use(plan_of: PlanOf) -> None:
    """And public addresses are where nothing is to go."""
    plan = plan_of(
        "  db3: {private: 10.0.0.13, public: 203.0.113.13, roles: [main-db], mysql: 3306}\n"
    )
    expects = held(plan, "connection:bill1:db3:alerter:tcp-3306")
    assert [place.name for place in expects.instead] == ["db1"]
    assert expects.astray == ("203.0.113.13",)
    assert expects.behind == ()


def test_behind_a_virtual_ip_its_members_are_known(plan_of: PlanOf) -> None:
    """Who is connected to one of them itself does not follow a failover."""
    plan = plan_of(
        "  db3: {private: 10.0.0.13, roles: [main-db]}\n"
        "virtual_ips:\n"
        "  db-front: {address: 10.0.0.103, hosts: [db1, db3], serves: [mysql-server]}\n"
    )
    expects = held(plan, "connection:bill1:db-front:alerter:tcp-3306-or-3307")
    assert expects.behind == ("10.0.0.3", "10.0.0.13")
    assert expects.instead == ()


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


def test_a_row_whose_process_another_row_looks_for_is_listed(plan_of: PlanOf) -> None:
    """That TaskStack runs is asked for the main DB's row, which leaves the replica's without."""
    why = {row.row: row.why for row in plan_of(WEB).unexpanded}
    no_replica = "no host holds the role of a peer: replica-db"
    assert why["web.taskstack.replica-db"] == no_replica
    assert why["web.apache-fcgi.replica-db"] == no_replica


def test_a_row_that_names_no_peer_is_listed(plan_of: PlanOf, tmp_path: Path) -> None:
    """Also where its process is looked for anyway."""
    (tmp_path / "site.yaml").write_text(
        "format: portaswitch-tables\nversion: 1\nrows:\n"
        "  - {id: site.alerter, subcomponent: alerter, direction: outgoing, transport: tcp, "
        "ports: 25}\n"
        "  - {id: site.limits, subcomponent: limit-controller, direction: outgoing, "
        "transport: tcp, ports: 26, peers: [dispatching-node]}\n"
    )
    alone = BASE.replace("  sip2: {private: 10.0.0.8, roles: [dispatching-node]}\n", "")
    plan = plan_of("tables: [site.yaml]\n", base=alone)
    why = {row.row: row.why for row in plan.unexpanded}
    assert why["site.alerter"] == "it names no peer"
    assert {(one.row, one.place, one.why) for one in plan.unreached} >= {
        ("site.limits", "", "its only peers are where it is itself: sip1"),
    }


def unreached(plan: Plan) -> dict[tuple[str, str], str]:
    """What nobody would reach, by row and place, with the reason."""
    return {(one.row, one.place): one.why for one in plan.unreached}


def test_what_nobody_would_reach_is_listed(plan_of: PlanOf) -> None:
    """A listener without a peer is said, and so is a client without a server."""
    plan = plan_of(
        "virtual_ips:\n  front: {address: 10.0.0.100, hosts: [sip1, sip2], serves: [edge-proxy]}\n"
    )
    why = unreached(plan)
    assert (
        why["portasip.edge-proxy.udp", "front"]
        == "its only peers are where it is itself: sip1, sip2"
    )
    assert why["billing.diameter.nodes", "bill1"] == (
        "no host holds the role of a peer: other-node"
    )
    assert not {row for row, _ in why} & {"billing.radius.udp", "portasip.limit-controller.udp"}
    no_db = BASE.replace("  db1: {private: 10.0.0.3, roles: [main-db]}\n", "")
    assert unreached(plan_of(base=no_db))["billing.alerter.main-db", ""] == (
        "no host holds the role of a peer: main-db"
    )


def test_behind_a_virtual_ip_a_client_does_not_reach_itself(plan_of: PlanOf) -> None:
    """Where all clients of a server are behind its own virtual IP, nobody else is there to try."""
    both = BASE.replace("[main-db]", "[main-db, billing]")
    both = both.replace("bill1:", "db2:").replace("[billing]", "[main-db]")
    plan = plan_of(
        "virtual_ips:\n"
        "  db-front: {address: 10.0.0.103, hosts: [db1, db2], serves: [mysql-server]}\n",
        base=both,
    )
    assert unreached(plan)["billing.alerter.main-db", "db-front"] == (
        "no host but db1, db2 holds the role billing"
    )


@pytest.mark.parametrize("more", ["", WEB])
def test_every_row_is_either_planned_or_listed(plan_of: PlanOf, more: str) -> None:
    """Nothing of the tables disappears."""
    plan = plan_of(more)
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
        "connection:web1:db1:taskstack:tcp-3306:main-db",
        "connection:web1:db1:taskstack:tcp-3306:replica-db",
        "reachability:web1:db1:taskstack:tcp-3306:main-db",
        "reachability:web1:db1:taskstack:tcp-3306:replica-db",
    ]


def test_a_row_without_port_has_its_process_looked_for(plan_of: PlanOf) -> None:
    """Where Cassandra listens is not known; that it runs is."""
    assert ids(plan_of(WEB), "cassandra") == [
        "process:web1:cassandra",
        "reachability:web1:cassandra:no-port",
    ]


def test_a_process_of_which_a_row_with_a_port_speaks_stays_with_that_row(plan_of: PlanOf) -> None:
    """Rows without one add nothing to it."""
    check = plan_of(WEB).check("process:web1:apache-fcgi")
    assert check
    assert check.row == "web.apache-fcgi.main-db"


def test_a_process_is_pinned_by_its_own_name(plan_of: PlanOf) -> None:
    """As the tables name it, so that an interpreter or a folder before it does no harm."""
    plan = plan_of("processes:\n  alerter: {program: alarmd}\n")
    check = plan.check("process:bill1:alerter")
    assert check
    assert isinstance(check.expects, Runs)
    assert check.expects.process.label == "alarmd"
    assert check.expects.process.match == of_program("alarmd")


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


REPLICA = (
    "  web1: {private: 10.0.0.9, roles: [web]}\n"
    "  web2: {private: 10.0.0.10, roles: [web]}\n"
    "  db2: {private: 10.0.0.4, roles: [replica-db], mysql: 3307}\n"
)


def replicas(plan: Plan) -> dict[str, RefusesWrites]:
    """What is expected of each replica, by the check's id."""
    found = {check.id: check.expects for check in plan.checks if check.kind == "read-only"}
    return {i: expects for i, expects in found.items() if isinstance(expects, RefusesWrites)}


def test_each_replica_is_asked_once_from_a_peer(plan_of: PlanOf) -> None:
    """Two rows and two web servers, and one check of one server; the main DB has none."""
    assert replicas(plan_of(REPLICA)) == {
        "read-only:db2:mysql-server:tcp-3307": RefusesWrites(
            source="web1",
            destination=Place(name="db2", address="10.0.0.4", hosts=("db2",)),
            ports=Ports(transport="tcp", numbers=(3307,)),
            account="",
            lag=60,
        )
    }


def test_the_account_and_the_bound_are_those_of_the_cluster_file(plan_of: PlanOf) -> None:
    """And never the password."""
    more = "replica: {account: audit, lag: 5}\nsecrets: {mysql: {env: WHERE}}\n"
    (expects,) = replicas(plan_of(REPLICA + more)).values()
    assert (expects.account, expects.lag) == ("audit", 5)
    assert b"WHERE" not in msgspec.json.encode(expects)


def test_a_replica_of_which_no_port_is_pinned_is_looked_for_at_both(plan_of: PlanOf) -> None:
    """One of the two is its own."""
    plan = plan_of(REPLICA.replace(", mysql: 3307", ""))
    assert list(replicas(plan)) == ["read-only:db2:mysql-server:tcp-3306-or-3307"]


@pytest.mark.parametrize(
    "change",
    [
        ("[replica-db], mysql: 3307", "[replica-db, main-db], mysql: 3307"),
        ("[replica-db], mysql: 3307", "[replica-db], database: oracle"),
        ("[web]", "[logs]"),
    ],
)
def test_no_replica_where_others_write_or_nobody_reads(
    plan_of: PlanOf, change: tuple[str, str]
) -> None:
    """Nor where the database is out of scope."""
    assert replicas(plan_of(REPLICA.replace(*change))) == {}


def test_a_web_server_that_has_the_replica_itself_asks_it(plan_of: PlanOf) -> None:
    """Where there is no other peer."""
    plan = plan_of("  all1: {private: 10.0.0.9, roles: [web, replica-db], mysql: 3307}\n")
    (expects,) = replicas(plan).values()
    assert expects.source == "all1"


TLS = """\
  proc1: {private: 10.0.0.9, roles: [processing-node]}
virtual_ips:
  sip-front: {address: 10.0.0.100, hosts: [sip1, sip2], serves: [edge-proxy]}
tls:
  warn_days: 30
  names: {edge-proxy: sip.example.com, mail-proxy: {sip2: mail2.example.com}}
"""


def test_a_certificate_is_checked_once_at_each_place(plan_of: PlanOf) -> None:
    """From all peers that shake hands there anyway, with what the site declares for it."""
    plan = plan_of(TLS)
    assert [check.id for check in plan.checks if check.kind == "tls"] == [
        "tls:proc1:imap-server:tls-993",
        "tls:sip-front:edge-proxy:tls-5061",
        "tls:sip1:mail-proxy:tls-8091",
        "tls:sip2:mail-proxy:tls-8091",
    ]
    front = plan.check("tls:sip-front:edge-proxy:tls-5061")
    assert front is not None
    assert front.title == (
        "EdgeProxy on virtual IP sip-front shows a valid certificate on tls/5061 "
        "for sip.example.com"
    )
    assert isinstance(front.expects, Presents)
    assert front.expects.sources == ("proc1",)
    assert (front.expects.name, front.expects.server) == ("sip.example.com", "edge-proxy")
    assert front.expects.warn_days == 30
    names = [c.expects.name for c in plan.checks if isinstance(c.expects, Presents)]
    assert names == ["", "sip.example.com", "", "mail2.example.com"]


def test_a_certificate_that_nobody_meets_is_still_planned(plan_of: PlanOf) -> None:
    """It will be unknown: nothing disappears."""
    shared = TLS.partition("virtual_ips:")[2]
    plan = plan_of(f"virtual_ips:{shared}")
    front = plan.check("tls:sip-front:edge-proxy:tls-5061")
    assert front is not None
    assert isinstance(front.expects, Presents)
    assert front.expects.sources == ()


def test_the_server_on_the_other_side_of_an_outgoing_row(plan_of: PlanOf) -> None:
    """A peer of unknown make shows a certificate as well."""
    plan = plan_of(
        "  media1: {private: 10.0.0.11, roles: [other-node]}\n"
        "overrides:\n"
        "  - {row: billing.disconnector.nodes, port: 443, transport: tls, protocol: http, "
        "direction: outgoing, reason: test}\n"
    )
    (check,) = [check for check in plan.checks if check.id.startswith("tls:media1:")]
    assert check.id == "tls:media1:disconnector:tls-443"
    assert check.title == "the peer on media1 shows a valid certificate on tls/443"
    assert isinstance(check.expects, Presents)
    assert (check.expects.sources, check.expects.server) == (("bill1",), "")


def test_a_name_that_nothing_is_compared_with_is_a_mistake(tmp_path: Path) -> None:
    """With what could have been meant."""
    file = tmp_path / "acme.yaml"
    file.write_text(
        BASE
        + "tls:\n"
        + "  names:\n"
        + "    imap-server: imap.example.com\n"
        + "    mail-proxy: {sip1: a.example.com, bill1: b.example.com}\n"
    )
    cluster = clusters.load(file)
    problems = unmatched_names(cluster, expand(tables.load(cluster.release), cluster))
    assert [str(problem).replace(f"{tmp_path}/", "") for problem in problems] == [
        "acme.yaml:11: tls.names: 'imap-server': serves no TLS in this cluster "
        "(what does: edge-proxy, mail-proxy)",
        "acme.yaml:12: tls.names.mail-proxy: 'bill1': serves no TLS in this cluster "
        "(mail-proxy does on sip1, sip2)",
    ]
