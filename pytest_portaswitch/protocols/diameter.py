"""Diameter over TCP (RFC 6733): capabilities exchange (5.3), then a good-bye (5.4).

The audit names itself by the address that it asks from, since a server takes one connection for
each Origin-Host (5.6.4). It offers credit control (RFC 8506) only: a relay would be offered
traffic, and a server has no requests for a credit-control client that opened no session. Whether
the server accepts the peer or declines it by the book, it answered.

python-diameter needs a newer Python than this project, and of it only the packing of a header and
of a dozen AVPs would be used; so these are read here, and the tests check them against it.
"""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Iterator
from typing import NamedTuple

from pytest_portaswitch.protocols.answer import (
    Answer,
    Finding,
    answer,
    excerpt,
    no_answer,
    silence,
    stranger,
    text,
)
from pytest_portaswitch.protocols.ask import IDENTITY, LARGEST_REPLY, Ask
from pytest_portaswitch.protocols.step import Length, Step
from pytest_portaswitch.protocols.unknown_client import codes, rule, step

_HEADER = struct.Struct(">B3sB3sIII")
_AVP = struct.Struct(">IB3s")
_MESSAGE = Length(at=1, width=3)
_REQUEST = 0x80
_CAPABILITIES, _DISCONNECT = 257, 282
_MANDATORY, _VENDOR = 0x40, 0x80
_HOST_IP, _AUTH_APPLICATION, _VENDOR_ID, _ORIGIN_HOST = 257, 258, 266, 264
_RESULT, _PRODUCT, _DISCONNECT_CAUSE, _ERROR_MESSAGE, _ORIGIN_REALM = 268, 269, 273, 281, 296
_FIRMWARE = 267
_CREDIT_CONTROL = 4
_DO_NOT_WANT_TO_TALK = 2  # so that the server does not try to reach the audit (5.4.3)
_MOST_AVPS = 64
_SUCCESS = range(2000, 3000)
_MEANINGS: dict[int, Finding] = {
    3004: "unavailable",  # DIAMETER_TOO_BUSY
    3010: "peer-refused",  # DIAMETER_UNKNOWN_PEER
    5010: "peer-refused",  # DIAMETER_NO_COMMON_APPLICATION
    5012: "server-error",  # DIAMETER_UNABLE_TO_COMPLY
    5017: "tls-required",  # DIAMETER_NO_COMMON_SECURITY
}
_UNKNOWN_PEER = "RFC 6733, 5.3: it may discard the CER of a peer that it does not know"
_MORE = (
    "as it may where it does not know the peer; a peer of the audit's name (*.portaswitch-audit."
    "invalid) would tell more"
)
CLIENT = (
    step(
        "sends a CER",
        rule("answers", how="2001 and all of 2xxx"),
        rule("refuses", "peer-refused", "3010, 5010 and all but these", "RFC 6733, 5.3"),
        *(
            rule("refuses", finding, codes(_MEANINGS, finding))
            for finding in dict.fromkeys(_MEANINGS.values())
            if finding != "peer-refused"
        ),
        rule("closes", "hung-up", why=_UNKNOWN_PEER, words=f"it hung up on a CER, {_MORE}"),
        rule("resets", "hung-up", why=_UNKNOWN_PEER, words=f"it hung up on a CER, {_MORE}"),
        rule(
            "keeps silent",
            "not-obliged",
            why=_UNKNOWN_PEER,
            words=f"it passes a CER over, {_MORE}",
        ),
    ),
)


class _Message(NamedTuple):
    flags: int
    code: int
    hop: int
    end: int
    body: bytes


def request(ask: Ask) -> tuple[Step, ...]:
    """CER, CEA, DPR, DPA."""
    host, realm = origin(ask)
    address = ipaddress.ip_address(ask.source)
    family = 1 if address.version == 4 else 2  # IANA's address families (4.3.1)
    who = _avp(_ORIGIN_HOST, host) + _avp(_ORIGIN_REALM, realm)
    hello = (
        who
        + _avp(_HOST_IP, struct.pack(">H", family) + address.packed)
        + _avp(_VENDOR_ID, bytes(4))
        + _avp(_PRODUCT, b"portaswitch-audit", flags=0)
        + _avp(_AUTH_APPLICATION, struct.pack(">I", _CREDIT_CONTROL))
    )
    goodbye = who + _avp(_DISCONNECT_CAUSE, struct.pack(">I", _DO_NOT_WANT_TO_TALK))
    return (
        Step(send=_message(ask, _CAPABILITIES, hello)),
        Step(receive=LARGEST_REPLY, length=_MESSAGE),
        Step(send=_message(ask, _DISCONNECT, goodbye)),
        Step(receive=LARGEST_REPLY, length=_MESSAGE),
    )


