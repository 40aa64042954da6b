"""What a host says, checked for what it is said to be: see ``text`` for words and addresses."""

from __future__ import annotations

import math

from pytest_portaswitch.text import Hostile, address, interface_address
from pytest_portaswitch.text import clean as text

__all__ = ["Hostile", "address", "count", "interface_address", "port", "seconds", "shown", "text"]


def shown(number: int) -> str:
    """Return a number for a message: Python writes none of more than 4,300 digits."""
    return str(number) if abs(number) < 1 << 128 else "a number of 128 bits or more"


def port(number: int) -> int:
    """Return a port number. Raises ``Hostile``."""
    if not 0 <= number <= 65535:
        raise Hostile(f"{shown(number)} is not a port")
    return number


def count(number: int) -> int:
    """Return a number of bytes or things. Raises ``Hostile``."""
    if not 0 <= number < 1 << 63:
        raise Hostile(f"{shown(number)} is no count")
    return number


def seconds(number: float) -> float:
    """Return a time or a span of it. Raises ``Hostile``."""
    if not (math.isfinite(number) and abs(number) < 1e11):
        raise Hostile(f"{number} is not a time")
    return number
