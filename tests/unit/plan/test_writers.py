"""Which DB servers are written to, and who asks each of them."""

from __future__ import annotations

from pathlib import Path

from pytest_portaswitch import cluster, tables
from pytest_portaswitch.cluster.secret import Secret
from pytest_portaswitch.observe.needs import requests
from pytest_portaswitch.observe.questions import Questions
from pytest_portaswitch.plan.check import Reaches, Writes
from pytest_portaswitch.plan.expand import Plan, expand

HOSTS = """\
cluster: c
hosts:
  db1: {private: 10.0.0.3, roles: [main-db], mysql: 3306}
  db2: {private: 10.0.0.4, roles: [main-db, replica-db], mysql: 3306}
  bill1: {private: 10.0.0.5, roles: [billing]}
  web1: {private: 10.0.0.6, roles: [web]}
"""
ACCOUNT = "replica: {account: audit}\nsecrets: {mysql: {env: X}}\n"


def planned(tmp_path: Path, text: str) -> tuple[cluster.Cluster, Plan]:
    """A cluster file and its plan."""
    file = tmp_path / "c.yaml"
    file.write_text(text, encoding="utf-8")
    loaded = cluster.load(file)
    return loaded, expand(tables.load(), loaded)


def test_server_that_is_written_to_is_asked_once_from_a_peer(tmp_path: Path) -> None:
    """Rows that only read say nothing of it."""
    loaded, plan = planned(tmp_path, HOSTS + ACCOUNT)
    found = {
        (check.row.rpartition(".")[2], expects.destination.name): expects.writes
        for check in plan.checks
        if isinstance(expects := check.expects, Reaches) and expects.protocol == "mysql"
    }
    assert found == {
        ("main-db", "db1"): Writes(source="bill1", account="audit", others=("10.0.0.4",)),
        ("main-db", "db2"): Writes(source="bill1", account="audit", others=("10.0.0.3",)),
        ("replica-db", "db2"): None,
    }
    asked = requests(plan.checks, loaded, 3.0, Questions(b"n", {"mysql": Secret("x")}, "audit"))
    assert {name: [stream.key for stream in request.relays] for name, request in asked.items()} == {
        "bill1": ["mysql:10.0.0.3:3306", "mysql:10.0.0.4:3306"],
        "db1": [],
        "db2": [],
        "web1": [],
    }


def test_without_an_account_nobody_asks(tmp_path: Path) -> None:
    """Nothing is said then."""
    _, plan = planned(tmp_path, HOSTS)
    assert not [c for c in plan.checks if isinstance(c.expects, Reaches) and c.expects.writes]
