"""Every fault changes exactly the checks that it must, and no other."""

from __future__ import annotations

import fnmatch

import msgspec
import pytest

from pytest_portaswitch.lab import Lab
from pytest_portaswitch.lab.faults import FAULTS

from .auditing import Result, audit, changed, expected_changes, messages


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """A fault, the checks that change with it, and what is named as a cause."""

    fault: tuple[str, ...]
    options: dict[str, str] = {}
    changes: dict[str, str]
    causes: tuple[str, ...]
    """Titles of the causes of failures."""
    unseen: str = ""
    """A pattern of the one cause's title, where something could not be looked at."""
    warnings: tuple[str, ...] = ()
    """Ids of the checks that warn."""


CASES = {
    "stop-edge-proxy-on-the-active-node": Case(
        fault=("stop", "sip1", "edge-proxy"),
        changes={
            "listener:sip-front:edge-proxy:*": "fail",
            "redundancy:sip-front:virtual-ip": "fail",
            "reachability:sip-front:*:edge-proxy:*": "fail",
            "tls:sip-front:edge-proxy:*": "unknown",
        },
        causes=("edge-proxy is not running on sip1",),
    ),
    "kill-radius": Case(
        fault=("kill", "bill1", "radius"),
        changes={"listener:bill1:radius:*": "fail", "reachability:bill1:*:radius:*": "fail"},
        causes=("radius is not running on bill1",),
    ),
    "kill-alerter": Case(
        fault=("kill", "bill2", "alerter"),
        changes={"process:bill2:alerter": "fail", "connection:bill2:db1:alerter:*": "fail"},
        causes=("alerter is not running on bill2",),
    ),
    "freeze-registrar": Case(
        fault=("freeze", "proc1", "registrar"),
        # A stopped process still accepts, but it does not answer.
        changes={
            "listener:proc1:registrar:*": "fail",
            "reachability:proc1:*:registrar:tcp-5065": "fail",
            "reachability:proc1:*:registrar:udp-5065": "fail",
        },
        causes=("registrar is frozen on proc1: its process is stopped (state T)",),
    ),
    "move-imgate-to-loopback": Case(
        fault=("move-address", "proc1", "imgate"),
        changes={
            "listener:proc1:imgate:*-596[01]": "fail",
            "reachability:proc1:*:imgate:*-596[01]": "fail",
        },
        causes=("imgate listens on the wrong address on proc1: 127.0.0.1",),
    ),
    "move-subscription-manager-to-another-port": Case(
        fault=("move-port", "proc2", "subscription-manager"),
        changes={
            "listener:proc2:subscription-manager:*": "fail",
            "reachability:proc2:*:subscription-manager:*": "fail",
        },
        causes=(
            "subscription-manager on proc2 listens on tcp/*, udp/* instead of tcp/5066, udp/5066",
        ),
    ),
    "impostor-in-place-of-imap": Case(
        fault=("impostor", "proc1", "imap-server"),
        changes={
            "listener:proc1:imap-server:*": "fail",
            "reachability:proc1:*:imap-server:*": "fail",
            "tls:proc1:imap-server:*": "unknown",
        },
        causes=("another process holds tcp/143, tls/993 of imap-server on proc1: impostor",),
    ),
    "drop-mysql-from-one-peer": Case(
        # Those who are connected remain so, and are told of; that excuses nothing.
        fault=("drop", "db1"),
        options={"port": "tcp/3306", "from": "bill1", "new": "yes"},
        changes={"reachability:bill1:db1:*": "fail"},
        causes=("packets from bill1 to db1 are dropped: tcp/3306",),
    ),
    "drop-mysql-from-all": Case(
        fault=("drop", "db2"),
        options={"port": "tcp/3307", "new": "yes"},
        changes={"reachability:web1:db2:*": "fail", "read-only:db2:*": "unknown"},
        causes=("packets from web1 to db2 are dropped: tcp/3307",),
    ),
    "reject-smpp-from-one-peer": Case(
        fault=("reject", "proc1"),
        options={"port": "tcp/2775", "from": "sip1"},
        changes={"reachability:proc1:sip1:imgate:tcp-2775": "fail"},
        causes=("a firewall rejects packets from sip1 to proc1: tcp/2775",),
    ),
    "reject-radius-from-one-peer": Case(
        fault=("reject", "bill1"),
        options={"port": "udp/1812", "from": "sbc1"},
        changes={"reachability:bill1:sbc1:radius:udp-1812": "fail"},
        causes=("a firewall rejects packets from sbc1 to bill1: udp/1812",),
    ),
    "sshd-down": Case(
        fault=("sshd-down", "proc2"),
        # What it serves goes on being reached; what is probed from it cannot be known.
        changes={
            "hygiene:proc2:*": "unknown",
            "undeclared:proc2:*": "unknown",
            "listener:proc2:*": "unknown",
            # Nor can it watch, so that nobody sees what arrives there.
            "port-range:*proc2:*": "unknown",
            "private-network:proc2:private-interface": "unknown",
            "reachability:*:proc2:*": "unknown",
        },
        causes=(),
        unseen="proc2 could not be looked at: nothing takes connections*[[]connection-refused]",
    ),
    "sshd-hung": Case(
        fault=("sshd-hung", "bill2"),
        changes={
            "hygiene:bill2:*": "unknown",
            "undeclared:bill2:*": "unknown",
            "listener:bill2:*": "unknown",
            "process:bill2:*": "unknown",
            "connection:bill2:*": "unknown",
            "private-network:bill2:private-interface": "unknown",
            "reachability:bill2:db1:*": "unknown",
            "reachability:bill2:media1:disconnector:tcp-80": "unknown",
        },
        causes=(),
        unseen="bill2 could not be looked at: * sshd never spoke *[[]hung-before-login]",
    ),
    "login-hung": Case(
        fault=("login-hung", "media1"),
        changes={
            "hygiene:media1:*": "unknown",
            "undeclared:media1:*": "unknown",
            "private-network:media1:private-interface": "unknown",
            "reachability:*:media1:*": "unknown",
            "reachability:*:media1:disconnector:*": "=",
        },
        causes=(),
        unseen="media1 could not be looked at: logged in, but *[[]hung-after-login]",
    ),
    "login-chatty": Case(
        fault=("login-chatty", "config"),
        changes={
            "hygiene:config:*": "unknown",
            "undeclared:config:*": "unknown",
            "private-network:config:*": "unknown",
        },
        causes=(),
        unseen="config could not be looked at: the host said more *[[]output-too-large]",
    ),
    "host-key-changed": Case(
        fault=("host-key-changed", "db2"),
        changes={
            "hygiene:db2:*": "unknown",
            "undeclared:db2:*": "unknown",
            "listener:db2:*": "unknown",
            "private-network:db2:private-interface": "unknown",
        },
        causes=(),
        unseen="db2 could not be looked at: the host key of db2 is not the *[[]host-key-changed]",
    ),
    "no-python": Case(
        fault=("no-python", "proc1"),
        # bash still sees sockets, processes and routes, and connects; but it asks nobody.
        changes={
            "reachability:*:proc1:*": "unknown",
            "port-range:*proc1:*": "unknown",
            "hygiene:proc1:disk": "unknown",
            "hygiene:proc1:release": "unknown",
        },
        causes=(),
        unseen="proc1 could not probe: no Python on the host*",
    ),
    "no-sudo": Case(
        fault=("no-sudo", "web1"),
        changes={
            "listener:web1:*": "unknown",
            "connection:web1:*": "unknown",
            "undeclared:web1:*": "unknown",
        },
        causes=(),
        unseen="owners of sockets on web1 not visible: sudo refused: sudo: a password is required",
    ),
    "no-sudo-to-watch-with": Case(
        fault=("no-sudo", "proc1"),
        changes={
            "listener:proc1:*": "unknown",
            # What runs is seen by everybody, and no socket is open whose owner is not.
            "listener:proc1:rtp-proxy:*": "=",
            "port-range:proc1:*": "unknown",
            "undeclared:proc1:sockets": "unknown",
        },
        causes=(),
        unseen="owners of sockets on proc1 not visible: sudo refused: sudo: a password is required"
        "|proc1 could not watch for what arrives: no packet socket: *",
    ),
    "udp-lost-on-the-way": Case(
        fault=("drop-on-the-way", "bill1"),
        options={"port": "udp/1812"},
        changes={"reachability:bill1:*:radius:udp-1812": "fail"},
        causes=("packets from all its peers to bill1 are dropped: udp/1812",),
    ),
    "udp-dropped-at-the-host": Case(
        fault=("drop", "proc1"),
        options={"port": "udp/5065"},
        changes={"reachability:proc1:*:registrar:udp-5065": "fail"},
        causes=("udp/5065 of proc1 arrives and is not answered: its own firewall drops it, *",),
    ),
    "a-slice-of-the-rtp-range-blocked": Case(
        fault=("drop-on-the-way", "proc1"),
        options={"port": "udp/50000-54999"},
        changes={"port-range:proc1:*": "fail"},
        causes=("part of udp/35000-64999 is lost on the way to proc1: udp/5????-5????",),
    ),
    "deaf-limit-controller": Case(
        fault=("deaf", "sip2", "limit-controller"),
        changes={
            "listener:sip2:limit-controller:*": "fail",
            "reachability:sip2:*:limit-controller:*": "fail",
        },
        causes=("limit-controller runs on sip2 but does not listen on udp/5070",),
    ),
    "drop-outgoing": Case(
        fault=("drop-outgoing", "bill1"),
        options={"port": "tcp/3306", "new": "yes"},
        changes={"reachability:bill1:db1:*": "fail"},
        causes=("packets from bill1 to db1 are dropped: tcp/3306",),
    ),
    "drop-on-the-way": Case(
        fault=("drop-on-the-way", "bill2"),
        options={"port": "tcp/3868"},
        changes={"reachability:bill2:media1:diameter:*": "fail"},
        causes=("packets from media1 to bill2 are dropped: tcp/3868",),
    ),
    "no-address": Case(
        fault=("no-address", "media1"),
        changes={
            "hygiene:media1:*": "unknown",
            "undeclared:media1:*": "unknown",
            "private-network:config:media1:*": "fail",
            "private-network:media1:private-interface": "unknown",
            "reachability:*:media1:*": "unknown",
            "reachability:*:media1:disconnector:*": "fail",
        },
        causes=("nothing reaches media1, and it could not be looked at: *",),
    ),
    "unplugged": Case(
        fault=("unplugged", "media1"),
        changes={
            "hygiene:media1:*": "unknown",
            "undeclared:media1:*": "unknown",
            "private-network:config:media1:*": "fail",
            "private-network:media1:private-interface": "unknown",
            "reachability:*:media1:*": "unknown",
            "reachability:*:media1:disconnector:*": "fail",
        },
        causes=("nothing reaches media1, and it could not be looked at: *",),
    ),
    "virtual-ip-twice": Case(
        fault=("virtual-ip-twice", "sip-front"),
        # Whichever of the two takes the packets serves as well.
        changes={"listener:sip-front:*": "fail", "redundancy:sip-front:*": "fail"},
        causes=("virtual IP sip-front (10.0.0.100) is held by sip1 and sip2: split brain",),
    ),
    "virtual-ip-nowhere": Case(
        fault=("virtual-ip-nowhere", "sbc-front"),
        changes={
            "listener:sbc-front:*": "fail",
            "redundancy:sbc-front:virtual-ip": "fail",
            "reachability:sbc-front:*:tcp-5060": "fail",
            "reachability:sbc-front:*:tls-5051": "fail",
            "reachability:sbc-front:*:udp-5060": "unknown",
            "tls:sbc-front:*": "unknown",
        },
        causes=("virtual IP sbc-front (10.0.0.101) is held by no host",),
    ),
    # A failover is no failure: the standby holds the address and serves.
    "virtual-ip-moved": Case(fault=("virtual-ip-moved", "sip-front"), changes={}, causes=()),
    # What follows is seen by no check yet: the connects still come up, and nobody asks further.
    "mtu": Case(fault=("mtu", "proc1"), changes={}, causes=(), warnings=("hygiene:proc1:mtu",)),
    "mysql-refuse-host": Case(
        fault=("mysql-refuse-host", "db1", "bill1"),
        changes={"reachability:bill1:db1:*": "fail"},
        causes=("mysql-server on db1 refuses bill1: *1130*",),
    ),
    # Who is connected no more and gets no new connection is one cause.
    "mysql-refuse-host-and-close": Case(
        fault=("mysql-refuse-host", "db1", "bill1"),
        options={"kill": "yes"},
        changes={"reachability:bill1:db1:*": "fail", "connection:bill1:db1:*": "fail"},
        causes=("mysql-server on db1 refuses bill1: *1130*",),
    ),
    "freeze-disconnector": Case(
        fault=("freeze", "bill1", "disconnector"),
        changes={
            "process:bill1:disconnector": "fail",
            "connection:bill1:db1:disconnector:*": "fail",
        },
        causes=("disconnector is frozen on bill1: its process is stopped (state T)",),
    ),
    "mysql-block-host": Case(
        fault=("mysql-block-host", "db1", "bill2"),
        changes={"reachability:bill2:db1:*": "fail"},
        causes=("mysql-server on db1 refuses bill2: *1129*",),
    ),
    "mysql-too-many-connections": Case(
        fault=("mysql-too-many-connections", "db1"),
        changes={"reachability:*:db1:*": "fail"},
        causes=("mysql-server on db1 refuses *: *1040*",),
    ),
    # The audit's own probes must not be what blocks a host, even at a limit of five.
    "mysql-connect-errors": Case(fault=("mysql-connect-errors", "db1"), changes={}, causes=()),
    "writable-replica": Case(
        fault=("writable-replica", "db2"),
        changes={"read-only:db2:mysql-server:tcp-3307": "fail"},
        causes=("db2 accepts writes: read_only is OFF",),
    ),
    "replication-stopped": Case(
        fault=("replication-stopped", "db2"),
        changes={"read-only:db2:mysql-server:tcp-3307": "fail"},
        causes=("replication on db2 is stopped: *",),
    ),
    "certificate-expired": Case(
        fault=("certificate", "proc1"),
        changes={"tls:proc1:imap-server:tls-993": "fail"},
        causes=("bad certificate of imap-server on proc1: CN=fault1: expired *",),
    ),
    "certificate-not-yet-valid": Case(
        fault=("certificate", "sip1"),
        options={"state": "not-yet-valid"},
        # Both of its services have it, one of them at the virtual IP.
        changes={
            "tls:sip-front:edge-proxy:tls-5061": "fail",
            "tls:sip1:mail-proxy:tls-8091": "fail",
        },
        causes=(
            "bad certificate of edge-proxy on sip-front: CN=fault1: not valid before *",
            "bad certificate of mail-proxy on sip1: CN=fault1: not valid before *",
        ),
    ),
    "certificate-wrong-name": Case(
        fault=("certificate", "sbc1"),
        options={"state": "wrong-name"},
        changes={"tls:sbc-front:dispatching-sbc:tls-5051": "fail"},
        causes=(
            "bad certificate of dispatching-sbc on sbc-front: CN=fault1: "
            "for elsewhere.invalid, not for sbc-front.lab",
        ),
    ),
    "certificate-self-signed": Case(
        fault=("certificate", "proc2"),
        options={"state": "self-signed"},
        # It would be information, did the lab's cluster file not name whom to trust.
        changes={"tls:proc2:imap-server:tls-993": "fail"},
        causes=(
            "bad certificate of imap-server on proc2: CN=fault1: "
            "self-signed, and none of the given authorities",
        ),
    ),
    "wrong-radius-secret": Case(
        fault=("wrong-radius-secret", "bill1"),
        # It stays silent, as it must: nobody can tell that from a lost datagram yet.
        changes={"reachability:bill1:*:radius:*": "unknown"},
        causes=(),
    ),
    "clock": Case(fault=("clock", "web1"), changes={}, causes=(), warnings=("hygiene:web1:clock",)),
    "release": Case(
        fault=("release", "web1"), changes={}, causes=(), warnings=("hygiene:web1:release",)
    ),
    "disk-full": Case(
        fault=("disk-full", "db1"), changes={}, causes=(), warnings=("hygiene:db1:disk",)
    ),
    "intruder-in-public": Case(
        fault=("intruder", "web1"), changes={}, causes=(), warnings=("undeclared:web1:sockets",)
    ),
    # It is in the evidence, and warns where the cluster file says so.
    "intruder-in-private": Case(
        fault=("intruder", "bill1"), options={"at": "private"}, changes={}, causes=()
    ),
    "stop-a-standby": Case(
        fault=("stop", "sip2", "smpp-proxy"),
        changes={"redundancy:sip-front:smpp-proxy": "fail"},
        causes=("smpp-proxy is not running on sip2",),
    ),
}


