"""How the lab tells what it is doing."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Told of each step."""

    def say(self, text: str) -> None:
        """A step begins."""

    def count(self, done: int, total: int, last: str) -> None:
        """One of many things is ready."""


class Silent:
    """For callers that only want the outcome."""

    def say(self, text: str) -> None:
        """Nothing."""

    def count(self, done: int, total: int, last: str) -> None:
        """Nothing."""
