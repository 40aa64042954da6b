"""Byte streams between the controller and services that this host may reach.

For conversations that cannot be written down beforehand, such as a login whose proof depends on a
number that the server draws. What is said passes through here as it is; nothing is known of it.
One stream at a time. Lines, each behind the mark of this trip and the stream's number:

    program: relay N open | relay N data BASE64 | relay N end WORDS
    controller: relay N data BASE64 | relay N end
"""

import binascii
import os
import select
import time

from pytest_portaswitch.facts.bare import socket
from pytest_portaswitch.observe.remote.program import controller
from pytest_portaswitch.observe.remote.program.flight import name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection
    from typing import Any

_STDIN, _STDOUT = 0, 1
_PIECE = 1 << 14
_MOST = 1 << 20
_PARTING = 0.5


def serve(
    request: "dict[str, Any]", nonce: str, until: float, mute: "Collection[str]" = ()
) -> None:
    """Open each stream and carry it until either side ends it, or nobody says anything.

    ``mute``: keys of the probes that nobody answered. Nor would these, and one more connection
    that is given up may count against this host.
    """
    lines = _Lines(nonce)
    for number, target in enumerate(request["relays"]):
        if f"tcp:{target['address']}:{target['port']}" in mute:
            lines.say(number, "end", b"it said nothing to a probe before")
            continue
        timeout = float(request["probe_timeout"])
        latest = time.monotonic() + 5 * timeout + target.get("patience", 0.0)
        words = _carry(lines, number, target, min(until, latest), timeout)
        lines.say(number, "end", words.encode("ascii", "replace"))


def _carry(
    lines: "_Lines", number: int, target: "dict[str, Any]", until: float, timeout: float
) -> str:
    """Carry one stream; return why it ended."""
    family = socket.AF_INET6 if ":" in target["address"] else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.settimeout(max(0.1, min(timeout, until - time.monotonic())))
    try:
        sock.connect((target["address"], target["port"]))
        lines.say(number, "open")
        patience = max(timeout, target.get("patience", 0.0))
        return _exchange(lines, number, sock, until, timeout, patience)
    except OSError as error:
        late = isinstance(error, socket.timeout)
        return f"no answer in {timeout:g} s" if late else name(error.errno or 0)
    finally:
        sock.close()


def _exchange(
    lines: "_Lines",
    number: int,
    sock: "socket.socket",
    until: float,
    timeout: float,
    patience: float,
) -> str:
    """Carry what either side says. ``patience``: for the first word of the service."""
    poll = select.poll()
    poll.register(_STDIN, select.POLLIN)
    poll.register(_STDOUT, 0)
    poll.register(sock, select.POLLIN)
    carried = 0
    while carried < _MOST:
        longest = timeout if carried else patience
        ready = poll.poll(int(max(0.0, min(until - time.monotonic(), longest)) * 1000) + 1)
        if not ready:
            return f"no answer in {longest:g} s"
        for descriptor, _ in ready:
            if descriptor == _STDOUT:
                os._exit(0)  # the controller has gone
            elif descriptor == _STDIN:
                for word, data in lines.heard(number):
                    if word == b"data":
                        sock.sendall(data)
                    else:
                        _part(sock)
                        return "ended"
            else:
                data = sock.recv(_PIECE)
                if not data:
                    return "closed by the peer"
                carried += len(data)
                lines.say(number, "data", binascii.b2a_base64(data, newline=False))
    return f"more than {_MOST} bytes"


def _part(sock: "socket.socket") -> None:
    """End the connection so that the peer sees an end, not a reset."""
    sock.shutdown(socket.SHUT_WR)
    sock.settimeout(_PARTING)
    try:
        while sock.recv(_PIECE):
            pass
    except OSError:
        pass


class _Lines:
    """Lines to and from the controller, each behind the mark of this trip."""

    def __init__(self, nonce: str) -> None:
        self._mark = f"PORTASWITCH {nonce} relay ".encode()
        self._pending = b""

    def say(self, number: int, word: str, body: bytes = b"") -> None:
        """Write one line."""
        controller.write(b"\n" + self._mark + f"{number} {word} ".encode() + body + b"\n")

    def heard(self, number: int) -> "list[tuple[bytes, bytes]]":
        """Take what has come, and return what it says of a stream: word and bytes."""
        data = os.read(_STDIN, 1 << 16)
        if not data:
            os._exit(0)  # the controller has gone
        *lines, self._pending = (self._pending + data).split(b"\n")
        found = []
        for line in lines:
            fields = line[len(self._mark) :].split()
            if line.startswith(self._mark) and fields[:1] == [str(number).encode()]:
                found.append((fields[1], binascii.a2b_base64(b"".join(fields[2:]))))
        return found
