"""The second round of the remote program: what it sees arriving on loopback."""

from __future__ import annotations

import os
import socket
import threading
import time
from contextlib import closing, suppress
from typing import Any

import pytest

from pytest_portaswitch.facts import bare
from pytest_portaswitch.observe.remote.program import datagram, flight, host, second
from pytest_portaswitch.observe.remote.program.second import Watcher


@pytest.fixture
def may_watch() -> None:
    """Packet sockets need root."""
    if os.geteuid() != 0:
        pytest.skip("packet sockets need root")


def ports_seen(watcher: Watcher, number: int) -> list[int]:
    """The ports that so many datagrams arrived at, once they have."""
    deadline = time.monotonic() + 5
    while len(watcher.arrivals()) < number and time.monotonic() < deadline:
        watcher.hear()
    return [arrival[3] for arrival in watcher.arrivals()]


@pytest.mark.parametrize(
    ("family", "address"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")]
)
def test_it_sees_what_nobody_takes(may_watch: None, family: int, address: str) -> None:
    """A datagram to a closed port is seen arriving; one to a port that is not watched is not."""
    with closing(Watcher([39001, 39003])) as watcher:
        assert watcher.blind == ""
        with socket.socket(family, socket.SOCK_DGRAM) as sender:
            sender.bind((address, 0))
            for port in (39001, 39002, 39003):
                sender.sendto(b"x", (address, port))
            own = sender.getsockname()[1]
        assert ports_seen(watcher, 2) == [39001, 39003]
        ends = [(address, own, address, port) for port in (39001, 39003)]
        assert watcher.arrivals() == ends


def test_as_many_ports_as_it_says(may_watch: None) -> None:
    """The kernel's filter reaches from the first to the last of them."""
    edges = (39000, 39199, 39200, 39555, 40800, 40999)
    with closing(Watcher(list(range(39000, 41000)))) as watcher:
        for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
            with socket.socket(family, socket.SOCK_DGRAM) as sender:
                for port in (38999, *edges, 41000):
                    sender.sendto(b"x", (address, port))
        assert sorted(ports_seen(watcher, 12)) == sorted(edges * 2)


def test_too_many_ports() -> None:
    """More are not watched, and that is said."""
    watcher = Watcher(list(range(1000, 3001)))
    assert watcher.blind == "more than 2000 ports cannot be watched at once"
    watcher.hear()
    assert watcher.arrivals() == []


def flood(port: int, datagrams: int, sources: int) -> None:
    """Datagrams of so many source ports, one after the other."""
    for _ in range(sources):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for _ in range(datagrams // sources):
                sender.sendto(b"x" * 100, ("127.0.0.1", port))


@pytest.mark.parametrize(
    ("limit", "value", "why"),
    [
        ("_BUFFER", 1 << 14, "more arrived at once than could be read"),
        ("_MOST_ARRIVALS", 3, "more arrives at the ports that are watched than can be kept"),
        ("_MOST_HEARD", 50, "more arrives at the ports that are watched than can be kept"),
    ],
)
def test_what_it_may_have_missed(
    may_watch: None, monkeypatch: pytest.MonkeyPatch, limit: str, value: int, why: str
) -> None:
    """It says so, keeps what it saw, and watches no more."""
    monkeypatch.setattr(second, limit, value)
    with closing(Watcher([39001])) as watcher:
        flood(39001, datagrams=600, sources=6)
        watcher.hear()
        assert watcher.blind == why
        assert watcher.descriptors() == []
        assert 1 <= len(watcher.arrivals()) <= 6
        watcher.hear()


def test_as_much_as_it_can_take_is_not_too_much(
    may_watch: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only one more is."""
    monkeypatch.setattr(second, "_MOST_ARRIVALS", 6)
    monkeypatch.setattr(second, "_MOST_HEARD", 600)
    with closing(Watcher([39001])) as watcher:
        flood(39001, datagrams=600, sources=6)
        assert ports_seen(watcher, 6) == [39001] * 6
        assert watcher.blind == ""


def test_it_hears_while_it_waits(may_watch: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """What fills the buffer before the word comes is read, and what was closed wakes it no more."""
    (inlet, told), (sink, outlet) = os.pipe(), os.pipe()
    monkeypatch.setattr(second, "_STDIN", inlet)
    monkeypatch.setattr(second, "_STDOUT", outlet)
    monkeypatch.setattr(second, "_MOST_ARRIVALS", 1)
    heard = []

    class Counting(Watcher):
        def hear(self) -> None:
            heard.append(time.monotonic())
            super().hear()

    with closing(Counting([39001])) as watcher:
        flood(39001, datagrams=2, sources=2)
        later = threading.Timer(0.3, os.write, (told, b"noise\nmark go\n"))
        later.start()
        assert second._Words(b"mark ", time.monotonic() + 5).next(watcher) == b"go"
        later.join()
        assert watcher.blind
        assert len(heard) == 1
    for descriptor in (inlet, told, sink, outlet):
        os.close(descriptor)


def test_without_privilege(monkeypatch: pytest.MonkeyPatch) -> None:
    """No packet socket is a reason, not an error."""

    def refuse(*_: object) -> socket.socket:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(bare.socket, "socket", refuse)
    assert Watcher([5060]).blind == "no packet socket: [Errno 1] Operation not permitted"


def test_source_ports_where_most_are_reserved(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that are left, in any order; where none is reserved the kernel chooses."""
    shown = {"ip_local_port_range": b"32768 60999\n", "ip_local_reserved_ports": b""}
    monkeypatch.setattr(host, "read", lambda path, _: shown[path.rpartition("/")[2]])
    assert host.unreserved() == []
    shown["ip_local_reserved_ports"] = b"32768-32999,33002-64999\n"
    assert sorted(host.unreserved()) == [33000, 33001]
    shown["ip_local_reserved_ports"] = b"40000-64999,33000-39000,5060,33500,60000\n"
    assert sorted(host.unreserved()) == [*range(32768, 33000), *range(39001, 40000)]
    shown["ip_local_reserved_ports"] = b"32000-32770,60998-60998\n"
    assert sorted(host.unreserved()) == [*range(32771, 60998), 60999]
    shown["ip_local_reserved_ports"] = b"1-65535\n"
    assert host.unreserved() == []
    shown["ip_local_port_range"] = b"?"
    assert host.unreserved() == []


@pytest.mark.parametrize("is_taken", [False, True])
def test_a_source_port_is_used_if_it_is_free(is_taken: bool) -> None:
    """Else the kernel chooses another."""
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as other:
        other.bind(("", 0))
        wanted = other.getsockname()[1]
        if not is_taken:
            other.close()
        result: dict[str, Any] = {}
        steps = datagram.udp(result, "127.0.0.1", 9, [], 0.1, wanted)
        next(steps)
        steps.close()
    assert result["source"] == "127.0.0.1"
    assert (result["source_port"] == wanted) is not is_taken


@pytest.mark.parametrize(("repeat", "replies", "datagrams"), [(1, 0, 2), (0, 0, 1), (1, 1, 1)])
def test_what_may_have_been_lost_is_sent_once_more(
    repeat: int, replies: int, datagrams: int
) -> None:
    """From the same port, and not where something came back."""
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as peer:
        peer.bind(("127.0.0.1", 0))
        peer.settimeout(5)
        result: dict[str, Any] = {}
        port = peer.getsockname()[1]
        steps = datagram.udp(result, "127.0.0.1", port, [], 0.2, repeat=bool(repeat))
        probe = flight.Flight("udp", "datagrams", steps, result)
        until = time.monotonic() + 5
        fly = threading.Thread(target=flight.run, args=([probe], {}, until))
        fly.start()
        senders = [peer.recvfrom(10)[1]]
        for _ in range(replies):
            peer.sendto(b"x", senders[0])
        fly.join()
        peer.setblocking(False)
        with suppress(BlockingIOError):
            while True:
                senders.append(peer.recvfrom(10)[1])
    assert senders == [("127.0.0.1", result["source_port"])] * datagrams
    assert result["outcome"] == ("replied" if replies else "silent")
