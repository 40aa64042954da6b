"""Whenever a message comes, and in however many pieces, none is lost or taken for another.

The real program and the real controller talk through a line that holds one message back: by then
each side may have gone on to the next part of their conversation.
"""

from __future__ import annotations

import os
import shlex
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from pytest_portaswitch.cluster.model import Login
from pytest_portaswitch.facts.database import Database
from pytest_portaswitch.facts.model import HostFacts, Probe
from pytest_portaswitch.observe import Job, Limits, Request, observe
from pytest_portaswitch.observe.remote.program import controller
from pytest_portaswitch.observe.request import Stream
from tests.unit.observe.conftest import FakeSsh
from tests.unit.observe.test_relays import Chat, server

Serve = Callable[[socket.socket], None]

SLOW_LINE = Path(__file__).parent / "slow_line.py"
LIMITS = Limits(host_timeout=20)
TO_HOST = ("payload", "relay data", "relay end", "round", "go", "report")
FROM_HOST = (
    "login", "ready", "relay open", "relay data", "relay end", "reply", "end", "watching", "sent",
)  # fmt: skip


def deny(connection: socket.socket) -> None:
    """Greet, and end it after the first answer, as a server does that refuses a login."""
    connection.sendall(b"hello")
    connection.recv(100)
    connection.sendall(b"denied")


def talk(connection: socket.socket) -> None:
    """Leave it to the other side to end."""
    deny(connection)
    with suppress(OSError):
        connection.recv(100)


def look(
    fake_ssh: FakeSsh, port: int, silent: int, *line: str
) -> tuple[HostFacts, tuple[Database, ...]]:
    """What is seen of a host that asks a server and takes part in a second round."""
    slow = shlex.join([sys.executable, str(SLOW_LINE)])
    fake_ssh.write(
        f'case "$*" in *sip1*) exec {slow} "$command" {shlex.join(line)};; esac; eval "$command"'
    )
    probe = Probe(transport="udp", address="127.0.0.1", port=silent)
    stream = Stream(key="db", address="127.0.0.1", port=port)
    asked = Request(
        host="sip1",
        probes=(probe,),
        relays=(stream,),
        second=True,
        udp_timeout=0.1,
        probe_timeout=3,
    )
    jobs = [
        Job(
            login=Login(address="sip1"),
            request=asked,
            dialogue=lambda key: Chat([b"login", b""]),  # type: ignore[arg-type, return-value]
        ),
        Job(login=Login(address="web1"), request=Request(host="web1", second=True)),
    ]
    seen = observe(jobs, LIMITS)[0]
    assert isinstance(seen, HostFacts), seen
    return seen, seen.databases


@pytest.mark.parametrize(
    ("direction", "words", "serve"),
    [("in", words, deny) for words in (*TO_HOST, "*")]
    + [("out", words, deny) for words in FROM_HOST]
    + [(way, words, talk) for way in ("in", "out") for words in ("relay data", "relay end")],
)
def test_message_that_comes_late_costs_nothing(
    fake_ssh: FakeSsh, direction: str, words: str, serve: Serve
) -> None:
    """The server was asked, and the datagram was seen arriving, or it says why it could not be."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent,
        server(serve) as port,
    ):
        silent.bind(("127.0.0.1", 0))
        seen, databases = look(fake_ssh, port, silent.getsockname()[1], direction, words, "0.25")
    assert databases == (Database(key="hellodenied"),)
    (result,) = seen.probes
    assert result.outcome == "silent"
    assert result.arrival is not None
    if os.geteuid() == 0:
        assert result.arrival.seen is True
    else:
        assert result.arrival.blind.startswith("no packet socket")


CONVERSATION = (
    b"noise\nPORTASWITCH a1 relay 0 data aGk=\nPORTASWITCH b2 go\n\n"
    b"PORTASWITCH a1 relay 0 end\nPORTASWITCH a1 round e30=\nPORTASWITCH a1 go\n"
)


@pytest.mark.parametrize("at", range(len(CONVERSATION) + 1))
def test_lines_that_are_split_anywhere_are_whole(monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    """What one part of the program leaves unread is not in the way of another."""
    (inlet, told), (sink, outlet) = os.pipe(), os.pipe()
    monkeypatch.setattr(controller, "_STDIN", inlet)
    monkeypatch.setattr(controller, "_STDOUT", outlet)
    lines = controller.Lines("a1")
    taken: dict[bytes, list[bytes]] = {b"relay": [], b"round": [], b"go": [], b"noise": []}
    for piece in (CONVERSATION[:at], CONVERSATION[at:]):
        os.write(told, piece)
        if piece:
            lines.wait(5)
        if at % 2:
            taken[b"relay"] += lines.take(b"relay")
    for word, said in taken.items():
        said += lines.take(word)
    for descriptor in (inlet, told, sink, outlet):
        os.close(descriptor)
    assert taken == {
        b"relay": [b"0 data aGk=", b"0 end"], b"round": [b"e30="], b"go": [b""], b"noise": [],
    }  # fmt: skip


def test_line_that_does_not_come_is_waited_for_no_longer_than_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Another word than the one that is waited for is kept."""
    (inlet, told), (sink, outlet) = os.pipe(), os.pipe()
    monkeypatch.setattr(controller, "_STDIN", inlet)
    monkeypatch.setattr(controller, "_STDOUT", outlet)
    lines = controller.Lines("a1")
    later = threading.Timer(0.05, os.write, (told, b"PORTASWITCH a1 go\n"))
    later.start()
    assert lines.next(b"round", time.monotonic() + 0.3) is None
    later.join()
    assert lines.next(b"go", time.monotonic() + 5) == b""
    for descriptor in (inlet, told, sink, outlet):
        os.close(descriptor)
