"""From an inventory to the hosts to look at, and how each is logged in to."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import msgspec

from pytest_portaswitch.cluster import paths, words
from pytest_portaswitch.cluster.model import Login
from pytest_portaswitch.discover.inventory.ini import read_ini
from pytest_portaswitch.discover.inventory.model import ALL, UNGROUPED, Inventory, Variables
from pytest_portaswitch.discover.inventory.ssh_arguments import read_arguments
from pytest_portaswitch.discover.inventory.yaml_tree import read_tree, variables
from pytest_portaswitch.discover.reading import COMMAND_LINE, Target, address_or_name, text_of
from pytest_portaswitch.source import Problem, Read, Value, closest
from pytest_portaswitch.source.document import LARGEST, parse
from pytest_portaswitch.source.regular import read_regular
from pytest_portaswitch.source.tree import Scalar
from pytest_portaswitch.tables.ports import read_port

T = TypeVar("T")
_YAML = (".yml", ".yaml", ".json")
_LOOKS_LIKE_YAML = re.compile(
    r"(?:[^\S\n]*(?:#.*)?\n)*(?:---|\{|[\w.-]+[^\S\n]*:[^\S\n]*(?:#.*)?(?:\n|\Z))"
)
_VAULT = b"$ANSIBLE_VAULT"
_SSH = ("ssh", "smart", "paramiko", "paramiko_ssh")
_CONTAINERS = ("docker", "podman")


def _is(check: Callable[[], bool], unknown: bool) -> bool:
    """The result of the check; ``unknown`` where permissions forbid it."""
    try:
        return check()
    except PermissionError:
        return unknown


@dataclass(frozen=True)
class Inventoried:
    """The hosts of an inventory, in its order."""

    targets: tuple[Target, ...] = ()
    remarks: tuple[str, ...] = field(default=())
    """What of it is not done, a line each."""


def inventory_targets(
    data: bytes, path: Path | None, file: str, limit: str, base: Login, problems: list[Problem]
) -> Inventoried:
    """The hosts of an inventory that ``limit`` names, all where it is empty.

    ``path``: where it lies, beside which ``group_vars`` and ``host_vars`` are read. ``base``: what
    holds where the inventory says nothing of how to log in.
    """
    found = Inventory(file, problems)
    before = len(problems)
    _read(data, path, found)
    if len(problems) > before:
        return Inventoried()
    if not found.hosts:
        problems.append(Problem(file, 0, "", "", "names no host"))
        return Inventoried()
    groups = found.groups_of()
    chosen = _limited(found, groups, limit)
    further = _Beside(path.parent, problems) if path else None
    remarks: list[str] = []
    # Hosts that are in the same groups share the tuple of their names.
    shared = {id(groups[name]): groups[name] for name in chosen}
    given = {key: _Given(found, names, further) for key, names in shared.items()}
    hosts = [_Host(found, name, given[id(groups[name])], further, base, remarks) for name in chosen]
    targets = [target for host in hosts if (target := host.target(asked=bool(limit)))]
    return Inventoried(tuple(targets), tuple(dict.fromkeys(remarks)))


def _read(data: bytes, path: Path | None, found: Inventory) -> None:
    if data.startswith(b"#!"):
        rule = "is a program, and none of an inventory is run here"
        found.refuse(1, "", rule, "give what it prints with --list")
        return
    if data.startswith(_VAULT):
        found.refuse(1, "", "is encrypted", "give what ansible-vault view prints")
        return
    text = text_of(data, found.file, found.problems)
    if text is None:
        return
    suffix = path.suffix.lower() if path else ""
    if suffix in _YAML or (suffix != ".ini" and _LOOKS_LIKE_YAML.match(text)):
        root = parse(data, found.file, found.problems, tags=True)
        if root is not None:
            read_tree(root, found)
    else:
        read_ini(text, found)


def _limited(found: Inventory, groups: dict[str, tuple[str, ...]], limit: str) -> list[str]:
    """The hosts that a pattern names as Ansible's own ``--limit`` does."""
    terms = [term.strip() for term in re.split("[,:]", limit) if term.strip()]
    named = [term for term in terms if term[0] not in "!&"]
    chosen = set() if named else set(found.hosts)
    shared = {id(names): names for names in groups.values()}
    for term in sorted(terms, key=lambda one: "&!".find(one[0]) + 1):
        pattern = term.lstrip("!&")
        matching = {name for name in found.groups if fnmatch.fnmatchcase(name, pattern)}
        held = {key for key, names in shared.items() if not matching.isdisjoint(names)}
        meant = {
            host
            for host in found.hosts
            if pattern == ALL or fnmatch.fnmatchcase(host, pattern) or id(groups[host]) in held
        }
        if not meant:
            known = {*found.hosts, *found.groups} - {UNGROUPED}
            rule = f"names no host and no group of {found.file}"
            fix = closest(pattern, known)
            found.problems.append(Problem(COMMAND_LINE, 0, "--limit", pattern, rule, fix))
        elif term[0] == "!":
            chosen -= meant
        elif term[0] == "&":
            chosen &= meant
        else:
            chosen |= meant
    if terms and not chosen and not found.problems:
        rule = f"leaves no host of {found.file}"
        found.problems.append(Problem(COMMAND_LINE, 0, "--limit", limit, rule))
    return [name for name in found.hosts if name in chosen]