def test_every_fault_of_the_lab_has_a_case() -> None:
    """A fault that nobody audits proves nothing."""
    assert {case.fault[0] for case in CASES.values()} == set(FAULTS)


@pytest.mark.parametrize("name", CASES)
def test_a_fault_changes_exactly_these_checks(full: Lab, healthy: Result, name: str) -> None:
    """And names the cause. What is not mended would show as a change of the next case."""
    case = CASES[name]
    with full.broken(*case.fault, **case.options):
        broken = audit(full)
    seen, expected = changed(healthy, broken), expected_changes(healthy, case.changes)
    assert seen == expected, messages(broken, {one for one, _ in seen.items() ^ expected.items()})
    assert_told(broken.causes("failed"), case.causes)
    assert_told(broken.causes("not-observed"), (case.unseen,) if case.unseen else ())
    assert broken.warned - healthy.warned == set(case.warnings)
    assert bool(broken.run.returncode) == bool(case.causes or case.unseen)


def test_a_certificate_that_expires_soon_is_warned_of(full: Lab, healthy: Result) -> None:
    """The check passes, and says it."""
    with full.broken("certificate", "sip2", state="expires-soon"):
        broken = audit(full, "-k", "tls:sip2")
    (check,) = broken.evidence["checks"]
    assert check["verdict"] == "pass"
    assert fnmatch.fnmatchcase(
        "".join(check["warnings"]),
        "the certificate on tls/8091 of sip2 expires on *, in 2 days: that is less than 14",
    )


