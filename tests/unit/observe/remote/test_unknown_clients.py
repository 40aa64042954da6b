"""Each rule of what a server may do to an unknown client, against a server that does just that.

The program asks, the reply is recognised, and the check is judged: pass, unknown or fail, as the
rule and the page made of it say.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import msgspec
import pytest

from pytest_portaswitch.facts.answer import PROVES
from pytest_portaswitch.facts.model import HostFacts, Probe, ProbeResult
from pytest_portaswitch.judge import judge
from pytest_portaswitch.judge.verdict import Verdict
from pytest_portaswitch.observe.questions import Questions
from pytest_portaswitch.observe.remote.program import flight, probes
from pytest_portaswitch.observe.request import Request
from pytest_portaswitch.protocols import mysql, smtp
from pytest_portaswitch.protocols.mysql_wire import packet
from pytest_portaswitch.protocols.registry import MODULES
from pytest_portaswitch.protocols.unknown_client import WORDLESS, Rule
from tests.unit.judge import scene
from tests.unit.observe.remote.peers import DIALOGUES, READ, Say

VERDICTS = {"passes": "pass", "unknown": "unknown", "fails": "fail"}
STREAMS = ("mysql", "sip", "smpp", "imap", "smtp", "diameter", "http")


def error(code: int, number: int = 2) -> bytes:
    """An error of MySQL, in a packet with a number."""
    return packet(b"\xff" + code.to_bytes(2, "little") + b"#HY000words", number)


def _sip(status: str) -> Say:
    usual = DIALOGUES["sip"][1]
    assert callable(usual)
    return lambda heard: usual(heard).replace(b"200 OK", status.encode())


def _http(status: str) -> Say:
    return f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode()


def _smpp(status: int, nack: bool = False) -> Say:
    def say(heard: bytes) -> bytes:
        command = b"\0\0\0" if nack else heard[5:8]
        return b"\0\0\0\x10\x80" + command + status.to_bytes(4, "big") + heard[12:16]

    return say


def _diameter(code: int) -> Say:
    usual = DIALOGUES["diameter"][1]
    assert callable(usual)
    return lambda heard: usual(heard)[:-4] + struct.pack(">I", code)


REPLIES: dict[tuple[str, str, int, str], Sequence[Say]] = {
    ("mysql", "", 0, "too-many-connections"): [error(1040, 0)],
    ("mysql", "", 0, "host-not-allowed"): [error(1130, 0), error(1042, 0)],
    ("mysql", "", 0, "unavailable"): [error(1053, 0)],
    ("mysql", "", 0, "host-blocked"): [error(1129, 0)],
    ("mysql", "", 0, "server-error"): [error(1135, 0), error(1999, 0)],
    ("mysql", "beside", 0, "too-many-connections"): [error(1040, 0)],
    ("mysql", "beside", 0, "room-unproved"): [error(1135, 0)],
    ("mysql", "", 1, "login-accepted"): [packet(b"\0\0\0\2\0\0\0", 2)],
    ("mysql", "", 1, "login-refused"): [error(n) for n in (1045, 1203, 1226, 1862, 3118, 4151)],
    ("mysql", "", 1, "too-many-connections"): [error(1040)],
    ("mysql", "", 1, "unavailable"): [error(1053), error(3032)],
    ("mysql", "", 1, "host-not-allowed"): [error(1130)],
    ("mysql", "", 1, "host-blocked"): [error(1129)],
    ("mysql", "", 1, "server-error"): [error(1041), error(2003)],
    ("mysql", "", 1, "identity-refused"): [error(1105), error(1043)],
    ("sip", "", 0, ""): [_sip("404 Not Found"), _sip("403 Forbidden"), _sip("603 Decline")],
    ("sip", "", 0, "unavailable"): [_sip("503 Service Unavailable")],
    ("sip", "", 0, "server-error"): [_sip("500 Server Internal Error")],
    ("smpp", "", 0, ""): [_smpp(4), _smpp(3, nack=True)],
    ("smpp", "", 0, "unavailable"): [_smpp(0x58)],
    ("smpp", "", 0, "server-error"): [_smpp(8)],
    ("smpp", "bind", 0, "login-accepted"): [_smpp(0)],
    ("smpp", "bind", 0, "peer-refused"): [_smpp(0xD), _smpp(0xF)],
    ("smpp", "bind", 0, "unavailable"): [_smpp(0x58)],
    ("smpp", "bind", 0, "server-error"): [_smpp(8)],
    ("imap", "", 0, "unavailable"): [b"* BYE not now\r\n"],
    ("imap", "", 1, "server-error"): [b"a1 NO not now\r\n", b"a1 BAD what\r\n"],
    ("smtp", "", 0, "host-not-allowed"): [b"554 no\r\n", b"550 no\r\n"],
    ("smtp", "", 0, "unavailable"): [b"421 busy\r\n", b"450 later\r\n"],
    ("smtp", "", 0, "not-this-protocol"): [b"334 what\r\n"],
    ("smtp", "", 1, "peer-refused"): [b"504 5.5.2 need a name\r\n", b"501 what\r\n"],
    ("smtp", "", 1, "identity-refused"): [b"554 5.7.1 no\r\n", b"550 no\r\n", b"450 4.7.1 x\r\n"],
    ("smtp", "", 1, "unavailable"): [b"421 busy\r\n"],
    ("smtp", "", 1, "not-this-protocol"): [b"331 password\r\n"],
    ("diameter", "", 0, "peer-refused"): [_diameter(3010), _diameter(5010)],
    ("diameter", "", 0, "unavailable"): [_diameter(3004)],
    ("diameter", "", 0, "server-error"): [_diameter(5012)],
    ("diameter", "", 0, "tls-required"): [_diameter(5017)],
    ("http", "", 0, ""): [_http("403 Forbidden"), _http("400 Bad"), _http("401 Unauthorized")],
    ("http", "", 0, "unavailable"): [_http("503 Busy")],
    ("http", "", 0, "server-error"): [_http("502 Bad Gateway")],
}
"""By protocol, variant, step and finding: what a server says that refuses so."""


def rules() -> Iterator[tuple[str, int, Rule]]:
    """All rules of what is spoken over streams, with the place of their step."""
    for protocol in STREAMS:
        counts: dict[str, int] = {}
        for step in MODULES[protocol][0].CLIENT:
            at = counts.get(step.variant, 0)
            counts[step.variant] = at + 1
            # What is inside TLS has a server of its own.
            if step.variant != "tls":
                yield from ((protocol, at, rule) for rule in step.rules)


def cases() -> Iterator[object]:
    """One for each rule, and each reply that it is known by."""
    for protocol, at, rule in rules():
        key = (protocol, rule.variant, at, rule.finding)
        says: Sequence[Say | None] = [None]
        if rule.does == "refuses" or (rule.does == "answers" and rule.finding):
            # 3159 without TLS is a conversation of its own: a case of the protocol.
            says = REPLIES.get(key, ())
        for number, say in enumerate(says):
            name = f"{protocol}-{rule.variant or at}-{rule.does}-{rule.finding}-{number}"
            yield pytest.param(protocol, at, rule, say, id=name.replace(" ", "-"))


def test_every_refusal_has_a_reply() -> None:
    """A rule that nobody tries is only a claim."""
    refusing = {(p, r.variant, at, r.finding) for p, at, r in rules() if r.does == "refuses"}
    assert refusing - set(REPLIES) == {("mysql", "", 1, "tls-required")}


class Server:
    """A server that follows a protocol up to a step, and then does what a rule says."""

    def __init__(self, protocol: str, at: int, rule: Rule, say: Say | None) -> None:
        self.rule, self.say = rule, say
        self.before = self._before(protocol, at if rule.variant != "beside" else 0)
        self.whole = DIALOGUES[protocol]
        self.count = 0
        self.over = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]

    @staticmethod
    def _before(protocol: str, at: int) -> Sequence[Say | None]:
        """What stands in a dialogue before the reply of a step."""
        replies = 0
        for number, action in enumerate(DIALOGUES[protocol]):
            if action is not READ:
                if replies == at:
                    return DIALOGUES[protocol][:number]
                replies += 1
        raise AssertionError(at)

    def serve(self) -> None:
        """Take connections until the listener is gone."""
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.count += 1
            threading.Thread(target=self._treat, args=(connection, self.count), daemon=True).start()

    def _treat(self, connection: socket.socket, number: int) -> None:
        # Only the second connection is met otherwise: the first one is served, and so is a third.
        usual = self.rule.variant == "beside" and number % 2
        usual = usual or (self.rule.does == "answers" and self.say is None)
        with connection, contextlib.suppress(OSError):
            connection.settimeout(10)
            heard = b""
            for action in self.whole if usual else self.before:
                if action is READ:
                    heard = connection.recv(1 << 16)
                else:
                    connection.sendall(action(heard) if callable(action) else action)
            if not usual:
                self._end(connection, heard)
            while not self.over.is_set() and connection.recv(1 << 16):
                pass

    def _end(self, connection: socket.socket, heard: bytes) -> None:
        if self.say is not None:
            connection.sendall(self.say(heard) if callable(self.say) else self.say)
        elif self.rule.does == "closes":
            connection.shutdown(socket.SHUT_RDWR)
        elif self.rule.does == "resets":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Probe], HostFacts]]:
    """Send one probe by the program's own part, and return what was recognised."""
    reading, writing = os.pipe()
    monkeypatch.setattr(flight, "_STDOUT", writing)
    monkeypatch.setattr(probes, "_PAUSE", 0.0)
    monkeypatch.setattr(probes, "_LONGER_PAUSE", 0.0)
    monkeypatch.setattr(mysql, "GREETING_PATIENCE", 0.3)
    monkeypatch.setattr(mysql, "SECOND_WAIT", 0.3)
    monkeypatch.setattr(smtp, "_GREETING_PATIENCE", 0.3)

    def send(probe: Probe) -> HostFacts:
        questions = Questions(b"0" * 16, {})
        script = questions.script("127.0.0.1", probe)
        assert script
        request = Request(
            host="peer", probes=(probe,), scripts={probe.key: script}, probe_timeout=0.3
        )
        plain = json.loads(msgspec.json.encode(request))
        (result,) = probes.send(plain, time.monotonic() + 10, {})
        found = msgspec.convert(result, ProbeResult)
        facts = HostFacts(host="peer", method="python", privileged=True, took=1.0, probes=(found,))
        seen = questions.recognise("127.0.0.1", request, facts)
        assert isinstance(seen, HostFacts)
        return seen

    yield send
    os.close(reading)
    os.close(writing)


