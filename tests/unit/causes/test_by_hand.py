"""The command of a host that could not be looked at takes the audit's own way."""

from __future__ import annotations

import shlex

import msgspec
import pytest

from pytest_portaswitch.causes import explain
from pytest_portaswitch.causes.by_hand import command
from pytest_portaswitch.cluster.model import Login
from pytest_portaswitch.judge import judge

from .mischief import CLUSTER, PLAN, facts

FULL = Login(
    address="10.0.0.3",
    user="nobodyx",
    port=2222,
    jump="audit@bastion.invalid:22,inner",
)


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
        (Login(connection="local", address="db1"), "true"),
        (Login(connection="docker://nix", address="db1"), "docker exec nix sh -c true"),
        (
            Login(connection="podman://root@nix", address="db1"),
            "podman exec -u root nix sh -c true",
        ),
        (Login(connection="kubectl", address="db1"), ""),
    ],
)
def test_the_command_follows_the_login(login: Login | None, expected: str) -> None:
    """Old evidence has no address; of some ways nothing is known, and nothing is said."""
    assert command("db1", login, "true", "-v") == expected


def test_nothing_of_a_login_is_read_by_the_shell() -> None:
    """Each is one word."""
    login = msgspec.structs.replace(FULL, address="a;b", user="$(c)", jump="d e")
    words = shlex.split(command("db1", login, "true"))
    assert words == ["ssh", "-l", "$(c)", "-p", "2222", "-J", "d e", "a;b", "true"]


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
