"""IMAP (RFC 9051): greeting, CAPABILITY, LOGOUT. Nobody logs in.

The same inside TLS. A greeting of BYE is a server that will not serve; PREAUTH is one that lets
everybody in, which is reported, but not judged here.
"""

from __future__ import annotations

import re

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

_GREETING = re.compile(rb"\* (OK|PREAUTH|BYE)(?: ([^\r\n]*))?\r?\n", re.IGNORECASE)
_RESPONSE_CODE = re.compile(rb"^\[[^\]]*\] ?")
_CAPABILITY = re.compile(rb"(?im)^\* CAPABILITY ([^\r\n]*)")
_TAGGED = re.compile(rb"(?im)^a1 (OK|NO|BAD)\b[^\r\n]*")
_PARTED = re.compile(rb"(?im)^a2 OK\b")

_GREETS = "a peer gets the same: the client has not named itself"

CLIENT = (
    step(
        "connects",
        rule("answers", how="OK, PREAUTH", why="RFC 9051, 7.1"),
        rule("refuses", "unavailable", "BYE", _GREETS),
        *wordless("no-answer", _GREETS),
    ),
    step(
        "asks CAPABILITY",
        rule("answers", how="OK, LOGINDISABLED among them or not", why="RFC 9051, 6.1.1"),
        rule("refuses", "server-error", "NO, BAD"),
        *wordless("cut-short", "it is no login, and anybody may ask it"),
    ),
)


def request(ask: Ask) -> tuple[Step, ...]:
    """Each command waits for the answer to the one before."""
    return (
        Step(receive=LARGEST_REPLY, until=rb"\r\n"),
        Step(send=b"a1 CAPABILITY\r\n", when=rb"(?i)\A\* (OK|PREAUTH)\b"),
        Step(receive=LARGEST_REPLY, until=rb"(?im)^a1 .*\r\n", when=rb"(?i)\A\* (OK|PREAUTH)\b"),
        Step(send=b"a2 LOGOUT\r\n", when=rb"(?im)^a1 "),
        Step(receive=LARGEST_REPLY, until=rb"(?im)^a2 .*\r\n", when=rb"(?im)^a1 "),
    )


def recognise(ask: Ask, received: tuple[bytes, ...]) -> Answer:
    """The greeting makes it IMAP; what follows makes it well."""
    nothing = no_answer(received)
    if nothing:
        return nothing
    data = b"".join(received)
    greeting = _GREETING.match(data)
    if greeting is None:
        if data[:4].upper() in (b"* OK", b"* BY", b"* PR") and b"\n" not in data:
            return silence("cut-short", f"half an IMAP greeting: {excerpt(data)}")
        return stranger("IMAP", data)
    state = greeting[1].decode().upper()
    capability = _CAPABILITY.search(data)
    tagged = _TAGGED.search(data)
    details = {
        "greeting": text(greeting[2] or b""),
        "capability": text(capability[1]) if capability else "",
        "state": state,
        "parted": "yes" if _PARTED.search(data) else "no",
    }
    words = f"IMAP {state} {text(_RESPONSE_CODE.sub(b'', greeting[2] or b''))}".strip()
    if state == "BYE":
        return answer("unavailable", words, details)
    if tagged is None:
        return answer("cut-short", f"{words}, and no answer to CAPABILITY", details)
    if tagged[1].upper() != b"OK":
        return answer("server-error", f"{words}, but {text(tagged[0])}", details)
    return answer("", words, details)
