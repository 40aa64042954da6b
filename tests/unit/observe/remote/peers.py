"""Peers on loopback that follow a protocol up to a step, and then do what they like.

A ``Peer`` serves one port. Its dialogue is a list of actions: ``READ``, or what to say, which may
depend on what was read. Before the action number ``at`` it misbehaves; at a fraction, in the middle
of what it would say.
"""

from __future__ import annotations

import contextlib
import random
import selectors
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from pytest_portaswitch.protocols.mysql_wire import packet

READ = None
Say = bytes | Callable[[bytes], bytes]
Action = Say | None
Does = Callable[["Talk"], None]

_PATIENCE = 20.0
_SALT = bytes(range(1, 21))
_GREETING = b"\x0a8.0.36\0" + bytes(4) + _SALT[:8] + b"\0\xff\xf7" + bytes(5) + b"\x81\x15"
_GREETING += bytes(10) + _SALT[8:] + b"\0mysql_native_password\0"
_REFUSAL = b"\xff\x15\x04#28000Access denied"


def _sip(request: bytes) -> bytes:
    lines = request.decode("ascii", "replace").split("\r\n")
    names = ("via:", "from:", "to:", "call-id:", "cseq:")
    kept = [line for line in lines if line.lower().startswith(names)]
    answer = ["SIP/2.0 200 OK", *kept, "Content-Length: 0", "", ""]
    return "\r\n".join(answer).encode()


def _smpp(request: bytes) -> bytes:
    command, sequence = request[4:8], request[12:16]
    return b"\0\0\0\x10\x80" + command[1:] + bytes(4) + sequence


def _diameter(request: bytes) -> bytes:
    body = b"\0\0\x01\x0c\x40\0\0\x0c" + struct.pack(">I", 2001)
    return b"\x01\0\0\x20\0" + request[5:20] + body


