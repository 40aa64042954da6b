"""Making what a host says harmless: it will be printed on terminals, in reports and in logs."""

from __future__ import annotations

import functools
import ipaddress
import math
import re

TEXT = 600
"""The longest text that is kept."""

# Control characters, what is invisible, what turns the direction of writing, and halves of pairs.
_HARMFUL = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff"
    "\U000e0000-\U000e007f]"
)


class Hostile(ValueError):
    """Something that no program of ours would have sent."""


def text(words: str, most: int = TEXT) -> str:
    """Return the words with everything harmful replaced, cut to ``most`` characters."""
    return _HARMFUL.sub("\ufffd", words[:most])


@functools.lru_cache(maxsize=4096)  # a large cluster's few addresses are met very often
def address(words: str) -> str:
    """Return an IP address in its usual spelling; a v4-mapped one as IPv4. Raises ``Hostile``."""
    try:
        parsed = ipaddress.ip_address(words)
    except ValueError:
        raise Hostile(f"{text(words, 60)!r} is not an address") from None
    return str(getattr(parsed, "ipv4_mapped", None) or parsed)


def port(number: int) -> int:
    """Return a port number. Raises ``Hostile``."""
    if not 0 <= number <= 65535:
        raise Hostile(f"{number} is not a port")
    return number


def count(number: int) -> int:
    """Return a number of bytes or things. Raises ``Hostile``."""
    if not 0 <= number < 1 << 63:
        raise Hostile(f"{number} is no count")
    return number


def seconds(number: float) -> float:
    """Return a time or a span of it. Raises ``Hostile``."""
    if not (math.isfinite(number) and abs(number) < 1e11):
        raise Hostile(f"{number} is not a time")
    return number
