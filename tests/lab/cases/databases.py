"""Faults of databases, of certificates and of shared secrets."""

from __future__ import annotations

from .case import Case

CASES = {
    "mysql-refuse-host": Case(
        fault=("mysql-refuse-host", "db1", "bill1"),
        changes={"reachability:bill1:db1:*": "fail"},
        cause="mysql-server on db1 refuses bill1: *1130*",
    ),
    "mysql-refuse-host-and-close": Case(
        # Who is connected no more and gets no new connection is one cause.
        fault=("mysql-refuse-host", "db1", "bill1"),
        options={"kill": "yes"},
        changes={"reachability:bill1:db1:*": "fail", "connection:bill1:db1:*": "fail"},
        cause="mysql-server on db1 refuses bill1: *1130*",
    ),
    "mysql-block-host": Case(
        fault=("mysql-block-host", "db1", "bill2"),
        changes={"reachability:bill2:db1:*": "fail"},
        cause="mysql-server on db1 refuses bill2: *1129*",
    ),
    "mysql-too-many-connections": Case(
        fault=("mysql-too-many-connections", "db1"),
        changes={"reachability:*:db1:*": "fail"},
        cause="mysql-server on db1 refuses *: *1040*",
    ),
    "writable-replica": Case(
        fault=("writable-replica", "db2"),
        changes={"read-only:db2:mysql-server:tcp-3307": "fail"},
        cause="db2 accepts writes: read_only is OFF",
    ),
    "replication-stopped": Case(
        fault=("replication-stopped", "db2"),
        changes={"read-only:db2:mysql-server:tcp-3307": "fail"},
        cause="replication on db2 is stopped: *",
    ),
    "certificate-expired": Case(
        fault=("certificate", "proc1"),
        changes={"tls:proc1:imap-server:tls-993": "fail"},
        cause="bad certificate of imap-server on proc1: CN=fault1: expired *",
    ),
    "certificate-not-yet-valid": Case(
        # Both of its services have it, one of them at the virtual IP.
        fault=("certificate", "sip1"),
        options={"state": "not-yet-valid"},
        changes={
            "tls:sip-front:edge-proxy:tls-5061": "fail",
            "tls:sip1:mail-proxy:tls-8091": "fail",
        },
        cause="bad certificate of edge-proxy on sip-front and mail-proxy on sip1: CN=fault1: "
        "not valid before *",
    ),
    "certificate-wrong-name": Case(
        fault=("certificate", "sbc1"),
        options={"state": "wrong-name"},
        changes={"tls:sbc-front:dispatching-sbc:tls-5051": "fail"},
        cause="bad certificate of dispatching-sbc on sbc-front: CN=fault1: "
        "for elsewhere.invalid, not for sbc-front.lab",
    ),
    "certificate-self-signed": Case(
        # It would be information, did the lab's cluster file not name whom to trust.
        fault=("certificate", "proc2"),
        options={"state": "self-signed"},
        changes={"tls:proc2:imap-server:tls-993": "fail"},
        cause="bad certificate of imap-server on proc2: CN=fault1: "
        "self-signed, and none of the given authorities",
    ),
    "wrong-radius-secret": Case(
        # It stays silent, as it must: nobody can tell that from a lost datagram yet.
        fault=("wrong-radius-secret", "bill1"),
        changes={"reachability:bill1:*:radius:*": "unknown"},
        cause="udp/1812, udp/1813 of bill1 arrives and is not answered: radius "
        "may not know these clients, or has another secret, or the host's own firewall drops it, "
        "or the replies are lost",
        severity="unanswered",
    ),
    "certificate-expires-soon": Case(
        fault=("certificate", "sip1"),
        options={"state": "expires-soon"},
        # It is served on two ports, one of them at the virtual IP: one warning.
        changes={
            "tls:sip-front:edge-proxy:tls-5061": "warn",
            "tls:sip1:mail-proxy:tls-8091": "warn",
        },
        cause="the certificate of edge-proxy on sip-front and mail-proxy on sip1 expires soon: "
        "on *",
        severity="warning",
    ),
    "wrong-radius-secret-for-one-peer": Case(
        fault=("wrong-radius-secret", "bill1"),
        options={"peers": "sbc1"},
        # Others are answered: it is this client that is not known, or not with this secret.
        changes={"reachability:bill1:sbc1:radius:*": "fail"},
        cause="bill1 takes what sbc1 sends and does not answer, as it does others: "
        "all that was tried",
    ),
}
