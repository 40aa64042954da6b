"""``pytest-portaswitch diff BEFORE AFTER``: what is different between two audits, offline."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from pytest_portaswitch.difference import BINDING, compare
from pytest_portaswitch.report.baseline import Before, read_before
from pytest_portaswitch.report.since_lines import since_lines
from pytest_portaswitch.source.problem import BadInput, Problem
from pytest_portaswitch.text import show

NOTHING_NEW, NEW = 0, 1
"""Exit codes; 2 is bad input."""


def add_parser(commands: Any) -> None:
    """Register the command."""
    command: argparse.ArgumentParser = commands.add_parser(
        "diff",
        help="say what is different between two audits of a cluster",
        description="Compare two audits of one cluster, check by check, and what was seen of its "
        f"hosts. Exit {NOTHING_NEW}: nothing fails or is unknown that did not or was not before; "
        f"{NEW}: something does.",
    )
    for name in ("before", "after"):
        command.add_argument(
            name,
            type=Path,
            metavar=name.upper(),
            help=f"the audit {name}: an evidence.json, or the folder of a pack",
        )
    command.add_argument("--format", choices=("text", "json"), default="text")
    command.set_defaults(func=run)


def run(options: argparse.Namespace) -> int:
    """Print the difference. Raises BadInput."""
    before, after = _read(options.before, options.after)
    found = compare(before.snapshot, after.snapshot, before.sha256)
    if options.format == "json":
        show.write_json(sys.stdout, found)
    else:
        show.write(sys.stdout, after.snapshot.cluster, *since_lines(found, whole=True))
    return NEW if any(moved.standing in BINDING for moved in found.checks) else NOTHING_NEW


def _read(*paths: Path) -> tuple[Before, Before]:
    problems: list[Problem] = []
    found: list[Before] = []
    for path in paths:
        try:
            found.append(read_before(path))
        except BadInput as bad:
            problems += bad.problems
    if problems:
        raise BadInput(problems)
    before, after = found
    names = [one.snapshot.cluster for one in found]
    if names[0] != names[1]:
        rule = f"is another cluster than that of {before.path}: {names[0]!r}"
        raise BadInput([Problem(str(after.path), 0, "cluster", names[1], rule)])
    return before, after
