"""Faults of the network between hosts."""

from __future__ import annotations

from .case import Case

CASES = {
    "drop-mysql-from-one-peer": Case(
        # Those who are connected remain so, and are told of; that excuses nothing.
        fault=("drop", "db1"),
        options={"port": "tcp/3306", "from": "bill1", "new": "yes"},
        changes={"reachability:bill1:db1:*": "fail"},
        cause="packets from bill1 to db1 are dropped: tcp/3306",
    ),
    "drop-mysql-from-all": Case(
        fault=("drop", "db2"),
        options={"port": "tcp/3307", "new": "yes"},
        changes={"reachability:web1:db2:*": "fail", "read-only:db2:*": "unknown"},
        cause="packets from web1 to db2 are dropped: tcp/3307",
    ),
    "reject-smpp-from-one-peer": Case(
        fault=("reject", "proc1"),
        options={"port": "tcp/2775", "from": "sip1"},
        changes={"reachability:proc1:sip1:imgate:tcp-2775": "fail"},
        cause="a firewall rejects packets from sip1 to proc1: tcp/2775",
    ),
    "reject-radius-from-one-peer": Case(
        fault=("reject", "bill1"),
        options={"port": "udp/1812", "from": "sbc1"},
        changes={"reachability:bill1:sbc1:radius:udp-1812": "fail"},
        cause="a firewall rejects packets from sbc1 to bill1: udp/1812",
    ),
    "udp-lost-on-the-way": Case(
        fault=("drop-on-the-way", "bill1"),
        options={"port": "udp/1812"},
        changes={"reachability:bill1:*:radius:udp-1812": "fail"},
        cause="packets from all its peers to bill1 are dropped: udp/1812",
    ),
    "udp-dropped-at-the-host": Case(
        fault=("drop", "proc1"),
        options={"port": "udp/5065"},
        changes={"reachability:proc1:*:registrar:udp-5065": "fail"},
        cause="udp/5065 of proc1 arrives and is not answered: its own firewall drops it, *",
    ),
    "a-slice-of-the-rtp-range-blocked": Case(
        fault=("drop-on-the-way", "proc1"),
        options={"port": "udp/50000-54999"},
        changes={"port-range:proc1:*": "fail"},
        cause="part of udp/35000-64999 is lost on the way to proc1: udp/5????-5????",
    ),
    "drop-outgoing": Case(
        fault=("drop-outgoing", "bill1"),
        options={"port": "tcp/3306", "new": "yes"},
        changes={"reachability:bill1:db1:*": "fail"},
        cause="packets from bill1 to db1 are dropped: tcp/3306",
    ),
    "drop-on-the-way": Case(
        fault=("drop-on-the-way", "bill2"),
        options={"port": "tcp/3868"},
        changes={"reachability:bill2:media1:diameter:*": "fail"},
        cause="packets from media1 to bill2 are dropped: tcp/3868",
    ),
}
