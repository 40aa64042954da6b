"""Lines of a terminal: at most 80 columns, a label at the left."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

WIDTH = 80
INDENT = " " * 12


def wrapped(label: str, text: str) -> Iterator[str]:
    """A text behind its label, on as many lines as it needs; none where it is empty."""
    return _lines(text, f"{label:<11} ", INDENT)


def listed(text: str) -> Iterator[str]:
    """A text as an item of a list."""
    return _lines(text, f"{INDENT}- ", f"{INDENT}  ")


def _lines(text: str, first: str, others: str) -> Iterator[str]:
    # A long word is never cut: it may be an id that somebody searches for.
    yield from textwrap.wrap(
        text,
        WIDTH,
        initial_indent=first,
        subsequent_indent=others,
        break_long_words=False,
        break_on_hyphens=False,
    )
