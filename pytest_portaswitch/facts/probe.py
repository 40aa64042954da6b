"""The shapes of probes, and of what became of them."""

from __future__ import annotations

from typing import Literal

import msgspec

from pytest_portaswitch.facts.answer import Answer
from pytest_portaswitch.text import NO_ADDRESS, NO_TEXT, Address, Text


class Probe(msgspec.Struct, frozen=True, kw_only=True):
    """One probe to send from one host. ``key`` names it among that host's probes."""

    transport: Literal["tcp", "udp", "tls", "icmp"]
    address: str
    port: int
    """0 for icmp."""
    protocol: str = ""
    """What is spoken there; empty: nothing is said (tcp, tls), or an empty datagram sent (udp)."""
    name: str = ""
    """The server's name, for which TLS asks (SNI): one address may serve several."""
    question: str = ""
    """What is asked instead of the protocol's usual question; empty: that one."""
    port_role: str = ""
    """What the port is for, where a protocol has several kinds of them."""
    unless: str = ""
    """Key of another probe: this one is sent only where that one brought no reply."""

    @property
    def key(self) -> str:
        """Such as ``tcp:10.0.0.3:3306``."""
        return f"{self.transport}:{self.address}:{self.port}"


Outcome = Literal["connected", "replied", "silent", "refused", "unreachable", "error"]
"""``connected``: TCP or TLS came up. ``replied``: a datagram came back. ``silent``: nothing came
back in time. ``refused``: reset, or ICMP port unreachable. ``unreachable``: no route, or ICMP
host, network or prohibited. ``error``: the probe could not be sent; see ``detail``."""


class Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a datagram that stayed unanswered was seen at its target when it was sent again."""

    seen: bool | None
    """At an interface of the target, where its own firewall comes after. None: nobody watched."""
    watcher: str = ""
    """The host that watched, or would have."""
    blind: str = ""
    """Why nobody watched."""


class OtherReply(msgspec.Struct, frozen=True, kw_only=True):
    """A datagram that came back from another address or port than the one that was asked."""

    address: Address
    """Where it came from."""
    port: int
    """The port there."""
    received: bytes = b""
    """What it said, cut to the bound of the request."""
    answer: Answer | None = None
    """What the controller recognised in it."""


class Handshake(msgspec.Struct, frozen=True, kw_only=True):
    """What a TLS server showed of itself. Nothing of it was verified."""

    version: Text = NO_TEXT
    """Such as ``TLSv1.3``."""
    cipher: Text = NO_TEXT
    chain: tuple[str, ...] = ()
    """Its certificates by SHA-256 in hex, its own first; ``HostFacts.certificates`` has them."""
    whole: bool = False
    """Whether the chain is all that was shown: the Python of some hosts tells the first alone."""
    problem: Text = NO_TEXT
    """Why the certificates could not be brought."""


class ProbeResult(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one probe."""

    key: str
    outcome: Outcome
    detail: Text = NO_TEXT
    """The kernel's or TLS library's own words, such as ``EHOSTUNREACH``."""
    source: Address = NO_ADDRESS
    """The local address that the kernel chose."""
    source_port: int = 0
    """UDP: the local port that it was sent from; 0: not known."""
    tcp_connected: bool = False
    """TLS that did not come up, on a TCP connection that did."""
    elapsed: float = 0.0
    """Seconds until the outcome."""
    received: tuple[bytes, ...] = ()
    """What came back, one entry a receiving step, each cut to the bound of the request."""
    answer: Answer | None = None
    """What the controller recognised in it; None where nothing was asked."""
    other_replies: tuple[OtherReply, ...] = ()
    """UDP that stayed silent: what came back from elsewhere, the first of each end."""
    arrival: Arrival | None = None
    """UDP: what the second round showed; None where it took no part in one."""
    tries: int = 1
    """How often it was sent; more than once where something else came back from the address."""
    lost: int = 0
    """Of these tries, those on which nothing came back."""
    resent: int = 0
    """TCP: packets that the kernel sent again, as no acknowledgement had come."""
    smaller: int = 0
    """TCP: what came through with segments of so many bytes only, having stalled twice with larger
    ones. 0: sizes did not matter, or were not tried."""
    tls: Handshake | None = None
    """What the handshake showed, where one came about."""
