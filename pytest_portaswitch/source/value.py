"""A place in a document, read by what is expected there; problems are collected, not raised."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TypeAlias, TypeVar

import msgspec

from pytest_portaswitch.source import document, pattern_time
from pytest_portaswitch.source.problem import (
    BadInput,
    Problem,
    closest,
    record,
)
from pytest_portaswitch.source.tree import Listing, Mapping, Node, Scalar, kind
from pytest_portaswitch.text import show

T = TypeVar("T")
D = TypeVar("D")
Read: TypeAlias = "Callable[[Value], T | None]"
"""Reads a value; None means that a problem was recorded."""

_PLAIN_KEY = re.compile(r"[\w.-]{1,64}\Z")


class Value(msgspec.Struct, frozen=True):
    """A node, the path that leads to it, and where its problems are collected."""

    node: Node
    where: str
    file: str
    problems: list[Problem]

    @property
    def line(self) -> int:
        """Counted from 1."""
        return self.node.line

    @property
    def place(self) -> str:
        """``FILE:LINE``."""
        return f"{self.file}:{self.line}"

    @property
    def raw(self) -> str:
        """The text as written; empty for lists and mappings."""
        return self.node.text if isinstance(self.node, Scalar) else ""

    def refuse(self, rule: str, fix: str = "", *, value: str | None = None) -> None:
        """Record that what stands here breaks a rule. Raises ``BadInput`` at the last one."""
        shown = self.raw if value is None else value
        record(self.problems, Problem(self.file, self.line, self.where, shown, rule, fix))

    def scalar(self, expected: str) -> str | None:
        """The raw text; a list, a mapping or nothing at all is refused."""
        if isinstance(self.node, Scalar) and not self.node.nothing:
            return self.node.text
        self.refuse(f"must be {expected}, is {kind(self.node)}", value="")
        return None

    def items(self, expected: str = "a list", most: int = 0) -> tuple[Value, ...] | None:
        """The items of a list; ``most``: how many there may be, where each is met with all."""
        if isinstance(self.node, Listing) and most and len(self.node.items) > most:
            self.refuse(f"has {len(self.node.items)} items, more than {most}")
            return None
        if isinstance(self.node, Listing):
            return tuple(
                Value(item, f"{self.where}[{index}]", self.file, self.problems)
                for index, item in enumerate(self.node.items)
            )
        self.refuse(f"must be {expected}, is {kind(self.node)}")
        return None

    def entries(self, expected: str = "a mapping") -> dict[str, Value] | None:
        """The values of a mapping whose keys are the writer's own, such as host names."""
        if isinstance(self.node, Mapping):
            return {
                key: Value(node, _join(self.where, key), self.file, self.problems)
                for key, node in self.node.entries.items()
            }
        self.refuse(f"must be {expected}, is {kind(self.node)}")
        return None

    def key_line(self, key: str) -> int:
        """Where a key of this mapping stands."""
        return self.node.lines.get(key, self.line) if isinstance(self.node, Mapping) else self.line

    def refuse_key(self, key: str, rule: str, fix: str = "") -> None:
        """Record that a key of this mapping breaks a rule."""
        line = self.key_line(key)
        record(self.problems, Problem(self.file, line, self.where, key or "''", rule, fix))

    def section(
        self,
        required: Collection[str] = (),
        optional: Collection[str] = (),
        expected: str = "a mapping",
    ) -> Section | None:
        """The values of a mapping whose keys are known; others and missing ones are refused."""
        entries = self.entries(expected)
        if entries is None:
            return None
        known = {*required, *optional}
        free = known.difference(entries) or known
        for key in entries:
            if key not in known:
                self.refuse_key(key, "is not a key here", closest(key, free))
        for key in required:
            if key not in entries:
                self.refuse(f"{key!r} is missing", value="")
        return Section(self, entries)


class Section(msgspec.Struct, frozen=True):
    """A mapping of known keys."""

    value: Value
    entries: dict[str, Value]

    def get(self, key: str) -> Value | None:
        """The value of a key, or None where it is not given."""
        return self.entries.get(key)

    def read(self, key: str, read: Read[T], default: D) -> T | D:
        """What a key says, or the default where it is not given or was refused."""
        value = self.entries.get(key)
        if value is None:
            return default
        found = read(value)
        return default if found is None else found


def open_file(
    path: Path, problems: list[Problem], shown: str = "", text: str | None = None
) -> Value | None:
    """The root of a file's document, or None after recording why there is none.

    Problems name the file as ``path`` was given, or as ``shown``. ``text``: what it would hold, to
    be read instead of it.
    """
    file = shown or show.visible(str(path))
    pattern_time.begin(file)
    if text is None:
        root = document.read(path, file, problems)
    else:
        root = document.parse(text.encode(), file, problems)
    return None if root is None else Value(root, "", file, problems)


def settle(problems: list[Problem]) -> None:
    """Raise ``BadInput`` if anything was recorded."""
    if problems:
        raise BadInput(problems)


def _join(where: str, key: str) -> str:
    shown = key if _PLAIN_KEY.match(key) else show.quoted(key)
    return f"{where}.{shown}" if where else shown
