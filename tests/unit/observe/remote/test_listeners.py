"""The sockets, owners, connections and processes that the remote program sees."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from pytest_portaswitch.facts.model import Connection, HostFacts, Socket
from tests.unit.observe.remote.conftest import Look

ROOT = os.geteuid() == 0


def bound(family: int, kind: int, address: str, *, v6only: bool | None = None) -> socket.socket:
    """Return a socket on a free port that takes what arrives."""
    sock = socket.socket(family, kind)
    if v6only is not None:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, v6only)
    sock.bind((address, 0))
    if kind == socket.SOCK_STREAM:
        sock.listen()
    return sock


def at(facts: HostFacts, sock: socket.socket) -> list[Socket]:
    """Return what was seen on the port of a socket."""
    port = sock.getsockname()[1]
    return [seen for seen in facts.sockets if seen.port == port]


# Family, address, IPV6_V6ONLY as set, address as shown, v6only as shown.
BOUND = (
    (socket.AF_INET, "127.0.0.1", None, "127.0.0.1", None),
    (socket.AF_INET, "0.0.0.0", None, "0.0.0.0", None),  # noqa: S104
    # Bound to one IPv6 address it cannot take IPv4, and the kernel says so.
    (socket.AF_INET6, "::1", None, "::1", True),
    (socket.AF_INET6, "::", False, "::", False),
    (socket.AF_INET6, "::", True, "::", True),
    (socket.AF_INET6, "::ffff:127.0.0.1", False, "127.0.0.1", None),
)


@pytest.mark.parametrize(
    ("kind", "transport"), [(socket.SOCK_STREAM, "tcp"), (socket.SOCK_DGRAM, "udp")]
)
def test_bound(look: Look, kind: int, transport: str) -> None:
    """A socket is seen as it was bound, with its owner."""
    # The kernel says v6only by a module that is not loaded for this.
    told = Path(f"/sys/module/{transport}_diag").is_dir() or not Path("/lib/modules").is_dir()
    with ExitStack() as stack:
        sockets = [
            stack.enter_context(bound(family, kind, address, v6only=flag))
            for family, address, flag, _, _ in BOUND
        ]
        facts = look().facts
        assert [at(facts, sock) for sock in sockets] == [
            [
                Socket(
                    transport=transport,  # type: ignore[arg-type]
                    address=shown,
                    port=sock.getsockname()[1],
                    v6only=v6only if told else None,
                    pids=(os.getpid(),),
                )
            ]
            for sock, (_, _, _, shown, v6only) in zip(sockets, BOUND, strict=True)
        ]


def test_udp_client(look: Look) -> None:
    """A UDP socket with a fixed remote end is a client's."""
    with bound(socket.AF_INET, socket.SOCK_DGRAM, "127.0.0.1") as sock:
        sock.connect(("127.0.0.1", 9))
        (seen,) = at(look().facts, sock)
    assert seen.connected


@pytest.fixture
def sharing() -> Iterator[tuple[socket.socket, subprocess.Popen[bytes]]]:
    """A listening socket that a child inherited."""
    with bound(socket.AF_INET, socket.SOCK_STREAM, "127.0.0.1") as sock:
        code = "import sys; sys.stdin.read()"
        with subprocess.Popen(
            [sys.executable, "-c", code], stdin=subprocess.PIPE, pass_fds=[sock.fileno()]
        ) as child:
            yield sock, child
            assert child.stdin is not None
            child.stdin.close()


def test_shared(look: Look, sharing: tuple[socket.socket, subprocess.Popen[bytes]]) -> None:
    """All the processes that hold a socket are its owners."""
    sock, child = sharing
    (seen,) = at(look().facts, sock)
    assert seen.pids == tuple(sorted((os.getpid(), child.pid)))


def private_address() -> str:
    """Return an address of this machine that is not loopback."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            sock.connect(("192.0.2.1", 9))  # nothing is sent
        except OSError:
            pytest.skip("this machine has no address but loopback")
        return str(sock.getsockname()[0])


def test_connections(look: Look) -> None:
    """Connections to wanted addresses, counted by their ends; the listening end is the fixed."""
    address = private_address()
    with bound(socket.AF_INET, socket.SOCK_STREAM, address) as server:
        port = server.getsockname()[1]
        ends = [socket.create_connection((address, port)) for _ in range(3)]
        ends += [server.accept()[0] for _ in range(3)]
        facts = look(connections_to=(address,)).facts
        unasked = look().facts
        for end in ends:
            end.close()
    mine = {"local": address, "remote": address, "pids": (os.getpid(),), "count": 3}
    here = [seen for seen in facts.connections if seen.pids == (os.getpid(),)]
    assert sorted(here, key=str) == sorted(
        [
            Connection(local_port=port, remote_port=None, **mine),
            Connection(local_port=None, remote_port=port, **mine),
        ],
        key=str,
    )
    assert unasked.connections == ()


@pytest.mark.skipif(not ROOT, reason="only root sees all owners")
def test_privileged(look: Look) -> None:
    """Root sees all owners, and there is no gap."""
    facts = look().facts
    assert facts.privileged
    assert facts.gap("owners") == ""
    assert facts.method == "python"
