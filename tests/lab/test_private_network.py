"""Who refuses what the Configuration server sends: the host itself, or a firewall."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from pytest_portaswitch.lab import Lab

from .auditing import Result, audit

FROM_CONFIG = {"from": "config"}
CHECK = "private-network:config:{}:configuration-server"


@contextmanager
def without_echo(lab: Lab, host: str) -> Iterator[None]:
    """A kernel that answers no echo, as some sites have it."""
    setting = "net.ipv4.icmp_echo_ignore_all"
    lab.exec(host, ["sysctl", "-qw", f"{setting}=1"], check=True)
    try:
        yield
    finally:
        lab.exec(host, ["sysctl", "-qw", f"{setting}=0"], check=True)


def of(host: str, result: Result) -> dict[str, Any]:
    """The check of the Configuration server's connection to a host."""
    return result.check(CHECK.format(host))


@pytest.mark.parametrize("kind", ["reset", "port"])
def test_a_firewall_that_refuses_logins_is_no_host_that_is_reached(
    full: Lab, healthy: Result, kind: str
) -> None:
    """Its sockets show that sshd listens, so that it does not refuse itself."""
    options = {**FROM_CONFIG, "port": "tcp/22", "with": kind}
    with without_echo(full, "proc1"), full.broken("reject", "proc1", **options):
        result = audit(full, "-k", "test_private_network and proc1")
    check = of("proc1", result)
    assert (check["verdict"], check["grade"]) == ("fail", "refused")
    assert check["message"].endswith(
        "tcp:10.0.0.12:22 refused (ECONNREFUSED) / cause a firewall rejects tcp/22 between config "
        "and proc1, which listens"
    )
    assert result.causes("failed") == {
        "a firewall rejects packets from config to proc1: an echo and ssh"
    }


def test_who_answers_no_echo_is_reached_by_ssh(full: Lab, healthy: Result) -> None:
    """And who refuses ssh, by an echo."""
    with without_echo(full, "proc1"):
        quiet = audit(full, "-k", "test_private_network and proc1")
    with full.broken("reject", "proc1", port="tcp/22", **FROM_CONFIG):
        refusing = audit(full, "-k", "test_private_network and proc1")
    assert [(of("proc1", r)["verdict"], of("proc1", r)["grade"]) for r in (quiet, refusing)] == [
        ("pass", "connected"),
        ("pass", "delivered"),
    ]


def test_a_refusal_alone_does_not_tell_who_refused(full: Lab, healthy: Result) -> None:
    """Nobody can look at the host, since its sshd is down."""
    with without_echo(full, "proc2"), full.broken("sshd-down", "proc2"):
        result = audit(full, "-k", "test_private_network and proc2")
    check = of("proc2", result)
    assert (check["verdict"], check["grade"]) == ("unknown", "refused")
    assert "so that a firewall may have refused / cause proc2 could not be" in check["message"]
    (cause,) = result.evidence["causes"]
    assert cause["id"] == "unreachable:proc2"
    assert check["id"] in cause["checks"]


def test_what_is_prohibited_does_not_arrive(full: Lab, healthy: Result) -> None:
    """No port of any host says so."""
    with full.broken("reject", "proc1", **FROM_CONFIG, **{"with": "admin"}):
        result = audit(full, "-k", "test_private_network and proc1")
    assert (of("proc1", result)["verdict"], of("proc1", result)["grade"]) == ("fail", "unreachable")
    assert result.causes("failed") == {"there is no path from config to proc1: an echo and ssh"}