def origin(ask: Ask) -> tuple[bytes, bytes]:
    """Origin-Host and Origin-Realm, such as ``10-0-0-9.portaswitch-audit.invalid``."""
    label = ask.source.replace(".", "-").replace(":", "-").strip("-")
    return f"{label}.{IDENTITY}".encode(), IDENTITY.encode()


def recognise(ask: Ask, received: tuple[bytes, ...]) -> Answer:
    """What the CEA says, and whether a DPA followed."""
    nothing = no_answer(received)
    if nothing:
        return nothing
    data = b"".join(received)
    messages = list(_messages(data))
    if not messages:
        if data[:1] == b"\x01" and len(data) < int.from_bytes(data[1:4].ljust(3, b"\xff"), "big"):
            return silence("cut-short", f"half a Diameter message: {excerpt(data)}")
        return stranger("Diameter", data)
    answers = {(m.code, m.hop, m.end): m for m in messages if not m.flags & _REQUEST}
    capabilities = answers.get((_CAPABILITIES, *_numbers(ask, _CAPABILITIES)))
    if capabilities is None:
        first = messages[0]
        return silence("not-our-reply", f"a message of command {first.code}, not our answer")
    avps = dict(_avps(capabilities.body))
    result = avps.get(_RESULT, b"")
    if len(result) != 4:
        return answer("unreadable", "a CEA without Result-Code")
    code = int.from_bytes(result, "big")
    parted = (_DISCONNECT, *_numbers(ask, _DISCONNECT)) in answers
    details = {
        "code": str(code),
        "origin-host": text(avps.get(_ORIGIN_HOST, b"")),
        "origin-realm": text(avps.get(_ORIGIN_REALM, b"")),
        "product": text(avps.get(_PRODUCT, b"")),
        "firmware": str(int.from_bytes(avps.get(_FIRMWARE, b"")[:4], "big") or ""),
        "error": text(avps.get(_ERROR_MESSAGE, b"")),
        "parted": "yes" if parted else "no",
    }
    words = f"Diameter {code} from {details['origin-host'] or 'a host without name'}"
    if code in _SUCCESS:
        return answer("", words, details)
    return answer(
        _MEANINGS.get(code, "peer-refused"), f"{words} {details['error']}".strip(), details
    )


def _numbers(ask: Ask, command: int) -> tuple[int, int]:
    """Hop-by-hop and end-to-end identifiers (6.2: an answer bears those of its request)."""
    return ask.number(f"diameter-hop-{command}"), ask.number(f"diameter-end-{command}")


def _message(ask: Ask, command: int, body: bytes) -> bytes:
    size = (_HEADER.size + len(body)).to_bytes(3, "big")
    code = command.to_bytes(3, "big")
    return _HEADER.pack(1, size, _REQUEST, code, 0, *_numbers(ask, command)) + body


def _avp(code: int, data: bytes, flags: int = _MANDATORY) -> bytes:
    size = (_AVP.size + len(data)).to_bytes(3, "big")
    return _AVP.pack(code, flags, size) + data + bytes(-len(data) % 4)


def _messages(data: bytes) -> Iterator[_Message]:
    while len(data) >= _HEADER.size:
        version, size, flags, code, _, hop, end = _HEADER.unpack_from(data)
        length = int.from_bytes(size, "big")
        if version != 1 or length % 4 or not _HEADER.size <= length <= len(data):
            return
        body = data[_HEADER.size : length]
        yield _Message(flags, int.from_bytes(code, "big"), hop, end, body)
        data = data[length:]


def _avps(body: bytes) -> Iterator[tuple[int, bytes]]:
    """Code and data of each AVP of no vendor, as far as they can be followed."""
    for _ in range(_MOST_AVPS):
        if len(body) < _AVP.size:
            return
        code, flags, size = _AVP.unpack_from(body)
        length = int.from_bytes(size, "big")
        start = _AVP.size + (4 if flags & _VENDOR else 0)
        if not start <= length <= len(body):
            return
        if not flags & _VENDOR:
            yield code, body[start:length]
        body = body[length + -length % 4 :]
