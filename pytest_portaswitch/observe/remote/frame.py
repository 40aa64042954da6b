"""The frame of a reply: found amid the noise of a login, whole or not."""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from typing import Literal

import msgspec


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What the program sent, unpacked and not yet believed."""

    method: Literal["python", "shell"]
    body: bytes


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """Why there is no reply."""

    why: Literal["program-died", "output-unparsable", "output-too-large"]
    detail: str


_PLAIN_LENGTH = re.compile(rb"\d{1,12}")


def complete(stdout: bytes, nonce: str) -> bool:
    """Whether the reply has ended, so that nothing more need be waited for.

    A login that ends may go on talking behind it.
    """
    return f"\nPORTASWITCH {nonce} end".encode() in stdout


def reply(stdout: bytes, nonce: str, limit: int) -> Reply | Trouble:
    """Return the reply in what a host printed. ``limit``: bytes, as sent and unpacked."""
    if len(stdout) > limit:
        return Trouble(why="output-too-large", detail=f"the host sent more than {limit} bytes")
    mark = f"PORTASWITCH {nonce} reply ".encode()
    _, found, rest = stdout.partition(mark)
    if not found:
        return Trouble(why="program-died", detail="the program ended without a reply")
    head, newline, rest = rest.partition(b"\n")
    fields = head.split()
    if not newline:
        return Trouble(why="program-died", detail="the reply broke off in its first line")
    if len(fields) != 3 or not all(_PLAIN_LENGTH.fullmatch(field) for field in fields[1:]):
        return Trouble(why="output-unparsable", detail="the first line of the reply is malformed")
    length = int(fields[1])
    if length > limit:
        return Trouble(
            why="output-too-large", detail=f"the reply has {length} bytes, more than {limit}"
        )
    body = rest[:length]
    if len(body) < length:
        return Trouble(
            why="program-died", detail=f"the reply broke off after {len(body)} of {length} bytes"
        )
    if fields[0] == b"text":
        return _text(body, rest[length:], nonce)
    if fields[0] != b"zlib":
        return Trouble(why="output-unparsable", detail="the reply is in an unknown encoding")
    if zlib.crc32(body) != int(fields[2]):
        return Trouble(why="output-unparsable", detail="the checksum of the reply is wrong")
    return _unpacked(body, limit)


def _text(body: bytes, after: bytes, nonce: str) -> Reply | Trouble:
    """A shell has no checksum; that its end follows where it must has to do."""
    if not after.lstrip(b"\r\n").startswith(f"PORTASWITCH {nonce} end".encode()):
        return Trouble(why="output-unparsable", detail="the reply does not end where it says")
    return Reply(method="shell", body=body)


def _unpacked(body: bytes, limit: int) -> Reply | Trouble:
    unzip = zlib.decompressobj()
    try:
        plain = unzip.decompress(base64.b64decode(body, validate=True), limit + 1)
    except (binascii.Error, ValueError, zlib.error):
        return Trouble(why="output-unparsable", detail="the reply cannot be unpacked")
    if len(plain) > limit:
        return Trouble(
            why="output-too-large", detail=f"the reply unpacks to more than {limit} bytes"
        )
    if not unzip.eof:
        return Trouble(why="output-unparsable", detail="the reply cannot be unpacked")
    return Reply(method="python", body=plain)
