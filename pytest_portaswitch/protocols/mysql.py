"""MySQL and MariaDB: the handshake is always finished, never cut.

A connection that is dropped in mid-handshake counts towards the server's ``max_connect_errors``,
and once that is reached the server locks the peer out (error 1129). A login that is refused for
its credentials does not count. So a probe reads the greeting, asks for a login that cannot
succeed, and reads the refusal.

MySQL's ``connection_control``, which hardening guides ask for, answers a user and host the later
the more logins of theirs were refused in a row (a second more each, after three), and remembers
each pair until it is restarted. So the user has one of 4096 names, another in each run: no pair
gets that far soon, and what is remembered stays small.

A server whose accounts use another plugin answers the login with AuthSwitchRequest (MySQL 8:
``caching_sha2_password``, MySQL 9 always; MariaDB also for users that do not exist, in the manner
of one that does); leaving then would be a cut handshake. An empty response is "no password" to
``mysql_native_password`` and the SHA-2 plugins. MariaDB's ``ed25519`` takes anything but 64 bytes
for a broken handshake: on 10.11 with ``max_connect_errors=1`` a single empty response locked the
peer out, and 64 zeros never did. Its ``parsec`` (11.6) takes an empty response for the beginning,
shows a salt, and counts whatever proves nothing then; anything else at first it merely refuses.

Whether TLS is required shows only to who has credentials: MariaDB 10.11 with
``require_secure_transport``, or an account with REQUIRE SSL, refuses this login with 1045 as ever.

A server that is slow or stands still accepts connections and greets later, when the probe may have
gone: that would be a cut handshake for each that was made meanwhile. So the greeting is waited for
longer than other replies, nobody is asked twice, and who does not greet is left the login all the
same: it needs nothing of the greeting, and the server finds it once it goes on.

A login with credentials cannot be composed beforehand, since its response depends on the salt of
the greeting: ``mysql_inspect`` makes it.
Protocol: the vendors' "Connection Phase" pages; the packets are named as there.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from pytest_portaswitch.protocols.answer import (
    Answer,
    Finding,
    answer,
    excerpt,
    no_answer,
    stranger,
    text,
)
from pytest_portaswitch.protocols.ask import Ask
from pytest_portaswitch.protocols.step import Length, Step

USER = b"portaswitch-audit"
"""How the user's name begins. It shows in the log, so that an operator knows who was refused."""

GREETING_PATIENCE = 10.0
"""Seconds: a server that is slow to greet mostly looks a name up."""

_LONG_PASSWORD = 0x1
_PROTOCOL_41 = 0x200
_TLS = 0x800
_SECURE_CONNECTION = 0x8000
_PLUGIN_AUTH = 0x80000
_MAX_PACKET = 1 << 24
_UTF8 = 33
_GREETING_FIELDS = "<I8xxH3xH"
_GREETING_BODY = struct.calcsize(_GREETING_FIELDS)
_REPLY_BYTES = 1024

_GREETING, _OK, _ERROR, _SWITCH = 0x0A, 0x00, 0xFF, 0xFE
_GREETED, _SWITCHED, _LOGGED_IN = (
    b"(?s)\\A....\\x%02x" % kind for kind in (_GREETING, _SWITCH, _OK)
)
_ED25519 = b"(?s)\\A....\xfeclient_ed25519\0"
_PARSEC = b"(?s)\\A....\xfeparsec\0"
_OTHERS = b"(?s)\\A....\xfe(?!client_ed25519\0|parsec\0)"
_NO_PASSWORD = b"\0\0\0\x03"
_NO_SIGNATURE = b"\x40\0\0\x03" + bytes(64)
_NO_BEGINNING = b"\x01\0\0\x03\0"
_QUIT = b"\x01\0\0\0\x01"
_PACKET = Length(width=3, order="little", beyond=4)

_MEANINGS: dict[int, Finding] = {
    1040: "too-many-connections",
    1203: "too-many-connections",
    1045: "login-refused",
    1251: "login-refused",  # no plugin in common
    1524: "login-refused",  # the account's plugin is not loaded
    1698: "login-refused",  # 1045 of a plugin that takes no password
    3118: "login-refused",  # MySQL: the account is locked
    4151: "login-refused",  # MariaDB: the same
    1053: "unavailable",  # shutdown in progress
    1129: "host-blocked",
    1130: "host-not-allowed",
    3159: "tls-required",
}


