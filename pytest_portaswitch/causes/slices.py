"""Parts of a range that several hosts found blocked, each by a sample of its own."""

from __future__ import annotations

import re
from collections.abc import Iterable

CODES = frozenset({"slice-lost", "slice-rejected", "slice-forbidden"})
"""Faults whose detail names such parts."""

_PART = re.compile(r"([0-9]+)(?:-([0-9]+))?")


def joined(details: Iterable[str]) -> str:
    """What any of them found, such as ``udp/50010-54990``: one sees farther at either end."""
    found = sorted(
        (int(first), int(last or first))
        for detail in details
        for first, last in _PART.findall(detail)
    )
    parts: list[tuple[int, int]] = []
    for first, last in found:
        if parts and first <= parts[-1][1]:
            before = parts.pop()
            first, last = before[0], max(last, before[1])
        parts.append((first, last))
    shown = (str(first) if first == last else f"{first}-{last}" for first, last in parts)
    return "udp/" + ", ".join(shown)
