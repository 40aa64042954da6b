"""Frames whose lengths are right for what is in them, whatever that is.

A changed, shortened or lengthened reply no longer has the length that it claims, so that a reader
rejects the frame and never sees what is wrong inside. That is why random bytes and mangled
recordings missed a MySQL greeting of 22 bytes that broke the reader.
"""

from __future__ import annotations

from collections.abc import Callable


def mysql(data: bytes) -> bytes:
    """The first packet of a stream of MySQL takes all the bytes: 3 bytes of length, a number."""
    body = data[4:]
    return len(body).to_bytes(3, "little") + (data[3:4] or b"\0") + body


def diameter(data: bytes) -> bytes:
    """RFC 6733, 3: the length stands in bytes 1 to 3 and counts the header."""
    return data[:1] + len(data).to_bytes(3, "big") + data[4:]


def smpp(data: bytes) -> bytes:
    """SMPP 3.4, 3.2: the length stands in the first 4 bytes and counts itself."""
    return len(data).to_bytes(4, "big") + data[4:]


def radius(data: bytes) -> bytes:
    """RFC 2865, 3: the length stands in bytes 2 and 3 and counts the header."""
    return data[:2] + (len(data) & 0xFFFF).to_bytes(2, "big") + data[4:]


def sip(data: bytes) -> bytes:
    """RFC 3261, 20.14: Content-Length is that of what follows the blank line."""
    head, blank, body = data.partition(b"\r\n\r\n")
    lines = [one for one in head.split(b"\r\n") if not one.lower().startswith(b"content-length")]
    return b"\r\n".join([*lines, b"Content-Length: %d" % len(body)]) + (blank or b"\r\n\r\n") + body


REFITS: dict[str, Callable[[bytes], bytes]] = {
    "mysql": mysql,
    "diameter": diameter,
    "smpp": smpp,
    "radius": radius,
    "sip": sip,
}
"""By protocol; the others have no length in their replies."""


def refit(protocol: str, received: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """The replies, each with the right length in it."""
    fit = REFITS.get(protocol)
    return tuple(fit(one) if one else one for one in received) if fit else received