def request(ask: Ask) -> tuple[Step, ...]:
    """Greeting, a login without password, refusal, with whatever it takes to get that far."""
    hello = login(USER + b"-" + ask.word("mysql-user", 3).encode())
    return (
        Step(
            receive=_REPLY_BYTES,
            length=_PACKET,
            patience=GREETING_PATIENCE,
            parting=hello + _NO_PASSWORD,
            once=True,
        ),
        Step(send=hello, when=_GREETED),
        Step(receive=_REPLY_BYTES, length=_PACKET, when=_GREETED),
        Step(send=_NO_SIGNATURE, when=_ED25519),
        Step(send=_NO_PASSWORD, when=_OTHERS),
        Step(send=_NO_BEGINNING, when=_PARSEC),
        Step(receive=_REPLY_BYTES, length=_PACKET, when=_SWITCHED),
        Step(send=_QUIT, when=_LOGGED_IN),
    )


def recognise(ask: Ask, received: tuple[bytes, ...]) -> Answer:
    """What the server said, up to its refusal of the login."""
    nothing = no_answer(received)
    if nothing:
        return nothing
    data = b"".join(received)
    packets = list(_packets(data))
    if not packets or packets[0][:1] not in (bytes([_GREETING]), bytes([_ERROR])):
        return stranger("MySQL", data)
    if packets[0][0] == _ERROR:
        # Before any greeting: the server knows where we come from, and wants nothing of it.
        return _refusal(packets[0], {}) or stranger("MySQL", data)
    details = greeting(packets[0])
    if details is None:
        return stranger("MySQL", data)
    last = packets[-1]
    if last[:1] == bytes([_ERROR]):
        refusal = _refusal(last, details)
        return refusal or answer("unreadable", f"broken error packet {excerpt(last)}", details)
    if len(packets) > 1 and last[:1] == bytes([_OK]):
        return answer("login-accepted", f"{USER.decode()} may log in without password", details)
    stage = "after its greeting" if len(packets) == 1 else "while a login was under way"
    return answer("cut-short", f"{details['version']} said nothing more {stage}", details)


def _packets(data: bytes) -> Iterator[bytes]:
    """The payloads of whole packets: three bytes of length, one of sequence."""
    while len(data) > 4:
        end = 4 + int.from_bytes(data[:3], "little")
        if not 4 < end <= len(data):
            return
        yield data[4:end]
        data = data[end:]


def greeting(packet: bytes) -> dict[str, str] | None:
    """The details of a HandshakeV10; None where it is none."""
    version, end, rest = packet[1:].partition(b"\0")
    # Thread, salt, filler, then capabilities in two halves around charset and status.
    if not end or len(rest) < _GREETING_BODY or not version[:1].isdigit():
        return None
    thread, low, high = struct.unpack_from(_GREETING_FIELDS, rest)
    capabilities = low | high << 16
    name = text(version)
    maria = "mariadb" in name.lower()
    # Replicas that knew only MySQL refused a "10", so MariaDB put a number of theirs before it.
    name = name.removeprefix("5.5.5-") if maria else name
    plugin = rest[31:].rpartition(b"\0")[0].rpartition(b"\0")[2] if len(rest) > 31 else b""
    return {
        "version": name,
        "product": "MariaDB" if maria else "MySQL",
        "thread": str(thread),
        "tls": "offered" if capabilities & _TLS else "not offered",
        "plugin": text(plugin) if capabilities & _PLUGIN_AUTH else "",
    }


def _refusal(packet: bytes, details: dict[str, str]) -> Answer | None:
    """What an ERR_Packet means; None where it is none. The SQL state is there or is not."""
    if len(packet) < 3:
        return None
    code = int.from_bytes(packet[1:3], "little")
    message = packet[9:] if packet[3:4] == b"#" else packet[3:]
    if not 1000 <= code < 10000:
        return None
    words = f"{code} {text(message)}"
    return answer(_MEANINGS.get(code, "server-error"), words, {**details, "code": str(code)})


def error_words(packet: bytes) -> str:
    """Number and message of an ERR_Packet; empty where it is none."""
    found = _refusal(packet, {})
    return found.words if found else ""


def login(user: bytes, response: bytes = b"", plugin: bytes = b"mysql_native_password") -> bytes:
    """A HandshakeResponse41 for a user, without a database, in a packet of sequence 1."""
    capabilities = _LONG_PASSWORD | _PROTOCOL_41 | _SECURE_CONNECTION | _PLUGIN_AUTH
    body = struct.pack("<IIB23x", capabilities, _MAX_PACKET, _UTF8)
    body += user + b"\0" + bytes([len(response)]) + response + plugin + b"\0"
    return struct.pack("<I", len(body))[:3] + b"\x01" + body