class _Beside:
    """The files of variables that lie beside an inventory."""

    def __init__(self, folder: Path, problems: list[Problem]) -> None:
        self.folder = folder
        self.problems = problems
        self._read: dict[tuple[str, str], Variables] = {}
        self._there = {kind: self._names(folder / kind) for kind in ("group_vars", "host_vars")}

    def of(self, kind: str, name: str) -> Variables:
        """The variables of a host or a group."""
        if (kind, name) not in self._read:
            found: Variables = {}
            for path in self._files(kind, name):
                found |= self._variables(path)
            self._read[kind, name] = found
        return self._read[kind, name]

    def _files(self, kind: str, name: str) -> Iterator[Path]:
        for ending in ("", *_YAML):
            if f"{name}{ending}" not in self._there[kind]:
                continue
            path = self.folder / kind / f"{name}{ending}"
            is_folder = _is(path.is_dir, unknown=False)
            inside = [path / one for one in sorted(self._names(path))] if is_folder else [path]
            for one in inside:
                # Where permissions forbid the check, reading the file fails and says why.
                if one.suffix in ("", *_YAML) and _is(one.is_file, unknown=True):
                    yield one

    @staticmethod
    def _names(folder: Path) -> set[str]:
        try:
            return {path.name for path in folder.iterdir()}
        except OSError:
            return set()

    def _variables(self, path: Path) -> Variables:
        try:
            data = read_regular(path, LARGEST + 1)
        except OSError as error:
            why = f"cannot be read: {error.strerror}"
            self.problems.append(Problem(str(path), 0, "", "", why))
            return {}
        if data.startswith(_VAULT) or not data.strip():
            return {}
        # What is a mistake to us may be none to Ansible; what keeps it from being read is one.
        met: list[Problem] = []
        root = parse(data, str(path), met, tags=True)
        if root is None:
            self.problems += [one for one in met if one.rule != "is empty"]
            return {}
        return variables(root, str(path))


class _Given:
    """What groups give to the hosts that are in all of them and in no other."""

    def __init__(self, found: Inventory, groups: Sequence[str], beside: _Beside | None) -> None:
        self.groups = tuple(g for g in groups if g not in (ALL, UNGROUPED))
        self.variables: Variables = {}
        order = [ALL, *(group for group in groups if group != ALL)]
        for group in order:
            if group in found.groups:
                self.variables |= found.groups[group].variables
        for group in order if beside else ():
            assert beside
            self.variables |= beside.of("group_vars", group)


class _Host:
    """One host of an inventory."""

    def __init__(
        self,
        found: Inventory,
        name: str,
        given: _Given,
        beside: _Beside | None,
        base: Login,
        remarks: list[str],
    ) -> None:
        self.found, self.name, self.base, self.remarks = found, name, base, remarks
        self.groups = given.groups
        self.variables = given.variables | found.hosts[name]
        if beside:
            self.variables |= beside.of("host_vars", name)

    def target(self, *, asked: bool) -> Target | None:
        """How to look at it, or None where it is refused or left out."""
        line = self.found.lines[self.name]
        connection = self._text("ansible_connection").rpartition(".")[2] or "ssh"
        if connection == "local" and self.name == "localhost" and not asked:
            self.remarks.append(
                "localhost is left out: this machine; --limit localhost looks at it"
            )
            return None
        own = Scalar(self.name, line, plain=False)
        value = self._value("ansible_host", "ansible_ssh_host") or Value(
            own, self.name, self.found.file, self.found.problems
        )
        if connection in _CONTAINERS:
            spec = Scalar(f"{connection}://{value.raw}", value.line, plain=False)
            connection = words.connection(msgspec.structs.replace(value, node=spec)) or ""
            address: str | None = words.host_name(value)
        elif connection in (*_SSH, "local"):
            connection = "local" if connection == "local" else "ssh"
            address = address_or_name(value)
        else:
            self.found.refuse(
                line, connection, "is no way to a Linux host", f"--limit '!{self.name}'",
                where="ansible_connection",
            )  # fmt: skip
            return None
        if address is None:
            return None
        login = msgspec.structs.replace(self._login(), connection=connection, address=address)
        return Target(address, self.name, self.found.file, line, login, self.groups)

    def _login(self) -> Login:
        base = self.base
        key = ("ansible_ssh_private_key_file", "ansible_private_key_file")
        jump = base.jump
        for name in ("ansible_ssh_common_args", "ansible_ssh_extra_args"):
            value = self._value(name)
            arguments = read_arguments(value.raw) if value else None
            if value and arguments and arguments.jump:
                node = Scalar(arguments.jump, value.line, plain=False)
                jump = words.jump(msgspec.structs.replace(value, node=node)) or jump
            for left in arguments.left_out if arguments else ():
                # Ansible is often told not to verify them.
                keys = re.search("hostkey|knownhosts", left, re.IGNORECASE)
                why = "put it into an ssh config, and give --ssh-config"
                why = "host keys are always verified here" if keys else why
                self.remarks.append(f"{name}: {left!r} is not taken over: {why}")
        return msgspec.structs.replace(
            base,
            user=self._of(words.user, base.user, "ansible_user", "ansible_ssh_user"),
            port=self._of(read_port, base.port, "ansible_port", "ansible_ssh_port"),
            key=self._of(paths.file_name(Path()), base.key, *key),
            jump=jump,
        )

    def _of(self, read: Read[T], default: T, *names: str) -> T:
        value = self._value(*names)
        found = read(value) if value else None
        return default if found is None else found

    def _text(self, *names: str) -> str:
        value = self._value(*names)
        return value.raw if value else ""

    def _value(self, *names: str) -> Value | None:
        for name in names:
            if name not in self.variables:
                continue
            text, file, line = self.variables[name]
            # Named without the host: that of a group is one mistake, and not one for each host.
            value = Value(Scalar(text, line, plain=False), name, file, self.found.problems)
            if "{{" in text:
                value.refuse("is a template, which only Ansible fills in", "write its value")
                return None
            return value
        return None
