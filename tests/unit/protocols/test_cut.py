"""Replies that are whole by their own length and end anywhere: within a field, before a number.

A reply that is made of random bytes, or of a recorded one with bytes changed, hardly ever has a
length that fits what follows, so that a recogniser puts it aside before it reads any field. Here
every recorded reply is cut at every byte, and its length is made to fit.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from pytest_portaswitch.cluster.secret import Secret
from pytest_portaswitch.facts.database import Database
from pytest_portaswitch.protocols import mysql_wire
from pytest_portaswitch.protocols.answer import Answer
from pytest_portaswitch.protocols.mysql_inspect import Inspection
from pytest_portaswitch.protocols.registry import PROTOCOLS

from . import scene

CASES = [(file.stem, scene.load(file)) for file in scene.FILES]
LENGTHS = {"mysql": (0, 3, "little", 4), "diameter": (1, 3, "big", 0), "smpp": (0, 4, "big", 0),
           "radius": (2, 2, "big", 0)}  # fmt: skip
"""Where a length stands: offset, width, byte order, and how many bytes it does not count."""


def cut(protocol: str, reply: bytes) -> Iterator[bytes]:
    """The reply up to each of its bytes, as it came and with a length that fits."""
    for size in range(1, len(reply)):
        part = reply[:size]
        yield part
        if protocol in LENGTHS:
            at, width, order, beyond = LENGTHS[protocol]
            if size >= at + width and size >= beyond:
                length = (size - beyond).to_bytes(width, order)  # type: ignore[arg-type]
                yield part[:at] + length + part[at + width :]


@pytest.mark.parametrize(("name", "case"), CASES, ids=[name for name, _ in CASES])
def test_reply_cut_anywhere_gives_an_answer(name: str, case: dict[str, object]) -> None:
    """In each of the steps that a reply came in."""
    protocol = str(case["protocol"])
    ask = scene.ask(case)
    module = PROTOCOLS[protocol, ask.transport]
    replies = scene.received(case)
    for at, reply in enumerate(replies):
        for part in itertools.islice(cut(protocol, reply), 600):
            found = module.recognise(ask, (*replies[:at], part))
            assert isinstance(found, Answer)


def test_packet_of_mysql_cut_anywhere_ends_the_dialogue_at_most() -> None:
    """The reader of a login, in each of its states: greeted, judged, asked."""
    case = dict(CASES)["mysql-tcp-3306"]
    greeting = scene.received(case)[0]
    fine = mysql_wire.packet(b"\0\0\0\2\0\0\0", 2)
    columns = [b"\2", *[b"\3def\0\0\0\1n\0"] * 2, b"\xfe\0\0\2\0", b"\1a\1b", b"\xfe\0\0\2\0"]
    told = [mysql_wire.packet(payload, n) for n, payload in enumerate(columns, 1)]
    conversation = [greeting, fine, *told]
    for at, packet in enumerate(conversation):
        for part in cut("mysql", packet):
            inspection = Inspection("mysql:10.0.0.2:3306", "audit", Secret("x"))
            for whole in conversation[:at]:
                inspection.hear(whole)
            inspection.hear(part)
            inspection.lose("no-answer", "closed")
            assert isinstance(inspection.result(), Database)
