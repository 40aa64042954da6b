"""The script of a probe: what the remote program sends and waits for, knowing no protocol."""

from __future__ import annotations

from typing import Literal

import msgspec


class Length(msgspec.Struct, frozen=True, kw_only=True):
    """Where a reply says itself how long it is. Networks may cut it anywhere, even in there."""

    at: int = 0
    """Bytes before the number."""
    width: int
    order: Literal["big", "little"] = "big"
    beyond: int = 0
    """Bytes that the number does not count."""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a probe's script.

    Exactly one of ``send``, ``receive``, ``beside``, ``anew`` and ``secure`` is set.
    """

    send: bytes = b""
    receive: int = 0
    """At most this many bytes of one reply; the wait ends with the first data that arrives."""
    until: bytes = b""
    """A regular expression over bytes: the wait goes on until what was received in this step
    matches, ``receive`` bytes are there, the peer closes, or the time is up. What came stays."""
    length: Length | None = None
    """The wait goes on in the same way until the first reply is whole by its own account. One that
    is longer than ``receive`` is not waited for."""
    patience: float = 0.0
    """Seconds to wait for this reply at least, as long as the time of the trip allows."""
    parting: bytes = b""
    """Sent before leaving where what this step waits for did not come in time."""
    once: bool = False
    """The script is never followed a second time."""
    when: bytes = b""
    """A regular expression over bytes: the step is passed over, leaving no entry among what was
    received, unless the bytes that the last receiving step brought match it. A program that does
    not heed this must not be given such a script: what is sent then could do harm."""
    due: bool = False
    """UDP: a service that is well owes this reply, so it is waited for as long as one over TCP.
    Otherwise silence is the usual answer, and nobody waits long for it."""
    beside: float = 0.0
    """Over TCP: while this connection stands, another one to the same place follows the same
    script, up to where that begins anew; each of its waits is at most these seconds. All that it
    brings is one entry among what was received. No script holds more than the two."""
    anew: bool = False
    """Over TCP: leave this connection in order, and go on over a new one to the same place."""
    secure: bool = False
    """Over TCP: go on inside TLS."""
    again: bytes = b""
    """A regular expression over bytes: where the reply of this step matches, the whole script is
    followed once more, after all other probes and a pause; what that brings counts."""
    any_port: bool = False
    """UDP: the reply may come from another port of the same address."""
