"""Reading and making packets of MySQL and MariaDB. Pure; raises ``Broken``, and making proofs
``AlgorithmRefused``.

Protocol: the vendors' pages "Connection Phase" and "Text Protocol"; fields are named as there.
"""

from __future__ import annotations

import hashlib
import struct

from pytest_portaswitch.protocols.algorithm import demand

LARGEST = 1 << 18
"""Bytes of one packet that are taken; what is asked for here fits in a few thousand."""
MOST_ROWS = 200

OK, ERROR, END, MORE, LOCAL_FILE, NULL = 0x00, 0xFF, 0xFE, 0x01, 0xFB, 0xFB


_LONG_PASSWORD = 0x1
_PROTOCOL_41 = 0x200
_TLS = 0x800
_SECURE_CONNECTION = 0x8000
_PLUGIN_AUTH = 0x80000
_MAX_PACKET = 1 << 24
_UTF8 = 33

_NATIVE, _SHA2 = "mysql_native_password", "caching_sha2_password"


class Broken(ValueError):
    """Not what the protocol allows here."""


class Packets:
    """Cuts a stream into packets."""

    def __init__(self) -> None:
        self._pending = bytearray()
        self.sequence = 0
        """That of the last packet; the answer to it bears the next."""

    def take(self, data: bytes) -> None:
        """Add what came."""
        self._pending += data

    def next(self) -> bytes | None:
        """The payload of the next whole packet; None while it is not all there."""
        if len(self._pending) < 4:
            return None
        length = int.from_bytes(self._pending[:3], "little")
        if not 0 < length <= LARGEST:
            raise Broken(f"a packet of {length} bytes")
        if len(self._pending) < 4 + length:
            return None
        self.sequence = self._pending[3]
        payload = bytes(self._pending[4 : 4 + length])
        del self._pending[: 4 + length]
        return payload


def packet(payload: bytes, sequence: int) -> bytes:
    """A payload with its header."""
    return len(payload).to_bytes(3, "little") + bytes([sequence & 0xFF]) + payload


def login(
    user: bytes,
    response: bytes = b"",
    plugin: bytes = b"mysql_native_password",
    *,
    is_secured: bool = False,
) -> bytes:
    """A HandshakeResponse41 for a user, without a database; inside TLS it is the second packet."""
    body = _capabilities(_TLS if is_secured else 0)
    body += user + b"\0" + bytes([len(response)]) + response + plugin + b"\0"
    return struct.pack("<I", len(body))[:3] + bytes([1 + is_secured]) + body


def ssl_request() -> bytes:
    """An SSLRequest, in a packet of sequence 1: TLS follows it."""
    body = _capabilities(_TLS)
    return struct.pack("<I", len(body))[:3] + b"\x01" + body


def _capabilities(more: int) -> bytes:
    capabilities = _LONG_PASSWORD | _PROTOCOL_41 | _SECURE_CONNECTION | _PLUGIN_AUTH | more
    return struct.pack("<IIB23x", capabilities, _MAX_PACKET, _UTF8)


class Rows:
    """Takes the packets of one result set of the text protocol."""

    def __init__(self) -> None:
        self.rows: list[dict[str, str]] = []
        """By the columns' names; NULL is an empty text."""
        self.is_whole = False
        self._names: list[str] = []
        self._columns = -1
        self._in_rows = False

    def take(self, payload: bytes) -> None:
        """Take one packet of it. An error of the server's is for the caller to see first."""
        if self._columns < 0:
            if payload[0] == OK:
                self.is_whole = True
                return
            if payload[0] == LOCAL_FILE:
                # "Send me a file of yours": nothing that was asked here leads to it.
                raise Broken("the server asks for a file")
            self._columns, _ = _number(payload, 0)
            if not 0 < self._columns <= MOST_ROWS:
                raise Broken(f"{self._columns} columns")
        elif payload[0] == END and len(payload) < 9:
            self.is_whole = self._in_rows
            self._in_rows = True
            if len(self._names) != self._columns:
                raise Broken(f"{len(self._names)} of {self._columns} columns")
        elif not self._in_rows:
            self._names.append(_column(payload))
        elif len(self.rows) < MOST_ROWS:
            self.rows.append(dict(zip(self._names, _texts(payload, self._columns), strict=True)))


def scramble_native(password: bytes, salt: bytes) -> bytes:
    """What proves the password to ``mysql_native_password``, and is of use for this salt only."""
    if not password:
        return b""
    demand("sha1", _NATIVE)
    once = hashlib.sha1(password).digest()  # noqa: S324 - the protocol's own
    twice = hashlib.sha1(once).digest()  # noqa: S324
    return _xor(once, hashlib.sha1(salt + twice).digest())  # noqa: S324


def scramble_sha2(password: bytes, salt: bytes) -> bytes:
    """The same for ``caching_sha2_password``, where the server remembers the password's hash."""
    if not password:
        return b""
    demand("sha256", _SHA2)
    once = hashlib.sha256(password).digest()
    return _xor(once, hashlib.sha256(hashlib.sha256(once).digest() + salt).digest())


def salt_of(greeting: bytes) -> tuple[bytes, str]:
    """The number that the server drew, and the plugin that it proposes."""
    _, end, rest = greeting[1:].partition(b"\0")
    if not end or len(rest) < 43:
        raise Broken("a greeting without a salt")
    plugin = rest[44:].partition(b"\0")[0]
    return rest[4:12] + rest[31:43], plugin.decode("ascii", "replace")


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))


def _column(payload: bytes) -> str:
    # Catalog, schema, table and its own name stand before the column's.
    return _texts(payload, 5)[4]


def _texts(payload: bytes, count: int) -> list[str]:
    found: list[str] = []
    at = 0
    for _ in range(count):
        if payload[at : at + 1] == bytes([NULL]):
            found.append("")
            at += 1
            continue
        length, at = _number(payload, at)
        if at + length > len(payload):
            raise Broken("a text that is cut")
        found.append(payload[at : at + length].decode("utf-8", "replace"))
        at += length
    return found


def _number(payload: bytes, at: int) -> tuple[int, int]:
    """A length-encoded integer, and where it ends."""
    if at >= len(payload):
        raise Broken("a number that is not there")
    first = payload[at]
    if first < NULL:
        return first, at + 1
    size = {0xFC: 2, 0xFD: 3, 0xFE: 8}.get(first)
    if size is None or at + 1 + size > len(payload):
        raise Broken("a number that is cut")
    return int.from_bytes(payload[at + 1 : at + 1 + size], "little"), at + 1 + size
