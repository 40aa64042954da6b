"""What a question needs to know. Nothing in it is drawn or looked up: the same ask, the same bytes.

The nonce makes questions of different runs differ; everything that a protocol wants to be unique
or unpredictable is derived from it, so that a test, or whoever reads the evidence, can repeat it.
"""

from __future__ import annotations

import hmac
import ipaddress
from typing import Literal, Protocol

import msgspec

Transport = Literal["tcp", "udp", "tls"]
Variant = Literal["", "access-request", "access-request-unsigned", "bind"]

PortRole = Literal["", "authentication", "accounting"]

IDENTITY = "portaswitch-audit.invalid"
"""How an audit introduces itself where a protocol wants a name. RFC 2606, 2: never a real one."""

LARGEST_REPLY = 4096
"""Bytes of one reply that are asked for: enough for every protocol here, and little to parse."""


class Secret(Protocol):
    """What ``cluster.secret.Secret`` is: a value that shows itself only when asked."""

    def reveal(self) -> str:
        """The value itself: for the wire only."""
        ...


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """One question: from where, to where, and what is known. It never leaves the controller."""

    transport: Transport
    source: str
    """The address that the probe is expected to leave from."""
    address: str
    port: int
    nonce: bytes
    """At least 16 bytes, drawn once a run."""
    source_port: int = 0
    """Where the remote program binds one. 0: not known beforehand."""
    secret: Secret | None = None
    """RADIUS: shared with the server. Others use none."""
    variant: Variant = ""
    """What a site must ask for by itself: ``access-request`` (RADIUS) is a login that is refused,
    and unsigned it tells a wrong secret from silence; ``bind`` (SMPP) is a login as well. Empty:
    the question that changes nothing."""
    port_role: PortRole = ""
    """RADIUS: what the port is for. Empty: nobody knows."""
    path: str = "/"
    """HTTP: which resource. The caller vouches that it is a path and nothing else."""

    def token(self, label: str, size: int) -> bytes:
        """At most 32 bytes that only this ask has, other ones for another label."""
        ends = f"{label}|{self.transport}|{self.source}|{self.address}|{self.port}"
        return hmac.digest(self.nonce, ends.encode(), "sha256")[:size]

    def word(self, label: str, size: int) -> str:
        """The same as ``size`` hexadecimal digits."""
        return self.token(label, (size + 1) // 2).hex()[:size]

    def number(self, label: str) -> int:
        """The same as a number from 1 to 2**31 - 1."""
        return int.from_bytes(self.token(label, 4), "big") % (2**31 - 1) + 1


def in_uri(address: str) -> str:
    """An address as URIs and Host headers have it: IPv6 in brackets (RFC 3986, 3.2.2)."""
    return f"[{address}]" if ipaddress.ip_address(address).version == 6 else address
