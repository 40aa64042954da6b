"""Faults that somebody made on purpose: the rest of the cluster is audited as ever."""

from __future__ import annotations

from .case import Case

_UNSEEN = {
    "hygiene:media1:*": "unknown",
    "undeclared:media1:*": "unknown",
    "private-network:media1:private-interface": "unknown",
    "reachability:*:media1:*": "unknown",
    "reachability:*:media1:disconnector:*": "=",
}
"""What is not known where nothing that media1 says can be believed."""


def _host(how: str, cause: str) -> Case:
    return Case(
        fault=("hostile-host", "media1"),
        options={"how": how},
        changes=_UNSEEN,
        cause=f"media1 could not be looked at: {cause}",
        severity="not-observed",
    )


def _database(how: str, cause: str) -> Case:
    return Case(
        fault=("hostile-peer", "db2", "replica-db"),
        options={"how": how},
        changes={"reachability:web1:db2:*": "fail", "read-only:db2:*": "unknown"},
        cause=cause,
    )


_NO_MYSQL = "tcp/3307 of db2 does not answer as mysql-server does: not MySQL: it said *"

CASES = {
    "hostile-host-flood": _host("flood", "the host said more than *[[]output-too-large]"),
    "hostile-host-bomb": _host("bomb", "the reply unpacks to more than *[[]output-too-large]"),
    "hostile-host-endless": _host("endless", "logged in, but no complete *[[]hung-after-login]"),
    "hostile-host-forged": _host("forged", "the checksum of the reply is *[[]output-unparsable]"),
    "hostile-host-words": _host("words", "the host let us in, and the session ended *[[]no-shell]"),
    "hostile-peer-greet": _database("greet", _NO_MYSQL),
    "hostile-peer-flood": _database("flood", _NO_MYSQL),
    "hostile-peer-reset": _database(
        "reset", "mysql-server on db2 takes tcp/3307 but never answers"
    ),
    "hostile-peer-drip": _database("drip", _NO_MYSQL),
    "hostile-peer-datagrams": Case(
        fault=("hostile-peer", "bill1", "radius"),
        options={"how": "flood"},
        changes={"reachability:bill1:*:radius:udp-*": "fail"},
        cause="udp/1812, udp/1813 of bill1 does not answer as radius does: not RADIUS: it said *",
    ),
}
