"""Commands to paste go where the audit went, as the cluster file says."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import yaml

from pytest_portaswitch import cluster as clusters
from pytest_portaswitch.causes import explain
from pytest_portaswitch.cluster.by_hand import asking, paste
from pytest_portaswitch.cluster.model import Login, SecretRef
from pytest_portaswitch.judge import judge
from pytest_portaswitch.report.site import publishable
from pytest_portaswitch.text.command import on, run
from tests.unit.causes.mischief import CLUSTER, PLAN, facts

CASES = Path(__file__).parents[1] / "causes" / "cases"
FULL = Login(
    address="10.0.0.3",
    user="nobodyx",
    port=2222,
    jump="audit@bastion.invalid:22,inner",
)
AWKWARD = """
cluster: acme
ssh: {user: audit, port: 2222, config: my ssh/config file, key: my ssh/key,
      jump: 'noc@[fd00::1]:22', known_hosts: my ssh/known, sudo: true}
hosts:
  config: {private: 10.0.0.2, roles: [configuration]}
  db1: {private: 'fd00::3', roles: [main-db], mysql: 3306, address: 'fd00::3'}
  bill1: {private: 10.0.0.5, roles: [billing], connection: 'docker://root@billing'}
"""


@pytest.mark.parametrize(
    ("login", "expected"),
    [
        (None, "ssh -v db1 true"),
        (Login(address="", user="audit"), "ssh -v db1 true"),
        (Login(address="10.0.0.3"), "ssh -v 10.0.0.3 true"),
        (
            FULL,
            "ssh -v -l nobodyx -p 2222 -J audit@bastion.invalid:22,inner 10.0.0.3 true",
        ),
        (
            Login(address="db1", config="~/my ssh/config", key="/k 1", known_hosts="~/known %h"),
            "ssh -v -F ~/'my ssh/config' -i '/k 1' -o IdentitiesOnly=yes "
            """-o 'UserKnownHostsFile="~/known %%h"' db1 true""",
        ),
        (Login(address="fd00::3", user="audit"), "ssh -v -l audit fd00::3 true"),
        (Login(connection="local", address="db1"), "true"),
        (Login(connection="docker://nix", address="db1"), "docker exec nix sh -c true"),
        (
            Login(connection="podman://root@nix", address="db1"),
            "podman exec -u root nix sh -c true",
        ),
        (
            Login(connection="kubectl://pod-1?namespace=psw&container=db", address="db1"),
            "kubectl exec -n psw -c db pod-1 -- sh -c true",
        ),
        (
            Login(connection="openshift://pod-1?context=c", address="db1"),
            "oc exec --context c pod-1 -- sh -c true",
        ),
        (Login(connection="lxc://nix", address="db1"), "lxc exec nix -- sh -c true"),
        (Login(connection="chroot:///srv/nix", address="db1"), "chroot /srv/nix sh -c true"),
        (
            Login(connection="ansible://db1?ansible_inventory=hosts.ini", address="db1"),
            "ansible -i hosts.ini db1 -m shell -a true",
        ),
        # Evidence of older versions names no pod.
        (Login(connection="kubectl", address="db1"), ""),
    ],
)
def test_the_command_follows_the_login(login: Login | None, expected: str) -> None:
    """Old evidence has no address; of some ways nothing is known, and nothing is said."""
    logins = {"db1": login} if login else {}
    assert paste(on("db1", "true"), logins, ["-v"]) == expected


def test_nothing_of_a_login_is_read_by_the_shell() -> None:
    """Each is one word."""
    login = msgspec.structs.replace(FULL, address="a;b", user="$(c)", jump="d e", config="~/`f`")
    line = paste(on("db1", "true"), {"db1": login})
    assert shlex.split(line.replace("~/", "")) == (
        ["ssh", "-F", "`f`", "-l", "$(c)", "-p", "2222", "-J", "d e", "a;b", "true"]
    )


@pytest.mark.parametrize(
    ("login", "expected"),
    [
        (Login(address="db1", sudo=True), "ssh db1 'sudo ss -lntp'"),
        (Login(address="db1", sudo=False), "ssh db1 'ss -lntp'"),
        (Login(address="db1", sudo=True, sudo_password=SecretRef()), "ssh -t db1 'sudo ss -lntp'"),
        (Login(connection="docker://nix", address="db1"), "docker exec nix sh -c 'ss -lntp'"),
    ],
)
def test_root_is_asked_for_as_the_audit_did(login: Login, expected: str) -> None:
    """sudo asks for a password on a terminal only."""
    found = paste(on("db1", "ss -lntp", sudo=True), {"db1": login})
    assert shlex.split(found) == shlex.split(expected)


def test_host_key_that_is_not_on_record_is_asked_for_on_the_way_of_the_audit() -> None:
    """Port, jump host, files and all, each word quoted; whatever the ssh config says of asking."""
    login = Login(
        address="10.0.0.5",
        user="au dit",
        port=2222,
        jump="me@hop:22",
        key="/k e y",
        known_hosts="/known $(x)",
        config="~/c",
        sudo=True,
    )
    assert asking("bill1", {"bill1": login}) == (
        "ssh -o StrictHostKeyChecking=ask -o BatchMode=no -o ConnectTimeout=10 -F ~/c -i '/k e y' "
        "-o IdentitiesOnly=yes -o 'UserKnownHostsFile=\"/known $(x)\"' -l 'au dit' -p 2222 "
        "-J me@hop:22 10.0.0.5 true"
    )


def test_a_command_of_two_hosts_is_left_out_where_one_of_them_cannot_be_reached() -> None:
    """Half a command shows something else."""
    command = (*on("db1", "true"), " & ", *on("db2", "true"))
    assert paste(command, {}) == "ssh db1 true & ssh db2 true"
    assert paste(command, {"db2": Login(connection="kubectl", address="db2")}) == ""


def test_a_host_that_was_not_reached_is_gone_to_as_the_audit_went() -> None:
    """The cause has the login of its host."""
    seen = facts(["unseen bill2 authentication-failed denied"])
    verdicts = {check.id: judge(check, seen) for check in PLAN.checks}
    logins = {name: msgspec.structs.replace(FULL, address=name) for name in CLUSTER.hosts}
    found = explain(PLAN.checks, verdicts, seen, PLAN.checks, logins)
    (cause,) = (cause for cause in found if cause.kind == "login-refused")
    assert cause.next == (
        "ssh -v -o ConnectTimeout=10 -l nobodyx -p 2222 "
        "-J audit@bastion.invalid:22,inner bill2 true"
    )


def test_what_an_awkward_cluster_file_says_is_in_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Folders with blanks, another port, a jump host and an address of IPv6; home is ``~``."""
    monkeypatch.setenv("HOME", str(tmp_path))
    folder = tmp_path / "my ssh"
    folder.mkdir()
    for name in ("config file", "key", "known"):
        (folder / name).write_text("Host *\n")
        (folder / name).chmod(0o600)
    (tmp_path / "acme.yaml").write_text(AWKWARD)
    hosts = publishable(clusters.load(tmp_path / "acme.yaml")).hosts
    logins = {name: host.login for name, host in hosts.items()}
    common = (
        "ssh -F ~/'my ssh/config file' -i ~/'my ssh/key' -o IdentitiesOnly=yes "
        """-o 'UserKnownHostsFile="~/my ssh/known"' -l audit -p 2222 -J 'noc@[fd00::1]:22' """
    )
    found = {name: paste(run(name, "ip", "-brief", "address"), logins) for name in hosts}
    assert found == {
        "config": f"{common}config ip -brief address",
        "db1": f"{common}fd00::3 ip -brief address",
        "bill1": "docker exec -u root billing sh -c 'ip -brief address'",
    }


