"""From YAML parser events to a tree, without recursion and within bounds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import yaml

from pytest_portaswitch.source.problem import Problem, record
from pytest_portaswitch.source.tree import Listing, Mapping, Node, Scalar

DEEPEST = 20
MOST_NODES = 200_000
"""Counted as expanded, so that aliases of aliases cannot multiply beyond it."""


class _Open(msgspec.Struct):
    """A list or mapping whose end has not come yet."""

    line: int
    anchor: str | None
    mapping: bool
    before: int
    """Nodes counted before it began."""
    items: list[Node] = msgspec.field(default_factory=list)
    entries: dict[str, Node] = msgspec.field(default_factory=dict)
    lines: dict[str, int] = msgspec.field(default_factory=dict)
    key: Scalar | None = None
    skip: bool = False
    """The value that comes belongs to a key that was refused."""


class Builder(msgspec.Struct):
    """Turns parser events into a tree, without recursion."""

    file: str
    problems: list[Problem] = msgspec.field(default_factory=list)
    tags: bool = False
    """Whether values may have tags; nothing is made of them."""
    stopped: bool = False
    root: Node | None = None
    nodes: int = 0
    stack: list[_Open] = msgspec.field(default_factory=list)
    anchors: dict[str, tuple[Node, int] | None] = msgspec.field(default_factory=dict)
    """Finished anchored nodes with their expanded size; None while one is still open."""

    def build(self, events: Iterator[Any]) -> Builder:
        documents = 0
        for event in events:
            line = event.start_mark.line + 1
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self._stop(line, "a second document begins", "one file holds one document")
            else:
                self._take(event, line)
            if self.stopped:
                break
        return self

    def _take(self, event: Any, line: int) -> None:
        if isinstance(event, yaml.NodeEvent):
            self._count(line, 1)
        tag = getattr(event, "tag", None)
        if tag and tag != "!" and not self.tags:
            self._refuse(line, tag, "is a tag; only plain YAML is read", "remove it")
        if isinstance(event, yaml.AliasEvent):
            self._alias(event.anchor or "", line)
        elif isinstance(event, yaml.ScalarEvent):
            node = Scalar(event.value, line, not event.style)
            self._keep(event.anchor, node, 1)
            self._place(node)
        elif isinstance(event, yaml.CollectionStartEvent):
            mapping = isinstance(event, yaml.MappingStartEvent)
            if event.anchor is not None:
                self.anchors[event.anchor] = None
            self.stack.append(_Open(line, event.anchor, mapping, self.nodes))
            if len(self.stack) > DEEPEST:
                self._stop(line, f"is nested more than {DEEPEST} levels deep")
        elif isinstance(event, yaml.CollectionEndEvent):
            self._close(self.stack.pop())

    def _close(self, done: _Open) -> None:
        node: Node
        if done.mapping:
            node = Mapping(done.entries, done.lines, done.line)
        else:
            node = Listing(tuple(done.items), done.line)
        self._keep(done.anchor, node, self.nodes - done.before)
        self._place(node)

    def _alias(self, anchor: str, line: int) -> None:
        target = self.anchors.get(anchor)
        if target is None:
            inside = anchor in self.anchors
            rule = "refers to the value it stands in" if inside else "refers to no anchor"
            self._stop(line, rule, value=f"*{anchor}")
            return
        node, size = target
        self._count(line, size)
        self._place(node)

    def _place(self, node: Node) -> None:
        if not self.stack:
            self.root = node
            return
        top = self.stack[-1]
        if not top.mapping:
            top.items.append(node)
        elif top.skip:
            top.skip = False
        elif top.key is None:
            self._key(top, node)
        else:
            top.entries[top.key.text] = node
            top.lines[top.key.text] = top.key.line
            top.key = None

    def _key(self, top: _Open, node: Node) -> None:
        if not isinstance(node, Scalar):
            self._refuse(node.line, "", "a key must be plain text")
            top.skip = True
        elif node.text == "<<" and node.plain:
            self._refuse(node.line, "<<", "merge keys are not read", "write the keys out")
            top.skip = True
        elif node.text in top.entries:
            first = top.lines[node.text]
            self._refuse(node.line, node.text, "this key is there twice", f"first on line {first}")
            top.skip = True
        else:
            top.key = node

    def _keep(self, anchor: str | None, node: Node, size: int) -> None:
        if anchor is not None:
            self.anchors[anchor] = (node, size)

    def _count(self, line: int, size: int) -> None:
        self.nodes += size
        if self.nodes > MOST_NODES:
            self._stop(line, f"holds more than {MOST_NODES} values, aliases counted in full")

    def _refuse(self, line: int, value: str, rule: str, fix: str = "") -> None:
        record(self.problems, Problem(self.file, line, "", value, rule, fix))

    def _stop(self, line: int, rule: str, fix: str = "", value: str = "") -> None:
        self._refuse(line, value, rule, fix)
        self.stopped = True
