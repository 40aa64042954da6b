"""The accept queues of listening sockets: who accepts nothing has one that fills and stays full.

Where there is no room for more the kernel drops what would open a connection, as a firewall does.
"""

import struct
import time

from pytest_portaswitch.facts import proc_net
from pytest_portaswitch.facts.bare import socket
from pytest_portaswitch.observe.remote.program import netlink, sockets
from pytest_portaswitch.observe.remote.program.notes import Notes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_BETWEEN = 1.0
"""Seconds between two looks at a queue in which some wait: a service that is busy takes them."""
_QUESTION = struct.Struct("=BBBxI48x")
_TCP, _LISTENING, _BY_FAMILY = 6, 1 << 10, 20
_FAMILIES = ((socket.AF_INET, 4), (socket.AF_INET6, 16))
# struct inet_diag_msg: port and address, how many wait and may, inode.
_ANSWER = struct.Struct("=4x2s2x16s32xII4xI")


class Queue:
    """How many connections wait at a socket, and how many may; None: not known."""

    def __init__(self, inode: int, address: str, port: int, queued: int, most: "int | None"):
        """``inode``: by which the socket is known."""
        self.inode = inode
        self.address = address
        self.port = port
        self.queued = queued
        self.most = most

    def is_full(self) -> bool:
        """Whether the kernel takes no more (``sk_acceptq_is_full``: one more than may)."""
        return self.most is not None and self.queued > self.most


def look_again(listed: "list[dict[str, Any]]", began: float, until: float) -> None:
    """Add how many wait now to sockets where some waited before, or where no more find room.

    ``began``: when they were looked at before.
    """
    waited = any(entry.get("queued") for entry in listed)
    if waited:
        time.sleep(max(0.0, min(began + _BETWEEN, until) - time.monotonic()))
    now = {queue.inode: queue for queue in _by_diag() or (_by_proc() if waited else [])}
    for entry in listed:
        queue = now.get(entry.pop("inode", 0))
        if queue is not None and (entry.get("queued") or queue.is_full()):
            entry.update(queued_later=queue.queued, backlog=queue.most)


def full() -> "list[tuple[str, int, int, int | None]]":
    """Return address and port of those that are full, how many wait and how many may."""
    return [
        (queue.address, queue.port, queue.queued, queue.most)
        for queue in _by_diag()
        if queue.is_full()
    ]


def _by_diag() -> "list[Queue]":
    """Return all, where the kernel can be asked for them without loading a module."""
    found: list[Queue] = []
    if not sockets.diag_is_there("tcp"):
        return found
    for family, length in _FAMILIES:
        question = _QUESTION.pack(family, _TCP, 0, _LISTENING)
        try:
            answers = netlink.ask(netlink.SOCK_DIAG, _BY_FAMILY, question, dump=True)
        except OSError:
            continue  # kernels before 3.3
        for body in answers:
            if len(body) >= _ANSWER.size:
                port, address, queued, most, inode = _ANSWER.unpack_from(body)
                words = proc_net.shown(address[:length])
                found.append(Queue(inode, words, int.from_bytes(port, "big"), queued, most))
    return found


def _by_proc() -> "list[Queue]":
    """Return all, without how many may wait."""
    rows = sockets.tables(Notes())["tcp"]
    listening = [row for row in rows if row.state == proc_net.LISTEN]
    return [Queue(row.inode, row.local, row.port, row.queued, None) for row in listening]
