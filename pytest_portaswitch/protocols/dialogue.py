"""A conversation that cannot be written down beforehand, because each side answers the other.

A login over MySQL depends on a number that the server draws. So the bytes go through the remote
program as they are, and both the protocol and the secret stay on the controller.
"""

from __future__ import annotations

from typing import Protocol

from pytest_portaswitch.facts.database import Database, Trouble


class Dialogue(Protocol):
    """One conversation. It raises on nothing that a host says."""

    @property
    def is_over(self) -> bool:
        """Whether nothing more is to be said or heard."""
        ...

    def hear(self, data: bytes) -> bytes:
        """Take what the server said, in whatever pieces, and return what to say to it now."""
        ...

    def lose(self, trouble: Trouble, words: str) -> None:
        """Learn that no more will come, and why."""
        ...

    def result(self) -> Database:
        """What was learnt so far."""
        ...
