"""The ``lab`` command: up, run, break, mend, status, down."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable

from rich.console import Console

from pytest_portaswitch.lab import lab as labs
from pytest_portaswitch.lab import topology
from pytest_portaswitch.lab.lab import Lab
from pytest_portaswitch.lab.problem import LabProblem
from pytest_portaswitch.text.command import shell

FAILED = 1
INTERRUPTED = 130


class OnConsole:
    """Progress as lines, and on a terminal as one line that counts."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False, markup=False)
        self._status = self._console.status("starting")

    def say(self, text: str) -> None:
        """Print a step."""
        self._console.print(text, soft_wrap=True)

    def count(self, done: int, total: int, last: str) -> None:
        """Show how far it is, where there is a terminal to show it on."""
        if self._console.is_terminal:
            self._status.start()
            self._status.update(f"{done} of {total} daemons are ready: {last}")
        if done == total:
            self._status.stop()
            self._console.print(f"all {total} daemons are ready")

    def end(self) -> None:
        """Leave the terminal as it was."""
        self._status.stop()


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register ``lab`` with its sub-commands."""
    parser = subparsers.add_parser("lab", help="a whole cluster of real daemons on this machine")
    fill(parser)


def fill(parser: argparse.ArgumentParser) -> None:
    """Give a parser the sub-commands of ``lab``."""
    commands = parser.add_subparsers(dest="lab_command", required=True, metavar="COMMAND")

    def command(
        name: str, function: Callable[[argparse.Namespace], int], about: str
    ) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=about, description=about)
        added.add_argument("--name", default=labs.DEFAULT_NAME, help="of the lab (default: lab)")
        added.set_defaults(func=lambda arguments: _reported(function, arguments))
        return added

    up = command("up", _up, "bring a lab up")
    shipped = ", ".join(topology.shipped())
    up.add_argument(
        "topology", nargs="?", default="full", metavar="TOPOLOGY",
        help=f"one of {shipped}, or the path of a YAML file (default: full)",
    )  # fmt: skip
    up.add_argument("--processing-nodes", type=int, metavar="N", help="how many (for wide)")
    run = command("run", _run, "run a command where the lab's hosts can be reached")
    run.add_argument("run_command", nargs=argparse.REMAINDER, metavar="-- COMMAND ...")
    broken = command("break", _break, "break something, and return once that is in effect")
    broken.add_argument("--list", action="store_true", help="what can be broken, and how")
    broken.add_argument("fault", nargs="?", metavar="FAULT")
    broken.add_argument("targets", nargs="*", metavar="TARGET", help="hosts, daemons, key=value")
    mend = command("mend", _mend, "take faults back, and return once all is as before")
    mend.add_argument("fault_id", nargs="?", metavar="ID", help="of one fault (default: all)")
    command("status", _status, "what is up and what is broken")
    command("down", _down, "end the lab; nothing of it is left")


def _reported(function: Callable[[argparse.Namespace], int], arguments: argparse.Namespace) -> int:
    try:
        return function(arguments)
    except LabProblem as problem:
        print(f"error: {problem}", file=sys.stderr)  # noqa: T201
        return FAILED
    except BrokenPipeError:
        # Whoever read the output has seen enough (`lab status | head`).
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)  # noqa: T201
        return INTERRUPTED


def _say(text: str) -> None:
    print(text)  # noqa: T201


def _command(name: str, arguments: argparse.Namespace) -> str:
    """A command about the same lab, to paste."""
    named = () if arguments.name == labs.DEFAULT_NAME else ("--name", arguments.name)
    return shell("pytest-portaswitch", "lab", name, *named)


def _up(arguments: argparse.Namespace) -> int:
    began = time.monotonic()
    show = OnConsole()
    try:
        lab = Lab.up(
            arguments.topology,
            name=arguments.name,
            processing_nodes=arguments.processing_nodes,
            show=show,
        )
    finally:
        show.end()
    _say(f"lab {lab.name!r} is up after {time.monotonic() - began:.1f} s: {len(lab.hosts)} hosts")
    config = str(lab.cluster_file.with_name("ssh_config"))
    ssh = shell("ssh", "-F", config, next(iter(lab.hosts)))
    _say(f"cluster file: {lab.cluster_file}")
    _say(f"ssh config: {config}")
    _say(f"to log in: {_command('run', arguments)} -- {ssh}")
    return 0


def _run(arguments: argparse.Namespace) -> int:
    given = list(arguments.run_command)
    if given[:1] == ["--"]:
        given = given[1:]
    if not given:
        raise LabProblem(
            "there is no command to run", fix=["say pytest-portaswitch lab run -- COMMAND ..."]
        )
    return Lab.open(arguments.name).replace_process(given)


def _break(arguments: argparse.Namespace) -> int:
    from pytest_portaswitch.lab.faults import catalogue

    if arguments.list:
        for usage, about in catalogue():
            _say(f"{usage}\n    {about}")
        return 0
    if not arguments.fault:
        raise LabProblem(
            "there is no fault named", fix=["see them all: pytest-portaswitch lab break --list"]
        )
    options = dict(item.split("=", 1) for item in arguments.targets if "=" in item)
    targets = [item for item in arguments.targets if "=" not in item]
    fault_id = Lab.open(arguments.name).break_(arguments.fault, *targets, **options)
    mend = f"{_command('mend', arguments)} {shell(fault_id)}"
    _say(f"broken: {fault_id} (to take it back: {mend})")
    return 0


def _mend(arguments: argparse.Namespace) -> int:
    mended = Lab.open(arguments.name).mend(arguments.fault_id)
    for broken in mended:
        _say(f"mended: {broken.id}")
    if not mended:
        _say("nothing was broken")
    return 0


def _status(arguments: argparse.Namespace) -> int:
    lab = Lab.open(arguments.name)
    _say(f"lab {lab.name!r} ({lab.site.topology.name}) is up, cluster file {lab.cluster_file}")
    for line in lab.status():
        _say(line)
    return 0


def _down(arguments: argparse.Namespace) -> int:
    was_there = labs.down(arguments.name)
    _say(f"lab {arguments.name!r} is down" if was_there else f"there is no lab {arguments.name!r}")
    return 0
