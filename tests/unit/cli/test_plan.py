"""``pytest-portaswitch plan``: the checks without touching the network."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from pytest_portaswitch.cli import main

ACME = Path(__file__).parents[2] / "plugin" / "acme.yaml"


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any socket is a failure."""

    def refuse(*arguments: object, **options: object) -> None:
        raise AssertionError("the network was touched")

    monkeypatch.setattr(socket, "socket", refuse)


def test_the_plan_is_json_and_the_same_every_time(capsys: pytest.CaptureFixture[str]) -> None:
    """What is planned and why can be read from it."""
    assert main(["plan", str(ACME)]) == 0
    first = capsys.readouterr().out
    assert main(["plan", str(ACME)]) == 0
    assert capsys.readouterr().out == first
    plan = json.loads(first)
    names = [check["id"] for check in plan["checks"]]
    assert names == sorted(names)
    check = next(c for c in plan["checks"] if c["id"] == "reachability:bill1:sip1:radius:udp-1812")
    assert check["row"] == "billing.radius.udp"
    assert (check["host"], check["peer"], check["transport"], check["port"]) == (
        "bill1",
        "sip1",
        "udp",
        1812,
    )
    assert {row["row"] for row in plan["unexpanded"]} == {
        "portasip.dispatching-sbc.udp",
        "portasip.dispatching-sbc.tcp",
        "portasip.dispatching-sbc.tls",
    }
    assert plan["unreached"] == [
        {
            "row": "billing.diameter.nodes",
            "place": "bill1",
            "why": "no host holds the role of a peer: other-node",
        }
    ]


def test_the_table_is_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    """From, to and the sentence; the rows without a check at the end."""
    assert main(["plan", str(ACME), "--format", "table"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["CHECK", "ROW", "FROM", "TO", "WHAT", "SHOULD", "BE", "TRUE"]
    assert "173 checks for cluster acme-prod" in lines
    assert lines[-2:] == [
        "no check: portasip.dispatching-sbc.udp: no host holds the role dispatching-sbc",
        "nobody to reach it: billing.diameter.nodes at bill1: "
        "no host holds the role of a peer: other-node",
    ]


def test_a_bad_file_is_told_without_a_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2, every problem on a line."""
    file = tmp_path / "bad.yaml"
    file.write_text(
        "cluster: bad\nhosts:\n  a: {private: 10.0.0.1, roles: [biling]}\nrelase: MR1\n"
    )
    assert main(["plan", str(file)]) == 2
    errors = capsys.readouterr().err
    assert "biling" in errors
    assert "did you mean 'billing'?" in errors
    assert "did you mean 'release'?" in errors
    assert "Traceback" not in errors


def test_a_waiver_that_matches_nothing_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It has a typo, or is stale."""
    file = tmp_path / "acme.yaml"
    file.write_text(
        ACME.read_text()
        + "waivers:\n  - {check: 'listener:nowhere:*', reason: r, owner: o, until: 2999-01-01}\n"
    )
    assert main(["plan", str(file)]) == 2
    assert capsys.readouterr().err == (
        f"{file}:18: waivers: 'listener:nowhere:*': matches no check of the plan "
        "(see pytest-portaswitch plan for the ids)\n"
    )


def test_what_means_nothing_in_the_cluster_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An override of a row without a check, and a process that no check looks for."""
    file = tmp_path / "acme.yaml"
    file.write_text(
        "cluster: acme\nhosts:\n"
        "  db1: {private: 10.0.0.3, roles: [main-db]}\n"
        "  web1: {private: 10.0.0.6, roles: [web]}\n"
        "processes:\n"
        "  registrar: {match: registrar}\n"
        "  taskstack: {match: taskstack}\n"
        "  mysql-server: {match: mariadbd}\n"
        "overrides:\n"
        "  - {row: billing.radius.udp, port: 1645, reason: r}\n"
        "  - {row: web.taskstack.replica-db, port: 3308, reason: r}\n"
        "  - {row: web.taskstack.main-db, port: 3308, reason: r}\n"
    )
    assert main(["plan", str(file)]) == 2
    assert capsys.readouterr().err == (
        f"{file}:6: processes: 'registrar': is looked for nowhere in this cluster (leave it out)\n"
        f"{file}:10: overrides: 'billing.radius.udp': changes nothing in this cluster "
        "(no host holds the role billing)\n"
        f"{file}:11: overrides: 'web.taskstack.replica-db': changes nothing in this cluster "
        "(no host holds the role of a peer: replica-db)\n"
    )


def test_mistakes_of_the_file_and_of_the_plan_come_together(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is wrong beside the plan keeps no waiver from being looked at."""
    file = tmp_path / "acme.yaml"
    text = (
        "cluster: acme\nrelease: 119\nhosts:\n"
        "  web1: {private: 10.0.0.6, roles: [web]}\n"
        "waivers:\n"
        "  - {check: 'listener:zz:*', reason: r, owner: o, until: 2999-01-01}\n"
        "  - {check: 'listner:zz:*', reason: r, owner: o, until: 2999-01-01}\n"
    )
    file.write_text(text)
    assert main(["plan", str(file)]) == 2
    assert [line.partition(":")[2] for line in capsys.readouterr().err.splitlines()] == [
        "2: release: '119': must be a release such as MR119 or MR119.1",
        "6: waivers: 'listener:zz:*': matches no check of the plan "
        "(see pytest-portaswitch plan for the ids)",
        "7: waivers[1].check: 'listner:zz:*': begins with no kind of check "
        "(did you mean 'listener'?)",
    ]


def test_a_mistake_that_takes_checks_away_accuses_no_waiver(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The role is misspelt, and what waits for its checks is not."""
    file = tmp_path / "acme.yaml"
    text = (
        "cluster: acme\nhosts:\n"
        "  web1: {private: 10.0.0.6, roles: [wep]}\n"
        "waivers:\n"
        "  - {check: 'process:web1:*', reason: r, owner: o, until: 2999-01-01}\n"
    )
    file.write_text(text)
    assert main(["plan", str(file)]) == 2
    assert [line.partition(":")[2] for line in capsys.readouterr().err.splitlines()] == [
        "3: hosts.web1.roles[0]: 'wep': is not a role of the tables (did you mean 'web'?)"
    ]


def test_without_a_command_it_says_how_to_use_it(capsys: pytest.CaptureFixture[str]) -> None:
    """As argparse does."""
    with pytest.raises(SystemExit, match="2"):
        main([])
    assert "usage: pytest-portaswitch" in capsys.readouterr().err


def test_the_graph_is_a_picture_and_data(capsys: pytest.CaptureFixture[str]) -> None:
    """Who needs what, and what has no second."""
    assert main(["plan", str(ACME), "--format", "graph"]) == 0
    picture = capsys.readouterr().out
    assert picture.startswith("<svg xmlns=")
    assert "acme-prod: who needs what" in picture
    assert main(["plan", str(ACME), "--format", "graph-json"]) == 0
    graph = json.loads(capsys.readouterr().out)
    (radius,) = (service for service in graph["services"] if service["subcomponent"] == "radius")
    assert (radius["places"], radius["redundancy"]) == (["bill1"], "none")
