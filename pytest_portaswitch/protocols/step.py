"""The script of a probe: what the remote program sends and waits for, knowing no protocol."""

from __future__ import annotations

import msgspec


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a probe's script: send bytes, or wait for some. Exactly one of the two is set."""

    send: bytes = b""
    receive: int = 0
    """At most this many bytes of one reply; the wait ends with the first data that arrives."""
