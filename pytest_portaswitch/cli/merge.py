"""``pytest-portaswitch merge DIR...``: packs of many runs in one folder, with a page over all."""

from __future__ import annotations

import argparse
import datetime
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pytest_portaswitch.pack import merge, write_index
from pytest_portaswitch.report import fleet
from pytest_portaswitch.report.files import INDEX
from pytest_portaswitch.text import show

BLOCKED, NOT_ASSESSED = 1, 3
"""Exit codes of ``--gate``; 2 is bad input."""


def add_parser(commands: Any) -> None:
    """Register the command."""
    command: argparse.ArgumentParser = commands.add_parser(
        "merge",
        help="bring the packs of many runs together, with a page over all clusters",
        description="Copy the packs in and below the folders to OUTPUT/CLUSTER, byte for byte, "
        f"and write OUTPUT/{INDEX} over all that are there: a line a cluster, problems first. "
        "Packs whose sums do not hold, whose verdict is not that of their checks, of a format "
        "that this version does not read, or of a cluster that another pack is of too are "
        "refused, all at once, and nothing is written.",
    )
    command.add_argument(
        "folders", type=Path, nargs="+", metavar="DIR", help="a pack, or a folder with packs below"
    )
    command.add_argument(
        "--output", type=Path, default=Path("reports"), metavar="DIR", help="default: reports"
    )
    command.add_argument(
        "--newest", action="store_true", help="of several audits of a cluster take the newest"
    )
    command.add_argument(
        "--gate",
        action="store_true",
        help=f"exit {BLOCKED} where a cluster is blocked, {NOT_ASSESSED} where none is and one "
        "could not be assessed; else 0",
    )
    command.set_defaults(func=run)


def run(options: argparse.Namespace) -> int:
    """Merge, and print a line a cluster. Raises BadInput."""
    now = datetime.datetime.now(datetime.timezone.utc)
    try:
        notes = merge(options.folders, options.output, newest=options.newest)
        index = write_index(options.output, now)
    except OSError as error:
        place = error.filename or options.output
        show.write(sys.stderr, f"{place}: cannot be read or written: {error.strerror}")
        return 2
    show.write(sys.stdout, *notes, *(_line(pack, now) for pack in index.packs))
    show.write(sys.stdout, f"{index.path}: {fleet.tally(index.packs)}")
    return _gate(index.packs) if options.gate else 0


def _gate(packs: Sequence[fleet.Pack]) -> int:
    """The gravest verdict as an exit code; of each cluster its newest audit counts."""
    old = fleet.superseded(packs)
    verdicts = {pack.summary and pack.summary.verdict for pack in packs if pack.folder not in old}
    if "blocked" in verdicts:
        return BLOCKED
    return NOT_ASSESSED if verdicts & {None, "could-not-be-assessed"} else 0


def _line(pack: fleet.Pack, now: datetime.datetime) -> str:
    summary = pack.summary
    if summary is None:
        return f"  CANNOT BE READ  {pack.refusal}"
    totals = summary.totals
    return (
        f"  {summary.cluster}: {summary.verdict.replace('-', ' ').upper()}, {totals.planned} = "
        f"{totals.passed} passed + {totals.failed} failed + {totals.unknown} unknown + "
        f"{totals.waived} waived, {_faults(summary)}"
        f"{fleet.age(summary.started, now)}, {fleet.releases(summary)}"
    )


def _faults(summary: fleet.Summary) -> str:
    number = len(summary.internal_errors)
    return f"{number} fault{'' if number == 1 else 's'} of the program, " if number else ""
