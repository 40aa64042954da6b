"""A cluster file is drafted from what the hosts of a lab show."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from pytest_portaswitch.lab import Lab

UNTOLD = {"configuration", "media-server", "other-node"}
"""Roles of this lab that no process and no port tells: the tables have none for them."""

OPEN = ["config", "media1"]
"""Hosts that have no other role."""


def discover(lab: Lab, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command, as the operator of the lab types it."""
    command = [sys.executable, "-m", "pytest_portaswitch", "discover", *arguments]
    result: subprocess.CompletedProcess[str] = lab.run(command, capture_output=True, text=True)
    return result


def plan(lab: Lab, file: Path) -> subprocess.CompletedProcess[str]:
    """The plan of a cluster file."""
    command = [sys.executable, "-m", "pytest_portaswitch", "plan", str(file)]
    result: subprocess.CompletedProcess[str] = lab.run(command, capture_output=True, text=True)
    return result


def addresses(lab: Lab) -> list[str]:
    """Of all hosts, in the order of the cluster file."""
    return [host.private for host in lab.site.topology.hosts]


@pytest.fixture(scope="module")
def own(full: Lab) -> dict[str, Any]:
    """The lab's own cluster file."""
    document: dict[str, Any] = yaml.safe_load(full.cluster_file.read_text())
    return document


@pytest.fixture(scope="module")
def drafted(full: Lab, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The draft of the whole lab, from bare addresses."""
    path = tmp_path_factory.mktemp("draft") / "full.yaml"
    config = str(full.folder.path / "ssh_config")
    done = discover(
        full, *addresses(full), "--ssh-config", config, "--cluster", "drafted", "-o", str(path)
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines()[-2:] == [
        f"fill in the roles of {', '.join(OPEN)}",
        f"next: pytest-portaswitch plan {path}",
    ]
    return path


def test_the_roles_are_those_of_the_lab_s_own_file(drafted: Path, own: dict[str, Any]) -> None:
    """Each host by its name, with its addresses, all roles that anything tells, and no other."""
    document = yaml.safe_load(drafted.read_text())
    assert document["release"] == own["release"]
    assert [*document["hosts"]] == [*own["hosts"]]
    for name, host in own["hosts"].items():
        seen = document["hosts"][name]
        assert set(seen["roles"]) == set(host["roles"]) - UNTOLD, name
        assert (seen["private"], seen["public"]) == (host["private"], host["public"]), name
        assert seen.get("mysql") == host.get("mysql"), name
    assert [name for name, host in document["hosts"].items() if not host["roles"]] == OPEN


def test_the_draft_tells_what_is_left_open_and_nothing_else(full: Lab, drafted: Path) -> None:
    """Two hosts without a role, by name."""
    before = plan(full, drafted)
    assert before.returncode == 2
    assert [line.partition(": ")[2] for line in before.stderr.splitlines()] == [
        f"hosts.{name}.roles: must be a list of roles, is empty" for name in OPEN
    ]


def test_the_draft_filled_in_is_planned_as_the_lab_s_own_file(
    full: Lab, drafted: Path, own: dict[str, Any], tmp_path: Path
) -> None:
    """With the virtual IPs out of their comment; what stands in overrides nobody could see."""
    text = drafted.read_text()
    for name in OPEN:
        head, mark, tail = text.partition(f"  {name}:\n")
        filled = f"roles: [{', '.join(own['hosts'][name]['roles'])}]"
        text = head + mark + tail.replace("roles: []", filled, 1)
    head, mark, tail = text.partition("# virtual_ips:\n")
    assert mark
    text = f"{head}virtual_ips:\n" + "".join(f"{line[2:]}\n" for line in tail.splitlines())
    shared = {one["address"]: name for name, one in own["virtual_ips"].items()}
    for name, one in yaml.safe_load(text)["virtual_ips"].items():
        text = text.replace(f"  {name}:", f"  {shared[one['address']]}:")
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


def test_without_root_the_same_roles_are_guessed(
    full: Lab, drafted: Path, own: dict[str, Any]
) -> None:
    """By the processes that run, where nobody sees who holds a port."""
    config = str(full.folder.path / "ssh_config")
    login = ["--user", "nosudo", "--no-sudo", "--ssh-config", config]
    done = discover(full, *addresses(full), *login)
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
        "roles": [],
    }
