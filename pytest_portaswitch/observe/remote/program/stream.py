"""A probe over TCP or TLS: connect, follow the script, part as the book says."""

import binascii
import errno
import math
import sys

from pytest_portaswitch.facts.bare import socket
from pytest_portaswitch.observe.remote.program.exchange import (
    IN_TIME,
    LATE,
    PARTING,
    last_words,
    matches,
    octets,
    part,
    receive,
    send,
    shown,
    tried,
)
from pytest_portaswitch.observe.remote.program.flight import (
    CUT_OFF,
    READ,
    WRITE,
    fail,
    now,
    settle,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from typing import Any

    from pytest_portaswitch.observe.remote.program.exchange import Part
    from pytest_portaswitch.observe.remote.program.flight import Result, Steps, Wait
    from pytest_portaswitch.observe.remote.program.handshake import Tls

    Opened = Generator[Wait, bool, bool]


_TCP_MAXSEG, _TCP_INFO = 2, 11
_RESENT = slice(100, 104)
"""Of ``struct tcp_info``: tcpi_total_retrans."""


class Connection:
    """A connection to one place: at most one at a time, another one after it was left."""

    def __init__(
        self,
        address: str,
        port: int,
        timeout: float,
        tls: "Callable[[], Tls] | None",
        server: str,
        is_secured: bool,
        largest: int = 0,
    ) -> None:
        """``tls`` raises ImportError where Python has none. ``is_secured``: from the beginning.

        ``largest``: bytes of the largest segment that the peer may send; 0: as the kernel has it.
        """
        self.sock: Any = None
        self.timeout = timeout
        self._place = (address, port)
        self._tls = tls
        self._server = server
        self._is_secured = is_secured
        self._largest = largest
        self._plain: Any = None
        self.resent = 0
        """Packets that had to be sent again, once it was closed."""

    def another(self, timeout: float) -> "Connection":
        """Return one to the same place that is not open yet."""
        return Connection(
            *self._place, timeout, self._tls, self._server, self._is_secured, self._largest
        )

    def open(self, result: "Result") -> "Opened":
        """Connect, and return whether it did; the result has the outcome."""
        began = now()
        family = socket.AF_INET6 if ":" in self._place[0] else socket.AF_INET
        self.sock = sock = self._plain = socket.socket(family, socket.SOCK_STREAM)
        sock.setblocking(False)
        if self._largest:
            sock.setsockopt(socket.IPPROTO_TCP, _TCP_MAXSEG, self._largest)
        code = sock.connect_ex(self._place)
        result["source"] = sock.getsockname()[0]
        if code == errno.EINPROGRESS:
            if not (yield sock.fileno(), WRITE, began + self.timeout):
                settle(result, "silent", began, f"no answer in {self.timeout:g} s")
                return False
            code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        # Who refuses a connection refuses it (ECONNREFUSED); who resets one had taken it before.
        if code not in (0, errno.ECONNRESET):
            fail(result, began, code)
            return False
        result["source"] = sock.getsockname()[0]
        if self._is_secured:
            problem = yield from self.secure()
            if problem:
                outcome = "silent" if problem == LATE else "refused"
                settle(result, outcome, began, self.words(problem))
                result.update(tcp_connected=True, late=problem == LATE)
                return False
        settle(result, "connected", began)
        if self._is_secured and self._tls:
            result["tls"] = self._tls().shown(self.sock.tls)
        return True

    def secure(self) -> "Part":
        """Go on inside TLS; say what went wrong."""
        if self._tls is None:
            return "there is no TLS here"
        try:
            secured = self._tls().secured(self._plain, self._server)
        except ImportError as error:
            return f"the Python of this host cannot speak TLS: {error}"
        self.sock = secured
        return (yield from tried(secured, secured.do_handshake, READ, now() + self.timeout))

    def words(self, problem: str) -> str:
        """Return how a handshake failed."""
        if problem == LATE:
            return f"no TLS handshake{IN_TIME % self.timeout}"
        if hasattr(self.sock, "tls") and self.sock.tls.cipher():
            # Up to TLS 1.2 this parts 'no common cipher' from 'client certificate missing'.
            return f"{problem}, once both had agreed on {self.sock.tls.cipher()[0]}"
        return problem

    def leave(self) -> "Steps":
        """End it so that the peer sees an end."""
        yield from part(self.sock)
        self.close()

    def _resent(self) -> int:
        """Return how many packets the kernel sent again, as it counts them for this connection."""
        try:
            shown = self._plain.getsockopt(socket.IPPROTO_TCP, _TCP_INFO, _RESENT.stop)
        except (AttributeError, OSError):
            return 0
        return int.from_bytes(shown[_RESENT], sys.byteorder)

    def close(self) -> None:
        """Close it, if it is open."""
        if self._plain is not None:
            self.resent = self._resent() or self.resent
            self._plain.close()


def probe(
    result: "Result",
    address: str,
    port: int,
    script: "list[dict[str, Any]]",
    timeout: float,
    tls: "Callable[[], Tls] | None" = None,
    server: str = "",
    until: float = math.inf,
    is_secured: bool = False,
    largest: int = 0,
) -> "Steps":
    """Connect to an address and follow the script; inside TLS from the beginning if ``is_secured``.

    ``server``: the name that TLS asks for, or empty. ``until``: when the time of this trip is up.
    """
    connection = Connection(address, port, timeout, tls, server, is_secured, largest)
    try:
        if (yield from connection.open(result)):
            try:
                yield from _follow(result, connection, script, until)
            except GeneratorExit:
                # Of who took the connection it is not to be said that it did not reply in time.
                result["detail"] = CUT_OFF
                raise
            yield from connection.leave()
    finally:
        connection.close()
        result["resent"] = connection.resent


def _follow(
    result: "Result", connection: Connection, script: "list[dict[str, Any]]", until: float
) -> "Steps":
    """Follow the script as far as the peer does."""
    received = result.setdefault("received", [])
    began = now() - result["elapsed"]
    last = b""
    for step in script:
        data, when = octets(step, "send"), octets(step, "when")
        if when and not matches(when, last):
            continue
        longest = connection.timeout
        if step.get("beside"):
            paused = now()
            limit = min(longest, step["beside"])
            received.append((yield from _beside(result, connection, script, limit, until)))
            began += now() - paused
            problem = ""
        elif step.get("anew") or step.get("secure"):
            problem = yield from _change(connection, step)
        elif data:
            problem = yield from _say(connection, data, received)
        else:
            reply = bytearray()
            left = until - PARTING - now()
            longest = max(longest, min(step.get("patience", 0.0), left))
            if step.get("parting"):
                longest = max(0.0, min(longest, left))
            problem = yield from receive(connection.sock, step, longest, reply)
            last = bytes(reply)
            received.append(shown(last))
            if last:
                result["elapsed"] = round(now() - began, 4)
                _note_again(result, step, last)
        if problem:
            late = problem.endswith(IN_TIME % longest)
            result.update(detail=problem, late=late and not any(s.get("once") for s in script))
            if late and step.get("parting"):
                yield from send(connection.sock, octets(step, "parting"), PARTING)
            break


def _note_again(result: "Result", step: "dict[str, Any]", reply: bytes) -> None:
    """Note that a reply is one after which the peer is to be asked once more, later."""
    pattern = octets(step, "again")
    if pattern and matches(pattern, reply):
        result["again"] = True


def _say(connection: Connection, data: bytes, received: "list[str]") -> "Part":
    """Send, and take what a peer said before it hung up meanwhile; say what went wrong."""
    problem = yield from send(connection.sock, data, connection.timeout)
    if problem and not problem.endswith(IN_TIME % connection.timeout):
        reply = bytearray()
        problem = (yield from last_words(connection.sock, reply)) or problem
        if reply:
            received.append(shown(reply))
    return problem


def _change(connection: Connection, step: "dict[str, Any]") -> "Part":
    """Go on inside TLS, or over a new connection to the same place; say what went wrong."""
    if step.get("secure"):
        problem = yield from connection.secure()
        return problem and f"TLS: {connection.words(problem)}"
    yield from connection.leave()
    ended: Result = {}
    opened = yield from connection.open(ended)
    return "" if opened else f"no second connection: {ended['detail']}"


def _beside(
    result: "Result",
    connection: Connection,
    script: "list[dict[str, Any]]",
    longest: float,
    until: float,
) -> "Part":
    """While a connection stands, follow its script over a second one, up to where it is left.

    Return all that this brought.
    """
    own: list[dict[str, Any]] = []
    for step in script:
        if step.get("anew"):
            break
        if not step.get("beside"):
            own.append(dict(step, patience=0.0))
    second = connection.another(longest)
    other: Result = {}
    try:
        if (yield from second.open(other)):
            yield from _follow(other, second, own, until)
            yield from second.leave()
    finally:
        second.close()
    if other.get("again"):
        result["again"] = True
    return shown(b"".join(map(binascii.a2b_base64, other.get("received", []))))
