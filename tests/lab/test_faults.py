"""Every fault changes exactly the checks that it must, and no other."""

from __future__ import annotations

import msgspec
import pytest

from pytest_portaswitch.lab import Lab

from .auditing import Result, audit, changed, expected_changes


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """A fault, the checks that change with it, and what is named as a cause."""

    fault: tuple[str, ...]
    options: dict[str, str] = {}
    changes: dict[str, str]
    causes: tuple[str, ...]


def unseen(host: str) -> dict[str, str]:
    """What becomes unknown when a host cannot be looked at but goes on serving.

    Its own listeners and processes, and all that is probed from it.
    """
    return {
        f"listener:{host}:*": "unknown",
        f"process:{host}:*": "unknown",
        f"private-network:{host}:private-interface": "unknown",
    }


CASES = {
    "stop-edge-proxy-on-the-active-node": Case(
        fault=("stop", "sip1", "edge-proxy"),
        changes={
            "listener:sip-front:edge-proxy:*": "fail",
            "reachability:sip-front:*:edge-proxy:*": "fail",
        },
        causes=(
            "edge-proxy is not running on sip1",
            "nothing listens on tcp/5060 at 10.0.0.100 of sip-front",
            "nothing listens on tcp/5061 at 10.0.0.100 of sip-front",
            "nothing listens on udp/5060 at 10.0.0.100 of sip-front",
        ),
    ),
    "kill-radius": Case(
        fault=("kill", "bill1", "radius"),
        changes={"listener:bill1:radius:*": "fail", "reachability:bill1:*:radius:*": "fail"},
        causes=(
            "radius is not running on bill1",
            "nothing listens on udp/1812 at 10.0.0.5 of bill1",
            "nothing listens on udp/1813 at 10.0.0.5 of bill1",
        ),
    ),
    "kill-alerter": Case(
        fault=("kill", "bill2", "alerter"),
        changes={"process:bill2:alerter": "fail"},
        causes=("alerter is not running on bill2",),
    ),
    "freeze-registrar": Case(
        fault=("freeze", "proc1", "registrar"),
        # A stopped process still accepts, so the connects still come up: only the process state
        # tells, until the probes speak SIP.
        changes={"listener:proc1:registrar:*": "fail"},
        causes=("registrar is frozen on proc1: its process is stopped (state T)",),
    ),
    "move-diameter-to-loopback": Case(
        fault=("move-address", "bill1", "diameter"),
        changes={"listener:bill1:diameter:*": "fail", "reachability:bill1:*:diameter:*": "fail"},
        causes=(
            "diameter listens on the wrong address on bill1: 127.0.0.1",
            "nothing listens on tcp/3868 at 10.0.0.5 of bill1",
        ),
    ),
    "move-subscription-manager-to-another-port": Case(
        fault=("move-port", "proc2", "subscription-manager"),
        changes={
            "listener:proc2:subscription-manager:*": "fail",
            "reachability:proc2:*:subscription-manager:*": "fail",
        },
        causes=(
            "subscription-manager runs on proc2 but does not listen on tcp/5066",
            "subscription-manager runs on proc2 but does not listen on udp/5066",
            "nothing listens on tcp/5066 at 10.0.0.13 of proc2",
            "nothing listens on udp/5066 at 10.0.0.13 of proc2",
        ),
    ),
    "impostor-in-place-of-imap": Case(
        fault=("impostor", "proc1", "imap-server"),
        # It accepts like the real one: only its name tells.
        changes={"listener:proc1:imap-server:*": "fail"},
        causes=(
            "another process holds tcp/143 on proc1: impostor",
            "another process holds tcp/993 on proc1: impostor",
        ),
    ),
    "drop-mysql-from-one-peer": Case(
        fault=("drop", "db1"),
        options={"port": "tcp/3306", "from": "bill1"},
        changes={"reachability:bill1:db1:*": "fail"},
        causes=("packets to tcp/3306 are dropped between bill1 and db1, which listens",),
    ),
    "drop-mysql-from-all": Case(
        fault=("drop", "db2"),
        options={"port": "tcp/3307"},
        changes={"reachability:web1:db2:*": "fail"},
        causes=("packets to tcp/3307 are dropped between web1 and db2, which listens",),
    ),
    "reject-smpp-from-one-peer": Case(
        fault=("reject", "proc1"),
        options={"port": "tcp/2775", "from": "sip1"},
        changes={"reachability:proc1:sip1:imgate:tcp-2775": "fail"},
        causes=("a firewall rejects tcp/2775 between sip1 and proc1, which listens",),
    ),
    "reject-radius-from-one-peer": Case(
        fault=("reject", "bill1"),
        options={"port": "udp/1812", "from": "sbc1"},
        changes={"reachability:bill1:sbc1:radius:udp-1812": "fail"},
        causes=("a firewall rejects udp/1812 between sbc1 and bill1, which listens",),
    ),
    "sshd-down": Case(
        fault=("sshd-down", "proc2"),
        changes={**unseen("proc2"), "reachability:*:proc2:*": "unknown"},
        causes=(),
    ),
    "sshd-hung": Case(
        fault=("sshd-hung", "bill2"),
        changes={**unseen("bill2"), "reachability:bill2:db1:*": "unknown"},
        causes=(),
    ),
    "login-hung": Case(
        fault=("login-hung", "media1"),
        changes={
            "private-network:media1:private-interface": "unknown",
            "reachability:*:media1:*": "unknown",
            "listener:media1:*": "unknown",
        },
        causes=(),
    ),
    "no-python": Case(
        fault=("no-python", "proc1"),
        # ss and bash still see sockets, processes and routes, and connect; what needs a
        # datagram, TLS or a MySQL handshake is unknown.
        changes={
            "reachability:*:proc1:*:udp-*": "unknown",
            "reachability:*:proc1:*:tls-*": "unknown",
        },
        causes=(),
    ),
    "no-sudo": Case(
        fault=("no-sudo", "web1"),
        changes={"listener:web1:*": "unknown"},
        causes=(),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_fault_changes_exactly_these_checks(full: Lab, healthy: Result, name: str) -> None:
    """And names the cause; and once it is mended, all is as before."""
    case = CASES[name]
    with full.broken(*case.fault, **case.options):
        broken = audit(full)
    assert changed(healthy, broken) == expected_changes(healthy, case.changes)
    assert broken.causes("failed") == set(case.causes)
    assert broken.run.returncode != 0
    assert changed(healthy, audit(full)) == {}