DIALOGUES: Mapping[str, Sequence[Action]] = {
    "mysql": (packet(_GREETING, 0), READ, packet(_REFUSAL, 2)),
    "smtp": (b"220 x ESMTP\r\n", READ, b"250 x\r\n", READ, b"221 bye\r\n"),
    "imap": (b"* OK x\r\n", READ, b"* CAPABILITY IMAP4rev1\r\na1 OK\r\n", READ, b"a2 OK\r\n"),
    "ssh": (b"SSH-2.0-OpenSSH_9.2\r\n", READ),
    "http": (READ, b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"),
    "sip": (READ, _sip),
    "smpp": (READ, _smpp),
    "diameter": (READ, _diameter, READ, _diameter),
}
"""What each protocol's service says to the usual question."""


def places(dialogue: Sequence[Action]) -> Iterator[float]:
    """All steps at which a peer may begin to misbehave."""
    for number, action in enumerate(dialogue):
        yield number
        if action is not READ:
            yield number + 0.5
    yield len(dialogue)


class Talk:
    """One connection of a peer: what it says, over TLS or not."""

    def __init__(self, raw: socket.socket, over: threading.Event) -> None:
        self.raw = raw
        self.over = over
        self.said = bytearray()
        self.heard = b""
        self.secured: Any = raw

    def say(self, data: bytes) -> None:
        """Send it, and remember it before it can have arrived."""
        self.said += data
        self.secured.sendall(data)

    def hear(self) -> None:
        """Read what comes."""
        self.heard = self.secured.recv(1 << 16)
        if not self.heard:
            raise ConnectionError("the program has gone")

    def hold(self) -> None:
        """Read until the program goes, and say nothing."""
        while not self.over.is_set() and self.secured.recv(1 << 16):
            pass


def closes(talk: Talk) -> None:
    """It closes, with whatever it has not read."""


def resets(talk: Talk) -> None:
    """It sends RST."""
    talk.raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def half_closes(talk: Talk) -> None:
    """It says no more, and reads on."""
    # Not through TLS, whose close_notify would be a proper end.
    socket.socket.shutdown(talk.secured, socket.SHUT_WR)
    talk.hold()


def stalls(talk: Talk) -> None:
    """It does nothing at all."""
    talk.over.wait(_PATIENCE)


def reads_only(talk: Talk) -> None:
    """It takes all and says nothing."""
    talk.hold()


def trickles(talk: Talk) -> None:
    """It says a byte at a time, and never ends."""
    while not talk.over.wait(0.01):
        talk.say(b"2")


def floods(talk: Talk) -> None:
    """It never stops talking, and reads nothing."""
    while not talk.over.is_set():
        talk.secured.sendall(bytes(1 << 16))
        talk.said += bytes(max(0, (1 << 17) - len(talk.said)))


def floods_lines(talk: Talk) -> None:
    """The same with short lines."""
    lines = b"250-x\r\n" * 4096
    while not talk.over.is_set():
        if len(talk.said) < 1 << 17:
            talk.said += lines
        talk.secured.sendall(lines)


def babbles(talk: Talk) -> None:
    """It says something that no protocol knows, and waits."""
    talk.say(random.Random(talk.heard).randbytes(3000))  # noqa: S311 - the same each time
    talk.hold()


def babbles_and_closes(talk: Talk) -> None:
    """It says something that no protocol knows, and goes."""
    talk.say(random.Random(talk.heard).randbytes(30))  # noqa: S311


def is_somebody_else(talk: Talk) -> None:
    """It speaks another protocol, unasked."""
    talk.say(b"+OK POP3 ready\r\n")
    talk.hold()


def never_ends_a_line(talk: Talk) -> None:
    """More of one line than anybody would read."""
    talk.say(b"220-" + b"x" * 100_000)
    talk.hold()


def claims_much(talk: Talk) -> None:
    """As lengths of MySQL, SMPP and Diameter: as many bytes as they can say, or none."""
    talk.say(b"\xff" * 4 + b"\x01\xff\xff\xff" + bytes(100))
    talk.hold()


STREAM: tuple[Does, ...] = (
    closes,
    resets,
    half_closes,
    stalls,
    reads_only,
    trickles,
    floods,
    floods_lines,
    babbles,
    babbles_and_closes,
    is_somebody_else,
    never_ends_a_line,
    claims_much,
)
"""What any peer over TCP or TLS may do at each step."""


def record(kind: int, body: bytes, version: bytes = b"\3\3") -> bytes:
    """A record of TLS, in clear."""
    return bytes([kind]) + version + struct.pack(">H", len(body)) + body


def _named(name: str, does: Does) -> Does:
    does.__name__ = name
    return does


def _says(name: str, data: bytes, then: Does = reads_only) -> Does:
    def does(talk: Talk) -> None:
        talk.raw.sendall(data)
        then(talk)

    return _named(name, does)


def _repeats(name: str, data: bytes) -> Does:
    many = data * ((1 << 16) // len(data))

    def does(talk: Talk) -> None:
        while not talk.over.is_set():
            talk.raw.sendall(many)

    return _named(name, does)


def flight(context: ssl.SSLContext, hello: bytes) -> bytes:
    """What a server says to the first words of a client."""
    inlet, outlet = ssl.MemoryBIO(), ssl.MemoryBIO()
    inlet.write(hello)
    with contextlib.suppress(ssl.SSLWantReadError):
        context.wrap_bio(inlet, outlet, server_side=True).do_handshake()
    return outlet.read()


def _begins(context: ssl.SSLContext, then: Does, change: Callable[[bytes], bytes]) -> Does:
    """The first part of a real handshake, and what follows is not the rest."""

    def does(talk: Talk) -> None:
        talk.raw.sendall(change(flight(context, talk.heard)))
        then(talk)

    return _named(f"begins and {then.__name__}", does)


def _half(data: bytes) -> bytes:
    return data[: len(data) // 2]


def _with_a_huge_certificate(data: bytes) -> bytes:
    """The length of the message Certificate (11) is as large as it can be; TLS 1.2."""
    at = data.index(b"\x0b\0", data.index(b"\x16\3\3") + 5)
    return data[: at + 1] + b"\xff\xff\xff" + data[at + 4 :]


def handshakes(old: ssl.SSLContext, new: ssl.SSLContext) -> list[Does]:
    """What a peer may do in the middle of a handshake. ``old``: a server of TLS 1.2."""
    alerts = [
        _says(f"alerts {level} {code}", record(21, bytes([level, code])), then)
        for level in (1, 2)
        for code in (0, 10, 20, 40, 42, 46, 48, 70, 71, 80, 86, 90, 100, 112, 116, 120, 255)
        for then in (closes, reads_only)
    ]
    garbage = [
        _says(f"record {kind} {length} {version!r}", record(kind, bytes(length), version), then)
        for kind in (0, 20, 22, 23, 24, 99)
        for length in (0, 1, 16384, 65535)
        for version in (b"\3\3", b"\0\0")
        for then in (closes, reads_only)
    ]
    endless = [
        _repeats("hello requests", record(22, bytes(4))),
        _repeats("hello requests in one record", record(22, bytes(4 * 4096))),
        _repeats("changes of ciphers", record(20, b"\1")),
        _repeats("warnings", record(21, b"\1\x70")),
        _repeats("empty records", record(22, b"")),
        _repeats("empty data", record(23, b"")),
        _repeats("zeros", bytes(16)),
        _says("huge record", record(22, b"\2\xff\xff\xff" + bytes(16000)), floods),
        _repeats("endless server hello", record(22, b"\2\xff\xff\xff" + bytes(16000))),
    ]
    begun = [
        _begins(context, then, change)
        for context in (old, new)
        for then in (closes, resets, half_closes, stalls, trickles, floods, babbles)
        for change in (_half, lambda data: data)
    ]
    huge = [_begins(old, then, _with_a_huge_certificate) for then in (closes, reads_only, floods)]
    return [*STREAM, *alerts, *garbage, *endless, *begun, *huge]


def shakes_hands_slowly(context: ssl.SSLContext) -> Does:
    """A handshake by the book that comes a few bytes at a time; then HTTP."""

    def does(talk: Talk) -> None:
        inlet, outlet = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context.wrap_bio(inlet, outlet, server_side=True)
        inlet.write(talk.heard)

        def until_done(action: Callable[[], Any]) -> Any:
            while True:
                with contextlib.suppress(ssl.SSLWantReadError):
                    return action()
                send()
                inlet.write(talk.raw.recv(1 << 16))

        def send() -> None:
            data = outlet.read()
            for at in range(0, len(data), 16):
                talk.raw.sendall(data[at : at + 16])
                time.sleep(0.0005)

        until_done(tls.do_handshake)
        until_done(lambda: tls.read(1000))
        for byte in DIALOGUES["http"][1]:  # type: ignore[union-attr]
            talk.said.append(byte)
            tls.write(bytes([byte]))
        send()
        talk.hold()

    return does


def _clear(data: bytes) -> Does:
    """Something in clear, once all is secret."""

    def does(talk: Talk) -> None:
        socket.socket.sendall(talk.secured, data)
        with contextlib.suppress(OSError):
            talk.hold()

    return _named(f"says in clear {data[:8]!r}", does)


def says_goodbye_and_goes_on(talk: Talk) -> None:
    """close_notify, and then data."""
    talk.raw.settimeout(0.05)
    with contextlib.suppress(OSError):
        talk.secured.unwrap()
    socket.socket.sendall(talk.secured, b"and another thing" * 1000)


def says_a_byte_a_record(talk: Talk) -> None:
    """Many small records."""
    for _ in range(2000):
        talk.say(b"5")
    talk.hold()


SECURED: tuple[Does, ...] = (
    _clear(b"plain words"),
    _clear(record(21, b"\2\x28")),
    _clear(record(21, b"\1\0")),
    _clear(record(22, bytes(4))),
    _clear(record(23, bytes(16384))),
    _clear(record(22, bytes(4)) * 100_000),
    says_goodbye_and_goes_on,
    says_a_byte_a_record,
)
"""What a peer may do beyond that once TLS is up, at each step."""


class Peer:
    """One port. ``said`` has what was said over each connection, inside TLS."""

    def __init__(
        self,
        protocol: str,
        at: float = 1e9,
        does: Does = closes,
        context: ssl.SSLContext | None = None,
        early: bool = False,
    ) -> None:
        """``early``: it misbehaves before TLS, having read the first words of the handshake."""
        self.protocol = protocol
        self.at = at
        self.does = does
        self.port = 0
        self.said: list[bytearray] = []
        self._context = context
        self._early = early

    def __repr__(self) -> str:
        return f"<{self.protocol} peer that {self.does.__name__} at {self.at}>"

    def serve(self, raw: socket.socket, over: threading.Event) -> None:
        """Take one connection."""
        raw.settimeout(_PATIENCE)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        talk = Talk(raw, over)
        self.said.append(talk.said)
        # What a program does that was met by such a peer is its own matter.
        with contextlib.suppress(OSError, ValueError):
            if self._early:
                talk.heard = raw.recv(1 << 16)
                self.does(talk)
            else:
                self._follow(talk)
        with contextlib.suppress(OSError):
            talk.secured.close()
        raw.close()

    def _follow(self, talk: Talk) -> None:
        if self._context is not None:
            talk.secured = self._context.wrap_socket(talk.raw, server_side=True)
            talk.raw = talk.secured
        for number, action in enumerate(DIALOGUES[self.protocol]):
            if self.at == number:
                self.does(talk)
                return
            if action is READ:
                talk.hear()
                continue
            words = action(talk.heard) if callable(action) else action
            if number < self.at < number + 1:
                talk.say(words[: len(words) // 2])
                self.does(talk)
                return
            talk.say(words)
        if self.at == len(DIALOGUES[self.protocol]):
            self.does(talk)
        else:
            talk.hold()


@contextlib.contextmanager
def serving(peers: Sequence[Peer]) -> Iterator[None]:
    """Let all of them serve, each connection in a thread of its own."""
    over = threading.Event()
    threads: list[threading.Thread] = []
    with contextlib.ExitStack() as stack, selectors.DefaultSelector() as selector:
        for peer in peers:
            listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=16))
            listener.setblocking(False)
            peer.port = listener.getsockname()[1]
            selector.register(listener, selectors.EVENT_READ, peer)

        def accept() -> None:
            while not over.is_set():
                for key, _ in selector.select(0.1):
                    with contextlib.suppress(OSError):
                        connection, _ = key.fileobj.accept()  # type: ignore[union-attr]
                        thread = threading.Thread(
                            target=key.data.serve, args=(connection, over), daemon=True
                        )
                        thread.start()
                        threads.append(thread)

        accepting = threading.Thread(target=accept, daemon=True)
        accepting.start()
        try:
            yield
        finally:
            over.set()
            accepting.join(10)
            until = time.monotonic() + 10
            for thread in threads:
                thread.join(max(0.0, until - time.monotonic()))


class Datagrams:
    """A peer over UDP. ``said``: the datagrams that it sent by right."""

    def __init__(self, protocol: str, does: Callable[[Datagrams, bytes, Any], None]) -> None:
        self.protocol = protocol
        self.does = does
        self.said: list[bytes] = []
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind(("127.0.0.1", 0))
        self.sock.settimeout(0.1)
        self.port: int = self.sock.getsockname()[1]

    def __repr__(self) -> str:
        return f"<{self.protocol} peer that {self.does.__name__}>"

    def say(self, data: bytes, to: Any) -> None:
        """A reply from where the question went."""
        self.said.append(data)
        self.sock.sendto(data, to)

    def serve(self, over: threading.Event) -> None:
        """Take what comes."""
        while not over.is_set():
            with contextlib.suppress(OSError, ValueError):
                data, sender = self.sock.recvfrom(1 << 16)
                self.does(self, data, sender)


def _other(peer: Datagrams, data: bytes, to: Any, address: str, times: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind((address, 0))
        for _ in range(times):
            other.sendto(data, to)


def keeps_silent(peer: Datagrams, data: bytes, to: Any) -> None:
    """Nothing."""


def answers(peer: Datagrams, data: bytes, to: Any) -> None:
    """As its protocol has it."""
    peer.say(_sip(data) if peer.protocol == "sip" else b"\0\5\0\1no\0", to)


def says_nothing_in_words(peer: Datagrams, data: bytes, to: Any) -> None:
    """An empty datagram."""
    peer.say(b"", to)


def says_as_much_as_it_can(peer: Datagrams, data: bytes, to: Any) -> None:
    """The largest datagram."""
    peer.say(b"SIP/2.0 200 " + bytes(65507 - 12), to)


def says_half(peer: Datagrams, data: bytes, to: Any) -> None:
    """A few bytes."""
    peer.say(b"SIP/2", to)


def babbles_by_the_thousand(peer: Datagrams, data: bytes, to: Any) -> None:
    """Thousands of them."""
    for _ in range(3000):
        peer.say(b"babble", to)


def answers_from_another_port(peer: Datagrams, data: bytes, to: Any) -> None:
    """TFTP does; for all others that is no reply."""
    if peer.protocol == "tftp":
        peer.said.append(b"\0\5\0\1no\0")
    _other(peer, b"\0\5\0\1no\0", to, "127.0.0.1", 1)


def answers_from_another_address(peer: Datagrams, data: bytes, to: Any) -> None:
    """That is no reply."""
    _other(peer, b"\0\5\0\1no\0", to, "127.0.0.2", 1)


def has_others_babble(peer: Datagrams, data: bytes, to: Any) -> None:
    """Thousands of datagrams of somebody else."""
    _other(peer, b"\0\5\0\1no\0", to, "127.0.0.2", 5000)


def closes_its_port(peer: Datagrams, data: bytes, to: Any) -> None:
    """The kernel says so of what comes next."""
    peer.sock.close()


def answers_and_closes(peer: Datagrams, data: bytes, to: Any) -> None:
    """The reply counts."""
    answers(peer, data, to)
    peer.sock.close()


DATAGRAMS = (
    keeps_silent,
    says_nothing_in_words,
    says_as_much_as_it_can,
    says_half,
    babbles_by_the_thousand,
    answers_from_another_port,
    answers_from_another_address,
    has_others_babble,
    closes_its_port,
    answers_and_closes,
)


@contextlib.contextmanager
def serving_datagrams(those: Sequence[Datagrams]) -> Iterator[None]:
    """Let all of them serve."""
    over = threading.Event()
    threads = [threading.Thread(target=peer.serve, args=(over,), daemon=True) for peer in those]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join(10)
        for peer in those:
            peer.sock.close()
