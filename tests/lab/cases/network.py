"""Faults of the network between hosts."""

from __future__ import annotations

from .case import Case

_BETWEEN_SIP1_AND_PROC1 = {
    "reachability:proc1:sip1:*": "fail",
    "reachability:sip1:proc1:*": "fail",
}

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
    "no-way-from-the-operator": Case(
        # Its peers reach it as ever.
        fault=("drop", "web1"),
        options={"from": "operator"},
        changes={
            "hygiene:web1:*": "unknown",
            "undeclared:web1:*": "unknown",
            "listener:web1:*": "unknown",
            "process:web1:*": "unknown",
            "connection:web1:*": "unknown",
            "private-network:web1:private-interface": "unknown",
            "reachability:web1:db?:*": "unknown",
            # It is what the replica is asked from.
            "read-only:db2:*": "unknown",
        },
        cause="web1 could not be looked at: no answer to the TCP connection*[[]connection-timeout]",
        severity="not-observed",
    ),
    "all-that-arrives-is-dropped": Case(
        fault=("drop", "proc1"),
        changes={
            "reachability:proc1:*": "fail",
            "reachability:*:proc1:*": "fail",
            "private-network:config:proc1:*": "fail",
            "tls:proc1:*": "unknown",
        },
        cause="proc1 reaches no service of its peers, and they none of its: its own firewall, or "
        "one that stands before it",
    ),
    "all-that-leaves-is-dropped": Case(
        fault=("drop-outgoing", "proc2"),
        changes={
            "reachability:proc2:*": "fail",
            "reachability:*:proc2:*": "fail",
            "port-range:*:proc2:*": "fail",
            "private-network:config:proc2:*": "fail",
            "tls:proc2:*": "unknown",
        },
        cause="proc2's own firewall forbids it to send to * hosts *",
    ),
    "all-from-one-peer-is-dropped": Case(
        # What arrives is not answered, and what it is answered does not arrive. Its RTP proxy owes
        # nobody an answer.
        fault=("drop", "proc1"),
        options={"from": "sip1"},
        changes=_BETWEEN_SIP1_AND_PROC1,
        cause="packets between proc1 and sip1 are dropped, both ways: all that wants an answer",
    ),
    "all-from-one-peer-is-rejected": Case(
        # A kernel's own limit would leave it to chance whether any probe is told.
        fault=("reject", "proc1"),
        options={"from": "sip1", "each": "yes"},
        changes=_BETWEEN_SIP1_AND_PROC1,
        cause="a firewall rejects packets between proc1 and sip1, both ways: all that wants an "
        "answer",
    ),
    "all-from-the-configuration-server-is-rejected": Case(
        # No host refuses an echo, nor a port on which it listens.
        fault=("reject", "proc1"),
        options={"from": "config"},
        changes={"private-network:config:proc1:*": "fail"},
        cause="a firewall rejects packets from config to proc1: an echo and ssh",
    ),
    "all-from-one-peer-is-lost-on-the-way": Case(
        fault=("drop-on-the-way", "proc1"),
        options={"from": "sip1"},
        changes={**_BETWEEN_SIP1_AND_PROC1, "port-range:proc1:sip1:*": "fail"},
        cause="packets between proc1 and sip1 are dropped, both ways: all that was tried",
    ),
    "all-to-one-peer-is-dropped": Case(
        # Of a datagram the kernel says who drops it.
        fault=("drop-outgoing", "proc1"),
        options={"to": "sip1"},
        changes=_BETWEEN_SIP1_AND_PROC1,
        cause="proc1's own firewall forbids it to send to sip1: udp/5070",
    ),
    "radius-from-some-peers-is-dropped": Case(
        # Others are answered, so that silence is no open question.
        fault=("drop", "bill1"),
        options={"from": "sbc1,sbc2"},
        changes={"reachability:bill1:sbc?:radius:*": "fail"},
        cause="bill1 takes what sbc1 and sbc2 send and does not answer, as it does others: "
        "all that was tried",
    ),
    "radius-on-one-port-is-dropped": Case(
        fault=("drop", "bill1"),
        options={"port": "udp/1812"},
        changes={"reachability:bill1:*:radius:udp-1812": "unknown"},
        cause="udp/1812 of bill1 arrives and is not answered: radius may not know these clients, "
        "or has another secret, or the host's own firewall drops it, or the replies are lost; "
        "udp/1813 answers the same clients with the same secret, which speaks against the first "
        "two",
        severity="unanswered",
    ),
}