def judged(protocol: str, port: int, seen: HostFacts, question: str = "") -> Verdict:
    """The verdict of a check that demands an answer, where something listens on the port."""
    check = scene.check(
        {
            "id": f"reachability:peer:server:x:tcp-{port}",
            "expects": {
                "type": "reaches",
                "source": "peer",
                "destination": {"name": "server", "address": "127.0.0.1", "hosts": ["server"]},
                "ports": {"transport": "tcp", "numbers": [port]},
                "protocol": protocol,
                "least_grade": "answered",
                "question": question,
            },
        }
    )
    listens = {"processes": ["11 x x S x"], "sockets": [f"tcp 0.0.0.0:{port} 11"]}
    return judge(check, {**scene.facts({"server": listens}), "peer": seen})


@pytest.mark.parametrize(("protocol", "at", "rule", "say"), list(cases()))
def test_the_verdict_is_what_the_rule_says(
    protocol: str, at: int, rule: Rule, say: Say | None, ask: Callable[[Probe], HostFacts]
) -> None:
    """And the answer is what it finds."""
    server = Server(protocol, at, rule, say)
    with ExitStack() as stack:
        stack.callback(server.over.set)
        stack.callback(server.listener.close)
        stack.callback(server.listener.shutdown, socket.SHUT_RDWR)
        threading.Thread(target=server.serve, daemon=True).start()
        question = rule.variant if rule.variant == "bind" else ""
        place = {"transport": "tcp", "address": "127.0.0.1", "port": server.port}
        seen = ask(Probe(protocol=protocol, question=question, **place))  # type: ignore[arg-type]
    verdict = judged(protocol, server.port, seen, question)
    answer = seen.probes[0].answer
    assert answer is not None
    if not (rule.does == "answers" and protocol == "mysql" and not rule.finding):
        assert answer.finding == rule.finding
    assert verdict.verdict == VERDICTS[PROVES[rule.finding]]
    if rule.does in WORDLESS:
        assert not answer.answered or rule.finding in ("cut-short", "room-unproved")


