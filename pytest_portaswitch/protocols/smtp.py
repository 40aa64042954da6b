"""SMTP (RFC 5321): greeting, EHLO, QUIT. No mail is offered.

A server that knows no EHLO is asked HELO, which every one must know (3.2); FTP, which greets in the
same way, knows neither.

A server may look its client up before it greets, which takes its time where the private network has
no names (4.5.3.2.1 allows five minutes); so the greeting is waited for longer than other replies.

The audit has no name in DNS, so it gives an address literal (4.1.4).
"""

from __future__ import annotations

import ipaddress
import re

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
from pytest_portaswitch.protocols.step import Step
from pytest_portaswitch.protocols.unknown_client import rule, step, wordless

_GREETING_PATIENCE = 10.0
_LINE = re.compile(rb"([2-5][0-9][0-9])([ -]?)([^\r\n]*)\r?\n")
_BEGUN = re.compile(rb"([2-5][0-9]{2}-[^\r\n]*\r?\n)*([2-5][0-9]{0,2}([ -][^\r\n]*)?\r?)?")
_WHOLE_REPLY = rb"(?m)^[2-5][0-9][0-9]( .*)?\r\n"
_MOST_LINES = 64
_UNKNOWN = (500, 502)
_UNKNOWN_COMMAND = rb"\A50[02]"
_FORBIDDING = (521, 550, 553, 554, 556)
_MINDS_THE_NAME = (501, 504)
_BUSY = (421, 452, 454, 455)
_LOOKED_UP = (450, 451)
_GREETS = "a peer gets the same: the client has not named itself"


def _numbers(*codes: int) -> str:
    return ", ".join(map(str, sorted(codes)))


CLIENT = (
    step(
        "connects",
        rule("answers", how="220"),
        rule("refuses", "host-not-allowed", _numbers(*_FORBIDDING), "RFC 5321, 3.1"),
        rule("refuses", "unavailable", _numbers(*_BUSY, *_LOOKED_UP), _GREETS),
        rule("refuses", "not-this-protocol", "any other number"),
        *wordless("no-answer", _GREETS),
    ),
    step(
        "says EHLO with an address literal, or HELO where that is not known",
        rule("answers", how="250"),
        rule("refuses", "peer-refused", _numbers(*_MINDS_THE_NAME), "it minds the name"),
        rule(
            "refuses",
            "identity-refused",
            _numbers(*_FORBIDDING, *_LOOKED_UP),
            "for the name, which is the audit's, or the host, which is the peer's (Postfix: "
            "check_helo_access, reject_unknown_helo_hostname)",
        ),
        rule("refuses", "unavailable", _numbers(*_BUSY)),
        rule("refuses", "not-this-protocol", "any other number", "FTP greets in the same way"),
        *wordless("cut-short", "RFC 5321, 3.8: it may not close without a word"),
    ),
)


def request(ask: Ask) -> tuple[Step, ...]:
    """Each command waits for the whole reply to the one before (4.2.1: the last has a blank)."""
    return (
        Step(receive=LARGEST_REPLY, until=_WHOLE_REPLY, patience=_GREETING_PATIENCE, once=True),
        Step(send=f"EHLO {literal(ask.source)}\r\n".encode(), when=rb"\A2"),
        Step(receive=LARGEST_REPLY, until=_WHOLE_REPLY, when=rb"\A2"),
        # HELO takes a name only (4.1.1.1).
        Step(send=f"HELO {IDENTITY}\r\n".encode(), when=_UNKNOWN_COMMAND),
        Step(receive=LARGEST_REPLY, until=_WHOLE_REPLY, when=_UNKNOWN_COMMAND),
        # Also where it refused: RFC 5321, 3.1 has a client of a 554 greeting say QUIT.
        Step(send=b"QUIT\r\n"),
        Step(receive=LARGEST_REPLY, until=_WHOLE_REPLY),
    )


def literal(address: str) -> str:
    """An address literal (4.1.3)."""
    return f"[{'IPv6:' if ipaddress.ip_address(address).version == 6 else ''}{address}]"


def recognise(ask: Ask, received: tuple[bytes, ...]) -> Answer:
    """The reply to EHLO makes it SMTP; a refusing greeting is taken at its word."""
    nothing = no_answer(received)
    if nothing:
        return nothing
    data = b"".join(received)
    replies = _replies(data)
    if not replies:
        # Also one of several lines whose last did not come: postscreen greets so, to see who talks
        # before it is told to.
        if _BEGUN.fullmatch(data):
            return silence("cut-short", f"half an SMTP greeting: {excerpt(data)}")
        return stranger("SMTP", data)
    code, lines = replies[0]
    refusal = _refusal(code)
    if code != 220 and refusal not in ("unavailable", "host-not-allowed"):
        return stranger("SMTP", data)
    details = {"code": str(code), "banner": lines[0]}
    words = f"SMTP {code} {lines[0]}"
    if refusal:
        return answer(refusal, words, details)
    if len(replies) == 1:
        # FTP greets the same way.
        return silence("cut-short", f"{words}, and no answer to EHLO", details)
    code, lines = replies[1]
    details["extensions"] = " ".join(line.partition(" ")[0] for line in lines[1:])
    details["parted"] = "yes" if replies[-1][0] == 221 else "no"
    if code == 250:
        return answer("", words, details)
    words = f"{words}, but to EHLO {code} {lines[0]}"
    if code in _UNKNOWN and len(replies) > 2:
        code, lines = replies[2]
        if code == 250:
            return answer("", f"{words}, to HELO {code} {lines[0]}", details)
        words = f"{words}, to HELO {code} {lines[0]}"
    meant = _refusal(code)
    if code in (*_FORBIDDING, *_LOOKED_UP):
        meant = "identity-refused"
    if meant is None:
        return silence("not-this-protocol", f"not SMTP: {words}", details)
    return answer(meant, words, details)


def _refusal(code: int) -> Finding | None:
    """What a refusal means (4.3.2, 4.2.1); None where SMTP has none such.

    At the greeting it is to be 554 (3.1), for which servers take what they take for EHLO and HELO.
    """
    if code in _FORBIDDING:
        return "host-not-allowed"
    if code in _MINDS_THE_NAME:
        return "peer-refused"
    return "unavailable" if code in (*_BUSY, *_LOOKED_UP) else None


def _replies(data: bytes) -> list[tuple[int, list[str]]]:
    """The whole replies: code and lines of each."""
    replies: list[tuple[int, list[str]]] = []
    lines: list[str] = []
    position = 0
    for _ in range(_MOST_LINES):
        match = _LINE.match(data, position)
        if match is None:
            break
        position = match.end()
        lines.append(text(match[3]))
        if match[2] != b"-":
            replies.append((int(match[1]), lines))
            lines = []
    return replies
