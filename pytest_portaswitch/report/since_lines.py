"""What is different since a baseline, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pytest_portaswitch.difference import Difference
from pytest_portaswitch.report import since
from pytest_portaswitch.report.wrapping import INDENT, listed, wrapped
from pytest_portaswitch.text import show

SHOWN_MOVED = 10
"""Checks of each standing, and changes: the evidence and the page have all."""


def since_lines(difference: Difference, *, whole: bool = False) -> Iterator[str]:
    """What is different since a baseline. ``whole``: all of it, however long."""
    return map(show.line, _since_lines(difference, whole))


def _since_lines(difference: Difference, whole: bool) -> Iterator[str]:
    yield from wrapped("  since", f"the audit of {since.which(difference.baseline)}:")
    yield from wrapped("", since.tally(difference))
    for standing, moved in since.groups(difference):
        # What is unknown as before stands below with its reasons.
        if whole or standing != "still-unknown":
            lines = [since.line(one) for one in moved]
            yield from _some(since.heading(standing, len(moved)), lines, whole=whole)
    changes = [since.change_words(change) for change in difference.changes]
    yield from _some(f"seen otherwise ({len(changes)})", changes, whole=whole)
    uncompared = [f"{one.host}: {one.why}" for one in difference.uncompared]
    yield from _some(f"not compared ({len(uncompared)})", uncompared, whole=whole)


def _some(heading: str, lines: Sequence[str], *, whole: bool) -> Iterator[str]:
    if not lines:
        return
    yield f"{INDENT}{heading}:"
    shown = lines if whole else lines[:SHOWN_MOVED]
    for line in shown:
        yield from listed(line)
    if len(lines) > len(shown):
        yield f"{INDENT}... and {len(lines) - len(shown):,} more: the audit page has them"
