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

MySQL with ``require_secure_transport`` refuses every login without TLS (3159), so that nothing is
known of those with it: then another connection goes on inside TLS. Only then, since a handshake of
TLS that fails would count. MariaDB 10.11, with that or an account with REQUIRE SSL, looks at the
password first, and refuses this login with 1045 as ever.

A server keeps one connection above ``max_connections`` for an administrator. Where only that is
left, it greets, and tells those alone that it would let in that there is none (1040), so that a
refused login shows nothing. It greets nobody once that one is taken. So while the first connection
is open, a second one asks as well: if it is greeted, a connection was left for a real login. At a
server with one connection left, this takes it for some milliseconds, and the administrator's; so no
more than two are held, the second leaves first, and each wait is short. As all peers ask at the
same time, and may themselves be what there is no room for, who meets 1040 asks again later, once.

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

import msgspec

from pytest_portaswitch.protocols.answer import (
    Answer,
    answer,
    excerpt,
    no_answer,
    stranger,
    text,
)
from pytest_portaswitch.protocols.ask import Ask
from pytest_portaswitch.protocols.mysql_refusals import (
    CLIENT as CLIENT,
)
from pytest_portaswitch.protocols.mysql_refusals import (
    NOT_WITHOUT_TLS,
    TOO_MANY_CONNECTIONS,
    meaning,
)
from pytest_portaswitch.protocols.mysql_wire import login, ssl_request
from pytest_portaswitch.protocols.step import Length, Step

USER = b"portaswitch-audit"
"""How the user's name begins. It shows in the log, so that an operator knows who was refused."""

GREETING_PATIENCE = 10.0
"""Seconds: a server that is slow to greet mostly looks a name up."""

_TLS = 0x800
_PLUGIN_AUTH = 0x80000
_GREETING_FIELDS = "<I8xxH3xH"
_GREETING_BODY = struct.calcsize(_GREETING_FIELDS)
_REPLY_BYTES = 1024

SECOND_WAIT = 1.0
"""Seconds that each reply over a second connection is waited for. The first one is open meanwhile,
and a server waits for its login for ten (``connect_timeout``)."""

_GREETING, _OK, _ERROR, _SWITCH = 0x0A, 0x00, 0xFF, 0xFE
_GREETED, _SWITCHED, _LOGGED_IN = (
    b"(?s)\\A....\\x%02x" % kind for kind in (_GREETING, _SWITCH, _OK)
)
_ED25519 = b"(?s)\\A....\xfeclient_ed25519\0"
_PARSEC = b"(?s)\\A....\xfeparsec\0"
_OTHERS = b"(?s)\\A....\xfe(?!client_ed25519\0|parsec\0)"
_FULL = b"(?s)\\A....\xff\\x10\\x04"  # 1040
_NOT_WITHOUT_TLS = b"(?s)\\A....\xff\\x57\\x0c"  # 3159
# The second byte of the capabilities, behind version, thread, salt and a filler, has 0x08.
_WITH_TLS = b"".join(b"\\x%02x" % byte for byte in range(256) if byte & 0x08)
_OFFERS_TLS = b"(?s)\\A....\x0a[^\0]*\0.{14}[%s]" % _WITH_TLS
_OFFERS_NONE = b"(?s)\\A....\x0a[^\0]*\0.{14}[^%s]" % _WITH_TLS
_NO_PASSWORD = b"\0\0\0\x03"
_NO_SIGNATURE = b"\x40\0\0\x03" + bytes(64)
_NO_BEGINNING = b"\x01\0\0\x03\0"
_QUIT = b"\x01\0\0\0\x01"
_PACKET = Length(width=3, order="little", beyond=4)


def request(ask: Ask) -> tuple[Step, ...]:
    """Greeting, a login without password, refusal, with whatever it takes to get that far."""
    user = USER + b"-" + ask.word("mysql-user", 3).encode()
    hello = login(user)
    greeting = Step(
        receive=_REPLY_BYTES,
        length=_PACKET,
        patience=GREETING_PATIENCE,
        parting=hello + _NO_PASSWORD,
        once=True,
        again=_FULL,
    )
    return (
        greeting,
        Step(beside=SECOND_WAIT, when=_GREETED),
        Step(send=hello, when=_GREETED),
        Step(receive=_REPLY_BYTES, length=_PACKET, when=_GREETED, again=_FULL),
        *_switches(),
        Step(send=_QUIT, when=_LOGGED_IN),
        Step(anew=True, when=_NOT_WITHOUT_TLS),
        msgspec.structs.replace(greeting, when=_NOT_WITHOUT_TLS),
        # One that offers no TLS any more is not left in the middle of a handshake either.
        Step(send=hello, when=_OFFERS_NONE),
        Step(receive=_REPLY_BYTES, length=_PACKET, when=_OFFERS_NONE),
        Step(send=ssl_request(), when=_OFFERS_TLS),
        Step(secure=True, when=_OFFERS_TLS),
        Step(send=login(user, is_secured=True), when=_OFFERS_TLS),
        Step(receive=_REPLY_BYTES, length=_PACKET, when=_OFFERS_TLS, again=_FULL),
        *_switches(is_secured=True),
        Step(send=_QUIT, when=_in_turn(_LOGGED_IN, 3, 5)),
    )


