"""``pytest-portaswitch discover ADDRESS...``: a draft of a cluster file, from what hosts show."""

from __future__ import annotations

import argparse
import dataclasses
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from pytest_portaswitch import discover, tables
from pytest_portaswitch.cluster import login as logins
from pytest_portaswitch.cluster import words
from pytest_portaswitch.cluster.model import Login
from pytest_portaswitch.discover import Found, FoundHost, Target
from pytest_portaswitch.facts import HostFacts, Observation, Unobserved
from pytest_portaswitch.source import Problem, Value, settle
from pytest_portaswitch.source.regular import read_regular
from pytest_portaswitch.source.tree import Mapping, Node, Scalar
from pytest_portaswitch.text import show
from pytest_portaswitch.text.command import shell

ALL_LOOKED_AT, SOME_NOT = 0, 1
"""Exit codes; 2 is bad input."""

STDIN = "standard input"
_UNNAMED = "discovered"
_SSH = ("user", "config", "key", "jump", "known_hosts", "port")


def add_parser(commands: Any) -> None:
    """Register the command."""
    command: argparse.ArgumentParser = commands.add_parser(
        "discover",
        help="draft a cluster file from addresses, an export of Servers or an Ansible inventory",
        description="Look at each host once, over SSH, read-only and without probing anybody, and "
        "write a draft of a cluster file: addresses, and the roles that processes and listening "
        "ports speak for by the vendor's tables. Comments have the evidence, and say what is a "
        f"guess and what is left to fill in. Exit {ALL_LOOKED_AT}: all hosts were looked at; "
        f"{SOME_NOT}: some could not be, and the draft says why.",
    )
    command.add_argument(
        "addresses",
        nargs="*",
        metavar="ADDRESS",
        help="an address or host name, or NAME=ADDRESS to give the host a name",
    )
    command.add_argument(
        "--servers",
        metavar="FILE",
        help="an export of the Configuration server's table Servers(IP, Name), as CSV or as "
        "mysql -B prints it; - is standard input",
    )
    command.add_argument(
        "--inventory",
        action="append",
        default=[],
        metavar="FILE",
        help="an Ansible inventory, INI or YAML, or what ansible-inventory --list prints; names, "
        "addresses, users, ports, keys and jump hosts are taken from it, and nothing of it is run; "
        "may be repeated; - is standard input",
    )
    command.add_argument(
        "--limit",
        default="",
        metavar="PATTERN",
        help="hosts and groups of the inventory, by comma, as Ansible's --limit: 'voip,!test*'",
    )
    command.add_argument("--cluster", metavar="NAME", help="what the cluster is called")
    command.add_argument("--user", help="who logs in")
    command.add_argument(
        "--ssh-config", dest="config", metavar="FILE", help="ssh's configuration for these hosts"
    )
    command.add_argument("--key", metavar="FILE", help="the private key")
    command.add_argument("--jump", metavar="HOST", help="jump hosts: user@host:port, by comma")
    command.add_argument("--known-hosts", metavar="FILE", help="the hosts' keys")
    command.add_argument("--port", help="sshd's port")
    command.add_argument(
        "--no-sudo",
        action="store_true",
        help="log in without sudo; then the owners of others' ports are not seen",
    )
    command.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="FILE",
        help="where the draft goes; a file that exists is never overwritten (default: standard "
        "output)",
    )
    command.set_defaults(func=run)


