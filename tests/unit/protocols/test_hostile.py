"""Whatever a host sends, an answer comes of it, soon, clean and bounded."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_portaswitch.cluster.secret import Secret
from pytest_portaswitch.protocols.answer import DETAIL, DETAILS, WORDS, Answer
from pytest_portaswitch.protocols.ask import LARGEST_REPLY, Ask
from pytest_portaswitch.protocols.registry import PROTOCOLS
from tests.fuzz.refit import refit

from . import scene

pytestmark = pytest.mark.slow

RECORDED = [scene.load(file) for file in scene.FILES]
SOON = 0.5
PAIRS = sorted(PROTOCOLS)

BEGINNINGS = st.sampled_from(
    [
        b"",
        b"SIP/2.0 200 OK\r\n",
        b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP a",
        b"\r\n\r\nSIP/2.0 100 Trying\r\n\r\n",
        b"220 a\r\n502 b\r\n",
        b"HTTP/1.1 200 OK\r\n",
        b"* OK ",
        b"220-a\r\n",
        b"\x40\0\0\0\x0a5.7\0",
        b"\x20\0\0\0\xff",
        b"\2\1\0\x30",
        b"\0\0\0\x10\x80\0\0\x15",
        b"\1\0\0\x40\0\0\1\1",
        b"\0\5\0\1",
    ]
)
PATTERNS = st.sampled_from(
    [
        *(b"\r\n", b"\0", b" ", b"\r\n ", b";a=", b'"', b"-", b"a,", b"a:", b"250-\r\n", b"\xff"),
        *(b"%", b"\nSIP/2.0 200 ", b"\r\n\r\nSIP/2.0 100 "),
    ]
)
REPLIES = st.one_of(
    st.binary(max_size=200),
    st.builds(lambda start, rest: start + rest, BEGINNINGS, st.binary(max_size=200)),
    st.builds(
        lambda start, part, times: (start + part * times)[:LARGEST_REPLY],
        BEGINNINGS,
        PATTERNS,
        st.integers(0, LARGEST_REPLY),
    ),
)


@st.composite
def mangled(draw: st.DrawFn, protocol: str, transport: str) -> tuple[bytes, ...]:
    """A recorded reply in which some bytes are others, missing or repeated."""
    cases = [
        case
        for case in RECORDED
        if (case["protocol"], case["ask"]["transport"]) == (protocol, transport)
    ] or [case for case in RECORDED if case["protocol"] == protocol]
    replies = list(scene.received(draw(st.sampled_from(cases))))
    for index, reply in enumerate(replies):
        for _ in range(draw(st.integers(0, 3))):
            at = draw(st.integers(0, len(reply)))
            size = draw(st.integers(0, 8))
            reply = reply[:at] + draw(st.binary(max_size=8)) + reply[at + size :]
        replies[index] = reply[: draw(st.none() | st.integers(0, len(reply)))]
    # A frame that does not have the length that it claims hides what is wrong inside.
    return refit(protocol, tuple(replies)) if draw(st.booleans()) else tuple(replies)


def asked(transport: Any, secret: bool) -> Ask:
    """As the recorded cases ask, so that mangled replies get as far as they can."""
    return Ask(
        transport=transport,
        source="10.0.0.3",
        address="10.0.0.4",
        port=5060,
        nonce=scene.NONCE,
        secret=Secret("a secret") if secret else None,
    )


def check(found: Answer, began: float) -> None:
    """Soon, clean, bounded, and of one mind."""
    assert time.process_time() - began < SOON
    texts = [found.words, *found.details.values()]
    assert len(found.words) <= WORDS
    assert len(found.details) <= DETAILS
    assert all(len(text) <= DETAIL for text in found.details.values())
    assert not any(re.search("[\x00-\x1f\x7f-\x9f\u202a-\u202e]", text) for text in texts)
    assert found.words
    assert found.answered or found.finding


@pytest.mark.parametrize(("protocol", "transport"), PAIRS)
@settings(max_examples=120, deadline=None)
@given(data=st.data())
def test_no_bytes_make_a_recogniser_raise_or_hang(
    protocol: str, transport: str, data: st.DataObject
) -> None:
    """Nonsense, plausible beginnings, long repetitions and mangled recordings."""
    received = data.draw(
        st.one_of(
            st.lists(REPLIES, max_size=4).map(tuple),
            mangled(protocol, transport),
        )
    )
    ask = asked(transport, secret=data.draw(st.booleans()))
    began = time.process_time()
    check(PROTOCOLS[protocol, transport].recognise(ask, received), began)


@pytest.mark.parametrize(("protocol", "transport"), PAIRS)
def test_nothing_is_no_answer(protocol: str, transport: str) -> None:
    """Neither no replies nor empty ones."""
    for received in ((), (b"",), (b"", b"")):
        found = PROTOCOLS[protocol, transport].recognise(asked(transport, secret=True), received)
        assert not found.answered
        assert found.finding in ("no-answer", "nothing-to-ask", "not-obliged")


@pytest.mark.parametrize(("protocol", "transport"), PAIRS)
def test_no_protocol_takes_another_for_its_own(protocol: str, transport: str) -> None:
    """Every reply of the others is a stranger's, but where it is a case of ours there."""
    module = PROTOCOLS[protocol, transport]
    for file, case in zip(scene.FILES, RECORDED, strict=True):
        if protocol in (case["protocol"], file.stem.partition("-is-")[2]):
            continue
        found = module.recognise(scene.ask(case), scene.received(case))
        assert not found.answered, case["about"]


@pytest.mark.parametrize(("protocol", "transport"), PAIRS)
@settings(max_examples=60, deadline=None)
@given(reply=REPLIES)
def test_no_bytes_make_the_patterns_of_a_script_hang(
    protocol: str, transport: str, reply: bytes
) -> None:
    """They are searched on the host, again with each piece that arrives."""
    began = time.process_time()
    for step in PROTOCOLS[protocol, transport].request(asked(transport, secret=True)):
        re.search(step.until, reply)
        re.search(step.when, reply)
    assert time.process_time() - began < SOON
