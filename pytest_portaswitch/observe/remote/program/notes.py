"""Reading what the kernel and the system show, bounded, with what could not be seen kept."""

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    T = TypeVar("T")

TEXT = 640  # more than the controller keeps, which marks what it cuts
"""The longest text that is brought back."""
_BLOCK = 1 << 16


class Notes:
    """What could not be seen, and why."""

    def __init__(self) -> None:
        """Start with nothing missing."""
        self.gaps: list[dict[str, str]] = []

    def gap(self, what: str, why: str) -> None:
        """Remember once that ``what`` could not be seen, or not all of it."""
        entry = {"what": what, "why": why[:TEXT]}
        if entry not in self.gaps and len(self.gaps) < 100:
            self.gaps.append(entry)


def read(path: str, limit: int, full: int = 1) -> bytes:
    """Return at most ``limit`` bytes of a file. Raises ``OSError``.

    A read that brings less than ``full`` bytes is known to be the last one.
    """
    # Without Python's own file objects: several thousand small files are read.
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        data = os.read(descriptor, min(limit, _BLOCK))
        parts = [data]
        left = limit - len(data)
        # A file of /proc ends where a read returns nothing, not where one comes back short.
        while len(data) >= full and left > 0:
            data = os.read(descriptor, min(left, _BLOCK))
            parts.append(data)
            left -= len(data)
        return b"".join(parts)
    finally:
        os.close(descriptor)


def text(data: bytes) -> str:
    """Return bytes of a host as text; what is not UTF-8 is replaced."""
    return data.decode("utf-8", "replace")


def reason(error: Exception) -> str:
    """Say an error in the kernel's words, without a path of many digits."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return f"{type(error).__name__}: {error}"


def attempt(notes: Notes, what: str, look: "Callable[[], T]", nothing: "T") -> "T":
    """Return what a look finds; where it breaks, that is a gap and the rest goes on."""
    try:
        return look()
    except Exception as error:
        notes.gap(what, reason(error))
        return nothing
