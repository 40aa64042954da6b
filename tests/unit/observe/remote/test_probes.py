"""The probes that the remote program sends, against servers that behave in every way."""

from __future__ import annotations

import errno
import json
import os
import re
import socket
import ssl
import subprocess
import threading
import time
import warnings
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import msgspec
import pytest

from pytest_portaswitch.facts.model import OtherReply, Probe, ProbeResult
from pytest_portaswitch.observe.remote import Reply, reply
from pytest_portaswitch.observe.remote.program import handshake
from pytest_portaswitch.observe.request import Limits, Request, Step
from pytest_portaswitch.protocols.step import Length
from tests.unit.observe.remote.conftest import Fly, Look, Serve, script, tcp, udp
from tests.unit.observe.remote.talk import LIMITS, NONCE, converse, environment


def outcome(result: ProbeResult) -> tuple[str, str]:
    """Return what is compared of a result."""
    return result.outcome, result.detail


def unused(kind: int = socket.SOCK_STREAM) -> int:
    """Return a port that nobody listens on."""
    with socket.socket(socket.AF_INET, kind) as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def test_connect(serve: Serve, fly: Fly) -> None:
    """Without a script a TCP probe connects, and the server sees a proper end."""
    ends: list[bytes] = []
    port = serve(lambda connection: ends.append(connection.recv(10)))
    result = fly(tcp(port))

    assert result == ProbeResult(
        key=f"tcp:127.0.0.1:{port}",
        outcome="connected",
        source="127.0.0.1",
        elapsed=result.elapsed,
    )
    assert 0 <= result.elapsed < 0.5
    assert ends == [b""]


def test_refused(fly: Fly) -> None:
    """A closed TCP port refuses."""
    result = fly(tcp(unused()))
    assert outcome(result) == ("refused", "ECONNREFUSED")


