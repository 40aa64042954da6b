"""Peers of probes that may do anything, against the program as it is really sent.

Whatever they do, the program ends in time with a whole reply, says of each peer what was the case,
and brings the answers of those that behave.
"""

from __future__ import annotations

import contextlib
import resource
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import pytest

from pytest_portaswitch.facts.answer import GOOD
from pytest_portaswitch.facts.model import HostFacts, Probe, ProbeResult
from pytest_portaswitch.observe.questions import Questions
from pytest_portaswitch.observe.request import Limits, Request, Step
from tests.unit.observe.remote import peers
from tests.unit.observe.remote.peers import (
    DATAGRAMS,
    DIALOGUES,
    SECURED,
    STREAM,
    Datagrams,
    Does,
    Peer,
    handshakes,
    places,
    serving,
    serving_datagrams,
    shakes_hands_slowly,
)
from tests.unit.observe.remote.talk import converse, environment

VERSIONS = ("3.6", "3.7", "3.8", "3.9", "3.10", "3.11", "3.12", "3.13")
QUICK = ("3.6", "3.13")
LIMITS = Limits(host_timeout=180)
QUESTIONS = Questions(bytes(range(16)), {})
BOUNDED = ("/bin/sh", "-c", 'ulimit -v 400000; exec /bin/sh -c "$1"', "sh")
"""A shell whose programs get 400 MB."""


@pytest.fixture(scope="module", autouse=True)
def descriptors() -> Iterator[None]:
    """As many open files as this user may have: each peer needs some."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65536), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def python_of(version: str) -> str:
    """The Python of a version, or skip."""
    versions = Path.home() / ".pyenv" / "versions"
    found = sorted(versions.glob(f"{version}.*/bin/python3"))
    python = str(found[0]) if found else shutil.which(f"python{version}", path="/usr/bin")
    if python is None:
        pytest.skip(f"Python {version} is not installed")
    return python


def versions(*quick: object) -> list[object]:
    """Every version as a parameter; those that are not quick are slow."""
    marks = {version: () if version in quick else (pytest.mark.slow,) for version in VERSIONS}
    return [pytest.param(version, marks=marks[version]) for version in VERSIONS]


@pytest.fixture
def context(certificate: Path) -> ssl.SSLContext:
    """Of a TLS server."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(certificate)
    return made


def table(
    transport: str, does: Sequence[Does], context: ssl.SSLContext | None
) -> tuple[list[Peer], list[Peer]]:
    """Hostile peers, one for each deed at each step of each protocol; and good ones."""
    over = None if transport == "tcp" else context
    names = [name for name in DIALOGUES if transport == "tcp" or name not in ("mysql", "ssh")]
    hostile = [
        Peer(name, at, deed, over)
        for name in names
        for at in places(DIALOGUES[name])
        for deed in does
    ]
    return hostile, [Peer(name, context=over) for name in names]


def asked(transport: str, those: Sequence[Peer] | Sequence[Datagrams]) -> Request:
    """What an audit would ask them; nobody is waited for as long as a slow service would be."""
    probes = tuple(
        Probe(transport=transport, address="127.0.0.1", port=peer.port, protocol=peer.protocol)
        for peer in those
    )
    scripts = {probe.key: QUESTIONS.script("127.0.0.1", probe) for probe in probes}
    return Request(
        host="h",
        probes=probes,
        scripts={key: tuple(map(quicker, steps)) for key, steps in scripts.items()},
        probe_timeout=0.5,
        udp_timeout=0.5,
    )


def quicker(step: Step) -> Step:
    """The same step with no more patience than a second."""
    return msgspec.structs.replace(step, patience=min(step.patience, 1.0))


