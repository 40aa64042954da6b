"""One look at sockets and their owners, and when it takes another."""

from __future__ import annotations

import os

import pytest

from pytest_portaswitch.facts.proc_net import ESTABLISHED, LISTEN, Row
from pytest_portaswitch.observe.remote.program import processes, snapshot, sockets
from pytest_portaswitch.observe.remote.program.notes import Notes

OUTWARD = Row("10.0.0.1", 40000, "10.0.0.3", 3306, ESTABLISHED, 1, False)
AGAIN = Row("10.0.0.1", 40001, "10.0.0.3", 3306, ESTABLISHED, 2, False)
INWARD = Row("10.0.0.1", 3306, "10.0.0.3", 40000, ESTABLISHED, 3, False)
ELSEWHERE = Row("10.0.0.1", 40000, "192.0.2.1", 3306, ESTABLISHED, 4, False)
SERVER = Row("10.0.0.1", 3306, "0.0.0.0", 0, LISTEN, 5, False)  # noqa: S104
WANTED = {"10.0.0.3"}


class Host:
    """What is seen of a host, look after look; the last one lasts."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.looks: list[tuple[list[Row], dict[int, list[int]]]] = []
        self.walks = 0
        monkeypatch.setattr(sockets, "tables", self.tables)
        monkeypatch.setattr(processes, "walk", self.walk)
        monkeypatch.setattr(sockets, "_options", lambda transport, families: {})
        monkeypatch.setattr(os, "geteuid", lambda: 0)
        self.hidden = False

    def tables(self, notes: Notes) -> dict[str, list[Row]]:
        """The sockets of this look."""
        return {"tcp": self.looks[min(self.walks, len(self.looks) - 1)][0], "udp": []}

    def walk(self, nonce: str, notes: Notes, matcher: None, inodes: set[int]) -> processes.Walk:
        """The owners of this look."""
        found = processes.Walk()
        found.owners = self.looks[min(self.walks, len(self.looks) - 1)][1]
        found.unseen = self.hidden
        self.walks += 1
        return found


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Host:
    """A host on which everything can be seen by root."""
    return Host(monkeypatch)


def test_a_connection_that_was_made_anew_meanwhile(host: Host) -> None:
    """The old one has no owner any more, the new one was not listed yet: the next look has it."""
    host.looks = [([OUTWARD], {2: [77]}), ([AGAIN], {2: [77]})]
    seen = snapshot.take(WANTED, "x" * 32, Notes(), [], 0)
    assert host.walks == 2
    assert [(c["local_port"], c["pids"]) for c in seen.connections] == [(40001, [77])]


def test_a_listener_that_started_anew_meanwhile(host: Host) -> None:
    """The same."""
    host.looks = [([SERVER], {}), ([SERVER], {5: [78]})]
    seen = snapshot.take(WANTED, "x" * 32, Notes(), [], 0)
    assert [listener["pids"] for listener in seen.listeners] == [[78]]


def test_once_more_is_enough(host: Host) -> None:
    """What the kernel itself holds has no owner however often one looks."""
    host.looks = [([OUTWARD], {})]
    seen = snapshot.take(WANTED, "x" * 32, Notes(), [], 0)
    assert host.walks == 2
    assert [c["pids"] for c in seen.connections] == [[]]


def test_what_needs_no_other_look(host: Host) -> None:
    """Clients of this host come and go, others are not asked for, and all else has its owner."""
    host.looks = [([OUTWARD, INWARD, ELSEWHERE, SERVER], {1: [7], 5: [8]})]
    snapshot.take(WANTED, "x" * 32, Notes(), [], 0)
    assert host.walks == 1


def test_where_owners_are_hidden_nobody_looks_for_them_again(host: Host) -> None:
    """It would bring nothing."""
    host.hidden = True
    host.looks = [([OUTWARD], {})]
    seen = snapshot.take(WANTED, "x" * 32, Notes(), [], 0)
    assert host.walks == 1
    assert [c["pids"] for c in seen.connections] == [None]


def test_too_many_connections(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is cut is said."""
    monkeypatch.setattr(snapshot, "_MOST_CONNECTIONS", 1)
    host.looks = [([OUTWARD, AGAIN], {1: [7], 2: [8]})]
    notes = Notes()
    seen = snapshot.take(WANTED, "x" * 32, notes, [], 0)
    assert len(seen.connections) == 1
    assert notes.gaps == [{"what": "connections", "why": "1 of 2 are shown"}]
