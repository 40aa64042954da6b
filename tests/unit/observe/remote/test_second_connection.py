"""Scripts that need more than one connection, or TLS in the middle of one."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from pytest_portaswitch.facts.model import Probe
from pytest_portaswitch.observe.remote.program import probes
from pytest_portaswitch.observe.request import Step
from tests.unit.observe.remote.conftest import Fly, Serve, tcp

HELLO = Step(receive=100, until=b"\n", again=b"full")
BESIDE = (HELLO, Step(beside=0.3), Step(send=b"login\n"), Step(receive=100, until=b"\n"))


def test_a_second_connection_follows_the_same_script_while_the_first_is_open(fly: Fly) -> None:
    """Both are left in order, the second one first; what it brought is one entry."""
    said: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            first, _ = listener.accept()
            first.sendall(b"hello 1\n")
            second, _ = listener.accept()
            second.sendall(b"hello 2\n")
            said.append(f"second {second.recv(100)!r}")
            second.sendall(b"no 2\n")
            said.append(f"second {second.recv(100)!r}")
            second.close()
            said.append(f"first {first.recv(100)!r}")
            first.sendall(b"no 1\n")
            said.append(f"first {first.recv(100)!r}")
            first.close()

        thread = threading.Thread(target=serve)
        thread.start()
        result = fly(tcp(listener.getsockname()[1], "p"), scripts={"p": BESIDE})
        thread.join(10)
    assert said == ["second b'login\\n'", "second b''", "first b'login\\n'", "first b''"]
    assert (result.outcome, result.detail) == ("connected", "")
    assert result.received == (b"hello 1\n", b"hello 2\nno 2\n", b"no 1\n")


def test_a_second_connection_that_is_silent_costs_its_own_time_only(serve: Serve, fly: Fly) -> None:
    """The first one goes on, and the time that it took is not of its reply."""

    def first(connection: socket.socket) -> None:
        connection.sendall(b"hello\n")
        assert connection.recv(100) == b"login\n"
        connection.sendall(b"no\n")
        connection.recv(1)

    # Nobody takes the second connection, but the kernel.
    result = fly(tcp(serve(first), "p"), scripts={"p": BESIDE}, probe_timeout=5.0)
    assert (result.outcome, result.detail) == ("connected", "")
    assert result.received == (b"hello\n", b"", b"no\n")
    assert result.elapsed < 0.3


def test_a_reply_after_which_all_is_asked_again(
    serve: Serve, fly: Fly, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once, later; and what that brings counts."""
    monkeypatch.setattr(probes, "_PAUSE", 0.2)
    monkeypatch.setattr(probes, "_LONGER_PAUSE", 0.2)
    times: list[float] = []

    def full(connection: socket.socket) -> None:
        times.append(time.monotonic())
        connection.sendall(b"full\n")

    def well(connection: socket.socket) -> None:
        times.append(time.monotonic())
        connection.sendall(b"hello\n")
        connection.recv(1)

    result = fly(tcp(serve(full, well), "p"), scripts={"p": (HELLO,)})
    assert result.received == (b"hello\n",)
    assert times[1] - times[0] > 0.15
    result = fly(tcp(serve(full, full, well), "p"), scripts={"p": (HELLO,)})
    assert result.received == (b"full\n",)
    assert len(times) == 4


def test_a_new_connection_goes_on_inside_tls(fly: Fly, certificate: Path) -> None:
    """The first one is left in order; steps that do not match the last reply are passed over."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    steps = (
        Step(send=b"plain\n"),
        Step(receive=100, until=b"\n"),
        Step(anew=True, when=b"tls only"),
        Step(send=b"tls\n", when=b"tls only"),
        Step(secure=True, when=b"tls only"),
        Step(send=b"secret\n", when=b"tls only"),
        Step(receive=100, until=b"\n", when=b"tls only"),
        Step(anew=True, when=b"never"),
    )
    ends: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            first, _ = listener.accept()
            assert first.recv(100) == b"plain\n"
            first.sendall(b"tls only\n")
            ends.append(first.recv(100))
            first.close()
            second, _ = listener.accept()
            assert second.recv(4) == b"tls\n"
            secured = context.wrap_socket(second, server_side=True)
            assert secured.recv(100) == b"secret\n"
            secured.sendall(b"well\n")
            ends.append(secured.recv(100))
            secured.close()

        thread = threading.Thread(target=serve)
        thread.start()
        result = fly(tcp(listener.getsockname()[1], "p"), scripts={"p": steps})
        thread.join(10)
    assert ends == [b"", b""]
    assert (result.outcome, result.detail) == ("connected", "")
    assert result.received == (b"tls only\n", b"well\n")


@pytest.mark.parametrize("says", [b"", b"what?\n" * 20])
def test_tls_that_does_not_come_up_in_the_middle(serve: Serve, fly: Fly, says: bytes) -> None:
    """It says so, and what came before stays."""

    def treat(connection: socket.socket) -> None:
        connection.sendall(b"hello\n")
        connection.recv(1)
        connection.sendall(says)

    steps = (HELLO, Step(secure=True), Step(send=b"never"))
    result = fly(tcp(serve(treat), "p"), scripts={"p": steps})
    assert result.outcome == "connected"
    assert result.received == (b"hello\n",)
    assert result.detail.startswith("TLS: ")


def test_tls_server_without_rfc_5746_is_shaken_hands_with(serve: Serve, fly: Fly) -> None:
    """OpenSSL 3 would leave with an alert; here the client goes on with its key.

    The server's part is written out: OpenSSL itself has RFC 5746 always.
    """
    seen: list[bytes] = []

    def record(kind: int, body: bytes) -> bytes:
        message = bytes([kind]) + len(body).to_bytes(3, "big") + body
        return b"\x16\x03\x03" + len(message).to_bytes(2, "big") + message

    def treat(connection: socket.socket) -> None:
        connection.recv(1 << 16)
        der = _certificate()
        chain = len(der).to_bytes(3, "big") + der
        # TLS 1.2, no session, RSA with AES-128-CBC and SHA-1, no extensions.
        connection.sendall(record(2, b"\x03\x03" + bytes(32) + b"\0" + b"\0\x2f" + b"\0"))
        connection.sendall(record(11, len(chain).to_bytes(3, "big") + chain))
        connection.sendall(record(14, b""))
        seen.append(connection.recv(6))

    port = serve(treat)
    result = fly(Probe(transport="tls", address="127.0.0.1", port=port))
    assert result.tcp_connected
    # A record of a handshake with ClientKeyExchange, and no alert.
    assert seen[0][:1] == b"\x16"
    assert seen[0][5] == 16


def _certificate() -> bytes:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import rsa

    from tests.unit.certificates import DAY, NOW

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, "x")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).serial_number(1)
    builder = builder.public_key(key.public_key())
    builder = builder.not_valid_before(NOW - DAY).not_valid_after(NOW + 365 * DAY)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)
