"""Short questions to a daemon, asked from its own host, to see that it does its work."""

from __future__ import annotations

import socket
import uuid

from pytest_portaswitch.lab.host import Host
from pytest_portaswitch.lab.placement import ANY, Endpoint
from pytest_portaswitch.lab.sockets import in_network

_PATIENCE = 2.0
_MOST = 65535


def reachable_address(endpoint: Endpoint, host: Host) -> str:
    """An address of the endpoint that the host itself can connect to."""
    # A member of a virtual IP that does not hold it is bound to an address that is elsewhere.
    address = endpoint.addresses[-1]
    return "127.0.0.1" if address == ANY else address


def over_tcp(host: Host, endpoint: Endpoint, sent: bytes = b"") -> bytes:
    """The first bytes that come back; OSError when none do."""

    def ask() -> bytes:
        place = (reachable_address(endpoint, host), endpoint.port)
        with socket.create_connection(place, timeout=_PATIENCE) as connection:
            if sent:
                connection.sendall(sent)
            return connection.recv(_MOST)

    return in_network(host.pid, ask)


def over_udp(host: Host, address: str, port: int, sent: bytes) -> bytes:
    """The datagram that comes back; OSError when none does."""

    def ask() -> bytes:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as connection:
            connection.settimeout(_PATIENCE)
            connection.connect((address, port))
            connection.send(sent)
            return connection.recv(_MOST)

    return in_network(host.pid, ask)


def sip_options(transport: str, address: str, port: int) -> bytes:
    """A SIP OPTIONS request (RFC 3261, 11)."""
    branch = uuid.uuid4().hex
    return "\r\n".join(
        [
            f"OPTIONS sip:{address}:{port} SIP/2.0",
            f"Via: SIP/2.0/{transport.upper()} lab.invalid;branch=z9hG4bK{branch};rport",
            "Max-Forwards: 70",
            f"From: <sip:lab@lab.invalid>;tag={branch[:8]}",
            f"To: <sip:{address}>",
            f"Call-ID: {branch}",
            "CSeq: 1 OPTIONS",
            "Content-Length: 0",
            "",
            "",
        ]
    ).encode()


def complaint(question: str, expected: bytes, answer: bytes) -> str:
    """Empty when the answer starts as expected."""
    return "" if answer.startswith(expected) else f"{question} was answered by {answer[:60]!r}"
