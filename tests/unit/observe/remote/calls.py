"""A host full of calls (``host``), or its customers (``world``). Run by ``test_customers``."""

import contextlib
import select
import socket
import sys
import time

CUSTOMERS = [f"203.0.113.{number}" for number in range(10, 210)]
CUSTOMERS += [f"2001:db8:c::{number:x}" for number in range(10, 110)]
HOST = {socket.AF_INET: "10.9.0.1", socket.AF_INET6: "2001:db8:1::1"}
KEPT = []


def family_of(address: str) -> socket.AddressFamily:
    """The family of an address."""
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def opened(kind: socket.SocketKind, local: str, port: int = 0) -> socket.socket:
    """A socket that stays open."""
    sock = socket.socket(family_of(local), kind)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if ":" in local:
        sock.setsockopt(socket.IPPROTO_IPV6, 78, 1)  # IPV6_FREEBIND
    sock.bind((local, port))
    KEPT.append(sock)
    return sock


def connect(sock: socket.socket, to: tuple[str, int]) -> None:
    """Connect, also where the link came up so lately that the first try finds no neighbour."""
    for _ in range(5):
        with contextlib.suppress(OSError):
            sock.connect(to)
            return
    sock.connect(to)


def host() -> None:
    """SIP over TCP and UDP, and a connected socket for each call."""
    servers = [opened(socket.SOCK_STREAM, own, 5061) for own in HOST.values()]
    for server, own in zip(servers, HOST.values(), strict=True):
        server.listen(1000)
        opened(socket.SOCK_DGRAM, own, 5060)
    for number, customer in enumerate(CUSTOMERS):
        opened(socket.SOCK_DGRAM, HOST[family_of(customer)], 30000 + number).connect(
            (customer, 40000)
        )
    sys.stdout.write("calls\n")
    sys.stdout.flush()
    while True:
        for server in select.select(servers, [], [])[0]:
            KEPT.append(server.accept()[0])


def world() -> None:
    """A connection from each customer, and a flood of datagrams, also at ports that are watched."""
    senders = []
    for customer in CUSTOMERS:
        own = HOST[family_of(customer)]
        connect(opened(socket.SOCK_STREAM, customer), (own, 5061))
        senders.append((opened(socket.SOCK_DGRAM, customer, 5060), own))
    sys.stdout.write("calls\n")
    sys.stdout.flush()
    while True:
        for sender, own in senders:
            for port in (5060, 30000, 39001):
                with contextlib.suppress(OSError):
                    sender.sendto(b"OPTIONS sip:203.0.113.9 SIP/2.0", (own, port))
        time.sleep(0.02)


{"host": host, "world": world}[sys.argv[1]]()