def test_a_site_may_be_content_with_a_connection(full: Lab, healthy: Result) -> None:
    """A stopped process still accepts: that passes then, and only then."""
    with full.broken("freeze", "proc1", "registrar"):
        result = audit(full, "--grade", "connected", "-k", "reachability and proc1 and registrar")
    checks = [check for check in result.evidence["checks"] if check["host"] == "proc1"]
    by_transport = {(check["transport"], check["verdict"], check["grade"]) for check in checks}
    assert by_transport == {("tcp", "pass", "connected"), ("udp", "fail", "delivered")}
    assert "this audit demands connected" in " ".join(result.run.stdout.split())


def test_once_all_is_mended_all_is_as_before(full: Lab, healthy: Result) -> None:
    """The last case leaves nothing behind either."""
    assert changed(healthy, audit(full)) == {}


def assert_told(titles: set[str], patterns: tuple[str, ...]) -> None:
    """Each title is one that a pattern foresees, and each pattern foresees one.

    A pattern may have alternatives, joined by ``|``, where timing decides between them.
    """
    alternatives = {pattern: pattern.split("|") for pattern in patterns}
    told = {
        title: [
            p
            for p, each in alternatives.items()
            if any(fnmatch.fnmatchcase(title, a) for a in each)
        ]
        for title in titles
    }
    assert [title for title, found in told.items() if not found] == []
    assert {pattern for found in told.values() for pattern in found} == set(patterns)
