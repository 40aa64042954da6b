"""``pytest-portaswitch plan FILE``: what an audit would check, without touching the network."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pytest_portaswitch import cluster, tables
from pytest_portaswitch.plan.check import Check, Presents, Reaches, UsesPrivate
from pytest_portaswitch.plan.dependencies import dependencies
from pytest_portaswitch.plan.expand import Plan, expand
from pytest_portaswitch.plan.unmatched import unmatched
from pytest_portaswitch.report import graph
from pytest_portaswitch.report.assessment import accepts, nobody_has, unused_words
from pytest_portaswitch.source.problem import BadInput, Problem
from pytest_portaswitch.text import show

PIPED_WIDTH = 160
"""Columns of the table where there is no terminal to ask."""


FORMATS = ("json", "table", "graph", "graph-json")
FORMATS_HELP = (
    "json and table: the checks; graph and graph-json: which hosts need which services, and what "
    "has no second, as SVG or as data"
)


def add_parser(commands: Any) -> None:
    """Register the command."""
    command: argparse.ArgumentParser = commands.add_parser(
        "plan",
        help="print the checks of a cluster file, without touching the network",
        description="Print every check that an audit of this cluster would make, sorted by id, "
        "and the rows of the tables that yield none, that nobody would reach, or that the site "
        "does not use.",
    )
    command.add_argument("file", type=Path, metavar="FILE", help="cluster file")
    command.add_argument("--format", choices=FORMATS, default="json", help=FORMATS_HELP)
    command.add_argument(
        "--tables",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="a site's own rows beside the vendor's tables; may be repeated",
    )
    command.set_defaults(func=run)


def run(options: argparse.Namespace) -> int:
    """Print the plan. Raises BadInput."""
    plan = plan_of(options.file, options.tables)
    if options.format == "json":
        show.write_json(sys.stdout, plan)
    elif options.format == "graph":
        title = f"{plan.cluster}: who needs what"
        show.write(sys.stdout, *graph.svg(dependencies(plan.checks), title).split("\n"))
    elif options.format == "graph-json":
        show.write_json(sys.stdout, dependencies(plan.checks))
    else:
        _print_table(plan)
    return 0


def plan_of(file: Path, further: list[Path], text: str | None = None) -> Plan:
    """The plan of a cluster file, or every problem of the file and of the plan at once.

    ``text``: what the file would hold, to be read instead of it.
    """
    problems: list[Problem] = []
    plans: list[Plan] = []
    texts = {} if text is None else {file: text}
    for loaded in cluster.read_many([file], further, problems, texts):
        if cluster.can_be_planned(loaded, problems):
            found = tables.load(loaded.release, loaded.tables)
            plans.append(expand(found, loaded))
            problems += unmatched(loaded, plans[-1], found)
    if problems:
        raise BadInput(problems)
    return plans[0]


def _print_table(plan: Plan) -> None:
    console = Console(width=None if sys.stdout.isatty() else PIPED_WIDTH, highlight=False)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("CHECK", "ROW", "FROM", "TO", "WHAT SHOULD BE TRUE"):
        table.add_column(name, overflow="fold")
    for check in plan.checks:
        source, destination = ends(check)
        # Text, not markup: an id may have brackets in it.
        cells = (check.id, check.row, source, destination, check.title)
        table.add_row(*(Text(show.line(cell)) for cell in cells))
    console.print(table)
    console.print(f"\n{len(plan.checks)} checks for cluster {plan.cluster}")
    if roles := nobody_has(plan.unheld):
        console.print(Text(show.line(roles)))
    for line in unused_words(plan.not_in_use):
        console.print(Text(show.line(f"not in use: {line}")))
    for entry in plan.accepted:
        console.print(Text(show.line(f"accepted not to be assessed: {accepts(entry)}")))
    for row in plan.unexpanded:
        console.print(Text(show.line(f"no check: {row.row}: {row.why}")))
    for one in plan.unreached:
        where = f" at {one.place}" if one.place else ""
        console.print(Text(show.line(f"nobody to reach it: {one.row}{where}: {one.why}")))


def ends(check: Check) -> tuple[str, str]:
    """Where a check looks from and to: for what is local, only the host itself."""
    expects = check.expects
    if isinstance(expects, Reaches):
        return expects.source, expects.destination.name
    if isinstance(expects, Presents):
        return f"{len(expects.sources)} peers", expects.destination.name
    if isinstance(expects, UsesPrivate):
        return expects.host, f"{len(expects.peers)} peers"
    return check.host, check.peer or ""
