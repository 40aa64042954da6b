"""The script of a probe: what the remote program sends and waits for, knowing no protocol."""

from __future__ import annotations

import msgspec


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a probe's script: send bytes, or wait for some. Exactly one of the two is set.

    The fields below ``receive`` refine a step for a program that knows them. To one that does not,
    each may be ignored: the wait then ends with the first data, and every send is sent, which the
    protocols here are written to survive.
    """

    send: bytes = b""
    receive: int = 0
    """At most this many bytes of one reply; the wait ends with the first data that arrives."""
    until: bytes = b""
    """A regular expression over bytes: the wait goes on until what was received in this step
    matches, ``receive`` bytes are there, the peer closes, or the time is up. What came stays."""
    when: bytes = b""
    """A regular expression over bytes: the step is passed over, leaving no entry among what was
    received, unless the bytes received last match it."""
    any_port: bool = False
    """UDP: the reply may come from another port of the same address, so the socket that waits
    must not be connected."""
