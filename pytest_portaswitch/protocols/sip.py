"""SIP: OPTIONS (RFC 3261, 11), to which every SIP element has an answer. Any answer will do.

The request goes no further than the element that takes it: Max-Forwards is 0, which an OPTIONS is
answered with by whoever gets it (RFC 3261, 16.3, step 3: 483, or as if it were the target). With
70 a proxy might pass it on, and the answer would be another element's.

``rport`` (RFC 3581) asks for the answer at the port that the question came from. A server that
does not know it answers at the port in Via, which is named where ``source_port`` is given.
Over UDP nothing is sent again, so the answer is waited for as long as a client would that sends
again once (17.1.2.1: after 0.5 s, and 1 s more); a proxy that is busy takes its time.
Over streams only the head of a response is waited for: its body is of no interest here. A head may
be as long as the longest datagram (RFC 3261, 18.1.1), over streams as well.
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
)
from pytest_portaswitch.protocols.ask import Ask, in_uri
from pytest_portaswitch.protocols.step import Step
from pytest_portaswitch.protocols.unknown_client import rule, step, wordless

_LARGEST_RESPONSE = 65535
_UDP_PATIENCE = 1.5
_BRANCH = "z9hG4bK"  # RFC 3261, 8.1.1.7: tells branches from those of RFC 2543
_CSEQ = (1, "OPTIONS")
_STATUS = re.compile(rb"SIP/2\.0 [1-6][0-9][0-9] ")
_FOLD = re.compile(rb"\r\n[ \t]+")
_LOOSE_COLON = re.compile(rb"(?m)^([^\s:]+)[ \t]+:")
_LENGTH = re.compile(rb"(?im)^(?:content-length|l)[ \t]*:[ \t]*([0-9]{1,6})[ \t]*\r?$")
_HEAD_END = b"\r\n\r\n"
_MOST_RESPONSES = 8
_MOST_LINES = 400
"""Of a head, beside those that are read: the library's time grows with their number's square."""
_READ = re.compile(rb"(?i)(?:via|v|call-id|i|cseq|server|user-agent|allow)[ \t]*:")
# The head of what is no provisional response (RFC 3261, 7.5: empty lines may come first).
_FINAL_HEAD = (
    rb"(?s)\A[\r\n]*(?!SIP/2\.0 1)[^\r\n].*?\r\n\r\n"
    # No farther than the next one, so that many of them are not searched again and again.
    rb"|\nSIP/2\.0 [2-6][0-9][0-9] (?:(?!\nSIP/2\.0 [2-6]).)*?\r\n\r\n"
)
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_BRANCH_PARAMETER = re.compile(r"(?i);\s*branch\s*=\s*([^;\s]+)")

CLIENT = (
    step(
        "asks OPTIONS",
        rule("answers", how="any status but these", why="RFC 3261, 11.2"),
        rule("refuses", how="401, 403, 404, 407, 483 and all other 4xx and 6xx", why="8.2"),
        rule("refuses", "unavailable", "503"),
        rule("refuses", "server-error", "500, 502, 504, 513"),
        *wordless("no-answer", "RFC 3261, 8.2: a request is owed a response"),
    ),
)


def request(ask: Ask) -> tuple[Step, ...]:
    """One OPTIONS, and what comes back up to the head of the final response."""
    if ask.transport == "udp":
        waiting = Step(receive=_LARGEST_RESPONSE, patience=_UDP_PATIENCE, due=True)
    else:
        waiting = Step(receive=_LARGEST_RESPONSE, until=_FINAL_HEAD)
    return (Step(send=_options(ask)), waiting)


def recognise(ask: Ask, received: tuple[bytes, ...]) -> Answer:
    """The last response that is ours: a provisional one may precede the final one."""
    nothing = no_answer(received)
    if nothing:
        return nothing
    # RFC 3261, 7.5: empty lines before a message, which some send to keep a stream alive.
    data = b"".join(received).lstrip(b"\r\n")
    if not data:
        return silence("no-answer", "it sent empty lines only")
    if not _STATUS.match(data):
        return stranger("SIP", data)
    if _HEAD_END not in data:
        return silence("cut-short", f"half a SIP response: {excerpt(data)}")
    found: Answer | None = None
    for message in _messages(data):
        current = _response(ask, message)
        if found is None or current.answered:
            found = current
    assert found is not None
    return found


def _options(ask: Ask) -> bytes:
    here, there = in_uri(ask.source), in_uri(ask.address)
    port = f":{ask.source_port}" if ask.source_port else ""
    # Not sips: over TLS, which promises TLS on every hop behind as well (RFC 3261, 26.2.2).
    lines = (
        f"OPTIONS sip:{there}:{ask.port};transport={ask.transport} SIP/2.0",
        f"Via: SIP/2.0/{ask.transport.upper()} {here}{port};rport;branch={_branch(ask)}",
        "Max-Forwards: 0",
        f"From: <sip:portaswitch-audit@{here}>;tag={ask.word('sip-tag', 12)}",
        f"To: <sip:{there}:{ask.port}>",
        f"Call-ID: {_call_id(ask)}",
        f"CSeq: {_CSEQ[0]} {_CSEQ[1]}",
        f"Contact: <sip:portaswitch-audit@{here}{port};transport={ask.transport}>",
        "Accept: application/sdp",
        "User-Agent: portaswitch-audit",
        "Content-Length: 0",
        "",
        "",
    )
    return "\r\n".join(lines).encode()


def _branch(ask: Ask) -> str:
    return _BRANCH + ask.word("sip-branch", 24)


def _call_id(ask: Ask) -> str:
    return ask.word("sip-call", 32)


def _messages(data: bytes) -> list[bytes]:
    """The messages of a stream, split by Content-Length (RFC 3261, 18.3); the last may be cut."""
    messages: list[bytes] = []
    while _HEAD_END in data and len(messages) < _MOST_RESPONSES:
        head, _, rest = data.partition(_HEAD_END)
        length = _LENGTH.search(head)
        size = int(length[1]) if length else len(rest)
        messages.append(head + _HEAD_END)
        data = rest[size:].lstrip(b"\r\n")
    return messages


def load() -> None:
    """Load the library that reads replies, which takes a moment: before they come, if it can be."""
    import sipmessage

    del sipmessage


def _response(ask: Ask, head: bytes) -> Answer:
    # The library takes neither folded lines nor a blank before a colon, which both are allowed
    # (RFC 3261, 7.3.1), nor text that is not UTF-8.
    lines = _FOLD.sub(b" ", head).split(b"\r\n")
    more = (line for line in lines[_MOST_LINES:] if not line or _READ.match(line))
    short = b"\r\n".join([*lines[:_MOST_LINES], *more])
    plain = _LOOSE_COLON.sub(rb"\1:", short).decode("utf-8", "replace").encode()
    from sipmessage import Message, Response

    try:
        message = Message.parse(plain)
        # The library refuses what is allowed in Via: addresses of IPv6 as ``received`` (25.1),
        # blanks around the colon of a port, names of parameters in other letters (7.3.1).
        branch = _branch_of(message.headers["Via"])
        number, method = message.headers["CSeq"].split()
        ours = (message.call_id, branch, int(number), method)
    except Exception:  # the library raises what it likes at what is no message
        return silence("unreadable", f"a SIP response against the rules: {excerpt(head)}")
    if not isinstance(message, Response):
        return silence("not-our-reply", f"a request of its own: {excerpt(head)}")
    words = f"SIP {message.code} {message.phrase}".strip()
    if ours != (_call_id(ask), _branch(ask), *_CSEQ):
        return silence("not-our-reply", f"{words}, to another request")
    return answer(
        _meaning(message.code),
        words,
        {
            "code": str(message.code),
            "reason": message.phrase,
            "server": message.server or "",
            "user-agent": message.user_agent or "",
            "allow": message.headers.get("Allow") or "",
        },
    )


def _branch_of(via: str) -> str:
    """The branch of the topmost Via; empty where it has none."""
    top = _QUOTED.sub("", via).partition(",")[0]
    found = _BRANCH_PARAMETER.search(top)
    return found[1] if found else ""


def _meaning(code: int) -> Finding:
    if code == 503:
        return "unavailable"
    # 501 and 505 say what it cannot do at all, which is an answer.
    return "server-error" if code in (500, 502, 504, 513) else ""