def seen(
    tmp_path: Path, version: str, transport: str, those: Sequence[Peer] | Sequence[Datagrams]
) -> tuple[ProbeResult, ...]:
    """What the program brings of all of them, with their answers. It ends in time, and whole."""
    with serving_datagrams(those) if transport == "udp" else serving(those):  # type: ignore[arg-type]
        request = asked(transport, those)
        env = environment(tmp_path, python=python_of(version))
        began = time.monotonic()
        talk = converse(request, env, shell=BOUNDED, limits=LIMITS)
        took = time.monotonic() - began
    assert talk.code == 0
    assert talk.stderr == ""
    assert took < LIMITS.host_timeout + 1
    recognised = QUESTIONS.recognise("127.0.0.1", request, talk.facts)
    assert isinstance(recognised, HostFacts)
    assert len(recognised.probes) == len(those)
    return recognised.probes


def is_true(peer: Peer, result: ProbeResult) -> bool:
    """Whether a result says what was the case."""
    received = result.received
    both = [b"".join(received)]
    if peer.protocol == "mysql":
        # What stands behind the greeting came over a second connection.
        both = [b"".join((*received[:1], *received[2:])), b"".join(received[1:2])]
    if not all(any(said.startswith(brought) for said in peer.said) for brought in both):
        return False
    answered = result.answer is not None and result.answer.answered
    return result.outcome == "connected" and not (peer.at == 0 and answered)


def check(hostile: Sequence[Peer], good: Sequence[Peer], results: Sequence[ProbeResult]) -> None:
    """All results are true, and those that behave have answered."""
    lies = [
        (peer, result)
        for peer, result in zip(hostile, results, strict=False)
        if not is_true(peer, result)
    ]
    assert lies == []
    for peer, result in zip(good, results[len(hostile) :], strict=True):
        assert result.answer is not None, peer
        assert result.answer.answered, (peer, result)
        assert result.answer.finding in GOOD, (peer, result)


@pytest.mark.parametrize("transport", ["tcp", "tls"])
@pytest.mark.parametrize("version", QUICK)
def test_peers_that_close(
    tmp_path: Path, context: ssl.SSLContext, version: str, transport: str
) -> None:
    """The commonest of them, at each step of each protocol."""
    hostile, good = table(transport, (peers.closes, peers.resets), context)
    check(hostile, good, seen(tmp_path, version, transport, [*hostile, *good]))


@pytest.mark.slow
@pytest.mark.parametrize("transport", ["tcp", "tls"])
@pytest.mark.parametrize("version", VERSIONS)
def test_peers_that_do_anything(
    tmp_path: Path, context: ssl.SSLContext, version: str, transport: str
) -> None:
    """Everything at each step of each protocol, all side by side."""
    hostile, good = table(transport, STREAM, context)
    check(hostile, good, seen(tmp_path, version, transport, [*hostile, *good]))


@pytest.mark.slow
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("latest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tls_peers_that_do_anything_once_all_is_secret(
    tmp_path: Path, context: ssl.SSLContext, version: str, latest: ssl.TLSVersion
) -> None:
    """Words in clear, alerts, data behind the end, a byte a record."""
    context.maximum_version = latest
    hostile, good = table("tls", SECURED, context)
    check(hostile, good, seen(tmp_path, version, "tls", [*hostile, *good]))


@pytest.mark.slow
@pytest.mark.parametrize("version", VERSIONS)
def test_tls_peers_that_do_anything_in_a_handshake(
    tmp_path: Path, context: ssl.SSLContext, certificate: Path, version: str
) -> None:
    """Alerts, garbage, requests to begin anew, ends; what is slow and right is heard."""
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    old.load_cert_chain(certificate)
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    hostile = [Peer("http", 0, does, early=True) for does in handshakes(old, context)]
    slow = [Peer("http", 0, shakes_hands_slowly(one), early=True) for one in (old, context)]
    good = [Peer("http", context=context), Peer("sip", context=old)]
    results = seen(tmp_path, version, "tls", [*hostile, *slow, *good])
    for peer, result in zip(hostile, results, strict=False):
        # In TLS 1.3 the first words of a server are its last, and the client has shaken hands.
        has_shaken = peer.does.__name__.startswith("begins") and result.outcome == "connected"
        assert has_shaken or result.outcome in ("refused", "silent"), (peer, result)
        assert has_shaken or result.tcp_connected, (peer, result)
        assert not any(result.received), (peer, result)
        assert result.answer is None or not result.answer.answered, (peer, result)
    check([], [*slow, *good], results[len(hostile) :])