_GREETING = DIALOGUES["mysql"][0]


def demanding(offers: bool, ends: bytes | None, context: ssl.SSLContext) -> Callable[..., None]:
    """A MySQL server with ``require_secure_transport``, which ``ends`` a login inside TLS so."""
    assert isinstance(_GREETING, bytes)
    greeting = bytearray(_GREETING)
    at = 4 + 1 + len(b"8.0.36\0") + 4 + 8 + 1
    if offers:
        greeting[at + 1] |= 0x08
    else:
        greeting[at + 1] &= ~0x08

    def treat(connection: socket.socket, _: int) -> None:
        with connection, contextlib.suppress(OSError):
            connection.settimeout(10)
            connection.sendall(greeting)
            asked = connection.recv(36)
            if asked[:4] != b"\x20\0\0\1":
                connection.recv(1 << 16)
                connection.sendall(error(3159))
                connection.recv(1)
                return
            assert offers
            assert int.from_bytes(asked[4:8], "little") & 0x800
            with context.wrap_socket(connection, server_side=True) as secured:
                login = secured.recv(1 << 16)
                assert login[3] == 2
                assert b"portaswitch-audit-" in login
                if ends is not None:
                    secured.sendall(ends)
                    secured.recv(1)

    return treat


@pytest.mark.parametrize(
    ("offers", "ends", "verdict", "finding", "words"),
    [
        (True, error(1045, 3), "pass", "login-refused", "1045 words; inside TLS, as it demands"),
        (True, error(1040, 3), "fail", "too-many-connections", "1040 words; inside TLS, as it dem"),
        (True, b"", "unknown", "tls-unproved", "3159 words; inside TLS the audit did not get as"),
        (True, None, "unknown", "tls-unproved", "3159 words; inside TLS the audit did not get as"),
        (False, b"", "fail", "tls-required", "3159 words; it offers no TLS"),
    ],
    ids=["refuses", "full", "silent", "closes", "offers-none"],
)
def test_mysql_that_takes_no_login_without_tls(
    offers: bool,
    ends: bytes | None,
    verdict: str,
    finding: str,
    words: str,
    ask: Callable[[Probe], HostFacts],
    certificate: Path,
) -> None:
    """It is asked inside TLS where it offers that, over a connection of its own."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = Server("mysql", 0, Rule(step="", does="answers", finding=""), None)
    server._treat = demanding(offers, ends, context)  # type: ignore[method-assign]
    with ExitStack() as stack:
        stack.callback(server.listener.close)
        stack.callback(server.listener.shutdown, socket.SHUT_RDWR)
        threading.Thread(target=server.serve, daemon=True).start()
        seen = ask(Probe(transport="tcp", address="127.0.0.1", port=server.port, protocol="mysql"))
    answer = seen.probes[0].answer
    assert answer is not None
    assert (answer.answered, answer.finding) == (True, finding)
    assert answer.words.startswith(words)
    assert judged("mysql", server.port, seen).verdict == verdict
