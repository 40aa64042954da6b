"""Parts of a range of ports of which only some were tried, in words."""

from __future__ import annotations

SHOWN = 8

Span = tuple[int, int, str, str]


def words(found: list[Span]) -> str:
    """Such as ``udp/45000-55000, 64999``."""
    return "udp/" + ", ".join(_span(first, last) for first, last, _, _ in found)


def around(found: list[Span], what: str) -> str:
    """Where each of them may begin and end. ``what``: of the ports there that are not named."""
    return "; ".join(
        f"of the ports between {before} and {after} no other {what}"
        for _, _, before, after in found
    )


def spans(tried: list[int], lost: list[int]) -> list[Span]:
    """Runs of lost ports: first, last, and the tried ports around them that arrive."""
    found: list[Span] = []
    gone = set(lost)
    start = 0
    while start < len(tried):
        if tried[start] not in gone:
            start += 1
            continue
        end = start
        while end + 1 < len(tried) and tried[end + 1] in gone:
            end += 1
        before = str(tried[start - 1]) if start else "the range's beginning"
        after = str(tried[end + 1]) if end + 1 < len(tried) else "the range's end"
        found.append((tried[start], tried[end], before, after))
        start = end + 1
    return found


def _span(first: int, last: int) -> str:
    return str(first) if first == last else f"{first}-{last}"


def listed(ports: list[int]) -> str:
    """All of them where they are few."""
    if not 1 < len(ports) <= SHOWN:
        return some(ports)
    return f"{', '.join(str(port) for port in ports[:-1])} and {ports[-1]}"


def some(ports: list[int]) -> str:
    """The first of them."""
    shown = ", ".join(str(port) for port in ports[:SHOWN])
    return f"{shown} and {len(ports) - SHOWN} more" if len(ports) > SHOWN else shown or "none"