@pytest.mark.parametrize("version", versions(*QUICK))
def test_udp_peers_that_do_anything(tmp_path: Path, version: str) -> None:
    """Datagrams that are empty, large, many, another's; ports that close."""
    names = ("sip", "tftp", "radius", "rtp")
    hostile = [Datagrams(name, does) for name in names for does in DATAGRAMS]
    good = [Datagrams(name, peers.answers) for name in ("sip", "tftp")]
    results = seen(tmp_path, version, "udp", [*hostile, *good])
    for peer, result in zip(hostile, results, strict=False):
        # A SIP response is taken whole, of others so much as tells what they are.
        replies = {(data[: None if peer.protocol == "sip" else 4096],) for data in peer.said}
        if result.outcome == "replied":
            assert result.received in replies, (peer, result)
        else:
            assert result.outcome in ("silent", "refused"), (peer, result)
            assert result.outcome == "silent" or peer.does is peers.closes_its_port
            assert result.received == ()
            lost = peer.does is peers.has_others_babble
            assert not replies or lost, (peer, result)
    for other, result in zip(good, results[len(hostile) :], strict=True):
        assert result.answer is not None, other
        assert (result.answer.answered, result.answer.finding) == (True, ""), (other, result)


@pytest.mark.slow
@pytest.mark.parametrize("version", QUICK)
@pytest.mark.parametrize(
    ("spoken", "word"), [("-tls1_2", b"R\n"), ("-tls1_2", b"r\n"), ("-tls1_3", b"K\n")]
)
def test_tls_peer_that_renegotiates_or_changes_keys_for_ever(
    tmp_path: Path,
    context: ssl.SSLContext,
    certificate: Path,
    version: str,
    spoken: str,
    word: bytes,
) -> None:
    """OpenSSL's own server does so at a word; the probe beside it has its answer."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    command = ["openssl", "s_server", "-accept", str(port), "-cert", str(certificate), spoken]
    over = threading.Event()
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        bufsize=0,
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        while b"ACCEPT" not in server.stdout.readline():
            pass
        stdin, stdout = server.stdin, server.stdout

        def say() -> None:
            with contextlib.suppress(OSError):
                while not over.wait(0.001):
                    stdin.write(word)

        threads = [
            threading.Thread(target=say),
            threading.Thread(target=lambda: stdout.readlines()),
        ]
        for thread in threads:
            thread.start()
        strange = Peer("http")
        good = Peer("sip", context=context)
        with serving([good]):
            strange.port = port
            request = asked("tls", [strange, good])
            env = environment(tmp_path, python=python_of(version))
            talk = converse(request, env, shell=BOUNDED, limits=LIMITS)
        over.set()
        server.kill()
        for thread in threads:
            thread.join(10)
    one, other = talk.facts.probes
    # Which of the two has the first word depends on when the server reads its own.
    assert one.outcome in ("connected", "refused")
    assert not any(one.received)
    assert other.received[0].startswith(b"SIP/2.0 200 OK")


@pytest.mark.slow
def test_more_silent_peers_than_open_files_cost_no_answer(tmp_path: Path) -> None:
    """As many probes are under way as the host lets one process have files open."""
    silent, good = [Peer("http", 0, peers.stalls) for _ in range(100)], Peer("http")
    with serving([*silent, good]):
        request = asked("tcp", [*silent, good])
        request = msgspec.structs.replace(request, probe_timeout=0.2)
        shell = ("/bin/sh", "-c", 'ulimit -n 64; exec /bin/sh -c "$1"', "sh")
        talk = converse(request, environment(tmp_path), shell=shell, limits=LIMITS)
    *others, last = talk.facts.probes
    assert last.received[0].startswith(b"HTTP/1.1 404")
    assert {other.outcome for other in others} == {"connected"}
