"""Inventories in YAML, and what ``ansible-inventory --list`` and inventory programs print."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from pytest_portaswitch.discover.inventory.model import (
    ALL,
    MOST,
    WANTED,
    Inventory,
    Variable,
    Variables,
)
from pytest_portaswitch.discover.inventory.pattern import expand
from pytest_portaswitch.source import closest
from pytest_portaswitch.source.tree import Listing, Mapping, Node, Scalar, kind

_PARTS = ("hosts", "children", "vars")
_META = "_meta"


def read_tree(root: Node, found: Inventory) -> None:
    """Add what the tree says; its mistakes go to the problems of the inventory."""
    if not isinstance(root, Mapping):
        found.refuse(root.line, "", f"must be a mapping of groups, is {kind(root)}")
        return
    if "plugin" in root.entries:
        found.refuse(
            root.lines["plugin"], "plugin", "is for a plugin of Ansible, and none is run here",
            "give what ansible-inventory --list prints",
        )  # fmt: skip
        return
    ahead = deque((name, node, root.lines[name]) for name, node in root.entries.items())
    while ahead:
        name, node, line = ahead.popleft()
        if name == _META:
            continue
        ahead += _group(name, node, line, found)
    meta = root.entries.get(_META)
    known = meta.entries.get("hostvars") if isinstance(meta, Mapping) else None
    for name, node in known.entries.items() if isinstance(known, Mapping) else ():
        if name not in found.hosts:
            found.add(name, ALL, node.line, {})
        found.hosts[name].update(variables(node, found.file))


def variables(node: Node, file: str) -> Variables:
    """Those of a mapping of which something follows."""
    if not isinstance(node, Mapping):
        return {}
    return {
        key: Variable(value.text, file, value.line)
        for key, value in node.entries.items()
        if key in WANTED and isinstance(value, Scalar) and not value.nothing
    }


def _group(name: str, node: Node, line: int, found: Inventory) -> Iterator[tuple[str, Node, int]]:
    """Take one group in, and give those that it holds."""
    group = found.group(name, line)
    if isinstance(node, Listing):
        node = Mapping({"hosts": node}, {"hosts": node.line}, node.line)
    if isinstance(node, Scalar) and node.nothing:
        return
    if not isinstance(node, Mapping):
        found.refuse(line, name, f"must be a mapping of hosts, children and vars, is {kind(node)}")
        return
    for part, value in node.entries.items():
        if part not in _PARTS:
            fix = closest(part, _PARTS)
            found.refuse(node.lines[part], part, f"is no part of the group {name}", fix)
        elif part == "vars":
            group.variables.update(variables(value, found.file))
        elif part == "hosts":
            for host, own in _entries(value, f"{name}.hosts", found):
                _hosts(host, own, name, found)
        else:
            for child, own in _entries(value, f"{name}.children", found):
                group.children[child] = own.line
                yield child, own, own.line


def _entries(node: Node, where: str, found: Inventory) -> list[tuple[str, Node]]:
    """Names with what stands behind each: nothing where they are a list, or one name alone."""
    if isinstance(node, Mapping):
        return list(node.entries.items())
    items = node.items if isinstance(node, Listing) else (node,)
    if isinstance(node, Scalar) and node.nothing:
        return []
    names: list[tuple[str, Node]] = [
        (one.text, Scalar("", one.line, plain=True))
        for one in items
        if isinstance(one, Scalar) and not one.nothing
    ]
    if len(names) < len(items):
        found.refuse(node.line, where, "must be a mapping or a list of names")
    return names


def _hosts(pattern: str, node: Node, group: str, found: Inventory) -> None:
    try:
        names, port = expand(pattern, MOST)
    except ValueError as error:
        found.refuse(node.line, pattern, f"is no name of hosts: {error}")
        return
    own = {"ansible_port": Variable(port, found.file, node.line)} if port else {}
    for name in names:
        found.add(name, group, node.line, own | variables(node, found.file))
