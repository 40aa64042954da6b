"""What an inventory says: hosts and groups, with the variables of which something follows here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple, NoReturn

from pytest_portaswitch.source import BadInput, Problem
from pytest_portaswitch.source.problem import record

ALL, UNGROUPED = "all", "ungrouped"
MOST = 10_000
"""Hosts, as of a cluster file."""
MOST_GROUPS, MOST_NAMED = 2_000, 50_000
"""Groups, and how often hosts are named in all: ranges stand for many."""
MOST_MEMBERSHIPS = 1_000_000
"""Of hosts in groups, those of groups counted in; hosts that are in the same ones count once."""

WANTED = frozenset({
    "ansible_host", "ansible_ssh_host",
    "ansible_port", "ansible_ssh_port",
    "ansible_user", "ansible_ssh_user",
    "ansible_ssh_private_key_file", "ansible_private_key_file",
    "ansible_connection",
    "ansible_ssh_common_args", "ansible_ssh_extra_args",
})  # fmt: skip
"""Everything else, passwords included, is not even kept."""


class Variable(NamedTuple):
    """The value of a variable, and where it stands."""

    text: str
    file: str
    line: int


Variables = dict[str, Variable]


@dataclass
class Group:
    """A group of hosts, and of groups."""

    hosts: set[str] = field(default_factory=set)
    children: dict[str, int] = field(default_factory=dict)
    """With the line that names it."""
    variables: Variables = field(default_factory=dict)
    line: int = 0


@dataclass
class Inventory:
    """All of one file."""

    file: str
    problems: list[Problem]
    hosts: dict[str, Variables] = field(default_factory=dict)
    """In the order of the file, each with its own variables."""
    lines: dict[str, int] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    named: int = 0

    def refuse(self, line: int, value: str, rule: str, fix: str = "", where: str = "") -> None:
        """Record what is wrong. Raises BadInput at the last one."""
        record(self.problems, Problem(self.file, line, where, value, rule, fix))

    def group(self, name: str, line: int) -> Group:
        """The group of that name, made where it is new. Raises BadInput for one too many."""
        if len(self.groups) >= MOST_GROUPS and name not in self.groups:
            self._stop(line, name, f"is one group more than {MOST_GROUPS}")
        return self.groups.setdefault(name, Group(line=line))

    def add(self, name: str, group: str, line: int, variables: Variables) -> None:
        """Put a host into a group. Raises BadInput where there are too many."""
        self.named += 1
        if self.named > MOST_NAMED:
            self._stop(line, name, f"names a host more than {MOST_NAMED} times")
        if len(self.hosts) >= MOST and name not in self.hosts:
            self._stop(line, name, f"is one host more than {MOST}")
        self.hosts.setdefault(name, {}).update(variables)
        self.lines.setdefault(name, line)
        self.group(group, line).hosts.add(name)

    def _stop(self, line: int, value: str, rule: str, fix: str = "") -> NoReturn:
        self.refuse(line, value, rule, fix)
        raise BadInput(self.problems)

    def depths(self) -> dict[str, int]:
        """How deep each group lies below ``all``; the deepest way counts, cycles end."""
        depth = {name: 0 if name == ALL else 1 for name in self.groups}
        for _ in range(min(len(self.groups), 50)):
            deeper = {
                child: depth[name] + 1
                for name, group in self.groups.items()
                for child in group.children
                if child in depth and depth[child] <= depth[name]
            }
            if not deeper:
                break
            depth.update(deeper)
        return depth

    def groups_of(self) -> dict[str, tuple[str, ...]]:
        """By host, all groups that it is in, also by a group of groups; the outermost first.

        Hosts that are in the same groups share one tuple. Raises BadInput where hosts are in too
        many groups in all.
        """
        depth = self.depths()
        # As bits in this order, since thousands of groups may be nested.
        order = sorted(self.groups, key=lambda name: (depth[name], name))
        place = {name: at for at, name in enumerate(order)}
        parents = [0] * len(order)
        for name, group in self.groups.items():
            for child in group.children.keys() & place.keys():
                parents[place[child]] |= 1 << place[name]
        held = dict.fromkeys(self.hosts, 0)
        for name, group in self.groups.items():
            above = _reached(place[name], parents) if group.hosts else 0
            for host in group.hosts:
                held[host] |= above
        known: dict[int, tuple[str, ...]] = {}
        number = 0
        for host, bits in held.items():
            if bits not in known:
                known[bits] = tuple(order[at] for at in _places(bits))
                number += len(known[bits])
            if number > MOST_MEMBERSHIPS:
                rule = f"hosts are in more than {MOST_MEMBERSHIPS:,} groups, those above counted in"
                self._stop(self.lines[host], host, rule, "nest fewer groups")
        return {host: known[bits] for host, bits in held.items()}


def _reached(begin: int, parents: list[int]) -> int:
    """A group and all that are above it."""
    seen = ahead = 1 << begin
    while ahead:
        first = ahead & -ahead
        new = parents[first.bit_length() - 1] & ~seen
        seen |= new
        ahead = ahead ^ first | new
    return seen


def _places(bits: int) -> Iterator[int]:
    while bits:
        first = bits & -bits
        yield first.bit_length() - 1
        bits ^= first
