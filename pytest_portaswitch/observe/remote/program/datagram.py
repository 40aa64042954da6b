"""A probe by datagrams: UDP and ICMP echo, each sent once."""

import binascii
import errno
import os
import struct

from pytest_portaswitch.facts.bare import socket
from pytest_portaswitch.observe.remote.program.flight import READ, fail, now, settle

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from pytest_portaswitch.observe.remote.program.flight import Result, Steps

_LARGEST = 65535
_KEPT = 4096
_MOST_OTHERS = 1000
"""Datagrams of others that may come before the reply: who sends more could go on for ever."""
_MOST_KEPT = 4
"""Of them: the first of so many ends."""
_IP_RECVERR, _IPV6_RECVERR = 11, 25
_ECHO = {4: (8, 0), 6: (128, 129)}
_HEADER = struct.Struct("!BBHHH")
_BODY = b"portaswitch audit"


def udp(
    result: "Result",
    address: str,
    port: int,
    script: "list[dict[str, Any]]",
    timeout: float,
    source_port: int = 0,
    *,
    repeat: bool = False,
) -> "Steps":
    """Send the script's first datagram, or an empty one, and wait for one in return.

    ``source_port``: from there if it is free. ``repeat``: after half of the time send it again.
    What comes from another address or port than the one that was asked is no reply, and is kept.
    """
    sends = [step["send"] for step in script if step["send"]]
    most = [step["receive"] for step in script if step["receive"]] or [_KEPT]
    timeout = max([timeout] + [step.get("patience", 0.0) for step in script])
    any_port = any(step.get("any_port") for step in script)
    # Not connected: it would hear nothing from another address or port of its peer.
    sock = _socket(address, socket.SOCK_DGRAM, 0)
    others: dict[tuple[str, int], bytes] = {}
    try:
        began = now()
        data = binascii.a2b_base64(sends[0]) if sends else b""
        if source_port:
            try:
                sock.bind(("", source_port))
            except OSError:
                pass
        try:
            result["source"] = _source(address, port)
            sock.sendto(data, (address, port))
            result["source_port"] = sock.getsockname()[1]
        except OSError as error:
            fail(result, began, error.errno or 0)
            return
        if repeat and not (yield sock.fileno(), READ, began + timeout / 2):
            try:
                sock.sendto(data, (address, port))
            except OSError:
                pass

        def is_reply(data: bytes, sender: "tuple[Any, ...]") -> bool:
            if _same(sender[0], address) and (any_port or sender[1] == port):
                return True
            if len(others) < _MOST_KEPT:
                others.setdefault(sender[:2], data[: most[0]])
            return False

        reply = yield from _reply(result, sock, began, timeout, is_reply)
        if reply is not None:
            result["received"] = [_shown(reply[: most[0]])]
        else:
            result["other_replies"] = [
                {"address": end[0].partition("%")[0], "port": end[1], "received": _shown(other)}
                for end, other in others.items()
            ]
    finally:
        sock.close()


def _shown(data: bytes) -> str:
    return binascii.b2a_base64(data, newline=False).decode()


def _source(address: str, port: int) -> str:
    """Return the local address that the kernel chooses. Nothing is sent."""
    sock = _socket(address, socket.SOCK_DGRAM, 0)
    try:
        sock.connect((address, port))
        return str(sock.getsockname()[0])
    finally:
        sock.close()


def icmp(result: "Result", address: str, sequence: int, timeout: float) -> "Steps":
    """Send one echo request and wait for its reply."""
    began = now()
    version = 6 if ":" in address else 4
    request, reply = _ECHO[version]
    protocol = socket.IPPROTO_ICMPV6 if version == 6 else socket.IPPROTO_ICMP
    kind = socket.SOCK_DGRAM
    try:
        sock = _socket(address, kind, protocol)
    except PermissionError:
        # The kernel lets groups use echo sockets (ping_group_range); root may use raw ones.
        kind = socket.SOCK_RAW
        sock = _socket(address, kind, protocol)
    identity = os.getpid() & 0xFFFF
    try:
        try:
            sock.connect((address, 0))
            result["source"] = sock.getsockname()[0]
            sock.send(_packet(request, identity, sequence))
        except OSError as error:
            fail(result, began, error.errno or 0)
            return

        def is_ours(data: bytes, sender: "tuple[Any, ...]") -> bool:
            if not _same(sender[0], address):
                return False
            if version == 4 and kind == socket.SOCK_RAW and data:
                data = data[(data[0] & 0x0F) * 4 :]  # raw IPv4 sockets show the IP header too
            if len(data) < _HEADER.size:
                return False
            got, _, _, who, which = _HEADER.unpack_from(data)
            # Echo sockets bear an identity of the kernel's, which sorts their replies itself.
            ours = kind == socket.SOCK_DGRAM or who == identity
            return bool(ours and got == reply and which == sequence)

        yield from _reply(result, sock, began, timeout, is_ours)
    finally:
        sock.close()


def _socket(address: str, kind: int, protocol: int) -> socket.socket:
    """Return a non-blocking socket that is told of all ICMP errors, also those not final."""
    six = ":" in address
    sock = socket.socket(socket.AF_INET6 if six else socket.AF_INET, kind, protocol)
    sock.setblocking(False)
    if six:
        sock.setsockopt(socket.IPPROTO_IPV6, _IPV6_RECVERR, 1)
    else:
        sock.setsockopt(socket.IPPROTO_IP, _IP_RECVERR, 1)
    return sock


def _reply(
    result: "Result",
    sock: socket.socket,
    began: float,
    timeout: float,
    is_ours: "Callable[[bytes, tuple[Any, ...]], bool]",
) -> "Any":
    """Wait for a datagram that is a reply; the outcome is set either way.

    ``is_ours``: whether data of a sender is one.
    """
    for _ in range(_MOST_OTHERS):
        if not (yield sock.fileno(), READ, began + timeout):
            settle(result, "silent", began, f"no reply in {timeout:g} s")
            return None
        try:
            data, sender = sock.recvfrom(_LARGEST)
        except BlockingIOError:
            continue  # a datagram whose checksum was wrong
        except OSError as error:
            fail(result, began, error.errno or errno.EIO)
            return None
        if is_ours(data, sender):
            settle(result, "replied", began)
            return data
    settle(result, "silent", began, f"no reply among {_MOST_OTHERS} datagrams")
    return None


def _same(one: str, other: str) -> bool:
    """Whether two spellings are the same address."""
    family = socket.AF_INET6 if ":" in other else socket.AF_INET
    return socket.inet_pton(family, one.partition("%")[0]) == socket.inet_pton(family, other)


def _packet(kind: int, identity: int, sequence: int) -> bytes:
    """Return an echo request. The kernel fills in the checksum for IPv6."""
    bare = _HEADER.pack(kind, 0, 0, identity, sequence) + _BODY
    bare += bytes(len(bare) % 2)
    total = sum(struct.unpack(f"!{len(bare) // 2}H", bare))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return _HEADER.pack(kind, 0, ~total & 0xFFFF, identity, sequence) + bare[_HEADER.size :]