def _mischief() -> Iterator[tuple[str, list[str]]]:
    for file in sorted(CASES.glob("*.yaml")):
        for name, case in yaml.safe_load(file.read_text()).items():
            yield f"{file.stem}-{name}", case["mischief"]


@pytest.mark.parametrize(("name", "mischief"), [*_mischief()])
def test_every_command_of_every_finding_goes_where_the_audit_went(
    name: str, mischief: list[str]
) -> None:
    """No host is called by its bare name, which only the cluster file knows."""
    logins = {
        host: msgspec.structs.replace(
            FULL, address=f"fd00::{number:x}", config="~/my ssh/c", key="~/k", sudo=True
        )
        for number, host in enumerate(CLUSTER.hosts, 1)
    }
    seen = facts(mischief)
    verdicts = {check.id: judge(check, seen) for check in PLAN.checks}
    commands = [paste(verdict.reproduce, logins) for verdict in verdicts.values()]
    commands += [c.next for c in explain(PLAN.checks, verdicts, seen, PLAN.checks, logins)]
    targets = {
        f"-F ~/'my ssh/c' -i ~/k -o IdentitiesOnly=yes -l nobodyx -p 2222 -J {FULL.jump} {place} "
        for place in (login.address for login in logins.values())
    }
    for line in filter(None, commands):
        first, *reached = line.replace("my ssh/c", "my_c").split("ssh ")
        assert reached, line
        assert first == "", line
        for part in reached:
            options, _, rest = part.partition("-F ")
            assert f"-F {rest}".replace("my_c", "my ssh/c").startswith(tuple(targets)), line
            known = ("", "-v -o ConnectTimeout=10 ", "-o ConnectTimeout=10 ", "-t ")
            ask = "-o StrictHostKeyChecking=ask -o BatchMode=no -o ConnectTimeout=10 "
            assert options in (*known, ask)
