"""What is told of datagrams that a firewall rejects, or that come to a process that is stopped."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from pytest_portaswitch.lab import Lab

from .auditing import Result, audit

SLICE = "udp/50000-54999"
RADIUS = "test_reachability and bill1 and radius"
LIMITS = {
    "net.ipv4.icmp_ratelimit": "0",
    "net.ipv4.icmp_msgs_burst": "10000",
    "net.ipv4.icmp_msgs_per_sec": "10000",
}


@contextmanager
def unlimited(lab: Lab, host: str) -> Iterator[None]:
    """A kernel that says of every datagram why it did not take it, not of a few a second."""
    names = list(LIMITS)
    told = lab.exec(host, ["sysctl", "-n", *names], capture_output=True, text=True, check=True)
    before = dict(zip(names, told.stdout.split(), strict=True))
    lab.exec(host, ["sysctl", "-qw", *_settings(LIMITS)], check=True)
    try:
        yield
    finally:
        lab.exec(host, ["sysctl", "-qw", *_settings(before)], check=True)


def _settings(values: dict[str, str]) -> list[str]:
    return [f"{name}={value}" for name, value in values.items()]


def of_proc1(result: Result) -> list[tuple[str, str]]:
    """Verdict and message of each check of its range."""
    checks = [c for c in result.evidence["checks"] if c["id"].startswith("port-range:proc1:")]
    assert len(checks) == 5
    return [(check["verdict"], check["message"]) for check in checks]


def test_a_radius_that_is_stopped_is_no_open_question(full: Lab, healthy: Result) -> None:
    """Its host shows it, so that its silence needs no other explanation."""
    with full.broken("freeze", "bill1", "radius"):
        result = audit(full, "-k", RADIUS)
    assert set(result.verdicts.values()) == {"fail"}
    assert len(result.verdicts) == 12
    said = {check["message"].rpartition(" / cause ")[2] for check in result.evidence["checks"]}
    assert said == {
        f"the process on udp/{port} of bill1 is stopped (state T)" for port in (1812, 1813)
    }


@pytest.mark.parametrize("kind", ["host", "admin"])
def test_the_slice_that_a_host_rejects_itself(full: Lab, healthy: Result, kind: str) -> None:
    """It arrives at the interface, and the host says that it may not pass."""
    with unlimited(full, "proc1"), full.broken("reject", "proc1", port=SLICE, **{"with": kind}):
        result = audit(full, "-k", "test_port_range and rtp")
    for verdict, message in of_proc1(result):
        assert verdict == "fail"
        assert "sampled ports are rejected (EHOSTUNREACH): 5" in message
        assert "seen at an interface of proc1, which rejects them itself" in message
        assert " / cause a firewall of proc1 itself rejects udp/5" in message
    (title,) = result.causes("failed")
    assert title.startswith("a firewall rejects part of udp/35000-64999 of proc1: udp/5")


@pytest.mark.parametrize(("fault", "options"), [("drop", {}), ("reject", {"with": "port"})])
def test_what_cannot_be_told_behind_the_interface(
    full: Lab, healthy: Result, fault: str, options: dict[str, str]
) -> None:
    """It passes as far as it was seen, and the message says how far that is."""
    with unlimited(full, "proc1"), full.broken(fault, "proc1", port=SLICE, **options):
        result = audit(full, "-k", "test_port_range and rtp")
    for verdict, message in of_proc1(result):
        assert verdict == "pass"
        assert message.endswith(
            "from 35000 to 64999, as seen at an interface of proc1: a firewall of its own could "
            "still drop or reject them behind that"
        )


def test_what_a_firewall_prohibits_is_no_missing_path(full: Lab, healthy: Result) -> None:
    """All else from there comes through."""
    with full.broken("reject", "proc1", port="tcp/5065", **{"from": "sip1", "with": "host"}):
        result = audit(full, "-k", "test_reachability and proc1 and sip1")
    assert [check["id"] for check in result.evidence["checks"] if check["verdict"] == "fail"] == [
        "reachability:proc1:sip1:registrar:tcp-5065"
    ]
    assert result.causes("failed") == {"a firewall rejects packets from sip1 to proc1: tcp/5065"}
