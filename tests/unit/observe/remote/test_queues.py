"""The accept queues that the remote program sees, of servers that accept nothing."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from pytest_portaswitch.facts.model import HostFacts, Socket
from pytest_portaswitch.observe.remote.program import queues, sockets
from tests.unit.observe.remote.conftest import Look, tcp

MOST = 1
"""The backlog; the kernel takes one more."""

NEEDS_DIAG = pytest.mark.skipif(
    not sockets.diag_is_there("tcp"), reason="the kernel would load a module to tell"
)


@pytest.fixture
def hung() -> Iterator[socket.socket]:
    """A server that accepts nothing, whose queue is full."""
    with ExitStack() as stack:
        server = stack.enter_context(closing(socket.create_server(("127.0.0.1", 0), backlog=MOST)))
        for _ in range(MOST + 1):
            stack.enter_context(socket.create_connection(server.getsockname(), 5))
        yield server


def at(facts: HostFacts, sock: socket.socket) -> Socket:
    """What was seen of it."""
    (seen,) = (seen for seen in facts.sockets if seen.port == sock.getsockname()[1])
    return seen


def lengths(seen: Socket) -> tuple[int, int | None, int | None]:
    """How many waited, wait and may wait."""
    return seen.queued, seen.queued_later, seen.backlog


@NEEDS_DIAG
def test_full_accept_queue_is_seen_and_lets_nobody_in(look: Look, hung: socket.socket) -> None:
    """A probe of it is silent, as if a firewall dropped it."""
    facts = look(probes=(tcp(hung.getsockname()[1]),)).facts
    assert lengths(at(facts, hung)) == (MOST + 1, MOST + 1, MOST)
    assert facts.probes[0].outcome == "silent"
    assert queues.full() == [("127.0.0.1", hung.getsockname()[1], MOST + 1, MOST)]


@NEEDS_DIAG
def test_accept_queue_that_the_probes_fill_is_seen(look: Look) -> None:
    """Though nobody waited before."""
    with closing(socket.create_server(("127.0.0.1", 0), backlog=0)) as server:
        facts = look(probes=(tcp(server.getsockname()[1]),)).facts
        assert lengths(at(facts, server)) == (0, 1, 0)


def test_queue_that_is_emptied_meanwhile(look: Look, hung: socket.socket) -> None:
    """A service that is busy takes what waits within a second."""

    def accept() -> None:
        time.sleep(0.3)
        for _ in range(MOST + 1):
            hung.accept()[0].close()

    # The program has to look before.
    begun = threading.Event()
    thread = threading.Thread(target=lambda: begun.wait(10) and accept())
    thread.start()
    listed = [{"transport": "tcp", "inode": Path(f"/proc/self/fd/{hung.fileno()}").stat().st_ino}]
    listed[0]["queued"] = MOST + 1
    begun.set()
    queues.look_again(listed, time.monotonic(), time.monotonic() + 5)
    thread.join()
    assert listed[0]["queued_later"] == 0
    assert "inode" not in listed[0]


def test_kernel_that_cannot_be_asked_tells_how_many_wait(
    monkeypatch: pytest.MonkeyPatch, hung: socket.socket
) -> None:
    """And not how many may; where none waited it is not read again."""
    monkeypatch.setattr(sockets, "diag_is_there", lambda transport: False)
    inode = Path(f"/proc/self/fd/{hung.fileno()}").stat().st_ino
    waited = [{"transport": "tcp", "inode": inode, "queued": 1}]
    queues.look_again(waited, 0.0, 0.0)
    assert waited == [{"transport": "tcp", "queued": 1, "queued_later": MOST + 1, "backlog": None}]
    none = [{"transport": "tcp", "inode": inode}]
    monkeypatch.setattr(sockets, "tables", lambda notes: pytest.fail("read again"))
    queues.look_again(none, 0.0, 0.0)
    assert none == [{"transport": "tcp"}]
    assert queues.full() == []


@NEEDS_DIAG
def test_full_queue_of_ipv6_is_told_by_its_address() -> None:
    """As it is shown among the sockets."""
    with ExitStack() as stack:
        server = socket.create_server(("::1", 0), family=socket.AF_INET6, backlog=0)
        stack.enter_context(closing(server))
        stack.enter_context(socket.create_connection(server.getsockname()[:2], 5))
        assert ("::1", server.getsockname()[1], 1, 0) in queues.full()
