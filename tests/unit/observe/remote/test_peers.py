"""Peers of probes that may do anything, against the program as it is really sent."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path

import pytest

from pytest_portaswitch.facts.model import Probe
from tests.unit.observe.remote.conftest import Serve, script, tcp
from tests.unit.observe.remote.talk import converse, environment, request_of


@pytest.mark.parametrize("when", ["accepted", "greeted", "secured"])
def test_tls_peer_that_closes_ends_no_program(
    tmp_path: Path, serve: Serve, certificate: Path, when: str
) -> None:
    """OpenSSL then writes to a socket that is gone; the other probes have their answers."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def treat(connection: socket.socket) -> None:
        if when == "greeted":
            connection.recv(1 << 16)
        elif when == "secured":
            secured = context.wrap_socket(
                connection, server_side=True, do_handshake_on_connect=False
            )
            secured.do_handshake()
            secured.close()

    closing = [
        Probe(transport="tls", address="127.0.0.1", port=serve(treat), protocol="p")
        for _ in range(5)
    ]
    good = tcp(serve(lambda connection: connection.sendall(connection.recv(10))), "p")
    request = request_of(probes=(*closing, good), scripts=script(b"hi", 10))
    talk = converse(request, environment(tmp_path))
    assert talk.code == 0
    *others, last = talk.facts.probes
    assert last.received == (b"hi",)
    expected = ("connected", False) if when == "secured" else ("refused", True)
    assert {(other.outcome, other.tcp_connected) for other in others} == {expected}
