"""Reading one YAML file into a tree, within bounds, constructing no objects."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from pytest_portaswitch.source.builder import Builder
from pytest_portaswitch.source.problem import Problem
from pytest_portaswitch.source.regular import read_regular
from pytest_portaswitch.source.syntax import explain
from pytest_portaswitch.source.tree import Node, Scalar

LARGEST = 2 * 1024 * 1024
"""Bytes. A cluster of ten thousand hosts fits."""

_EXPLAINED = 1 << 17
"""Characters up to which PyYAML's own parser, a hundred times slower, explains an error."""

_DIRECTIVE = re.compile("^%", re.MULTILINE)
_MOST_DIRECTIVES = 8
"""libyaml compares each tag's prefix with all before it."""

_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_PARSER_ERRORS = (yaml.YAMLError, ValueError, OverflowError, IndexError)
"""PyYAML lets a few of Python's own out, for instance for an escape beyond Unicode."""


def read(path: Path, file: str, problems: list[Problem]) -> Node | None:
    """The root of a file's only document; None when a problem kept it from being read.

    ``file`` is what problems call it.
    """
    try:
        data = read_regular(path, LARGEST + 1)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        problems.append(Problem(file, 0, "", "", f"cannot be read: {why}"))
        return None
    return parse(data, file, problems)


def parse(data: bytes, file: str, problems: list[Problem], *, tags: bool = False) -> Node | None:
    """The same of bytes. ``tags``: whether values may have tags, which are not looked at."""
    text = _text(data, file, problems)
    if text is None:
        return None
    builder = _parse(text, file, tags)
    problems.extend(builder.problems)
    if builder.stopped:
        return None
    if builder.root is None or (isinstance(builder.root, Scalar) and builder.root.nothing):
        problems.append(Problem(file, 0, "", "", "is empty"))
        return None
    return builder.root


def _text(data: bytes, file: str, problems: list[Problem]) -> str | None:
    if len(data) > LARGEST:
        problems.append(Problem(file, 0, "", "", f"is larger than {LARGEST} bytes"))
        return None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        byte = f"\\x{data[error.start]:02x}"
        problems.append(Problem(file, line, "", "", f"is not UTF-8 text: byte {byte}"))
        return None
    if found := _UNPRINTABLE.search(text):
        line = text.count("\n", 0, found.start()) + 1
        problems.append(
            Problem(file, line, "", found.group(), "is a control character, which YAML forbids")
        )
        return None
    directives = [found.start() for found in _DIRECTIVE.finditer(text)]
    if len(directives) > _MOST_DIRECTIVES:
        line = text.count("\n", 0, directives[_MOST_DIRECTIVES]) + 1
        problems.append(Problem(file, line, "", "%", "is a directive; only plain YAML is read"))
        return None
    return text


def _parse(text: str, file: str, tags: bool) -> Builder:
    """Parse fast where libyaml is there; let PyYAML's own parser find the words for an error."""
    if yaml.__with_libyaml__:
        try:
            return Builder(file, tags=tags).build(yaml.parse(text, Loader=yaml.CSafeLoader))
        except _PARSER_ERRORS as error:
            if len(text) > _EXPLAINED:
                return Builder(file, problems=[explain(error, file)], stopped=True)
    try:
        return Builder(file, tags=tags).build(yaml.parse(text, Loader=yaml.SafeLoader))
    except _PARSER_ERRORS as error:
        return Builder(file, problems=[explain(error, file)], stopped=True)
