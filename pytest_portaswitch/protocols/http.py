"""HTTP/1.1 (RFC 9112): HEAD, which every server must answer (RFC 9110, 9.1), without a body.

Any status is an answer: whether a page is there is not what a port is asked for.
"""

from __future__ import annotations

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
from pytest_portaswitch.protocols.ask import LARGEST_REPLY, Ask, in_uri
from pytest_portaswitch.protocols.step import Step
from pytest_portaswitch.protocols.unknown_client import rule, step

_STATUS = re.compile(rb"HTTP/(1\.[01]) ([1-5][0-9][0-9])(?: ([^\r\n]*))?\r?\n")
_HEADER = re.compile(rb"(?im)^(server|location|content-type|via):[ \t]*([^\r\n]*)")

_NO_NAME = "for a name that it does not serve, as the audit asks by address (nginx: return 444)"
_HUNG_UP = "it hung up on HEAD, as servers do on whoever asks for a name that they do not serve"

CLIENT = (
    step(
        "asks HEAD, by address",
        rule("answers", how="any status but these"),
        rule("refuses", how="400, 401, 403, 404, 405, 421 and all other 4xx", why="RFC 9110, 15.5"),
        rule("refuses", "unavailable", "503"),
        rule("refuses", "server-error", "500, 502, 504"),
        rule("closes", "hung-up", why=_NO_NAME, words=_HUNG_UP),
        rule("resets", "hung-up", why=_NO_NAME, words=_HUNG_UP),
        rule("keeps silent", "no-answer", why="RFC 9110, 9.1: HEAD is owed an answer"),
    ),
)


def request(ask: Ask) -> tuple[Step, ...]:
    """One HEAD, after which the server closes."""
    head = (
        f"HEAD {ask.path} HTTP/1.1\r\n"
        f"Host: {in_uri(ask.address)}:{ask.port}\r\n"
        "User-Agent: portaswitch-audit\r\n"
        "Accept: */*\r\n"
        "Connection: close\r\n\r\n"
    )
    return (Step(send=head.encode()), Step(receive=LARGEST_REPLY, until=rb"\r?\n\r?\n"))


def recognise(ask: Ask, received: tuple[bytes, ...]) -> Answer:
    """The status line, and who says it."""
    nothing = no_answer(received)
    if nothing:
        return nothing
    data = b"".join(received)
    status = _STATUS.match(data)
    if status is None:
        if data.startswith(b"HTTP/1.") and b"\n" not in data:
            return silence("cut-short", f"half an HTTP status line: {excerpt(data)}")
        return stranger("HTTP", data)
    code = int(status[2])
    head = re.split(rb"\r?\n\r?\n", data, maxsplit=1)[0]
    details = {"code": str(code), "version": status[1].decode(), "reason": text(status[3] or b"")}
    for name, value in _HEADER.findall(head):
        details.setdefault(name.decode().lower(), text(value))
    return answer(_meaning(code), f"HTTP {code} {details['reason']}".strip(), details)


def _meaning(code: int) -> Finding:
    if code == 503:
        return "unavailable"
    return "server-error" if code in (500, 502, 504) else ""
