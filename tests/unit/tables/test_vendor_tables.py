"""The vendor's tables, held against a list of facts taken from the vendor's page by hand."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import pytest_portaswitch.tables
from pytest_portaswitch.tables import Row, load

TABLES = load()
PACKAGE = Path(pytest_portaswitch.tables.__file__).parents[1]

# (title of the subcomponent, transport as assessed, ports as the page writes them, its lines)
FACTS = [
    ("Billing Engine", "tcp", "3306/3307", "11-15"),
    ("RADIUS", "udp", "1812/1813", "16-20"),
    ("Alerter", "tcp", "3306/3307", "21-25"),
    ("Disconnector", "tcp", "3306/3307", "26-30"),
    ("Disconnector", None, "", "31-35"),
    ("Diameter", "tcp", "3868", "36-40"),  # the page: UDP without a port; see the row's oddity
    ("EdgeProxy", "udp", "5060", "48-51"),
    ("EdgeProxy", "tcp", "5060", "52-54"),
    ("EdgeProxy", "tls", "5061", "55-58"),
    ("Mail proxy", "tcp", "8081", "59-62"),
    ("Mail proxy", "tls", "8091", "63-66"),
    ("Mail proxy", "tcp", "8101", "67-70"),
    ("Limit controller", "udp", "5070", "71-74"),
    ("SMPP proxy", "tcp", "2775", "75-78"),
    ("Dispatching SBC", "udp", "5060", "81-84"),
    ("Dispatching SBC", "tcp", "5060", "85-87"),
    ("Dispatching SBC", "tls", "5051", "88-91"),
    ("IMGate", "tcp", "2775", "94-97"),
    ("IMGate", "udp", "5960", "98-101"),
    ("IMGate", "tcp", "5960", "102-104"),
    ("IMGate", "udp", "5961", "105-108"),
    ("IMGate", "tcp", "5961", "109-111"),
    ("RTP proxy", "udp", "35000-64999", "112-115"),
    ("Registrar", "tcp", "5065", "116-119"),
    ("Registrar", "udp", "5065", "120-122"),
    ("Subscription manager", "tcp", "5066", "123-126"),
    ("Subscription manager", "udp", "5066", "127-129"),
    ("IMAP server", "tcp", "143", "130-133"),
    ("IMAP server", "tls", "993", "134-136"),
    ("TaskStack", "tcp", "3306/3307", "143-147"),
    ("TaskStack", "tcp", "3306/3307", "148-152"),
    ("Apache/FCGI", None, "", "153-157"),
    ("Apache/FCGI", "tcp", "3306/3307", "158-162"),
    ("Apache/FCGI", "tcp", "3306/3307", "163-167"),
    ("Cassandra", None, "", "168-172"),
]


def as_fact(row: Row) -> tuple[str, str | None, str, str]:
    """A row in the form of the list above."""
    ports = ("-" if row.demand == "range" else "/").join(map(str, row.ports))
    title = TABLES.subcomponents[row.subcomponent].title
    return title, row.transport, ports, row.source.removeprefix("vendor tables, lines ")


def test_every_row_of_the_page_is_there_and_no_other() -> None:
    """Rows, transports, ports and lines are those of the page."""
    rows = sorted((row for row in TABLES.rows if row.rule == "port"), key=as_fact_line)
    assert [as_fact(row) for row in rows] == FACTS


def as_fact_line(row: Row) -> int:
    """Where a row begins on the page."""
    return int(re.findall(r"\d+", row.source)[0])


def test_the_two_sentences_that_bind() -> None:
    """They are rows too, without subcomponent or port."""
    binding = [row for row in TABLES.rows if row.rule != "port"]
    assert [row.id for row in binding] == [
        "binding.configuration-connection",
        "binding.private-interface",
    ]
    assert [row.rule for row in binding] == ["configuration-connection", "private-interface"]
    assert {row.source for row in binding} == {"vendor tables, line 2"}
    assert {(row.subcomponent, row.ports, row.transport) for row in binding} == {("", (), None)}


def test_ids_are_stable() -> None:
    """Ids stand in cluster files and in evidence: this list may grow, never change."""
    assert [row.id for row in TABLES.rows] == [
        "billing.alerter.main-db",
        "billing.billing-engine.main-db",
        "billing.diameter.nodes",
        "billing.disconnector.main-db",
        "billing.disconnector.nodes",
        "billing.radius.udp",
        "binding.configuration-connection",
        "binding.private-interface",
        "portasip.dispatching-sbc.tcp",
        "portasip.dispatching-sbc.tls",
        "portasip.dispatching-sbc.udp",
        "portasip.edge-proxy.tcp",
        "portasip.edge-proxy.tls",
        "portasip.edge-proxy.udp",
        "portasip.imap-server.imap",
        "portasip.imap-server.imaps",
        "portasip.imgate.incoming-tcp",
        "portasip.imgate.incoming-udp",
        "portasip.imgate.outgoing-tcp",
        "portasip.imgate.outgoing-udp",
        "portasip.imgate.smpp",
        "portasip.limit-controller.udp",
        "portasip.mail-proxy.imap",
        "portasip.mail-proxy.imaps",
        "portasip.mail-proxy.smtp",
        "portasip.registrar.tcp",
        "portasip.registrar.udp",
        "portasip.rtp-proxy.rtp",
        "portasip.smpp-proxy.smpp",
        "portasip.subscription-manager.tcp",
        "portasip.subscription-manager.udp",
        "web.apache-fcgi.main-db",
        "web.apache-fcgi.nodes",
        "web.apache-fcgi.replica-db",
        "web.cassandra.nodes",
        "web.taskstack.main-db",
        "web.taskstack.replica-db",
    ]


def test_confidence_is_carried() -> None:
    """One row is contradicted, three have no port, the others stand as the vendor says."""
    odd = {row.id: row.confidence for row in TABLES.rows if row.confidence != "documented"}
    assert odd == {
        "billing.diameter.nodes": "contradicted",
        "billing.disconnector.nodes": "unspecified",
        "web.apache-fcgi.nodes": "unspecified",
        "web.cassandra.nodes": "unspecified",
    }


def test_unspecified_rows_have_nothing_to_assess() -> None:
    """No port, no transport, and an oddity that says so."""
    unspecified = [row for row in TABLES.rows if row.confidence == "unspecified"]
    for row in unspecified:
        assert (row.ports, row.transport) == ((), None)
        assert "not assessable" in row.oddity
        assert row.assumption


def test_rows_of_the_portasip_cluster_say_what_they_assume() -> None:
    """The page names no peers for them."""
    rows = [row for row in TABLES.rows if row.id.startswith("portasip.")]
    for row in rows:
        assert row.peers == ("dispatching-node", "dispatching-sbc", "processing-node")
        assert row.direction == "incoming"
        assert "names no peers" in row.assumption


def test_database_rows() -> None:
    """One of two ports, from the subcomponent to a MySQL server that no row of its own has."""
    rows = [row for row in TABLES.rows if row.protocol == "mysql"]
    for row in rows:
        assert row.direction == "outgoing"
        assert row.serves == "mysql-server"
        assert row.demand == "one"
        assert row.oddity
    assert {row.peers for row in rows} == {("main-db",), ("replica-db",)}
    implied = [sub.id for sub in TABLES.subcomponents.values() if sub.implied]
    assert implied == ["b2bua", "mysql-server"]


def test_rows_say_whether_an_answer_is_documented() -> None:
    """Of the SIP services only the EdgeProxy is seen to answer in public."""
    assumed = {row.subcomponent for row in TABLES.rows if row.answer == "assumed"}
    assert assumed == {
        *("dispatching-sbc", "imgate", "limit-controller"),
        *("registrar", "subscription-manager"),
    }
    for row in TABLES.rows:
        asked = bool(row.protocol) and row.protocol != "rtp"
        assert bool(row.answer) is asked, row.id
        assert row.answer != "assumed" or row.protocol == "sip"


def test_a_port_that_only_accepts_is_below_what_rows_ask_for() -> None:
    """Every service has to answer as itself; RTP alone cannot be asked."""
    assert {(row.protocol == "rtp", row.least_grade) for row in TABLES.rows if row.ports} == {
        (False, "answered"),
        (True, "delivered"),
    }


def test_only_public_process_names_are_called_known() -> None:
    """All others are assumed."""
    known = {
        sub.id: (sub.process.program, sub.process.confidence)
        for sub in TABLES.subcomponents.values()
        if sub.process.confidence != "assumed"
    }
    assert known == {
        "apache-fcgi": ("httpd|apache2?", "documented"),
        "b2bua": ("b2bua", "corroborated"),
        "edge-proxy": ("edgeproxy", "documented"),
        "mysql-server": ("mysqld|mariadbd", "corroborated"),
        "radius": ("radiusd", "corroborated"),
        "rtp-proxy": ("rtp[-_]?proxy", "corroborated"),
    }


def test_known_ports_explain_and_say_who_says_so() -> None:
    """Only the control port without a login must not be public."""
    known = {(port.transport, port.port): port for port in TABLES.known_ports}
    wanted = (5064, 5070, 4730, 6379, 9042, 7000, 7001, 7199, 22222, 8700, 5667, 5668)
    assert {("tcp", port) for port in wanted} <= set(known)
    assert [port.port for port in TABLES.known_ports if port.confidential] == [5064]
    assert known["tcp", 5064].what == (
        "the text control port of B2BUA, which asks for no login (texts of operators, 2014)"
    )
    assert list(TABLES.known_ports) == sorted(known.values(), key=lambda p: (p.port, p.transport))


def test_networks_and_servers_that_are_reserved() -> None:
    """Since a release of which a page says so, and with who says so."""
    networks = ["10.19.0.0/16", "10.11.0.0/16"]
    for release in ("", "MR103", "MR119.1"):
        assert [each.network for each in load(release).reserved_networks] == networks
    assert load("MR102").reserved_networks == ()
    assert all(each.source for each in TABLES.reserved_networks)
    assert TABLES.shared_with == {"configuration": ("logs", "monitoring")}


def integers(path: Path) -> set[int]:
    """The integer literals of a module."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and type(node.value) is int
    }


MODULES = [
    path for path in sorted(PACKAGE.rglob("*.py")) if "lab" not in path.relative_to(PACKAGE).parts
]


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_port_stands_in_code(module: Path) -> None:
    """The tables' port numbers live in the tables only."""
    ports = {port for row in TABLES.rows for port in row.ports}
    assert not integers(module) & ports
