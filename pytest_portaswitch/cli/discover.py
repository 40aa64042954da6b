"""``pytest-portaswitch discover ADDRESS...``: a draft of a cluster file, from what hosts show."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from pytest_portaswitch import discover, tables
from pytest_portaswitch.cli.discover_input import file_to_update, read_input
from pytest_portaswitch.cli.update import CannotUpdate, update
from pytest_portaswitch.cluster.model import Cluster, Login
from pytest_portaswitch.discover import Found, FoundHost, Target
from pytest_portaswitch.facts import HostFacts, Observation, Unobserved
from pytest_portaswitch.text import show
from pytest_portaswitch.text.command import shell

ALL_LOOKED_AT, SOME_NOT = 0, 1
"""Exit codes; 2 is bad input."""

_UNNAMED = "discovered"


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
    command.add_argument(
        "--update",
        nargs="?",
        const="",
        metavar="FILE",
        help="look at the hosts of a cluster file, and at those given beside; put what is new into "
        "it, show what is different, and leave all that is written there; with -o into a new file",
    )
    command.set_defaults(func=run)


def run(options: argparse.Namespace) -> int:
    """Look, infer, and write the draft. Raises BadInput."""
    file = file_to_update(options)
    output: Path | None = None if options.output == file else options.output
    if why := _refusal(options, file, output):
        return _refuse(why)
    targets, login, cluster, existing = read_input(options, file)
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
    known = existing.cluster if existing else None
    release = (known.release if known else "") or discover.common_release(seen)
    loaded = tables.load(release, known.tables if known else ())
    found = discover.infer(targets, seen, loaded, existing.virtual_ips if existing else ())
    unused: tuple[str, ...] = ()
    if existing:
        found, unused = existing.without_unused(found, loaded)
    names = [host.name for host in found.hosts]
    draft = discover.text(found, cluster or _UNNAMED, login, named=bool(cluster))
    try:
        if existing and file:
            update(file, output, existing, draft, found, unused)
            output = output or file
        else:
            _write(draft, output)
    except CannotUpdate as error:
        show.write(sys.stderr, *str(error).split("\n"))
        return 2
    except OSError as error:
        return _refuse(f"{output or file}: cannot be written: {error.strerror}")
    own = [_line(host) for host in found.hosts]
    lines = discover.outcomes(names, seen, _logins(names, targets, login), own)
    show.write(sys.stderr, *lines, *_left(found, output, known))
    return ALL_LOOKED_AT if all(isinstance(one, HostFacts) for one in seen) else SOME_NOT


def _refusal(options: argparse.Namespace, file: Path | None, output: Path | None) -> str:
    """Why nobody is looked at, where that can be told from the options; or empty."""
    named = options.addresses or options.servers is not None or options.inventory
    if not named and file is None:
        return "nobody to look at: give ADDRESS..., --servers FILE or --inventory FILE"
    if options.update == "" and not options.output:
        return "--update: names no file: give --update FILE"
    if options.limit and not options.inventory:
        return "--limit: names hosts of an inventory: give --inventory FILE"
    if [options.servers, *options.inventory].count("-") > 1:
        return "standard input is given twice"
    # A link to nowhere is there as well; Path's own ask raises for long names.
    if output and os.path.lexists(output):
        adding = shell("--update", str(output))
        return f"{output}: exists; {adding} puts what is new into it"
    if output and not os.path.isdir(output.parent):  # noqa: PTH112
        return f"{output.parent}: is no folder to write a draft in"
    return ""


def _write(draft: str, output: Path | None) -> None:
    """Put the draft into a new file, or on standard output. Raises OSError."""
    if output is None:
        # YAML is UTF-8, whatever the terminal is.
        sys.stdout.flush()
        sys.stdout.buffer.write(draft.encode())
        sys.stdout.buffer.flush()
        return
    # It says where everything is and how to log in: for its owner alone.
    with open(output, "x", encoding="utf-8", opener=_private) as file:
        file.write(draft)


def _private(name: str, flags: int) -> int:
    return os.open(name, flags, 0o600)


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
    from pytest_portaswitch.observe.redaction import Redaction

    patterns, sought = process_patterns.of_tables(known)
    addresses = tuple({target.address: None for target in targets})
    redaction = Redaction()
    jobs = [
        Job(
            login=target.login or msgspec.structs.replace(login, address=target.address),
            request=Request(
                host=target.address,
                patterns=patterns,
                sought=sought,
                hints=True,
                connections_to=addresses,
            ),
            redaction=redaction,
        )
        for target in targets
    ]
    names = [target.address for target in targets]
    with progress_bar(len(jobs), title="discover", names=names) as advance:
        seen = observe(jobs, Limits(), lambda job, seen: advance(job.request.host, seen))
    # A host may say again what it was told, and a draft quotes hosts.
    return tuple(redaction.kept(one) for one in seen)


def _logins(names: Sequence[str], targets: Sequence[Target], login: Login) -> dict[str, Login]:
    return {
        name: target.login or msgspec.structs.replace(login, address=target.address)
        for name, target in zip(names, targets, strict=True)
    }


def _left(found: Found, output: Path | None, known: Cluster | None) -> Iterator[str]:
    """What is left to do. ``known``: the cluster of the file that was updated."""
    named = {host.name for host in known.hosts.values() if host.roles} if known else set()
    open_ones = [h.name for h in found.hosts if not h.roles.proposed and h.name not in named]
    if open_ones:
        yield f"fill in the roles of {', '.join(open_ones)}"
    file = str(output or "FILE")
    yield f"next: {shell('pytest-portaswitch', 'plan', file, '--format', 'table')}"
    yield f"then: {shell('pytest', 'suites', f'--cluster={file}')}"


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
