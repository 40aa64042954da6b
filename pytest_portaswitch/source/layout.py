"""A YAML document with the places of its values in the text, for whoever edits the text.

Only for what ``document`` has read before: it bounds the depth and the size.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec
import yaml

_LOADER: Any = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader

Plain: TypeAlias = "str | list[Plain] | dict[str, Plain]"


class Placed(msgspec.Struct, frozen=True, kw_only=True):
    """A value, and where it stands: offsets into the text, and the line and column it begins at."""

    start: int
    end: int
    """A block collection ends where its last value does."""
    line: int
    column: int
    flow: bool = False
    """Written in braces or brackets."""
    quoted: bool = False
    text: str | None = None
    """Of a scalar."""
    items: tuple[Placed, ...] | None = None
    """Of a list."""
    entries: tuple[tuple[Placed, Placed], ...] | None = None
    """Of a mapping: keys and values, in their order."""

    @property
    def name(self) -> str:
        """Of a key: its text."""
        return self.text or ""

    @property
    def plain(self) -> Plain:
        """Its texts, whatever their quotes and their layout."""
        if self.entries is not None:
            return {key.name: value.plain for key, value in self.entries}
        if self.items is not None:
            return [item.plain for item in self.items]
        return self.text or ""

    def one_line(self, source: str) -> str:
        """The value on one line, as it is written in the text."""
        if self.entries is not None:
            entries = (f"{k.one_line(source)}: {v.one_line(source)}" for k, v in self.entries)
            return f"{{{', '.join(entries)}}}"
        if self.items is not None:
            return f"[{', '.join(item.one_line(source) for item in self.items)}]"
        return " ".join(source[self.start : self.end].split())


def placed(text: str) -> Placed:
    """The root of a document. Raises ValueError where it has aliases or holds nothing: what stands
    for another value cannot be edited alone."""
    if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=_LOADER)):
        raise ValueError(
            "has aliases (*NAME), and what stands for another value cannot be added to"
        )
    root = yaml.compose(text, Loader=_LOADER)
    if root is None:
        raise ValueError("is empty")
    return _placed(root)


def _placed(node: Any) -> Placed:
    start, end = node.start_mark, node.end_mark.index
    scalar = isinstance(node, yaml.ScalarNode)
    entries = items = None
    if isinstance(node, yaml.MappingNode):
        entries = tuple((_placed(key), _placed(value)) for key, value in node.value)
        if entries and not node.flow_style:
            end = entries[-1][1].end
    elif isinstance(node, yaml.SequenceNode):
        items = tuple(map(_placed, node.value))
        if items and not node.flow_style:
            end = items[-1].end
    return Placed(
        start=start.index,
        end=end,
        line=start.line,
        column=start.column,
        flow=not scalar and bool(node.flow_style),
        quoted=scalar and bool(node.style),
        text=node.value if scalar else None,
        items=items,
        entries=entries,
    )
