"""Ports as tables and cluster files write them: ``5060``, ``[1812, 1813]``, ``35000-64999``."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pytest_portaswitch.source import Value
from pytest_portaswitch.source.scalar import integer, listing
from pytest_portaswitch.source.tree import Listing

HIGHEST = 65535
_RANGE = re.compile(r"([1-9][0-9]{0,4})-([1-9][0-9]{0,4})")

read_port = integer(1, HIGHEST)
_read_list = listing(read_port, "ports")


@dataclass(frozen=True)
class Ports:
    """Port numbers as given, or the two ends of a range."""

    numbers: tuple[int, ...] = ()
    range: bool = False


def read_ports(value: Value) -> Ports | None:
    """One port, a list of ports, or a range."""
    if isinstance(value.node, Listing):
        several = _read_list(value)
        return None if several is None else Ports(several)
    if ends := _RANGE.fullmatch(value.raw):
        low, high = int(ends[1]), int(ends[2])
        if low < high <= HIGHEST:
            return Ports((low, high), range=True)
        value.refuse(f"must be a range of ports from lower to higher, up to {HIGHEST}")
        return None
    one = read_port(value)
    return None if one is None else Ports((one,))
