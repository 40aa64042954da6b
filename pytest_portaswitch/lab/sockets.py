"""Sockets of a network namespace, and Python sockets opened inside of one."""

from __future__ import annotations

import ctypes
import os
import socket
import struct
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

_CLONE_NEWNET = 0x40000000
_STATES = {"01": "established", "0A": "listening", "07": "unconnected"}
_LIBC = ctypes.CDLL(None, use_errno=True)
_Result = TypeVar("_Result")


@dataclass(frozen=True)
class Socket:
    """A line of /proc/net/tcp, tcp6, udp or udp6."""

    transport: str
    address: str
    port: int
    peer: str
    peer_port: int
    state: str
    inode: int


def sockets(pid: int) -> set[Socket]:
    """Those of the network namespace that a process is in."""
    found = set()
    for transport in ("tcp", "udp"):
        for family in ("", "6"):
            path = Path(f"/proc/{pid}/net/{transport}{family}")
            try:
                lines = path.read_text().splitlines()[1:]
            except (FileNotFoundError, ProcessLookupError, OSError):
                continue
            found |= {_parse(transport, line.split()) for line in lines}
    return found


def _parse(transport: str, fields: list[str]) -> Socket:
    address, port = _address(fields[1])
    peer, peer_port = _address(fields[2])
    state = _STATES.get(fields[3], fields[3])
    return Socket(transport, address, port, peer, peer_port, state, int(fields[9]))


def _address(text: str) -> tuple[str, int]:
    address, _, port = text.partition(":")
    # The kernel prints 32-bit words in the machine's own order.
    words = [int(address[i : i + 8], 16) for i in range(0, len(address), 8)]
    order = "<" if sys.byteorder == "little" else ">"
    packed = struct.pack(f"{order}{len(words)}I", *words)
    family = socket.AF_INET if len(words) == 1 else socket.AF_INET6
    return socket.inet_ntop(family, packed), int(port, 16)


def in_network(pid: int, function: Callable[[], _Result]) -> _Result:
    """Call a function in the network namespace of a process, in a thread of its own."""
    outcome: list[_Result] = []
    failure: list[BaseException] = []

    def inside() -> None:
        try:
            descriptor = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY)
            try:
                if _LIBC.setns(descriptor, _CLONE_NEWNET) != 0:
                    raise OSError(ctypes.get_errno(), "cannot join the network of a lab host")
            finally:
                os.close(descriptor)
            outcome.append(function())
        except BaseException as error:  # noqa: BLE001,RUF100 -- handed on to the caller below
            failure.append(error)

    # The thread is never used again: it stays in that namespace for its whole life.
    thread = threading.Thread(target=inside)
    thread.start()
    thread.join()
    if failure:
        raise failure[0]
    return outcome[0]
