"""Faults of a host: the way into it, its addresses, its clock, its release, its disk."""

from __future__ import annotations

from .case import Case

CASES = {
    "sshd-down": Case(
        # What it serves goes on being reached; what is probed from it cannot be known.
        # Nor can it watch, so that nobody sees what arrives there.
        fault=("sshd-down", "proc2"),
        changes={
            "hygiene:proc2:*": "unknown",
            "undeclared:proc2:*": "unknown",
            "listener:proc2:*": "unknown",
            "port-range:*proc2:*": "unknown",
            "private-network:proc2:private-interface": "unknown",
            "reachability:*:proc2:*": "unknown",
        },
        cause="proc2 could not be looked at: nothing takes connections*[[]connection-refused]",
        severity="not-observed",
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
        cause="bill2 could not be looked at: * sshd never spoke *[[]hung-before-login]",
        severity="not-observed",
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
        cause="media1 could not be looked at: logged in, but *[[]hung-after-login]",
        severity="not-observed",
    ),
    "login-chatty": Case(
        fault=("login-chatty", "config"),
        changes={
            "hygiene:config:*": "unknown",
            "undeclared:config:*": "unknown",
            "private-network:config:*": "unknown",
        },
        cause="config could not be looked at: the host said more *[[]output-too-large]",
        severity="not-observed",
    ),
    "host-key-changed": Case(
        fault=("host-key-changed", "db2"),
        changes={
            "hygiene:db2:*": "unknown",
            "undeclared:db2:*": "unknown",
            "listener:db2:*": "unknown",
            "private-network:db2:private-interface": "unknown",
        },
        cause="db2 could not be looked at: the host key of * is not the *[[]host-key-changed]",
        severity="not-observed",
    ),
    "no-python": Case(
        # bash still sees sockets, processes and routes, and connects; but it asks nobody.
        fault=("no-python", "proc1"),
        changes={
            "reachability:*:proc1:*": "unknown",
            "port-range:*proc1:*": "unknown",
            "hygiene:proc1:disk": "unknown",
        },
        cause="no Python 3 on proc1: its shell sees sockets, processes and routes, "
        "but asks no service and watches for nothing",
        severity="not-observed",
    ),
    "no-sudo": Case(
        fault=("no-sudo", "web1"),
        changes={
            "listener:web1:*": "unknown",
            "connection:web1:*": "unknown",
            "undeclared:web1:*": "unknown",
        },
        cause="web1 was looked at without root, so that owners of sockets stay unseen: "
        "sudo refused: sudo: a password is required",
        severity="not-observed",
    ),
    "no-sudo-to-watch-with": Case(
        # What runs is seen by everybody, and no socket is open whose owner is not.
        fault=("no-sudo", "proc1"),
        changes={
            "listener:proc1:*": "unknown",
            "listener:proc1:rtp-proxy:*": "=",
            "port-range:proc1:*": "unknown",
            "undeclared:proc1:sockets": "unknown",
        },
        cause="proc1 was looked at without root, so that owners of sockets stay unseen: "
        "sudo refused: sudo: a password is required",
        severity="not-observed",
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
        cause="nothing reaches media1, and it could not be looked at: *",
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
        cause="nothing reaches media1, and it could not be looked at: *",
    ),
    "virtual-ip-twice": Case(
        # Whichever of the two takes the packets serves as well.
        fault=("virtual-ip-twice", "sip-front"),
        changes={"listener:sip-front:*": "fail", "redundancy:sip-front:*": "fail"},
        cause="virtual IP sip-front (10.0.0.100) is held by sip1 and sip2: split brain",
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
        cause="virtual IP sbc-front (10.0.0.101) is held by no host",
    ),
    "mtu": Case(
        # What follows is seen by no check yet: the connects still come up, and nobody asks further.
        fault=("mtu", "proc1"),
        changes={"hygiene:proc1:mtu": "warn"},
        cause="the private interface of proc1 has another MTU than the others",
        severity="warning",
    ),
    "no-gateway": Case(
        fault=("no-gateway", "proc2"),
        changes={"private-network:proc2:private-interface": "warn"},
        cause="proc2 has no default gateway",
        severity="warning",
    ),
    "other-gateway": Case(
        fault=("other-gateway", "media1"),
        changes={"private-network:media1:private-interface": "warn"},
        cause="the default gateway of media1, 203.0.113.253 by eth1, stands in no file of its "
        "network configuration",
        severity="warning",
    ),
    "clock": Case(
        fault=("clock", "web1"),
        changes={"hygiene:web1:clock": "warn"},
        cause="the clock of web1 is more than 5 s off",
        severity="warning",
    ),
    "release": Case(
        fault=("release", "web1"),
        changes={"hygiene:web1:release": "warn"},
        cause="web1 has another release than the cluster file says",
        severity="warning",
    ),
    "disk-full": Case(
        fault=("disk-full", "db1"),
        changes={"hygiene:db1:disk": "warn"},
        cause="db1 runs out of disk space",
        severity="warning",
    ),
    "unplugged-holder-of-a-virtual-ip": Case(
        # The other has not taken over; what is asked at the address is lost with its holder.
        fault=("unplugged", "sip1"),
        changes={
            "hygiene:sip1:*": "unknown",
            "undeclared:sip1:*": "unknown",
            "listener:sip1:*": "unknown",
            "listener:sip-front:*": "unknown",
            "redundancy:sip-front:*": "unknown",
            "tls:sip1:*": "unknown",
            "tls:sip-front:*": "unknown",
            "port-range:*:sip1:*": "unknown",
            "private-network:sip1:private-interface": "unknown",
            "private-network:config:sip1:*": "fail",
            "reachability:*:sip1:*": "unknown",
            "reachability:sip1:*": "fail",
            "reachability:sip1:*:udp-*": "unknown",
            "reachability:sip-front:*": "fail",
            "reachability:sip-front:*:udp-*": "unknown",
        },
        cause="nothing reaches sip1, and it could not be looked at: *",
    ),
}
