"""What ``discover`` is given: hosts from any source, and how to log in to them."""

from __future__ import annotations

import argparse
import dataclasses
import os
import sys
from collections import abc
from pathlib import Path

import msgspec

from pytest_portaswitch import discover
from pytest_portaswitch.cluster import login as logins
from pytest_portaswitch.cluster import words
from pytest_portaswitch.cluster.model import Login
from pytest_portaswitch.discover import Existing, Target
from pytest_portaswitch.source import BadInput, Problem, Value, settle
from pytest_portaswitch.source.regular import read_regular
from pytest_portaswitch.source.tree import Mapping, Node, Scalar
from pytest_portaswitch.text import show

STDIN = "standard input"
_SSH = ("user", "config", "key", "jump", "known_hosts", "port")


def file_to_update(options: argparse.Namespace) -> Path | None:
    """The cluster file that ``--update`` names, or ``-o`` where it names none."""
    if options.update is None:
        return None
    if options.output and not Path(options.update).is_file():
        # What follows is an address then.
        options.addresses = [*filter(None, [options.update]), *options.addresses]
        # Where there is nothing to add to yet, it is drafted.
        return Path(options.output) if os.path.lexists(options.output) else None
    return Path(options.update)


def read_input(
    options: argparse.Namespace, file: Path | None
) -> tuple[list[Target], Login, str, Existing | None]:
    """Who is looked at, how, and what the cluster is called; every problem of them at once."""
    problems: list[Problem] = []
    targets = discover.command_line(options.addresses, problems)
    if options.servers is not None:
        name = STDIN if options.servers == "-" else options.servers
        data = _read(options.servers, name, problems)
        targets += [] if data is None else discover.servers(data, name, problems)
    login = logins.read(_ssh(options, problems), Login(address="", sudo=True), Path())
    login = msgspec.structs.replace(login, sudo=not options.no_sudo)
    given = {key: getattr(login, key) for key in _SSH if getattr(options, key) is not None}
    existing: Existing | None = None
    if file is not None:
        try:
            existing = discover.read_existing(
                file, given | ({"sudo": False} if options.no_sudo else {})
            )
            login = existing.login
        except BadInput as bad:
            problems += bad.problems
    inventoried = _inventories(options, login, given, problems)
    if not targets and not existing:
        login = discover.common_login(inventoried, login)
    targets += inventoried
    discover.once(targets, problems)
    cluster = ""
    if options.cluster is not None:
        scalar = Scalar(options.cluster, 0, plain=False)
        value = Value(scalar, "--cluster", discover.COMMAND_LINE, problems)
        cluster = words.cluster_name(value) or ""
    settle(problems)
    if existing:
        targets = existing.with_more(targets)
        if not targets:
            raise BadInput([Problem(str(file), 0, "", "", "does not say where any host is")])
    return targets, login, cluster, existing


def _inventories(
    options: argparse.Namespace,
    login: Login,
    given: abc.Mapping[str, object],
    problems: list[Problem],
) -> list[Target]:
    """The hosts of all inventories. What is given on the command line holds for each of them."""
    targets: list[Target] = []
    for path in options.inventory:
        file = STDIN if path == "-" else path
        data = _read(path, file, problems)
        if data is None:
            continue
        place = None if path == "-" else Path(path)
        found = discover.inventory_targets(data, place, file, options.limit, login, problems)
        show.write(sys.stderr, *found.remarks)
        for target in found.targets:
            assert target.login
            own = msgspec.structs.replace(target.login, **given)
            targets.append(dataclasses.replace(target, login=own))
    return targets


def _ssh(options: argparse.Namespace, problems: list[Problem]) -> Value:
    """The options as the ``ssh`` of a cluster file, whose rules hold for them."""
    given = {key: text for key in _SSH if (text := getattr(options, key)) is not None}
    entries: dict[str, Node] = {key: Scalar(text, 0, plain=False) for key, text in given.items()}
    value = Value(Mapping(entries, {}, 0), "ssh", discover.COMMAND_LINE, problems)
    for key, text in given.items():
        if not show.is_one_line(text):
            value.refuse_key(key, "has a character that is not printable")
    return value


def _read(path: str, file: str, problems: list[Problem]) -> bytes | None:
    try:
        if path == "-":
            return sys.stdin.buffer.read(discover.LARGEST + 1)
        return read_regular(Path(path), discover.LARGEST + 1)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        problems.append(Problem(file, 0, "", "", f"cannot be read: {why}"))
        return None
