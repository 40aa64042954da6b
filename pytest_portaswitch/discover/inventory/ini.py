"""Inventories in Ansible's own INI: sections of hosts, ``:vars`` and ``:children``."""

from __future__ import annotations

import re
import shlex

from pytest_portaswitch.discover.inventory.model import (
    MOST,
    UNGROUPED,
    WANTED,
    Inventory,
    Variable,
    Variables,
)
from pytest_portaswitch.discover.inventory.pattern import expand
from pytest_portaswitch.source import closest

_SECTION = re.compile(r"\[(?P<name>[^:\]\s]+)(?::(?P<kind>\w+))?\]\s*(?:[#;].*)?")
_KINDS = ("children", "vars")
_LONGEST = 10_000
"""Characters of a line of a host; shlex takes time that grows with their square."""


def read_ini(text: str, found: Inventory) -> None:
    """Add what the text says; its mistakes go to the problems of the inventory."""
    group, kind = UNGROUPED, ""
    known: set[str] = set()
    speaks_of: list[tuple[str, int]] = []
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw.strip()
        if not line or line[0] in "#;":
            continue
        if section := _SECTION.fullmatch(line):
            group, kind = section["name"], section["kind"] or ""
            if kind and kind not in _KINDS:
                fix = closest(kind, _KINDS)
                found.refuse(number, line, "is no section that inventories have", fix)
            (speaks_of.append((group, number)) if kind == "vars" else known.add(group))
            found.group(group, number)
        elif line.startswith("[") and (line.endswith("]") or "]" not in line):
            found.refuse(number, line, "must be [GROUP], [GROUP:vars] or [GROUP:children]")
        elif kind == "children":
            child = line.split()[0]
            found.group(group, number).children[child] = number
        elif kind == "vars":
            _variable(line, number, group, found)
        elif not kind:
            _hosts(line, number, group, found)
    for held in found.groups.values():
        speaks_of += held.children.items()
    for name, number in speaks_of:
        if name not in known and name not in ("all", UNGROUPED):
            others = known - {UNGROUPED}
            found.refuse(number, name, "is a group that is not there", closest(name, others))


def _hosts(line: str, number: int, group: str, found: Inventory) -> None:
    try:
        if len(line) > _LONGEST:
            raise ValueError(f"has more than {_LONGEST} characters")
        first, *rest = shlex.split(line, comments=True)
        names, port = expand(first, MOST)
    except ValueError as error:
        found.refuse(number, line, f"is no line of hosts: {str(error).lower()}")
        return
    variables: Variables = {}
    if port:
        variables["ansible_port"] = Variable(port, found.file, number)
    for word in rest:
        key, equals, value = word.partition("=")
        if not equals:
            found.refuse(number, word, "must be NAME=VALUE behind the name of a host")
        elif key in WANTED:
            variables[key] = Variable(value, found.file, number)
    for name in names:
        found.add(name, group, number, variables)


def _variable(line: str, number: int, group: str, found: Inventory) -> None:
    key, equals, value = (part.strip() for part in line.partition("="))
    if not equals:
        found.refuse(number, line, "must be NAME=VALUE in a section of variables")
    elif key in WANTED:
        # As Ansible reads it: a text in quotes, or all of the line.
        quoted = re.fullmatch(r"""(["'])(.*)\1\s*(?:#.*)?""", value)
        text = quoted[2] if quoted else re.split(r"\s#", value)[0].rstrip()
        found.group(group, number).variables[key] = Variable(text, found.file, number)
