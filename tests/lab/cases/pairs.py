"""Two faults at once, of which neither hides the facts of the other."""

from __future__ import annotations

from .case import Pair

PAIRS = (
    Pair("kill-radius", "freeze-registrar"),
    Pair("kill-radius", "drop-mysql-from-one-peer"),
    Pair("kill-radius", "mysql-refuse-host"),
    Pair("kill-radius", "kill-alerter"),
    Pair("kill-radius", "virtual-ip-nowhere"),
    Pair("kill-radius", "unplugged"),
    Pair("freeze-registrar", "impostor-in-place-of-imap"),
    Pair("freeze-registrar", "sshd-down"),
    Pair("freeze-registrar", "reject-smpp-from-one-peer"),
    Pair("freeze-registrar", "move-subscription-manager-to-another-port"),
    Pair("move-imgate-to-loopback", "impostor-in-place-of-imap"),
    Pair("move-imgate-to-loopback", "stop-edge-proxy-on-the-active-node"),
    Pair("impostor-in-place-of-imap", "mysql-block-host"),
    Pair("deaf-limit-controller", "drop-mysql-from-all"),
    Pair("deaf-limit-controller", "virtual-ip-twice"),
    Pair("drop-mysql-from-one-peer", "drop-mysql-from-all"),
    Pair("reject-smpp-from-one-peer", "reject-radius-from-one-peer"),
    Pair("sshd-hung", "stop-edge-proxy-on-the-active-node"),
    Pair("no-sudo", "kill-radius"),
    Pair("drop-on-the-way", "mysql-refuse-host"),
    Pair("clock", "release"),
    Pair("certificate-expired", "kill-radius"),
    Pair("no-python", "drop-mysql-from-one-peer"),
    Pair("disk-full", "mysql-refuse-host"),
    Pair("intruder-in-public", "mtu"),
    Pair("a-slice-of-the-rtp-range-blocked", "udp-dropped-at-the-host"),
    Pair("replication-stopped", "drop-outgoing"),
    # The number of a bad certificate is that of its fault.
    Pair("certificate-wrong-name", "host-key-changed"),
    Pair(
        "all-that-arrives-is-dropped",
        "kill-radius",
        # No word of the kernel that refuses comes back, but its own host shows that it is gone.
        effect={"reachability:bill1:proc1:radius:*": "fail"},
    ),
    Pair("kill-the-main-database", "drop-mysql-from-all"),
    # Nobody listens, and yet nobody is refused.
    Pair("kill-the-replica-database", "drop-mysql-from-all"),
    Pair("kill-the-replica-database", "all-from-one-peer-is-dropped"),
    Pair("unplugged-holder-of-a-virtual-ip", "stop-a-standby"),
    Pair(
        "kill-rtp-proxy",
        "kill-the-other-rtp-proxy",
        # What is sent arrives at both, and nobody takes it.
        impacts=(
            "rtp-proxy (*): outage for *, proc2 fails as well",
            "rtp-proxy (*): outage for *, proc1 fails as well",
        ),
    ),
    Pair(
        "kill-rtp-proxy",
        "a-slice-of-the-rtp-range-blocked",
        impacts=("rtp-proxy (*): degraded for *, proc2 still serves",) * 2,
    ),
    Pair(
        "kill-cassandra",
        "unplugged",
        # Its only client cannot ask.
        impacts=("cassandra*: outage for media1, nothing else serves it", "*"),
    ),
    Pair("hostile-host-flood", "hostile-peer-greet"),
)
