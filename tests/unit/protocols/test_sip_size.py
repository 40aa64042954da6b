"""SIP responses of the size that the RFC allows: sent by a server, brought back, recognised."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable

import pytest

from pytest_portaswitch.facts.model import Probe
from pytest_portaswitch.protocols import sip
from pytest_portaswitch.protocols.ask import Ask
from tests.unit.observe.remote.conftest import Fly, fly

__all__ = ["fly"]

LARGEST_UDP = 65507
"""Bytes of a datagram over IPv4, which has two heads of its own."""


def ask(transport: str, port: int = 5060) -> Ask:
    """What is asked on loopback."""
    return Ask(
        transport=transport,  # type: ignore[arg-type]
        source="127.0.0.1",
        address="127.0.0.1",
        port=port,
        nonce=b"n" * 16,
        secret=None,
    )


def response(question: bytes, more: bytes) -> bytes:
    """The answer to a question, with more lines in its head before those that are read."""
    same = [line for line in question.split(b"\r\n") if line[:4] in (b"Via:", b"Call", b"CSeq")]
    return b"\r\n".join([b"SIP/2.0 200 OK", more, *same, b"Content-Length: 0", b"", b""])


def lines(size: int) -> bytes:
    """Different header lines of so many bytes in all."""
    made = b"\r\n".join(b"X-Line-%05d: %s" % (number, b"y" * 40) for number in range(1200))
    return made[:size].rpartition(b"\r\n")[0]


def serve_datagram(answer: Callable[[bytes], bytes]) -> tuple[int, threading.Thread]:
    """A server of one datagram."""
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 0))
    server.settimeout(10)

    def run() -> None:
        with server:
            data, sender = server.recvfrom(10_000)
            server.sendto(answer(data), sender)

    thread = threading.Thread(target=run)
    thread.start()
    return server.getsockname()[1], thread


def serve_stream(answer: Callable[[bytes], bytes]) -> tuple[int, threading.Thread]:
    """A server of one connection."""
    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(10)

    def run() -> None:
        with server, server.accept()[0] as connection:
            connection.settimeout(10)
            connection.sendall(answer(connection.recv(10_000)))
            connection.recv(1)

    thread = threading.Thread(target=run)
    thread.start()
    return server.getsockname()[1], thread


@pytest.mark.parametrize("size", [100, 4000, 5000, 20_000, 64_000])
@pytest.mark.parametrize(("transport", "serve"), [("tcp", serve_stream), ("udp", serve_datagram)])
def test_response_with_a_long_head_is_taken_whole(
    fly: Fly, transport: str, serve: Callable[..., tuple[int, threading.Thread]], size: int
) -> None:
    """The lines that are read stand behind all others."""
    port, thread = serve(lambda question: response(question, lines(size)))
    asked = ask(transport, port)
    probe = Probe(transport=transport, address="127.0.0.1", port=port, protocol="sip")  # type: ignore[arg-type]
    result = fly(probe, scripts={"sip": sip.request(asked)}, probe_timeout=5.0)
    thread.join(10)
    answer = sip.recognise(asked, result.received)
    assert (answer.answered, answer.finding, answer.words) == (True, "", "SIP 200 OK")
    assert result.elapsed < 4


@pytest.mark.parametrize("received", [b"x" * LARGEST_UDP, b"SIP/2.0 200 OK\r\n" + lines(65_000)])
def test_response_that_never_ends_is_none(received: bytes) -> None:
    """What is too long has no end."""
    assert not sip.recognise(ask("tcp"), (received,)).answered


@pytest.mark.parametrize(
    "more",
    [
        b"\r\n".join(b"X%d: y" % number for number in range(6000)),
        b"\r\n".join([b"Allow: OPTIONS"] * 4000),
        b"X: a" + b"\r\n " * 20_000,
        b'X: "' + b"\\" * 64_000,
        b"X" + b" " * 64_000 + b"y: z",
    ],
    ids=["lines", "the same line", "folds", "quotes", "blanks"],
)
def test_response_of_the_longest_kind_is_read_in_a_moment(more: bytes) -> None:
    """Whatever its head consists of."""
    asked = ask("tcp")
    (step, _) = sip.request(asked)
    data = response(step.send, more)[-65535:]
    began = time.process_time()
    sip.recognise(asked, (data,))
    assert time.process_time() - began < 1
