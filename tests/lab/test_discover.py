"""A cluster file is drafted from what the hosts of a lab show."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import yaml

from pytest_portaswitch.lab import Lab

from .auditing import audit
from .drafting import completed, discover, draft

UNTOLD = {"configuration", "media-server", "other-node"}
"""Roles of this lab that no process and no port tells: the tables have none for them."""

OPEN = ["config", "media1"]
"""Hosts that have no other role."""


def plan(lab: Lab, file: Path) -> subprocess.CompletedProcess[str]:
    """The plan of a cluster file."""
    command = [sys.executable, "-m", "pytest_portaswitch", "plan", str(file)]
    result: subprocess.CompletedProcess[str] = lab.run(command, capture_output=True, text=True)
    return result


@pytest.fixture(scope="module")
def own(full: Lab) -> dict[str, Any]:
    """The lab's own cluster file."""
    document: dict[str, Any] = yaml.safe_load(full.cluster_file.read_text())
    return document


@pytest.fixture(scope="module")
def drafted(full: Lab, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The draft of the whole lab, from bare addresses."""
    return draft(full, tmp_path_factory.mktemp("draft") / "full.yaml")


@pytest.fixture(scope="module")
def answered(full: Lab, drafted: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The draft, with its questions answered."""
    path = tmp_path_factory.mktemp("answered") / "full.yaml"
    path.write_text(drafted.read_text())
    return completed(full, path)


def test_the_roles_are_those_of_the_lab_s_own_file(drafted: Path, own: dict[str, Any]) -> None:
    """Each host by its name, with its addresses, all roles that anything tells, and no other."""
    document = yaml.safe_load(drafted.read_text())
    assert document["release"] == own["release"]
    assert [*document["hosts"]] == [*own["hosts"]]
    for name, host in own["hosts"].items():
        seen = document["hosts"][name]
        roles = set() if name in OPEN else set(seen["roles"])
        assert roles == set(host["roles"]) - UNTOLD, name
        assert (seen["private"], seen["public"]) == (host["private"], host["public"]), name
        assert seen.get("mysql") == host.get("mysql"), name
    assert [n for n, host in document["hosts"].items() if host["roles"] == "unknown"] == OPEN


def test_the_draft_itself_can_be_audited_and_is_not_ready(full: Lab, drafted: Path) -> None:
    """Nothing fails by what nobody has answered yet, and each question is named."""
    result = audit(full, cluster=drafted)
    assert [check["id"] for check in result.evidence["checks"] if check["verdict"] == "fail"] == []
    assert result.evidence["verdict"] == "could-not-be-assessed"
    assert [one["title"] for one in result.evidence["assessment"]["unassessed"]] == [
        "mysql-server on db2: whether it refuses writes is not known, as the cluster file names no "
        "account",
        "radius on bill1 and bill2: whether it answers is not known, as the audit does not have "
        "its secret",
        "config and media1: no service is looked for, as the roles are not known",
    ]


def test_the_draft_filled_in_is_planned_as_the_lab_s_own_file(
    full: Lab, answered: Path, own: dict[str, Any], tmp_path: Path
) -> None:
    """What stands in overrides nobody could see."""
    text = answered.read_text()
    shared = {one["address"]: name for name, one in own["virtual_ips"].items()}
    for name, one in yaml.safe_load(text)["virtual_ips"].items():
        text = text.replace(name, shared[one["address"]])
    path = tmp_path / "filled.yaml"
    path.write_text(text)
    overridden = {one["row"] for one in own["overrides"]}
    ids = []
    for file in (path, full.cluster_file):
        done = plan(full, file)
        assert done.returncode == 0, done.stderr
        checks = json.loads(done.stdout)["checks"]
        ids.append({check["id"] for check in checks if check["row"] not in overridden})
    assert ids[0] == ids[1]
    assert len(ids[0]) > 300


def test_the_draft_filled_in_is_ready(full: Lab, answered: Path) -> None:
    """Nothing fails that is healthy, and nothing is left to excuse."""
    result = audit(full, cluster=answered)
    kinds = {cause["kind"] for cause in result.evidence["causes"]}
    # The draft cannot know the ports of rows to which the vendor gives none.
    assert kinds == {"not-in-table"}
    assert result.evidence["verdict"] == "ready"


def test_what_only_runs_is_missed_wherever_it_runs(full: Lab, answered: Path) -> None:
    """None of these answers anybody: the draft has pinned what they are called."""
    running = {
        "billing-engine": ["bill1", "bill2"],
        "alerter": ["bill1", "bill2"],
        "disconnector": ["bill1", "bill2"],
        "taskstack": ["web1"],
        "cassandra": ["web1"],
        "rtp-proxy": ["proc1", "proc2"],
    }
    gone = [(name, host) for name, hosts in running.items() for host in hosts]
    with ExitStack() as broken:
        for name, host in gone:
            broken.enter_context(full.broken("kill", host, name))
        result = audit(full, cluster=answered)
    assert result.evidence["verdict"] == "blocked"
    assert result.causes("failed") == {f"{name} is not running on {host}" for name, host in gone}


def test_what_is_down_while_the_draft_is_made_is_asked_and_not_ready(
    full: Lab, tmp_path: Path
) -> None:
    """It has no name to be pinned by, so that nobody knows whether it runs."""
    down = {"billing-engine": ["bill1", "bill2"], "cassandra": ["web1"]}
    with ExitStack() as broken:
        for name, hosts in down.items():
            for host in hosts:
                broken.enter_context(full.broken("kill", host, name))
        path = completed(full, draft(full, tmp_path / "down.yaml"))
        asked = [line for line in path.read_text().splitlines() if line.startswith("#   - {")]
        assert [line.partition("  # ")[0] for line in asked] == [
            f"#   - {{subcomponent: {name}, hosts: [{', '.join(hosts)}], reason: ''}}"
            for name, hosts in down.items()
        ]
        result = audit(full, cluster=path)
    assert result.evidence["verdict"] == "could-not-be-assessed"
    unassessed = result.evidence["assessment"]["unassessed"]
    assert {one["subcomponent"]: one["places"] for one in unassessed} == down


def test_what_is_down_on_one_host_while_the_draft_is_made_fails(full: Lab, tmp_path: Path) -> None:
    """The other host shows what it is called."""
    with full.broken("kill", "bill1", "alerter"):
        path = completed(full, draft(full, tmp_path / "down.yaml"))
        assert "# not seen there; it was seen on bill2; not listed as optional" in path.read_text()
        result = audit(full, cluster=path)
    assert result.causes("failed") == {"alerter is not running on bill1"}


def test_without_root_the_same_roles_are_guessed(
    full: Lab, drafted: Path, own: dict[str, Any]
) -> None:
    """By the processes that run, where nobody sees who holds a port."""
    config = str(full.folder.path / "ssh_config")
    login = ["--user", "nosudo", "--no-sudo", "--ssh-config", config]
    addresses = [host.private for host in full.site.topology.hosts]
    done = discover(full, *addresses, *login)
    assert done.returncode == 0, done.stderr
    hosts = yaml.safe_load(done.stdout)["hosts"]
    expected = yaml.safe_load(drafted.read_text())["hosts"]
    assert {name: h["roles"] for name, h in hosts.items()} == {
        name: h["roles"] for name, h in expected.items()
    }
    assert "# guess: billing, who holds the port was not seen" in done.stdout


def test_a_host_that_does_not_answer_costs_the_others_nothing(full: Lab) -> None:
    """It stands in the draft with the reason, and the exit code tells it."""
    config = str(full.folder.path / "ssh_config")
    with full.broken("sshd-down", "db1"):
        done = discover(full, "db1=10.0.0.3", "10.0.0.4", "--ssh-config", config)
    assert done.returncode == 1
    assert "db1 (10.0.0.3): not looked at: connection-refused: " in done.stderr
    assert "db2 (10.0.0.4): replica-db (guess)" in done.stderr
    assert yaml.safe_load(done.stdout)["hosts"]["db1"] == {
        "private": "10.0.0.3",
        "address": "10.0.0.3",
        "roles": "unknown",
    }
