"""Asking the kernel by netlink: one question, all of its answers."""

import errno
import os
import struct
import time

from pytest_portaswitch.facts.bare import socket

ROUTE = 0
SOCK_DIAG = 4
_ERROR, _DONE = 2, 3
_REQUEST, _DUMP = 0x001, 0x300
_MULTI = 0x002
_HEADER = struct.Struct("=IHHII")
_ATTRIBUTE = struct.Struct("=HH")
_BUFFER = 1 << 18  # a dump's datagrams follow the size that the reader offers, 32 KiB at most
_PATIENCE = 2.0
_LONGEST = 5.0
_MOST = 200000


def ask(family: int, kind: int, body: bytes, dump: bool) -> "list[bytes]":
    """Return the bodies of the kernel's answers. Raises ``OSError``, also for a refusal."""
    link = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, family)
    try:
        link.settimeout(_PATIENCE)
        flags = _REQUEST | (_DUMP if dump else 0)
        link.send(_HEADER.pack(_HEADER.size + len(body), kind, flags, 1, 0) + body)
        answers: list[bytes] = []
        until = time.monotonic() + _LONGEST
        while len(answers) < _MOST and time.monotonic() < until:
            data = link.recv(_BUFFER)
            if not data:
                raise OSError(errno.EPIPE, os.strerror(errno.EPIPE))
            if _take(data, answers):
                return answers
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
    finally:
        link.close()


def _take(data: bytes, answers: "list[bytes]") -> bool:
    """Add the messages of one datagram; True when the answer is complete."""
    at = 0
    complete = False
    while at + _HEADER.size <= len(data):
        length, kind, flags, _, _ = _HEADER.unpack_from(data, at)
        if length < _HEADER.size:
            break
        body = data[at + _HEADER.size : at + length]
        at += (length + 3) & ~3
        if kind == _DONE:
            return True
        if kind == _ERROR:
            (code,) = struct.unpack_from("=i", body)
            if code:
                raise OSError(-code, os.strerror(-code))
            return True
        answers.append(body)
        complete = not flags & _MULTI
    return complete


def attributes(data: bytes) -> "dict[int, bytes]":
    """Return the attributes that follow the fixed part of a message, by type."""
    found: dict[int, bytes] = {}
    at = 0
    while at + _ATTRIBUTE.size <= len(data):
        length, kind = _ATTRIBUTE.unpack_from(data, at)
        if length < _ATTRIBUTE.size:
            break
        found[kind & 0x3FFF] = data[at + _ATTRIBUTE.size : at + length]
        at += (length + 3) & ~3
    return found


def name(index: bytes) -> str:
    """Return the name of the interface with a number; empty where there is none."""
    number = struct.unpack("=I", index)[0] if len(index) == 4 else 0
    try:
        return socket.if_indextoname(number) if number else ""
    except OSError:
        return ""


def attribute(kind: int, value: bytes) -> bytes:
    """Return one attribute, padded."""
    length = _ATTRIBUTE.size + len(value)
    return _ATTRIBUTE.pack(length, kind) + value + bytes(-length % 4)
