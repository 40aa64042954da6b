"""Servers on loopback that do what a test needs, and conversations with the remote side."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from pytest_portaswitch.facts.model import Probe
from pytest_portaswitch.observe.request import Limits, Request, Step
from tests.unit.observe.remote.talk import LIMITS, Talk, converse, environment

Serve = Callable[[Callable[[socket.socket], None]], int]
Look = Callable[..., Talk]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start a TCP server on loopback that treats its one connection as told; its port."""
    with ExitStack() as stack:

        def start(treat: Callable[[socket.socket], None]) -> int:
            listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            listener.settimeout(10)

            def run() -> None:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                connection.settimeout(10)
                with connection:
                    treat(connection)

            thread = threading.Thread(target=run, daemon=True)
            thread.start()
            stack.callback(thread.join, 10)
            port: int = listener.getsockname()[1]
            return port

        yield start


@pytest.fixture
def look(tmp_path: Path) -> Look:
    """Hold a conversation with the Python program: what is asked, as ``Request`` takes it."""

    def ask(*, limits: Limits = LIMITS, shut: bool = False, **asked: object) -> Talk:
        request = Request(**{"host": "h", "probe_timeout": 0.5, **asked})  # type: ignore[arg-type]
        return converse(request, environment(tmp_path), limits=limits, shut=shut)

    return ask


def tcp(port: int, protocol: str = "") -> Probe:
    """Return a TCP probe to loopback."""
    return Probe(transport="tcp", address="127.0.0.1", port=port, protocol=protocol)


def udp(port: int, protocol: str = "") -> Probe:
    """Return a UDP probe to loopback."""
    return Probe(transport="udp", address="127.0.0.1", port=port, protocol=protocol)


def script(*steps: bytes | int) -> dict[str, tuple[Step, ...]]:
    """Return scripts with one, named ``p``: bytes are sent, numbers are bytes to receive."""
    made = (Step(send=s) if isinstance(s, bytes) else Step(receive=s) for s in steps)
    return {"p": tuple(made)}