def _switches(is_secured: bool = False) -> tuple[Step, ...]:
    """What is said to a server that switches to another plugin."""

    def patterns(pattern: bytes) -> bytes:
        # Each packet has its number: inside TLS one more, as one came before it.
        return _in_turn(pattern, 3) if is_secured else pattern

    def numbered(packet: bytes) -> bytes:
        return packet[:3] + bytes([packet[3] + is_secured]) + packet[4:]

    return (
        Step(send=numbered(_NO_SIGNATURE), when=patterns(_ED25519)),
        Step(send=numbered(_NO_PASSWORD), when=patterns(_OTHERS)),
        Step(send=numbered(_NO_BEGINNING), when=patterns(_PARSEC)),
        Step(receive=_REPLY_BYTES, length=_PACKET, when=patterns(_SWITCHED)),
    )


def _in_turn(pattern: bytes, *numbers: int) -> bytes:
    """The pattern of a packet for those with these numbers."""
    one_of = b"".join(b"\\x%02x" % number for number in numbers)
    return pattern.replace(b"....", b"...[" + one_of + b"]", 1)


def recognise(ask: Ask, received: tuple[bytes, ...]) -> Answer:
    """What the server said, up to its refusal of the login."""
    nothing = no_answer(received)
    if nothing:
        return nothing
    # What stands behind the greeting is what a second connection brought.
    data = b"".join((*received[:1], *received[2:]))
    packets = list(_packets(data))
    if not packets or packets[0][:1] not in (bytes([_GREETING]), bytes([_ERROR])):
        return stranger("MySQL", data)
    if packets[0][0] == _ERROR:
        # Before any greeting: the server knows where we come from, and wants nothing of it.
        return _refusal(packets[0], {}, at_greeting=True) or stranger("MySQL", data)
    details = greeting(packets[0])
    if details is None:
        return stranger("MySQL", data)
    number = next((n for n, one in enumerate(packets) if error_code(one) == NOT_WITHOUT_TLS), None)
    if number is not None:
        found = _inside_tls(packets[number:], details)
    else:
        found = _of_login(packets, details)
    return found if found.finding != "login-refused" else _beside(b"".join(received[1:2]), found)


def _beside(data: bytes, found: Answer) -> Answer:
    """The answer, after what a second connection brought while the first one was open."""
    first = next(_packets(data), b"")
    if first[:1] == bytes([_GREETING]) and greeting(first) is not None:
        return found
    if error_code(first) == TOO_MANY_CONNECTIONS:
        words = (
            f"{error_words(first)}, to a second connection: none is left but the one that it keeps "
            "for an administrator"
        )
        details = {**found.details, "code": str(TOO_MANY_CONNECTIONS)}
        return answer("too-many-connections", words, details)
    said = error_words(first) or (
        f"other data than MySQL's: {excerpt(data)}" if data else "nothing"
    )
    words = (
        f"{found.words}, but a second connection, which tells whether one is left for a real "
        f"login, got {said}"
    )
    return answer("room-unproved", words, found.details)


def _inside_tls(packets: list[bytes], details: dict[str, str]) -> Answer:
    """What came of it that a login was refused for want of TLS, which is the first packet."""
    refused = error_words(packets[0])
    if details["tls"] == "not offered" or (packets[1:] and _offers_none(packets[1])):
        details = {**details, "code": str(NOT_WITHOUT_TLS)}
        return answer("tls-required", f"{refused}; it offers no TLS", details)
    if len(packets) < 3:
        words = f"{refused}; inside TLS the audit did not get as far as a login"
        return answer("tls-unproved", words, {**details, "code": str(NOT_WITHOUT_TLS)})
    found = _of_login(packets[1:], details)
    return answer(found.finding, f"{found.words}; inside TLS, as it demands", found.details)


def _offers_none(packet: bytes) -> bool:
    details = greeting(packet)
    return details is not None and details["tls"] == "not offered"


def _of_login(packets: list[bytes], details: dict[str, str]) -> Answer:
    """What the last packet says, of those from a greeting on."""
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


def _refusal(packet: bytes, details: dict[str, str], *, at_greeting: bool = False) -> Answer | None:
    """What an ERR_Packet means; None where it is none. The SQL state is there or is not."""
    code = error_code(packet)
    if code is None:
        return None
    message = packet[9:] if packet[3:4] == b"#" else packet[3:]
    finding = meaning(code, at_greeting=at_greeting)
    return answer(finding, f"{code} {text(message)}", {**details, "code": str(code)})


def error_code(packet: bytes) -> int | None:
    """The number of an ERR_Packet; None where it is none."""
    code = int.from_bytes(packet[1:3], "little")
    return code if packet[:1] == bytes([_ERROR]) and 1000 <= code < 10000 else None


def error_words(packet: bytes) -> str:
    """Number and message of an ERR_Packet; empty where it is none."""
    found = _refusal(packet, {})
    return found.words if found else ""
