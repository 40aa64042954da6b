"""Sending and receiving over one connection that does not block, and leaving it in order."""

import binascii
import os

from pytest_portaswitch.facts.bare import socket
from pytest_portaswitch.observe.remote.program.flight import READ, WRITE, name, now

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

    from pytest_portaswitch.observe.remote.program.flight import Steps, Wait

    Part = Generator[Wait, bool, str]

PARTING = 0.5
LATE = "late"
IN_TIME = " in %g s"
_PARTING_BYTES = 1 << 18
_PIECE = 1 << 16
_LAST_WORDS = 4096
_MOST_SEARCHED = 1 << 18
_STRIDE = 256


def octets(step: "dict[str, Any]", name: str) -> bytes:
    return binascii.a2b_base64(step.get(name, ""))


def shown(data: "bytes | bytearray") -> str:
    return binascii.b2a_base64(data, newline=False).decode()


def matches(pattern: bytes, data: "bytes | bytearray") -> bool:
    # Not loaded where no script has a pattern.
    import re

    return re.search(pattern, data) is not None


def send(sock: "Any", data: bytes, timeout: float) -> "Part":
    left = memoryview(data)

    def some() -> None:
        nonlocal left
        while left:
            left = left[sock.send(left) :]

    problem = yield from tried(sock, some, WRITE, now() + timeout)
    return "took nothing" + IN_TIME % timeout if problem == LATE else problem


def receive(sock: "Any", step: "dict[str, Any]", timeout: float, reply: bytearray) -> "Part":
    """Take the first data, or all data until it is whole; say why that did not come."""
    most, until, length = step["receive"], octets(step, "until"), step.get("length")
    ended = False
    searched = due = 0

    def is_whole() -> bool:
        nonlocal searched, due
        if length and not _is_whole(reply, length, most):
            return False
        if not until or len(reply) < due:
            return not until
        searched += len(reply)
        if searched > _MOST_SEARCHED:
            # What comes a byte at a time would be searched as many times.
            due = len(reply) + _STRIDE
        return matches(until, reply)

    def some() -> None:
        nonlocal ended
        while not ended:
            data = sock.recv(max(1, min(most - len(reply), _PIECE)))
            reply.extend(data)
            ended = not data
            if len(reply) >= most or is_whole():
                return

    problem = yield from tried(sock, some, READ, now() + timeout)
    if problem == LATE and not (due and matches(until, reply)):
        return f"no {'whole ' if reply else ''}reply" + IN_TIME % timeout
    if problem == LATE:
        problem = ""
    return problem or ("closed by the peer" if ended else "")


def last_words(sock: "Any", reply: bytearray) -> "Part":
    """Take what a peer said before it hung up, or the reason that TLS gives."""
    problem = yield from tried(
        sock, lambda: reply.extend(sock.recv(_LAST_WORDS)), READ, now() + PARTING
    )
    return "" if problem == LATE else problem


def _is_whole(reply: bytearray, length: "dict[str, Any]", most: int) -> bool:
    """Whether as many bytes are there as a reply says; or it says more than are to be taken."""
    number = reply[length["at"] : length["at"] + length["width"]]
    if len(number) < length["width"]:
        return False
    size = int.from_bytes(number, length["order"]) + length["beyond"]
    return not len(reply) < size <= most


def tried(sock: "Any", action: "Any", blocked: int, deadline: float) -> "Part":
    """Try an action of a non-blocking socket until it is done; say what went wrong.

    ``blocked``: the event to wait for where a plain socket cannot go on.
    """
    while True:
        try:
            action()
            return ""
        except OSError as error:
            # ssl is loaded only where TLS is asked for, so its errors are known by their names.
            kind = type(error).__name__
            if kind == "SSLWantWriteError":
                events = WRITE
            elif kind == "SSLWantReadError":
                events = READ
            elif isinstance(error, BlockingIOError):
                events = blocked
            elif kind.startswith("SSL"):
                return str(getattr(error, "reason", None) or error)
            else:
                return name(error.errno or 0)
        if not (yield sock.fileno(), events, deadline):
            return LATE


def part(sock: "Any") -> "Steps":
    """End the connection so that the peer sees an end, not a reset.

    A socket that is closed with unread data sends RST: so what still comes is taken, briefly,
    until the peer ends its side too.
    """
    try:
        if hasattr(sock, "unwrap"):
            sock.unwrap()  # says close_notify; the peer's own is not waited for
    except (OSError, ValueError):
        pass
    try:
        sock.shutdown(socket.SHUT_WR)
    except OSError:
        return
    deadline = now() + PARTING
    left = _PARTING_BYTES
    while left > 0:
        try:
            data = os.read(sock.fileno(), _PIECE)
        except BlockingIOError:
            if not (yield sock.fileno(), READ, deadline):
                return
        except OSError:
            return
        else:
            if not data:
                return
            left -= len(data)
