"""The script of a probe: what the remote program sends and waits for, knowing no protocol."""

from __future__ import annotations

import msgspec


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a probe's script: send bytes, or wait for some. Exactly one of the two is set."""

    send: bytes = b""
    receive: int = 0
    """At most this many bytes of one reply; the wait ends with the first data that arrives."""
    until: bytes = b""
    """A regular expression over bytes: the wait goes on until what was received in this step
    matches, ``receive`` bytes are there, the peer closes, or the time is up. What came stays."""
    when: bytes = b""
    """A regular expression over bytes: the step is passed over, leaving no entry among what was
    received, unless the bytes that the last receiving step brought match it. A program that does
    not heed this must not be given such a script: what is sent then could do harm."""
    any_port: bool = False
    """UDP: the reply may come from another port of the same address, so the socket that waits
    must not be connected."""
