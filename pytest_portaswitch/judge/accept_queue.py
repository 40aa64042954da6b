"""Does a process take the connections that its peers open? The accept queue of its socket tells."""

from __future__ import annotations

from pytest_portaswitch.facts.model import Socket


def is_stuck(socket: Socket) -> bool:
    """Whether there was no room for another connection, and is none a second later."""
    if socket.backlog is None or socket.queued_later is None:
        return False
    return min(socket.queued, socket.queued_later) > socket.backlog


def explains_silence(socket: Socket) -> bool:
    """Whether it may be for want of room that a peer's connection was not opened.

    The audit's own probes may have filled it. Where it is not known how many may wait, it is that
    some waited, and no fewer a second later.
    """
    later = socket.queued_later
    if socket.backlog is not None:
        return max(socket.queued, later or 0) > socket.backlog
    return later is not None and 0 < socket.queued <= later


def words(socket: Socket) -> str:
    """Such as ``130 connections wait to be accepted, and there is room for 129``."""
    waiting = max(socket.queued, socket.queued_later or 0)
    # The kernel takes one more than the backlog says.
    room = "" if socket.backlog is None else f", and there is room for {socket.backlog + 1}"
    noun = "connection waits" if waiting == 1 else "connections wait"
    return f"{waiting} {noun} to be accepted{room}"