def run(options: argparse.Namespace) -> int:
    """Look, infer, and write the draft. Raises BadInput."""
    if not options.addresses and options.servers is None and not options.inventory:
        return _refuse("nobody to look at: give ADDRESS..., --servers FILE or --inventory FILE")
    if options.limit and not options.inventory:
        return _refuse("--limit: names hosts of an inventory: give --inventory FILE")
    if [options.servers, *options.inventory].count("-") > 1:
        return _refuse("standard input is given twice")
    output: Path | None = options.output
    # A link to nowhere is there as well; Path's own ask raises for long names.
    if output and os.path.lexists(output):
        return _refuse(f"{output}: exists; a draft overwrites nothing")
    if output and not os.path.isdir(output.parent):  # noqa: PTH112
        return _refuse(f"{output.parent}: is no folder to write a draft in")
    targets, login, cluster = _input(options)
    seen = _look(targets, login, tables.load())
    if not any(isinstance(one, HostFacts) for one in seen):
        names = [target.name or target.address for target in targets]
        alone = [
            f"{name} ({target.address}): not looked at: {_why(one)}"
            for name, target, one in zip(names, targets, seen, strict=True)
        ]
        nothing = "no host could be looked at: there is nothing to draft, and no file is written"
        lines = discover.outcomes(names, seen, _logins(names, targets, login), alone)
        show.write(sys.stderr, *lines, nothing)
        return SOME_NOT
    release = discover.common_release(seen)
    found = discover.infer(targets, seen, tables.load(release))
    names = [host.name for host in found.hosts]
    draft = discover.text(found, cluster or _UNNAMED, login, named=bool(cluster))
    if output is None:
        # YAML is UTF-8, whatever the terminal is.
        sys.stdout.flush()
        sys.stdout.buffer.write(draft.encode())
        sys.stdout.buffer.flush()
    else:
        try:
            # It says where everything is and how to log in: for its owner alone.
            with open(output, "x", encoding="utf-8", opener=_private) as file:
                file.write(draft)
        except OSError as error:
            return _refuse(f"{output}: cannot be written: {error.strerror}")
    own = [_line(host) for host in found.hosts]
    lines = discover.outcomes(names, seen, _logins(names, targets, login), own)
    show.write(sys.stderr, *lines, *_left(found, output))
    return ALL_LOOKED_AT if all(isinstance(one, HostFacts) for one in seen) else SOME_NOT


def _private(name: str, flags: int) -> int:
    return os.open(name, flags, 0o600)


def _input(options: argparse.Namespace) -> tuple[list[Target], Login, str]:
    """Who is looked at, how, and what the cluster is called; every problem of them at once."""
    problems: list[Problem] = []
    targets = discover.command_line(options.addresses, problems)
    if options.servers is not None:
        file = STDIN if options.servers == "-" else options.servers
        data = _read(options.servers, file, problems)
        targets += [] if data is None else discover.servers(data, file, problems)
    login = logins.read(_ssh(options, problems), Login(address="", sudo=True), Path())
    login = msgspec.structs.replace(login, sudo=not options.no_sudo)
    inventoried = _inventories(options, login, problems)
    login = discover.common_login(inventoried if not targets else (), login)
    targets += inventoried
    discover.once(targets, problems)
    cluster = ""
    if options.cluster is not None:
        name = Scalar(options.cluster, 0, plain=False)
        value = Value(name, "--cluster", discover.COMMAND_LINE, problems)
        cluster = words.cluster_name(value) or ""
    settle(problems)
    return targets, login, cluster


def _inventories(
    options: argparse.Namespace, login: Login, problems: list[Problem]
) -> list[Target]:
    """The hosts of all inventories. What is given on the command line holds for each of them."""
    given = {key: getattr(login, key) for key in _SSH if getattr(options, key) is not None}
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


def _look(targets: Sequence[Target], login: Login, known: tables.Tables) -> tuple[Observation, ...]:
    # Only here: the commands that work offline need not wait for what talks to hosts.
    from pytest_portaswitch.observe import (
        Job,
        Limits,
        Request,
        observe,
        process_patterns,
        progress_bar,
    )

    patterns, sought = process_patterns.of_tables(known)
    jobs = [
        Job(
            login=target.login or msgspec.structs.replace(login, address=target.address),
            request=Request(host=target.address, patterns=patterns, sought=sought),
        )
        for target in targets
    ]
    names = [target.address for target in targets]
    with progress_bar(len(jobs), title="discover", names=names) as advance:
        return observe(jobs, Limits(), lambda job, seen: advance(job.request.host, seen))


def _logins(names: Sequence[str], targets: Sequence[Target], login: Login) -> dict[str, Login]:
    return {name: target.login or login for name, target in zip(names, targets, strict=True)}


def _left(found: Found, output: Path | None) -> Iterator[str]:
    """What is left to do."""
    open_ones = [host.name for host in found.hosts if not host.roles.proposed]
    if open_ones:
        yield f"fill in the roles of {', '.join(open_ones)}"
    yield f"next: {shell('pytest-portaswitch', 'plan', str(output or 'FILE'))}"


def _why(seen: Observation) -> str:
    return f"{seen.why}: {seen.detail}" if isinstance(seen, Unobserved) else ""


def _line(host: FoundHost) -> str:
    proposed = [f"{p.role}{' (guess)' if p.guess else ''}" for p in host.roles.proposed]
    what = ", ".join(proposed) or "no role is told"
    unseen = host.unseen and f"not looked at: {host.unseen}"
    return f"{host.name} ({host.target.address}): {unseen or what}"


def _refuse(why: str) -> int:
    show.write(sys.stderr, why)
    return 2
