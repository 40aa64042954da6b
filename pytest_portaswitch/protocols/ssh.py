"""SSH (RFC 4253): both sides say who they are, and this one leaves. Nobody logs in.

A connection that is closed without a word is an error in sshd's log
(``kex_exchange_identification: Connection closed by remote host``), as of a scan. So the server's
identification is awaited (4.2), the audit's own is given, and a disconnect with its reason
(11.1), which may be sent before keys are exchanged. sshd then logs who left, and that it said so.
"""

from __future__ import annotations

import re
import struct

from pytest_portaswitch.protocols.answer import (
    Answer,
    answer,
    excerpt,
    no_answer,
    silence,
    stranger,
    text,
)
from pytest_portaswitch.protocols.ask import LARGEST_REPLY, Ask
from pytest_portaswitch.protocols.step import Step
from pytest_portaswitch.protocols.unknown_client import rule, step, wordless

# No blank and no minus may stand in a version (4.2).
_IDENTIFICATION = b"SSH-2.0-portaswitch_audit\r\n"
_DISCONNECT, _BY_APPLICATION = 1, 11
_REASON = b"portaswitch-audit: reached"
_BLOCK = 8

# Lines of another kind may come before it (4.2), and 1.99 is 2.0 that speaks 1.x as well (5.1).
_SERVER = re.compile(rb"(?m)^SSH-(2\.0|1\.99)-([^\r\n]*)\r?\n")
_BEGUN = re.compile(rb"(?m)^SSH-[^\r\n]*\Z")

_GREETS = "a peer gets the same: the client has not named itself"

CLIENT = (
    step(
        "connects",
        rule("answers", how="its identification", why="RFC 4253, 4.2"),
        rule("refuses", "not-this-protocol", "other lines", "sshd: MaxStartups, penalties"),
        *wordless("no-answer", _GREETS),
    ),
)


def request(ask: Ask) -> tuple[Step, ...]:
    """The server's identification, then ours and a disconnect."""
    return (
        Step(receive=LARGEST_REPLY, until=rb"(?m)^SSH-[^\r\n]*\r?\n"),
        Step(send=_IDENTIFICATION + _packet(_disconnect()), when=_SERVER.pattern),
    )


def recognise(ask: Ask, received: tuple[bytes, ...]) -> Answer:
    """The identification makes it SSH."""
    nothing = no_answer(received)
    if nothing:
        return nothing
    data = b"".join(received)
    found = _SERVER.search(data)
    if found is None:
        if _BEGUN.search(data):
            return silence("cut-short", f"half an SSH identification: {excerpt(data)}")
        return stranger("SSH", data)
    version = text(found[2])
    return answer("", f"SSH {found[1].decode()} {version}", {"version": version})


def _disconnect() -> bytes:
    """SSH_MSG_DISCONNECT: why, in a number and in words of no language in particular."""
    words = struct.pack(">I", len(_REASON)) + _REASON
    return struct.pack(">BI", _DISCONNECT, _BY_APPLICATION) + words + struct.pack(">I", 0)


def _packet(payload: bytes) -> bytes:
    """A packet before keys are exchanged: in clear, without a MAC (6)."""
    padding = _BLOCK - (5 + len(payload)) % _BLOCK
    if padding < 4:
        padding += _BLOCK
    return struct.pack(">IB", 1 + len(payload) + padding, padding) + payload + bytes(padding)
