"""Faults of one daemon."""

from __future__ import annotations

from .case import Case

CASES = {
    "stop-edge-proxy-on-the-active-node": Case(
        fault=("stop", "sip1", "edge-proxy"),
        changes={
            "listener:sip-front:edge-proxy:*": "fail",
            "redundancy:sip-front:virtual-ip": "fail",
            "reachability:sip-front:*:edge-proxy:*": "fail",
            "tls:sip-front:edge-proxy:*": "unknown",
        },
        cause="edge-proxy is not running on sip1",
    ),
    "kill-radius": Case(
        fault=("kill", "bill1", "radius"),
        changes={"listener:bill1:radius:*": "fail", "reachability:bill1:*:radius:*": "fail"},
        cause="radius is not running on bill1",
    ),
    "kill-alerter": Case(
        fault=("kill", "bill2", "alerter"),
        changes={"process:bill2:alerter": "fail", "connection:bill2:db1:alerter:*": "fail"},
        cause="alerter is not running on bill2",
    ),
    "freeze-registrar": Case(
        # A stopped process still accepts, but it does not answer.
        fault=("freeze", "proc1", "registrar"),
        changes={
            "listener:proc1:registrar:*": "fail",
            "reachability:proc1:*:registrar:tcp-5065": "fail",
            "reachability:proc1:*:registrar:udp-5065": "fail",
        },
        cause="registrar is frozen on proc1: its process is stopped (state T)",
    ),
    "move-imgate-to-loopback": Case(
        fault=("move-address", "proc1", "imgate"),
        changes={
            "listener:proc1:imgate:*-596[01]": "fail",
            "reachability:proc1:*:imgate:*-596[01]": "fail",
        },
        cause="imgate listens on the wrong address on proc1: 127.0.0.1",
    ),
    "move-subscription-manager-to-another-port": Case(
        fault=("move-port", "proc2", "subscription-manager"),
        changes={
            "listener:proc2:subscription-manager:*": "fail",
            "reachability:proc2:*:subscription-manager:*": "fail",
        },
        cause="subscription-manager on proc2 listens on tcp/15066, udp/15066 instead of "
        "tcp/5066, udp/5066",
    ),
    "impostor-in-place-of-imap": Case(
        fault=("impostor", "proc1", "imap-server"),
        changes={
            "listener:proc1:imap-server:*": "fail",
            "reachability:proc1:*:imap-server:*": "fail",
            "tls:proc1:imap-server:*": "unknown",
        },
        cause="another process holds tcp/143, tls/993 of imap-server on proc1: impostor",
    ),
    "deaf-limit-controller": Case(
        fault=("deaf", "sip2", "limit-controller"),
        changes={
            "listener:sip2:limit-controller:*": "fail",
            "reachability:sip2:*:limit-controller:*": "fail",
        },
        cause="limit-controller runs on sip2 but does not listen on udp/5070",
    ),
    "freeze-disconnector": Case(
        fault=("freeze", "bill1", "disconnector"),
        changes={
            "process:bill1:disconnector": "fail",
            "connection:bill1:db1:disconnector:*": "fail",
        },
        cause="disconnector is frozen on bill1: its process is stopped (state T)",
    ),
    "intruder-in-public": Case(
        fault=("intruder", "web1"),
        changes={"undeclared:web1:sockets": "warn"},
        cause="something that nobody declared listens on web1",
        severity="warning",
    ),
    "stop-a-standby": Case(
        fault=("stop", "sip2", "smpp-proxy"),
        changes={"redundancy:sip-front:smpp-proxy": "fail"},
        cause="smpp-proxy is not running on sip2",
    ),
    "kill-the-replica-database": Case(
        fault=("kill", "db2", "replica-db"),
        changes={
            "listener:db2:*": "fail",
            "reachability:*:db2:*": "fail",
            "read-only:db2:*": "unknown",
        },
        cause="mysql-server is not running on db2",
    ),
    "kill-the-main-database": Case(
        # Its replica waits for it: that is no second thing that is broken.
        fault=("kill", "db1", "main-db"),
        changes={
            "listener:db1:*": "fail",
            "reachability:*:db1:*": "fail",
            "connection:*:db1:*": "fail",
            "read-only:db2:*": "fail",
        },
        cause="mysql-server is not running on db1",
    ),
    "impostor-in-the-rtp-range": Case(
        fault=("impostor", "proc1", "rtp-proxy"),
        changes={"listener:proc1:rtp-proxy:*": "fail"},
        cause="another process holds udp/35000-64999 of rtp-proxy on proc1: impostor",
    ),
    "kill-rtp-proxy": Case(
        fault=("kill", "proc1", "rtp-proxy"),
        changes={"listener:proc1:rtp-proxy:*": "fail"},
        cause="rtp-proxy is not running on proc1",
    ),
    "kill-the-other-rtp-proxy": Case(
        fault=("kill", "proc2", "rtp-proxy"),
        changes={"listener:proc2:rtp-proxy:*": "fail"},
        cause="rtp-proxy is not running on proc2",
    ),
    "kill-cassandra": Case(
        fault=("kill", "web1", "cassandra"),
        changes={"listener:web1:cassandra:*": "fail", "reachability:web1:*:cassandra:*": "fail"},
        cause="cassandra is not running on web1",
    ),
}
