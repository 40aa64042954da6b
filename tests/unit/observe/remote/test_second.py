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
from pytest_portaswitch.observe.remote.program import controller, datagram, flight, host, second
from pytest_portaswitch.observe.remote.program.second import Watcher


@pytest.fixture
def may_watch() -> None:
    """Packet sockets need root."""
    if os.geteuid() != 0:
        pytest.skip("packet sockets need root")


HERE = ["127.0.0.1", "::1"]


def watcher_of(ports: list[int], kind: type[Watcher] = Watcher, **ends: list[str]) -> Watcher:
    """A watcher of datagrams between this machine's own addresses, unless others are given."""
    return kind({"sources": HERE, "targets": HERE, "ports": ports, **ends})


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
    with closing(watcher_of([39001, 39003])) as watcher:
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
    with closing(watcher_of(list(range(39000, 41000)))) as watcher:
        for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
            with socket.socket(family, socket.SOCK_DGRAM) as sender:
                for port in (38999, *edges, 41000):
                    sender.sendto(b"x", (address, port))
        assert sorted(ports_seen(watcher, 12)) == sorted(edges * 2)


def test_too_many_ports() -> None:
    """More are not watched, and that is said."""
    watcher = watcher_of(list(range(1000, 3001)))
    assert watcher.blind == "more than 2000 ports cannot be watched at once"
    watcher.hear()
    assert watcher.arrivals() == []


def send_from(source: str, port: int, target: str = "127.0.0.1", options: bytes = b"") -> int:
    """Send a datagram, and return the port that it left from."""
    family = socket.AF_INET6 if ":" in source else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sender:
        if options:
            sender.setsockopt(socket.IPPROTO_IP, socket.IP_OPTIONS, options)
        sender.bind((source, 0))
        sender.sendto(b"x" * 200, (target, port))
        own: int = sender.getsockname()[1]
    return own


def test_kernel_drops_what_comes_from_others_or_goes_to_others(may_watch: None) -> None:
    """None of it reaches the program, and the end of a long list is on it."""
    many = [f"127.1.{a}.{b}" for a in range(3) for b in range(200)]
    ends = {"sources": [*many, *HERE], "targets": ["127.0.0.1", "127.0.0.7"]}
    with closing(watcher_of([5060, 39001], **ends)) as watcher:
        assert watcher.blind == ""
        for number in range(50):
            send_from(f"127.9.0.{number + 1}", 5060)
        send_from("127.0.0.1", 5060, "127.0.0.8")
        send_from("127.0.0.1", 39002)
        known = [
            ("127.0.0.1", "127.0.0.1"),
            ("127.1.0.0", "127.0.0.7"),
            ("127.1.2.199", "127.0.0.1"),
        ]
        sent = [
            (source, send_from(source, 39001, target), target, 39001) for source, target in known
        ]
        assert ports_seen(watcher, 3) == [39001] * 3
        assert watcher.arrivals() == sorted(sent)
        assert watcher._heard == 3


def test_kernel_filter_knows_addresses_of_version_6(may_watch: None) -> None:
    """All 128 bits of them, the last on the list as well as the first."""
    near = [f"2001:db8::{number:x}" for number in range(1, 60)]
    strangers = ["::2", "::1:0:0:1", "1::1"]
    for sources, targets, seen in (
        ([*near, "::1"], ["::1"], 1),
        (["::1", *near], [*near, "::1"], 1),
        (strangers, ["::1"], 0),
        (["::1"], strangers, 0),
    ):
        with closing(watcher_of([39001], sources=sources, targets=targets)) as watcher:
            send_from("::1", 39001, "::1")
            send_from("::1", 39002, "::1")
            for _ in range(20):
                watcher.hear()
            assert (watcher._heard, len(watcher.arrivals())) == (seen, seen)


@pytest.mark.parametrize("options", [b"", b"\1\1\1\0", b"\1" * 39 + b"\0"])
def test_kernel_copies_addresses_and_ports_only(may_watch: None, options: bytes) -> None:
    """Nothing of what the datagram says, however long its header is."""
    with closing(watcher_of([39001])) as watcher:
        sock, six = watcher._sockets.values()
        send_from("127.0.0.1", 39001, options=options)
        assert len(sock.recv(1 << 16)) == 20 + len(options) + 4
        own = send_from("127.0.0.1", 39001, options=options)
        assert ports_seen(watcher, 1) == [39001]
        assert watcher.arrivals() == [("127.0.0.1", own, "127.0.0.1", 39001)]
        send_from("::1", 39001, "::1")
        assert len(six.recv(1 << 16)) == 44


def test_what_came_before_the_filter_is_not_kept(may_watch: None) -> None:
    """The program looks once more itself."""
    with closing(watcher_of([39001], sources=["127.0.0.1"], targets=["127.0.0.1"])) as watcher:
        head = b"\x45" + bytes(11) + bytes([203, 0, 113, 9]) + bytes([127, 0, 0, 1])
        watcher._note(4, head + b"\x13\xc4\x98\x59")
        watcher._note(4, head[:12] + bytes([127, 0, 0, 1, 127, 0, 0, 1]) + b"\x13\xc4\x98\x59")
        assert watcher.arrivals() == [("127.0.0.1", 5060, "127.0.0.1", 39001)]


def test_more_addresses_than_a_filter_has_room_for(may_watch: None) -> None:
    """Are not watched, and that is said."""
    many = [f"127.{a}.{b}.1" for a in range(20) for b in range(100)]
    watcher = watcher_of(list(range(1000, 2000)), sources=many)
    assert watcher.blind == "more addresses and ports than can be watched at once"
    assert watcher.descriptors() == []
    with closing(watcher_of(list(range(1000, 1400)), sources=many)) as watcher:
        assert watcher.blind == ""


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
    with closing(watcher_of([39001])) as watcher:
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
    with closing(watcher_of([39001])) as watcher:
        flood(39001, datagrams=600, sources=6)
        assert ports_seen(watcher, 6) == [39001] * 6
        assert watcher.blind == ""


def test_it_hears_while_it_waits(may_watch: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """What fills the buffer before the word comes is read, and what was closed wakes it no more."""
    (inlet, told), (sink, outlet) = os.pipe(), os.pipe()
    monkeypatch.setattr(controller, "_STDIN", inlet)
    monkeypatch.setattr(controller, "_STDOUT", outlet)
    monkeypatch.setattr(second, "_MOST_ARRIVALS", 1)
    heard = []

    class Counting(Watcher):
        def hear(self) -> None:
            heard.append(time.monotonic())
            super().hear()

    with closing(watcher_of([39001], Counting)) as watcher:
        flood(39001, datagrams=2, sources=2)
        later = threading.Timer(0.3, os.write, (told, b"noise\nPORTASWITCH a1 go\n"))
        later.start()
        assert watcher.wait_for(b"go", controller.Lines("a1"), time.monotonic() + 5)
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
    assert watcher_of([5060]).blind == "no packet socket: [Errno 1] Operation not permitted"


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
