"""Addresses from outside: parsed into one spelling, or refused."""

from __future__ import annotations

import functools
import ipaddress
import re
from typing import NewType

from pytest_portaswitch.text.clean import clean

Address = NewType("Address", str)
"""An IP address in its usual spelling; with a prefix length where the field says so."""

NO_ADDRESS = Address("")

# Beside these, the kernel takes nearly any byte in an interface's name; nobody has such.
_ZONE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@+-]{0,14}", re.ASCII)  # IFNAMSIZ is 16
_LONGEST = 45 + 1 + 15


class Hostile(ValueError):
    """Something that no program of ours would have sent."""


def address(words: str) -> Address:
    """Return an IP address in its usual spelling; a v4-mapped one as IPv4. Raises ``Hostile``."""
    if len(words) > _LONGEST:
        raise _no_address(words)
    return _parsed(words)


def interface_address(words: str) -> Address:
    """Return an address with its prefix length, such as ``10.0.0.7/24``. Raises ``Hostile``."""
    host, slash, prefix = words.partition("/")
    if not slash or not re.fullmatch(r"[0-9]{1,3}", prefix, re.ASCII):
        raise Hostile(f"{clean(words, 60)!r} is not an address with its prefix")
    held = address(host)
    if int(prefix) > (128 if ":" in host else 32):
        raise Hostile(f"{clean(words, 60)!r} has a longer prefix than its address")
    return Address(f"{held}/{_of_mapped(host, held, int(prefix))}")


@functools.lru_cache(maxsize=4096)  # a large cluster's few addresses are met very often
def _parsed(words: str) -> Address:
    _, percent, zone = words.partition("%")
    try:
        parsed = ipaddress.ip_address(words)
    except ValueError:
        raise _no_address(words) from None
    if percent and not _ZONE.fullmatch(zone):
        raise _no_address(words)
    return Address(str(getattr(parsed, "ipv4_mapped", None) or parsed))


def _of_mapped(host: str, held: Address, prefix: int) -> int:
    """The prefix of a v4-mapped address counts the 96 bits before it."""
    return max(prefix - 96, 0) if ":" in host and ":" not in held else prefix


def _no_address(words: str) -> Hostile:
    return Hostile(f"{clean(words, 60)!r} is not an address")
