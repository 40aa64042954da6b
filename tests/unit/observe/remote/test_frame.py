"""The frame of a reply, whole and broken."""

from __future__ import annotations

import base64
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_portaswitch.observe.remote import Reply, Trouble, complete, reply
from tests.unit.observe.remote.talk import NONCE

LIMIT = 10_000


def framed(plain: bytes, *, crc: int | None = None, length: int | None = None) -> bytes:
    """Return a reply as the Python program sends it."""
    body = base64.b64encode(zlib.compress(plain))
    crc = zlib.crc32(body) if crc is None else crc
    length = len(body) if length is None else length
    head = f"\nPORTASWITCH {NONCE} reply zlib {length} {crc}\n"
    return head.encode() + body + f"\nPORTASWITCH {NONCE} end\n".encode()


def text(body: bytes, length: int | None = None) -> bytes:
    """Return a reply as the shell sends it."""
    head = f"\nPORTASWITCH {NONCE} reply text {len(body) if length is None else length} 0\n"
    return head.encode() + body + f"\nPORTASWITCH {NONCE} end\n".encode()


WHOLE = framed(b"some words")
BOMB = framed(bytes(10_000_000))
LATER = "0123456789abcdef0123456789abcdee"


def test_whole() -> None:
    """A reply is found amid whatever the login said before, and what came after."""
    noise = f"Welcome!\r\nPORTASWITCH {LATER} reply zlib 1 1\n".encode()
    assert reply(noise + WHOLE + b"logout\n", NONCE, LIMIT) == Reply(
        method="python", body=b"some words"
    )
    assert reply(noise + text(b"a\nb"), NONCE, LIMIT) == Reply(method="shell", body=b"a\nb")


@pytest.mark.parametrize(
    ("stdout", "why", "detail"),
    [
        (b"", "program-died", "the program ended without a reply"),
        (b"motd only\n", "program-died", "the program ended without a reply"),
        (WHOLE[:60], "program-died", "the reply broke off in its first line"),
        (WHOLE[:-60], "program-died", "the reply broke off after 14 of 24 bytes"),
        (
            WHOLE.replace(b" zlib ", b" "),
            "output-unparsable",
            "the first line of the reply is malformed",
        ),
        (
            WHOLE.replace(b" zlib ", b" zlib -"),
            "output-unparsable",
            "the first line of the reply is malformed",
        ),
        (
            WHOLE.replace(b" zlib ", b" rot13 "),
            "output-unparsable",
            "the reply is in an unknown encoding",
        ),
        (framed(b"x", crc=1), "output-unparsable", "the checksum of the reply is wrong"),
        (
            f"PORTASWITCH {NONCE} reply zlib 4 {zlib.crc32(b'abcd')}\nabcd".encode(),
            "output-unparsable",
            "the reply cannot be unpacked",
        ),
        (
            text(b"a\nb", 2),
            "output-unparsable",
            "the reply does not end where it says",
        ),
        (b"x" * 10_001, "output-too-large", "the host sent more than 10000 bytes"),
        (
            framed(b"x", length=20_000),
            "output-too-large",
            "the reply has 20000 bytes, more than 10000",
        ),
        (BOMB, "output-too-large", "the reply unpacks to more than 10000 bytes"),
    ],
)
def test_trouble(stdout: bytes, why: str, detail: str) -> None:
    """What is missing, cut off, garbled or too large is told apart, to the letter."""
    limit = 20_000 if stdout is BOMB else LIMIT
    detail = detail.replace("10000 bytes", "20000 bytes") if stdout is BOMB else detail
    assert reply(stdout, NONCE, limit) == Trouble(why=why, detail=detail)  # type: ignore[arg-type]


def test_complete() -> None:
    """The end of a reply is seen as soon as it is there."""
    assert complete(WHOLE, NONCE)
    assert complete(WHOLE + b"y\n" * 30_000, NONCE)
    assert not complete(WHOLE[:-10], NONCE)
    assert not complete(b"", NONCE)


@settings(deadline=None)
@given(st.binary(max_size=200), st.integers(0, 200), st.integers(0, 200))
def test_hostile(noise: bytes, start: int, end: int) -> None:
    """No bytes make it raise."""
    broken = WHOLE[:start] + noise + WHOLE[end:]
    assert isinstance(reply(broken, NONCE, LIMIT), Reply | Trouble)
    assert isinstance(reply(noise, NONCE, LIMIT), Trouble)
