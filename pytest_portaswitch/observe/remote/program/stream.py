"""A probe over TCP or TLS: connect, follow the script, part as the book says."""

import binascii
import errno
import math
import os

from pytest_portaswitch.facts.bare import socket
from pytest_portaswitch.observe.remote.program.flight import (
    CUT_OFF,
    READ,
    WRITE,
    fail,
    name,
    now,
    settle,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

    from pytest_portaswitch.observe.remote.program.flight import Result, Steps, Wait
    from pytest_portaswitch.observe.remote.program.handshake import Tls

    Part = Generator[Wait, bool, str]

_PARTING = 0.5
_PARTING_BYTES = 1 << 18
_PIECE = 1 << 16
_LAST_WORDS = 4096
_MOST_SEARCHED = 1 << 18
_STRIDE = 256
_LATE = "late"
_IN_TIME = " in %g s"


def probe(
    result: "Result",
    address: str,
    port: int,
    script: "list[dict[str, Any]]",
    timeout: float,
    tls: "Tls | None" = None,
    server: str = "",
    until: float = math.inf,
) -> "Steps":
    """Connect to an address and follow the script; inside TLS where that is given.

    ``server``: the name that TLS asks for, or empty. ``until``: when the time of this trip is up.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    began = now()
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        code = sock.connect_ex((address, port))
        result["source"] = sock.getsockname()[0]
        if code == errno.EINPROGRESS:
            if not (yield sock.fileno(), WRITE, began + timeout):
                settle(result, "silent", began, f"no answer in {timeout:g} s")
                return
            code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        # Who refuses a connection refuses it (ECONNREFUSED); who resets one had taken it before.
        if code not in (0, errno.ECONNRESET):
            fail(result, began, code)
            return
        result["source"] = sock.getsockname()[0]
        if tls is None:
            settle(result, "connected", began)
            yield from _talk(result, sock, script, timeout, until)
            return
        secured = tls.secured(sock, server)
        problem = yield from _tried(secured, secured.do_handshake, READ, now() + timeout)
        if problem:
            outcome = "silent" if problem == _LATE else "refused"
            detail = f"no TLS handshake in {timeout:g} s" if problem == _LATE else problem
            if problem != _LATE and secured.tls.cipher():
                # Up to TLS 1.2 this parts 'no common cipher' from 'client certificate missing'.
                detail += ", once both had agreed on " + secured.tls.cipher()[0]
            settle(result, outcome, began, detail)
            result.update(tcp_connected=True, late=problem == _LATE)
            return
        settle(result, "connected", began)
        result["tls"] = tls.shown(secured.tls)
        yield from _talk(result, secured, script, timeout, until)
    finally:
        sock.close()


def _talk(
    result: "Result",
    sock: "Any",
    script: "list[dict[str, Any]]",
    timeout: float,
    until: float,
) -> "Steps":
    """Follow the script as far as the peer does, then part."""
    try:
        yield from _follow(result, sock, script, timeout, until)
    except GeneratorExit:
        # Of who took the connection it is not to be said that it did not reply in time.
        result["detail"] = CUT_OFF
        raise
    yield from _part(sock)


def _follow(
    result: "Result",
    sock: "Any",
    script: "list[dict[str, Any]]",
    timeout: float,
    until: float,
) -> "Steps":
    received = result.setdefault("received", [])
    began = now() - result["elapsed"]
    last = b""
    for step in script:
        data, when = _bytes(step, "send"), _bytes(step, "when")
        if when and not _matches(when, last):
            continue
        longest = timeout
        if data:
            problem = yield from _send(sock, data, timeout)
            if problem and not problem.endswith(_IN_TIME % timeout):
                reply = bytearray()
                problem = (yield from _last_words(sock, reply)) or problem
                if reply:
                    received.append(_shown(reply))
        else:
            reply = bytearray()
            left = until - _PARTING - now()
            longest = max(timeout, min(step.get("patience", 0.0), left))
            if step.get("parting"):
                longest = max(0.0, min(longest, left))
            problem = yield from _receive(sock, step, longest, reply)
            last = bytes(reply)
            received.append(_shown(last))
            if last:
                result["elapsed"] = round(now() - began, 4)
        if problem:
            late = problem.endswith(_IN_TIME % longest)
            result.update(detail=problem, late=late and not any(s.get("once") for s in script))
            if late and step.get("parting"):
                yield from _send(sock, _bytes(step, "parting"), _PARTING)
            break


def _bytes(step: "dict[str, Any]", name: str) -> bytes:
    return binascii.a2b_base64(step.get(name, ""))


def _shown(data: "bytes | bytearray") -> str:
    return binascii.b2a_base64(data, newline=False).decode()


def _matches(pattern: bytes, data: "bytes | bytearray") -> bool:
    # Not loaded where no script has a pattern.
    import re

    return re.search(pattern, data) is not None


def _send(sock: "Any", data: bytes, timeout: float) -> "Part":
    left = memoryview(data)

    def some() -> None:
        nonlocal left
        while left:
            left = left[sock.send(left) :]

    problem = yield from _tried(sock, some, WRITE, now() + timeout)
    return "took nothing" + _IN_TIME % timeout if problem == _LATE else problem


def _receive(sock: "Any", step: "dict[str, Any]", timeout: float, reply: bytearray) -> "Part":
    """Take the first data, or all data until it is whole; say why that did not come."""
    most, until, length = step["receive"], _bytes(step, "until"), step.get("length")
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
        return _matches(until, reply)

    def some() -> None:
        nonlocal ended
        while not ended:
            data = sock.recv(max(1, min(most - len(reply), _PIECE)))
            reply.extend(data)
            ended = not data
            if len(reply) >= most or is_whole():
                return

    problem = yield from _tried(sock, some, READ, now() + timeout)
    if problem == _LATE and not (due and _matches(until, reply)):
        return f"no {'whole ' if reply else ''}reply" + _IN_TIME % timeout
    if problem == _LATE:
        problem = ""
    return problem or ("closed by the peer" if ended else "")


def _last_words(sock: "Any", reply: bytearray) -> "Part":
    """Take what a peer said before it hung up, or the reason that TLS gives."""
    problem = yield from _tried(
        sock, lambda: reply.extend(sock.recv(_LAST_WORDS)), READ, now() + _PARTING
    )
    return "" if problem == _LATE else problem


def _is_whole(reply: bytearray, length: "dict[str, Any]", most: int) -> bool:
    """Whether as many bytes are there as a reply says; or it says more than are to be taken."""
    number = reply[length["at"] : length["at"] + length["width"]]
    if len(number) < length["width"]:
        return False
    size = int.from_bytes(number, length["order"]) + length["beyond"]
    return not len(reply) < size <= most


def _tried(sock: "Any", action: "Any", blocked: int, deadline: float) -> "Part":
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
            return _LATE


def _part(sock: "Any") -> "Steps":
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
    deadline = now() + _PARTING
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
