"""Servers on loopback that do what a test needs, and conversations with the remote side."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import msgspec
import pytest

from pytest_portaswitch.facts.model import Probe, ProbeResult
from pytest_portaswitch.observe.remote.program import flight, probes
from pytest_portaswitch.observe.request import Limits, Step
from tests.unit.observe.remote.talk import LIMITS, Talk, converse, environment, request_of

Serve = Callable[[Callable[[socket.socket], None]], int]
Look = Callable[..., Talk]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start a TCP server on loopback that treats one connection after the other as told; its port.

    Those that come after are taken by the kernel, and nobody speaks to them.
    """
    with ExitStack() as stack:

        def start(*treats: Callable[[socket.socket], None]) -> int:
            listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            listener.settimeout(10)

            def run() -> None:
                for treat in treats:
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
            # Wakes who waits for a connection that a test did not want made.
            stack.callback(listener.shutdown, socket.SHUT_RDWR)
            port: int = listener.getsockname()[1]
            return port

        yield start


@pytest.fixture
def look(tmp_path: Path) -> Look:
    """Hold a conversation with the Python program: what is asked, as ``Request`` takes it."""

    def ask(*, limits: Limits = LIMITS, shut: bool = False, **asked: object) -> Talk:
        request = request_of(**asked)
        return converse(request, environment(tmp_path), limits=limits, shut=shut)

    return ask


Fly = Callable[..., ProbeResult]


@pytest.fixture
def fly(monkeypatch: pytest.MonkeyPatch) -> Iterator[Fly]:
    """Send one probe by the program's own part, in this process."""
    reading, writing = os.pipe()
    # Where nobody reads its standard output any more the program ends its process.
    monkeypatch.setattr(flight, "_STDOUT", writing)

    def send(probe: Probe, *, within: float = 10.0, **asked: object) -> ProbeResult:
        request = request_of(**{"probes": (probe,), **asked})
        plain = json.loads(msgspec.json.encode(request))
        (result,) = probes.send(plain, time.monotonic() + within, {})
        return msgspec.convert(result, ProbeResult)

    yield send
    os.close(reading)
    os.close(writing)


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


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Return a self-signed certificate with its key."""
    path = tmp_path / "certificate.pem"
    words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=x -days 1"
    files = ["-keyout", path, "-out", tmp_path / "c"]
    subprocess.run(["openssl", *words.split(), *files], check=True, capture_output=True)
    path.write_text(path.read_text() + (tmp_path / "c").read_text())
    return path