def test_silent_backlog(fly: Fly) -> None:
    """A server whose backlog is full says nothing at all."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        port = full.getsockname()[1]
        crowd = []
        for _ in range(3):
            filler = socket.socket()
            filler.setblocking(False)
            assert filler.connect_ex(("127.0.0.1", port)) == errno.EINPROGRESS
            crowd.append(filler)
        result = fly(tcp(port))
        for filler in crowd:
            filler.close()
    assert outcome(result) == ("silent", "no answer in 0.5 s")


def test_script(serve: Serve, fly: Fly) -> None:
    """A script is followed in order, and every reply is brought back as it came."""

    def treat(connection: socket.socket) -> None:
        connection.sendall(b"hello \x00\xff")
        assert connection.recv(10) == b"who?"
        connection.sendall(b"me, at length")
        assert connection.recv(10) == b""

    port = serve(treat)
    result = fly(tcp(port, "p"), scripts=script(100, b"who?", 2))
    assert outcome(result) == ("connected", "")
    assert result.received == (b"hello \x00\xff", b"me")


def test_until(serve: Serve, fly: Fly) -> None:
    """A reply that comes in pieces is waited for until it is whole, and no longer."""

    def treat(connection: socket.socket) -> None:
        for piece in (b"250-a\r\n", b"250-b\r\n", b"250 c\r\n"):
            connection.sendall(piece)
            time.sleep(0.05)
        connection.recv(1)

    steps = (Step(receive=1000, until=rb"(?m)^250 .*\r\n"),)
    result = fly(tcp(serve(treat), "p"), scripts={"p": steps})
    assert outcome(result) == ("connected", "")
    assert result.received == (b"250-a\r\n250-b\r\n250 c\r\n",)


def test_until_not_whole(serve: Serve, fly: Fly) -> None:
    """What came of a reply that was never whole stays."""

    def treat(connection: socket.socket) -> None:
        connection.sendall(b"half")
        connection.recv(1)

    steps = (Step(receive=1000, until=b"whole"), Step(send=b"never"))
    result = fly(tcp(serve(treat), "p"), scripts={"p": steps})
    assert outcome(result) == ("connected", "no whole reply in 0.5 s, asked twice")
    assert result.received == (b"half",)


def test_until_is_bounded(serve: Serve, fly: Fly) -> None:
    """No more is taken than the step allows, whole or not."""
    port = serve(lambda connection: connection.sendall(b"x" * 5000))
    steps = (Step(receive=1000, until=b"whole"),)
    result = fly(tcp(port, "p"), scripts={"p": steps})
    assert outcome(result) == ("connected", "")
    assert result.received == (b"x" * 1000,)


LENGTHS = [
    (Length(width=3, order="little", beyond=4), b"\x05\0\0\0hello"),
    (Length(width=4), b"\0\0\0\x09hello"),
    (Length(at=1, width=3), b"\1\0\0\x09hello"),
]


@pytest.mark.parametrize(("length", "reply"), LENGTHS)
@pytest.mark.parametrize("cuts", [(1,), (2, 4), (8,), ()])
def test_length(
    serve: Serve, fly: Fly, length: Length, reply: bytes, cuts: tuple[int, ...]
) -> None:
    """A reply that says how long it is may come in any pieces, and what follows is not its own."""
    asked: list[bytes] = []

    def treat(connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for begin, end in zip((0, *cuts), (*cuts, len(reply)), strict=True):
            connection.sendall(reply[begin:end])
            time.sleep(0.03)
        asked.append(connection.recv(10))
        connection.sendall(reply)
        connection.recv(10)

    steps = (
        Step(receive=100, length=length),
        Step(send=b"next", when=b"hello"),
        Step(receive=100, length=length),
    )
    result = fly(tcp(serve(treat), "p"), scripts={"p": steps})
    assert outcome(result) == ("connected", "")
    assert result.received == (reply, reply)
    assert asked == [b"next"]


@pytest.mark.parametrize(("length", "_"), LENGTHS)
@pytest.mark.parametrize("reply", [b"HTTP/1.1 400 Bad Request\r\n", bytes(9)])
def test_length_of_a_stranger(
    serve: Serve, fly: Fly, length: Length, _: bytes, reply: bytes
) -> None:
    """What would be longer than is taken, or shorter than its own beginning, is not waited for."""

    def treat(connection: socket.socket) -> None:
        connection.sendall(reply)
        connection.recv(10)

    steps = (Step(receive=100, length=length),)
    result = fly(tcp(serve(treat), "p"), scripts={"p": steps})
    assert outcome(result) == ("connected", "")
    assert result.received == (reply,)


def test_length_not_whole(serve: Serve, fly: Fly) -> None:
    """What came of it stays."""

    def treat(connection: socket.socket) -> None:
        connection.sendall(b"\0\0\0\x09hel")
        connection.recv(1)

    steps = (Step(receive=100, length=Length(width=4), once=True),)
    result = fly(tcp(serve(treat), "p"), scripts={"p": steps})
    assert outcome(result) == ("connected", "no whole reply in 0.5 s")
    assert result.received == (b"\0\0\0\x09hel",)


def test_patience(serve: Serve, fly: Fly) -> None:
    """One reply may be waited for longer than others, and only that one."""

    def treat(connection: socket.socket) -> None:
        time.sleep(0.7)
        connection.sendall(b"hello")
        assert connection.recv(10) == b"who?"
        time.sleep(0.2)
        connection.sendall(b"me")
        assert connection.recv(10) == b"and?"
        connection.recv(10)

    steps = (
        Step(receive=100, patience=5.0, once=True),
        Step(send=b"who?"),
        # Its time is shorter than what was left of the first one's.
        Step(receive=100),
        Step(send=b"and?"),
        Step(receive=100),
    )
    result = fly(tcp(serve(treat), "p"), scripts={"p": steps})
    assert outcome(result) == ("connected", "no reply in 0.5 s")
    assert result.received == (b"hello", b"me", b"")


def test_patience_ends_with_the_trip(serve: Serve, fly: Fly) -> None:
    """Early enough to part, and to tell of it."""
    heard: list[bytes] = []

    def treat(connection: socket.socket) -> None:
        while data := connection.recv(10):
            heard.append(data)

    steps = (Step(receive=100, patience=60.0, parting=b"bye", once=True),)
    result = fly(tcp(serve(treat), "p"), within=1.5, scripts={"p": steps})
    assert result.outcome == "connected"
    assert re.fullmatch(r"no reply in [01]\.\d+ s", result.detail)
    assert heard == [b"bye"]


def test_parting_comes_before_the_end_of_the_trip(serve: Serve, fly: Fly) -> None:
    """Also where each step may take longer than what is left of it."""
    heard: list[bytes] = []

    def treat(connection: socket.socket) -> None:
        while data := connection.recv(10):
            heard.append(data)

    steps = (Step(receive=100, parting=b"bye", once=True),)
    asked = {"scripts": {"p": steps}, "probe_timeout": 60.0}
    result = fly(tcp(serve(treat), "p"), within=1.5, **asked)
    assert re.fullmatch(r"no reply in [01]\.\d+ s", result.detail)
    assert heard == [b"bye"]


def test_parting(serve: Serve, fly: Fly) -> None:
    """Who keeps silent is left a word, once; who speaks is not."""
    heard: list[bytes] = []

    def treat(connection: socket.socket) -> None:
        while data := connection.recv(10):
            heard.append(data)

    steps = (Step(receive=100, parting=b"bye", once=True),)
    result = fly(tcp(serve(treat), "p"), scripts={"p": steps})
    assert outcome(result) == ("connected", "no reply in 0.5 s")
    assert heard == [b"bye"]
    spoke = fly(tcp(serve(lambda one: one.sendall(b"x")), "p"), scripts={"p": steps})
    assert outcome(spoke) == ("connected", "")
    assert heard == [b"bye"]


def test_once(serve: Serve, fly: Fly) -> None:
    """Where a second connection could do harm there is none."""
    port = serve(lambda connection: connection.recv(10) and None)
    result = fly(tcp(port, "p"), scripts={"p": (Step(receive=100, once=True),)})
    assert outcome(result) == ("connected", "no reply in 0.5 s")


def test_when(serve: Serve, fly: Fly) -> None:
    """A step is passed over unless what was received last calls for it."""
    got: list[bytes] = []

    def treat(connection: socket.socket) -> None:
        connection.sendall(b"\0switch\xff")
        got.append(connection.recv(10))
        connection.sendall(b"ok")
        got.append(connection.recv(10))

    steps = (
        Step(receive=100),
        Step(send=b"not this", when=b"^greet"),
        Step(receive=100, when=b"^greet"),
        Step(send=b"this", when=rb"(?s)\A.switch\xff"),
        Step(receive=100, when=rb"switch"),
        Step(send=b"nor this", when=b"switch"),
    )
    result = fly(tcp(serve(treat), "p"), scripts={"p": steps})
    assert outcome(result) == ("connected", "")
    assert result.received == (b"\0switch\xff", b"ok")
    assert got == [b"this", b""]


def test_no_reply(serve: Serve, fly: Fly) -> None:
    """A server that accepts and says nothing is connected, and no reply is an empty entry."""
    port = serve(lambda connection: connection.recv(10) and None)
    result = fly(tcp(port, "p"), scripts=script(100, b"who?", 100))
    assert outcome(result) == ("connected", "no reply in 0.5 s, asked twice")
    assert result.received == (b"",)


def test_asked_again(serve: Serve, fly: Fly) -> None:
    """Who keeps silent once is asked once more, and what it says then counts."""

    def treat(connection: socket.socket) -> None:
        connection.sendall(b"sorry")
        connection.recv(1)

    port = serve(lambda connection: connection.recv(10) and None, treat)
    result = fly(tcp(port, "p"), scripts=script(100))
    assert outcome(result) == ("connected", "")
    assert result.received == (b"sorry",)


def test_slow_reply(serve: Serve, fly: Fly) -> None:
    """A reply within the time counts, and how long it took is told."""

    def treat(connection: socket.socket) -> None:
        time.sleep(0.2)
        connection.sendall(b"late")

    result = fly(tcp(serve(treat), "p"), scripts=script(100))
    assert outcome(result) == ("connected", "")
    assert result.received == (b"late",)
    assert 0.2 <= result.elapsed < 0.5


def test_peer_closes(serve: Serve, fly: Fly) -> None:
    """A peer that hangs up after refusing a login is not an error."""
    port = serve(lambda connection: connection.sendall(b"go away"))
    result = fly(tcp(port, "p"), scripts=script(100, b"x", 100))
    assert result.outcome == "connected"
    assert result.detail in ("closed by the peer", "EPIPE", "ECONNRESET")
    assert result.received[0] == b"go away"


def test_deaf(serve: Serve, fly: Fly) -> None:
    """A server that stops reading is given up, and says nothing."""
    port = serve(lambda connection: time.sleep(3))
    result = fly(tcp(port, "p"), scripts=script(bytes(16_000_000), 10))
    assert outcome(result) == ("connected", "took nothing in 0.5 s, asked twice")
    assert result.received == ()


def test_chatter(serve: Serve, fly: Fly) -> None:
    """A server that never stops talking costs no more than the bounds."""

    def treat(connection: socket.socket) -> None:
        try:
            while True:
                connection.sendall(b"bla" * 10000)
        except OSError:
            pass

    began = time.monotonic()
    result = fly(tcp(serve(treat), "p"), scripts=script(7))
    assert result.received == (b"blablab",)
    assert time.monotonic() - began < 5


def test_tls(serve: Serve, fly: Fly, certificate: Path) -> None:
    """TLS is shaken without asking whom to trust; the script follows inside it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    ends: list[bytes] = []

    def treat(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secured:
            secured.sendall(b"secret " + secured.recv(10))
            ends.append(secured.recv(10))

    port = serve(treat)
    probe = Probe(transport="tls", address="127.0.0.1", port=port, protocol="p")
    result = fly(probe, scripts=script(b"hi", 100))
    assert outcome(result) == ("connected", "")
    assert result.received == (b"secret hi",)
    assert ends == [b""]  # and no error: close_notify came


def test_tls_that_demands_a_certificate(serve: Serve, fly: Fly, certificate: Path) -> None:
    """TLS 1.3 comes up, and the alert that ends it is brought in the library's own words."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.load_verify_locations(certificate)
    context.verify_mode = ssl.CERT_REQUIRED
    context.minimum_version = ssl.TLSVersion.TLSv1_3

    def treat(connection: socket.socket) -> None:
        with pytest.raises(ssl.SSLError):
            context.wrap_socket(connection, server_side=True)

    probe = Probe(transport="tls", address="127.0.0.1", port=serve(treat), protocol="p")
    result = fly(probe, scripts=script(b"hi", 100))
    assert outcome(result) == ("connected", "TLSV13_ALERT_CERTIFICATE_REQUIRED")
    assert not any(result.received)


def test_tls_1_2_that_demands_a_certificate(serve: Serve, fly: Fly, certificate: Path) -> None:
    """It does not come up, and that both had agreed before tells why."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.load_verify_locations(certificate)
    context.verify_mode = ssl.CERT_REQUIRED
    context.maximum_version = ssl.TLSVersion.TLSv1_2

    def treat(connection: socket.socket) -> None:
        with pytest.raises(ssl.SSLError):
            context.wrap_socket(connection, server_side=True)

    probe = Probe(transport="tls", address="127.0.0.1", port=serve(treat), protocol="p")
    result = fly(probe, scripts=script(b"hi", 100))
    assert (result.outcome, result.tcp_connected) == ("refused", True)
    words = "SSLV3_ALERT_HANDSHAKE_FAILURE, once both had agreed on ECDHE"
    assert result.detail.startswith(words)


def test_the_last_words_of_who_has_hung_up(serve: Serve, fly: Fly) -> None:
    """What was said to a question that could not be put to its end is heard."""

    def treat(connection: socket.socket) -> None:
        connection.recv(5)
        connection.sendall(b"421 too many")

    result = fly(tcp(serve(treat), "p"), scripts=script(bytes(16_000_000), 100))
    assert result.outcome == "connected"
    assert result.detail in ("EPIPE", "ECONNRESET")
    assert result.received == (b"421 too many",)


@pytest.fixture
def authority(tmp_path: Path, certificate: Path) -> Path:
    """Return a certificate with its key, issued by ``certificate`` and followed by it."""
    path = tmp_path / "issued.pem"
    words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=y -days 1"
    files = ["-CA", certificate, "-CAkey", certificate, "-keyout", path, "-out", tmp_path / "i"]
    subprocess.run(["openssl", *words.split(), *files], check=True, capture_output=True)
    path.write_text(path.read_text() + (tmp_path / "i").read_text() + certificate.read_text())
    return path


def shaken(context: ssl.SSLContext) -> Callable[[socket.socket], None]:
    """Return a server that shakes hands and waits for the end."""

    def treat(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secured:
            secured.recv(10)

    return treat


def test_tls_brings_what_the_server_showed(serve: Serve, look: Look, authority: Path) -> None:
    """Version, cipher, and all certificates, each once however many servers show it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority)
    ports = [serve(shaken(context)) for _ in range(2)]
    probes = [Probe(transport="tls", address="127.0.0.1", port=port) for port in ports]
    facts = look(probes=tuple(probes)).facts
    first, second = (result.tls for result in facts.probes)
    assert first is not None
    assert first == second
    assert (first.version, first.cipher) == ("TLSv1.3", "TLS_AES_256_GCM_SHA384")
    assert (first.whole, first.problem) == (True, "")
    ders = [ssl.PEM_cert_to_DER_cert(pem) for pem in pems(authority)]
    assert [facts.certificates[name] for name in first.chain] == ders
    assert len(facts.certificates) == 2


def test_tls_asks_for_the_name(serve: Serve, fly: Fly, certificate: Path) -> None:
    """And for none where none is declared."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    asked: list[str | None] = []
    context.sni_callback = lambda sock, name, _: asked.append(name)
    for name in ("sip.example.com", "", "10.0.0.1"):
        port = serve(shaken(context))
        fly(Probe(transport="tls", address="127.0.0.1", port=port, name=name))
    assert asked == ["sip.example.com", None, None]


def pems(path: Path) -> list[str]:
    """Return the certificates of a file."""
    end = "-----END CERTIFICATE-----"
    begin = "-----BEGIN CERTIFICATE-----"
    return [begin + part.partition(begin)[2] + end for part in path.read_text().split(end)[:-1]]


def test_tls_of_obsolete_versions_is_seen(serve: Serve, fly: Fly, certificate: Path) -> None:
    """A server that has nothing newer comes up, so that it can be told."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.maximum_version = ssl.TLSVersion.TLSv1
    result = fly(Probe(transport="tls", address="127.0.0.1", port=serve(shaken(context))))
    assert outcome(result) == ("connected", "")
    assert result.tls is not None
    assert result.tls.version == "TLSv1"


class Secured:
    """A socket after its handshake, as Pythons of several ages have it."""

    def __init__(self, own: bytes | None = b"own") -> None:
        self.own = own

    def version(self) -> str:
        return "TLSv1.2"

    def cipher(self) -> tuple[str, str, int]:
        return ("AES", "TLSv1.2", 256)

    def getpeercert(self, binary_form: bool) -> bytes | None:
        return self.own


class SecuredBy313(Secured):
    """Since 3.13 the chain is public."""

    def get_unverified_chain(self) -> list[bytes]:
        return [b"own", b"other"]


@pytest.mark.parametrize(
    ("secured", "count", "whole"),
    [
        (Secured(), 1, False),
        (SecuredBy313(), 2, True),
        (SecuredBy313(b"changed"), 1, False),
        (Secured(None), 0, False),
    ],
)
def test_the_chain_as_far_as_a_python_can_tell_it(
    secured: Secured, count: int, whole: bool
) -> None:
    """And whether it is whole; the server's own is always there where it showed one."""
    kept: dict[str, str] = {}
    seen = handshake.Tls(kept).shown(secured)
    assert (len(seen["chain"]), seen["whole"]) == (count, whole)
    assert sorted(kept) == sorted(seen["chain"])
    assert (seen["version"], seen["cipher"], seen.get("problem")) == ("TLSv1.2", "AES", None)


@pytest.mark.parametrize("size", [1 << 17, 1 << 30])
def test_a_certificate_that_is_too_large_is_not_brought(size: int) -> None:
    """And it is said."""

    class Large(bytes):
        def __len__(self) -> int:
            return size

    seen = handshake.Tls({}).shown(Secured(Large(b"x")))
    assert seen["chain"] == []
    assert seen["problem"] == f"ValueError: a certificate of {size} bytes is too much to bring back"


def test_all_certificates_together_are_bounded() -> None:
    """Many servers that each show a large one cannot fill the reply."""
    tls = handshake.Tls({})
    seen = [tls.shown(Secured(bytes([number]) * 60000)) for number in range(80)]
    assert [bool(one.get("problem")) for one in seen] == [False] * 69 + [True] * 11


def test_long_chains_leave_room_for_the_certificates_of_other_servers() -> None:
    """What a server shows beyond its own has bounds of its own."""
    tls = handshake.Tls({})

    class Chain(SecuredBy313):
        def __init__(self, number: int) -> None:
            super().__init__(b"own %d" % number)
            self.chain = [b"own %d" % number, *(b"%d %d" % (number, n) * 1000 for n in range(7))]

        def get_unverified_chain(self) -> list[bytes]:
            return self.chain

    seen = [tls.shown(Chain(1000 + number)) for number in range(200)]
    assert all(one["chain"] for one in seen)
    assert seen[-1]["problem"].endswith(" bytes is too much to bring back")
    assert tls.shown(Secured(b"x" * 60000)).get("problem") is None


def test_tls_with_somebody_else(serve: Serve, fly: Fly) -> None:
    """A server that does not speak TLS refuses it, in the library's own words."""
    port = serve(lambda connection: connection.sendall(b"220 plain words\r\n" * 4))
    probe = Probe(transport="tls", address="127.0.0.1", port=port)
    result = fly(probe)
    assert result.outcome == "refused"
    assert result.tcp_connected


def test_tls_silence(serve: Serve, fly: Fly) -> None:
    """A server that takes the first words of TLS and keeps quiet is silent."""
    port = serve(lambda connection: time.sleep(0.7))
    probe = Probe(transport="tls", address="127.0.0.1", port=port)
    result = fly(probe)
    assert outcome(result) == ("silent", "no TLS handshake in 0.5 s, asked twice")


@pytest.mark.parametrize(
    ("family", "address"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")]
)
def test_udp_reply(fly: Fly, family: int, address: str) -> None:
    """A datagram that comes back is a reply, whatever it says."""
    with socket.socket(family, socket.SOCK_DGRAM) as server:
        server.bind((address, 0))
        server.settimeout(5)

        def echo() -> None:
            data, peer = server.recvfrom(100)
            server.sendto(data[::-1], peer)

        thread = threading.Thread(target=echo)
        thread.start()
        probe = Probe(transport="udp", address=address, port=server.getsockname()[1], protocol="p")
        result = fly(probe, scripts=script(b"abc", 2))
        thread.join()
    assert outcome(result) == ("replied", "")
    assert result.received == (b"cb",)
    assert result.source == address


def test_udp_patience(fly: Fly) -> None:
    """A reply that takes its time by the book is waited for."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(5)

        def answer() -> None:
            data, peer = server.recvfrom(100)
            time.sleep(0.7)
            server.sendto(data, peer)

        thread = threading.Thread(target=answer)
        thread.start()
        steps = (Step(send=b"abc"), Step(receive=100, patience=2.0))
        result = fly(udp(server.getsockname()[1], "p"), scripts={"p": steps})
        thread.join()
    assert outcome(result) == ("replied", "")
    assert 0.7 <= result.elapsed < 2.0


@pytest.mark.parametrize("any_port", [True, False])
def test_udp_from_another_port(fly: Fly, any_port: bool) -> None:
    """A reply from there counts where the script says so; what else comes is kept, not believed."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger,
    ):
        server.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        stranger.bind(("127.0.0.9", 0))
        server.settimeout(5)
        ports = [sock.getsockname()[1] for sock in (other, stranger)]

        def answer() -> None:
            data, peer = server.recvfrom(100)
            stranger.sendto(b"stranger", peer)
            other.sendto(data, peer)

        thread = threading.Thread(target=answer)
        thread.start()
        steps = (Step(send=b"abc"), Step(receive=100, any_port=any_port))
        probe = udp(server.getsockname()[1], "p")
        result = fly(probe, scripts={"p": steps})
        thread.join()
    assert result.outcome == ("replied" if any_port else "silent")
    assert result.received == ((b"abc",) if any_port else ())
    assert result.source == "127.0.0.1"
    elsewhere = (
        OtherReply(address="127.0.0.9", port=ports[1], received=b"stranger"),
        OtherReply(address="127.0.0.1", port=ports[0], received=b"abc"),
    )
    assert result.other_replies == (() if any_port else elsewhere)


def test_udp_reply_from_elsewhere_does_not_keep_the_right_one_out(fly: Fly) -> None:
    """Of many others the first few are kept, once each."""
    with ExitStack() as stack:
        server, *others = (
            stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) for _ in range(9)
        )
        for sock in (server, *others):
            sock.bind(("127.0.0.1", 0))
        server.settimeout(5)
        is_right = threading.Event()

        def answer() -> None:
            for _ in range(2):
                data, peer = server.recvfrom(100)
                for other in others * 3:
                    other.sendto(b"x" * 200, peer)
                if is_right.is_set():
                    server.sendto(data, peer)

        thread = threading.Thread(target=answer)
        thread.start()
        probe, steps = (
            udp(server.getsockname()[1], "p"),
            {"p": (Step(send=b"a"), Step(receive=100))},
        )
        wrong = fly(probe, scripts=steps)
        is_right.set()
        right = fly(probe, scripts=steps)
        thread.join()
        ports = [sock.getsockname()[1] for sock in others]
    assert wrong.outcome == "silent"
    kept = [(other.address, other.port, other.received) for other in wrong.other_replies]
    assert kept == [("127.0.0.1", port, b"x" * 100) for port in ports[:4]]
    assert (right.outcome, right.received, right.other_replies) == ("replied", (b"a",), ())


@pytest.mark.parametrize(("due", "outcome"), [(True, "replied"), (False, "silent")])
def test_udp_reply_that_is_due_is_waited_for_as_long_as_one_over_tcp(
    fly: Fly, due: bool, outcome: str
) -> None:
    """Though silence is the usual answer of others."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(5)

        def answer() -> None:
            data, peer = server.recvfrom(100)
            time.sleep(0.6)
            server.sendto(data, peer)

        thread = threading.Thread(target=answer)
        thread.start()
        steps = {"p": (Step(send=b"a"), Step(receive=100, due=due))}
        result = fly(
            udp(server.getsockname()[1], "p"), scripts=steps, probe_timeout=9.0, udp_timeout=0.2
        )
        thread.join()
    assert result.outcome == outcome


def test_udp_refused_any_port(fly: Fly) -> None:
    """A refusal is heard without a connected socket, too."""
    steps = {"p": (Step(send=b"abc"), Step(receive=100, any_port=True))}
    result = fly(udp(unused(socket.SOCK_DGRAM), "p"), scripts=steps)
    assert outcome(result) == ("refused", "ECONNREFUSED")


def test_udp_silence(fly: Fly) -> None:
    """A UDP socket that is never read is silent, and got one empty datagram."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.setblocking(False)
        result = fly(udp(server.getsockname()[1]))
        assert server.recv(10) == b""
        with pytest.raises(BlockingIOError):
            server.recv(10)
    assert outcome(result) == ("silent", "no reply in 0.5 s")


def test_udp_refused(fly: Fly) -> None:
    """ICMP port unreachable is a refusal."""
    result = fly(udp(unused(socket.SOCK_DGRAM)))
    assert outcome(result) == ("refused", "ECONNREFUSED")


@pytest.mark.skipif(os.geteuid() != 0, reason="a network namespace needs root")
@pytest.mark.parametrize("transport", ["tcp", "udp", "icmp"])
def test_unreachable(tmp_path: Path, transport: str) -> None:
    """An address without a route is unreachable, by the kernel's own name for it."""
    probe = Probe(transport=transport, address="10.0.0.1", port=9)  # type: ignore[arg-type]
    alone = ("unshare", "-n", "/bin/sh", "-c")
    talk = converse(Request(host="h", probes=(probe,)), environment(tmp_path), shell=alone)
    assert outcome(talk.probe) == ("unreachable", "ENETUNREACH")


@pytest.mark.skipif(os.geteuid() != 0, reason="ICMP needs root where ping_group_range is empty")
@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_icmp(fly: Fly, address: str) -> None:
    """Loopback answers an echo request."""
    result = fly(Probe(transport="icmp", address=address, port=0))
    assert outcome(result) == ("replied", "")
    assert result.key == f"icmp:{address}:0"


@pytest.mark.skipif(os.geteuid() != 0, reason="ICMP needs root where ping_group_range is empty")
def test_unless(serve: Serve, look: Look) -> None:
    """What is asked only without a reply is not asked where there is one, and has no result."""
    knocks: list[bytes] = []
    port = serve(lambda connection: knocks.append(connection.recv(1)))
    echo = Probe(transport="icmp", address="127.0.0.1", port=0)
    knock = msgspec.structs.replace(tcp(port), unless=echo.key)
    facts = look(probes=(knock, echo)).facts
    assert [(result.key, result.outcome) for result in facts.probes] == [(echo.key, "replied")]
    assert knocks == []


def test_unless_without_a_reply(serve: Serve, look: Look) -> None:
    """It is asked once the other has failed, and each has its result in its place."""
    port = serve(lambda connection: connection.recv(1))
    other = udp(unused(socket.SOCK_DGRAM))
    knock = msgspec.structs.replace(tcp(port), unless=other.key)
    facts = look(probes=(knock, other)).facts
    assert [(result.key, result.outcome) for result in facts.probes] == [
        (knock.key, "connected"),
        (other.key, "refused"),
    ]


def test_no_names(look: Look) -> None:
    """What is not an address is refused: nothing is ever looked up."""
    names = ("localhost", "127.1", "-1", "", "fe80::1%lo")
    probes = tuple(Probe(transport="tcp", address=name, port=1) for name in names)
    talk = look(probes=probes)
    raw = reply(talk.stdout, NONCE, LIMITS.output)
    assert isinstance(raw, Reply)
    results = [(one["outcome"], one["detail"]) for one in json.loads(raw.body)["probes"]]
    assert results == [("error", "not an address")] * 5
    # Nothing that is not about an address gets any further.
    assert [result.key for result in talk.facts.probes] == ["tcp:fe80::1%lo:1"]
    assert talk.facts.gap("probes") == (
        "entries that make no sense were left out (4): 'localhost' is not an address"
    )


def test_side_by_side(look: Look) -> None:
    """A hundred silent probes take little longer than one, each is answered in its place."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        port = server.getsockname()[1]
        probes = [udp(port), *(tcp(number) for number in range(1, 100))]
        began = time.monotonic()
        results = look(probes=tuple(probes)).facts.probes
        assert time.monotonic() - began < 4
    assert [result.key for result in results] == [probe.key for probe in probes]


def test_time_is_up(look: Look) -> None:
    """What the deadline cuts off, and what it lets nobody send, is said of each probe."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("0.0.0.0", 0))  # noqa: S104 - all of loopback
        port = server.getsockname()[1]
        probes = tuple(
            Probe(transport="udp", address=f"127.0.{number // 200}.{number % 200 + 1}", port=port)
            for number in range(300)
        )
        began = time.monotonic()
        # A second before the end the program gives up, and a second before that its probes.
        talk = look(probes=probes, limits=Limits(host_timeout=4.0), udp_timeout=9.0)
        assert time.monotonic() - began < 8
    said = [outcome(result) for result in talk.facts.probes]
    assert set(said) <= {
        ("error", "cut off: the time of this trip was up"),
        ("error", "not sent: the time of this trip was up"),
    }
    assert len(said) == 300


def test_time_is_up_in_the_middle_of_a_conversation(serve: Serve, fly: Fly) -> None:
    """Who took the connection is not said to have kept silent."""
    port = serve(lambda connection: connection.recv(10) and connection.recv(10) and None)
    asked = {"scripts": script(b"who?", 100), "probe_timeout": 60.0}
    result = fly(tcp(port, "p"), within=0.7, **asked)
    assert outcome(result) == ("connected", "cut off: the time of this trip was up")


def test_what_was_told_stays_where_there_is_no_time_to_ask_again(serve: Serve, fly: Fly) -> None:
    """The first silence lasted for as long as a reply may take."""
    port = serve(lambda connection: connection.recv(10) and connection.recv(10) and None)
    result = fly(tcp(port, "p"), within=1.2, scripts=script(b"who?", 100), probe_timeout=0.8)
    assert outcome(result) == ("connected", "no reply in 0.8 s")


def test_time_is_up_while_saying_goodbye(serve: Serve, fly: Fly) -> None:
    """All had been said by then."""

    def treat(connection: socket.socket) -> None:
        connection.sendall(b"hello")
        connection.recv(10)
        time.sleep(1)

    result = fly(tcp(serve(treat), "p"), within=0.3, scripts=script(100))
    assert outcome(result) == ("connected", "")
    assert result.received == (b"hello",)
