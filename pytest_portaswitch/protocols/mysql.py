"""MySQL: the handshake is always finished, never cut.

A connection that is dropped in mid-handshake counts towards the server's ``max_connect_errors``,
and once that is reached the server locks the peer out (error 1129). A login that is refused for
its credentials does not count. So a probe reads the greeting, asks for a login that cannot
succeed, and reads the refusal.
"""

from __future__ import annotations

import struct

from pytest_portaswitch.protocols.step import Step

USER = b"portaswitch-audit"
"""Shows in the server's log, so that an operator knows who was refused."""

_LONG_PASSWORD = 0x1
_PROTOCOL_41 = 0x200
_SECURE_CONNECTION = 0x8000
_PLUGIN_AUTH = 0x80000
_MAX_PACKET = 1 << 24
_UTF8 = 33
_REPLY_BYTES = 1024


def script() -> tuple[Step, ...]:
    """Greeting, a login without password, refusal."""
    return (
        Step(receive=_REPLY_BYTES),
        Step(send=_login()),
        Step(receive=_REPLY_BYTES),
    )


def _login() -> bytes:
    """A HandshakeResponse41 for ``USER`` with an empty password, in a packet of sequence 1."""
    capabilities = _LONG_PASSWORD | _PROTOCOL_41 | _SECURE_CONNECTION | _PLUGIN_AUTH
    body = struct.pack("<IIB23x", capabilities, _MAX_PACKET, _UTF8)
    body += USER + b"\0" + b"\0" + b"mysql_native_password\0"
    return struct.pack("<I", len(body))[:3] + b"\x01" + body
