"""A YAML document as written: raw text and line numbers, nothing interpreted.

What a scalar means is decided by whoever asks for it, so that YAML's own guesses (``no`` as false,
``10:20`` as 620, ``1.20`` as 1.2) never happen.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec

_NOTHING = frozenset({"", "~", "null", "Null", "NULL"})


class Scalar(msgspec.Struct, frozen=True):
    """A piece of text and how it was written."""

    text: str
    line: int
    plain: bool
    """Written without quotes."""

    @property
    def nothing(self) -> bool:
        """Whether the writer left the value out, or wrote YAML's null."""
        return self.plain and self.text in _NOTHING


class Listing(msgspec.Struct, frozen=True):
    """A YAML sequence."""

    items: tuple[Node, ...]
    line: int


class Mapping(msgspec.Struct, frozen=True):
    """A YAML mapping; keys are raw text, each there once, in the order of the file."""

    entries: dict[str, Node]
    lines: dict[str, int]
    """Where each key stands."""
    line: int


Node: TypeAlias = Scalar | Listing | Mapping


def kind(node: Node) -> str:
    """What a node is, in words for people."""
    if isinstance(node, Listing):
        return "a list"
    if isinstance(node, Mapping):
        return "a mapping"
    return "nothing" if node.nothing else "text"
