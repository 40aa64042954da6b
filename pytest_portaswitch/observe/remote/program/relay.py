"""Byte streams between the controller and services that this host may reach.

For conversations that cannot be written down beforehand, such as a login whose proof depends on a
number that the server draws. What is said passes through here as it is; nothing is known of it.
All streams are open side by side, so that one slow service keeps no other waiting. Lines, each
behind the mark of this trip and the stream's number:

    program: relay N open | relay N data BASE64 | relay N end WORDS
    controller: relay N data BASE64 | relay N end

Either side may end a stream, and what the other said of it meanwhile is passed over.
"""

import binascii
import errno
import select
import time

from pytest_portaswitch.facts.bare import socket
from pytest_portaswitch.observe.remote.program.flight import name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection
    from typing import Any

    from pytest_portaswitch.observe.remote.program.controller import Lines

_PIECE = 1 << 14
_MOST = 1 << 20
_PARTING = 0.5
_TIMES = 5


def serve(
    request: "dict[str, Any]", lines: "Lines", until: float, mute: "Collection[str]" = ()
) -> None:
    """Open all streams and carry each until either side ends it, or nobody says anything.

    ``mute``: keys of the probes that nobody answered. Nor would these, and one more connection
    that is given up may count against this host.
    """
    streams: dict[int, _Stream] = {}
    for number, target in enumerate(request["relays"]):
        if f"tcp:{target['address']}:{target['port']}" in mute:
            _say(lines, number, b"end", b"it said nothing to a probe before")
        else:
            streams[number] = _Stream(lines, number, target, float(request["probe_timeout"]), until)
    while streams:
        patience = min(stream.due for stream in streams.values()) - time.monotonic()
        ready = lines.wait(
            patience, [(each.sock.fileno(), each.events) for each in streams.values()]
        )
        for said in lines.take(b"relay"):
            number, word, data = _read(said)
            if number in streams:
                streams[number].take(word, data)
        for number, stream in list(streams.items()):
            if not stream.why and stream.sock.fileno() in ready:
                stream.go_on()
            elif stream.due <= time.monotonic():
                stream.why = stream.why or stream.late
            if stream.why:
                _say(lines, number, b"end", stream.why.encode("ascii", "replace"))
                stream.sock.close()
                del streams[number]


def _say(lines: "Lines", number: int, word: bytes, body: bytes = b"") -> None:
    lines.say(b"relay %d %s " % (number, word) + body)


def _read(said: bytes) -> "tuple[int, bytes, bytes]":
    """Return a stream's number, a word and bytes."""
    number, word, *body = said.split()
    return int(number), word, binascii.a2b_base64(b"".join(body))


class _Stream:
    """One stream. ``why`` says why it ended, once it has."""

    def __init__(
        self,
        lines: "Lines",
        number: int,
        target: "dict[str, Any]",
        timeout: float,
        until: float,
    ) -> None:
        patience = float(target.get("patience", 0.0))
        self.why = self.late = ""
        self.events = select.POLLOUT
        self._lines = lines
        self._number = number
        self._timeout = timeout
        self._first = max(timeout, patience)
        self._until = min(until, time.monotonic() + _TIMES * timeout + patience)
        self._carried = 0
        self._ends = False
        self._wait(timeout)
        family = socket.AF_INET6 if ":" in target["address"] else socket.AF_INET
        self.sock = socket.socket(family, socket.SOCK_STREAM)
        self.sock.setblocking(False)
        code = self.sock.connect_ex((target["address"], target["port"]))
        if code not in (0, errno.EINPROGRESS):
            self.why, self.due = name(code), 0.0

    def take(self, word: bytes, data: bytes) -> None:
        """Take a word of the controller's."""
        try:
            if word != b"data":
                # The peer is to see an end, not a reset: what it still says is read for a moment.
                self.sock.shutdown(socket.SHUT_WR)
                self._ends = True
                self._wait(_PARTING)
            elif self.sock.send(data) < len(data):
                self.why = "it does not read"  # a few hundred bytes at a time
        except OSError as error:
            self.why = name(error.errno or 0)

    def go_on(self) -> None:
        """Do what can be done now."""
        try:
            if self.events == select.POLLOUT:
                code = self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                if code:
                    self.why = name(code)
                    return
                self.events = select.POLLIN
                _say(self._lines, self._number, b"open")
                self._wait(self._first)
                return
            data = self.sock.recv(_PIECE)
        except BlockingIOError:
            return
        except OSError as error:
            self.why = name(error.errno or 0)
            return
        self._carried += len(data)
        if self._ends:
            self.why = "ended" if not data or self._carried > _MOST else ""
        elif not data:
            self.why = "closed by the peer"
        elif self._carried > _MOST:
            self.why = f"more than {_MOST} bytes"
        else:
            body = binascii.b2a_base64(data, newline=False)
            _say(self._lines, self._number, b"data", body)
            self._wait(self._timeout)

    def _wait(self, seconds: float) -> None:
        """Be done with it unless something comes in time."""
        self.due = min(time.monotonic() + seconds, self._until)
        self.late = "ended" if self._ends else f"no answer in {seconds:g} s"
