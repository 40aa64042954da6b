"""What a host may say of one probe: how it ended, and what came back.

As ``fields``: each reader returns the entry, cleaned, or raises ``Hostile``.
"""

from __future__ import annotations

import re

import msgspec

from pytest_portaswitch.facts import certificates, clean
from pytest_portaswitch.facts.clean import Hostile
from pytest_portaswitch.facts.probe import OtherReply, ProbeResult

_RECEIVED = 65536
_MOST_RECEIVED = 32
"""Receiving steps of a script."""
_MOST_OTHER_REPLIES = 16
_LONGEST = 100_000.0
"""Seconds of one probe: no trip is as long."""
_KEY = re.compile(r"(tcp|tls|udp|icmp):(.+):([0-9]{1,5})", re.ASCII | re.DOTALL)
_MOST_TRIES = 10
_MOST_RESENT = 1 << 16
_ENDS = {
    "tcp": {"connected", "silent", "refused", "unreachable", "error"},
    "tls": {"connected", "silent", "refused", "unreachable", "error"},
    "udp": {"replied", "silent", "refused", "unreachable", "error"},
    "icmp": {"replied", "silent", "refused", "unreachable", "error"},
}
"""How a probe of each kind may end."""


def probe(given: ProbeResult) -> ProbeResult:
    """How it ended, as a probe of its kind may, and what came back."""
    parts = _KEY.fullmatch(given.key)
    if parts is None or given.key != f"{parts[1]}:{clean.address(parts[2])}:{int(parts[3])}":
        raise Hostile(f"{clean.text(given.key, 60)!r} is no probe")
    clean.port(int(parts[3]))
    if given.outcome not in _ENDS[parts[1]]:
        raise Hostile(f"a probe over {parts[1]} that is {given.outcome}")
    if given.other_replies and (parts[1] != "udp" or given.outcome != "silent"):
        raise Hostile(f"replies from elsewhere over {parts[1]} to a probe that is {given.outcome}")
    if parts[1] != "tls" and (given.tls or given.tcp_connected):
        raise Hostile(f"a handshake over {parts[1]}")
    if clean.seconds(given.elapsed) < 0 or given.elapsed > _LONGEST:
        raise Hostile(f"a probe of {given.elapsed} s")
    if not 0 <= given.lost <= given.tries <= _MOST_TRIES or given.tries < 1:
        raise Hostile(f"a probe of which {given.lost} of {given.tries} tries were lost")
    if not (0 <= given.resent <= _MOST_RESENT and 0 <= given.smaller <= _MOST_RESENT):
        raise Hostile(f"a probe with {given.resent} packets sent again")
    return msgspec.structs.replace(
        given,
        detail=clean.text(given.detail, 200),
        source=given.source and clean.address(given.source),
        received=tuple(data[:_RECEIVED] for data in given.received[:_MOST_RECEIVED]),
        # It is for the controller to recognise answers; a host has no say in it.
        answer=None,
        other_replies=tuple(map(_other_reply, given.other_replies[:_MOST_OTHER_REPLIES])),
        arrival=None,
        source_port=clean.port(given.source_port),
        tls=given.tls and certificates.handshake(given.tls),
    )


def _other_reply(given: OtherReply) -> OtherReply:
    return OtherReply(
        address=clean.address(given.address),
        port=clean.port(given.port),
        received=given.received[:_RECEIVED],
    )
