"""SMPP 3.4: enquire_link (4.11), which every entity answers, and which leaves nothing behind.

The specification lists it for bound sessions; before a bind a server answers it, or says
generic_nack or "incorrect bind status". Each of them is an answer. Some servers hang up on
whatever is no bind, others pass it over, which they may (2.3: it is for bound sessions), so that
nothing follows of it: ``variant="bind"`` is for them, a bind_transceiver (4.1.5) with a name that
no customer has, refused by the book, and an unbind in case it was not.

Of smpplib only the sixteen bytes of the header would be used, and it brings ``six``, no types, and
a client with sockets; so the header is read here.
"""

from __future__ import annotations

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
from pytest_portaswitch.protocols.ask import Ask
from pytest_portaswitch.protocols.step import Length, Step
from pytest_portaswitch.protocols.unknown_client import rule, step, wordless

SYSTEM_ID = b"pswitch-audit"
"""At most 15 characters (5.2.1)."""

_HEADER = struct.Struct(">IIII")
_REPLY_BYTES = 1024
_PDU = Length(width=4)
_NACK = 0x80000000
_BIND_REPLY, _UNBIND, _UNBIND_REPLY = 0x80000009, 0x00000006, 0x80000006
_ENQUIRE, _ENQUIRE_REPLY = 0x00000015, 0x80000015
_BIND = 0x00000009
_NAMES = {
    _NACK: "generic_nack",
    _BIND_REPLY: "bind_transceiver_resp",
    _UNBIND_REPLY: "unbind_resp",
    _ENQUIRE_REPLY: "enquire_link_resp",
    _ENQUIRE: "enquire_link",
    _UNBIND: "unbind",
    0x0000000B: "outbind",
}
_VERSION_34 = 0x34
_BUSY = (0x00000014, 0x00000058)  # ESME_RMSGQFUL, ESME_RTHROTTLED (5.1.3)
_SYSTEM_ERROR = 0x00000008
_MORE = "as it may on whoever is not bound; a bind would tell more (questions: smpp: bind)"
_HUNG_UP = f"it hung up on enquire_link, {_MORE}"
_UNBOUND = "SMPP 3.4, 2.3: enquire_link is for bound sessions"

CLIENT = (
    step(
        "sends enquire_link, unbound",
        rule("answers", how="enquire_link_resp", why="SMPP 3.4, 4.11"),
        rule("refuses", how="generic_nack, or any other status but these", why="4.3"),
        rule("refuses", "unavailable", "ESME_RMSGQFUL, ESME_RTHROTTLED"),
        rule("refuses", "server-error", "ESME_RSYSERR"),
        rule("closes", "hung-up", why=_UNBOUND, words=_HUNG_UP),
        rule("resets", "hung-up", why=_UNBOUND, words=_HUNG_UP),
        rule(
            "keeps silent",
            "not-obliged",
            why=_UNBOUND,
            words=f"it passes enquire_link over, {_MORE}",
        ),
    ),
    step(
        "binds with a name that no customer has (`questions: {smpp: bind}`)",
        rule("answers", "login-accepted", "bind_transceiver_resp with status 0", "anybody gets in"),
        rule("refuses", "peer-refused", "any other status but these, or generic_nack", "4.1.6"),
        rule("refuses", "unavailable", "ESME_RMSGQFUL, ESME_RTHROTTLED"),
        rule("refuses", "server-error", "ESME_RSYSERR"),
        *wordless("no-answer", "SMPP 3.4, 4.1.6: a bind is owed an answer"),
        variant="bind",
    ),
)


class _Pdu(NamedTuple):
    command: int
    status: int
    sequence: int
    body: bytes


def request(ask: Ask) -> tuple[Step, ...]:
    """An enquire_link; or a bind, its answer, an unbind and its answer."""
    if ask.variant != "bind":
        return (
            Step(send=_pdu(_ENQUIRE, _sequence(ask))),
            Step(receive=_REPLY_BYTES, length=_PDU),
        )
    body = SYSTEM_ID + b"\0" + b"\0" + b"\0" + bytes([_VERSION_34, 0, 0]) + b"\0"
    return (
        Step(send=_pdu(_BIND, _sequence(ask), body)),
        Step(receive=_REPLY_BYTES, length=_PDU),
        Step(send=_pdu(_UNBIND, _sequence(ask) + 1)),
        Step(receive=_REPLY_BYTES, length=_PDU),
    )


def recognise(ask: Ask, received: tuple[bytes, ...]) -> Answer:
    """The first response that bears our number, or a generic_nack."""
    nothing = no_answer(received)
    if nothing:
        return nothing
    data = b"".join(received)
    pdus = list(_pdus(data))
    if not pdus:
        begun = len(data) < _HEADER.size and data[:2] == b"\0\0"
        if begun:
            return silence("cut-short", f"half an SMPP header: {excerpt(data)}")
        return stranger("SMPP", data)
    expected = _BIND_REPLY if ask.variant == "bind" else _ENQUIRE_REPLY
    for pdu in pdus:
        # A nack may bear 0 where the sequence could not be told (4.3).
        if pdu.command == _NACK and pdu.sequence in (_sequence(ask), 0):
            return _answer(pdu)
        if pdu.command == expected and pdu.sequence == _sequence(ask):
            return _answer(pdu)
    first = pdus[0]
    return silence("not-our-reply", f"{_name(first)} {first.sequence}, to another request")


def _answer(pdu: _Pdu) -> Answer:
    details = {"command": _name(pdu), "status": f"0x{pdu.status:08x}"}
    if pdu.command == _BIND_REPLY:
        details["system-id"] = text(pdu.body.partition(b"\0")[0])
    finding: Finding = ""
    if pdu.status in _BUSY:
        finding = "unavailable"
    elif pdu.status == _SYSTEM_ERROR:
        finding = "server-error"
    elif pdu.command == _BIND_REPLY:
        finding = "peer-refused" if pdu.status else "login-accepted"
    return answer(finding, f"{_name(pdu)}, status 0x{pdu.status:08x}", details)


def _sequence(ask: Ask) -> int:
    # 3.2: up to 0x7FFFFFFF; an unbind takes the next.
    return min(ask.number("smpp"), 0x7FFFFFFE)


def _pdu(command: int, sequence: int, body: bytes = b"") -> bytes:
    return _HEADER.pack(_HEADER.size + len(body), command, 0, sequence) + body


def _pdus(data: bytes) -> Iterator[_Pdu]:
    """The PDUs at the beginning, as far as each is whole and one that SMPP knows."""
    while len(data) >= _HEADER.size:
        length, command, status, sequence = _HEADER.unpack_from(data)
        if not _HEADER.size <= length <= len(data) or command not in _NAMES:
            return
        yield _Pdu(command, status, sequence, data[_HEADER.size : length])
        data = data[length:]


def _name(pdu: _Pdu) -> str:
    return _NAMES[pdu.command]
