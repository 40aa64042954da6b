"""Hosts that wait for their turn, in a line before each door.

A door is the first sshd that a login meets. sshd refuses at random from ten logins in progress
on (``MaxStartups 10:30:100``), and many hosts behind one jump host all knock at its door.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator

import msgspec

from pytest_portaswitch.observe.job import Job

_AT_ONE_DOOR = 8


class Turn(msgspec.Struct, eq=False):
    """A host that waits to be looked at, and what was tried so far."""

    job: Job
    place: int
    """Its place among all jobs."""
    began: float = 0.0
    """When its first attempt began: all attempts share one deadline."""
    attempts: int = 0
    not_before: float = 0.0


class Line:
    """Who waits. Times are on the monotonic clock."""

    def __init__(self, turns: Iterable[Turn]) -> None:
        self._doors: dict[tuple[str, str], deque[Turn]] = {}
        for turn in turns:
            self.add(turn)

    def __bool__(self) -> bool:
        return bool(self._doors)

    def add(self, turn: Turn) -> None:
        """Have somebody wait, behind those who wait already."""
        self._doors.setdefault(turn.job.door, deque()).append(turn)

    def take(self, room: int, knocking: Iterable[Job], now: float) -> Iterator[Turn]:
        """Take out up to ``room`` hosts whose turn it is, given who is knocking already."""
        if room <= 0:
            return
        crowd = Counter(job.door for job in knocking)
        for door, turns in list(self._doors.items()):
            free = _AT_ONE_DOOR - crowd[door]
            while turns and free > 0 and turns[0].not_before <= now:
                if room <= 0:
                    return
                turn = turns.popleft()
                if not turns:
                    del self._doors[door]
                yield turn
                room -= 1
                free -= 1
